//! What this workspace has used last, so that it stays.

use purlin_packages::{PackageGraph, Used, name_of};

use super::Packages;
use crate::workspace;

impl Packages<'_> {
    /// Notes what was asked for, by what asked: the next time that it asks, it lets the older go.
    pub(crate) fn remember(&self, what: &str, graph: &PackageGraph, roots: &[usize]) {
        let nodes = roots.iter().map(|index| &graph.nodes[*index]);
        let folders = nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of));
        // What is not noted is pruned when it was not used for long.
        let _ = self.store.put_profile(&Used {
            workspace: self.root.join(workspace::FILE),
            what: format!("{what} for {}", self.system),
            folders: folders.collect(),
        });
    }
}
