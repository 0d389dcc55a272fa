//! Programs that are run for a plugin, with the user's rights and outside of its sandbox. They end with
//! it all the same, and with this process, together with all that they start.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use purlin_plugin::message::ExecResult;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::exit::Exit;
use crate::family::{Birth, Family, Started};

/// Bytes of one stream of a program; the rest is dropped.
const LARGEST: usize = 32 << 20;

/// How often it is looked whether a program has ended whose pipes somebody else holds open.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A program to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program, absolute, and its arguments.
    pub argv: Vec<OsString>,
    /// The folder that it starts in.
    pub folder: PathBuf,
    /// All of its process variables.
    pub environment: Vec<(OsString, OsString)>,
    /// What it reads.
    pub stdin: String,
}

/// The programs of one plugin that run. Copies are the same ones.
#[derive(Clone, Default)]
pub struct Programs(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    families: HashMap<u64, Arc<Family>>,
    last: u64,
    over: bool,
}

impl std::fmt::Debug for Programs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Programs").field(&self.running().families.len()).finish()
    }
}

impl Programs {
    /// Runs a program to its end. What it leaves running then is ended.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self, program: &Program) -> io::Result<ExecResult> {
        let Program { argv, folder, environment, stdin: input } = program;
        let started = Family::start(&Birth { argv, folder, environment, confined: None })?;
        let Started { stdin, stdout, stderr, family } = started;
        let family = Arc::new(family);
        let number = self.add(&family);
        let ended = AtomicBool::new(false);
        let (exit, stdout, stderr) = std::thread::scope(|scope| {
            let ended = &ended;
            scope.spawn(move || feed(stdin, input.as_bytes(), ended));
            let stdout = scope.spawn(move || text(stdout, ended));
            let stderr = scope.spawn(move || text(stderr, ended));
            let exit = family.wait();
            ended.store(true, Ordering::Release);
            (exit, stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default())
        });
        self.running().families.remove(&number);
        let (status, signal) = match exit {
            Exit::Status(status) => (Some(status), None),
            Exit::Signal(signal) => (None, Some(signal)),
            Exit::Unknown => (None, None),
        };
        Ok(ExecResult { status, signal, stdout, stderr })
    }

    /// Ends all of them; those that come later are ended at once.
    pub fn end(&self) {
        self.running().over = true;
        self.end_running();
    }

    /// Ends those that run now.
    pub(crate) fn end_running(&self) {
        for family in self.running().families.values() {
            family.signal(Signal::KILL);
        }
    }

    fn add(&self, family: &Arc<Family>) -> u64 {
        let mut running = self.running();
        running.last += 1;
        let number = running.last;
        running.families.insert(number, family.clone());
        if running.over {
            family.signal(Signal::KILL);
        }
        number
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a program what it reads. It need not read all of it.
fn feed(mut stdin: impl Write + AsFd, mut input: &[u8], ended: &AtomicBool) {
    // Otherwise a pipe that nobody reads from would be waited for without end.
    if rustix::io::ioctl_fionbio(&stdin, true).is_err() {
        return;
    }
    while !input.is_empty() && ready(&stdin, PollFlags::OUT, ended) {
        match stdin.write(input) {
            Ok(length) => input = &input[length..],
            Err(error)
                if [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock]
                    .contains(&error.kind()) => {}
            Err(_) => return,
        }
    }
}

/// What a program writes. What was read until something went wrong is what there is.
fn text(mut pipe: impl Read + AsFd, ended: &AtomicBool) -> String {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while ready(&pipe, PollFlags::IN, ended) {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let room = LARGEST - bytes.len();
                bytes.extend_from_slice(&buffer[..length.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a pipe; false when the program has ended and nothing more comes.
fn ready(pipe: &impl AsFd, flags: PollFlags, ended: &AtomicBool) -> bool {
    loop {
        let has_ended = ended.load(Ordering::Acquire);
        match poll(&mut [PollFd::new(pipe, flags)], Some(&LOOK)) {
            Ok(0) if has_ended => return false,
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}
