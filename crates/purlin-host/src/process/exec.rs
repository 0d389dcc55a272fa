//! `host/exec`: programs that are run for a plugin, with the user's rights and outside of the
//! plugin's sandbox. That is why each must be granted by name.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use purlin_plugin::message::{ErrorCode, ExecRequest, ExecResult, PluginError};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::program;
use crate::Surroundings;

/// Bytes of one stream of a program; the rest is dropped.
const LARGEST: u64 = 32 << 20;

/// The programs of one plugin that run.
#[derive(Default)]
pub(super) struct Programs(Mutex<Running>);

#[derive(Default)]
struct Running {
    groups: HashSet<Pid>,
    over: bool,
}

impl Programs {
    /// Runs a granted program to its end.
    pub(super) fn run(
        &self,
        request: &ExecRequest,
        granted: &[String],
        folder: &Path,
        variables: &[(OsString, OsString)],
        surroundings: &Surroundings,
    ) -> Result<ExecResult, PluginError> {
        let name = request.argv.first().map_or("", String::as_str);
        if !granted.iter().any(|one| one == name) {
            return Err(PluginError::new(
                ErrorCode::Refused,
                format!("`{name}` is none of the programs that its manifest asks for (`run`)"),
            ));
        }
        let program = program::find(name, folder, surroundings).ok_or_else(|| {
            PluginError::new(ErrorCode::NotFound, format!("there is no `{name}` on PATH"))
        })?;
        let started = |error: io::Error| {
            PluginError::new(ErrorCode::NotFound, format!("`{name}` cannot be started: {error}"))
        };
        let cwd = request.cwd.as_ref().map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd));
        self.to_its_end(&program, request, &cwd, variables).map_err(started)
    }

    fn to_its_end(
        &self,
        program: &PathBuf,
        request: &ExecRequest,
        cwd: &Path,
        variables: &[(OsString, OsString)],
    ) -> io::Result<ExecResult> {
        let mut child = Command::new(program)
            .args(request.argv.iter().skip(1))
            .current_dir(cwd)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .envs(&request.env)
            .stdin(if request.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let pid = Pid::from_child(&child);
        self.add(pid);
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = std::thread::scope(|scope| {
            if let (Some(mut stdin), Some(input)) = (stdin, request.stdin.as_deref()) {
                // A program need not read all that it is given.
                scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
            }
            let other = scope.spawn(move || stderr.map(text).unwrap_or_default());
            (stdout.map(text).unwrap_or_default(), other.join().unwrap_or_default())
        });
        // Until it is reaped its number means nobody else.
        let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        self.running().groups.remove(&pid);
        let status = child.wait()?;
        Ok(ExecResult { status: status.code(), signal: status.signal(), stdout, stderr })
    }

    /// Ends all of them; those that come later are ended at once.
    pub(super) fn end(&self) {
        let mut running = self.running();
        running.over = true;
        for group in &running.groups {
            // A group that has ended meanwhile is what was wanted.
            let _ = kill_process_group(*group, Signal::KILL);
        }
    }

    fn add(&self, group: Pid) {
        let mut running = self.running();
        running.groups.insert(group);
        if running.over {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a program writes. What was read until something went wrong is what there is.
fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.by_ref().take(LARGEST).read_to_end(&mut bytes);
    let _ = io::copy(&mut pipe, &mut io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}
