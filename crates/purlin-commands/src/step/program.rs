//! Running the program, and what it means for the result.

use std::collections::{BTreeMap, BTreeSet};

use purlin_model::{Diagnostic, Digest};
use purlin_store::{Listing, Node, Patterns, RelativePath, Tree, defect};

use super::install::gone;
use super::links::linked;
use super::locks::Locks;
use super::produced::Produced;
use super::view::Stamps;
use super::{Failure, Inputs, Outcome, Status, Step, filtered};
use crate::event::Event;
use crate::execute::{Conditions, Execution, LogFiles, execute};
use crate::graph::{CacheChoice, Instance};
use crate::key::{Contribution, Key, describe};
use crate::platform::Inherits;
use crate::record::{Came, Record};

/// Why an instance runs that has no record.
pub(crate) const FIRST: &str = "it has not run here before";

impl Step<'_> {
    /// Runs the program and keeps its result.
    pub(super) fn run(
        &self,
        inputs: &Inputs<'_>,
        key: &Key,
        record: Option<&Record>,
        locks: &Locks,
        reason: &str,
    ) -> Result<Outcome, Failure> {
        let instance = self.instance();
        let outputs_before = self.outputs()?;
        let linked_before = linked(self.session, &instance.action.outputs, &outputs_before);
        let stamps = self.stamps(inputs, &key.files);
        let killed = self.killed();
        let unsure = locks.instance.is_left() || !killed.is_empty();
        let found = Some(&outputs_before).filter(|_| unsure);
        let own_stamps = self.own_stamps(record, found);
        self.check_installed(&inputs.answers.environment)?;
        let changes = &inputs.answers.environment.changes;
        let variables = self.session.variables.of_program(changes, &instance.action.variables);
        let logs = self.log_files()?;
        let conditions = Conditions {
            stop: self.session.cancel.of(&instance.id),
            confinement: self.confinement(inputs, key)?,
            listener: &self.listener,
            folders: &locks.folders,
            inherits: Inherits::All,
            keeps_stdout: self.session.keeps_stdout,
        };
        if let Some(record) = record {
            (self.events)(Event::Compared { id: self.id(), run: record.header.run.clone() });
        }
        (self.events)(Event::Started { id: self.id(), reason: reason.to_owned() });
        let mut foreign = Listing { files: key.files.clone() };
        self.leave_out_own(&mut foreign);
        let foreign = self.key(&inputs.answers, &self.foreign(&inputs.producers), foreign);
        self.session.runs_with(&instance.id, foreign.digest);
        let execution = execute(
            &instance.action,
            &self.session.root,
            &variables,
            &logs,
            &locks.instance,
            &conditions,
        )
        .map_err(|error| vec![self.not_started(&error)])?;
        let succeeded = execution.exit.succeeded();
        let tree = self.outputs()?;
        let own_stamps_now = self.own_stamps(record, found);
        let wrote = |path: &RelativePath| {
            outputs_before.get(path) != tree.get(path)
                || own_stamps.get(path) != own_stamps_now.get(path)
        };
        let paths = tree.entries().iter().map(|(path, _)| path);
        let fresh: BTreeSet<RelativePath> = paths.filter(|path| wrote(path)).cloned().collect();
        let others = self.others(&tree);
        let result = self.without_others(&tree, &inputs.patterns, &others, &killed, record, &wrote);
        let written = filtered(&result, |path| {
            wrote(path) || record.is_some_and(|record| record.names(path))
        });
        if self.session.cancel.ends(&instance.id) {
            // What it has written so far is its own, and belongs to no result.
            let came = Came::Ran { reason: "the run was stopped", duration_ms: 0, fresh: &fresh };
            self.remember(key, written, Some(Tree::default()), came, false);
            return Ok(Outcome::STOPPED);
        }
        let after = self.list(&inputs.patterns)?;
        let produced = self.produced()?;
        let disturbed = self.disturbed(inputs, key, &after, &tree, &stamps, &produced)?;
        let disturbed = disturbed.filter(|_| !defect::seeded("key-taken-after-the-run"));
        let produced = self.produced_after(inputs, &produced);
        let after_key = self.key(&inputs.answers, &produced, after);
        let through = self.written_through(&outputs_before, &linked_before, &tree, record);
        let contested = self.contested(&filtered(&tree, wrote), &others).filter(|_| succeeded);
        let mut kept = false;
        if let Some(what) = &disturbed {
            (self.events)(Event::Notice(
                Diagnostic::note(
                    "changed-input",
                    format!("the result of `{}` was not kept", instance.id),
                )
                .label(instance.command.origin.clone(), format!("{what} while it ran"))
                .help(
                    "if the command writes this file itself, name it among its artifacts"
                        .to_owned(),
                ),
            ));
        } else if contested.is_some() {
            // What it has made is not its own.
        } else if self.session.store(&instance.cache).is_some()
            && let Some(link) = through
        {
            self.not_kept(&format!(
                "{link} among its artifacts is a link to a folder: name what is in it, `{link}/**`"
            ));
        } else if let Some(store) = self.session.store(&instance.cache)
            && (instance.action.cache_when.keeps(succeeded) || defect::seeded("failures-kept"))
            && !execution.exit.timed_out
        {
            kept = self.keep(store, &after_key, &result, &execution, &logs);
            if defect::seeded("in-place-kept-under-both-keys") {
                self.keep(store, key, &tree, &execution, &logs);
            }
        }
        if succeeded {
            self.warn_of_missing(&tree);
        }
        let duration_ms = u64::try_from(execution.duration.as_millis()).unwrap_or(u64::MAX);
        let remembered = if disturbed.is_some() { key } else { &after_key };
        // What is on disk is no kept result, even where an older one has the same key: what that one
        // lacks has to go when it is used.
        let unkept = !kept && !defect::seeded("unkept-run-taken-for-kept");
        let unfinished = unkept.then(Tree::default);
        let came = Came::Ran { reason, duration_ms, fresh: &fresh };
        self.remember(remembered, written, unfinished, came, succeeded);
        if let Some((_, diagnostic)) = contested {
            return Ok(self.is_contested(diagnostic));
        }
        let contribution = self.contribution(after_key.digest, &tree);
        Ok(self.report(&execution, &logs, after_key.digest, contribution))
    }

    /// What of the inputs was changed by somebody during the run, if anything was, in words.
    fn disturbed(
        &self,
        inputs: &Inputs<'_>,
        key: &Key,
        after: &Listing,
        tree: &Tree,
        before: &Stamps,
        produced: &Produced,
    ) -> Result<Option<String>, Failure> {
        let instance = self.instance();
        if let Some(path) = changed_input(instance, key, after, tree) {
            return Ok(Some(format!("{path} changed")));
        }
        for (then, now) in self.foreign(&inputs.producers).iter().zip(self.foreign(produced)) {
            if *then != now {
                return Ok(Some(format!("the artifacts of `{}` changed", now.0)));
            }
        }
        if self.answers().ok().as_ref() != Some(&inputs.answers) {
            return Ok(Some("what its dependencies are read from changed".to_owned()));
        }
        if defect::seeded("changed-back-missed") {
            return Ok(None);
        }
        let now = self.stamps(inputs, &after.files);
        let own = |path: &RelativePath| instance.action.outputs.matches(path);
        let rewritten =
            before.iter().find(|(path, stamp)| !own(path) && now.get(*path) != Some(*stamp));
        Ok(rewritten.map(|(path, _)| format!("{path} was written")))
    }

    /// Says which artifacts that are named without wildcards were not written.
    fn warn_of_missing(&self, tree: &Tree) {
        let instance = self.instance();
        let there = |path: &RelativePath| {
            tree.get(path).is_some()
                || tree.entries().iter().any(|(one, _)| one.starts_with(path))
                || self.session.root.join(path).symlink_metadata().is_ok()
        };
        for path in instance.action.outputs.literals().filter(|path| !there(path)) {
            let written = instance.command.artifacts.iter().zip(&instance.action.artifacts);
            let place = written.into_iter().find_map(|(named, artifact)| {
                let one = Patterns::new(&[artifact]).ok()?;
                (one.literals().next() == Some(path)).then_some(named)
            });
            (self.events)(Event::Notice(
                Diagnostic::warning(
                    "missing-artifact",
                    format!("`{}` did not write {path}", instance.id),
                )
                .label(
                    place.map_or(&instance.command.origin, |named| &named.origin).clone(),
                    "named among its artifacts",
                ),
            ));
        }
    }

    pub(super) fn report(
        &self,
        execution: &Execution,
        logs: &LogFiles,
        key: Digest,
        contribution: Contribution,
    ) -> Outcome {
        let cached = matches!(self.instance().cache, CacheChoice::Local { .. });
        let logs = logs.with(execution.chunks.clone());
        if execution.exit.succeeded() {
            (self.events)(Event::Finished {
                id: self.id(),
                key: cached.then_some(key),
                logs,
                duration: execution.duration,
            });
            return Outcome { status: Status::Done, contribution };
        }
        (self.events)(Event::Failed {
            id: self.id(),
            how: execution.exit.described(),
            exit: Some(execution.exit.clone()),
            logs: Some(logs),
            cached: false,
            duration: execution.duration,
            diagnostics: self.of_confinement(),
        });
        Outcome { status: Status::Failed, contribution }
    }

    /// Why the program runs, in words.
    pub(super) fn reason(&self, key: &Key, record: Option<&Record>) -> String {
        let instance = self.instance();
        match (&instance.cache, record) {
            _ if self.force => "it was forced".to_owned(),
            (CacheChoice::NoDependencies, _) => "it has no deps, so it is never cached".to_owned(),
            (CacheChoice::Nothing { name }, _) => format!("its cache `{name}` keeps nothing"),
            (_, None) => FIRST.to_owned(),
            (_, Some(record)) => {
                explain(key, record, gone(&self.session.root, instance, Some(&record.header)))
            }
        }
    }

    pub(super) fn not_started(&self, error: &std::io::Error) -> Diagnostic {
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
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            return diagnostic.help(format!("may `{program}` be executed?"));
        }
        diagnostic
    }

    pub(super) fn log_files(&self) -> Result<LogFiles, Failure> {
        self.session.log_files(&self.instance().id).map_err(|error| {
            vec![
                Diagnostic::error("log", "the folder for logs cannot be made")
                    .detail(format!("{}: {error}", self.session.logs().display())),
            ]
        })
    }
}

/// Why a result that was there before does not serve now; `gone` tells of what was installed and
/// is not there.
pub(crate) fn explain(key: &Key, record: &Record, gone: Option<String>) -> String {
    let changes = key.changes_since(record);
    match gone {
        _ if !changes.is_empty() => describe(&changes),
        _ if !record.header.succeeded => "it failed the last time".to_owned(),
        Some(gone) => gone,
        None => "nothing changed, but its result is not in the cache".to_owned(),
    }
}

/// An input that differs from what it was before the run, unless it was changed in place: then it
/// is an artifact, and what is kept has to be what the key says.
fn changed_input(
    instance: &Instance,
    key: &Key,
    after: &Listing,
    tree: &Tree,
) -> Option<RelativePath> {
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
