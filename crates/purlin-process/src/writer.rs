//! Writing to a plugin that may not read.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ChildStdin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The plugin's stdin.
pub(crate) struct Writer(Mutex<Option<ChildStdin>>);

impl Writer {
    pub(crate) fn new(stdin: ChildStdin) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stdin, true)?;
        Ok(Self(Mutex::new(Some(stdin))))
    }

    /// Writes a whole message. Where that fails, a part of it may have been written, and nothing may
    /// follow.
    ///
    /// # Errors
    /// `TimedOut` when the plugin does not read in time, and `BrokenPipe` when nobody reads.
    pub(crate) fn write(&self, mut message: &[u8], until: Option<Instant>) -> io::Result<()> {
        let mut stdin = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        while !message.is_empty() {
            match stdin.write(message) {
                Ok(0) => return Err(io::ErrorKind::BrokenPipe.into()),
                Ok(length) => message = &message[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    let left = left.and_then(|left| Timespec::try_from(left).ok());
                    let mut ready = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::OUT)];
                    match poll(&mut ready, left.as_ref()) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Closes it, which asks the plugin to end.
    pub(crate) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
