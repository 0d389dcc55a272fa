//! On Linux each plugin has a supervisor: a fork of this process that adopts what the plugin leaves
//! behind, and that ends all of it when the plugin or this process ends, however they end.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Signal;

use super::Birth;
use super::supervisor::{Plan, split};
use crate::exit::Exit;
use crate::sandbox;

/// The supervisor, seen from the host.
pub(super) struct Family {
    /// Takes signal numbers, gives the status; closing it ends the family.
    control: UnixStream,
    supervisor: Mutex<Child>,
}

/// Starts a process. The second part of the result takes the child once its pipes are taken out.
pub(super) fn start(birth: &Birth<'_>) -> io::Result<(Child, impl FnOnce(Child) -> Family)> {
    let (program, arguments) = birth.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let confined = birth.confined.as_ref();
    let ruleset =
        confined.map(|confined| sandbox::ruleset(confined.sandbox)).transpose()?.flatten();
    let (control, theirs) = UnixStream::pair()?;
    let plan = Plan {
        control: theirs.as_raw_fd(),
        ruleset: ruleset.as_ref().map(AsRawFd::as_raw_fd),
        confined: confined.is_some(),
        memory: confined.and_then(|confined| confined.memory),
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(birth.folder)
        .env_clear()
        .envs(birth.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    // SAFETY: `split` makes system calls only, as must be between fork and exec, and its two file
    // descriptors stay open until `spawn` returns.
    unsafe {
        command.pre_exec(move || split(&plan));
    }
    let child = command.spawn()?;
    Ok((child, move |child| Family { control, supervisor: Mutex::new(child) }))
}

impl Family {
    pub(super) fn signal(&self, signal: Signal) {
        let number = u8::try_from(signal.as_raw()).unwrap_or_default();
        // A supervisor that is gone has nothing left to signal.
        let _ = (&self.control).write_all(&[number]);
    }

    pub(super) fn wait(&self) -> Exit {
        let mut status = [0; 4];
        let told = (&self.control).read_exact(&mut status);
        let mut supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        // Its own status says nothing, but it must not stay a zombie.
        let _ = supervisor.wait();
        match told {
            Ok(()) => Exit::of_wait(i32::from_ne_bytes(status)),
            Err(_) => Exit::Unknown,
        }
    }
}
