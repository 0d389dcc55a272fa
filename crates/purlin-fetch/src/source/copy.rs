//! Copies of what counts of a source.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use purlin_model::{Digest, Hasher};
use purlin_store::{Node, RelativePath};

use super::error::io;
use super::{Snapshot, SourceError};
use crate::time;

pub(super) fn copy(snapshot: &Snapshot, root: &Path, into: &Path) -> Result<(), SourceError> {
    make(into)?;
    let mut folders = BTreeSet::new();
    for (path, node) in snapshot.tree.entries() {
        for folder in path.ancestors() {
            if !folders.contains(&folder) {
                make(&into.join(&folder))?;
                folders.insert(folder);
            }
        }
        let to = into.join(path);
        match node {
            Node::File { digest, executable, .. } => {
                let from = snapshot.place(root, path);
                if copy_file(&from, &to, *executable, path)? != *digest {
                    return Err(SourceError::Changed { path: path.clone() });
                }
            }
            Node::Symlink { target } => {
                symlink(OsStr::from_bytes(target), &to).map_err(io("create", &to))?;
            }
            Node::Directory => make(&to)?,
        }
        time::set(&to).map_err(io("write", &to))?;
    }
    // What is made in a folder changes its time.
    for folder in folders.iter().rev() {
        let folder = into.join(folder);
        time::set(&folder).map_err(io("write", &folder))?;
    }
    time::set(into).map_err(io("write", into))
}

/// Copies a file and gives the digest of the copy.
fn copy_file(
    from: &Path,
    to: &Path,
    executable: bool,
    path: &RelativePath,
) -> Result<Digest, SourceError> {
    let gone = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => SourceError::Changed { path: path.clone() },
        _ => io("read", from)(error),
    };
    let mut original = File::open(from).map_err(gone)?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(to)
        .map_err(io("create", to))?;
    let mut hasher = Hasher::default();
    let mut buffer = [0; 64 * 1024];
    loop {
        let count = match original.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io("read", from)(error)),
        };
        hasher.raw(&buffer[..count]);
        copy.write_all(&buffer[..count]).map_err(io("write", to))?;
    }
    // The mask of this process took bits away.
    copy.set_permissions(Permissions::from_mode(mode)).map_err(io("write", to))?;
    Ok(hasher.finish())
}

fn make(folder: &Path) -> Result<(), SourceError> {
    DirBuilder::new().mode(0o755).create(folder).map_err(io("make the folder", folder))?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))
        .map_err(io("make the folder", folder))
}
