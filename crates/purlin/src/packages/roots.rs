//! What this workspace has used last, so that it stays.

use std::time::{SystemTime, UNIX_EPOCH};

use purlin_model::Digest;
use purlin_packages::{PackageGraph, name_of};

use super::Packages;

impl Packages<'_> {
    /// Notes what was asked for, by what asked: the next time that it asks, it lets the older go.
    pub(crate) fn remember(&self, what: &str, graph: &PackageGraph, roots: &[usize]) {
        let nodes = roots.iter().map(|index| &graph.nodes[*index]);
        let folders: Vec<String> = nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of))
            .collect();
        let name = format!("{}\n{what}\n{}", self.root.display(), self.system);
        let file = self.store.folder().join("roots").join(Digest::of(name.as_bytes()).short());
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let document = serde_json::json!({
            "workspace": self.root, "what": what, "time": time, "folders": folders,
        });
        // One that is not noted is pruned when it was not used for long.
        let _ = purlin_store::write_atomically(
            &file,
            document.to_string().as_bytes(),
            "package-roots",
        );
    }
}
