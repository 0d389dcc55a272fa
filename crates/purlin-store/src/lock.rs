//! Locks that keep two processes from working on one instance at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin_model::Digest;

use crate::error::io_error;
use crate::{StoreError, atomic};

/// Between two looks at a lock that somebody else holds: at first this long, then longer and longer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// An exclusive lock on a name, among all processes and threads that use the same folder. Released
/// when dropped, and by the system when the process ends, however it ends.
#[derive(Debug)]
pub struct InstanceLock {
    path: PathBuf,
    file: File,
}

impl InstanceLock {
    /// Waits until nobody else holds `name` in `folder`, which is made where it is missing. While
    /// somebody does, `wait` is asked again and again whether to go on waiting; `None` if it says no.
    ///
    /// # Errors
    /// If the lock file cannot be made or locked.
    pub fn acquire(
        folder: &Path,
        name: &str,
        mut wait: impl FnMut() -> bool,
    ) -> Result<Option<Self>, StoreError> {
        atomic::make_folders(folder)?;
        let path = folder.join(format!("{}.lock", file_name(name)));
        let mut pause = SHORTEST_PAUSE;
        loop {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(&path);
            let file = opened.map_err(io_error("create", &path))?;
            match file.try_lock() {
                // Whoever held it before has removed the file; a newer one may have its name by now.
                Ok(()) if same_file(&file, &path).map_err(io_error("lock", &path))? => {
                    return Ok(Some(Self { path, file }));
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if wait() => {
                    // The system's own waiting could not be ended by a signal to this process.
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
            }
        }
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody can hold the removed file and think it counts.
        // If it stays, it is only used again.
        if same_file(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A file name for something of any name: readable, and with a part of the digest, so that names
/// which differ only in punctuation or case do not meet.
#[must_use]
pub fn file_name(name: &str) -> String {
    let slug: String = name
        .chars()
        .take(40)
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .collect();
    format!("{slug}-{}", &Digest::of(name.as_bytes()).to_hex()[..16])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let inside = AtomicUsize::new(0);
        let (waited, rounds) = (AtomicUsize::new(0), 40);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let lock = InstanceLock::acquire(folder.path(), "a@b#c", || {
                            waited.fetch_add(1, Ordering::SeqCst);
                            true
                        })
                        .unwrap()
                        .expect("it never stops waiting");
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(waited.into_inner() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_that_differ_only_in_punctuation_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let free = |name| InstanceLock::acquire(folder.path(), name, || panic!("it is free"));
        let first = free("a@b#c").unwrap().unwrap();
        let _second = free("a#b@c").unwrap().unwrap();
        assert!(first.path.file_name().unwrap().to_str().unwrap().starts_with("a-b-c-"));
    }

    #[test]
    fn waiting_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let first = InstanceLock::acquire(folder.path(), "a", || true).unwrap();
        let mut patience = 3;
        let second = InstanceLock::acquire(folder.path(), "a", || {
            patience -= 1;
            patience > 0
        });
        assert!(second.unwrap().is_none());
        drop(first);
        assert!(InstanceLock::acquire(folder.path(), "a", || false).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_environmental() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = InstanceLock::acquire(&file.join("locks"), "a", || true).unwrap_err();
        assert!(error.is_environmental(), "{error}");
    }
}
