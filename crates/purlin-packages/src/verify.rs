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
        for (record, _) in self.records() {
            let Some(lock) = self.lock(&record.folder, |_| false)? else { continue };
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
