//! Where packages are: each in a folder named by its identity, whole or not at all.
//!
//! ```text
//! <hash>-<name>-<version>/   a package, read-only
//! records/<hash>             a line of JSON: the package is whole, and what is known of it
//! failed/<hash>-<name>…/     the folders of builds that failed
//! locks/, tmp/               builds under way
//! roots/                     what workspaces have used last
//! users/                     who uses packages now
//! replaced/                  packages that were built anew while somebody used them
//! ```
//!
//! A folder counts only once there is a record of it. Contents are in the ordinary cache, too: what
//! is removed here, or damaged, is put back from there.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use purlin_model::Digest;
use purlin_store::{InstanceLock, Obstacle, StoreError, fault, write_atomically};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::build::name_of;
use crate::remembered::Marks;
use crate::sandbox::APART;

/// How much of a key stands in names of folders.
const HASH: usize = 32;

/// The folder of packages.
#[derive(Debug, Clone)]
pub struct PackageStore {
    folder: PathBuf,
}

/// What is known of a package that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`Record::VERSION`]; others count as absent.
    pub version: u32,
    /// What users know it by.
    pub id: String,
    /// The name of its folder.
    pub folder: String,
    /// Its identity.
    pub key: Digest,
    /// The digest of its files.
    pub tree: Digest,
    /// The names of folders of packages that stand in its files, its own left out.
    pub references: Vec<String>,
    /// The names of folders of packages that it needs to run.
    pub requires: Vec<String>,
    /// How it was kept apart while it was built.
    pub sandbox: String,
    /// What its identity was made of, by label.
    pub parts: BTreeMap<String, String>,
    /// The tests that it has passed.
    pub tests: Option<Digest>,
    /// When it was built, in seconds since 1970.
    pub built: u64,
    /// How long that took.
    pub duration_ms: u64,
}

/// What a package was built from the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// What users know it by.
    pub id: String,
    /// Its identity.
    pub key: Digest,
    /// What that was made of, by label.
    pub parts: BTreeMap<String, String>,
}

/// The part of a record that a run asks for in which nothing is built.
#[derive(Debug)]
pub(crate) struct Brief {
    said: Said,
    pub(crate) marks: Marks,
    /// The tests that it has passed.
    pub(crate) tests: Option<Digest>,
    /// Nothing kept its build apart, or nobody knows.
    pub(crate) is_open: bool,
}

#[derive(Debug, Deserialize)]
struct Said {
    version: u32,
    folder: String,
    references: Vec<String>,
    requires: Vec<String>,
    tests: Option<Digest>,
    sandbox: String,
}

impl Brief {
    /// What has to be there for it to run.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        self.said.references.iter().chain(&self.said.requires).map(String::as_str)
    }
}

impl Record {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// Whether nothing kept the build apart, or nobody knows.
    pub(crate) fn is_open(&self) -> bool {
        self.sandbox != APART
    }

    /// What has to be there for it to run.
    pub fn needs(&self) -> impl Iterator<Item = &String> {
        self.references.iter().chain(&self.requires)
    }
}

/// Keeps packages from being removed as long as it lives.
#[derive(Debug)]
pub struct InUse {
    _file: Option<File>,
}

impl PackageStore {
    /// The store in a folder. Nothing is read or made.
    #[must_use]
    pub fn open(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the store is in a user's cache folder.
    #[must_use]
    pub fn folder_in(cache: &Path) -> PathBuf {
        cache.join("packages")
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the package with a key is, or will be.
    #[must_use]
    pub fn prefix(&self, key: Digest, name: &str) -> PathBuf {
        self.folder.join(format!("{}-{name}", &key.to_hex()[..HASH]))
    }

    /// The hash in the name of a package's folder.
    #[must_use]
    pub fn hash_of(folder: &str) -> Option<&str> {
        let hash = folder.get(..HASH)?;
        let sound = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        (sound && folder[HASH..].starts_with('-')).then_some(hash)
    }

    pub(crate) fn record_path(&self, hash: &str) -> PathBuf {
        self.folder.join("records").join(hash)
    }

    /// What is known of the package in a folder, if it is whole and there.
    #[must_use]
    pub fn record(&self, folder: &str) -> Option<Record> {
        let place = self.folder.join(folder).symlink_metadata();
        self.recorded(folder).filter(|_| place.is_ok_and(|place| place.is_dir()))
    }

    /// What was recorded of the package in a folder, whatever is there.
    pub(crate) fn recorded(&self, folder: &str) -> Option<Record> {
        let text = fs::read(self.record_path(Self::hash_of(folder)?)).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.version == Record::VERSION && record.folder == folder).then_some(record)
    }

    /// The store for somebody who looks at many packages in a row.
    pub(crate) fn looked_at(&self) -> Option<Looked> {
        let open = |folder: &Path| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open(folder, flags, Mode::empty()).ok()
        };
        Some(Looked { folder: open(&self.folder)?, records: open(&self.folder.join("records"))? })
    }

