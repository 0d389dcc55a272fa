//! The end of a worker's stack: its thread says so and stops where it stands, instead of ending the
//! process.
//!
//! Depth is bounded where it can be counted. What the interpreter does by recursion besides, such as
//! freezing functions that hold functions that hold functions, ends here.

use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::{mem, panic, ptr};

use libc::{c_int, c_void, sigaction, siginfo_t};

use crate::allocator;
use crate::worker::Stop;

/// What was done about these signals before.
static BEFORE: OnceLock<Vec<(c_int, sigaction)>> = OnceLock::new();

/// How systems tell that a stack has ended.
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Looks after the stacks of workers from now on. The standard library gives each thread a stack for
/// signals, and its own handler still gets what is not ours.
///
/// A panic of a worker is told as an error by whoever waits for it, and by nobody else.
pub(crate) fn install() {
    BEFORE.get_or_init(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if allocator::watch_of_thread().is_none() {
                hook(info);
            }
        }));
        SIGNALS.into_iter().filter_map(replace).collect()
    });
}

fn replace(signal: c_int) -> Option<(c_int, sigaction)> {
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = stack_ended;
    let mut before = MaybeUninit::<sigaction>::uninit();
    // SAFETY: all zeros is a valid `sigaction`, the handler has the type that `SA_SIGINFO` promises,
    // and both structures live until the call returns, which fills `before` when it succeeds.
    unsafe {
        let mut action: sigaction = mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        (sigaction(signal, ptr::from_ref(&action), before.as_mut_ptr()) == 0)
            .then(|| (signal, before.assume_init()))
    }
}

extern "C" fn stack_ended(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes a valid structure, whose address is set for these signals.
    let address = unsafe { (*info).si_addr() } as usize;
    if let Some(watch) = allocator::watch_of_thread()
        && watch.stack_ends_at(address)
    {
        watch.stop(Stop::Stack);
        loop {
            // SAFETY: it has no preconditions. Signals interrupt it, and do not end the loop.
            unsafe { libc::pause() };
        }
    }
    let before = BEFORE.get().and_then(|all| all.iter().find(|(other, _)| *other == signal));
    pass_on(before.map(|(_, before)| before), signal, info, context);
}

/// What would have happened without us.
fn pass_on(before: Option<&sigaction>, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    match before {
        Some(before)
            if before.sa_flags & libc::SA_SIGINFO != 0
                && ![libc::SIG_DFL, libc::SIG_IGN].contains(&before.sa_sigaction) =>
        {
            // SAFETY: whoever registered it with `SA_SIGINFO` promised that it has this type.
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                unsafe { mem::transmute(before.sa_sigaction) };
            handler(signal, info, context);
        }
        // SAFETY: the default ends the process when the instruction is tried again.
        _ => unsafe {
            libc::signal(signal, libc::SIG_DFL);
        },
    }
}
