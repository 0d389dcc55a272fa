//! A plugin's process as its callers see it: it is there when it is needed.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use purlin_plugin::contract::Host;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::error::{CallError, Cause};
use crate::launch::Launch;
use crate::reported::reported;
use crate::session::{Answer, Condition, Session};
use crate::wire::plain;

/// How often a plugin is started in one run.
const STARTS: u32 = 2;

/// One plugin's process, started by the first call. Copies are the same process; calls may come from
/// many threads at once.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    launch: Arc<Launch>,
    services: Arc<dyn Host>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    phase: Phase,
    starts: u32,
    /// Calls under way.
    active: u32,
    cancelled: bool,
}

enum Phase {
    Idle,
    /// Started, when there is one, but not introduced yet.
    Starting(Option<Arc<Session>>),
    Running(Arc<Session>),
    /// It cannot be started.
    Failed(NoSession),
    Closed,
}

/// Why there is no session, and what was heard last.
#[derive(Clone)]
struct NoSession {
    /// True when it did not come to be, as opposed to come to its end.
    starting: bool,
    cause: Cause,
    stderr: Vec<String>,
}

impl NoSession {
    /// There is nothing to be heard.
    fn because(cause: Cause) -> Self {
        Self { starting: false, cause, stderr: Vec::new() }
    }
}