    /// Records that a package is whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_record(&self, record: &Record) -> Result<(), StoreError> {
        let hash = Self::hash_of(&record.folder).unwrap_or(&record.folder);
        let text = serde_json::to_vec(record).unwrap_or_default();
        write_atomically(&self.record_path(hash), &text, "package-record")
    }

    /// Takes back that a package is whole, before it is changed.
    ///
    /// # Errors
    /// It cannot be taken back.
    pub fn drop_record(&self, folder: &str) -> Result<(), StoreError> {
        let Some(hash) = Self::hash_of(folder) else { return Ok(()) };
        let path = self.record_path(hash);
        fault::point("package-record.drop");
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Io { action: "remove", path, source })
            }
            _ => Ok(()),
        }
    }

    /// All that are whole, in the order of their hashes, with the time of their last use.
    #[must_use]
    pub fn records(&self) -> Vec<(Record, SystemTime)> {
        let entries = fs::read_dir(self.folder.join("records")).into_iter().flatten().flatten();
        let mut all: Vec<_> = entries
            .filter_map(|entry| {
                let used = entry.metadata().and_then(|one| one.modified()).ok()?;
                let record: Record = serde_json::from_slice(&fs::read(entry.path()).ok()?).ok()?;
                (record.version == Record::VERSION).then_some((record, used))
            })
            .collect();
        all.sort_by(|left, right| left.0.folder.cmp(&right.0.folder));
        all
    }

    /// What a package with an id was built from the last time, by anybody.
    #[must_use]
    pub fn last(&self, id: &str) -> Option<Last> {
        let records = self.records().into_iter().map(|(record, _)| record);
        let last = records.filter(|record| record.id == id).max_by_key(|record| record.built)?;
        Some(Last { id: last.id, key: last.key, parts: last.parts })
    }

    /// Notes that a package is used which was last used at that time: once an hour at most.
    pub fn touch(&self, prefix: &Path, used: Option<SystemTime>) {
        let recent =
            |time: SystemTime| time.elapsed().is_ok_and(|age| age < Duration::from_secs(60 * 60));
        if used.is_some_and(recent) {
            return;
        }
        let folder = name_of(prefix);
        if let Some(hash) = Self::hash_of(&folder)
            && let Ok(file) = File::options().append(true).open(self.record_path(hash))
        {
            // One that is not noted is pruned a little sooner.
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Keeps packages from being removed. In a store that can only be read nobody removes any.
    #[must_use]
    pub fn begin(&self) -> InUse {
        let file = self.guard().ok().filter(|file| file.lock_shared().is_ok());
        InUse { _file: file }
    }

    /// Keeps everybody else out; `None` where somebody uses the store for longer than `patience`.
    ///
    /// # Errors
    /// The store cannot be made.
    pub fn alone(&self, patience: Duration) -> Result<Option<InUse>, StoreError> {
        let file = self.guard()?;
        let end = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(InUse { _file: Some(file) })),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(_)) => return Ok(Some(InUse { _file: None })),
            }
        }
    }

    fn guard(&self) -> Result<File, StoreError> {
        let path = self.folder.join("in-use");
        let open = || File::options().create(true).read(true).append(true).open(&path);
        let made = open().or_else(|_| {
            fs::create_dir_all(&self.folder)?;
            open()
        });
        made.map_err(|source| StoreError::Io { action: "open", path: path.clone(), source })
    }

    /// The lock of a package: who has it builds it.
    ///
    /// # Errors
    /// It cannot be taken.
    pub fn lock(
        &self,
        folder: &str,
        wait: impl FnMut(Obstacle) -> bool,
    ) -> Result<Option<InstanceLock>, StoreError> {
        InstanceLock::acquire(&self.folder.join("locks"), folder, wait)
    }

    /// Where builds are under way.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Where packages are kept that have lost their place to newer ones, while somebody uses them.
    #[must_use]
    pub(crate) fn replaced(&self) -> PathBuf {
        self.folder.join("replaced")
    }

    /// Where the folder of a failed build is kept.
    #[must_use]
    pub fn failed(&self, folder: &str) -> PathBuf {
        self.folder.join("failed").join(folder)
    }

    /// The folders of packages that have to be there for these to run, themselves among them.
    #[must_use]
    pub fn closure(&self, folders: &[String]) -> Vec<String> {
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        let mut open: Vec<String> = folders.iter().rev().cloned().collect();
        while let Some(folder) = open.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            if let Some(record) = self.record(&folder) {
                open.extend(record.needs().cloned());
            }
            found.push(folder);
        }
        found
    }
}

