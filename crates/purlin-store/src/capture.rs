//! Storing the artifacts of a command that ran.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use crate::compare::is_executable;
use crate::error::Outside;
use crate::{Node, RelativePath, Store, StoreError, Tree, parallel};

/// Records what stands at each of `paths` under `root`, and stores the content of files. Symbolic
/// links are recorded, not followed; a directory is recorded by itself, and what is in it only
/// where it is among `paths` too. A path that is named twice counts once.
///
/// # Errors
/// If a path is missing or unreadable, is a pipe, socket or device, lies beyond a symbolic link
/// that leads out of `root`, or if the store cannot be written.
pub fn capture(store: &Store, root: &Path, paths: &[RelativePath]) -> Result<Tree, StoreError> {
    let paths: BTreeSet<&RelativePath> = paths.iter().collect();
    refuse_outside(root, &paths)?;
    let paths: Vec<&RelativePath> = paths.into_iter().collect();
    let entries = parallel::map(&paths, |path| {
        let node = record(store, root, path)?;
        Ok::<_, StoreError>(((*path).clone(), node))
    })?;
    Ok(Tree::new(entries)?)
}

fn record(store: &Store, root: &Path, path: &RelativePath) -> Result<Node, StoreError> {
    let full = root.join(path);
    let error = |source| StoreError::Artifact { path: full.clone(), source };
    let metadata = fs::symlink_metadata(&full).map_err(error)?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        Ok(Node::Directory)
    } else if kind.is_symlink() {
        let target = fs::read_link(&full).map_err(error)?;
        Ok(Node::Symlink { target: target.as_os_str().as_bytes().into() })
    } else if kind.is_file() {
        let (digest, size) = store.put_file(&full)?;
        Ok(Node::File { digest, size, executable: is_executable(&metadata) })
    } else {
        let kind = if kind.is_fifo() {
            "named pipe"
        } else if kind.is_socket() {
            "socket"
        } else {
            "device"
        };
        Err(StoreError::Kind { path: path.clone(), kind })
    }
}

/// What could not be restored is not stored either.
fn refuse_outside(root: &Path, paths: &BTreeSet<&RelativePath>) -> Result<(), StoreError> {
    let mut folders = BTreeSet::new();
    for path in paths {
        for folder in path.ancestors() {
            if !folders.insert(folder.clone()) {
                continue;
            }
            let full = root.join(&folder);
            if fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_symlink())
                && !leads_inside(root, &full)
            {
                let target = fs::read_link(&full).unwrap_or_default();
                return Err(Outside { path: (*path).clone(), link: folder, target }.into());
            }
        }
    }
    Ok(())
}

fn leads_inside(root: &Path, link: &Path) -> bool {
    match (root.canonicalize(), link.canonicalize()) {
        (Ok(root), Ok(target)) => target.starts_with(root),
        _ => false,
    }
}
