//! One remote tier in one run: opened once, and left alone once it has failed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use purlin_host::Plugins;
use purlin_model::Diagnostic;
use purlin_plugin::contract::OpenCache;
use purlin_plugin::message::{CacheItem, CacheItemKind, PluginError};
use purlin_store::defect;

use super::Remote;
use crate::cancel::Cancel;

/// The most items of one call, and the most bytes: a call has a time limit, and its files need room.
const MOST_ITEMS: usize = 1000;
const MOST_BYTES: u64 = 64 << 20;

/// One remote tier in one run.
pub(crate) struct Tier {
    pub(super) remote: Arc<Remote>,
    cancel: Cancel,
    opened: OnceLock<Option<Box<dyn OpenCache>>>,
    failure: Mutex<Option<Failure>>,
    /// What is there but is not what it should be, by file name: it is put there anew.
    suspects: Mutex<BTreeSet<String>>,
}

struct Failure {
    diagnostic: Diagnostic,
    told: bool,
    /// Only putting has failed: an account may be good for reading alone.
    only_puts: bool,
}

/// A tier that is of no use any more.
#[derive(Debug)]
pub(crate) enum Lost {
    /// Everybody knows, or nobody needs to: the run was stopped.
    Known,
    /// The first to find out tells it.
    Untold(Box<Diagnostic>),
    /// The run cannot go on without it, and tells so in the end.
    Required,
}

impl Tier {
    /// Nothing is opened before the first call.
    pub(crate) fn new(remote: Arc<Remote>, cancel: Cancel) -> Self {
        Self {
            remote,
            cancel,
            opened: OnceLock::new(),
            failure: Mutex::default(),
            suspects: Mutex::default(),
        }
    }

    /// The cache's name.
    pub(crate) fn name(&self) -> &str {
        &self.remote.name
    }

    /// True where the run fails without it.
    pub(crate) fn is_required(&self) -> bool {
        self.remote.required || defect::seeded("unreachable-cache-fails-the-run")
    }

    /// Opens it now, if it is not open.
    pub(crate) fn open(&self, plugins: &Plugins) {
        // Whether it could be opened, `failed` tells.
        let _ = self.call(plugins, "open", |_| Ok(()));
    }

    /// Why it is of no use any more.
    pub(crate) fn failed(&self) -> Option<Diagnostic> {
        self.failure().as_ref().map(|failure| failure.diagnostic.clone())
    }

    /// Calls a function of the open cache. After the first failure nothing is called any more, or
    /// where putting has failed, nothing is put.
    pub(super) fn call<T>(
        &self,
        plugins: &Plugins,
        name: &str,
        act: impl FnOnce(&dyn OpenCache) -> Result<T, PluginError>,
    ) -> Result<T, Lost> {
        let puts = name == "put";
        let failed = self.failure().as_ref().is_some_and(|failure| puts || !failure.only_puts);
        if failed || self.cancel.requested() {
            return Err(self.lost());
        }
        let open = || {
            let opened = self.remote.open(plugins);
            opened.map_err(|diagnostic| self.fail(diagnostic, false)).ok()
        };
        let Some(cache) = self.opened.get_or_init(open) else { return Err(self.lost()) };
        act(&**cache).map_err(|error| {
            if self.cancel.requested() {
                return Lost::Known;
            }
            self.fail(self.remote.diagnostic(name, &error), puts);
            self.lost()
        })
    }

    fn fail(&self, diagnostic: Diagnostic, only_puts: bool) {
        let mut failure = self.failure();
        match &mut *failure {
            Some(failure) => failure.only_puts &= only_puts,
            None => *failure = Some(Failure { diagnostic, told: false, only_puts }),
        }
    }

    fn lost(&self) -> Lost {
        // What is called while a run is stopped fails because of that.
        if self.cancel.requested() {
            return Lost::Known;
        }
        if self.is_required() {
            return Lost::Required;
        }
        match &mut *self.failure() {
            Some(Failure { diagnostic, told: told @ false, .. }) => {
                *told = true;
                Lost::Untold(Box::new(diagnostic.clone()))
            }
            _ => Lost::Known,
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that what is there under this name is not what it should be.
    pub(super) fn suspect(&self, item: &CacheItem) {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.insert(item.file_name());
    }

    pub(super) fn is_suspect(&self, item: &CacheItem) -> bool {
        let suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.contains(&item.file_name())
    }

    pub(super) fn stopped(&self) -> bool {
        self.cancel.requested()
    }
}

/// Contents as items, in pieces that one call can take.
pub(super) fn batches(contents: Vec<CacheItem>) -> impl Iterator<Item = Vec<CacheItem>> {
    let mut left = contents.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0_u64;
        while let Some(item) = left.next_if(|item| {
            batch.is_empty()
                || batch.len() < MOST_ITEMS && bytes.saturating_add(item.size) <= MOST_BYTES
        }) {
            bytes = bytes.saturating_add(item.size);
            batch.push(item);
        }
        (!batch.is_empty()).then_some(batch)
    })
}

pub(super) fn blob(digest: purlin_model::Digest, size: u64) -> CacheItem {
    CacheItem { kind: CacheItemKind::Blob, digest, size }
}

pub(super) fn action(key: purlin_model::Digest, size: u64) -> CacheItem {
    CacheItem { kind: CacheItemKind::Action, digest: key, size }
}

#[cfg(test)]
mod tests {
    use purlin_model::Digest;

    use super::*;

    #[test]
    fn batches_hold_everything_in_order_and_are_bounded() {
        let sizes = [0, 1, MOST_BYTES, 1, 1, u64::MAX, 5];
        let many = std::iter::repeat_n(1, 2 * MOST_ITEMS + 1);
        let items: Vec<CacheItem> = sizes
            .into_iter()
            .chain(many)
            .enumerate()
            .map(|(number, size)| blob(Digest::of(&number.to_le_bytes()), size))
            .collect();
        let batches: Vec<_> = batches(items.clone()).collect();
        let lengths: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 2, 1, MOST_ITEMS, MOST_ITEMS, 2]);
        assert_eq!(batches.concat(), items);
    }
}
