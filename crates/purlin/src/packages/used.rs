//! Keeping packages where they are while a program runs that uses them.

use purlin_packages::{PackageGraph, User, name_of};

use super::Packages;

impl Packages<'_> {
    /// Has packages of a graph, and all that they refer to, stay as long as the value lives. To be called
    /// before what was made lets go of the store.
    pub(crate) fn using(&self, graph: &PackageGraph, indexes: &[usize]) -> User {
        self.store.using(&self.store.closure(&folders(graph, indexes.iter().copied())))
    }
}

/// The names of the folders of packages that are built.
pub(super) fn folders(graph: &PackageGraph, indexes: impl Iterator<Item = usize>) -> Vec<String> {
    let nodes = indexes.map(|index| &graph.nodes[index]).filter(|node| node.action.is_some());
    nodes.filter_map(|node| node.prefix.as_deref().map(name_of)).collect()
}
