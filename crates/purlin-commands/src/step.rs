//! One instance: its key, its look-up, its run, and the keeping of its result.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use purlin_model::{Diagnostic, Digest};
use purlin_plugin::message::Expansion;
use purlin_store::{
    ActionResult, InstanceLock, Node, RelativePath, RestoreError, Restored, Store, StoreError,
    Stream, Tree,
};
use purlin_store::{Listing, OutputKind, Patterns};

use crate::action::compile;
use crate::dependency::Expander;
use crate::event::Event;
use crate::execute::{Execution, Exit, Listener, LogFiles, execute};
use crate::graph::{CacheChoice, Graph, Instance};
use crate::key::{Contribution, Key, describe};
use crate::record::{Header, Record};
use crate::session::{Session, now};

/// One instance of a run, ready to be looked at.
pub(crate) struct Step<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) graph: &'a Graph,
    pub(crate) index: usize,
    /// What the direct producers contribute, by id.
    pub(crate) producers: Vec<(String, Contribution)>,
    /// Runs even where there is a result.
    pub(crate) force: bool,
    /// Wants the output of results that are there already.
    pub(crate) replay: bool,
    /// Takes what happens.
    pub(crate) events: &'a (dyn Fn(Event) + Sync),
    /// Takes what programs write, on the threads that read it.
    pub(crate) listener: Arc<dyn Listener>,
}

/// What came of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) contribution: Contribution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Done,
    Cached,
    Failed,
    Cancelled,
}

/// Why an instance cannot be looked at or run.
type Failure = Vec<Diagnostic>;

