//! Building one package: from its record, from the cache, or from its source.

mod program;

pub use program::CLOSURE;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_commands::{Action, Done, Ended, Event, Reporter};
use purlin_model::{Diagnostic, Digest, Hasher};
use purlin_store::{
    ActionResult, InstanceLock, Obstacle, RestoreError, Store, StoreError, Tree, capture, fault,
    restore,
};

use crate::graph::{Node, PackageGraph, Surroundings};
use crate::references::references;
use crate::sandbox::Sandbox;
use crate::store::{PackageStore, Record, make_read_only, remove_tree};
use crate::tree::{paths_in, special, sync};

/// What builds work with.
pub struct Builder<'a> {
    /// The packages.
    pub graph: &'a PackageGraph,
    /// Where they are put.
    pub store: &'a PackageStore,
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
            Err(Failure::Told(diagnostics)) => {
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
        let force = self.force.contains(&index);
        let record = self.store.record(&folder).filter(|_| !force);
        let tests = node.tests_digest();
        if let Some(record) = &record
            && record.tests == tests
        {
            self.store.touch(&folder);
            reporter.event(Event::Cached { id: node.id.clone(), key: node.key, restored: false });
            return Ok(Done::Cached);
        }
        let mut record = match record {
            Some(record) => record,
            None => match (!force).then(|| self.out_of_cache(index, prefix)).flatten() {
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
                None => return self.build(index, action, prefix, &lock, reporter),
            },
        };
        // It is whole; only its tests are others now.
        let work = self.folder(&folder)?;
        self.place_source(node, &work, reporter)?;
        let begun = std::time::Instant::now();
        reporter
            .event(Event::Started { id: node.id.clone(), reason: "its tests changed".to_owned() });
        let logs = self.test(index, &work, &lock, reporter)?;
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

    /// The package out of the cache, in its place. Damage there counts as absence.
    fn out_of_cache(&self, index: usize, prefix: &Path) -> Option<Record> {
        let node = &self.graph.nodes[index];
        let _held = self.cache.hold();
        let result = self.cache.result(node.key).ok()??;
        if result.exit_code != Some(0) {
            return None;
        }
        self.realise(&result.tree, prefix).ok()?;
        let candidates = self.candidates(index);
        let references = references(prefix, &candidates).ok()?;
        self.cache.touch(node.key);
        Some(Record {
            tree: result.tree.digest(),
            references: without(references, prefix),
            sandbox: "unknown: it comes from the cache".to_owned(),
            built: result.created,
            duration_ms: result.duration_ms,
            ..self.record(index, prefix)
        })
    }

    /// Puts a tree in its place, read-only: beside it first, and renamed when it is whole.
    fn realise(&self, tree: &Tree, prefix: &Path) -> Result<(), RestoreError> {
        let work = self.folder(&name_of(prefix))?;
        let made = work.join("out");
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        restore(self.cache, &made, &work.join("staging"), tree, None, &|_| None)?;
        self.move_into_place(&made, prefix)?;
        let _ = remove_tree(&work);
        Ok(())
    }

    fn move_into_place(&self, made: &Path, prefix: &Path) -> Result<(), StoreError> {
        let error = |action, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { action, path, source }
        };
        self.store.drop_record(&name_of(prefix))?;
        fault::point("package.replace");
        remove_tree(prefix)?;
        fault::point("package.place");
        fs::rename(made, prefix).map_err(error("put in place", prefix))?;
        fault::point("package.placed");
        make_read_only(prefix)?;
        sync(prefix)
    }

    /// An empty folder for one build.
    fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.store.temporary().join(name);
        remove_tree(&folder)?;
        for part in ["src", "build", "home"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|source| StoreError::Io {
                action: "make the folder",
                path,
                source,
            })?;
        }
        Ok(folder)
    }

    fn place_source(
        &self,
        node: &Node,
        work: &Path,
        reporter: &Reporter<'_>,
    ) -> Result<(), Failure> {
        if let Some(source) = &node.package.source {
            let stops = || reporter.stops();
            let place = work.join("src");
            let io = |source| StoreError::Io { action: "make", path: place.clone(), source };
            // Whoever puts it there makes the folder, whole if need be.
            fs::remove_dir(&place).map_err(io)?;
            self.surroundings.place(source, &node.package, &place, &stops)?;
            fs::create_dir_all(&place).map_err(io)?;
        }
        if reporter.stops() { Err(Failure::Stopped) } else { Ok(()) }
    }

    fn build(
        &self,
        index: usize,
        action: &Action,
        prefix: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let folder = name_of(prefix);
        let reason = self.reason(node);
        let work = self.folder(&folder)?;
        self.place_source(node, &work, reporter)?;
        reporter.event(Event::Started { id: node.id.clone(), reason });
        self.store.drop_record(&folder)?;
        remove_tree(prefix)?;
        // With a sandbox, what is written to the final path is in a folder beside it until it is
        // whole; without one it is written there, and counts once it is recorded.
        let made = match self.sandbox {
            Sandbox::Bubblewrap(_) => work.join("out"),
            Sandbox::Nothing(_) => prefix.to_owned(),
        };
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        fault::point("package.build");
        let out = Some((made.as_path(), prefix));
        let ended = self.run(index, action, out, &work, lock, reporter, None)?;
        if !ended.exit.succeeded() {
            return Err(self.failed(node, &folder, &work, &made, ended));
        }
        fault::point("package.built");
        let nothing = fs::read_dir(&made).map_or(true, |mut entries| entries.next().is_none());
        let wrong = match special(&made) {
            _ if nothing => Some(wrote_nothing(node)),
            special => special.map(|(path, kind)| wrote_special(node, &path, kind)),
        };
        if let Some(wrong) = wrong {
            let wrong = wrong.detail(self.keep_folder(&folder, &work, &made));
            return Err(Failure::Program(Box::new(ended), vec![wrong]));
        }
        if made != prefix {
            self.move_into_place(&made, prefix)?;
        } else {
            make_read_only(prefix)?;
            sync(prefix)?;
        }
        let duration = ended.duration;
        let mut record = self.record(index, prefix);
        record.references = without(references(prefix, &self.candidates(index))?, prefix);
        record.duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        record.tree = self.keep(node, prefix, &ended)?;
        if !node.package.tests.is_empty() {
            // A test may look at the tree as it was built.
            self.test(index, &work, lock, reporter)?;
        }
        self.store.put_record(&record)?;
        let _ = remove_tree(&work);
        let _ = remove_tree(&self.store.failed(&folder));
        self.finished(node, duration, Some(ended), reporter);
        Ok(Done::Ran)
    }

    /// Keeps the tree in the cache, where other machines and workspaces find it.
    fn keep(&self, node: &Node, prefix: &Path, ended: &Ended) -> Result<Digest, Failure> {
        let _held = self.cache.begin()?;
        let tree = capture(self.cache, prefix, &paths_in(prefix)?)?;
        let result = ActionResult {
            version: ActionResult::VERSION,
            instance: format!("package {}", node.id),
            exit_code: ended.exit.code,
            signal: ended.exit.signal,
            stdout: self.cache.put_file(&ended.logs.stdout)?.0,
            stderr: self.cache.put_file(&ended.logs.stderr)?.0,
            chunks: ended.chunks().to_vec(),
            created: now(),
            duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
            tree,
        };
        self.cache.put_result(node.key, &result)?;
        Ok(result.tree.digest())
    }

    fn record(&self, index: usize, prefix: &Path) -> Record {
        let node = &self.graph.nodes[index];
        let requires = self.graph.to_run(&node.runs_with);
        let requires = requires.iter().map(|one| &self.graph.nodes[*one]);
        Record {
            version: Record::VERSION,
            id: node.id.clone(),
            folder: name_of(prefix),
            key: node.key,
            tree: Digest::of(b""),
            references: Vec::new(),
            requires: requires
                .filter(|one| one.action.is_some())
                .filter_map(|one| one.prefix.as_deref().map(name_of))
                .collect(),
            sandbox: self.sandbox.name().to_owned(),
            parts: node.parts.clone(),
            tests: node.tests_digest(),
            built: now(),
            duration_ms: 0,
        }
    }

    /// The folders whose names may stand in what a package is built to: of all that it is made of.
    fn candidates(&self, index: usize) -> Vec<String> {
        let made_of = self.graph.made_of(index);
        let nodes = made_of.iter().map(|one| &self.graph.nodes[*one]);
        nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of))
            .collect()
    }

    /// Why it is built, in words.
    fn reason(&self, node: &Node) -> String {
        let older = self.store.records().into_iter().map(|(record, _)| record);
        let last = older.filter(|one| one.id == node.id).max_by_key(|one| one.built);
        match last {
            Some(last) if last.key == node.key => "it was forced, or was removed".to_owned(),
            Some(last) => changes(&last.parts, &node.parts),
            None => "it was not built before".to_owned(),
        }
    }

    /// Keeps the folder of a failed build, and says where it is.
    fn failed(&self, node: &Node, folder: &str, work: &Path, made: &Path, ended: Ended) -> Failure {
        let told = Diagnostic::error("build-failed", format!("`{}` could not be built", node.id))
            .label(node.package.origin.clone(), "this package")
            .detail(self.keep_folder(folder, work, made));
        Failure::Program(Box::new(ended), vec![told])
    }

    /// Keeps the folder of what failed, with what was made so far, and says where it is.
    fn keep_folder(&self, folder: &str, work: &Path, made: &Path) -> String {
        let kept = self.store.failed(folder);
        let moved = || -> Result<(), StoreError> {
            remove_tree(&kept)?;
            let error =
                |source| StoreError::Io { action: "keep the folder", path: kept.clone(), source };
            fs::create_dir_all(kept.parent().unwrap_or(&kept)).map_err(error)?;
            if !made.starts_with(work) {
                // What is in the final path could be taken for a package.
                fs::rename(made, work.join("out")).map_err(error)?;
            }
            fs::rename(work, &kept).map_err(error)
        };
        match moved() {
            Ok(()) => format!("Its folder is kept: {}", kept.display()),
            Err(error) => format!("Its folder could not be kept: {error}"),
        }
    }
}

fn wrote_nothing(node: &Node) -> Diagnostic {
    Diagnostic::error("nothing-built", format!("`{}` has put nothing into `$out`", node.id))
        .label(node.package.origin.clone(), "this package")
        .help("its `install` has to write there: `install -Dm755 tool $out/bin/tool`".to_owned())
}

fn wrote_special(node: &Node, path: &Path, kind: &str) -> Diagnostic {
    Diagnostic::error("package-file", format!("`{}` has put a {kind} into `$out`", node.id))
        .label(node.package.origin.clone(), format!("{}", path.display()))
        .help("a package has files, folders and links alone".to_owned())
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
