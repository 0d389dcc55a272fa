//! A program of the user's own: it has the terminal, and is neither keyed nor kept.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::execute::Exit;

/// A program that was started and has standard input, output and error of this process.
#[derive(Debug)]
pub struct Foreground {
    /// `None` once it was waited for: its number may be somebody else's then.
    child: Mutex<Option<Child>>,
    pid: Pid,
}

impl Foreground {
    /// Starts a program in a folder with these process variables and no others.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(
        argv: &[OsString],
        folder: &Path,
        variables: &BTreeMap<OsString, OsString>,
    ) -> std::io::Result<Self> {
        let (program, arguments) = argv.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        let child =
            command.args(arguments).current_dir(folder).env_clear().envs(variables).spawn()?;
        let pid = Pid::from_child(&child);
        Ok(Self { child: Mutex::new(Some(child)), pid })
    }

    /// Passes a signal on, if the program still runs.
    pub fn signal(&self, number: i32) {
        let child = self.lock();
        if let (Some(_), Some(signal)) = (&*child, Signal::from_named_raw(number)) {
            // That it has ended meanwhile is what it would have been told.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    /// It was waited for already.
    pub fn wait(&self) -> std::io::Result<Exit> {
        // Nobody else may signal it once its number is free, so it is looked at first.
        while let Err(rustix::io::Errno::INTR) =
            waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {}
        let child = self.lock().take();
        let status = child.ok_or(std::io::ErrorKind::NotFound)?.wait()?;
        Ok(Exit { code: status.code(), signal: status.signal(), timed_out: false })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
