//! The files of a workspace: which of them a set of patterns takes, and what is in them.
//!
//! [`Files`] walks the tree once for any number of sets and knows the digest of a file that has
//! not changed since it was hashed, by a file of stamps that is kept between runs.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use purlin_model::{Digest, Hasher};
use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::{RelativePath, StoreError, defect};

mod clocks;
mod hash;
mod index;
mod pattern;
mod patterns;
mod plan;
mod presence;
mod rules;
mod stamp;
mod walk;
mod work;

#[cfg(feature = "fault-injection")]
pub use clocks::set_clocks;
pub use patterns::{PatternError, Patterns};

use hash::HashError;
use index::{Entry, Index};
use plan::Plan;
use rules::{RuleCache, Rules};
use stamp::{Stamp, file_type, is_executable};
use walk::{Found, FoundKind, Purpose};

/// What a key knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileState {
    /// The digest of the content; of a link that leads to no file, a digest of its text.
    pub digest: Digest,
    /// The length in bytes of what was digested.
    pub size: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// Whether the path is a symbolic link.
    pub symlink: bool,
}

/// The files of one set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Sorted by path, each path once.
    pub files: Vec<(RelativePath, FileState)>,
}

/// Something that belongs to an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputPath {
    /// Where it is.
    pub path: RelativePath,
    /// What it is.
    pub kind: OutputKind,
}

/// See [`OutputPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A regular file; never a link.
    File(FileState),
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A folder.
    Directory,
    /// A pipe, socket or device: nothing that can be kept.
    Special,
}

/// Why the files of a workspace could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The system refused to let a file or folder be read.
    #[error("Could not read `{path}`: {source}.")]
    Read {
        /// From the workspace's root; `.` is the root itself.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file changed each time that it was read.
    #[error("`{path}` is being written all the time, so its content cannot be told.")]
    Changing {
        /// From the workspace's root.
        path: String,
    },
    /// The index could not be written. Nothing is lost but time.
    #[error(transparent)]
    Save(#[from] StoreError),
}

/// The files of one workspace.
///
/// Each call looks at the files anew; only what was read from a file is remembered, together
/// with the file's stamp: size, both times and inode. A file that changed so shortly before it
/// was read that it could change again and keep its stamp is read again the next time.
///
/// ```
/// use purlin_store::{Files, Patterns};
///
/// # let folder = tempfile::tempdir()?;
/// # let root = folder.path().to_path_buf();
/// std::fs::write(root.join("a.py"), "print()")?;
/// std::fs::write(root.join("notes"), "")?;
/// let files = Files::open(root.clone(), root.join(".purlin/files"));
/// let python = Patterns::new(&["*.py"])?;
/// let listing = files.inputs(&[&python])?.remove(0);
/// assert_eq!(listing.files[0].0.as_bytes(), b"a.py");
/// assert_eq!(listing.files.len(), 1);
/// files.save()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Files {
    root: PathBuf,
    index: PathBuf,
    known: OnceLock<Option<Index>>,
    fresh: Mutex<HashMap<RelativePath, Entry>>,
    unsaved: AtomicBool,
    hashed: AtomicU64,
}

impl Files {
    /// The files below `root`, an absolute path, remembered in the file `index`. Nothing is read
    /// yet; an index that is damaged, of another version or from the future counts as empty.
    #[must_use]
    pub fn open(root: PathBuf, index: PathBuf) -> Self {
        Self {
            root,
            index,
            known: OnceLock::new(),
            fresh: Mutex::default(),
            unsaved: AtomicBool::new(false),
            hashed: AtomicU64::new(0),
        }
    }

    /// The files of each set, by one walk of the folders that the sets can match in.
    ///
    /// - What git ignores is left out, unless a pattern names the very file without wildcards,
    ///   or an ignored folder, which it then takes whole. `.gitignore` files, those above the
    ///   root in the same repository, and the repository's exclude file count; the user's own
    ///   ignore file does not, and no repository is needed.
    /// - `.git`, `.purlin` and `.purlin-cache` are never entered. Hidden files are files.
    /// - A link to a file has the file's content. A wildcard does not go through a link to a
    ///   folder: the link itself is listed. A pattern that names the link, or something beyond
    ///   it, goes through. A link that leads to no file has a digest of its text.
    /// - A named file that does not exist is not in the listing, nor is one that vanishes
    ///   meanwhile, nor sockets, pipes and devices.
    ///
    /// # Errors
    /// If a folder or a file that a set takes cannot be read, or never stands still.
    pub fn inputs(&self, sets: &[&Patterns]) -> Result<Vec<Listing>, FilesError> {
        let mut listings = vec![Listing::default(); sets.len()];
        for (path, kind, sets) in self.look(sets, Purpose::Inputs)? {
            let state = match kind {
                Looked::File(state) => state,
                Looked::Link(text) => link_state(&text),
                Looked::Directory | Looked::Special => continue,
            };
            deliver(path, &sets, |set, path| listings[set].files.push((path, state)));
        }
        Ok(listings)
    }

