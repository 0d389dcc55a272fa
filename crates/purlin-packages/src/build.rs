//! Building one package: from its record, from the cache, or from its source.

mod cached;
mod made;
mod place;
mod program;

pub use program::CLOSURE;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use purlin_commands::{Action, Done, Ended, Event, Reporter};
use purlin_model::{Diagnostic, Digest, Hasher};
use purlin_store::{InstanceLock, Obstacle, Store, StoreError};

use crate::graph::{Node, PackageGraph, Surroundings};
use crate::sandbox::Sandbox;
use crate::store::{PackageStore, Record, remove_tree};
use crate::users::User;

/// What builds work with.
pub struct Builder<'a> {
    /// The packages.
    pub graph: &'a PackageGraph,
    /// Where they are put.
    pub store: &'a PackageStore,
    /// The one that uses what is built, as soon as that is there.
    pub user: &'a User,
    /// Where results are kept.
    pub cache: &'a Store,
    /// Whoever has sources.
    pub surroundings: &'a dyn Surroundings,
    /// How builds are kept apart.
    pub sandbox: Sandbox,
    /// How many processes one build may use.
    pub jobs: usize,
    /// Builds again what was asked for, whatever there is.
    pub force: Vec<usize>,
    /// What was built without a sandbox is built again in one.
    pub strict: bool,
    /// The system that it is for, if that is not this machine's: then nothing is run.
    pub foreign: Option<String>,
}

/// Why a package was not made.
enum Failure {
    /// The run was stopped.
    Stopped,
    /// Something is in the way.
    Told(Vec<Diagnostic>),
    /// Its program failed.
    Program(Box<Ended>, Vec<Diagnostic>),
}

impl Failure {
    /// The same, with what went wrong after it.
    fn and(mut self, later: Self) -> Self {
        match (&mut self, later) {
            (
                Self::Told(all) | Self::Program(_, all),
                Self::Told(more) | Self::Program(_, more),
            ) => {
                all.extend(more);
                self
            }
            (Self::Stopped, later) => later,
            (_, Self::Stopped) => self,
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Told(vec![diagnostic])
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Diagnostic::error("package-store", "the store of packages cannot be used")
            .detail(error.to_string())
            .help("make room there, or give access to it".to_owned())
            .into()
    }
}

impl Builder<'_> {
    /// Sees to it that a package is there.
    pub fn work(&self, index: usize, reporter: &Reporter<'_>) -> Done {
        let node = &self.graph.nodes[index];
        match self.try_work(index, reporter) {
            Ok(done) => done,
            Err(Failure::Stopped) => Done::Stopped,
            Err(Failure::Told(mut diagnostics)) => {
                for told in diagnostics.iter_mut().filter(|told| told.labels.is_empty()) {
                    *told = told.clone().label(node.package.origin.clone(), "for this package");
                }
                reporter.event(Event::Failed {
                    id: node.id.clone(),
                    how: "could not be built".to_owned(),
                    exit: None,
                    logs: None,
                    cached: false,
                    duration: Duration::ZERO,
                    diagnostics,
                });
                Done::Failed
            }
            Err(Failure::Program(ended, diagnostics)) => {
                reporter.event(Event::Failed {
                    id: node.id.clone(),
                    how: ended.exit.described(),
                    duration: ended.duration,
                    exit: Some(ended.exit),
                    logs: Some(ended.logs),
                    cached: false,
                    diagnostics,
                });
                Done::Failed
            }
        }
    }

