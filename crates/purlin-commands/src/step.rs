//! One instance: its key, its look-up, its run, and the keeping of its result.

mod contested;
mod elsewhere;
mod fetch;
mod heritage;
mod install;
mod keep;
mod links;
mod locks;
mod look_up;
mod produced;
mod program;
mod strict;
mod view;

pub(crate) use elsewhere::Elsewhere;
pub(crate) use heritage::{Orphans, orphans};
pub(crate) use install::{counts, gone};
pub(crate) use links::identity;
pub(crate) use look_up::united;
pub(crate) use program::{FIRST, explain};
pub(crate) use view::{found, on_disk, tree_of};

use look_up::LookedUp;
use produced::Produced;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use purlin_model::{Diagnostic, Digest};
use purlin_store::{InstanceLock, Listing, Patterns, RelativePath, Tree, defect};

use crate::event::Event;
use crate::execute::{Listener, Silent};
use crate::graph::{Answers, Graph, Instance};
use crate::key::Contribution;
use crate::record::Record;
use crate::run::Seen;
use crate::session::Session;

/// One instance of a run, ready to be looked at.
pub(crate) struct Step<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) graph: &'a Graph,
    pub(crate) index: usize,
    /// What the direct producers contribute, by id, in the instance's order.
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

impl Outcome {
    /// Of an instance that was not run because the run is stopped.
    pub(crate) const STOPPED: Self =
        Self { status: Status::Cancelled, contribution: Contribution::Order };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Done,
    Cached,
    Failed,
    Cancelled,
    /// It takes no part in the run.
    StoodBy,
}

/// The largest output, in bytes, that is sent again at a glance; more takes the longer way.
const MOST_AT_A_GLANCE: u64 = 1 << 20;

/// Why an instance cannot be looked at or run.
type Failure = Vec<Diagnostic>;

impl<'a> Step<'a> {
    /// One that is only looked at.
    pub(crate) fn silent(
        session: &'a Session<'a>,
        graph: &'a Graph,
        index: usize,
        producers: Vec<(String, Contribution)>,
    ) -> Self {
        let listener = Arc::new(Silent);
        let (force, replay, events) = (false, false, &|_| {});
        Self { session, graph, index, producers, force, replay, events, listener }
    }
}