    /// What there is of the artifacts of each set, sorted by path, by one walk.
    ///
    /// Files that git ignores count, and a pattern that matches a folder takes it, all below it and
    /// empty folders too. A link is listed itself; only a pattern that names something beyond a link
    /// to a folder goes through. `.git`, `.purlin` and `.purlin-cache` are never
    /// entered.
    ///
    /// # Errors
    /// As [`Files::inputs`].
    pub fn outputs(&self, sets: &[&Patterns]) -> Result<Vec<Vec<OutputPath>>, FilesError> {
        let mut outputs = vec![Vec::new(); sets.len()];
        for (path, kind, sets) in self.look(sets, Purpose::Outputs)? {
            let kind = match kind {
                Looked::File(state) => OutputKind::File(state),
                Looked::Link(_) => OutputKind::Symlink,
                Looked::Directory => OutputKind::Directory,
                Looked::Special => OutputKind::Special,
            };
            deliver(path, &sets, |set, path| outputs[set].push(OutputPath { path, kind }));
        }
        Ok(outputs)
    }

    /// One file, as [`Files::inputs`] would list it if it were named; `None` where there is
    /// no file or it cannot be read.
    #[must_use]
    pub fn state(&self, path: &RelativePath) -> Option<FileState> {
        let root = self.root().ok()?;
        let link_stat =
            rustix::fs::statat(&root, path.as_bytes(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let link = file_type(&link_stat) == FileType::Symlink;
        let stat = match rustix::fs::statat(&root, path.as_bytes(), AtFlags::empty()) {
            Ok(stat) if file_type(&stat) == FileType::RegularFile => stat,
            _ if link => {
                let text = rustix::fs::readlinkat(&root, path.as_bytes(), Vec::new()).ok()?;
                return Some(link_state(text.as_bytes()));
            }
            _ => return None,
        };
        let kind =
            FoundKind::File { stamp: Stamp::of(&stat), executable: is_executable(&stat), link };
        let found = Found { path: path.clone(), kind, sets: [0].into() };
        match self.digests(root.as_fd(), vec![found]).ok()?.pop()?.1 {
            Looked::File(state) => Some(state),
            Looked::Link(_) | Looked::Directory | Looked::Special => None,
        }
    }

    /// How many files were read and hashed since [`Files::open`], because nothing current was
    /// known of them.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// Writes what was learnt to the index, if anything was. Another process may do so at the
    /// same time: each replaces the index whole, and the last one's stays.
    ///
    /// # Errors
    /// If the index cannot be written; the old one is still there.
    pub fn save(&self) -> Result<(), FilesError> {
        let fresh = self.fresh();
        if !self.unsaved.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        index::write(&self.index, self.known(), &fresh, &self.root).map_err(|error| {
            self.unsaved.store(true, Ordering::Relaxed);
            error.into()
        })
    }

    fn look(&self, sets: &[&Patterns], purpose: Purpose) -> Result<Vec<Seen>, FilesError> {
        let plan = Plan::new(sets);
        let root = self.root()?;
        let cache = RuleCache::default();
        let rules = match purpose {
            Purpose::Inputs => Rules::above(&self.root, &cache),
            Purpose::Outputs => Rules::default(),
        };
        let found = walk::walk(root.as_fd(), &plan, purpose, rules, &cache)?;
        self.digests(root.as_fd(), found)
    }

    /// Adds the digests to what was found, which is sorted by path.
    fn digests(&self, root: BorrowedFd<'_>, found: Vec<Found>) -> Result<Vec<Seen>, FilesError> {
        let mut seen = Vec::with_capacity(found.len());
        let mut unknown = Vec::new();
        {
            let fresh = self.fresh();
            let mut cursor = self.known().map(Index::cursor);
            for Found { path, kind, sets } in found {
                let looked = match kind {
                    FoundKind::Directory => Looked::Directory,
                    FoundKind::Special => Looked::Special,
                    FoundKind::Link(text) => Looked::Link(text),
                    FoundKind::File { stamp, executable, link } => {
                        let entry = match fresh.get(&path) {
                            Some(entry) => Some(*entry),
                            None => cursor.as_mut().and_then(|it| it.find(path.as_bytes())),
                        };
                        let digest = match entry {
                            Some(entry) if is_current(&path, &entry, &stamp) => entry.digest,
                            _ => {
                                unknown.push(seen.len());
                                Digest([0; 32])
                            }
                        };
                        let size = stamp.size;
                        Looked::File(FileState { digest, size, executable, symlink: link })
                    }
                };
                seen.push((path, looked, sets));
            }
        }
        if !unknown.is_empty() {
            self.hash(root, &mut seen, &unknown)?;
        }
        Ok(seen)
    }

    /// Reads the unknown files among those seen, and drops those that vanished.
    fn hash(
        &self,
        root: BorrowedFd<'_>,
        seen: &mut Vec<Seen>,
        unknown: &[usize],
    ) -> Result<(), FilesError> {
        let now = hash::file_system_time(root, &self.index);
        let tasks = unknown.iter().copied().rev().collect();
        let read = |gathered: &mut Vec<_>, place: usize, _: &mut Vec<_>| {
            let (path, looked, _) = &seen[place];
            let follow = matches!(looked, Looked::File(state) if state.symlink);
            let hashed = match hash::hash(root, path.as_bytes(), follow) {
                Ok(hashed) => Some(hashed),
                Err(HashError::Gone) => None,
                Err(HashError::Changing) => {
                    return Err(FilesError::Changing { path: path.to_string() });
                }
                Err(HashError::Io(source)) => {
                    return Err(FilesError::Read { path: path.to_string(), source });
                }
            };
            gathered.push((place, hashed));
            Ok(1)
        };
        let gathered = work::share(tasks, ALONE, Vec::new, read)?;
        let mut gone = Vec::new();
        let mut fresh = self.fresh();
        for (place, hashed) in gathered.into_iter().flatten() {
            let Some(hashed) = hashed else {
                gone.push(place);
                continue;
            };
            self.hashed.fetch_add(1, Ordering::Relaxed);
            let (path, looked, _) = &mut seen[place];
            if let Looked::File(state) = looked {
                state.digest = hashed.digest;
                state.size = hashed.stamp.size;
                state.executable = hashed.executable;
            }
            if !hashed.stamp.is_racy(now) {
                let entry = Entry { stamp: hashed.stamp, digest: hashed.digest };
                fresh.insert(path.clone(), entry);
                self.unsaved.store(true, Ordering::Relaxed);
            }
        }
        gone.sort_unstable();
        for place in gone.into_iter().rev() {
            seen.remove(place);
        }
        Ok(())
    }

    fn root(&self) -> Result<OwnedFd, FilesError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&self.root, flags, Mode::empty())
            .map_err(|error| FilesError::read(b".", error))
    }

