//! The fetched files that are there, and removing those that nobody needs.
//!
//! ```text
//! ab/ab12…         a file, under its digest; its time of change is that of its last use
//! partial/         files in the making
//! locks/           who fetches what
//! ```

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use purlin_model::Digest;
use purlin_store::{Hold, StoreError, fault};

/// How often it is noted that a file is used.
const NOTED: Duration = Duration::from_secs(60 * 60);

/// The folder of fetched files, for whoever looks after it.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its digest.
    pub digest: Digest,
    /// How large it is.
    pub bytes: u64,
    /// When it was last used, as far as it was noted.
    pub used: SystemTime,
}

/// Which files go.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShelfLimits {
    /// Files that were last used before that go.
    pub unused_since: Option<SystemTime>,
    /// What all that stays may take: of the others those go that were used longest ago.
    pub most_bytes: Option<u64>,
}

/// What has gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedFiles {
    /// How many files.
    pub files: u64,
    /// What they took.
    pub bytes: u64,
    /// Somebody was fetching all the time, and nothing went.
    pub busy: bool,
}

impl Shelf {
    /// The files in a folder. Nothing is read or made.
    #[must_use]
    pub fn open(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All files, in the order of their digests. What is no such file is passed by.
    #[must_use]
    pub fn files(&self) -> Vec<FetchedFile> {
        let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let parts = below(&self.folder).filter(|part| part.file_name().len() == 2);
        let file = |entry: fs::DirEntry| {
            let digest = entry.file_name().to_str()?.parse().ok()?;
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let used = metadata.modified().ok()?;
            Some(FetchedFile { digest, bytes: metadata.len(), used })
        };
        let mut files: Vec<_> =
            parts.flat_map(|part| below(&part.path())).filter_map(file).collect();
        files.sort_by_key(|file| file.digest);
        files
    }

    /// Removes files beyond the limits, those that `keeps` names excepted, and with them what is left of
    /// files in the making that nobody has added to for as long. `patience` is how long to wait for
    /// somebody who fetches.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn prune(
        &self,
        limits: &ShelfLimits,
        keeps: &HashSet<Digest>,
        patience: Duration,
    ) -> Result<PrunedFiles, StoreError> {
        if !self.folder.is_dir() {
            return Ok(PrunedFiles::default());
        }
        let Some(_alone) = Hold::alone(&self.folder, patience) else {
            return Ok(PrunedFiles { busy: true, ..PrunedFiles::default() });
        };
        let old = |time: SystemTime| limits.unused_since.is_some_and(|since| time < since);
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.bytes).sum();
        let mut pruned = PrunedFiles::default();
        for file in files.iter().filter(|file| !keeps.contains(&file.digest)) {
            if old(file.used) || limits.most_bytes.is_some_and(|most| total > most) {
                fault::point("fetched.prune");
                remove(&place(&self.folder, file.digest))?;
                total -= file.bytes;
                pruned.files += 1;
                pruned.bytes += file.bytes;
            }
        }
        self.sweep(&old)?;
        Ok(pruned)
    }

    /// Removes everything; `None` where somebody fetches for longer than `patience`.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clear(&self, patience: Duration) -> Result<Option<PrunedFiles>, StoreError> {
        let limits = ShelfLimits { most_bytes: Some(0), ..ShelfLimits::default() };
        let mut pruned = self.prune(&limits, &HashSet::new(), patience)?;
        if pruned.busy {
            return Ok(None);
        }
        // An empty file takes nothing, and goes all the same.
        for file in self.files() {
            remove(&place(&self.folder, file.digest))?;
            pruned.files += 1;
        }
        if let Some(_alone) = Hold::alone(&self.folder, patience) {
            self.sweep(&|_| true)?;
        }
        Ok(Some(pruned))
    }

    /// Removes what is left of files in the making. Nobody makes any: whoever does holds the folder.
    fn sweep(&self, old: &dyn Fn(SystemTime) -> bool) -> Result<(), StoreError> {
        for part in ["partial", "locks"] {
            let entries = fs::read_dir(self.folder.join(part)).into_iter().flatten().flatten();
            for entry in entries {
                let changed = entry.metadata().and_then(|metadata| metadata.modified());
                if changed.is_ok_and(old) {
                    remove(&entry.path())?;
                }
            }
        }
        Ok(())
    }
}

/// Where a file is in a folder of them.
pub(crate) fn place(folder: &Path, digest: Digest) -> PathBuf {
    let name = digest.to_hex();
    folder.join(&name[..2]).join(name)
}

/// Notes that a file is used. One that is not noted goes a little sooner.
pub(crate) fn touch(file: &File) {
    let noted = file.metadata().and_then(|metadata| metadata.modified());
    if !noted.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < NOTED)) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Io { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
