//! Every durable step of this crate, with a fault point before and after each.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::{StoreError, fault, temporary};

/// How often a folder is made again that somebody who clears the store removes as often.
const ATTEMPTS: usize = 8;

/// Writes a file so that readers, also those after a sudden end of the process or the machine, see
/// the old content or the new one and nothing between. Missing folders are made; the file is not
/// writable for others. `what` begins the names of the fault points.
///
/// # Errors
/// If the system refuses a step; the file is as it was then.
pub fn write_atomically(path: &Path, bytes: &[u8], what: &'static str) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folders(folder)?;
    let mut temporary = Temporary::create(folder, what)?;
    temporary.write(bytes)?;
    temporary.sync()?;
    temporary.rename(path)?;
    sync_folder(folder, what)
}

/// A file in the making; removed when dropped before it was renamed.
pub(crate) struct Temporary {
    path: PathBuf,
    file: File,
    what: &'static str,
    done: bool,
}

impl Temporary {
    /// Creates an empty file with a name of its own in `folder`.
    pub(crate) fn create(folder: &Path, what: &'static str) -> Result<Self, StoreError> {
        Self::create_at(temporary::new_in(folder), what, 0o644)
    }

    /// Creates an empty file, which must not be there yet.
    pub(crate) fn create_at(
        path: PathBuf,
        what: &'static str,
        mode: u32,
    ) -> Result<Self, StoreError> {
        fault::step(what, "create");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .map_err(io_error("create", &path))?;
        fault::step(what, "created");
        Ok(Self { path, file, what, done: false })
    }

    /// A file that somebody else has written.
    pub(crate) fn made(path: PathBuf, file: File, what: &'static str) -> Self {
        fault::step(what, "made");
        Self { path, file, what, done: false }
    }

    /// Writes all of `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        // In two halves only where a test wants to see a torn file.
        if cfg!(feature = "fault-injection") {
            self.file.write_all(first).map_err(io_error("write", &self.path))?;
            fault::step(self.what, "half-written");
            self.file.write_all(second).map_err(io_error("write", &self.path))?;
        } else {
            self.file.write_all(bytes).map_err(io_error("write", &self.path))?;
        }
        fault::step(self.what, "written");
        Ok(())
    }

    /// Fills the file by `fill`.
    pub(crate) fn fill<T>(
        &mut self,
        fill: impl FnOnce(&mut File, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let filled = fill(&mut self.file, &self.path)?;
        fault::step(self.what, "written");
        Ok(filled)
    }

    /// Waits until the content is on the disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(io_error("write", &self.path))?;
        fault::step(self.what, "synced");
        Ok(())
    }

    /// Gives the file its name, replacing what has it; makes the folder where somebody removed it
    /// meanwhile.
    pub(crate) fn rename(mut self, to: &Path) -> Result<(), StoreError> {
        let mut renamed = fs::rename(&self.path, to);
        for _ in 0..ATTEMPTS {
            match (&renamed, to.parent()) {
                (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
                    // It may vanish while it is made, too; the next attempt tells.
                    let _ = make_folders(folder);
                    renamed = fs::rename(&self.path, to);
                }
                _ => break,
            }
        }
        renamed.map_err(io_error("write", to))?;
        self.done = true;
        fault::step(self.what, "renamed");
        Ok(())
    }

    /// Leaves the file where it is.
    pub(crate) fn keep(mut self) {
        self.done = true;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.done {
            // What stays is collected after the end of this process.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Waits until the names in `folder` are on the disk.
pub(crate) fn sync_folder(folder: &Path, what: &'static str) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    match synced {
        // Some network file systems cannot do this, and who clears the store meanwhile takes the
        // folder along.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {}
        synced => synced.map_err(io_error("write", folder))?,
    }
    fault::step(what, "folder-synced");
    Ok(())
}

/// Makes a folder and those above it, not writable for others.
pub(crate) fn make_folders(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    fault::point("folder.make");
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .map_err(io_error("make the folder", folder))?;
    fault::point("folder.made");
    Ok(())
}

/// Removes a file; `false` where there is none.
pub(crate) fn remove(path: &Path, what: &'static str) -> io::Result<bool> {
    fault::step(what, "remove");
    match fs::remove_file(path) {
        Ok(()) => {
            fault::step(what, "removed");
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        write_atomically(&path, b"one", "test").unwrap();
        write_atomically(&path, b"two", "test").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "{mode:o}");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_the_place_of_the_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::create_dir(&path).unwrap();
        let error = write_atomically(&path, b"one", "test").unwrap_err();
        assert!(error.to_string().contains("file`: "), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