    fn known(&self) -> Option<&Index> {
        self.known.get_or_init(|| Index::open(&self.index)).as_ref()
    }

    fn fresh(&self) -> MutexGuard<'_, HashMap<RelativePath, Entry>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listing {
    /// The digest of all paths and states: equal for equal listings, wherever the workspace is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new("purlin files 1");
        for (path, state) in &self.files {
            hasher.field(path.as_bytes());
            let flags = u8::from(state.executable) | u8::from(state.symlink) << 1;
            hasher.raw(&[flags]).raw(&state.digest.0);
        }
        hasher.finish()
    }
}

impl FilesError {
    fn read(path: &[u8], error: Errno) -> Self {
        Self::Read { path: String::from_utf8_lossy(path).into_owned(), source: error.into() }
    }
}

/// How many small files one thread reads in the time that it takes to start another.
const ALONE: usize = 20;

/// What was found at a path, with its content's digest, and the sets that it is in.
type Seen = (RelativePath, Looked, Arc<[u32]>);

enum Looked {
    File(FileState),
    Link(Vec<u8>),
    Directory,
    Special,
}

/// Whether what is remembered of a file still holds.
fn is_current(path: &RelativePath, entry: &Entry, stamp: &Stamp) -> bool {
    if defect::seeded("changed-time-ignored") {
        return (entry.stamp.size, entry.stamp.modified) == (stamp.size, stamp.modified);
    }
    entry.stamp == *stamp
        || (defect::seeded("second-edit-of-non-ascii-missed") && !path.as_bytes().is_ascii())
}

/// A link that leads to no file stands for its text.
fn link_state(text: &[u8]) -> FileState {
    let mut hasher = Hasher::new("purlin link 1");
    hasher.field(text);
    FileState { digest: hasher.finish(), size: text.len() as u64, executable: false, symlink: true }
}

/// Hands a path to each of its sets; the last one gets the path itself.
fn deliver(path: RelativePath, sets: &[u32], mut to: impl FnMut(usize, RelativePath)) {
    let Some((last, others)) = sets.split_last() else { return };
    for set in others {
        to(*set as usize, path.clone());
    }
    to(*last as usize, path);
}

#[cfg(test)]
mod tests;
