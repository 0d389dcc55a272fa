//! Who uses the store, so that nobody takes away what is in use.

use std::fs::{File, TryLockError};
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

impl Store {
    /// Keeps what is there from being pruned. Waits while something is.
    #[must_use]
    pub fn hold(&self) -> Hold {
        // A store that is not there has nothing to lose. Where the system has no locks for it, what
        // is pruned in the wrong moment is met as a miss.
        let folder = File::open(self.folder()).ok();
        Hold { _folder: folder.filter(|folder| folder.lock_shared().is_ok()) }
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
        let Ok(folder) = File::open(self.folder()) else { return Some(Hold { _folder: None }) };
        let end = Instant::now() + patience;
        loop {
            match folder.try_lock() {
                Ok(()) => return Some(Hold { _folder: Some(folder) }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return None,
                Err(TryLockError::Error(_)) => return Some(Hold { _folder: None }),
            }
        }
    }
}
