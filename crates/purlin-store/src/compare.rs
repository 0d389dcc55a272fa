//! Whether what stands on the disk is what a tree says.

use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use purlin_model::Digest;

use crate::copy::hash;
use crate::{Node, RelativePath, Tree};

/// What somebody, usually the file index, knows about a regular file in the workspace as it is
/// now: the digest of its content, and whether it is executable. With `None` the file is read.
pub type Known<'k> = &'k dyn Fn(&RelativePath) -> Option<(Digest, bool)>;

/// The entries of `tree` that do not stand under `root` exactly so: other content, kind,
/// executable bit or link, unreadable, or missing.
#[must_use]
pub fn compare<'t>(root: &Path, tree: &'t Tree, known: Known<'_>) -> Vec<&'t (RelativePath, Node)> {
    let entries = tree.entries().iter();
    entries.filter(|(path, node)| !matches(root, path, node, known)).collect()
}

pub(crate) fn matches(root: &Path, path: &RelativePath, node: &Node, known: Known<'_>) -> bool {
    let full = root.join(path);
    let Ok(metadata) = fs::symlink_metadata(&full) else { return false };
    match node {
        Node::Directory => metadata.is_dir(),
        Node::Symlink { target } => {
            metadata.is_symlink()
                && fs::read_link(&full).is_ok_and(|found| found.as_os_str().as_bytes() == &**target)
        }
        Node::File { digest, size, executable } => {
            metadata.is_file()
                && metadata.len() == *size
                && is_executable(&metadata) == *executable
                && match known(path) {
                    Some((found, _)) => found == *digest,
                    None => File::open(&full)
                        .and_then(|mut file| hash(&mut file))
                        .is_ok_and(|(found, _)| found == *digest),
                }
        }
    }
}

/// As git does, only the owner's permission counts.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}
