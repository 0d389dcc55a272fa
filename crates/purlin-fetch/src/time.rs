//! The time that everything has which builds see.

use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

/// The second of January 1980. Earlier times, and the first in some zones, cannot be put into a zip,
/// so that a Python wheel could not be built.
const TIME: i64 = 315_619_200;

/// Sets the time of a file, folder or link.
pub(crate) fn set(path: &Path) -> io::Result<()> {
    let time = Timespec { tv_sec: TIME, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
