//! Contents' digests, for what the index does not know.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use purlin_model::{Digest, Hasher};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::clocks;
use super::stamp::{Stamp, Time, file_type, is_executable};
use crate::atomic::{Temporary, make_folders};
use crate::error::io_error;

/// How often a file that is being written is tried.
const TRIES: u64 = 4;

/// What was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed {
    pub(super) digest: Digest,
    pub(super) stamp: Stamp,
    pub(super) executable: bool,
}

/// Why nothing was read.
pub(super) enum HashError {
    /// There is no regular file any more.
    Gone,
    /// It changed each time while it was read.
    Changing,
    Io(io::Error),
}

/// Reads and hashes a file below `root`. The stamp holds for exactly the content that was read:
/// it is the same before and after.
pub(super) fn hash(root: BorrowedFd<'_>, path: &[u8], follow: bool) -> Result<Hashed, HashError> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    let mut buffer = Vec::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(attempt * 5));
        }
        let file = match rustix::fs::openat(root, path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => {
                return Err(HashError::Gone);
            }
            Err(error) => return Err(HashError::Io(error.into())),
        };
        let before = rustix::fs::fstat(&file)?;
        if file_type(&before) != FileType::RegularFile {
            return Err(HashError::Gone);
        }
        let stamp = Stamp::of(&before);
        let (digest, length) = read(file.as_fd(), stamp.size, &mut buffer)?;
        let after = Stamp::of(&rustix::fs::fstat(&file)?);
        if stamp == after && length == stamp.size {
            return Ok(Hashed { digest, stamp, executable: is_executable(&before) });
        }
    }
    Err(HashError::Changing)
}

fn read(file: BorrowedFd<'_>, size: u64, buffer: &mut Vec<u8>) -> Result<(Digest, u64), Errno> {
    // One byte more than the file should have, so that one read finds its end.
    let wanted = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1).min(1 << 18);
    if buffer.len() < wanted {
        buffer.resize(wanted, 0);
    }
    let mut hasher = Hasher::default();
    let mut length = 0;
    loop {
        match rustix::io::read(file, &mut *buffer) {
            Ok(0) => return Ok((hasher.finish(), length)),
            Ok(count) => {
                hasher.raw(&buffer[..count]);
                length += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

impl From<Errno> for HashError {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

/// The present moment by the clock that stamps files below `root`, taken from a file made beside
/// the index. Where that is on another file system or cannot be written, it is the system's
/// clock less what two clocks may differ by.
pub(super) fn file_system_time(root: BorrowedFd<'_>, index: &Path) -> Time {
    let probe = || {
        let device = rustix::fs::fstat(root).ok()?.st_dev;
        let folder = index.parent()?;
        make_folders(folder).ok()?;
        let mut file = Temporary::create(folder, "clock").ok()?;
        let (there, stat) = file
            .fill(|file, path| {
                let there = rustix::fs::fstat(&*file).map_err(io::Error::from);
                let there = there.map_err(io_error("read", path))?;
                Ok((there.st_dev, file.metadata().map_err(io_error("read", path))?))
            })
            .ok()?;
        let nanoseconds = u32::try_from(stat.ctime_nsec()).ok()?;
        let time = clocks::of_file(Time { seconds: stat.ctime(), nanoseconds });
        (there == device).then(|| clocks::present(time))
    };
    probe().unwrap_or_else(|| Time::now().earlier(Duration::from_secs(2)))
}
