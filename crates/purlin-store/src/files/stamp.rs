//! How a change of a file is noticed without reading it.

use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, Stat};

use super::clocks;
use crate::defect;

/// A moment of a file system's clock: seconds, which may be before 1970, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

/// What is compared. The device is not: it differs between two mounts of the same disk, and two
/// snapshots in which all the rest is equal hold the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: Time,
    /// When the content or anything about the file changed last: no program can set it.
    pub(super) changed: Time,
    pub(super) inode: u64,
}

impl Stamp {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the fields of a stat have other types on other systems"
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        let time = |seconds, nanoseconds| clocks::of_file(Time { seconds, nanoseconds });
        Self {
            size: stat.st_size as u64,
            modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed: time(stat.st_ctime as i64, stat.st_ctime_nsec as u32),
            inode: stat.st_ino as u64,
        }
    }

    /// Git's racy rule: whether the file could be changed after it was hashed at `hashed`, by
    /// the clock of its file system, and keep this stamp.
    ///
    /// A clock of the kernel moves in ticks of up to 10 ms. A file system that keeps whole
    /// seconds, seen by a stamp without nanoseconds, moves in steps of up to 2 s.
    pub(super) fn is_racy(&self, hashed: Time) -> bool {
        let coarse = self.changed.nanoseconds == 0;
        let margin = if coarse { Duration::from_secs(2) } else { Duration::from_millis(10) };
        !defect::seeded("racy-stamps-trusted")
            && self.modified.max(self.changed) >= hashed.earlier(margin)
    }
}

impl Time {
    pub(super) fn now() -> Self {
        let now = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self {
                seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                nanoseconds: since.subsec_nanos(),
            },
            Err(before) => {
                let zero = Self { seconds: 0, nanoseconds: 0 };
                zero.earlier(before.duration())
            }
        };
        clocks::present(now)
    }

    pub(super) fn earlier(self, by: Duration) -> Self {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let seconds = self.seconds.saturating_sub(seconds);
        match self.nanoseconds.checked_sub(by.subsec_nanos()) {
            Some(nanoseconds) => Self { seconds, nanoseconds },
            None => Self {
                seconds: seconds.saturating_sub(1),
                nanoseconds: self.nanoseconds + 1_000_000_000 - by.subsec_nanos(),
            },
        }
    }
}

/// Whether the owner may execute it. The other permissions follow the user's umask, so they
/// would differ between checkouts.
pub(super) fn is_executable(stat: &Stat) -> bool {
    stat.st_mode & 0o100 != 0
}

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHED: Time = Time { seconds: 100, nanoseconds: 5_000_000 };

    fn stamp(modified: (i64, u32), changed: (i64, u32)) -> Stamp {
        let time = |(seconds, nanoseconds)| Time { seconds, nanoseconds };
        Stamp { size: 1, modified: time(modified), changed: time(changed), inode: 1 }
    }

    #[test]
    fn only_a_stamp_that_is_older_than_a_tick_is_trusted() {
        let old = (99, 994_999_999);
        assert!(!stamp(old, old).is_racy(HASHED));
        assert!(stamp(old, (99, 995_000_000)).is_racy(HASHED));
        assert!(stamp((200, 1), old).is_racy(HASHED), "a time in the future is never trusted");
    }

    #[test]
    fn whole_seconds_mean_a_coarse_clock() {
        assert!(stamp((98, 0), (99, 0)).is_racy(HASHED));
        assert!(!stamp((98, 0), (98, 0)).is_racy(HASHED));
    }

    #[test]
    fn times_before_the_epoch_are_in_order() {
        let zero = Time { seconds: 0, nanoseconds: 1 };
        let before = zero.earlier(Duration::from_nanos(2));
        assert_eq!(before, Time { seconds: -1, nanoseconds: 999_999_999 });
        assert!(before < zero);
    }
}