/// The folders of a store, opened: paths from there are short.
#[derive(Debug)]
pub(crate) struct Looked {
    folder: OwnedFd,
    records: OwnedFd,
}

impl Looked {
    /// The marks of the record of a package, if both are there.
    pub(crate) fn marks(&self, folder: &str) -> Option<Marks> {
        let hash = PackageStore::hash_of(folder)?;
        let record = rustix::fs::statat(&self.records, hash, AtFlags::empty()).ok()?;
        self.has(folder).then(|| Marks::of(&record))
    }

    fn has(&self, folder: &str) -> bool {
        let place = rustix::fs::statat(&self.folder, folder, AtFlags::SYMLINK_NOFOLLOW);
        place.is_ok_and(|place| FileType::from_raw_mode(place.st_mode).is_dir())
    }

    /// What the record of a package says, if both are there and sound.
    pub(crate) fn brief(&self, folder: &str) -> Option<Brief> {
        let hash = PackageStore::hash_of(folder)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mut file =
            File::from(rustix::fs::openat(&self.records, hash, flags, Mode::empty()).ok()?);
        let marks = Marks::of(&rustix::fs::fstat(&file).ok()?);
        let mut text = vec![0; usize::try_from(marks.size()).ok()?];
        // Records are replaced and never written to: this is all of it.
        file.read_exact(&mut text).ok()?;
        let said: Said = serde_json::from_slice(&text).ok()?;
        let is_of_it = said.version == Record::VERSION && said.folder == folder;
        (is_of_it && self.has(folder)).then_some(Brief {
            tests: said.tests,
            is_open: said.sandbox != APART,
            said,
            marks,
        })
    }
}

/// Removes a tree whatever its permissions say.
///
/// # Errors
/// It cannot be removed.
pub fn remove_tree(path: &Path) -> Result<(), StoreError> {
    let error = |source| StoreError::Io { action: "remove", path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(error(source)),
        Ok(metadata) if !metadata.is_dir() => return fs::remove_file(path).map_err(error),
        Ok(_) => {}
    }
    make_writable(path);
    fs::remove_dir_all(path).map_err(error)
}

/// Lets the owner write into all folders of a tree. What cannot be changed will be told by whoever
/// needs it.
pub(crate) fn make_writable(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if !metadata.is_dir() {
        return;
    }
    let mode = metadata.permissions().mode();
    if mode & 0o700 != 0o700 {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o700));
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// Takes from everybody the right to write into a tree, and from its files whatever else is not the
/// same everywhere.
///
/// # Errors
/// A file cannot be changed.
pub(crate) fn make_read_only(path: &Path) -> Result<(), StoreError> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { action: "protect", path, source }
    };
    let metadata = fs::symlink_metadata(path).map_err(error(path))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(error(path))? {
            make_read_only(&entry.map_err(error(path))?.path())?;
        }
    }
    let executable = metadata.is_dir() || metadata.permissions().mode() & 0o100 != 0;
    let mode = if executable { 0o555 } else { 0o444 };
    if metadata.permissions().mode() & 0o7777 != mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(error(path))?;
    }
    Ok(())
}
