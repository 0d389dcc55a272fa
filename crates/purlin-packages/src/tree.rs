//! Trees of files as a package has them: what is in one, its digest, and that it is on the disk.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use purlin_model::{Digest, Hasher};
use purlin_store::{Node, RelativePath, StoreError, Tree};

/// All files, folders and links below a folder, by their paths from there.
///
/// # Errors
/// It cannot be read.
pub(crate) fn paths_in(folder: &Path) -> Result<Vec<RelativePath>, StoreError> {
    let mut paths = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let folder = folder.join(&below);
        let error = |source| StoreError::Io { action: "read", path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let path = below.join(entry.file_name());
            let relative = RelativePath::from_bytes(path.as_os_str().as_bytes());
            paths.push(relative.map_err(|wrong| error(std::io::Error::other(wrong.to_string())))?);
            if entry.file_type().map_err(error)?.is_dir() {
                open.push(path);
            }
        }
    }
    Ok(paths)
}

/// What stands in a folder, with the digests of its files.
///
/// # Errors
/// It cannot be read.
pub(crate) fn tree_of(folder: &Path) -> Result<Tree, StoreError> {
    let mut entries = Vec::new();
    for path in paths_in(folder)? {
        let full = folder.join(&path);
        let error = |source| StoreError::Io { action: "read", path: full.clone(), source };
        let metadata = fs::symlink_metadata(&full).map_err(error)?;
        let node = if metadata.is_dir() {
            Node::Directory
        } else if metadata.is_symlink() {
            let target = fs::read_link(&full).map_err(error)?;
            Node::Symlink { target: target.as_os_str().as_bytes().into() }
        } else if metadata.is_file() {
            let (digest, size) = digest_of(&full).map_err(error)?;
            Node::File { digest, size, executable: metadata.permissions().mode() & 0o100 != 0 }
        } else {
            // To read a pipe would be to wait for whoever writes to it.
            return Err(error(std::io::Error::other("it is neither a file, a folder nor a link")));
        };
        entries.push((path, node));
    }
    Ok(Tree::new(entries)?)
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

/// Something that is neither a file, a folder nor a link, if there is one.
pub(crate) fn special(path: &Path) -> Option<(PathBuf, &'static str)> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    if kind.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        return entries.into_iter().find_map(|entry| special(&entry.path()));
    }
    let name = if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    };
    (!kind.is_file() && !kind.is_symlink()).then(|| (path.to_owned(), name))
}

/// Copies a file, a folder with all that is in it, or a link.
///
/// # Errors
/// It cannot be read, or not be written.
pub fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    if !metadata.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// More files than that are written to the disk by one request for all that is not there yet.
const MANY: usize = 64;

/// Sees to it that a package is on the disk before a record says that it is whole.
pub(crate) fn sync(folder: &Path) -> Result<(), StoreError> {
    let mut paths = Vec::new();
    collect(folder, &mut paths);
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { action: "write", path, source }
    };
    if paths.len() > MANY {
        let file = File::open(folder).map_err(error(folder))?;
        return rustix::fs::syncfs(file).map_err(|code| error(folder)(code.into()));
    }
    for path in paths {
        File::open(&path).and_then(|file| file.sync_all()).map_err(error(&path))?;
    }
    Ok(())
}

/// Files and folders of a tree, those above first; links are part of their folder.
fn collect(path: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_symlink() || paths.len() > MANY {
        return;
    }
    paths.push(path.to_owned());
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), paths);
        }
    }
}
