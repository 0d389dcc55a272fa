//! Using a kept result.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use purlin_model::Diagnostic;
use purlin_store::{
    ActionResult, Patterns, RelativePath, RestoreError, Restored, Store, Stream, Tree,
};

use super::locks::Locks;
use super::{Failure, Outcome, Status, Step, filtered};
use crate::event::Event;
use crate::execute::Exit;
use crate::graph::CacheChoice;
use crate::key::Key;
use crate::record::{Came, Record};

/// How much of a kept output is read at once: outputs may be larger than the memory.
const PIECE: u64 = 64 * 1024;

/// What came of looking for a kept result.
pub(super) enum LookedUp {
    /// It is in place, or the run is stopped.
    Done(Outcome),
    /// There is none that can be used.
    Nothing,
    /// There is one, and something stands in its way.
    Blocked,
}

/// What came of a result that was to be used.
enum Use {
    Done(Outcome),
    /// Some of it is not there, and what.
    Incomplete(&'static str),
    /// It cannot be used here.
    Refused,
}

impl Step<'_> {
    /// Uses the kept result, if there is one, putting its outputs back where they differ.
    pub(super) fn look_up(
        &self,
        key: &Key,
        patterns: &Patterns,
        record: Option<&Record>,
        locks: &Locks,
    ) -> Result<LookedUp, Failure> {
        let instance = self.instance();
        let Some(store) = self.session.store(&instance.cache).filter(|_| !self.force) else {
            return Ok(LookedUp::Nothing);
        };
        // Before anything is asked of a cache elsewhere, so that what comes from there stays.
        let elsewhere = self.session.tier(&instance.cache).is_some();
        let held = if elsewhere { store.begin() } else { Ok(store.hold()) };
        let _held = match held {
            Ok(held) => held,
            Err(error) => {
                self.warn_of_cache(&error, "commands run as if nothing were kept");
                return Ok(LookedUp::Nothing);
            }
        };
        let kept = match store.result(key.digest) {
            Ok(kept) => kept,
            Err(error) => {
                self.warn_of_cache(&error, "commands run as if nothing were kept");
                None
            }
        };
        let mut lost = None;
        if let Some(result) = kept {
            store.touch(key.digest);
            match self.use_result(store, &result, key, patterns, record, locks)? {
                Use::Done(outcome) => return Ok(LookedUp::Done(outcome)),
                Use::Refused => return Ok(LookedUp::Blocked),
                Use::Incomplete(what) => lost = Some(what),
            }
        }
        let fetched = match self.fetch(store, key) {
            Ok(fetched) => fetched,
            Err(stopped) => return Ok(LookedUp::Done(stopped)),
        };
        if let Some(result) = fetched {
            match self.use_result(store, &result, key, patterns, record, locks)? {
                Use::Done(outcome) => return Ok(LookedUp::Done(outcome)),
                Use::Refused => return Ok(LookedUp::Blocked),
                Use::Incomplete(what) => lost = Some(what),
            }
        }
        if let Some(what) = lost {
            self.warn_of_damage(what);
        }
        Ok(LookedUp::Nothing)
    }