impl Process {
    /// A process that is not started yet. `services` is what the host does for this plugin.
    #[must_use]
    pub fn new(launch: Launch, services: Arc<dyn Host>) -> Self {
        let state = State { phase: Phase::Idle, starts: 0, active: 0, cancelled: false };
        Self(Arc::new(Inner {
            launch: Arc::new(launch),
            services,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// Calls a method and waits for its result.
    ///
    /// # Errors
    /// What the plugin reports, or how it failed. Whatever happens, this returns.
    pub fn call(&self, method: &str, params: &Json) -> Result<Json, CallError> {
        self.typed(method, params)
    }

    /// Calls a method and cancels that call at once: for those who check plugins. What the plugin
    /// answers does not matter, but it has to, within the 2 seconds that every cancelled call has.
    ///
    /// # Errors
    /// How it failed; one that does not answer is ended.
    pub fn call_and_cancel(&self, method: &str, params: &Json) -> Result<(), CallError> {
        let limit = Some(Duration::ZERO);
        let (session, answer) = self.asked(method, params, limit)?;
        let over = match session.condition() {
            Condition::Alive => None,
            Condition::Over(Cause::Ended(_)) => Some(Cause::Cancelled { ended: true }),
            Condition::Over(cause) | Condition::Untold(cause) => Some(cause),
        };
        match (answer, over) {
            (Ok(_) | Err(Cause::SlowAnswer(_)), None) => Ok(()),
            (Ok(_) | Err(Cause::SlowAnswer(_)), Some(cause)) | (Err(cause), _) => {
                Err(self.error(method, cause, session.stderr()))
            }
        }
    }

    /// Starts it now, if it does not run, and makes sure that it provides what its manifest says:
    /// for those who check plugins. Others just call.
    ///
    /// # Errors
    /// How it failed.
    pub fn start(&self) -> Result<(), CallError> {
        let failed = |why: NoSession| self.error("initialize", why.cause, why.stderr);
        self.session().map(drop).map_err(failed)
    }

    /// How often it was started so far.
    #[must_use]
    pub fn starts(&self) -> u32 {
        self.state().starts
    }

    /// Asks all calls to end, for good: those that do not, and the process with them, are ended 2
    /// seconds later. Returns when none is under way.
    pub fn cancel_all(&self) {
        let (running, starting) = {
            let mut state = self.state();
            state.cancelled = true;
            match &state.phase {
                Phase::Running(session) => (Some(session.clone()), None),
                Phase::Starting(session) => (None, session.clone()),
                _ => (None, None),
            }
        };
        self.0.changed.notify_all();
        if let Some(session) = running {
            session.cancel();
        }
        if let Some(session) = starting {
            session.abort();
        }
    }

    /// Ends the process: its stdin is closed, 2 seconds later it gets TERM, and after 2 more KILL,
    /// together with all that it has started. Returns when that is done, with what it did wrong that
    /// no call was told of, such as a second answer to the last one.
    pub fn shut_down(&self) -> Option<CallError> {
        let phase = {
            let mut state = self.state();
            std::mem::replace(&mut state.phase, Phase::Closed)
        };
        self.0.changed.notify_all();
        let Phase::Running(session) = phase else { return None };
        let cause = session.shut_down()?;
        Some(self.error(&session.last_call(), cause, session.stderr()))
    }

    /// Calls a method whose result has a known shape.
    pub(crate) fn typed<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<T, CallError> {
        let (session, answer) = self.asked(method, params, self.0.launch.limits.of_call(method))?;
        let result = match answer {
            Ok(Ok(result)) => parse(method, &result),
            Ok(Err(error)) => Err(reported(method, error)),
            Err(cause) => Err(cause),
        };
        result.map_err(|cause| {
            let heard = match cause {
                Cause::Reported(_) | Cause::Cancelled { ended: false } => Vec::new(),
                _ => session.stderr(),
            };
            self.error(method, cause, heard)
        })
    }

    /// Asks when it is its turn, and waits for an answer of whatever shape.
    fn asked(
        &self,
        method: &str,
        params: &(impl Serialize + ?Sized),
        limit: Option<Duration>,
    ) -> Result<(Arc<Session>, Result<Answer, Cause>), CallError> {
        let _turn = self.turn();
        let session = self.session().map_err(|NoSession { starting, cause, stderr }| {
            self.error(if starting { "initialize" } else { method }, cause, stderr)
        })?;
        let answer = session.request(method, params, limit);
        Ok((session, answer))
    }

    /// Where files of caches change hands.
    pub(crate) fn exchange(&self) -> Option<&Path> {
        self.0.launch.exchange.as_deref()
    }

    /// What a result of the wrong shape means for its call.
    pub(crate) fn bad_result(&self, method: &str, reason: String) -> CallError {
        let cause = Cause::BadResult { method: method.to_owned(), reason };
        self.error(method, cause, Vec::new())
    }

    /// A call that has failed.
    pub(crate) fn error(&self, call: &str, cause: Cause, stderr: Vec<String>) -> CallError {
        let Launch { plugin, version, .. } = &*self.0.launch;
        CallError {
            plugin: plugin.clone(),
            version: version.clone(),
            call: call.to_owned(),
            cause,
            stderr,
        }
    }

    /// Waits until a call may begin.
    fn turn(&self) -> Turn<'_> {
        let mut state = self.state();
        if let Some(most) = self.0.launch.limits.concurrency {
            while state.active >= most.max(1) {
                state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.active += 1;
        Turn(self)
    }

    /// The running process, started when there is none.
    fn session(&self) -> Result<Arc<Session>, NoSession> {
        let mut state = self.state();
        loop {
            if state.cancelled {
                return Err(NoSession::because(Cause::Cancelled { ended: false }));
            }
            match &state.phase {
                Phase::Running(session) => match session.condition() {
                    Condition::Alive => return Ok(session.clone()),
                    Condition::Untold(cause) => {
                        let stderr = session.stderr();
                        return Err(NoSession { starting: false, cause, stderr });
                    }
                    Condition::Over(cause) if state.starts >= STARTS => {
                        let (cause, stderr) = (Cause::GaveUp(cause.to_string()), session.stderr());
                        return Err(NoSession { starting: false, cause, stderr });
                    }
                    Condition::Over(_) => return self.begin(state),
                },
                Phase::Idle => return self.begin(state),
                Phase::Starting(_) => {
                    state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Phase::Failed(why) => return Err(why.clone()),
                Phase::Closed => return Err(NoSession::because(Cause::Closed)),
            }
        }
    }

    fn begin(&self, mut state: MutexGuard<'_, State>) -> Result<Arc<Session>, NoSession> {
        state.phase = Phase::Starting(None);
        state.starts += 1;
        drop(state);
        let started = Session::start(&self.0.launch, &self.0.services).and_then(|session| {
            let mut state = self.state();
            if matches!(state.phase, Phase::Starting(_)) {
                state.phase = Phase::Starting(Some(session.clone()));
            }
            let cancelled = state.cancelled;
            drop(state);
            if cancelled {
                session.abort();
            }
            session.introduce().map(|()| session)
        });
        let started =
            started.map_err(|(cause, stderr)| NoSession { starting: true, cause, stderr });
        let mut state = self.state();
        let cancelled = state.cancelled;
        let result = match (&state.phase, started) {
            (Phase::Starting(_), Ok(session)) => {
                state.phase = Phase::Running(session.clone());
                if cancelled {
                    Err(NoSession::because(Cause::Cancelled { ended: false }))
                } else {
                    Ok(session)
                }
            }
            (Phase::Starting(_), Err(why)) => {
                state.phase = Phase::Failed(why.clone());
                Err(why)
            }
            // The run ended meanwhile.
            (_, Ok(session)) => {
                drop(state);
                session.shut_down();
                Err(NoSession::because(Cause::Closed))
            }
            (_, Err(why)) => Err(why),
        };
        self.0.changed.notify_all();
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Running(session) = &state.phase {
            session.shut_down();
        }
    }
}

/// One call of those that may be under way.
struct Turn<'a>(&'a Process);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let is_last = {
            let mut state = self.0.state();
            state.active -= 1;
            state.active == 0
        };
        self.0.0.changed.notify_all();
        if is_last {
            self.0.0.services.at_rest();
        }
    }
}

fn parse<T: DeserializeOwned>(method: &str, result: &RawValue) -> Result<T, Cause> {
    serde_json::from_str(result.get())
        .map_err(|error| Cause::BadResult { method: method.to_owned(), reason: plain(&error) })
}
