//! Ctrl-C, TERM and a terminal that goes away.
//!
//! They are watched from the moment on at which something may run that has to be told: commands, or a
//! plugin. Before that they end the process, as they always do. A program that has the terminal takes them
//! over.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use purlin_commands::{Cancel, Foreground};
use purlin_host::Canceller;
use purlin_model::Diagnostic;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
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
    /// The program that takes signals in place of this process.
    program: Mutex<Option<Arc<Foreground>>>,
}

/// Watches for signals from now on. Where that is not possible they do what they always do.
pub(crate) fn watch() {
    WATCH.started.get_or_init(|| {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        let work = move || {
            let mut count = 0;
            for signal in signals.forever().filter(|signal| !pass_on(*signal)) {
                count += 1;
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

/// Has a program take all signals from now on, also one that came while it was started: they mean
/// nothing to this process any more.
pub(crate) fn hand_over(program: &Arc<Foreground>) {
    *WATCH.program.lock().unwrap_or_else(PoisonError::into_inner) = Some(program.clone());
    let came = WATCH.came.swap(0, Ordering::SeqCst);
    if came != 0 {
        program.signal(came);
    }
    let Ok(mut more) = Signals::new([SIGQUIT, SIGUSR1, SIGUSR2]) else { return };
    let work = move || {
        for signal in more.forever() {
            pass_on(signal);
        }
    };
    let _ = std::thread::Builder::new().name("pass-on".into()).spawn(work);
}

/// Passes a signal on to the program that takes them. False when there is none.
fn pass_on(signal: i32) -> bool {
    let program = WATCH.program.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // What a terminal sends, it sends to the program itself.
    if let Some(program) = program.as_ref().filter(|_| !comes_from_terminal(signal)) {
        program.signal(signal);
    }
    program.is_some()
}

fn comes_from_terminal(signal: i32) -> bool {
    let streams = [
        std::io::stdin().is_terminal(),
        std::io::stdout().is_terminal(),
        std::io::stderr().is_terminal(),
    ];
    matches!(signal, SIGINT | SIGQUIT) && streams.contains(&true)
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
