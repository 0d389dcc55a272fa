//! What happens in a run, as it happens. The command line draws it; this crate does not.

use std::time::Duration;

use purlin_model::{Diagnostic, Digest};
use purlin_store::Stream;

use crate::execute::Exit;
use crate::output::Logs;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// An instance is part of the run.
    Queued {
        /// The instance.
        id: String,
    },
    /// An instance has run here before: why its program is about to run is told of what has changed
    /// since. Comes right before [`Self::Started`].
    Compared {
        /// The instance.
        id: String,
        /// The run in which its result was made or put in place.
        run: String,
    },
    /// An instance's program is about to run.
    Started {
        /// The instance.
        id: String,
        /// Why, in words.
        reason: String,
    },
    /// A program wrote something, now or when the result was made.
    Output {
        /// The instance.
        id: String,
        /// Which stream.
        stream: Stream,
        /// The bytes as they are.
        bytes: Vec<u8>,
    },
    /// An instance had its result already.
    Cached {
        /// The instance.
        id: String,
        /// The key that the result is kept under.
        key: Digest,
        /// True when outputs had to be put back.
        restored: bool,
    },
    /// An instance ran and succeeded.
    Finished {
        /// The instance.
        id: String,
        /// Its key, where it has one.
        key: Option<Digest>,
        /// Its output.
        logs: Logs,
        /// How long its program ran.
        duration: Duration,
    },
    /// An instance failed.
    Failed {
        /// The instance.
        id: String,
        /// How, in words.
        how: String,
        /// How its program ended, if it was started.
        exit: Option<Exit>,
        /// Its output, if it was started.
        logs: Option<Logs>,
        /// True when the failure is a kept result.
        cached: bool,
        /// How long its program ran.
        duration: Duration,
        /// What else is to be said.
        diagnostics: Vec<Diagnostic>,
    },
    /// An instance did not run.
    Skipped {
        /// The instance.
        id: String,
        /// Why, in words.
        because: String,
    },
    /// Something that does not change the outcome.
    Notice(Diagnostic),
    /// An instance may own the terminal from now on, until it is settled.
    TakesTerminal {
        /// The instance.
        id: String,
    },
    /// Of a run that watches: nothing is left to do until something changes.
    Waiting(Summary),
    /// Of a run that watches: files have changed, and so many instances are looked at again.
    Changed {
        /// Some of the files.
        paths: Vec<String>,
        /// How many instances.
        count: usize,
    },
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Instances whose program ran and succeeded.
    pub done: usize,
    /// Instances that had their result already.
    pub cached: usize,
    /// Instances that failed.
    pub failed: usize,
    /// Instances that did not run.
    pub skipped: usize,
    /// How long it took.
    pub duration: Duration,
    /// True when the run was stopped.
    pub cancelled: bool,
    /// Why a cache cannot be used without which the run fails.
    pub lost: Option<Diagnostic>,
    /// What changed of the files that definitions are read from, when a run that watches ended for
    /// that.
    pub outdated: Option<String>,
}
