//! Starting a program, keeping what it says, and seeing how it ends.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use purlin_store::{Chunk, FolderLocks, InstanceLock, Stream};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::action::Action;
use crate::cancel::{GRACE, Stop};
use crate::event::Event;
use crate::output::Logs;
use crate::platform::{Confinement, Inherits};
use crate::terminal::Foreground;

/// How long the pipes of a program that has ended are read on before what else holds them is ended.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long they are read on then.
const DRAIN: Duration = Duration::from_secs(2);
/// Beyond this many changes of stream, what is written is added to the last piece.
const MOST_CHUNKS: usize = 10_000;

/// Where a program's output is written.
#[derive(Debug, Clone)]
pub(crate) struct LogFiles {
    /// Standard output, byte for byte.
    pub stdout: PathBuf,
    /// Standard error, byte for byte.
    pub stderr: PathBuf,
}

impl LogFiles {
    pub(crate) fn with(&self, chunks: Vec<Chunk>) -> Logs {
        Logs { stdout: self.stdout.clone(), stderr: self.stderr.clone(), chunks }
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its exit status, unless a signal killed it.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// True when it was ended because its time was over.
    pub timed_out: bool,
}

/// What came of a program.
#[derive(Debug)]
pub(crate) struct Execution {
    /// How it ended.
    pub exit: Exit,
    /// When it said what.
    pub chunks: Vec<Chunk>,
    /// How long it ran.
    pub duration: Duration,
    /// Why its output could not be kept, if it could not.
    pub log_error: Option<std::io::Error>,
}

/// Takes what programs write, as they write it.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Some bytes of one stream.
    fn output(&self, stream: Stream, bytes: &[u8]);
}

/// Sends what programs write to whoever draws.
pub(crate) struct Forward<S> {
    id: String,
    send: S,
}

impl<S: Fn(Event) + Send + Sync + 'static> Forward<S> {
    pub(crate) fn new(id: String, send: S) -> Self {
        Self { id, send }
    }
}

impl<S: Fn(Event) + Send + Sync + 'static> Listener for Forward<S> {
    fn output(&self, stream: Stream, bytes: &[u8]) {
        (self.send)(Event::Output { id: self.id.clone(), stream, bytes: bytes.to_vec() });
    }
}

/// For output that is only kept.
pub(crate) struct Silent;

impl Listener for Silent {
    fn output(&self, _: Stream, _: &[u8]) {}
}

/// Under which conditions a program runs.
pub(crate) struct Conditions<'a> {
    /// How it is stopped.
    pub stop: Stop<'a>,
    /// What it may read, where that is limited.
    pub confinement: Option<Confinement>,
    /// Takes what it writes.
    pub listener: &'a Arc<dyn Listener>,
    /// What it alone may write into. Whatever it starts holds them, too.
    pub folders: &'a FolderLocks,
    /// What else it gets that is open here.
    pub inherits: Inherits,
    /// It may not write to the stdout of this process, even if it owns the terminal.
    pub keeps_stdout: bool,
}

/// Runs an action to its end with these process variables. Whatever it starts holds `lock`, the
/// instance's, too, where the conditions let it.
///
/// # Errors
/// The program could not be started.
pub(crate) fn execute(
    action: &Action,
    root: &Path,
    variables: &BTreeMap<OsString, OsString>,
    logs: &LogFiles,
    lock: &InstanceLock,
    conditions: &Conditions<'_>,
) -> std::io::Result<Execution> {
    let (program, arguments) = action.argv.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(&program.value);
    command
        .args(arguments.iter().map(|text| &text.value))
        .current_dir(root.join(&action.cwd))
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if action.interactive {
        crate::terminal::pass_on(&mut command, conditions.keeps_stdout)?;
    }
    let (folders, inherits) = (conditions.folders, conditions.inherits);
    crate::platform::prepare(&mut command, lock, folders, action.interactive, inherits);
    if let Some(confinement) = &conditions.confinement {
        crate::platform::enforce(&mut command, confinement);
    }
    lock.sign(None);
    conditions.folders.sign(None);
    let begin = Instant::now();
    let mut child = command.spawn()?;
    lock.sign(Some(child.id()));
    conditions.folders.sign(Some(child.id()));
    let group = Pid::from_child(&child);
    conditions.stop.add(group);
    let terminal = action.interactive.then(|| Foreground::of(group));
    let output = Output::start(&mut child, logs, begin, conditions.listener);
    let timer = action.timeout.map(|limit| Timer::start(group, limit));
    // The leader stays a zombie until the group has been ended, so that its number cannot have been
    // given to somebody else.
    if let Some(terminal) = &terminal {
        terminal.wait();
    }
    while let Err(rustix::io::Errno::INTR) =
        waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    {}
    let timed_out = timer.is_some_and(Timer::stop);
    // What a command leaves running could still write into its outputs.
    let _ = kill_process_group(group, Signal::KILL);
    conditions.stop.remove(group);
    drop(terminal);
    let status = child.wait()?;
    let duration = begin.elapsed();
    let (chunks, log_error) = output.finish(lock);
    let exit = Exit { code: status.code(), signal: status.signal(), timed_out };
    Ok(Execution { exit, chunks, duration, log_error })
}

