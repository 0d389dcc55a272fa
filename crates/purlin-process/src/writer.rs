//! Writing to a plugin that may not read.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::process::ChildStdin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The plugin's stdin.
///
/// One message at a time is written, and nobody waits longer for that than they want to: neither for
/// their turn, nor for a plugin that does not read, nor to close it.
pub(crate) struct Writer {
    state: Mutex<State>,
    /// When the turn is over.
    changed: Condvar,
    /// Ends with [`State::open`], which wakes whoever waits for the plugin to read.
    closed: PipeReader,
}

struct State {
    /// Absent while somebody writes, and for good when it is closed or half a message was written.
    stdin: Option<ChildStdin>,
    writing: bool,
    /// Dropped when it is closed.
    open: Option<PipeWriter>,
}

impl Writer {
    pub(crate) fn new(stdin: ChildStdin) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stdin, true)?;
        let (closed, open) = io::pipe()?;
        let state = State { stdin: Some(stdin), writing: false, open: Some(open) };
        Ok(Self { state: Mutex::new(state), changed: Condvar::new(), closed })
    }

    /// Writes a whole message.
    ///
    /// # Errors
    /// `TimedOut` when the plugin does not read in time, and `BrokenPipe` when nobody reads, or when
    /// what was written before is no whole message.
    pub(crate) fn write(&self, message: &[u8], until: Option<Instant>) -> io::Result<()> {
        let mut stdin = self.turn(until)?;
        let mut written = 0;
        let result = self.write_to(&mut stdin, message, &mut written, until);
        let mut state = self.state();
        state.writing = false;
        if state.open.is_some() && (written == 0 || written == message.len()) {
            state.stdin = Some(stdin);
        }
        drop(state);
        self.changed.notify_all();
        result
    }

    /// Closes it, which asks the plugin to end. Whoever writes stops.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.open = None;
        state.stdin = None;
        drop(state);
        self.changed.notify_all();
    }

    fn turn(&self, until: Option<Instant>) -> io::Result<ChildStdin> {
        let mut state = self.state();
        loop {
            if let Some(stdin) = state.stdin.take() {
                state.writing = true;
                return Ok(stdin);
            }
            if !state.writing || state.open.is_none() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            state = match until {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn write_to(
        &self,
        stdin: &mut ChildStdin,
        message: &[u8],
        written: &mut usize,
        until: Option<Instant>,
    ) -> io::Result<()> {
        while *written < message.len() {
            match stdin.write(&message[*written..]) {
                Ok(0) => return Err(io::ErrorKind::BrokenPipe.into()),
                Ok(length) => *written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    let left = left.and_then(|left| Timespec::try_from(left).ok());
                    let mut ready = [
                        PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::OUT),
                        PollFd::new(&self.closed, PollFlags::IN),
                    ];
                    match poll(&mut ready, left.as_ref()) {
                        Ok(_) if !ready[1].revents().is_empty() => {
                            return Err(io::ErrorKind::BrokenPipe.into());
                        }
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
