//! The process's own streams: the host's are moved out of everybody else's reach.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Takes stdin and stdout for the protocol. From then on fd 0 is empty and fd 1 is the log, for this
/// process and for those that it starts.
pub(crate) fn take() -> io::Result<(File, File)> {
    // The copies are closed in programs that the plugin starts: they could not end its stdout else.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input, output))
}

/// A line for the plugin's log.
pub(crate) fn log(line: &str) {
    // A log that nobody reads is no reason to fail.
    let _ = writeln!(io::stderr(), "{line}");
}
