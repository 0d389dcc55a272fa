//! Who uses the store, or another folder of the cache, so that nobody takes away what is in use.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Store, StoreError};

/// Between two looks at who uses the store.
const PAUSE: Duration = Duration::from_millis(5);

/// As long as it lives, nothing is pruned: what was found in the store stays there, and what is put
/// there is not taken for garbage before something names it.
#[derive(Debug)]
pub struct Hold {
    _folder: Option<File>,
}

impl Hold {
    /// Keeps what is in a folder from being pruned. Waits while something is.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        // A folder that is not there has nothing to lose. Where the system has no locks for it, what
        // is pruned in the wrong moment is met as a miss.
        let folder = File::open(folder).ok();
        Self { _folder: folder.filter(|folder| folder.lock_shared().is_ok()) }
    }

    /// Keeps everybody else out of a folder; `None` where somebody uses it for longer than `patience`.
    #[must_use]
    pub fn alone(folder: &Path, patience: Duration) -> Option<Self> {
        let Ok(folder) = File::open(folder) else { return Some(Self { _folder: None }) };
        let end = Instant::now() + patience;
        loop {
            match folder.try_lock() {
                Ok(()) => return Some(Self { _folder: Some(folder) }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return None,
                Err(TryLockError::Error(_)) => return Some(Self { _folder: None }),
            }
        }
    }
}

impl Store {
    /// Keeps what is there from being pruned. Waits while something is.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold::of(self.folder())
    }

    /// The same for whoever is about to store a result and its contents, which begin to be safe here.
    ///
    /// # Errors
    /// If the store cannot be made.
    pub fn begin(&self) -> Result<Hold, StoreError> {
        self.temporary_folder()?;
        Ok(self.hold())
    }

    /// Keeps everybody else out; `None` where somebody uses the store for longer than `patience`.
    pub(crate) fn alone(&self, patience: Duration) -> Option<Hold> {
        Hold::alone(self.folder(), patience)
    }
}
