//! Locks that keep two processes from working on one instance at once.

mod contention;
mod folders;
mod processes;

pub use contention::Obstacle;
pub use folders::{FolderLocks, FolderWait, folders_above};

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin_model::Digest;

use self::contention::Contention;
use crate::error::io_error;
use crate::{StoreError, atomic, defect};

/// Between two looks at a lock that somebody else holds: at first this long, then longer and longer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// An exclusive lock on a name, among all processes and threads that use the same folder. Released
/// when dropped, and by the system when the process ends, however it ends: but where the descriptor
/// was given to a child, not before everybody who has it from there has ended too.
#[derive(Debug)]
pub struct InstanceLock {
    path: PathBuf,
    file: File,
    mode: Mode,
    /// What others may have to know of it besides its holder: the folder that it is of, or what its
    /// holder says.
    about: Vec<u8>,
    /// Whether one who was killed has left it.
    is_left: bool,
}

/// Whether others may have a lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Exclusive,
    Shared,
}

impl InstanceLock {
    /// Where a child gets the descriptor: no process has so many files open that its own could be
    /// there, no shell has a way to name it, and it is below the usual limit of 1024.
    pub const FIRST_OF_HEIRS: RawFd = 1000;

    /// Whether somebody seems to have the lock on `name` in `folder`: one who was killed has left
    /// traces of it, too.
    #[must_use]
    pub fn is_taken(folder: &Path, name: &str) -> bool {
        // What cannot be told is left to whoever takes the lock.
        !fs::symlink_metadata(lock_path(folder, name))
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// What those have said of themselves, but for `name`, who have a lock in `folder` or were killed while
    /// they had it.
    #[must_use]
    pub fn told_by_others(folder: &Path, name: &str) -> Vec<Vec<u8>> {
        let own = lock_name(name);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let others = entries.filter(|entry| {
            let name = entry.file_name();
            name != OsStr::new(&own) && !folders::is_of_folder(&name)
        });
        let about = |entry: fs::DirEntry| {
            contention::about(&mut File::open(entry.path()).ok()?).ok().flatten()
        };
        others.filter_map(about).filter(|about| !about.is_empty()).collect()
    }

    /// Waits until nobody else holds `name` in `folder`, which is made where it is missing. While
    /// somebody does, `wait` is told again and again why, and asked whether to go on waiting; `None`
    /// if it says no. On Linux, what the holder has left running is ended if it was killed.
    ///
    /// # Errors
    /// If the lock file cannot be made or locked.
    pub fn acquire(
        folder: &Path,
        name: &str,
        mut wait: impl FnMut(Obstacle) -> bool,
    ) -> Result<Option<Self>, StoreError> {
        atomic::make_folders(folder)?;
        let path = lock_path(folder, name);
        let mut contention = Contention::default();
        let mut pause = SHORTEST_PAUSE;
        loop {
            match attempt(&path, Mode::Exclusive)? {
                Ok(lock) => return Ok(Some(lock)),
                Err(file) if !wait(contention.look(&path, &file)) => return Ok(None),
                Err(_) => {}
            }
            // The system's own waiting could not be ended by a signal to this process.
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What others are to know should this one be killed while something runs under the lock.
    pub fn tell(&mut self, about: Vec<u8>) {
        self.about = about;
    }

    /// Whether the last one who had it was killed while something ran under it.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.is_left
    }

    /// Tells others who holds the lock, and by the number of its process what runs under it. To be
    /// called before a child gets the descriptor, as number [`Self::FIRST_OF_HEIRS`] or above, and again when its number is known.
    pub fn sign(&self, leader: Option<u32>) {
        // Without it others wait where they could help themselves.
        let _ = contention::sign(&self.file, leader, &self.about);
    }

    /// Ends everybody who has the descriptor from this process. Nobody is found where there is no
    /// `/proc`.
    pub fn end_heirs(&self) {
        contention::end_heirs(&self.path, &self.file);
    }
}

impl AsFd for InstanceLock {
    /// The descriptor on which the lock is. It is closed when another program is started.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // The last of those who share it clears up; who does not get it alone has let it go by asking.
        let alone = self.mode == Mode::Exclusive || self.file.try_lock().is_ok();
        // While it is still locked, so that nobody can hold the removed file and think it counts.
        // If it stays, it is only used again.
        if alone && same_file(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
        // Closing would not be enough where a child has left something running.
        let _ = self.file.unlock();
    }
}

fn lock_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(lock_name(name))
}

fn lock_name(name: &str) -> String {
    format!("{}.lock", file_name(name))
}

/// The file, where somebody else has locked it.
fn attempt(path: &Path, mode: Mode) -> Result<Result<InstanceLock, File>, StoreError> {
    loop {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(path);
        let file = opened.map_err(io_error("create", path))?;
        let locked = match mode {
            Mode::Exclusive => file.try_lock(),
            Mode::Shared => file.try_lock_shared(),
        };
        match locked {
            // Whoever held it before has removed the file; a newer one may have its name by now.
            Ok(()) if same_file(&file, path).map_err(io_error("lock", path))? => {
                // Who lets it go removes it, and what is new is empty until something runs.
                let is_left = file.metadata().is_ok_and(|metadata| metadata.len() > 0);
                return Ok(Ok(InstanceLock {
                    path: path.to_owned(),
                    file,
                    mode,
                    about: Vec::new(),
                    is_left,
                }));
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(file)),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", path)(error)),
        }
    }
}

fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok(processes::same(&ours, &named)),
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
    if defect::seeded("ids-collide") {
        return slug;
    }
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
                        let lock = InstanceLock::acquire(folder.path(), "a@b#c", |_| {
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
        let free = |name| InstanceLock::acquire(folder.path(), name, |_| panic!("it is free"));
        let first = free("a@b#c").unwrap().unwrap();
        let _second = free("a#b@c").unwrap().unwrap();
        assert!(first.path.file_name().unwrap().to_str().unwrap().starts_with("a-b-c-"));
    }

    #[test]
    fn waiting_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let first = InstanceLock::acquire(folder.path(), "a", |_| true).unwrap();
        let mut patience = 3;
        let second = InstanceLock::acquire(folder.path(), "a", |obstacle| {
            assert_eq!(obstacle, Obstacle::Held);
            patience -= 1;
            patience > 0
        });
        assert!(second.unwrap().is_none());
        assert!(InstanceLock::is_taken(folder.path(), "a"));
        drop(first);
        assert!(!InstanceLock::is_taken(folder.path(), "a"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_environmental() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = InstanceLock::acquire(&file.join("locks"), "a", |_| true).unwrap_err();
        assert!(error.is_environmental(), "{error}");
    }
}
