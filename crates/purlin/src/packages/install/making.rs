//! Where something that is to be installed is made.
//!
//! Each such folder has a file with a lock in it for as long as its purlin runs. One whose lock can be had
//! was left by a purlin that was killed.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use purlin_packages::{remove_tree, token};

/// Begins the names of such folders: nobody takes what begins with a dot for a version.
const PREFIX: &str = ".installing-";
const LOCK: &str = "lock";

/// A folder for what is not whole yet. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Making {
    folder: PathBuf,
    _lock: File,
}

impl Making {
    /// A new one in a folder, which is made where it is missing. Those of the dead are removed.
    pub(super) fn new(above: &Path) -> io::Result<Self> {
        fs::create_dir_all(above)?;
        sweep(above);
        let mut number = 0_u64;
        loop {
            let folder = above.join(format!("{PREFIX}{}-{number}", token()));
            number += 1;
            match fs::create_dir(&folder) {
                // Somebody on another machine has the same number and the same time.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            let path = folder.join(LOCK);
            match File::create_new(&path) {
                // Somebody has taken it for one of the dead meanwhile, as below.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                lock => {
                    let lock = lock?;
                    let is_locked = match lock.try_lock() {
                        Ok(()) => path.is_file(),
                        Err(TryLockError::WouldBlock) => false,
                        // Where there are no locks, nobody can be taken for dead.
                        Err(TryLockError::Error(_)) => true,
                    };
                    if is_locked {
                        return Ok(Self { folder, _lock: lock });
                    }
                }
            }
        }
    }

    /// The path at which it is made. Nothing is there.
    pub(super) fn place(&self) -> PathBuf {
        self.folder.join("made")
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What stays is removed by the next one.
        let _ = remove_tree(&self.folder);
    }
}

/// Removes what those have left who do not run any more. What cannot be removed is met again.
fn sweep(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        match File::options().read(true).write(true).open(folder.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => {
                let _ = remove_tree(&folder);
            }
            // It was killed before it had a lock: then the folder is empty.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let _ = fs::remove_dir(&folder);
            }
            _ => {}
        }
    }
}