impl Step<'_> {
    fn instance(&self) -> &Instance {
        &self.graph.instances[self.index]
    }

    fn id(&self) -> String {
        self.instance().id.clone()
    }

    /// Looks whether the result is there and on disk already, changing nothing. `None` means that
    /// there is work to do, or that somebody else is at it.
    pub(crate) fn glance(&self, listing: Listing) -> Option<Outcome> {
        let instance = self.instance();
        let store = self.session.store(&instance.cache).filter(|_| !self.force)?;
        let mut waited = false;
        let _lock =
            InstanceLock::acquire(&self.session.locks(), &instance.id, || waited = true).ok()?;
        if waited {
            return None;
        }
        let key = self.key(&self.expansions().ok()?, listing);
        let result = store.result(key.digest).ok()??;
        let header = Record::header(&self.session.records(), &instance.id)?;
        if header.key != key.digest || self.differs(&result.tree) {
            return None;
        }
        if result.exit_code != Some(0) || (self.replay && !self.play(store, &result)) {
            return None;
        }
        (self.events)(Event::Cached { id: self.id(), key: key.digest, restored: false });
        Some(Outcome {
            status: Status::Cached,
            contribution: self.contribution(key.digest, &result.tree),
        })
    }

    /// Does whatever the instance needs, from the beginning.
    pub(crate) fn work(&self) -> Outcome {
        match self.try_work() {
            Ok(outcome) => outcome,
            Err(diagnostics) => {
                (self.events)(Event::Failed {
                    id: self.id(),
                    how: "could not run".to_owned(),
                    exit: None,
                    logs: Vec::new(),
                    cached: false,
                    duration: Duration::ZERO,
                    diagnostics,
                });
                Outcome { status: Status::Failed, contribution: Contribution::Order }
            }
        }
    }

    fn try_work(&self) -> Result<Outcome, Failure> {
        let instance = self.instance();
        self.session.prepare().map_err(|diagnostic| vec![diagnostic])?;
        let _lock = InstanceLock::acquire(&self.session.locks(), &instance.id, || {
            (self.events)(Event::Notice(Diagnostic::note(
                "waiting",
                format!(
                    "`{}` waits for another purlin that runs it in this workspace",
                    instance.id
                ),
            )));
        })
        .map_err(|error| vec![storage("the lock of a command cannot be taken", &error)])?;
        let expansions = self.expansions()?;
        let patterns = self.patterns(&expansions)?;
        let before = self.list(&patterns)?;
        let key = self.key(&expansions, before);
        let record = Record::read(&self.session.records(), &instance.id);
        if let Some(outcome) = self.look_up(&key, &patterns, record.as_ref())? {
            return Ok(outcome);
        }
        if self.session.cancel.requested() {
            return Ok(Outcome { status: Status::Cancelled, contribution: Contribution::Order });
        }
        self.run(&expansions, &patterns, key, record)
    }

    /// The answers of all dependencies; those that waited for files are asked now.
    fn expansions(&self) -> Result<Vec<Arc<Expansion>>, Failure> {
        let root = self.session.root.to_string_lossy();
        let expander = Expander::new(self.session.plugins, &root);
        let instance = self.instance();
        let mut expansions = Vec::with_capacity(instance.dependencies.len());
        for dependency in &instance.dependencies {
            if let Some(known) = &dependency.expansion {
                expansions.push(known.clone());
                continue;
            }
            let expansion = dependency.ask(&expander)?;
            for command in &expansion.commands {
                let there = instance.producers.iter().any(|producer| {
                    self.graph.instances[*producer].command.name
                        == purlin_model::fold(&command.name)
                });
                if !there {
                    return Err(vec![
                        Diagnostic::error(
                            "undeclared-producer",
                            format!(
                                "the command `{}` is named by a file that was read during the run",
                                command.name
                            ),
                        )
                        .label(dependency.origin.clone(), "read by this dependency")
                        .help(format!(
                            "name `{}` among the deps of `{}` too",
                            command.name, instance.id
                        )),
                    ]);
                }
            }
            expansions.push(Arc::new(expansion));
        }
        Ok(expansions)
    }

    fn patterns(&self, expansions: &[Arc<Expansion>]) -> Result<Patterns, Failure> {
        let globs: Vec<String> =
            expansions.iter().flat_map(|expansion| expansion.globs.clone()).collect();
        let instance = self.instance();
        compile(&globs, |index| origin_of_glob(instance, expansions, index))
            .map_err(|diagnostic| vec![diagnostic])
    }

    fn list(&self, patterns: &Patterns) -> Result<Listing, Failure> {
        let mut listings = self.session.files.inputs(&[patterns]).map_err(|error| {
            vec![
                Diagnostic::error(
                    "unreadable",
                    format!("the inputs of `{}` cannot be read", self.instance().id),
                )
                .label(self.instance().command.origin.clone(), "this command")
                .detail(error.to_string()),
            ]
        })?;
        Ok(listings.pop().unwrap_or_default())
    }

    fn key(&self, expansions: &[Arc<Expansion>], listing: Listing) -> Key {
        let identity = self.instance().identity(expansions, &self.session.variables);
        Key::new(identity, &self.producers, listing)
    }

    fn contribution(&self, key: Digest, tree: &Tree) -> Contribution {
        let instance = self.instance();
        if !instance.action.artifacts.is_empty() {
            Contribution::Artifacts(tree.digest())
        } else if matches!(instance.cache, CacheChoice::Local { .. }) {
            Contribution::Key(key)
        } else {
            Contribution::Order
        }
    }

    /// Whether anything on disk is not as a tree says.
    fn differs(&self, tree: &Tree) -> bool {
        !purlin_store::compare(&self.session.root, tree, &|path| self.known(path)).is_empty()
    }

    fn known(&self, path: &RelativePath) -> Option<(Digest, bool)> {
        self.session.files.state(path).map(|state| (state.digest, state.executable))
    }

    /// Uses the kept result, if there is one, putting its outputs back where they differ.
    fn look_up(
        &self,
        key: &Key,
        patterns: &Patterns,
        record: Option<&Record>,
    ) -> Result<Option<Outcome>, Failure> {
        let instance = self.instance();
        let Some(store) = self.session.store(&instance.cache).filter(|_| !self.force) else {
            return Ok(None);
        };
        let result = match store.result(key.digest) {
            Ok(Some(result)) => result,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.warn_of_cache(&error, "it counts as absent");
                return Ok(None);
            }
        };
        let current = record
            .is_some_and(|record| record.header.key == key.digest && record.pending.is_empty());
        let restored = if current && !self.differs(&result.tree) {
            Ok(Restored::default())
        } else {
            self.put_back(store, &result.tree, key, patterns, record)
        };
        let restored = match restored {
            Ok(restored) => restored,
            Err(RestoreError::Incomplete { .. }) => {
                (self.events)(Event::Notice(
                    Diagnostic::warning("cache-damaged", format!("the kept result of `{}` is damaged, so it runs again", instance.id))
                        .detail("Some of its files are missing from the cache or were changed there; they were dropped."),
                ));
                return Ok(None);
            }
            Err(error) => {
                return Err(vec![
                    Diagnostic::error(
                        "restore",
                        format!("the outputs of `{}` cannot be put back", instance.id),
                    )
                    .label(instance.command.origin.clone(), "this command")
                    .detail(error.to_string()),
                ]);
            }
        };
        for kept in &restored.kept {
            (self.events)(Event::Notice(
                Diagnostic::note("kept-file", format!("{} was left alone", kept)).detail(format!(
                    "`{}` wrote it earlier, but it was changed since.",
                    instance.id
                )),
            ));
        }
        if self.replay || result.exit_code != Some(0) {
            let shown = if result.exit_code == Some(0) { self.play(store, &result) } else { true };
            if !shown {
                self.warn_of_cache(
                    &"the kept output of a command is missing",
                    "it counts as absent",
                );
                return Ok(None);
            }
        }
        let succeeded = result.exit_code == Some(0);
        if !current || !restored.written.is_empty() {
            let before = record.map(|record| &record.written);
            let touched = |path: &RelativePath| {
                restored.written.contains(path)
                    || before.is_some_and(|before| before.get(path).is_some())
            };
            let own = filtered(&result.tree, |path| touched(path) && !patterns.matches(path));
            self.remember(key, own, Tree::default(), "restored from the cache", 0, succeeded);
        }
        let contribution = self.contribution(key.digest, &result.tree);
        if !succeeded {
            return self.kept_failure(store, &result, contribution).map(Some);
        }
        let changed = !restored.written.is_empty() || !restored.removed.is_empty();
        (self.events)(Event::Cached { id: self.id(), key: key.digest, restored: changed });
        Ok(Some(Outcome { status: Status::Cached, contribution }))
    }

    /// Makes the outputs on disk equal to a result. What is about to be written is recorded first,
    /// so that it can be taken away again even when this process is killed half-way.
    fn put_back(
        &self,
        store: &Store,
        tree: &Tree,
        key: &Key,
        patterns: &Patterns,
        record: Option<&Record>,
    ) -> Result<Restored, RestoreError> {
        // Inputs are never this instance's to remove, whatever it did to them in place.
        let own = |tree: &Tree| filtered(tree, |path| !patterns.matches(path));
        let previous: Vec<Tree> =
            record.iter().flat_map(|record| [own(&record.written), own(&record.pending)]).collect();
        if !tree.is_empty() {
            let mut written = previous.first().cloned().unwrap_or_default();
            if let Some(unfinished) = previous.get(1).filter(|unfinished| !unfinished.is_empty()) {
                written = united(written, unfinished);
            }
            self.remember(key, written, own(tree), "being restored from the cache", 0, true);
        }
        purlin_store::restore(
            store,
            &self.session.root,
            &self.session.staging(),
            tree,
            &previous,
            &|path| self.known(path),
        )
    }

    /// Reports a failure that was kept, with its output.
    fn kept_failure(
        &self,
        store: &Store,
        result: &ActionResult,
        contribution: Contribution,
    ) -> Result<Outcome, Failure> {
        let logs = self.log_files()?;
        let mut shown = Vec::new();
        for (digest, path, stream) in [
            (result.stdout, &logs.stdout, Stream::Stdout),
            (result.stderr, &logs.stderr, Stream::Stderr),
        ] {
            if let Ok(Some(bytes)) = store.bytes(digest)
                && fs::write(path, bytes).is_ok()
            {
                shown.push((stream, path.clone()));
            }
        }
        let exit = Exit { code: result.exit_code, signal: result.signal, timed_out: false };
        (self.events)(Event::Failed {
            id: self.id(),
            how: format!("{} (kept from an earlier run)", exit.described()),
            exit: Some(exit),
            logs: shown,
            cached: true,
            duration: Duration::from_millis(result.duration_ms),
            diagnostics: Vec::new(),
        });
        Ok(Outcome { status: Status::Failed, contribution })
    }

    /// Sends the kept output on, in the order in which it was written. False when it is missing.
    fn play(&self, store: &Store, result: &ActionResult) -> bool {
        let (Ok(Some(stdout)), Ok(Some(stderr))) =
            (store.bytes(result.stdout), store.bytes(result.stderr))
        else {
            return false;
        };
        let (mut stdout, mut stderr) = (stdout.as_slice(), stderr.as_slice());
        let send = |stream: Stream, bytes: &[u8]| {
            if !bytes.is_empty() {
                (self.events)(Event::Output { id: self.id(), stream, bytes: bytes.to_vec() });
            }
        };
        for chunk in &result.chunks {
            let source = if chunk.stream == Stream::Stdout { &mut stdout } else { &mut stderr };
            let length = usize::try_from(chunk.bytes).unwrap_or(usize::MAX).min(source.len());
            let (now, later) = source.split_at(length);
            send(chunk.stream, now);
            *source = later;
        }
        send(Stream::Stdout, stdout);
        send(Stream::Stderr, stderr);
        true
    }

    /// Runs the program and keeps its result.
    fn run(
        &self,
        expansions: &[Arc<Expansion>],
        patterns: &Patterns,
        key: Key,
        record: Option<Record>,
    ) -> Result<Outcome, Failure> {
        let instance = self.instance();
        let reason = self.reason(&key, record.as_ref());
        let outputs_before = self.outputs()?;
        let logs = self.log_files()?;
        (self.events)(Event::Started { id: self.id(), reason: reason.clone() });
        let execution = execute(
            &instance.action,
            &self.session.root,
            &self.session.variables,
            &logs,
            &self.session.cancel,
            self.listener.clone(),
        )
        .map_err(|error| vec![self.not_started(&error)])?;
        if self.session.cancel.requested() {
            return Ok(Outcome { status: Status::Cancelled, contribution: Contribution::Order });
        }
        let succeeded = execution.exit.succeeded();
        let after = self.list(patterns)?;
        let tree = self.outputs()?;
        let disturbed = disturbed(instance, &key, &after, &tree);
        let after_key = self.key(expansions, after);
        if let Some(path) = &disturbed {
            (self.events)(Event::Notice(
                Diagnostic::note(
                    "changed-input",
                    format!("the result of `{}` was not kept", instance.id),
                )
                .label(instance.command.origin.clone(), format!("{} changed while it ran", path))
                .help(
                    "if the command writes this file itself, name it among its artifacts"
                        .to_owned(),
                ),
            ));
        } else if let Some(store) = self.session.store(&instance.cache)
            && instance.action.cache_when.keeps(succeeded)
            && !execution.exit.timed_out
        {
            self.keep(store, &after_key, &tree, &execution, &logs);
        }
        let before = record.as_ref().map(|record| &record.written);
        let written = filtered(&tree, |path| {
            outputs_before.get(path) != tree.get(path)
                || before.is_some_and(|before| before.get(path).is_some())
        });
        let duration_ms = u64::try_from(execution.duration.as_millis()).unwrap_or(u64::MAX);
        let remembered = if disturbed.is_some() { &key } else { &after_key };
        self.remember(remembered, written, Tree::default(), &reason, duration_ms, succeeded);
        let contribution = self.contribution(after_key.digest, &tree);
        Ok(self.report(&execution, &logs, after_key.digest, contribution))
    }

    fn report(
        &self,
        execution: &Execution,
        logs: &LogFiles,
        key: Digest,
        contribution: Contribution,
    ) -> Outcome {
        let cached = matches!(self.instance().cache, CacheChoice::Local { .. });
        if execution.exit.succeeded() {
            (self.events)(Event::Finished {
                id: self.id(),
                key: cached.then_some(key),
                duration: execution.duration,
            });
            return Outcome { status: Status::Done, contribution };
        }
        (self.events)(Event::Failed {
            id: self.id(),
            how: execution.exit.described(),
            exit: Some(execution.exit.clone()),
            logs: vec![
                (Stream::Stdout, logs.stdout.clone()),
                (Stream::Stderr, logs.stderr.clone()),
            ],
            cached: false,
            duration: execution.duration,
            diagnostics: Vec::new(),
        });
        Outcome { status: Status::Failed, contribution }
    }

    /// Why the program runs, in words.
    fn reason(&self, key: &Key, record: Option<&Record>) -> String {
        let instance = self.instance();
        match (&instance.cache, record) {
            _ if self.force => "it was forced".to_owned(),
            (CacheChoice::NoDependencies, _) => "it has no deps, so it is never cached".to_owned(),
            (CacheChoice::Nothing { name }, _) => format!("its cache `{name}` keeps nothing"),
            (_, None) => "it has not run here before".to_owned(),
            (_, Some(record)) => explain(key, record),
        }
    }

    /// Keeps a result. What stands in the way is said once and changes no outcome.
    fn keep(&self, store: &Store, key: &Key, tree: &Tree, execution: &Execution, logs: &LogFiles) {
        if let Some(error) = &execution.log_error {
            self.not_kept(&format!("its output could not be recorded: {error}"));
            return;
        }
        let stored = || -> Result<bool, StoreError> {
            let paths: Vec<RelativePath> =
                tree.entries().iter().map(|(path, _)| path.clone()).collect();
            let captured = purlin_store::capture(store, &self.session.root, &paths)?;
            if captured != *tree {
                return Ok(false);
            }
            let result = ActionResult {
                version: ActionResult::VERSION,
                instance: self.id(),
                exit_code: execution.exit.code,
                signal: execution.exit.signal,
                stdout: store.put_file(&logs.stdout)?.0,
                stderr: store.put_file(&logs.stderr)?.0,
                chunks: execution.chunks.clone(),
                tree: captured,
                created: now(),
                duration_ms: u64::try_from(execution.duration.as_millis()).unwrap_or(u64::MAX),
            };
            store.put_result(key.digest, &result)?;
            Ok(true)
        };
        match stored() {
            Ok(true) => {}
            Ok(false) => self.not_kept("its outputs changed while they were being kept"),
            Err(error) => self.warn_of_cache(&error, "results are not kept"),
        }
    }

    fn not_kept(&self, why: &str) {
        (self.events)(Event::Notice(
            Diagnostic::note(
                "not-kept",
                format!("the result of `{}` was not kept", self.instance().id),
            )
            .detail(why),
        ));
    }

    fn warn_of_cache(&self, error: &dyn std::fmt::Display, consequence: &str) {
        (self.events)(Event::Notice(
            Diagnostic::warning(
                "cache",
                format!(
                    "the cache `{}` has a problem; {consequence}",
                    self.instance().cache.name()
                ),
            )
            .detail(error.to_string()),
        ));
    }

    fn remember(
        &self,
        key: &Key,
        written: Tree,
        pending: Tree,
        reason: &str,
        duration_ms: u64,
        succeeded: bool,
    ) {
        let record = Record {
            header: Header {
                id: self.id(),
                key: key.digest,
                run: self.session.run.clone(),
                when: now(),
                reason: reason.to_owned(),
                duration_ms,
                succeeded,
            },
            written,
            pending,
            parts: key.parts.clone(),
            files: key.file_digests(),
        };
        if let Err(error) = record.write(&self.session.records()) {
            (self.events)(Event::Notice(
                Diagnostic::warning(
                    "record",
                    format!("what `{}` did could not be remembered", self.instance().id),
                )
                .detail(error.to_string()),
            ));
        }
    }

    /// The artifacts as they are on disk.
    fn outputs(&self) -> Result<Tree, Failure> {
        let instance = self.instance();
        if instance.action.artifacts.is_empty() {
            return Ok(Tree::default());
        }
        let failed = |why: String| {
            vec![
                Diagnostic::error(
                    "unreadable",
                    format!("the artifacts of `{}` cannot be read", instance.id),
                )
                .label(instance.command.origin.clone(), "this command")
                .detail(why),
            ]
        };
        let mut lists = self
            .session
            .files
            .outputs(&[&instance.action.outputs])
            .map_err(|error| failed(error.to_string()))?;
        let mut entries = Vec::new();
        for output in lists.pop().unwrap_or_default() {
            let node = match output.kind {
                OutputKind::File(state) => Node::File {
                    digest: state.digest,
                    size: state.size,
                    executable: state.executable,
                },
                OutputKind::Directory => Node::Directory,
                OutputKind::Symlink => {
                    let link = fs::read_link(self.session.root.join(output.path.to_path()))
                        .map_err(|error| failed(format!("{}: {error}", output.path)))?;
                    Node::Symlink { target: link.into_os_string().into_vec().into() }
                }
            };
            entries.push((output.path, node));
        }
        Tree::new(entries).map_err(|error| failed(error.to_string()))
    }

    fn log_files(&self) -> Result<LogFiles, Failure> {
        let folder = self.session.logs();
        let name = purlin_store::file_name(&self.instance().id);
        let file = |ending: &str| -> PathBuf { folder.join(format!("{name}.{ending}")) };
        let logs = LogFiles { stdout: file("stdout"), stderr: file("stderr") };
        crate::log::prepare(&folder).map_err(|error| {
            vec![
                Diagnostic::error("log", "the folder for logs cannot be made")
                    .detail(format!("{}: {error}", folder.display())),
            ]
        })?;
        Ok(logs)
    }

    fn not_started(&self, error: &std::io::Error) -> Diagnostic {
        let instance = self.instance();
        let folder = self.session.root.join(&instance.action.cwd);
        let what = format!("the command `{}` could not be started", instance.id);
        if !folder.is_dir() {
            let place =
                instance.command.cwd.as_ref().map_or(&instance.command.origin, |cwd| &cwd.origin);
            return Diagnostic::error("not-started", what)
                .label(place.clone(), "there is no such folder")
                .help("`cwd` is a folder below the workspace's root".to_owned());
        }
        let program = instance.action.argv.first().map_or("", |text| text.value.as_str());
        let diagnostic = Diagnostic::error("not-started", what)
            .label(instance.command.program_origin().clone(), error.to_string());
        if error.kind() == std::io::ErrorKind::NotFound {
            return diagnostic.help(format!("is `{program}` installed and on PATH?"));
        }
        diagnostic
    }
}

