//! Building one package from its source, and what is kept of it.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use purlin_commands::{Action, Done, Ended, Event, Reporter};
use purlin_model::{Diagnostic, Digest};
use purlin_store::{ActionResult, InstanceLock, StoreError, capture, fault};

use super::cached::kept_as;
use super::place::writable;
use super::{Builder, Failure, changes, name_of, without};
use crate::graph::Node;
use crate::references::references;
use crate::sandbox::Sandbox;
use crate::store::{Record, make_read_only, remove_tree};
use crate::tree::{paths_in, sync};

impl Builder<'_> {
    pub(super) fn place_source(
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

    /// Builds a package. What was there before is there until the new one is whole, and stays if that fails.
    pub(super) fn build(
        &self,
        index: usize,
        action: &Action,
        prefix: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let reason = self.reason(node);
        let work = self.folder(&name_of(prefix))?;
        self.place_source(node, &work, reporter)?;
        reporter.event(Event::Started { id: node.id.clone(), reason });
        let before = self.make_room(node, prefix, reporter)?;
        let done = self.build_in(index, action, (&work, prefix), lock, reporter);
        match (before, done) {
            (None, done) => done,
            (Some(before), Ok(done)) => {
                Self::forget(before);
                Ok(done)
            }
            // Why it failed is told whatever comes of putting back what was there.
            (Some(before), Err(failure)) => Err(match self.put_back(before, prefix) {
                Ok(()) => failure,
                Err(error) => failure.and(error.into()),
            }),
        }
    }

    fn build_in(
        &self,
        index: usize,
        action: &Action,
        (work, prefix): (&Path, &Path),
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let folder = name_of(prefix);
        // With a sandbox, what is written to the final path is in a folder elsewhere until it is
        // whole; without one it is written there, and counts once it is recorded.
        let made = match self.sandbox {
            Sandbox::Bubblewrap(_) => self.out(&folder)?,
            Sandbox::Nothing(_) => prefix.to_owned(),
        };
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        fault::point("package.build");
        let ended = self.run(index, action, (&made, true), work, lock, reporter, None)?;
        if !ended.exit.succeeded() {
            return Err(self.failed(node, &folder, work, &made, ended));
        }
        fault::point("package.built");
        if let Some(wrong) = self.wrong(node, &made) {
            let wrong = wrong.detail(self.keep_folder(&folder, work, &made));
            return Err(Failure::Program(Box::new(ended), vec![wrong]));
        }
        make_read_only(&made)?;
        let duration = ended.duration;
        let mut record = self.record(index, prefix);
        record.references = without(references(&made, &self.candidates(index))?, prefix);
        record.duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if self.is_tainted(index) {
            record.sandbox = format!("{}, with what was built without", record.sandbox);
        }
        let kept = kept_as(node.key, !record.is_open());
        record.tree = self.keep(node, kept, &made, &ended)?;
        if !node.package.tests.is_empty() {
            // A test may look at the tree as it was built.
            self.test(index, (work, &made), lock, reporter)?;
        }
        if made == prefix {
            sync(prefix)?;
        } else {
            self.move_into_place(&made, prefix)?;
        }
        self.store.put_record(&record)?;
        reporter.put(kept, self.force.contains(&index));
        let _ = remove_tree(work);
        let _ = remove_tree(&self.store.failed(&folder));
        self.finished(node, duration, Some(ended), reporter);
        Ok(Done::Ran)
    }

    /// Keeps the tree in the cache, where other machines and workspaces find it.
    pub(super) fn keep(
        &self,
        node: &Node,
        key: Digest,
        prefix: &Path,
        ended: &Ended,
    ) -> Result<Digest, Failure> {
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
        self.cache.put_result(key, &result)?;
        Ok(result.tree.digest())
    }

    pub(super) fn record(&self, index: usize, prefix: &Path) -> Record {
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
            parts: self.graph.parts(node),
            tests: node.tests_digest(),
            built: now(),
            duration_ms: 0,
        }
    }

    /// The folders whose names may stand in what a package is built to: of all that it is made of.
    pub(super) fn candidates(&self, index: usize) -> Vec<String> {
        let made_of = self.graph.made_of(index);
        let nodes = made_of.iter().map(|one| &self.graph.nodes[*one]);
        nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of))
            .collect()
    }

    /// Why it is built, in words.
    pub(super) fn reason(&self, node: &Node) -> String {
        match self.surroundings.last(&node.id).or_else(|| self.store.last(&node.id)) {
            Some(last) if last.key == node.key => "it was forced, or was removed".to_owned(),
            Some(last) => changes(&last.parts, &self.graph.parts(node)),
            None => "it was not built before".to_owned(),
        }
    }

    /// Keeps the folder of a failed build, and says where it is.
    pub(super) fn failed(
        &self,
        node: &Node,
        folder: &str,
        work: &Path,
        made: &Path,
        ended: Ended,
    ) -> Failure {
        let told = Diagnostic::error("build-failed", format!("`{}` could not be built", node.id))
            .label(node.package.origin.clone(), "this package")
            .detail(self.keep_folder(folder, work, made));
        Failure::Program(Box::new(ended), vec![told])
    }

    /// Keeps the folder of what failed, with what was made so far, and says where it is.
    pub(super) fn keep_folder(&self, folder: &str, work: &Path, made: &Path) -> String {
        let kept = self.store.failed(folder);
        let moved = || -> Result<(), StoreError> {
            remove_tree(&kept)?;
            let error =
                |source| StoreError::Io { action: "keep the folder", path: kept.clone(), source };
            fs::create_dir_all(kept.parent().unwrap_or(&kept)).map_err(error)?;
            writable(work);
            if !made.starts_with(work) {
                // What is in the final path could be taken for a package.
                writable(made);
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
