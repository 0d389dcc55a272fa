//! Removing packages that nobody uses any more.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use purlin_model::Digest;
use purlin_store::{StoreError, fault, write_atomically};
use serde::{Deserialize, Serialize};

use crate::store::{PackageStore, Record, remove_tree};

/// What a workspace has used last, for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// The file that tells that the workspace is there.
    pub workspace: PathBuf,
    /// What for, in words.
    pub what: String,
    /// The names of the packages' folders.
    pub folders: Vec<String>,
}

/// What may stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackageLimits {
    /// Packages that were last used before that go, unless a workspace that is still there used them
    /// last.
    pub unused_since: Option<SystemTime>,
    /// What all that stays may take, in bytes: of the others those go that were used longest ago.
    pub most_bytes: Option<u64>,
}

/// What pruning came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedPackages {
    /// Packages that went.
    pub packages: u64,
    /// Packages that stay.
    pub left: u64,
    /// Those of them that would have gone, and are in use.
    pub in_use: u64,
    /// True when somebody used the store, and nothing went.
    pub busy: bool,
}

impl PackageStore {
    /// Notes what a workspace uses for one purpose; what it used for that before is let go.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_profile(&self, profile: &Used) -> Result<(), StoreError> {
        let name = format!("{}\n{}", profile.workspace.display(), profile.what);
        let file = self.folder().join("roots").join(Digest::of(name.as_bytes()).short());
        let text = serde_json::to_vec(profile).unwrap_or_default();
        if fs::read(&file).is_ok_and(|known| known == text) {
            return Ok(());
        }
        write_atomically(&file, &text, "package-roots")
    }

    /// Removes packages beyond the limits, leftovers of builds that were killed, and folders of failed
    /// builds that are as old. `patience` is how long to wait for somebody who uses the store.
    ///
    /// # Errors
    /// Something cannot be removed. What is left is sound.
    pub fn prune(
        &self,
        limits: &PackageLimits,
        patience: Duration,
    ) -> Result<PrunedPackages, StoreError> {
        if !self.folder().is_dir() {
            return Ok(PrunedPackages::default());
        }
        let Some(_alone) = self.alone(patience)? else {
            return Ok(PrunedPackages { busy: true, ..PrunedPackages::default() });
        };
        let records = self.records();
        let old = |time: SystemTime| limits.unused_since.is_some_and(|since| time < since);
        let mut kept: Vec<String> = self.profiles()?;
        let recent =
            records.iter().filter(|(_, used)| limits.unused_since.is_some() && !old(*used));
        kept.extend(recent.map(|(record, _)| record.folder.clone()));
        let kept: HashSet<String> = self.closure(&kept).into_iter().collect();
        let used = self.used_by_others();
        let mut victims: Vec<&(Record, SystemTime)> =
            records.iter().filter(|(record, _)| !kept.contains(&record.folder)).collect();
        victims.sort_by_key(|(_, used)| *used);
        let mut left = records.len() as u64;
        let mut pruned = PrunedPackages::default();
        let mut total = match limits.most_bytes {
            Some(_) => records.iter().map(|(record, _)| self.bytes(&record.folder)).sum(),
            None => 0,
        };
        for (record, last) in victims {
            let beyond = limits.most_bytes.is_some_and(|most| total > most);
            if !old(*last) && !beyond {
                continue;
            }
            if used.contains(&record.folder) {
                pruned.in_use += 1;
                continue;
            }
            if limits.most_bytes.is_some() {
                total -= self.bytes(&record.folder).min(total);
            }
            fault::point("package.prune");
            self.drop_record(&record.folder)?;
            fault::point("package.pruned-record");
            remove_tree(&self.folder().join(&record.folder))?;
            pruned.packages += 1;
            left -= 1;
        }
        self.sweep(&old, &used)?;
        pruned.left = left;
        Ok(pruned)
    }

    /// Removes everything but what is in use: what some program, shell or build has before it now. `None`
    /// where somebody uses the store itself for longer than `patience`.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clear(&self, patience: Duration) -> Result<Option<u64>, StoreError> {
        if !self.folder().is_dir() {
            return Ok(Some(0));
        }
        let Some(_alone) = self.alone(patience)? else { return Ok(None) };
        let (records, used) = (self.records(), self.used_by_others());
        let victims: Vec<_> =
            records.iter().filter(|(record, _)| !used.contains(&record.folder)).collect();
        for (record, _) in &victims {
            self.drop_record(&record.folder)?;
        }
        self.sweep(&|_| true, &used)?;
        Ok(Some(victims.len() as u64))
    }

    /// How many packages are there that somebody uses now.
    #[must_use]
    pub fn count_in_use(&self) -> u64 {
        let used = self.used_by_others();
        used.iter().filter(|folder| self.record(folder).is_some()).count() as u64
    }

    /// The folders that workspaces have used last. Those of workspaces that are gone count no more.
    fn profiles(&self) -> Result<Vec<String>, StoreError> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(self.folder().join("roots")).into_iter().flatten().flatten() {
            let profile = fs::read(entry.path()).ok();
            let profile: Option<Used> = profile.and_then(|text| serde_json::from_slice(&text).ok());
            match profile {
                Some(profile) if profile.workspace.is_file() => folders.extend(profile.folders),
                _ => remove_tree(&entry.path())?,
            }
        }
        Ok(folders)
    }

    /// Removes what is no package: nobody else is there.
    fn sweep(
        &self,
        old: &dyn Fn(SystemTime) -> bool,
        used: &HashSet<String>,
    ) -> Result<(), StoreError> {
        remove_tree(&self.temporary())?;
        self.sweep_users();
        for entry in fs::read_dir(self.replaced()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // The last dot is that before the number.
            if name.rsplit_once('.').is_none_or(|(folder, _)| !used.contains(folder)) {
                remove_tree(&entry.path())?;
            }
        }
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_package = PackageStore::hash_of(&name).is_some() && !used.contains(&name);
            if is_package && self.record(&name).is_none() {
                self.drop_record(&name)?;
                remove_tree(&entry.path())?;
            }
        }
        for entry in fs::read_dir(self.folder().join("failed")).into_iter().flatten().flatten() {
            let failed = entry.metadata().and_then(|metadata| metadata.modified());
            if failed.is_ok_and(old) {
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    fn bytes(&self, folder: &str) -> u64 {
        size(&self.folder().join(folder))
    }
}

fn size(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}
