//! The files that indexes are kept in.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::Digest;

use super::map::Bytes;
use super::reader::{Damaged, Index};
use super::writer::Contents;

/// Ends the names of index files, unfinished ones too.
const EXTENSION: &str = "plugin-index";
/// How many index files stay: one for each search path that somebody uses.
const KEPT: usize = 64;

/// The place of one search path's index.
pub(crate) struct Store {
    folder: PathBuf,
    key: Digest,
}

impl Store {
    /// The index of the search path with the digest `key` in a folder of indexes.
    pub(crate) fn new(folder: PathBuf, key: Digest) -> Self {
        Self { folder, key }
    }

    /// The folder of indexes.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The index, if there is one that looks sound.
    pub(crate) fn open(&self) -> Option<Index> {
        let bytes = Bytes::map(&self.path()).ok()?;
        Index::new(bytes, self.key).ok()
    }

    /// Makes the index in memory, and tells whether it could be written for the next run too.
    ///
    /// The file appears whole or not at all, and two processes may do this at once.
    pub(crate) fn replace(
        &self,
        contents: &mut Contents,
    ) -> (Result<Index, Damaged>, io::Result<()>) {
        let bytes = contents.encode(self.key);
        let written = self.write(&bytes);
        if written.is_ok() {
            prune(&self.folder);
        }
        (Index::new(Bytes::Made(bytes), self.key), written)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".unfinished-")
            .suffix(&format!(".{EXTENSION}"))
            .tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.path()).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.{EXTENSION}", self.key))
    }
}

/// Removes the oldest files beyond [`KEPT`]. Whoever misses one makes it again, and whoever has
/// one mapped keeps it, so failures and races do not matter.
fn prune(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|end| end == EXTENSION))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for (_, path) in files.iter().take(surplus) {
        // Nothing depends on its success.
        let _ = std::fs::remove_file(path);
    }
}
