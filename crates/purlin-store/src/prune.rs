//! Taking away what was not used for long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use purlin_model::Digest;

use crate::actions::{self, Looked};
use crate::entries::{self, Entry};
use crate::error::io_error;
use crate::{Store, StoreError, atomic, fault, temporary};

/// How many files are removed at once: others wait meanwhile.
const SLICE: usize = 500;

/// What may stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Results that were last used before that go.
    pub unused_since: Option<SystemTime>,
    /// What all that stays may take, in bytes: of the others those go that were used last.
    pub most_bytes: Option<u64>,
}

/// What [`Store::prune`] came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Results that went.
    pub results: u64,
    /// Contents that went, those that no result named among them.
    pub blobs: u64,
    /// The bytes of both.
    pub bytes: u64,
    /// Results that stay.
    pub left_results: u64,
    /// What they and their contents take.
    pub left_bytes: u64,
    /// True when somebody used the store for so long that not everything could go.
    pub busy: bool,
}

/// A result as far as this is concerned.
struct Known {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    contents: BTreeSet<Digest>,
}

impl Store {
    /// Removes the results beyond the limits, contents that no result names, and damaged results.
    /// Others may go on meanwhile: what they use, and what they have used after this began, stays.
    /// `patience` is how long to wait for somebody who uses the store.
    ///
    /// # Errors
    /// If something cannot be read or removed. What is left is sound, as it is after a sudden end.
    pub fn prune(&self, limits: &Limits, patience: Duration) -> Result<Pruned, StoreError> {
        let blobs = entries::list(&self.folder().join("blobs"))?;
        let mut known = BTreeMap::new();
        self.learn(&mut known)?;
        let victims = victims(&known, &blobs, limits);
        let mut pruned = Pruned::default();
        for slice in victims.chunks(SLICE) {
            let Some(_alone) = self.alone(patience) else {
                pruned.busy = true;
                break;
            };
            fault::point("prune.alone");
            for key in slice {
                let unused = known.get(key).filter(|one| {
                    let metadata = fs::symlink_metadata(&one.path);
                    metadata.and_then(|metadata| metadata.modified()).ok() == Some(one.used)
                });
                if let Some(Known { path, bytes, .. }) = unused
                    && remove(path)?
                {
                    pruned.results += 1;
                    pruned.bytes += bytes;
                }
            }
        }
        self.learn(&mut known)?;
        let mut needed = needed_by(&known);
        let garbage: Vec<&Entry> =
            blobs.iter().filter(|blob| !needed.contains(&blob.digest)).collect();
        for slice in garbage.chunks(SLICE) {
            let alone = if pruned.busy { None } else { self.alone(patience) };
            if alone.is_none() {
                pruned.busy = true;
                break;
            }
            // Somebody may have come to need one meanwhile.
            if self.learn(&mut known)? {
                needed = needed_by(&known);
            }
            for blob in slice.iter().filter(|blob| !needed.contains(&blob.digest)) {
                if remove(&blob.path)? {
                    pruned.blobs += 1;
                    pruned.bytes += blob.bytes;
                }
            }
        }
        for kind in ["actions", "blobs"] {
            entries::remove_empty(&self.folder().join(kind));
        }
        temporary::collect(&self.folder().join("tmp"));
        let contents = blobs.iter().filter(|blob| needed.contains(&blob.digest));
        pruned.left_results = known.len() as u64;
        pruned.left_bytes = known.values().map(|one| one.bytes).sum::<u64>()
            + contents.map(|blob| blob.bytes).sum::<u64>();
        Ok(pruned)
    }

    /// Brings what is known of results up to date, and removes those that are damaged. What was read
    /// and has not been replaced since is not read again. Whether anything was read.
    fn learn(&self, known: &mut BTreeMap<Digest, Known>) -> Result<bool, StoreError> {
        let mut changed = false;
        let mut before = std::mem::take(known);
        for entry in entries::list(&self.folder().join("actions"))? {
            let Entry { digest, path, bytes, used } = entry;
            // To use it changes its time alone; to replace it changes its contents too.
            if let Some(same) = before.remove(&digest).filter(|one| one.used == used) {
                known.insert(digest, same);
                continue;
            }
            changed = true;
            let contents = match actions::look(&path, digest)? {
                Looked::Result(result) => result.contents().into_keys().collect(),
                Looked::Damaged(_) => {
                    remove(&path)?;
                    continue;
                }
                // What another version needs is not known, and what is gone needs nothing.
                Looked::Other | Looked::Absent => BTreeSet::new(),
            };
            known.insert(digest, Known { path, bytes, used, contents });
        }
        Ok(changed)
    }
}

fn needed_by(known: &BTreeMap<Digest, Known>) -> BTreeSet<Digest> {
    known.values().flat_map(|one| one.contents.iter().copied()).collect()
}

/// The keys of results that are to go, those that were used longest ago first.
fn victims(known: &BTreeMap<Digest, Known>, blobs: &[Entry], limits: &Limits) -> Vec<Digest> {
    let sizes: BTreeMap<Digest, u64> = blobs.iter().map(|blob| (blob.digest, blob.bytes)).collect();
    let mut users: BTreeMap<Digest, usize> = BTreeMap::new();
    for content in known.values().flat_map(|one| &one.contents) {
        *users.entry(*content).or_default() += 1;
    }
    let mut total: u64 = known.values().map(|one| one.bytes).sum();
    total += users.keys().filter_map(|digest| sizes.get(digest)).sum::<u64>();
    let mut oldest: Vec<_> = known.iter().collect();
    oldest.sort_by_key(|(key, one)| (one.used, **key));
    let mut victims = Vec::new();
    for (key, one) in oldest {
        let old = limits.unused_since.is_some_and(|since| one.used < since);
        let much = limits.most_bytes.is_some_and(|most| total > most);
        if !old && !much {
            break;
        }
        total -= one.bytes;
        for content in &one.contents {
            let left = users.entry(*content).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                total -= sizes.get(content).copied().unwrap_or_default();
            }
        }
        victims.push(*key);
    }
    victims
}

fn remove(path: &std::path::Path) -> Result<bool, StoreError> {
    atomic::remove(path, "prune").map_err(io_error("remove", path))
}
