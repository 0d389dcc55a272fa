//! Elsewhere a plugin is a process group. What leaves the group is not found again.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Birth;
use super::inherited::close_on_exec;
use crate::exit::Exit;

pub(super) struct Family {
    leader: Option<Pid>,
    child: Mutex<Child>,
}

/// Starts a process. The second part of the result takes the child once its pipes are taken out.
pub(super) fn start(birth: &Birth<'_>) -> io::Result<(Child, impl FnOnce(Child) -> Family)> {
    let (program, arguments) = birth.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
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
    // SAFETY: it makes system calls only, as must be between fork and exec.
    unsafe {
        command.pre_exec(|| {
            close_on_exec();
            Ok(())
        });
    }
    let child = command.spawn()?;
    Ok((child, |child: Child| Family {
        leader: i32::try_from(child.id()).ok().and_then(Pid::from_raw),
        child: Mutex::new(child),
    }))
}

impl Family {
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // A group that has ended meanwhile is what was wanted.
            let _ = kill_process_group(leader, signal);
        }
    }

    pub(super) fn wait(&self) -> Exit {
        use std::os::unix::process::ExitStatusExt;

        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        self.signal(Signal::KILL);
        status.map_or(Exit::Unknown, |status| Exit::of_wait(status.into_raw()))
    }
}
