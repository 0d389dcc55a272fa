//! What an author sees while the kit waits for their plugin. One that hangs says nothing, and some
//! checks take their time with a plugin that does all right.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::Global;
use crate::draw;

/// After how long a check is worth a line that stays, and after twice as long each next one.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the time is drawn anew, where a line can change.
const TICK: Duration = Duration::from_millis(200);

/// Tells which check is waited for.
pub(super) enum Waiting {
    /// Nobody wants to know.
    Quiet,
    /// One line that changes, on a terminal.
    Live(ProgressBar),
    /// A line for each check that takes long.
    Lines(Clock),
}

impl Waiting {
    pub(super) fn new(global: &Global) -> Self {
        if global.quiet || global.json {
            return Self::Quiet;
        }
        let style = ProgressStyle::with_template("wait  {msg}  {elapsed}");
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        match style {
            Ok(style) if !line.is_hidden() => Self::Live(line.with_style(style)),
            _ => Self::Lines(Clock::new()),
        }
    }

    /// A check begins.
    pub(super) fn begin(&self, check: &str) {
        match self {
            Self::Quiet => {}
            Self::Live(line) => {
                line.reset_elapsed();
                line.set_message(check.to_owned());
                line.enable_steady_tick(TICK);
            }
            Self::Lines(clock) => clock.set(Some(check)),
        }
    }

    /// It has ended.
    pub(super) fn end(&self) {
        if let Self::Lines(clock) = self {
            clock.set(None);
        }
    }

    /// Draws something that stays.
    pub(super) fn above(&self, draw: impl FnOnce()) {
        match self {
            Self::Live(line) => line.suspend(draw),
            _ => draw(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Self::Live(line) = self {
            line.finish_and_clear();
        }
    }
}

/// Watches the time, as the check itself is busy with waiting.
pub(super) struct Clock {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    check: Option<Check>,
    over: bool,
}

struct Check {
    name: String,
    since: Instant,
    /// When there is something to be said.
    patience: Duration,
}

impl Clock {
    fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let watched = shared.clone();
        let thread = std::thread::spawn(move || watched.watch());
        Self { shared, thread: Some(thread) }
    }

    fn set(&self, check: Option<&str>) {
        self.shared.state().check = check.map(|name| Check {
            name: name.to_owned(),
            since: Instant::now(),
            patience: PATIENCE,
        });
        self.shared.changed.notify_all();
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // That it has panicked is no reason for the test to fail.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self) {
        let mut state = self.state();
        while !state.over {
            let Some(check) = &mut state.check else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let passed = check.since.elapsed();
            if passed >= check.patience {
                let Check { name, patience, .. } = check;
                draw::err(format_args!("wait  {name}: no end after {} s\n", patience.as_secs()));
                check.patience *= 2;
                continue;
            }
            let left = check.patience - passed;
            state =
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
