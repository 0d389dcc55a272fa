//! A folder for one plugin in one run. It is held by a lock for as long as it is used, so that one
//! which was left behind, by a run that was killed, is removed by the next that needs one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// The folder, removed when this is dropped.
pub(crate) struct Scratch {
    dir: TempDir,
    /// Ends with this process, however that ends.
    _held: File,
}

impl Scratch {
    /// Makes one below the user's cache folder.
    pub(super) fn new(cache: &Path) -> io::Result<Self> {
        let above = cache.join("scratch");
        fs::create_dir_all(&above)?;
        let (scratch, left) = {
            // Between being made and being held a folder looks as one that was left behind.
            let all = File::open(&above)?;
            all.lock()?;
            let left = left(&above);
            let dir = tempfile::Builder::new().prefix("run-").tempdir_in(&above)?;
            let held = File::open(dir.path())?;
            held.lock()?;
            (Self { dir, _held: held }, left)
        };
        for (path, _held) in left {
            // What cannot be removed is no hindrance.
            let _ = fs::remove_dir_all(path);
        }
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// The folders that nobody holds, now held.
fn left(above: &Path) -> Vec<(std::path::PathBuf, File)> {
    let entries = fs::read_dir(above).into_iter().flatten().filter_map(Result::ok);
    let held = entries.filter_map(|entry| {
        let file = File::open(entry.path()).ok()?;
        file.try_lock().ok()?;
        Some((entry.path(), file))
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_behind_is_removed_and_what_is_used_is_not() {
        let cache = tempfile::tempdir().unwrap();
        let used = Scratch::new(cache.path()).unwrap();
        let left = cache.path().join("scratch/run-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("file"), "").unwrap();
        let other = Scratch::new(cache.path()).unwrap();
        assert!(used.path().is_dir() && other.path().is_dir() && !left.exists());
        drop((used, other));
        assert_eq!(fs::read_dir(cache.path().join("scratch")).unwrap().count(), 0);
    }
}