/// Why a result that was there before does not serve now.
pub(crate) fn explain(key: &Key, record: &Record) -> String {
    let changes = key.changes_since(record);
    if changes.is_empty() {
        return if record.header.succeeded {
            "nothing changed, but its result is not in the cache".to_owned()
        } else {
            "it failed the last time".to_owned()
        };
    }
    describe(&changes)
}

/// An input that differs from what it was before the run, unless it was changed in place: then it
/// is an artifact, and what is kept has to be what the key says.
fn disturbed(instance: &Instance, key: &Key, after: &Listing, tree: &Tree) -> Option<RelativePath> {
    let before: BTreeMap<_, _> = key.files.iter().map(|(path, state)| (path, state)).collect();
    let now: BTreeMap<_, _> = after.files.iter().map(|(path, state)| (path, state)).collect();
    let in_place = |path: &RelativePath| {
        instance.action.outputs.matches(path)
            && match (tree.get(path), now.get(path)) {
                (Some(Node::File { digest, executable, .. }), Some(state)) => {
                    *digest == state.digest && *executable == state.executable
                }
                (None, Some(_)) => false,
                _ => true,
            }
    };
    let mut paths = before.keys().chain(now.keys());
    paths
        .find(|path| before.get(**path) != now.get(**path) && !in_place(path))
        .map(|path| (*path).clone())
}

fn filtered(tree: &Tree, keep: impl Fn(&RelativePath) -> bool) -> Tree {
    let entries = tree.entries().iter().filter(|(path, _)| keep(path)).cloned().collect();
    Tree::new(entries).unwrap_or_default()
}

/// The entries of both; where both have a path, that of the second.
fn united(first: Tree, second: &Tree) -> Tree {
    let kept = first.entries().iter().filter(|(path, _)| second.get(path).is_none());
    let entries = kept.chain(second.entries()).cloned().collect();
    Tree::new(entries).unwrap_or(first)
}

/// The place of the dependency that a glob came from.
fn origin_of_glob<'a>(
    instance: &'a Instance,
    expansions: &[Arc<Expansion>],
    index: usize,
) -> &'a purlin_model::Origin {
    let mut behind = 0;
    for (dependency, expansion) in instance.dependencies.iter().zip(expansions) {
        behind += expansion.globs.len();
        if index < behind {
            return &dependency.origin;
        }
    }
    &instance.command.origin
}

fn storage(what: &str, error: &StoreError) -> Diagnostic {
    Diagnostic::error("private-folder", what).detail(error.to_string())
}
