//! Keeping a result and remembering the run.

use purlin_model::{Diagnostic, Digest};
use purlin_store::{ActionResult, RelativePath, Store, StoreError, Tree};

use super::Step;
use crate::attributes;
use crate::event::Event;
use crate::execute::{Execution, LogFiles};
use crate::key::Key;
use crate::record::{Came, Header, Record};
use crate::remote::Upload;
use crate::session::{now, prepare_workspace_store};

impl Step<'_> {
    /// Keeps a result; false where it is not kept. What stands in the way is said once and changes
    /// no outcome.
    pub(super) fn keep(
        &self,
        store: &Store,
        key: &Key,
        tree: &Tree,
        execution: &Execution,
        logs: &LogFiles,
    ) -> bool {
        if let Some(error) = &execution.log_error {
            self.not_kept(&format!("its output could not be recorded: {error}"));
            return false;
        }
        if let Some(path) = self.special_output() {
            self.not_kept(&format!(
                "{path} among its artifacts is neither a file, a folder nor a link"
            ));
            return false;
        }
        let stored = || -> Result<bool, StoreError> {
            let _held = store.begin()?;
            let committed = self.instance().cache.is_in_workspace();
            if committed {
                prepare_workspace_store(&self.session.root)?;
                self.tell_of_attributes();
            }
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
            // Who makes the same in two branches can merge them.
            let result = if committed { result.timeless() } else { result };
            store.put_result(key.digest, &result)?;
            Ok(true)
        };
        match stored() {
            Ok(true) => {
                self.put_elsewhere(store, key.digest);
                return true;
            }
            Ok(false) => self.not_kept("its outputs changed while they were being kept"),
            Err(error) => self.warn_of_cache(&error, "results are not kept"),
        }
        false
    }

    /// That results are kept in the repository is said once, if git is to be told: by the first run that
    /// shows notes.
    pub(super) fn tell_of_attributes(&self) {
        if self.session.tells_of_attributes() {
            (self.events)(Event::Notice(attributes::note()));
        }
    }

    /// Sees to it that a result that is kept here comes to be elsewhere too, if its cache says so.
    fn put_elsewhere(&self, store: &Store, key: Digest) {
        let cache = &self.instance().cache;
        let pending = self.session.pending(cache);
        if let Some(pending) = &pending {
            pending.add(key);
        }
        if let Some(tier) = self.session.tier(cache) {
            // Who forces a run does not trust what is there.
            let (store, replaces) = (store.clone(), self.force);
            self.session.uploads.add(Upload { tier, store, key, replaces, pending });
        }
    }

    pub(super) fn not_kept(&self, why: &str) {
        (self.events)(Event::Notice(
            Diagnostic::note(
                "not-kept",
                format!("the result of `{}` was not kept", self.instance().id),
            )
            .detail(why),
        ));
    }

    /// Says what is wrong with the cache, and that the run goes on. That its place is at fault is
    /// said once in a run.
    pub(super) fn warn_of_cache(&self, error: &StoreError, consequence: &str) {
        let name = self.instance().cache.name();
        if let StoreError::Damaged { .. } = error {
            self.warn_of_damage(error.to_string());
        } else if !error.is_environmental() || self.session.tells_trouble_of(name) {
            (self.events)(Event::Notice(
                Diagnostic::warning(
                    "cache",
                    format!("the cache `{name}` has a problem; {consequence}"),
                )
                .detail(error.to_string())
                .help(error.is_environmental().then(|| {
                    "make room there or give access to it; this run goes on without".to_owned()
                })),
            ));
        }
    }

    /// Says that what was kept cannot be used.
    pub(super) fn warn_of_damage(&self, detail: impl Into<String>) {
        (self.events)(Event::Notice(
            Diagnostic::warning(
                "cache-damaged",
                format!("the kept result of `{}` is damaged, so it runs again", self.instance().id),
            )
            .detail(detail),
        ));
    }

    pub(super) fn remember(
        &self,
        key: &Key,
        written: Tree,
        pending: Option<Tree>,
        came: Came<'_>,
        succeeded: bool,
    ) {
        let before = Record::header(&self.session.records(), &self.instance().id);
        let (reason, duration_ms, fresh) = match came {
            Came::Ran { reason, duration_ms, fresh } => (reason, duration_ms, fresh),
            Came::Restored { fresh } => ("restored from the cache", 0, fresh),
            Came::Restoring { fresh } => ("being restored from the cache", 0, fresh),
        };
        let is_new = before.is_none();
        // What was made here and is only tidied up now was made here all the same.
        let made = matches!(came, Came::Ran { .. })
            || before.as_ref().is_some_and(|header| header.made && header.key == key.digest);
        let record = Record {
            header: Header {
                id: self.id(),
                key: key.digest,
                run: self.session.run.clone(),
                when: now(),
                reason: reason.to_owned(),
                duration_ms,
                succeeded,
                unfinished: pending.is_some(),
                made,
                installs: self.installed_now(before),
            },
            written,
            pending: pending.unwrap_or_default(),
            parts: key.parts.clone(),
            files: key.file_digests(),
            fresh: fresh.clone(),
        };
        let written = record.write(&self.session.records());
        if written.is_ok() && is_new {
            self.take_over(key);
        }
        if let Err(error) = written {
            (self.events)(Event::Notice(
                Diagnostic::warning(
                    "record",
                    format!("what `{}` did could not be remembered", self.instance().id),
                )
                .detail(error.to_string()),
            ));
        }
    }
}
