//! Telling whether a file or folder is as it was, without opening it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far the clock that stamps files may lag behind the one that tells the time: file systems
/// stamp with the time of the last timer tick, which is at most this old.
const TICK: Duration = Duration::from_millis(10);

/// The state of a file or folder. Symbolic links are followed: what they lead to counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Nothing is there, or it cannot be looked at.
    Absent,
    /// Something is there.
    Present(Marks),
    /// It changed too shortly before it was looked at: another change could leave the same marks
    /// behind. Equal to nothing, itself included, as far as [`Stamp::holds`] is concerned.
    Racy,
}

/// What changes when a file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Nanoseconds since 1970, of the content.
    pub(crate) modified: i64,
    /// Nanoseconds since 1970, of anything about it.
    pub(crate) changed: i64,
    /// Number of the inode.
    pub(crate) inode: u64,
    /// Bytes.
    pub(crate) size: u64,
}

impl Stamp {
    /// The stamp of a path now, to be kept; `moment` is when the work that looks at it began.
    pub(crate) fn take(path: &Path, moment: SystemTime) -> Self {
        match Self::look(path) {
            Self::Present(marks) if is_racy(marks, moment) => Self::Racy,
            other => other,
        }
    }

    /// True when the path is as it was when this stamp was taken.
    pub(crate) fn holds(self, path: &Path) -> bool {
        self != Self::Racy && Self::look(path) == self
    }

    fn look(path: &Path) -> Self {
        std::fs::metadata(path).map_or(Self::Absent, |metadata| Self::Present(marks(&metadata)))
    }
}

/// True when another change could leave the same marks behind; `moment` is when the work that looks
/// at it began. Only `changed` is compared: unlike `modified` nobody can set it, and it moves with
/// every change of the content.
pub(crate) fn is_racy(marks: Marks, moment: SystemTime) -> bool {
    marks.changed >= nanoseconds(moment - TICK)
}

/// The marks of something that was looked at.
pub(crate) fn marks(metadata: &Metadata) -> Marks {
    let join = |seconds: i64, nanoseconds: i64| {
        seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
    };
    Marks {
        modified: join(metadata.mtime(), metadata.mtime_nsec()),
        changed: join(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        size: metadata.size(),
    }
}

fn nanoseconds(moment: SystemTime) -> i64 {
    moment
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_file_is_racy_and_an_old_one_holds_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert_eq!(Stamp::take(&file, SystemTime::now()), Stamp::Absent);
        assert!(Stamp::Absent.holds(&file));

        std::fs::write(&file, "one").unwrap();
        let racy = Stamp::take(&file, SystemTime::now());
        assert_eq!(racy, Stamp::Racy);
        assert!(!racy.holds(&file));
        assert!(!Stamp::Absent.holds(&file));

        std::thread::sleep(Duration::from_millis(25));
        let calm = Stamp::take(&file, SystemTime::now());
        assert!(calm.holds(&file));
        std::fs::write(&file, "two").unwrap();
        assert!(!calm.holds(&file));
    }

    #[test]
    fn a_modification_time_that_was_set_back_does_not_hide_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(25));
        let calm = Stamp::take(&path, SystemTime::now());
        std::fs::write(&path, "two").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert!(!calm.holds(&path));
    }
}
