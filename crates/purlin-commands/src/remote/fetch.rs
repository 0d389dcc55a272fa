//! Getting a result from a remote tier: all of it is proven before the copy here has any of it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use purlin_host::Plugins;
use purlin_model::Digest;
use purlin_plugin::message::CacheItem;
use purlin_store::{ActionResult, Store, StoreError, fault};

use super::tier::{Lost, Tier, action, batches, blob};

/// More is no result: its lists are in memory.
const MOST_OF_A_RESULT: u64 = 256 << 20;

/// What a remote tier had to offer.
pub(crate) enum Fetched {
    /// The result; it is in the store now, with all its contents.
    Result(Box<ActionResult>),
    /// Nothing.
    Nothing,
    /// Something that cannot be used, and why.
    Damaged(String),
    /// The tier is of no use.
    Lost(Lost),
    /// The copy here cannot be written.
    Store(StoreError),
}

impl From<Lost> for Fetched {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl From<StoreError> for Fetched {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Tier {
    /// Gets the result under `key` into `store`, with all its contents, if `fits` finds nothing
    /// wrong with it.
    pub(crate) fn fetch(
        &self,
        plugins: &Plugins,
        store: &Store,
        key: Digest,
        fits: &dyn Fn(&ActionResult) -> Result<(), String>,
    ) -> Fetched {
        let fetched = self.try_fetch(plugins, store, key, fits).unwrap_or_else(|other| other);
        if let Fetched::Damaged(_) = fetched {
            self.suspect(&action(key, 0));
        }
        fetched
    }

    fn try_fetch(
        &self,
        plugins: &Plugins,
        store: &Store,
        key: Digest,
        fits: &dyn Fn(&ActionResult) -> Result<(), String>,
    ) -> Result<Fetched, Fetched> {
        let damaged = |why: String| Err(Fetched::Damaged(why));
        let scratch = store.scratch()?;
        // How long it is, only the tier knows.
        let wanted = action(key, 0);
        self.call(plugins, "fetch", |cache| {
            cache.fetch(std::slice::from_ref(&wanted), scratch.folder())
        })?;
        fault::point("remote.action-fetched");
        let bytes = match read(&scratch.folder().join(wanted.file_name())) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Fetched::Nothing),
            Err(why) => return damaged(format!("its result {why}")),
        };
        let result = match ActionResult::decode(&bytes, key) {
            Ok(Some(result)) => result,
            Ok(None) => return Ok(Fetched::Nothing),
            Err(error) => return damaged(format!("of its result: {error}")),
        };
        if let Err(why) = fits(&result) {
            return damaged(why);
        }
        let missing =
            result.contents().into_iter().filter(|(digest, size)| !store.contains(*digest, *size));
        let missing = missing.map(|(digest, size)| blob(digest, size)).collect();
        for batch in batches(missing) {
            self.call(plugins, "fetch", |cache| cache.fetch(&batch, scratch.folder()))?;
            fault::point("remote.fetched");
            self.adopt(store, &batch, scratch.folder())?;
        }
        store.put_result(key, &result)?;
        fault::point("remote.stored");
        Ok(Fetched::Result(Box::new(result)))
    }

    /// Takes contents into the store that are what they should be.
    fn adopt(&self, store: &Store, batch: &[CacheItem], folder: &Path) -> Result<(), Fetched> {
        let files: Vec<_> = batch
            .iter()
            .map(|item| (folder.join(item.file_name()), item.digest, item.size))
            .collect();
        let adopted = store.adopt(&files)?;
        let refused: Vec<_> =
            batch.iter().zip(&files).zip(&adopted).filter(|(_, adopted)| !**adopted).collect();
        for ((item, _), _) in &refused {
            self.suspect(item);
        }
        match refused.first() {
            None => Ok(()),
            Some(((item, (file, ..)), _)) => Err(Fetched::Damaged(match file.symlink_metadata() {
                Ok(_) => format!("the content {} is not what its name says", item.digest),
                Err(_) => format!("the content {} is missing", item.digest),
            })),
        }
    }
}

/// A file that a plugin has written; `None` where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, &'static str> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
    if !metadata.is_file() {
        return Err("is no file");
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|_| "cannot be read")?;
    file.take(MOST_OF_A_RESULT + 1).read_to_end(&mut bytes).map_err(|_| "cannot be read")?;
    if bytes.len() as u64 > MOST_OF_A_RESULT { Err("is too long") } else { Ok(Some(bytes)) }
}
