//! A plugin's process together with whatever it starts.

use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use rustix::process::Signal;

use crate::exit::Exit;
use crate::launch::Launch;

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

/// A family that was started, and its pipes.
pub(crate) struct Started {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
    pub(crate) family: Family,
}

/// The processes of a plugin.
pub(crate) struct Family(system::Family);

impl Family {
    /// Starts a plugin as its launch says.
    pub(crate) fn start(launch: &Launch) -> io::Result<Started> {
        let (mut child, family) = system::start(launch)?;
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

    /// Waits until the plugin has ended by itself or by a signal, and until what it has left behind
    /// is ended, too. To be called once.
    pub(crate) fn wait(&self) -> Exit {
        self.0.wait()
    }
}
