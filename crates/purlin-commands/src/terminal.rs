//! Handing the terminal to a program and taking it back.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process_group, waitid};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// Gives a program the streams of this process, but not its stdout if that is kept, and a group of
/// its own.
///
/// # Errors
/// There is no stderr to take its place.
pub(crate) fn pass_on(command: &mut Command, keeps_stdout: bool) -> io::Result<()> {
    let stdout = match keeps_stdout {
        true => io::stderr().as_fd().try_clone_to_owned()?.into(),
        false => Stdio::inherit(),
    };
    command.stdin(Stdio::inherit()).stdout(stdout).stderr(Stdio::inherit());
    command.process_group(0);
    Ok(())
}

/// While it lives, a program's group is the one that the terminal listens to.
pub(crate) struct Foreground {
    own: Option<Pid>,
    group: Pid,
}

impl Foreground {
    /// Hands the terminal over, if there is one and it is ours.
    pub(crate) fn of(group: Pid) -> Self {
        let stdin = io::stdin();
        let ours = stdin.is_terminal() && tcgetpgrp(&stdin).ok() == Some(getpgrp());
        let foreground = Self { own: ours.then(getpgrp), group };
        foreground.hand_over();
        foreground
    }

    /// Waits until the program has ended, leaving it to be reaped. One that the user stops stops
    /// this process with it, until the user lets both go on.
    pub(crate) fn wait(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(self.group), options) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(Some(status)) if status.stopped() && self.own.is_some() => {
                    // It is told once.
                    let _ = waitid(WaitId::Pid(self.group), WaitIdOptions::STOPPED);
                    self.take_back();
                    let _ = kill_process_group(getpgrp(), Signal::TSTP);
                    self.hand_over();
                    let _ = kill_process_group(self.group, Signal::CONT);
                }
                _ => return,
            }
        }
    }

    fn hand_over(&self) {
        if self.own.is_some() {
            set(self.group);
        }
    }

    fn take_back(&self) {
        if let Some(own) = self.own {
            set(own);
        }
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Makes a group the terminal's. Whoever is not may do so only while the signal for it is blocked.
fn set(group: Pid) {
    // SAFETY: the set is made by the call that fills it, and only this thread's mask is changed.
    #[expect(unsafe_code, reason = "the standard library knows no signal masks")]
    unsafe {
        let mut signals: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut signals);
        libc::sigaddset(&raw mut signals, libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, &raw mut before);
        let _ = tcsetpgrp(io::stdin(), group);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}
