//! Walks over the two-level folders of the store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::Digest;

use crate::StoreError;
use crate::error::io_error;

/// A file of the store.
pub(crate) struct Entry {
    pub(crate) digest: Digest,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// When it was last written, or of a result: noted to be used.
    pub(crate) used: SystemTime,
}

/// The files of the store in `folder`, in the order of their names. What has another name than a
/// file of the store is passed over.
pub(crate) fn list(folder: &Path) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for outer in children(folder)? {
        if !outer.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        for inner in children(&outer.path())? {
            let name = inner.file_name();
            let Some(digest) = name.to_str().and_then(|name| name.parse::<Digest>().ok()) else {
                continue;
            };
            // It may have been removed meanwhile.
            let Ok(metadata) = inner.metadata() else { continue };
            if metadata.is_file() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Entry { digest, path: inner.path(), bytes: metadata.len(), used });
            }
        }
    }
    found.sort_unstable_by_key(|entry| entry.digest);
    Ok(found)
}

/// Removes the folders in `folder` that are empty.
pub(crate) fn remove_empty(folder: &Path) {
    for outer in children(folder).unwrap_or_default() {
        // One that is not empty, or not a folder, refuses.
        let _ = fs::remove_dir(outer.path());
    }
}

fn children(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    // A folder that somebody else removes while it is read ends with the same error.
    match fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(io_error("read", folder)),
    }
}
