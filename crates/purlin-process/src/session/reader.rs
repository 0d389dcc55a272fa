//! Whose turn it is to read what a plugin says.

use std::io::{self, Read};
use std::process::ChildStdout;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::Cause;
use crate::services::Request;
use crate::wire::Lines;

/// How long nobody reads after a call, since the next one may follow at once.
const PAUSE: Duration = Duration::from_millis(5);

/// What reading needs. Whoever has it reads.
pub(crate) struct Reader {
    pub(super) lines: Lines<Stdout>,
    /// Until when its owner reads.
    pub(super) until: Option<Instant>,
    /// A request for which there was no room in time.
    pub(super) unserved: Option<Request>,
    /// What a caller has found, for the thread that ends the process.
    pub(super) failed: Option<Cause>,
}

impl Reader {
    pub(super) fn new(stdout: ChildStdout, limit: usize) -> Self {
        let lines = Lines::new(Stdout { pipe: stdout, until: None }, limit);
        Self { lines, until: None, unserved: None, failed: None }
    }

    /// Lets reading end with `TimedOut` then.
    pub(super) fn until(&mut self, until: Option<Instant>) {
        self.until = until;
        self.lines.source().until = until;
    }
}

/// The plugin's stdout.
pub(super) struct Stdout {
    pipe: ChildStdout,
    until: Option<Instant>,
}

impl Read for Stdout {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(until) = self.until {
            let left = until.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut ready = [PollFd::new(&self.pipe, PollFlags::IN)];
            if poll(&mut ready, Some(&left))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        self.pipe.read(buffer)
    }
}

/// The reader while nobody has it.
pub(super) struct Turns {
    idle: Mutex<Idle>,
    changed: Condvar,
}

struct Idle {
    reader: Option<Reader>,
    /// True when somebody waits for what is to be read.
    hurry: bool,
    /// How often a caller has taken it.
    taken: u64,
}

impl Turns {
    pub(super) fn new(reader: Reader) -> Self {
        let idle = Idle { reader: Some(reader), hurry: true, taken: 0 };
        Self { idle: Mutex::new(idle), changed: Condvar::new() }
    }

    /// For a caller: its turn, unless somebody else reads.
    pub(super) fn take(&self) -> Option<Reader> {
        let mut idle = self.idle();
        idle.hurry = false;
        idle.taken += 1;
        idle.reader.take()
    }

    /// For the thread that is there for it: waits for its turn, which comes when there is a hurry,
    /// or when callers have left the reader alone for a while.
    pub(super) fn wait(&self) -> Reader {
        let mut idle = self.idle();
        loop {
            let Idle { taken, hurry, .. } = *idle;
            if hurry && let Some(reader) = idle.reader.take() {
                idle.hurry = false;
                return reader;
            }
            let (guard, waited) =
                self.changed.wait_timeout(idle, PAUSE).unwrap_or_else(PoisonError::into_inner);
            idle = guard;
            if waited.timed_out() && idle.taken == taken {
                idle.hurry = true;
            }
        }
    }

    /// Ends a turn.
    pub(super) fn give_back(&self, reader: Reader, hurry: bool) {
        let mut idle = self.idle();
        idle.reader = Some(reader);
        idle.hurry = hurry;
        drop(idle);
        if hurry {
            self.changed.notify_all();
        }
    }

    /// Tells that somebody waits who does not read.
    pub(super) fn hurry(&self) {
        let mut idle = self.idle();
        idle.hurry = true;
        drop(idle);
        self.changed.notify_all();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
