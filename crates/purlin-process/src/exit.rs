//! How a process ended.

use std::fmt;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody has seen it.
    Unknown,
}

impl Exit {
    /// Reads the status that `wait` gives.
    pub(crate) fn of_wait(status: i32) -> Self {
        use std::os::unix::process::ExitStatusExt;

        let status = std::process::ExitStatus::from_raw(status);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Status(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "ended with status {status}"),
            Self::Signal(signal) => write!(formatter, "was killed by signal {signal}"),
            Self::Unknown => formatter.write_str("ended"),
        }
    }
}
