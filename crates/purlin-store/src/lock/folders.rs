//! Locks on folders of a workspace. Who has one alone has all that is below it, so that whatever
//! changes there meanwhile is its own doing.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin_model::Digest;

use super::contention::{self, Contention, is_within};
use super::processes::line_of_ancestors;
use super::{InstanceLock, LONGEST_PAUSE, Mode, Obstacle, SHORTEST_PAUSE, attempt};
use crate::{StoreError, atomic};

/// Folders that are locked, against all processes and threads that use the same place. Released when
/// dropped.
#[derive(Debug, Default)]
pub struct FolderLocks(Vec<InstanceLock>);

impl FolderLocks {
    /// What a child gets, as of [`InstanceLock`], so that what outlives this process keeps the folders.
    pub fn heirlooms(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.exclusive().map(|lock| lock.as_fd())
    }

    /// As [`InstanceLock::sign`].
    pub fn sign(&self, leader: Option<u32>) {
        self.exclusive().for_each(|lock| lock.sign(leader));
    }

    fn exclusive(&self) -> impl Iterator<Item = &InstanceLock> {
        self.0.iter().filter(|lock| lock.mode == Mode::Exclusive)
    }
}

/// The state of somebody who waits for folders.
pub struct FolderWait {
    /// Where the locks are.
    place: PathBuf,
    wanted: Vec<(Vec<u8>, Mode)>,
    contention: HashMap<PathBuf, Contention>,
    pause: Duration,
    is_within: bool,
}

impl FolderWait {
    /// Will wait for these folders, as paths from the root of a workspace whose locks are in `place`:
    /// for each alone, and for those above it together with others that do not want them alone.
    #[must_use]
    pub fn new<'b>(place: &Path, folders: impl IntoIterator<Item = &'b [u8]>) -> Self {
        let mut wanted = BTreeMap::new();
        for folder in folders {
            for above in folders_above(folder) {
                wanted.entry(above).or_insert(Mode::Shared);
            }
            wanted.insert(folder, Mode::Exclusive);
        }
        Self {
            place: place.to_owned(),
            wanted: wanted.into_iter().map(|(folder, mode)| (folder.to_vec(), mode)).collect(),
            contention: HashMap::new(),
            pause: SHORTEST_PAUSE,
            is_within: false,
        }
    }

    /// Takes all of the folders, or none, and says then why not. A process that belongs to what runs
    /// under such a lock goes on without those that it does not get: whoever has them may be waiting
    /// for it.
    ///
    /// # Errors
    /// If a lock file cannot be made or locked.
    pub fn attempt(&mut self) -> Result<Result<FolderLocks, Obstacle>, StoreError> {
        if !self.wanted.is_empty() {
            atomic::make_folders(&self.place)?;
        }
        let mut locks = Vec::with_capacity(self.wanted.len());
        for (folder, mode) in &self.wanted {
            let path = self.place.join(file_name(folder));
            match attempt(&path, *mode)? {
                Ok(mut lock) => {
                    lock.about.clone_from(folder);
                    locks.push(lock);
                }
                Err(_) if self.is_within => {}
                Err(file) => {
                    if runs_this(&self.place) {
                        self.is_within = true;
                        continue;
                    }
                    return Ok(Err(self
                        .contention
                        .entry(path.clone())
                        .or_default()
                        .look(&path, &file)));
                }
            }
        }
        match self.left_below()? {
            Some(obstacle) => Ok(Err(obstacle)),
            None => Ok(Ok(FolderLocks(locks))),
        }
    }

    /// What a killed holder has left running below a folder that is now had alone. What runs has the
    /// lock on its own folder from its parent, and none on those above, which many may have together.
    fn left_below(&mut self) -> Result<Option<Obstacle>, StoreError> {
        if self.is_within {
            return Ok(None);
        }
        for entry in fs::read_dir(&self.place).into_iter().flatten().flatten() {
            if !is_of_folder(&entry.file_name()) {
                continue;
            }
            let path = entry.path();
            let about = File::open(&path).and_then(|mut file| contention::about(&mut file));
            let Some(folder) = about.ok().flatten() else { continue };
            let is_above = |(above, mode): &(Vec<u8>, Mode)| {
                *mode == Mode::Exclusive && folders_above(&folder).any(|one| one == above)
            };
            if self.wanted.iter().any(is_above)
                && self.wanted.iter().all(|(wanted, _)| *wanted != folder)
                && let Err(file) = attempt(&path, Mode::Exclusive)?
            {
                return Ok(Some(
                    self.contention.entry(path.clone()).or_default().look(&path, &file),
                ));
            }
        }
        Ok(None)
    }

    /// Lets some time pass before the next attempt.
    pub fn pause(&mut self) {
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// The folders above one, as paths from the root of a workspace, the root first.
///
/// ```
/// assert!(purlin_store::folders_above(b"dist/a").eq([&b""[..], b"dist"]));
/// assert_eq!(purlin_store::folders_above(b"").count(), 0);
/// ```
pub fn folders_above(folder: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = (0..folder.len()).filter(|place| folder[*place] == b'/');
    let root = (!folder.is_empty()).then_some(0);
    root.into_iter().chain(ends).map(|end| &folder[..end])
}

/// Longer than what names of instances lead to, so that the two never meet.
fn file_name(folder: &[u8]) -> String {
    format!("{}.lock", Digest::of(&[b"folder\0", folder].concat()).to_hex())
}

/// Whether a file's name is that of a lock on a folder.
pub(super) fn is_of_folder(name: &OsStr) -> bool {
    name.len() == file_name(b"").len()
}

/// Whether this process belongs to what runs under a lock on a folder.
fn runs_this(place: &Path) -> bool {
    let ancestors = line_of_ancestors();
    fs::read_dir(place).into_iter().flatten().flatten().any(|entry| {
        is_of_folder(&entry.file_name())
            && File::open(entry.path()).is_ok_and(|file| is_within(&file, &ancestors))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(place: &Path, folders: &[&str]) -> Option<FolderLocks> {
        let folders = folders.iter().map(|folder| folder.as_bytes());
        FolderWait::new(place, folders).attempt().unwrap().ok()
    }

    #[test]
    fn a_folder_excludes_those_above_and_below_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let one = attempt(place.path(), &["dist/a"]).unwrap();
        for (folder, is_free) in
            [("dist/a", false), ("dist", false), ("", false), ("dist/a/deep", false)]
                .into_iter()
                .chain([("dist/b", true), ("dist/ab", true), ("other", true)])
        {
            assert_eq!(attempt(place.path(), &[folder]).is_some(), is_free, "{folder}");
        }
        let both = attempt(place.path(), &["dist/b", "other"]).unwrap();
        drop(one);
        assert!(attempt(place.path(), &["dist"]).is_none());
        drop(both);
        assert!(attempt(place.path(), &[""]).is_some());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_and_one_above_it_are_taken_by_one() {
        let place = tempfile::tempdir().unwrap();
        let locks = attempt(place.path(), &["dist", "dist/a", "dist"]).unwrap();
        assert_eq!((locks.0.len(), locks.heirlooms().count()), (3, 2));
        assert!(attempt(place.path(), &["dist/b"]).is_none());
    }
}