impl Step<'_> {
    fn instance(&self) -> &Instance {
        &self.graph.instances[self.index]
    }

    fn id(&self) -> String {
        self.instance().id.clone()
    }

    /// Looks whether the result is there and on disk already, changing nothing. `None` means that
    /// there is work to do, or that somebody else is at it.
    pub(crate) fn glance(&self, seen: Seen) -> Option<Outcome> {
        let instance = self.instance();
        let store = self.session.store(&instance.cache).filter(|_| !self.force)?;
        // To take the lock costs as much as all the rest. Whoever begins meanwhile does so after this
        // look, as if it had been a moment sooner.
        if InstanceLock::is_taken(&self.session.locks(), &instance.id) {
            return None;
        }
        let mut producers = self.producers.clone();
        producers.extend(self.outside().ok()?);
        let key = self.key(&instance.answers()?, &producers, seen.listing);
        let result = match store.result(key.digest) {
            Ok(result) => result?,
            Err(error) => {
                self.warn_of_cache(&error, "commands run as if nothing were kept");
                return None;
            }
        };
        let header = Record::header(&self.session.records(), &instance.id)?;
        let (outputs, origin) = (&instance.action.outputs, &instance.command.origin);
        let outputs = tree_of(self.session, outputs, &instance.id, origin, seen.outputs).ok()?;
        if header.key != key.digest
            || header.unfinished
            || !self.counts(&key, Some(&header))
            || !contains(&outputs, &result.tree)
            || self.wrote_into_producers(&outputs)
            || InstanceLock::is_taken(&self.session.locks(), &instance.id)
        {
            return None;
        }
        // What a glance sends waits in memory until it is done.
        let output: u64 = result.chunks.iter().map(|chunk| chunk.bytes).sum();
        if result.exit_code != Some(0)
            || (self.replay
                && (output > MOST_AT_A_GLANCE
                    || !self.play(store, &result, &mut |event| (self.events)(event))))
        {
            return None;
        }
        store.touch(key.digest);
        (self.events)(Event::Cached { id: self.id(), key: key.digest, restored: false });
        Some(Outcome {
            status: Status::Cached,
            contribution: self.contribution(key.digest, &outputs),
        })
    }

    /// Does whatever the instance needs, from the beginning.
    pub(crate) fn work(&self) -> Outcome {
        match self.try_work() {
            Ok(outcome) => outcome,
            Err(diagnostics) => self.could_not_run(diagnostics),
        }
    }

    fn try_work(&self) -> Result<Outcome, Failure> {
        let instance = self.instance();
        self.session.prepare().map_err(|diagnostic| vec![diagnostic])?;
        let Some(locks) = self.locks()? else {
            return Ok(Outcome::STOPPED);
        };
        let answers = self.answers()?;
        let patterns = self.patterns(&answers)?;
        let producers = self.produced()?;
        let before = self.list(&patterns)?;
        let key = self.key(&answers, &producers.contributions, before);
        let record = Record::read(&self.session.records(), &instance.id);
        let record = record.or_else(|| self.inherited(&key));
        let mut blocked = false;
        if self.counts(&key, record.as_ref().map(|record| &record.header)) {
            match self.look_up(&key, &patterns, record.as_ref(), &locks)? {
                LookedUp::Done(outcome) => return Ok(outcome),
                LookedUp::Blocked => blocked = true,
                LookedUp::Nothing => {}
            }
        }
        if self.session.cancel.ends(&instance.id) {
            return Ok(Outcome::STOPPED);
        }
        let reason = match blocked {
            true => "its result is kept, and something is in the way of it".to_owned(),
            false => self.reason(&key, record.as_ref()),
        };
        self.run(&Inputs { answers, patterns, producers }, &key, record.as_ref(), &locks, &reason)
    }

    /// What it depends on, and what is there of its artifacts, as it is now; `None` where that cannot
    /// be told.
    pub(crate) fn seen_now(&self) -> Option<(Answers, Seen)> {
        let answers = self.answers().ok()?;
        let listing = self.list(&*self.patterns(&answers).ok()?).ok()?;
        let outputs = self.session.files.outputs(&[&self.instance().action.outputs]).ok()?.pop()?;
        Some((answers, Seen { listing, outputs }))
    }

    /// Whether what it depends on is as it was when it was last run or looked at.
    pub(crate) fn is_current(&self, running: bool) -> bool {
        let id = &self.instance().id;
        let last = match running {
            true => self.session.run_with(id),
            false => Record::header(&self.session.records(), id).map(|header| header.key),
        };
        let now = || -> Result<Digest, Failure> {
            let answers = self.answers()?;
            let mut listing = self.list(&*self.patterns(&answers)?)?;
            let produced = self.produced()?;
            if running {
                self.leave_out_own(&mut listing);
                return Ok(self.key(&answers, &self.foreign(&produced), listing).digest);
            }
            Ok(self.key(&answers, &produced.contributions, listing).digest)
        };
        last.is_some() && now().ok() == last
    }

    /// Leaves out what its program may change in place while it runs.
    fn leave_out_own(&self, listing: &mut Listing) {
        listing.files.retain(|(path, _)| !self.instance().action.outputs.matches(path));
    }

    /// What an instance that does not take part contributes: what it has made before.
    pub(crate) fn stand_by(&self) -> Outcome {
        let contribution = || -> Result<Contribution, Failure> {
            if !self.instance().action.artifacts.is_empty() {
                let outputs = &self.instance().action.outputs;
                let digest = identity(self.session, outputs, &self.outputs()?);
                return Ok(Contribution::Artifacts(digest));
            }
            let answers = self.answers()?;
            let listing = self.list(&*self.patterns(&answers)?)?;
            let key = self.key(&answers, &self.produced()?.contributions, listing);
            Ok(self.contribution(key.digest, &Tree::default()))
        };
        match contribution() {
            Ok(contribution) => Outcome { status: Status::StoodBy, contribution },
            Err(diagnostics) => self.could_not_run(diagnostics),
        }
    }

    fn could_not_run(&self, diagnostics: Failure) -> Outcome {
        (self.events)(Event::Failed {
            id: self.id(),
            how: "could not run".to_owned(),
            exit: None,
            logs: None,
            cached: false,
            duration: Duration::ZERO,
            diagnostics,
        });
        Outcome { status: Status::Failed, contribution: Contribution::Order }
    }
}

/// What an instance depends on besides its own action.
struct Inputs<'a> {
    answers: Answers,
    patterns: Cow<'a, Patterns>,
    producers: Produced,
}

/// Whether all that `part` names stands in `whole` exactly so.
fn contains(whole: &Tree, part: &Tree) -> bool {
    part.entries().iter().all(|(path, node)| whole.get(path) == Some(node))
        || defect::seeded("tampering-missed")
}

pub(crate) fn filtered(tree: &Tree, keep: impl Fn(&RelativePath) -> bool) -> Tree {
    let entries = tree.entries().iter().filter(|(path, _)| keep(path)).cloned().collect();
    Tree::new(entries).unwrap_or_default()
}
