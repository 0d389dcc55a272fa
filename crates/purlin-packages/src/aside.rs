//! Records that are taken back for a while.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use purlin_store::{StoreError, fault};

use crate::store::PackageStore;

/// The record of a package that has lost its place, and may come back to it.
#[derive(Debug)]
pub(crate) struct RecordAside {
    record: PathBuf,
    aside: PathBuf,
}

impl PackageStore {
    /// Takes back that a package is whole, before it is changed: its record is at `aside` then. `None` for
    /// one that has none.
    ///
    /// # Errors
    /// It cannot be taken back.
    pub(crate) fn put_aside(
        &self,
        folder: &str,
        aside: &Path,
    ) -> Result<Option<RecordAside>, StoreError> {
        let Some(hash) = Self::hash_of(folder) else { return Ok(None) };
        let record = self.record_path(hash);
        fault::point("package-record.drop");
        match fs::rename(&record, aside) {
            Ok(()) => Ok(Some(RecordAside { record, aside: aside.to_owned() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { action: "put away", path: record, source }),
        }
    }
}

impl RecordAside {
    /// The package is what it was: its record counts again. That takes no room on the disk.
    ///
    /// # Errors
    /// It cannot be put back.
    pub(crate) fn put_back(self) -> Result<(), StoreError> {
        let Self { record, aside } = self;
        fs::rename(aside, &record).map_err(|source| StoreError::Io {
            action: "put back",
            path: record,
            source,
        })
    }

    /// The package is another one now.
    pub(crate) fn forget(self) {
        // What stays is removed when something is pruned.
        let _ = fs::remove_file(self.aside);
    }
}