/// Whether a program can be started, and succeeds, whatever it says.
#[must_use]
pub fn succeeds(argv: &[&str]) -> bool {
    let Some((program, arguments)) = argv.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Exit {
    /// True when it ended with status 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0) && !self.timed_out
    }

    /// How it ended, in words.
    #[must_use]
    pub fn described(&self) -> String {
        if self.timed_out {
            return "took longer than its time limit".to_owned();
        }
        match (self.code, self.signal) {
            (_, Some(signal)) => format!("was killed by {}", signal_name(signal)),
            (Some(code), None) if code > 128 && code < 160 => {
                format!(
                    "ended with status {code} (something in it was killed by {})",
                    signal_name(code - 128)
                )
            }
            (Some(127), None) => "ended with status 127 (a program was not found)".to_owned(),
            (Some(126), None) => {
                "ended with status 126 (a program could not be executed)".to_owned()
            }
            (Some(code), None) => format!("ended with status {code}"),
            (None, None) => "ended in an unknown way".to_owned(),
        }
    }
}

fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return format!("signal {number}"),
    };
    format!("{name} (signal {number})")
}

/// One of a program's two outputs.
type Pipe = Box<dyn Read + Send>;

/// The two threads that read a program's pipes.
struct Output {
    done: Receiver<Option<std::io::Error>>,
    chunks: Arc<Mutex<Vec<Chunk>>>,
    readers: usize,
}

impl Output {
    fn start(
        child: &mut Child,
        logs: &LogFiles,
        begin: Instant,
        listener: &Arc<dyn Listener>,
    ) -> Self {
        let (sender, done) = channel();
        let chunks = Arc::new(Mutex::new(Vec::new()));
        let pipes: [(Stream, Option<Pipe>, &Path); 2] = [
            (Stream::Stdout, child.stdout.take().map(|pipe| Box::new(pipe) as _), &logs.stdout),
            (Stream::Stderr, child.stderr.take().map(|pipe| Box::new(pipe) as _), &logs.stderr),
        ];
        let mut readers = 0;
        for (stream, pipe, log) in pipes {
            let (sender, chunks, listener) = (sender.clone(), chunks.clone(), listener.clone());
            let log = File::create(log);
            let Some(pipe) = pipe else { continue };
            readers += 1;
            // Not scoped: a process that left the group may hold the pipe for ever.
            std::thread::spawn(move || {
                let result = pump(pipe, log, stream, begin, &chunks, &*listener);
                let _ = sender.send(result.err());
            });
        }
        Self { done, chunks, readers }
    }

    fn finish(mut self, lock: &InstanceLock) -> (Vec<Chunk>, Option<std::io::Error>) {
        let mut error = None;
        if !self.drain(PATIENCE, &mut error) {
            // What has left the group could not be ended with it.
            lock.end_heirs();
            if !self.drain(DRAIN, &mut error) {
                error = error.or_else(|| {
                    Some(std::io::Error::other(
                        "a process that it started in the background still holds its output",
                    ))
                });
            }
        }
        (self.chunks.lock().unwrap_or_else(PoisonError::into_inner).clone(), error)
    }

    /// True when both pipes have been read to their end.
    fn drain(&mut self, limit: Duration, error: &mut Option<std::io::Error>) -> bool {
        let end = Instant::now() + limit;
        while self.readers > 0 {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(result) = self.done.recv_timeout(left) else { return false };
            self.readers -= 1;
            *error = error.take().or(result);
        }
        true
    }
}

/// Reads a pipe to its end even where the log cannot be written: the program must not block.
fn pump(
    mut pipe: Pipe,
    log: std::io::Result<File>,
    stream: Stream,
    begin: Instant,
    chunks: &Mutex<Vec<Chunk>>,
    listener: &dyn Listener,
) -> std::io::Result<()> {
    let mut failure = None;
    let mut log = log.map_err(|error| failure = Some(error)).ok();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failure.unwrap_or(error)),
        };
        let bytes = &buffer[..length];
        if let Some(Err(error)) = log.as_mut().map(|log| log.write_all(bytes)) {
            failure = Some(error);
            log = None;
        }
        {
            let mut chunks = chunks.lock().unwrap_or_else(PoisonError::into_inner);
            let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            let full = chunks.len() >= MOST_CHUNKS;
            let same = chunks.iter_mut().rev().take(if full { usize::MAX } else { 1 });
            match same.into_iter().find(|chunk| chunk.stream == stream && (full || chunk.ms == ms))
            {
                Some(chunk) => chunk.bytes += length as u64,
                None => chunks.push(Chunk { ms, stream, bytes: length as u64 }),
            }
        }
        listener.output(stream, bytes);
    }
    failure.map_or(Ok(()), Err)
}

/// Ends a group when its time is over.
struct Timer {
    stop: SyncSender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Timer {
    fn start(group: Pid, limit: Duration) -> Self {
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(limit) != Err(RecvTimeoutError::Timeout) {
                return false;
            }
            let _ = kill_process_group(group, Signal::TERM);
            if stopped.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            true
        });
        Self { stop, thread }
    }

    /// True when the time was over. Called while the leader is not reaped yet.
    fn stop(self) -> bool {
        let _ = self.stop.try_send(());
        self.thread.join().unwrap_or(false)
    }
}
