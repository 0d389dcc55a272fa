//! Open caches by the handles that the host knows them by.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use purlin_plugin::contract::OpenCache;

#[derive(Default)]
pub(crate) struct Handles {
    open: Mutex<HashMap<String, Arc<dyn OpenCache>>>,
}

impl Handles {
    /// Keeps a cache for as long as the process lives, and names it.
    pub(crate) fn keep(&self, cache: Box<dyn OpenCache>) -> String {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = (open.len() + 1).to_string();
        open.insert(handle.clone(), cache.into());
        handle
    }

    pub(crate) fn get(&self, handle: &str) -> Option<Arc<dyn OpenCache>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(handle).cloned()
    }
}