    fn use_result(
        &self,
        store: &Store,
        result: &ActionResult,
        key: &Key,
        patterns: &Patterns,
        record: Option<&Record>,
        locks: &Locks,
    ) -> Result<Use, Failure> {
        let instance = self.instance();
        let current = record
            .is_some_and(|record| record.header.key == key.digest && !record.header.unfinished);
        let restored = if current && !self.differs(&result.tree) {
            Ok(Restored::default())
        } else {
            if let Some(record) = record
                && let Some((path, diagnostic)) = self.contested_by(&result.tree, record)
            {
                // What was only left there may not be written any more: the next run tells.
                return Ok(match record.fresh.contains(&path) {
                    true => Use::Done(self.is_contested(diagnostic)),
                    false => Use::Refused,
                });
            }
            self.put_back(store, &result.tree, key, patterns, record)
        };
        let restored = match restored {
            Ok(restored) => restored,
            Err(RestoreError::Incomplete { .. }) => {
                return Ok(Use::Incomplete(
                    "Some of its files are missing from the cache or were changed there.",
                ));
            }
            Err(error @ RestoreError::Blocked { .. }) => {
                (self.events)(Event::Notice(
                    Diagnostic::note(
                        "not-restored",
                        format!("`{}` runs, though its result is kept", instance.id),
                    )
                    .detail(error.to_string()),
                ));
                return Ok(Use::Refused);
            }
            Err(error) => {
                let place = matches!(error, RestoreError::Io { .. } | RestoreError::Store(_));
                return Err(vec![
                    Diagnostic::error(
                        "restore",
                        format!("the outputs of `{}` cannot be put back", instance.id),
                    )
                    .label(instance.command.origin.clone(), "this command")
                    .detail(error.to_string())
                    .help(place.then(|| "make room there or give access to it".to_owned())),
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
        let succeeded = result.exit_code == Some(0);
        let contribution = self.contribution(key.digest, &self.outputs()?);
        let shown = if succeeded {
            !self.replay || self.play(store, result, &mut |event| (self.events)(event))
        } else {
            self.show_failure(store, result)?
        };
        if !shown {
            return Ok(Use::Incomplete(
                "Its output is missing from the cache or was changed there.",
            ));
        }
        let is_new = Record::header(&self.session.records(), &instance.id).is_none();
        if !current || is_new || !restored.written.is_empty() {
            // What is there as it should be, one who was killed before it was on record has written.
            let is_left = locks.instance.is_left();
            let touched = |path: &RelativePath| {
                is_left
                    || restored.written.contains(path)
                    || record.is_some_and(|record| record.names(path))
            };
            let own = filtered(&result.tree, |path| touched(path) && !patterns.matches(path));
            let fresh = &written_here(record, key);
            self.remember(key, own, None, Came::Restored { fresh }, succeeded);
        }
        if !succeeded {
            return Ok(Use::Done(Outcome { status: Status::Failed, contribution }));
        }
        let changed = !restored.written.is_empty() || !restored.removed.is_empty();
        (self.events)(Event::Cached { id: self.id(), key: key.digest, restored: changed });
        Ok(Use::Done(Outcome { status: Status::Cached, contribution }))
    }

    /// Makes the outputs on disk equal to a result. What is about to be written is recorded first,
    /// so that it can be taken away again even when this process is killed half-way.
    pub(super) fn put_back(
        &self,
        store: &Store,
        tree: &Tree,
        key: &Key,
        patterns: &Patterns,
        record: Option<&Record>,
    ) -> Result<Restored, RestoreError> {
        // Inputs are never this instance's to remove, whatever it did to them in place; nor is what
        // it wrote when its artifacts were others.
        let outputs = &self.instance().action.outputs;
        let own =
            |tree: &Tree| filtered(tree, |path| outputs.matches(path) && !patterns.matches(path));
        let previous: Vec<Tree> =
            record.iter().flat_map(|record| [own(&record.written), own(&record.pending)]).collect();
        let mut replaceable = previous.clone();
        let replaced = |one: &Tree| filtered(&own(one), |path| tree.get(path).is_some());
        replaceable.extend(self.written_by_producers().iter().map(replaced));
        if !tree.is_empty() {
            let mut written = previous.first().cloned().unwrap_or_default();
            if let Some(unfinished) = previous.get(1).filter(|unfinished| !unfinished.is_empty()) {
                written = united(written, unfinished);
            }
            let fresh = &written_here(record, key);
            self.remember(key, written, Some(own(tree)), Came::Restoring { fresh }, true);
        }
        let links = matches!(self.instance().cache, CacheChoice::Local { links: true, .. });
        let linking = links.then(|| store.linking());
        purlin_store::restore(
            linking.as_ref().unwrap_or(store),
            &self.session.root,
            &self.session.staging(),
            tree,
            &replaceable,
            &|path| self.known(path),
        )
    }

    /// Reports a failure that was kept, with its output. False when that is missing; nothing was
    /// reported then.
    fn show_failure(&self, store: &Store, result: &ActionResult) -> Result<bool, Failure> {
        let logs = self.log_files()?;
        let there = |digest, path| matches!(store.fetch(digest, path, false), Ok(true));
        // To whoever watches programs, a kept failure looks like one that happens now.
        let mut send = |event| {
            if let Event::Output { stream, bytes, .. } = event {
                self.listener.output(stream, &bytes);
            }
        };
        if !there(result.stdout, &logs.stdout)
            || !there(result.stderr, &logs.stderr)
            || !self.play(store, result, &mut send)
        {
            return Ok(false);
        }
        let exit = Exit { code: result.exit_code, signal: result.signal, timed_out: false };
        (self.events)(Event::Failed {
            id: self.id(),
            how: format!("{} (kept from an earlier run)", exit.described()),
            exit: Some(exit),
            logs: Some(logs.with(result.chunks.clone())),
            cached: true,
            duration: Duration::from_millis(result.duration_ms),
            diagnostics: Vec::new(),
        });
        Ok(true)
    }

    /// Sends the kept output on, in the order in which it was written. False when it is missing;
    /// nothing was sent then.
    pub(super) fn play(
        &self,
        store: &Store,
        result: &ActionResult,
        send: &mut dyn FnMut(Event),
    ) -> bool {
        let (Ok(Some(mut stdout)), Ok(Some(mut stderr))) =
            (store.open_content(result.stdout), store.open_content(result.stderr))
        else {
            return false;
        };
        let mut piece_by_piece = |stream: Stream, mut left: u64| {
            let source = if stream == Stream::Stdout { &mut stdout } else { &mut stderr };
            while left > 0 {
                let mut bytes = Vec::new();
                let piece = source.take(left.min(PIECE)).read_to_end(&mut bytes);
                if bytes.is_empty() || piece.is_err() {
                    break;
                }
                left -= bytes.len() as u64;
                send(Event::Output { id: self.id(), stream, bytes });
            }
        };
        for chunk in &result.chunks {
            piece_by_piece(chunk.stream, chunk.bytes);
        }
        piece_by_piece(Stream::Stdout, u64::MAX);
        piece_by_piece(Stream::Stderr, u64::MAX);
        true
    }
}

/// What of a result was written by a run here, the last one.
fn written_here(record: Option<&Record>, key: &Key) -> BTreeSet<RelativePath> {
    let same = record.filter(|record| record.header.key == key.digest);
    same.map(|record| record.fresh.clone()).unwrap_or_default()
}

/// The entries of both; where both have a path, that of the second.
pub(crate) fn united(first: Tree, second: &Tree) -> Tree {
    let kept = first.entries().iter().filter(|(path, _)| second.get(path).is_none());
    let entries = kept.chain(second.entries()).cloned().collect();
    Tree::new(entries).unwrap_or(first)
}
