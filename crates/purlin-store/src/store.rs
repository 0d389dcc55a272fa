//! One cache folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::Digest;

use crate::error::io_error;
use crate::{
    ActionResult, Scratch, StoreError, actions, atomic, blobs, defect, entries, parallel, temporary,
};

/// One cache folder: blobs named by their digest, and the action table. Any number of processes
/// may use it at once; entries appear whole or not at all.
///
/// ```text
/// v1/blobs/ab/abcd…      the content itself
/// v1/actions/ab/abcd…    a line of JSON, and the SHA-256 digest of that line
/// v1/tmp/                files in the making
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    /// Whether contents are fetched as links to the store's own files.
    links: bool,
}

/// A result as [`Store::results`] lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The key that it is kept under.
    pub key: Digest,
    /// The result.
    pub result: ActionResult,
    /// What it and its contents take; contents that several share count for each.
    pub bytes: u64,
    /// When it was last noted to be used, or was kept.
    pub used: SystemTime,
}

/// What [`Store::clear`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Entries of the action table.
    pub results: u64,
    /// Contents.
    pub blobs: u64,
    /// The bytes of both.
    pub bytes: u64,
}

impl Store {
    /// The store in `folder`. Nothing is read or made: folders appear with the first write.
    #[must_use]
    pub fn open(mut folder: PathBuf) -> Self {
        folder.push("v1");
        Self { folder, links: false }
    }

    /// The result stored under `key`; `None` where there is none, or one of another version. Its
    /// blobs may be gone.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the entry is not what was written: it was removed if that was
    /// possible, and the caller should warn and go on as with `None`. [`StoreError::Io`] if it
    /// cannot be read.
    pub fn result(&self, key: Digest) -> Result<Option<ActionResult>, StoreError> {
        actions::read(&self.action_path(key), key)
    }

