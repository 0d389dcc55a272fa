//! Reading the packages that are there again.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use purlin_model::{Digest, Hasher};
use purlin_store::{Node, RelativePath, StoreError, Tree};

use crate::store::{PackageStore, Record, make_read_only, remove_tree};

/// A package that is not what it was when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedPackage {
    /// What is known of it.
    pub record: Record,
    /// What is wrong, as a sentence without capital letter and full stop.
    pub reason: String,
    /// Whether it was removed.
    pub dropped: bool,
}

impl PackageStore {
    /// Reads every package: those that were changed since they were recorded are told and, where
    /// `drops` says so, removed. They are put back from the cache, or built again, when they are
    /// needed. How many were read, and what was found.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn verify(&self, drops: bool) -> Result<(u64, Vec<DamagedPackage>), StoreError> {
        let (mut read, mut damaged) = (0, Vec::new());
        for (record, _) in self.records() {
            let Some(lock) = self.lock(&record.folder, |_| false)? else { continue };
            let folder = self.folder().join(&record.folder);
            let is_folder = folder.symlink_metadata().is_ok_and(|one| one.is_dir());
            let reason = match if is_folder { tree_of(&folder) } else { Ok(Tree::default()) } {
                _ if !is_folder => Some("it is no folder".to_owned()),
                Ok(tree) if tree.digest() == record.tree => {
                    // That it can be written to is no damage yet.
                    make_read_only(&folder)?;
                    None
                }
                Ok(_) => Some("its files are not those that were recorded".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            read += 1;
            if let Some(reason) = reason {
                if drops {
                    self.drop_record(&record.folder)?;
                    remove_tree(&folder)?;
                }
                damaged.push(DamagedPackage { record, reason, dropped: drops });
            }
            drop(lock);
        }
        Ok((read, damaged))
    }
}

/// What stands in a folder, with the digests of its files.
///
/// # Errors
/// It cannot be read.
pub(crate) fn tree_of(folder: &Path) -> Result<Tree, StoreError> {
    let mut entries = Vec::new();
    add(folder, &PathBuf::new(), &mut entries)?;
    Ok(Tree::new(entries)?)
}

fn add(
    root: &Path,
    below: &Path,
    entries: &mut Vec<(RelativePath, Node)>,
) -> Result<(), StoreError> {
    let folder = root.join(below);
    let error = |source| StoreError::Io { action: "read", path: folder.clone(), source };
    for entry in fs::read_dir(&folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        let path = below.join(entry.file_name());
        let bytes = path.as_os_str().as_bytes();
        let relative = RelativePath::from_bytes(bytes).map_err(|wrong| {
            error(std::io::Error::new(std::io::ErrorKind::InvalidData, wrong.to_string()))
        })?;
        let metadata = entry.metadata().map_err(error)?;
        let node = if metadata.is_dir() {
            Node::Directory
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(error)?;
            Node::Symlink { target: target.as_os_str().as_bytes().into() }
        } else {
            let (digest, size) = digest_of(&entry.path()).map_err(error)?;
            Node::File { digest, size, executable: metadata.permissions().mode() & 0o100 != 0 }
        };
        let is_folder = node == Node::Directory;
        entries.push((relative, node));
        if is_folder {
            add(root, &path, entries)?;
        }
    }
    Ok(())
}

fn digest_of(path: &Path) -> std::io::Result<(Digest, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut size) = (Hasher::default(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.raw(&buffer[..count]);
        size += count as u64;
    }
}
