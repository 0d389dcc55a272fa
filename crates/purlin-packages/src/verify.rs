//! Reading the packages that are there again.

use purlin_store::{StoreError, Tree};

use crate::store::{PackageStore, Record, make_read_only, remove_tree};
use crate::tree::tree_of;

/// A package that is not what it was when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedPackage {
    /// What is known of it.
    pub record: Record,
    /// What is wrong, as a sentence without capital letter and full stop.
    pub reason: String,
    /// Whether it was removed.
    pub dropped: bool,
}

impl PackageStore {
    /// Reads every package: those that were changed since they were recorded are told and, where
    /// `drops` says so, removed. They are put back from the cache, or built again, when they are
    /// needed. How many were read, and what was found.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn verify(&self, drops: bool) -> Result<(u64, Vec<DamagedPackage>), StoreError> {
        let (mut read, mut damaged) = (0, Vec::new());
        if !self.folder().is_dir() {
            return Ok((read, damaged));
        }
        let _in_use = self.begin();
        for (known, _) in self.records() {
            let Some(lock) = self.lock(&known.folder, |_| false)? else { continue };
            // It may have been built anew meanwhile, or have gone.
            let Some(record) = self.recorded(&known.folder) else { continue };
            let folder = self.folder().join(&record.folder);
            let is_folder = folder.symlink_metadata().is_ok_and(|one| one.is_dir());
            let reason = match if is_folder { tree_of(&folder) } else { Ok(Tree::default()) } {
                _ if !is_folder => Some("it is no folder".to_owned()),
                Ok(tree) if tree.digest() == record.tree => {
                    // That it can be written to is no damage yet.
                    make_read_only(&folder)?;
                    None
                }
                Ok(_) => Some("its files are not those that were recorded".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            read += 1;
            if let Some(reason) = reason {
                if drops {
                    self.drop_record(&record.folder)?;
                    // Who uses it keeps what it has.
                    if !self.is_used(&record.folder) {
                        remove_tree(&folder)?;
                    }
                }
                damaged.push(DamagedPackage { record, reason, dropped: drops });
            }
            drop(lock);
        }
        Ok((read, damaged))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::{self, File};
    use std::process::Command;

    use purlin_model::Digest;

    use super::*;

    /// Puts a package with this text there, or another one in its place.
    fn put(store: &PackageStore, number: u8, text: &str) {
        let key = Digest::of(&[number]);
        let prefix = store.prefix(key, "it");
        fs::create_dir_all(&prefix).unwrap();
        remove_tree(&prefix.join("text")).unwrap();
        fs::write(prefix.join("text"), text).unwrap();
        let record = Record {
            version: Record::VERSION,
            id: "it".to_owned(),
            folder: crate::name_of(&prefix),
            key,
            tree: tree_of(&prefix).unwrap().digest(),
            references: Vec::new(),
            requires: Vec::new(),
            sandbox: "none".to_owned(),
            parts: BTreeMap::new(),
            tests: None,
            built: 0,
            duration_ms: 0,
        };
        store.put_record(&record).unwrap();
    }

    #[test]
    fn what_is_built_anew_meanwhile_is_not_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let store = PackageStore::open(folder.path().to_owned());
        let half = 20;
        (0..half).for_each(|number| put(&store, number, "old"));
        // A record that nobody can read to its end before there is a writer: in whatever order they are
        // read, some were read before it.
        let pipe = folder.path().join("records/pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        (half..2 * half).for_each(|number| put(&store, number, "old"));
        let (read, damaged) = std::thread::scope(|scope| {
            let verified = scope.spawn(|| store.verify(true).unwrap());
            let writer = File::options().write(true).open(&pipe).unwrap();
            (0..2 * half).for_each(|number| put(&store, number, "new"));
            drop(writer);
            verified.join().unwrap()
        });
        assert_eq!((read, damaged), (2 * u64::from(half), Vec::new()));
    }
}
