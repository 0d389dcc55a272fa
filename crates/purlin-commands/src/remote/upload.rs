//! Putting results into remote tiers, behind the back of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use purlin_host::Plugins;
use purlin_model::Digest;
use purlin_plugin::message::CacheItem;
use purlin_store::{Store, fault};

use super::Pending;
use super::tier::{Lost, Tier, action, batches, blob};

/// How many results are put at once: they share their questions.
const MOST_RESULTS: usize = 64;

/// A result that was kept here and is to be put elsewhere too.
pub(crate) struct Upload {
    pub(crate) tier: Arc<Tier>,
    pub(crate) store: Store,
    pub(crate) key: Digest,
    /// Whether it takes the place of what is there.
    pub(crate) replaces: bool,
    /// Where it is noted that it is not there yet.
    pub(crate) pending: Option<Pending>,
}

/// What waits to be put. Only keys wait, so that it takes no room to speak of.
#[derive(Default)]
pub(crate) struct Uploads {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<Upload>,
    closed: bool,
}

impl Uploads {
    pub(crate) fn add(&self, upload: Upload) {
        self.state().waiting.push(upload);
        self.changed.notify_all();
    }

    /// No more will come.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Waits for some of one tier; empty when no more will come.
    fn take(&self) -> Vec<Upload> {
        let state = self.state();
        let empty = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let waited = self.changed.wait_while(state, empty);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let Some(first) = state.waiting.first().map(|upload| upload.tier.clone()) else {
            return Vec::new();
        };
        let mut count = 0;
        let taken = state.waiting.extract_if(.., |upload| {
            count += 1;
            count <= MOST_RESULTS && Arc::ptr_eq(&upload.tier, &first)
        });
        taken.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts what comes, until no more will come. `lost` is told of tiers that are of no use.
pub(crate) fn upload(uploads: &Uploads, plugins: &Plugins, lost: &dyn Fn(Lost)) {
    let mut there: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
    loop {
        let batch = uploads.take();
        let Some(first) = batch.first() else { return };
        let there = there.entry(first.tier.name().to_owned()).or_default();
        match put(plugins, &batch, there) {
            Ok(()) if first.tier.stopped() => {}
            Ok(()) => {
                for Upload { pending, key, .. } in &batch {
                    pending.as_ref().inspect(|pending| pending.remove(*key));
                }
            }
            Err(one) => lost(one),
        }
    }
}

/// One result of a batch.
struct Sent {
    item: CacheItem,
    bytes: Vec<u8>,
    contents: BTreeMap<Digest, u64>,
    replaces: bool,
}

/// Puts results of one tier: contents first, so that no result names what is missing. `there` are
/// contents that are known to be there.
fn put(plugins: &Plugins, batch: &[Upload], there: &mut BTreeSet<Digest>) -> Result<(), Lost> {
    let Some(Upload { tier, store, .. }) = batch.first() else { return Ok(()) };
    if tier.stopped() {
        return Ok(());
    }
    let sent = batch.iter().filter_map(|upload| {
        // Whoever has removed it meanwhile does not want it any more.
        let result = store.result(upload.key).ok()??;
        let bytes = result.encode(upload.key).ok()?;
        let item = action(upload.key, bytes.len() as u64);
        Some(Sent { item, bytes, contents: result.contents(), replaces: upload.replaces })
    });
    let mut sent: Vec<Sent> = sent.collect();
    let asked = sent.iter().filter(|one| !one.replaces).map(|one| one.item.clone()).collect();
    let known = present(plugins, tier, asked)?;
    sent.retain(|one| one.replaces || !known.contains(&one.item.digest));

    let mut wanted: BTreeMap<Digest, u64> =
        sent.iter().flat_map(|one| one.contents.clone()).collect();
    wanted.retain(|digest, _| !there.contains(digest));
    let asked: Vec<CacheItem> =
        wanted.into_iter().map(|(digest, size)| blob(digest, size)).collect();
    there.extend(present(plugins, tier, asked.clone())?);
    let missing = asked.into_iter().filter(|item| !there.contains(&item.digest)).collect();
    for items in batches(missing) {
        there.extend(put_contents(plugins, tier, store, items)?);
    }
    sent.retain(|one| one.contents.keys().all(|digest| there.contains(digest)));
    put_results(plugins, tier, store, &sent)
}

/// Which items are there and not known to be wrong.
fn present(
    plugins: &Plugins,
    tier: &Tier,
    mut items: Vec<CacheItem>,
) -> Result<BTreeSet<Digest>, Lost> {
    items.retain(|item| !tier.is_suspect(item));
    let mut found = BTreeSet::new();
    for items in items.chunks(10_000) {
        let answers = tier.call(plugins, "contains", |cache| cache.contains(items))?;
        let there = items.iter().zip(answers).filter(|(_, there)| *there);
        found.extend(there.map(|(item, _)| item.digest));
    }
    Ok(found)
}

/// Puts contents; those that are not as they should be here are left out.
fn put_contents(
    plugins: &Plugins,
    tier: &Tier,
    store: &Store,
    items: Vec<CacheItem>,
) -> Result<Vec<Digest>, Lost> {
    let Ok(scratch) = store.scratch() else { return Ok(Vec::new()) };
    let lent: Vec<_> = items
        .iter()
        .map(|item| (item.digest, item.size, scratch.folder().join(item.file_name())))
        .collect();
    let Ok(there) = store.lend(&lent) else { return Ok(Vec::new()) };
    let items = items.into_iter().zip(there).filter(|(_, there)| *there);
    let items: Vec<CacheItem> = items.map(|(item, _)| item).collect();
    if !items.is_empty() {
        fault::point("remote.put-contents");
        tier.call(plugins, "put", |cache| cache.put(&items, scratch.folder()))?;
        fault::point("remote.contents-put");
    }
    Ok(items.into_iter().map(|item| item.digest).collect())
}

fn put_results(plugins: &Plugins, tier: &Tier, store: &Store, sent: &[Sent]) -> Result<(), Lost> {
    if sent.is_empty() {
        return Ok(());
    }
    let Ok(scratch) = store.scratch() else { return Ok(()) };
    let write = |one: &Sent| fs::write(scratch.folder().join(one.item.file_name()), &one.bytes);
    let written = sent.iter().filter(|one| write(one).is_ok());
    let items: Vec<CacheItem> = written.map(|one| one.item.clone()).collect();
    fault::point("remote.put-results");
    tier.call(plugins, "put", |cache| cache.put(&items, scratch.folder()))?;
    fault::point("remote.results-put");
    Ok(())
}
