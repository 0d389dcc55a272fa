//! The digest of all that is in a plugin's folder, which consent and `purlin.lock` are about.
//!
//! It is made of the sorted relative paths, whether each file is executable, and the contents; of
//! symbolic links, where they lead. Left out are the folders of version control and `__pycache__`.
//! A `.pyc` file anywhere else counts: Python would run it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::{Digest, Hasher};
use purlin_plugin::manifest::OUTSIDE_CONTENT;
use purlin_store::{file_name, write_atomically};

use crate::stamp::{Marks, is_racy, marks};

/// The digest of a plugin's folder. When nothing in it was touched since the last time, no file is
/// opened but the one in `cache`, a folder that is made when it is not there.
///
/// # Errors
/// Something in the folder cannot be read, or cannot be pinned: a link that leads out of it, a
/// socket. The message names it.
pub(crate) fn content_digest(folder: &Path, cache: &Path) -> io::Result<Digest> {
    let moment = SystemTime::now();
    let tree = Tree::walk(folder)?;
    let known = cache.join(file_name(&folder.to_string_lossy()));
    let stamp = tree.stamp(folder);
    if let Some(digest) = read_known(&known, stamp) {
        return Ok(digest);
    }
    let digest = tree.digest(folder)?;
    if !tree.items.iter().any(|item| is_racy(item.marks, moment)) {
        // What cannot be kept is computed again the next time.
        let _ = write_atomically(&known, format!("{stamp}\n{digest}\n").as_bytes(), "content");
    }
    Ok(digest)
}

fn read_known(path: &Path, stamp: Digest) -> Option<Digest> {
    let text = std::fs::read_to_string(path).ok()?;
    let (first, second) = text.strip_suffix('\n')?.split_once('\n')?;
    (first.parse() == Ok(stamp)).then(|| second.parse().ok())?
}

/// Everything in a folder that counts, sorted.
struct Tree {
    items: Vec<Item>,
}

struct Item {
    /// Relative to the folder.
    path: PathBuf,
    kind: Kind,
    marks: Marks,
}

enum Kind {
    File { executable: bool },
    Link { to: PathBuf },
}

impl Tree {
    fn walk(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let mut items = Vec::new();
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            for entry in folder.join(&below).read_dir().map_err(|error| at(&below, &error))? {
                let name = entry?.file_name();
                if OUTSIDE_CONTENT.iter().any(|one| name == OsStr::new(one)) {
                    continue;
                }
                let path = below.join(name);
                let full = folder.join(&path);
                let metadata = full.symlink_metadata().map_err(|error| at(&path, &error))?;
                if metadata.is_dir() {
                    open.push(path);
                    continue;
                }
                let kind = kind(&root, &full, &metadata).map_err(|error| at(&path, &error))?;
                items.push(Item { path, kind, marks: marks(&metadata) });
            }
        }
        items.sort_by(|one, other| bytes(one).cmp(bytes(other)));
        Ok(Self { items })
    }

    /// Changes whenever anything may have changed.
    fn stamp(&self, folder: &Path) -> Digest {
        let mut hasher = Hasher::new("plugin-content-stamp");
        hasher.field(folder.as_os_str().as_bytes());
        for item in &self.items {
            let Marks { modified, changed, inode, size } = item.marks;
            hasher.field(bytes(item)).field(&[item.kind.tag()]);
            hasher.field(&modified.to_le_bytes()).field(&changed.to_le_bytes());
            hasher.field(&inode.to_le_bytes()).field(&size.to_le_bytes());
        }
        hasher.finish()
    }

    fn digest(&self, folder: &Path) -> io::Result<Digest> {
        let mut hasher = Hasher::new("plugin-content");
        for item in &self.items {
            hasher.field(bytes(item)).field(&[item.kind.tag()]);
            match &item.kind {
                Kind::File { .. } => {
                    let content = file_digest(&folder.join(&item.path));
                    hasher.field(&content.map_err(|error| at(&item.path, &error))?.0);
                }
                Kind::Link { to } => {
                    hasher.field(to.as_os_str().as_bytes());
                }
            }
        }
        Ok(hasher.finish())
    }
}

impl Kind {
    fn tag(&self) -> u8 {
        match self {
            Self::File { executable: false } => b'f',
            Self::File { executable: true } => b'x',
            Self::Link { .. } => b'l',
        }
    }
}

fn kind(root: &Path, full: &Path, metadata: &Metadata) -> io::Result<Kind> {
    if metadata.is_file() {
        return Ok(Kind::File { executable: metadata.mode() & 0o100 != 0 });
    }
    if !metadata.is_symlink() {
        return Err(io::Error::other("it is neither a file nor a folder nor a link"));
    }
    match full.canonicalize() {
        Ok(end) if end.starts_with(root) => Ok(Kind::Link { to: full.read_link()? }),
        Ok(_) => Err(io::Error::other("the link leads out of the plugin's folder")),
        Err(_) => Err(io::Error::other("the link leads nowhere")),
    }
}

fn file_digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.raw(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
    }
}

fn bytes(item: &Item) -> &[u8] {
    item.path.as_os_str().as_bytes()
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    let path: OsString = if path.as_os_str().is_empty() { ".".into() } else { path.into() };
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests;
