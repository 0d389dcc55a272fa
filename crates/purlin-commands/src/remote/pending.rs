//! Results that are kept here and not elsewhere yet: of runs that were offline, stopped or killed, or
//! could not reach the cache. The next run that has something to do puts them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use purlin_model::Digest;

/// What is left to put into one cache: an empty file for each key.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    folder: PathBuf,
}

impl Pending {
    /// Of a cache, below the workspace's private folder.
    pub(crate) fn new(private: &Path, cache: &str) -> Self {
        Self { folder: private.join("uploads").join(purlin_store::file_name(cache)) }
    }

    pub(crate) fn add(&self, key: Digest) {
        // Whoever does not find it here makes it anew: nothing is lost but time.
        let _ = fs::create_dir_all(&self.folder);
        let _ = File::create(self.path(key));
    }

    pub(super) fn remove(&self, key: Digest) {
        let _ = fs::remove_file(self.path(key));
    }

    pub(crate) fn keys(&self) -> Vec<Digest> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name());
        names.filter_map(|name| name.to_str()?.parse().ok()).collect()
    }

    fn path(&self, key: Digest) -> PathBuf {
        self.folder.join(key.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_until_it_is_removed() {
        let folder = std::env::temp_dir().join(format!("purlin-pending-{}", std::process::id()));
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let pending = Pending::new(&folder, "team/of two");
        assert!(pending.keys().is_empty());
        pending.add(one);
        pending.add(two);
        pending.add(one);
        pending.remove(two);
        assert_eq!(Pending::new(&folder, "team/of two").keys(), [one]);
        assert!(Pending::new(&folder, "team").keys().is_empty());
        let _ = fs::remove_dir_all(folder);
    }
}
