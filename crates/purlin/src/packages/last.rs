//! What packages were built from the last time that this workspace has built them: a file for each, in its
//! private folder.

use std::fs;
use std::path::PathBuf;

use purlin_packages::{Last, PackageGraph, name_of};
use purlin_store::{file_name, write_atomically};

use super::Packages;

impl Packages<'_> {
    /// What a package with an id was built from the last time.
    pub(crate) fn last_here(&self, id: &str) -> Option<Last> {
        let last: Last = serde_json::from_slice(&fs::read(self.file_of_last(id)).ok()?).ok()?;
        (last.id == id).then_some(last)
    }

    /// Notes what packages were built from which are there now. What cannot be noted is told less well
    /// the next time.
    pub(super) fn note_last(&self, graph: &PackageGraph, indexes: &[usize]) {
        for node in indexes.iter().map(|index| &graph.nodes[*index]) {
            let folder = node.prefix.as_deref().filter(|_| node.action.is_some()).map(name_of);
            if folder.is_none_or(|folder| self.store.record(&folder).is_none()) {
                continue;
            }
            let last = Last { id: node.id.clone(), key: node.key, parts: graph.parts(node) };
            let text = serde_json::to_vec(&last).unwrap_or_default();
            let _ = write_atomically(&self.file_of_last(&node.id), &text, "package-last");
        }
    }

    fn file_of_last(&self, id: &str) -> PathBuf {
        purlin_commands::private_folder(&self.root).join("packages").join(file_name(id))
    }
}
