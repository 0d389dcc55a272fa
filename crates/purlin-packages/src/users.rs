//! Who uses packages while it runs, so that they are not pulled away.
//!
//! Each has a file in `users/` that names the packages, and a lock on it for as long as it runs. A program
//! that is started with them inherits that lock. A file whose lock can be had is one of somebody dead.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use purlin_store::{InstanceLock, StoreError};

use crate::store::PackageStore;

/// Begins the names of files that are not locked yet.
const UNFINISHED: char = '.';

/// Ends the names of files of builds.
const BUILD: &str = ".build";

/// What somebody is who uses a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// A build, which ends by itself.
    Build,
    /// A program or a shell, which may never end.
    Program,
}

/// Keeps packages where they are as long as it lives.
#[derive(Debug, Default)]
pub struct User {
    /// The locked file; none where the store can only be read, so that nobody removes anything either.
    file: Option<File>,
    path: PathBuf,
    heirloom: Option<OwnedFd>,
}

impl PackageStore {
    /// Notes that packages are used, with all that they need, until the value is dropped. To be called
    /// while nobody can prune.
    #[must_use]
    pub fn using(&self, folders: &[String]) -> User {
        self.note(&folders.join("\n"), "").unwrap_or_default()
    }

    /// The same for packages that something is built with. What is built is [added](User::add).
    #[must_use]
    pub fn building_with(&self, folders: &[String]) -> User {
        self.note(&folders.join("\n"), BUILD).unwrap_or_default()
    }

    fn note(&self, text: &str, kind: &str) -> std::io::Result<User> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = self.users();
        fs::create_dir_all(&folder)?;
        drop(self.used_by_others());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{number}{kind}", token()));
        let unfinished = folder.join(format!("{UNFINISHED}{}-{number}", token()));
        fs::write(&unfinished, text)?;
        let file = File::open(&unfinished)?;
        // Before anybody can see it.
        file.lock_shared()?;
        fs::rename(&unfinished, &path)?;
        Ok(User { file: Some(file), path, heirloom: None })
    }

    /// Whether somebody else uses the package in a folder.
    pub(crate) fn is_used(&self, folder: &str) -> bool {
        self.use_of(folder).is_some()
    }

    /// The longest use that somebody else makes of the package in a folder.
    pub(crate) fn use_of(&self, folder: &str) -> Option<Use> {
        let of_it = |text: &str| text.lines().any(|line| line == folder);
        self.others().into_iter().filter(|(_, text)| of_it(text)).map(|(kind, _)| kind).max()
    }

    /// The folders of packages that others use, which may have gone. What the dead have left is removed.
    #[must_use]
    pub fn used_by_others(&self) -> HashSet<String> {
        let others = self.others();
        others.iter().flat_map(|(_, text)| text.lines().map(str::to_owned)).collect()
    }

    /// What others say that they use.
    fn others(&self) -> Vec<(Use, String)> {
        let mut others = Vec::new();
        for entry in fs::read_dir(self.users()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with(UNFINISHED)) else {
                continue;
            };
            let is_own = name.strip_prefix(token()).is_some_and(|number| number.starts_with('-'));
            let path = entry.path();
            if !is_own && !removed_as_dead(&path) {
                let kind = if name.ends_with(BUILD) { Use::Build } else { Use::Program };
                others.push((kind, fs::read_to_string(path).unwrap_or_default()));
            }
        }
        others
    }

    /// Removes what those have left who died before anybody could see that they were there. Nobody else
    /// may use the store.
    pub(crate) fn sweep_users(&self) {
        for entry in fs::read_dir(self.users()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // What stays is met again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn users(&self) -> PathBuf {
        self.folder().join("users")
    }
}

impl User {
    /// Notes that one more package is used. To be called while nobody can build it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&self, folder: &str) -> Result<(), StoreError> {
        if self.file.is_none() {
            return Ok(());
        }
        let write = || {
            let mut file = File::options().append(true).open(&self.path)?;
            file.write_all(format!("\n{folder}\n").as_bytes())
        };
        write().map_err(|source| StoreError::Io {
            action: "write",
            path: self.path.clone(),
            source,
        })
    }

    /// Has what this process starts from now on use the packages, too, for as long as it runs. The
    /// descriptor is one that no shell can name by chance.
    pub fn hand_on(&mut self) {
        let first = InstanceLock::FIRST_OF_HEIRS;
        let copy = |file: &File| {
            let copy = rustix::io::fcntl_dupfd_cloexec(file, first)?;
            rustix::io::fcntl_setfd(&copy, rustix::io::FdFlags::empty())?;
            Ok::<_, rustix::io::Errno>(copy)
        };
        // With fewer descriptors than that it can only do without: this process waits for the program.
        self.heirloom = self.file.as_ref().and_then(|file| copy(file).ok());
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        if self.heirloom.take().is_none() {
            let _ = fs::remove_file(&self.path);
            return;
        }
        drop(file);
        // Those who have it from this process may use the packages still.
        removed_as_dead(&self.path);
    }
}

/// Removes the file of somebody who does not run any more; false for one who does, or may.
fn removed_as_dead(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => {
                // What stays is met again.
                let _ = fs::remove_file(path);
                true
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// What tells this process from all others that have used the store.
#[must_use]
pub fn token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        format!("{}-{time}", process::id())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_used_as_long_as_somebody_lives() {
        let folder = tempfile::tempdir().unwrap();
        let store = PackageStore::open(folder.path().to_owned());
        let mut own = store.using(&["one".to_owned(), "two".to_owned()]);
        // What this process does itself is no obstacle to it.
        assert!(!store.is_used("one"));
        let names = || fs::read_dir(store.users()).unwrap().count();
        // As if somebody else had written it.
        let other = store.users().join("1-1-0");
        fs::rename(&own.path, &other).unwrap();
        own.path.clone_from(&other);
        assert!(store.is_used("one") && store.is_used("two") && !store.is_used("three"));
        own.hand_on();
        let heir = own.heirloom.as_ref().unwrap().try_clone().unwrap();
        drop(own);
        assert!(store.is_used("one"));
        drop(heir);
        assert!(!store.is_used("one"));
        assert_eq!(names(), 0);
        let mut build = store.building_with(&["one".to_owned()]);
        let other = store.users().join("1-2-0.build");
        fs::rename(&build.path, &other).unwrap();
        build.path = other;
        assert_eq!((store.use_of("one"), store.use_of("two")), (Some(Use::Build), None));
        build.add("two").unwrap();
        assert_eq!(
            (store.use_of("one"), store.use_of("two")),
            (Some(Use::Build), Some(Use::Build))
        );
        drop(build);
        assert_eq!(names(), 0);
        drop(store.using(&[]));
        assert_eq!(names(), 0);
    }
}