    fn try_work(&self, index: usize, reporter: &Reporter<'_>) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let (Some(action), Some(prefix)) = (&node.action, &node.prefix) else {
            return self.described(node);
        };
        let folder = name_of(prefix);
        let lock = self.lock(node, &folder, reporter)?;
        let done = self.locked(index, (action, prefix), &lock, reporter)?;
        // Before the lock is let go: who has it next may look for somebody who uses the package.
        self.user.add(&folder)?;
        Ok(done)
    }

    /// Sees to it that a package is there whose lock is had.
    fn locked(
        &self,
        index: usize,
        (action, prefix): (&Action, &Path),
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let folder = name_of(prefix);
        let record = self.store.record(&folder);
        let is_open = |record: &Record| self.strict && record.is_open();
        let force = self.force.contains(&index) || record.as_ref().is_some_and(is_open);
        let record = record.filter(|_| !force);
        let tests = node.tests_digest();
        if let Some(record) = &record
            && record.tests == tests
        {
            self.store.touch(prefix, None);
            reporter.event(Event::Cached { id: node.id.clone(), key: node.key, restored: false });
            return Ok(Done::Cached);
        }
        let mut record = match record {
            Some(record) => record,
            None => match (!force).then(|| self.out_of_cache(index, prefix, reporter)).flatten() {
                Some(record) if tests.is_none() => {
                    self.store.put_record(&record)?;
                    reporter.event(Event::Cached {
                        id: node.id.clone(),
                        key: node.key,
                        restored: true,
                    });
                    return Ok(Done::Cached);
                }
                Some(record) => record,
                None => {
                    self.can_run(node)?;
                    return self.build(index, action, prefix, lock, reporter);
                }
            },
        };
        self.can_run(node)?;
        // It is whole; only its tests are others now.
        let work = self.folder(&folder)?;
        self.place_source(node, &work, reporter)?;
        let begun = std::time::Instant::now();
        reporter
            .event(Event::Started { id: node.id.clone(), reason: "its tests changed".to_owned() });
        let logs = self.test(index, (&work, prefix), lock, reporter)?;
        record.tests = tests;
        self.store.put_record(&record)?;
        let _ = remove_tree(&work);
        self.finished(node, begun.elapsed(), logs, reporter);
        Ok(Done::Ran)
    }

    fn finished(
        &self,
        node: &Node,
        duration: Duration,
        ended: Option<Ended>,
        reporter: &Reporter<'_>,
    ) {
        if let Some(ended) = ended {
            let key = Some(node.key);
            reporter.event(Event::Finished {
                id: node.id.clone(),
                key,
                logs: ended.logs,
                duration,
            });
        }
    }

    /// What is made for another system is not made by this machine's programs.
    fn can_run(&self, node: &Node) -> Result<(), Failure> {
        let Some(system) = &self.foreign else { return Ok(()) };
        let told = format!("`{}` is for {system}, and this machine is another system", node.id);
        Err(Diagnostic::error("other-system", told)
            .label(node.package.origin.clone(), "this package")
            .help("build it there: a cache that both share brings it here".to_owned())
            .into())
    }

    /// One that is installed elsewhere has to be there.
    fn described(&self, node: &Node) -> Result<Done, Failure> {
        match &node.prefix {
            Some(root) if !root.is_dir() => Err(Diagnostic::error(
                "no-root",
                format!("`{}` is not installed", node.package.shown()),
            )
            .label(node.package.origin.clone(), "this package")
            .detail(format!("Its `root` is {}, and there is no such folder.", root.display()))
            .help("install it, or give it a `source` and a `build`".to_owned())
            .into()),
            _ => Ok(Done::Cached),
        }
    }

    fn lock(
        &self,
        node: &Node,
        folder: &str,
        reporter: &Reporter<'_>,
    ) -> Result<InstanceLock, Failure> {
        let mut told = false;
        let lock = self.store.lock(folder, |obstacle| {
            if obstacle == Obstacle::Held && !std::mem::replace(&mut told, true) {
                reporter.event(Event::Notice(Diagnostic::note(
                    "waiting",
                    format!("`{}` waits for another purlin that builds it", node.id),
                )));
            }
            obstacle != Obstacle::Within && !reporter.stops()
        })?;
        lock.ok_or(Failure::Stopped)
    }
}

/// What differs between two keys, in words.
#[must_use]
pub fn changes(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let labels: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let told: Vec<String> = labels
        .into_iter()
        .filter_map(|label| match (then.get(label), now.get(label)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(_), Some(_)) => Some(format!("{label} changed")),
            (None, _) => Some(format!("{label} added")),
            (_, None) => Some(format!("{label} removed")),
        })
        .collect();
    if told.is_empty() { "nothing that is recorded".to_owned() } else { told.join(", ") }
}

impl Node {
    /// What its tests are, if it has any.
    #[must_use]
    pub fn tests_digest(&self) -> Option<Digest> {
        if self.package.tests.is_empty() || self.action.is_none() {
            return None;
        }
        let mut hasher = Hasher::new("purlin-package-tests");
        for (name, text) in &self.package.tests {
            hasher.field(name.as_bytes()).field(self.roots.fill(text).keyed.as_bytes());
        }
        Some(hasher.finish())
    }
}

/// The name of a package's folder.
#[must_use]
pub fn name_of(prefix: &Path) -> String {
    prefix.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn without(mut folders: Vec<String>, prefix: &Path) -> Vec<String> {
    let own = name_of(prefix);
    folders.retain(|folder| *folder != own);
    folders
}
