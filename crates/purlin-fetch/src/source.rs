//! Sources in a workspace: what counts of a folder, and copies of that.
//!
//! Which files there are, and what is in them, is what the workspace's index of files says, so that
//! what has not changed is not read again before it is copied.

mod copy;
mod error;
mod patterns;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use purlin_model::Digest;
use purlin_store::{Files, Node, Patterns, RelativePath, Tree};

pub use self::error::SourceError;
use crate::unpack::links::{Links, leads_out};

/// What counts of a folder or file.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Files and symbolic links, by paths from the folder. Folders are implied, so that empty ones do
    /// not count, as they do not for git. Where the source is a file, that alone, by its name.
    pub tree: Tree,
    /// Where the paths are from: from the root of the workspace, empty for the root itself.
    folder: Vec<u8>,
}

/// What counts of `path`, which is relative to the root of the workspace (`.` is the root itself):
/// the files that `include` takes (all, where it is empty) and `exclude` does not, both lists of
/// patterns from there on. What git ignores does not count, unless `include` names it without
/// wildcards.
///
/// Links that lead to something in the folder are kept as they are. One that leads out of it, to a
/// file, counts as that file.
///
/// `root` is the folder that `files` are of.
///
/// # Errors
/// A pattern is none, there is nothing at the path, nothing of it counts, a link leads out to
/// something that is no file, or something cannot be read.
pub fn snapshot(
    files: &Files,
    root: &Path,
    path: &str,
    include: &[String],
    exclude: &[String],
) -> Result<Snapshot, SourceError> {
    let at = match path {
        "." | "./" => None,
        path => {
            let clean = path.trim_start_matches("./").trim_end_matches('/');
            let parsed = RelativePath::parse(clean);
            Some(parsed.map_err(|_| SourceError::Path { path: path.to_owned() })?)
        }
    };
    let full = at.as_ref().map_or_else(|| root.to_owned(), |at| root.join(at));
    let Ok(metadata) = fs::metadata(&full) else {
        return Err(SourceError::Missing { path: path.to_owned() });
    };
    let folder = match &at {
        Some(at) if metadata.is_file() => at.parent(),
        at => at.clone(),
    };
    let wanted = match &at {
        Some(at) if metadata.is_file() => vec![patterns::escaped(at)],
        at => patterns::all(at.as_ref(), include, exclude)?,
    };
    let wanted =
        Patterns::new(&wanted).map_err(|error| SourceError::Pattern { message: error.message })?;
    let listing = files.inputs(&[&wanted])?.pop().unwrap_or_default();
    if listing.files.is_empty() {
        return Err(SourceError::Empty { path: path.to_owned() });
    }
    let snapshot = Snapshot {
        tree: Tree::default(),
        folder: folder.map_or(Vec::new(), |it| it.as_bytes().to_vec()),
    };
    let mut links = Links::new();
    let mut entries = Vec::with_capacity(listing.files.len());
    for (from, state) in listing.files {
        let path =
            snapshot.below(&from).ok_or_else(|| SourceError::Path { path: from.to_string() })?;
        if state.symlink {
            let text =
                fs::read_link(root.join(&from)).map_err(error::io("read", &root.join(&from)))?;
            links.insert(path.clone(), text.as_os_str().as_bytes().to_vec());
        }
        let (digest, size, executable) = (state.digest, state.size, state.executable);
        entries.push((path, Node::File { digest, size, executable }));
    }
    for (path, node) in &mut entries {
        let Some(text) = links.get(path) else { continue };
        if !leads_out(&links, path) {
            *node = Node::Symlink { target: text.clone().into() };
        } else if !fs::metadata(snapshot.place(root, path)).is_ok_and(|target| target.is_file()) {
            let target = String::from_utf8_lossy(text).into_owned();
            return Err(SourceError::Link { path: path.clone(), target });
        }
    }
    Ok(Snapshot { tree: Tree::new(entries)?, ..snapshot })
}

impl Snapshot {
    /// The identity of what counts: equal for equal contents, wherever the workspace is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.tree.digest()
    }

    /// Copies what counts into the folder `into`, which is made. Times are those of unpacked
    /// archives, so that no build can depend on them.
    ///
    /// # Errors
    /// A file has changed since the snapshot, or the system refuses a step. What is there of the copy
    /// is of no use then.
    pub fn copy(&self, root: &Path, into: &Path) -> Result<(), SourceError> {
        copy::copy(self, root, into)
    }

    /// The path from the folder.
    fn below(&self, from: &RelativePath) -> Option<RelativePath> {
        if self.folder.is_empty() {
            return Some(from.clone());
        }
        let rest = from.as_bytes().strip_prefix(self.folder.as_slice())?;
        RelativePath::from_bytes(rest.strip_prefix(b"/")?).ok()
    }

    /// Where the original of a path is.
    fn place(&self, root: &Path, path: &RelativePath) -> std::path::PathBuf {
        root.join(std::ffi::OsStr::from_bytes(&self.folder)).join(path)
    }
}
