//! Requests of a plugin that wait to be served.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Session;
use crate::error::Cause;
use crate::services::Request;

/// Requests of a kind that wait before the plugin is not listened to any more.
const WAITING: usize = 64;

/// How long a plugin may leave answers unread that it has asked for. It may have answered a call
/// meanwhile, and nobody would hear that.
const UNREAD: Duration = Duration::from_secs(30);

/// Programs that run for a plugin at once; the others wait.
const PROGRAMS: usize = 16;

/// Where requests wait.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Those that are served in the order in which they come, by one thread.
    quick: VecDeque<Request>,
    serving: bool,
    /// Those that others should not wait for, each by a thread that ends when there are no more.
    long: VecDeque<Request>,
    running: usize,
    closed: bool,
}

impl Desk {
    /// Lets nothing more be served. What waits is forgotten: nobody wants to know.
    pub(super) fn close(&self) {
        let mut state = self.state();
        *state = State { closed: true, running: state.running, ..State::default() };
        drop(state);
        self.changed.notify_all();
    }

    /// True while programs run.
    pub(super) fn runs_programs(&self) -> bool {
        self.state().running > 0
    }

    /// Waits for room.
    fn put(&self, request: Request, until: Option<Instant>) -> Result<Put, Request> {
        let is_long = request.takes_long();
        let mut state = self.state();
        loop {
            if state.closed {
                return Ok(Put::Taken);
            }
            let State { quick, serving, long, running, .. } = &mut *state;
            let queue = if is_long { &mut *long } else { &mut *quick };
            if queue.len() < WAITING {
                queue.push_back(request);
                if is_long && *running < PROGRAMS {
                    *running += 1;
                    return Ok(Put::NeedsProgram);
                }
                if !is_long && !*serving {
                    *serving = true;
                    return Ok(Put::NeedsServant);
                }
                drop(state);
                self.changed.notify_all();
                return Ok(Put::Taken);
            }
            state = match until {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(request);
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The next quick request; waits for it. `None` when there will be none.
    fn quick(&self) -> Option<Request> {
        let mut state = self.state();
        while !state.closed {
            if let Some(request) = state.quick.pop_front() {
                drop(state);
                self.changed.notify_all();
                return Some(request);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// The next long request, if one waits.
    fn long(&self) -> Option<Request> {
        let mut state = self.state();
        let next = state.long.pop_front();
        if next.is_none() {
            state.running = state.running.saturating_sub(1);
        }
        drop(state);
        self.changed.notify_all();
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request that was put there needs.
enum Put {
    /// Nothing more.
    Taken,
    /// A thread that serves quick ones.
    NeedsServant,
    /// A thread for another program.
    NeedsProgram,
}

impl Session {
    /// Has a request served. It comes back when there is no room for it in time.
    pub(super) fn serve(
        self: &Arc<Self>,
        request: Request,
        until: Option<Instant>,
    ) -> Result<(), Request> {
        let session = self.clone();
        // Without a thread the plugin gets no answer, which its time limit ends.
        let _ = match self.desk.put(request, until)? {
            Put::Taken => return Ok(()),
            Put::NeedsServant => thread("plugin services", move || {
                while let Some(request) = session.desk.quick() {
                    session.answer(&request);
                }
            }),
            Put::NeedsProgram => thread("plugin program", move || {
                while let Some(request) = session.desk.long() {
                    session.answer(&request);
                }
            }),
        };
        Ok(())
    }

    fn answer(&self, request: &Request) {
        let line = crate::wire::answer(&request.id, request.perform(&*self.services));
        let limit = self.launch.limits.call.map_or(UNREAD, |limit| limit.min(UNREAD));
        if let Err(error) = self.writer.write(&line, Some(Instant::now() + limit))
            && error.kind() == io::ErrorKind::TimedOut
        {
            self.conclude(Cause::Deaf(limit));
        }
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).map(drop)
}
