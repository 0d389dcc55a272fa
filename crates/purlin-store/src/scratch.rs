//! Folders that live as long as somebody needs them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::{Store, StoreError, atomic, fault, temporary};

/// A folder that is removed with all that is in it when this is dropped. Of a process that dies, the
/// next one that makes such a folder in the same place removes it.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// A folder with a name of its own in another, which is made if need be.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new_in(above: &Path) -> Result<Self, StoreError> {
        atomic::make_folders(above)?;
        let folder = temporary::new_in(above);
        fs::create_dir(&folder).map_err(io_error("make the folder", &folder))?;
        fault::point("scratch.made");
        Ok(Self { folder })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fault::point("scratch.remove");
        // What stays is collected after the end of this process.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A store that is removed when this is dropped.
#[derive(Debug)]
pub struct TemporaryStore {
    store: Store,
    folder: PathBuf,
}

impl TemporaryStore {
    /// A store with a name of its own in a folder. Nothing is made before it is used.
    #[must_use]
    pub fn new_in(above: &Path) -> Self {
        let folder = temporary::new_in(above);
        Self { store: Store::open(folder.clone()), folder }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

impl Drop for TemporaryStore {
    fn drop(&mut self) {
        // What stays is collected after the end of this process.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
