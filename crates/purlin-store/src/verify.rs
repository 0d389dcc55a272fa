//! Reading everything again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use purlin_model::Digest;

use crate::actions::{self, Looked};
use crate::copy::hash;
use crate::entries::{self, Entry};
use crate::error::io_error;
use crate::{Store, StoreError, atomic, blobs, parallel};

/// What [`Store::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Results that were read.
    pub results: u64,
    /// Contents that were read.
    pub blobs: u64,
    /// The bytes of both.
    pub bytes: u64,
    /// What is damaged.
    pub damage: Vec<Damage>,
}

/// Something that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The key of a result, or the digest that a content should have.
    pub digest: Digest,
    /// Whether it is a result.
    pub is_result: bool,
    /// Whose result it is, where that can be read.
    pub instance: Option<String>,
    /// What is wrong, as a sentence without capital letter and full stop.
    pub reason: String,
    /// Whether it was removed.
    pub dropped: bool,
}

impl Store {
    /// Reads every result and every content. What is damaged is removed where `drops` says so, and a
    /// result that needs a content that is missing or damaged is damaged, too.
    ///
    /// # Errors
    /// If something cannot be read or removed.
    pub fn verify(&self, drops: bool) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let blobs = entries::list(&self.folder().join("blobs"))?;
        let sound = parallel::map(&blobs, is_sound)?;
        let mut found = BTreeMap::new();
        for (blob, sound) in blobs.iter().zip(sound) {
            // What has vanished meanwhile was not read.
            let Some(sound) = sound else { continue };
            verified.blobs += 1;
            verified.bytes += blob.bytes;
            if sound {
                found.insert(blob.digest, blob.bytes);
                continue;
            }
            verified.damage.push(Damage {
                digest: blob.digest,
                is_result: false,
                instance: None,
                reason: "it does not have the digest that is its name".to_owned(),
                dropped: drops && remove(blob)?,
            });
        }
        for entry in entries::list(&self.folder().join("actions"))? {
            let (instance, reason) = match actions::look(&entry.path, entry.digest)? {
                Looked::Absent => continue,
                Looked::Other => (None, None),
                Looked::Damaged(reason) => (None, Some(reason.to_owned())),
                Looked::Result(result) => {
                    let missing = result.contents().into_iter().find(|(digest, size)| {
                        // It may have come meanwhile.
                        found.get(digest) != Some(size)
                            && (found.contains_key(digest)
                                || blobs.binary_search_by_key(digest, |blob| blob.digest).is_ok()
                                || !blobs::is_there(&self.blob_path(*digest), *size))
                    });
                    let reason = missing.map(|(digest, _)| {
                        format!("its content {} is missing or damaged", digest.short())
                    });
                    (Some(result.instance), reason)
                }
            };
            verified.results += 1;
            verified.bytes += entry.bytes;
            if let Some(reason) = reason {
                let dropped = drops && remove(&entry)?;
                let digest = entry.digest;
                verified.damage.push(Damage { digest, is_result: true, instance, reason, dropped });
            }
        }
        Ok(verified)
    }
}

/// `None` for what is not there any more.
fn is_sound(blob: &Entry) -> Result<Option<bool>, StoreError> {
    let hashed = File::open(&blob.path).and_then(|mut file| hash(&mut file));
    match hashed {
        Ok((digest, _)) => Ok(Some(digest == blob.digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", &blob.path)(error)),
    }
}

fn remove(entry: &Entry) -> Result<bool, StoreError> {
    atomic::remove(&entry.path, "verify").map_err(io_error("remove", &entry.path))
}
