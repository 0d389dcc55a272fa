//! The workspace that a case is about.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder with the files of a case, gone when dropped.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    /// Lays out the files of a case: those of a folder of the plugin, then those that are written in
    /// the case itself. `above` is the folder to make it in.
    pub(super) fn new(
        above: Option<&Path>,
        folder: Option<&Path>,
        files: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let above = above.map_or_else(std::env::temp_dir, Path::to_owned);
        let place =
            Self { folder: tempfile::Builder::new().prefix("purlin-kit-").tempdir_in(above)? };
        if let Some(folder) = folder {
            copy(folder, place.folder.path())?;
        }
        for (path, text) in files {
            place.write(path, text.as_bytes())?;
        }
        Ok(place)
    }

    /// Its path without symbolic links.
    pub(super) fn root(&self) -> PathBuf {
        let path = self.folder.path();
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        write(self.folder.path(), path, bytes)
    }

    /// All files, by their paths from the root.
    pub(super) fn files(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        list(self.folder.path(), "", &mut found)?;
        found.sort();
        Ok(found)
    }
}

/// Writes a file below a folder, with its folders.
pub(super) fn write(root: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let path = root.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
