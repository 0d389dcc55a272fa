//! Locks that keep two processes from working on one instance at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use purlin_model::Digest;

use crate::error::io_error;
use crate::{StoreError, atomic};

/// An exclusive lock on a name, among all processes and threads that use the same folder. Released
/// when dropped, and by the system when the process ends, however it ends.
#[derive(Debug)]
pub struct InstanceLock {
    path: PathBuf,
    file: File,
}

impl InstanceLock {
    /// Waits until nobody else holds `name` in `folder`, which is made where it is missing.
    /// `on_wait` is called, once, if somebody does.
    ///
    /// # Errors
    /// If the lock file cannot be made or locked.
    pub fn acquire(folder: &Path, name: &str, on_wait: impl FnOnce()) -> Result<Self, StoreError> {
        atomic::make_folders(folder)?;
        let path = folder.join(format!("{}.lock", file_name(name)));
        let mut on_wait = Some(on_wait);
        loop {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(&path);
            let file = opened.map_err(io_error("create", &path))?;
            lock(&file, &mut on_wait).map_err(io_error("lock", &path))?;
            // Whoever held it before has removed the file; a newer one may have its name by now.
            if same_file(&file, &path).map_err(io_error("lock", &path))? {
                return Ok(Self { path, file });
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

fn lock(file: &File, on_wait: &mut Option<impl FnOnce()>) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => return Ok(()),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if let Some(on_wait) = on_wait.take() {
        on_wait();
    }
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            locked => return locked,
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
                        })
                        .unwrap();
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
        let first = InstanceLock::acquire(folder.path(), "a@b#c", || panic!("free")).unwrap();
        let _second = InstanceLock::acquire(folder.path(), "a#b@c", || panic!("free")).unwrap();
        assert!(first.path.file_name().unwrap().to_str().unwrap().starts_with("a-b-c-"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_environmental() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = InstanceLock::acquire(&file.join("locks"), "a", || {}).unwrap_err();
        assert!(error.is_environmental(), "{error}");
    }
}
