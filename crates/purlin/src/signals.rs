//! Ctrl-C, TERM and a terminal that goes away.
//!
//! They are watched from the moment on at which something may run that has to be told: commands, or a
//! plugin. Before that they end the process, as they always do.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use purlin_commands::Cancel;
use purlin_host::Canceller;
use purlin_model::Diagnostic;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

use crate::failure::CANCELLED;

/// What this process does about signals.
static WATCH: LazyLock<Watch> = LazyLock::new(Watch::default);

/// As often a signal is passed on; the next one ends this process at once.
const PASSED_ON: u32 = 2;

#[derive(Default)]
struct Watch {
    started: OnceLock<()>,
    /// The last one that came, or 0.
    came: AtomicI32,
    cancel: Cancel,
    plugins: Mutex<Vec<Canceller>>,
}

/// Watches for signals from now on. Where that is not possible they do what they always do.
pub(crate) fn watch() {
    WATCH.started.get_or_init(|| {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        let work = move || {
            for (signal, count) in signals.forever().zip(1u32..) {
                if count > PASSED_ON {
                    std::process::exit(CANCELLED.into());
                }
                WATCH.came.store(signal, Ordering::SeqCst);
                WATCH.cancel.trigger();
                // A second signal must not wait for it. Without a thread, their time limits end them.
                let _ = std::thread::Builder::new().spawn(cancel_plugins);
            }
        };
        let _ = std::thread::Builder::new().name("signals".into()).spawn(work);
    });
}

/// What a signal stops, for those who run programs.
pub(crate) fn cancel() -> Cancel {
    WATCH.cancel.clone()
}

/// Has the calls of these plugins ended by a signal, also by one that has come already.
pub(crate) fn end(plugins: Canceller) {
    WATCH.plugins.lock().unwrap_or_else(PoisonError::into_inner).push(plugins);
    if came().is_some() {
        cancel_plugins();
    }
}

/// The exit code of a process that a signal has asked to end, and what to say instead of the failures
/// that follow from that.
pub(crate) fn stopped() -> Option<(ExitCode, Diagnostic)> {
    let signal = came()?;
    let name = signal_name(signal).unwrap_or("a signal");
    Some((ExitCode::from(CANCELLED), Diagnostic::error("cancelled", format!("stopped by {name}"))))
}

fn came() -> Option<i32> {
    Some(WATCH.came.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

fn cancel_plugins() {
    let all = WATCH.plugins.lock().unwrap_or_else(PoisonError::into_inner).clone();
    std::thread::scope(|scope| {
        for plugins in &all {
            scope.spawn(|| plugins.cancel());
        }
    });
}