    /// Stores a result under `key`, replacing one that is there. Its blobs must be stored before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_result(&self, key: Digest, result: &ActionResult) -> Result<(), StoreError> {
        actions::write(&self.temporary_folder()?, &self.action_path(key), key, result)?;
        if defect::seeded("one-entry-per-command") {
            for other in self.results()?.flatten() {
                if other.key != key && other.result.instance == result.instance {
                    let _ = std::fs::remove_file(self.action_path(other.key));
                }
            }
        }
        Ok(())
    }

    /// Stores bytes; what is there already is not written again.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let path = self.blob_path(digest);
        if !blobs::is_there(&path, bytes.len() as u64) {
            blobs::write(&self.temporary_folder()?, &path, bytes)?;
        }
        Ok(digest)
    }

    /// Stores the content of a file, following symbolic links, and gives its digest and length.
    ///
    /// # Errors
    /// [`StoreError::Artifact`] if the file cannot be read, [`StoreError::Io`] if its copy cannot
    /// be written.
    pub fn put_file(&self, path: &Path) -> Result<(Digest, u64), StoreError> {
        match blobs::read_small(path)? {
            Ok(bytes) => Ok((self.put_bytes(&bytes)?, bytes.len() as u64)),
            Err(mut file) => {
                let read_error = |source| StoreError::Artifact { path: path.to_owned(), source };
                let (copy, digest, size) =
                    blobs::copy_in(&self.temporary_folder()?, &mut file, read_error)?;
                let blob = self.blob_path(digest);
                if !blobs::is_there(&blob, size) {
                    blobs::place(copy, &blob)?;
                }
                Ok((digest, size))
            }
        }
    }

    /// Whether the content with this digest and length seems to be there; it is not read.
    #[must_use]
    pub fn contains(&self, digest: Digest, size: u64) -> bool {
        blobs::is_there(&self.blob_path(digest), size)
    }

    /// Takes files in that somebody else has written to a [`Store::scratch`] folder of this store:
    /// those that have the digest and the length that they should. The answers are in the order of
    /// the files. What is not taken stays.
    ///
    /// # Errors
    /// If they cannot be moved into the store.
    pub fn adopt(&self, files: &[(PathBuf, Digest, u64)]) -> Result<Vec<bool>, StoreError> {
        parallel::map(files, |(file, digest, size)| {
            blobs::adopt(file, &self.blob_path(*digest), *digest, *size)
        })
    }

    /// Puts contents under other names, too, which must be on the file system of the store. They
    /// are not read, and whoever reads them must not change them. The answers are in the order of
    /// the contents: false where one is not there, or has another length.
    ///
    /// # Errors
    /// If a name cannot be given.
    pub fn lend(&self, contents: &[(Digest, u64, PathBuf)]) -> Result<Vec<bool>, StoreError> {
        parallel::map(contents, |(digest, size, to)| {
            blobs::lend(&self.blob_path(*digest), *size, to)
        })
    }

    /// A new folder on the file system of the store, for files that come from elsewhere or go there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn scratch(&self) -> Result<Scratch, StoreError> {
        Scratch::new_in(&self.temporary_folder()?)
    }

    /// The content with this digest; `None` where it is not there.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it has another digest: it was removed if that was possible.
    /// [`StoreError::Io`] if it cannot be read.
    pub fn bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        blobs::read(&self.blob_path(digest), digest)
    }

    /// The content with this digest as a file to read from, for contents of any size; `None` where
    /// it is not there. It was read once to prove it.
    ///
    /// # Errors
    /// As [`Store::bytes`].
    pub fn open_content(&self, digest: Digest) -> Result<Option<File>, StoreError> {
        blobs::open(&self.blob_path(digest), digest)
    }

    /// Copies the content with this digest to the new file `to`, and proves the copy; `false` where
    /// it is not there. After an error or `false` there is no file `to`.
    ///
    /// # Errors
    /// As [`Store::bytes`], and if `to` exists or cannot be written.
    pub fn fetch(&self, digest: Digest, to: &Path, executable: bool) -> Result<bool, StoreError> {
        let path = self.blob_path(digest);
        if self.links && !executable && blobs::link(&path, digest, to)? {
            return Ok(true);
        }
        blobs::fetch(&path, digest, to, executable)
    }

    /// The same store, whose contents are fetched as links to its own files where the system can: no
    /// second copy is made, and whoever writes into one damages what is kept. It is still proven before
    /// it is used. Files that may be executed are copied: a file has its permissions in all places.
    #[must_use]
    pub fn linking(&self) -> Self {
        Self { links: true, ..self.clone() }
    }

    /// Notes that the result under `key` is used, once an hour at most.
    pub fn touch(&self, key: Digest) {
        actions::touch(&self.action_path(key));
    }

    /// All results, in the order of their keys. Damaged entries are removed and come as errors.
    ///
    /// # Errors
    /// If the folder of the table cannot be read; a missing one is empty.
    pub fn results(&self) -> Result<impl Iterator<Item = Result<Kept, StoreError>>, StoreError> {
        let entries = entries::list(&self.folder.join("actions"))?;
        Ok(entries.into_iter().filter_map(|entry| match self.result(entry.digest) {
            Ok(result) => {
                let result = result?;
                let bytes = entry.bytes + result.content_bytes();
                Some(Ok(Kept { key: entry.digest, result, bytes, used: entry.used }))
            }
            Err(error) => Some(Err(error)),
        }))
    }

    /// Removes all results and contents. Other processes may go on meanwhile: what they look for
    /// is not there then, and what they are writing stays.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn clear(&self) -> Result<Cleared, StoreError> {
        let mut cleared = Cleared::default();
        // Results first: without their contents they would be met as incomplete.
        for (kind, count) in [("actions", &mut cleared.results), ("blobs", &mut cleared.blobs)] {
            let folder = self.folder.join(kind);
            for entry in entries::list(&folder)? {
                if atomic::remove(&entry.path, "clear").map_err(io_error("remove", &entry.path))? {
                    *count += 1;
                    cleared.bytes += entry.bytes;
                }
            }
            entries::remove_empty(&folder);
        }
        temporary::collect(&self.folder.join("tmp"));
        Ok(cleared)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn temporary_folder(&self) -> Result<PathBuf, StoreError> {
        let folder = self.folder.join("tmp");
        atomic::make_folders(&folder)?;
        Ok(folder)
    }

    pub(crate) fn blob_path(&self, digest: Digest) -> PathBuf {
        self.path("blobs", digest)
    }

    fn action_path(&self, key: Digest) -> PathBuf {
        self.path("actions", key)
    }

    fn path(&self, kind: &str, digest: Digest) -> PathBuf {
        let name = digest.to_hex();
        self.folder.join(kind).join(&name[..2]).join(name)
    }
}

#[cfg(test)]
mod tests;
