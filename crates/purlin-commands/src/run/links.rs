//! Which instances read files through links: what changes behind a link has another path.

use std::path::Path;

use purlin_store::{Patterns, RelativePath};

use crate::graph::{Graph, Instance};
use crate::session::Session;
use crate::watch::Batch;

/// For each instance, whether it reads something through a link. Found out when something changes
/// for the first time, and again when links may have come or gone.
#[derive(Default)]
pub(super) struct Links {
    known: Option<Vec<bool>>,
}

impl Links {
    /// The instances that a change somewhere may concern, wherever it is.
    pub(super) fn behind(
        &mut self,
        graph: &Graph,
        session: &Session<'_>,
        batch: &Batch,
    ) -> &[bool] {
        let is_link = |path: &RelativePath| {
            let metadata = session.root.join(path).symlink_metadata();
            metadata.map_or(true, |metadata| metadata.is_symlink())
        };
        if batch.all || batch.paths.iter().any(is_link) {
            self.known = None;
        }
        self.known.get_or_insert_with(|| linked(graph, session))
    }
}

fn linked(graph: &Graph, session: &Session<'_>) -> Vec<bool> {
    let inputs = |instance: &Instance| instance.inputs.clone().unwrap_or_default();
    let sets: Vec<Patterns> = graph.instances.iter().map(inputs).collect();
    let listings = session.files.inputs(&sets.iter().collect::<Vec<_>>());
    // Where a folder cannot be read, everybody looks for himself.
    let Ok(listings) = listings else { return vec![true; sets.len()] };
    let through = |(set, listing): (&Patterns, purlin_store::Listing)| {
        let mut bases = set.bases().filter_map(|base| RelativePath::from_bytes(base).ok());
        listing.files.iter().any(|(_, state)| state.symlink)
            || bases.any(|base| is_beyond(&session.root, &base))
    };
    sets.iter().zip(listings).map(through).collect()
}

/// Whether a path, or a folder above it, is a link.
fn is_beyond(root: &Path, path: &RelativePath) -> bool {
    let mut parts = path.ancestors().chain([path.clone()]);
    parts.any(|part| root.join(part).symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()))
}
