//! A process together with whatever it starts: a plugin, or a program that is run for one.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use rustix::process::Signal;

use crate::exit::Exit;
use crate::launch::{Launch, Sandbox};

#[cfg(target_os = "linux")]
#[path = "family/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "family/other.rs"]
mod system;

#[path = "family/inherited.rs"]
mod inherited;
#[cfg(target_os = "linux")]
#[path = "family/supervisor.rs"]
mod supervisor;

/// What is started, and how.
pub(crate) struct Birth<'a> {
    /// The program, absolute, and its arguments.
    pub(crate) argv: &'a [OsString],
    pub(crate) folder: &'a Path,
    /// All of its process variables.
    pub(crate) environment: &'a [(OsString, OsString)],
    /// What it is confined to; `None` for what has the user's rights.
    pub(crate) confined: Option<Confined<'a>>,
}

/// What a process may touch and use up.
pub(crate) struct Confined<'a> {
    pub(crate) sandbox: &'a Sandbox,
    /// Bytes of writable memory for each process.
    pub(crate) memory: Option<u64>,
}

impl<'a> Birth<'a> {
    /// A plugin as its launch says.
    pub(crate) fn of(launch: &'a Launch) -> Self {
        Self {
            argv: &launch.argv,
            folder: &launch.folder,
            environment: &launch.environment,
            confined: Some(Confined { sandbox: &launch.sandbox, memory: launch.limits.memory }),
        }
    }
}

/// A family that was started, and its pipes.
pub(crate) struct Started {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
    pub(crate) family: Family,
}

/// A process with all that it starts.
pub(crate) struct Family(system::Family);

impl Family {
    /// Starts one.
    pub(crate) fn start(birth: &Birth<'_>) -> io::Result<Started> {
        let (mut child, family) = system::start(birth)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let family = Self(family(child));
        match pipes {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                Ok(Started { stdin, stdout, stderr, family })
            }
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Sends a signal to all of them, as far as they can be found.
    pub(crate) fn signal(&self, signal: Signal) {
        self.0.signal(signal);
    }

    /// Waits until the process has ended by itself or by a signal, and until what it has left behind
    /// is ended, too. To be called once.
    pub(crate) fn wait(&self) -> Exit {
        self.0.wait()
    }
}
