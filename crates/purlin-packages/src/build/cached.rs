//! A package that was built before, here or by somebody who shares a cache.

use std::fs;
use std::path::Path;

use purlin_commands::Reporter;
use purlin_model::{Digest, Hasher};
use purlin_store::{ActionResult, RestoreError, StoreError, Tree, restore};

use super::{Builder, name_of, without};
use crate::references::references;
use crate::sandbox::APART;
use crate::store::{Record, make_read_only, remove_tree};

impl Builder<'_> {
    /// The package out of the cache, in its place. Damage there counts as absence.
    pub(super) fn out_of_cache(
        &self,
        index: usize,
        prefix: &Path,
        reporter: &Reporter<'_>,
    ) -> Option<Record> {
        let key = self.graph.nodes[index].key;
        let _held = self.cache.begin().ok();
        let kinds = || [true, false].into_iter().filter(|is_apart| *is_apart || !self.strict);
        let own = |is_apart| {
            let result = self.cache.result(kept_as(key, is_apart)).ok()??;
            self.entered(index, prefix, &result, is_apart)
        };
        let of_others = |is_apart| {
            let result = reporter.fetch(kept_as(key, is_apart))?;
            self.entered(index, prefix, &result, is_apart)
        };
        kinds().find_map(own).or_else(|| kinds().find_map(of_others))
    }

    /// A result as a package in its place.
    fn entered(
        &self,
        index: usize,
        prefix: &Path,
        result: &ActionResult,
        is_apart: bool,
    ) -> Option<Record> {
        let node = &self.graph.nodes[index];
        if result.exit_code != Some(0) {
            return None;
        }
        self.realise(&result.tree, prefix).ok()?;
        let candidates = self.candidates(index);
        let references = references(prefix, &candidates).ok()?;
        self.cache.touch(kept_as(node.key, is_apart));
        Some(Record {
            tree: result.tree.digest(),
            references: without(references, prefix),
            sandbox: if is_apart { APART } else { "unknown: it comes from the cache" }.to_owned(),
            built: result.created,
            duration_ms: result.duration_ms,
            ..self.record(index, prefix)
        })
    }

    /// Puts a tree in its place, read-only: beside it first, and renamed when it is whole.
    pub(super) fn realise(&self, tree: &Tree, prefix: &Path) -> Result<(), RestoreError> {
        let work = self.folder(&name_of(prefix))?;
        let made = work.join("out");
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        restore(self.cache, &made, &work.join("staging"), tree, None, &|_| None)?;
        make_read_only(&made)?;
        self.move_into_place(&made, prefix)?;
        let _ = remove_tree(&work);
        Ok(())
    }
}

/// What the result of a package is kept under. One that was built apart, and from nothing but what was, has
/// a key of its own: who wants packages to be built so asks for no other.
pub(super) fn kept_as(key: Digest, is_apart: bool) -> Digest {
    if !is_apart {
        return key;
    }
    let mut hasher = Hasher::new("purlin-package-apart");
    hasher.field(&key.0);
    hasher.finish()
}
