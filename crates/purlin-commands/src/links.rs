//! Files that are read and written through links: a change behind a link has another path than the one
//! that patterns know.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use purlin_store::{Patterns, RelativePath};

use crate::graph::{Graph, Instance};
use crate::session::Session;
use crate::watch::Batch;

/// For each instance, whether it reads something through a link. Found out when something changes
/// for the first time, and again when links may have come or gone.
#[derive(Default)]
pub(crate) struct Links {
    known: Option<Vec<bool>>,
}

impl Links {
    /// The instances that a change somewhere may concern, wherever it is.
    pub(crate) fn behind(
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
        self.known.get_or_insert_with(|| {
            let folders = folders(graph, session);
            let beyond = |set: &Patterns| {
                let mut bases = set.bases().filter_map(|base| RelativePath::from_bytes(base).ok());
                bases.any(|base| folders.iter().any(|(link, _)| base.starts_with(link)))
            };
            let linked = linked(graph, session).into_iter().zip(&graph.instances);
            linked.map(|(files, one)| !files.is_empty() || beyond(&inputs(one))).collect()
        })
    }
}

/// The paths by which patterns know changed files that are behind links to folders.
pub(crate) fn aliases(
    graph: &Graph,
    session: &Session<'_>,
    changed: &[RelativePath],
) -> Vec<RelativePath> {
    let folders = folders(graph, session);
    let alias = |(link, target): &(RelativePath, PathBuf)| {
        let behind = changed.iter().filter_map(|path| path.to_path().strip_prefix(target).ok());
        let paths = behind.map(|rest| RelativePath::parse(link.to_path().join(rest)));
        paths.filter_map(Result::ok).collect::<Vec<_>>()
    };
    folders.iter().flat_map(alias).collect()
}

/// For each instance, the files that links among its inputs lead to, from the root.
pub(crate) fn linked(graph: &Graph, session: &Session<'_>) -> Vec<BTreeSet<PathBuf>> {
    let sets: Vec<Patterns> = graph.instances.iter().map(inputs).collect();
    let links = session.files.links(&sets.iter().collect::<Vec<_>>());
    // What cannot be read is told by the run that needs it.
    let links = links.unwrap_or_else(|_| vec![Vec::new(); sets.len()]);
    let targets = |links: Vec<RelativePath>| {
        links.iter().filter_map(|link| target(&session.root, link)).collect()
    };
    links.into_iter().map(targets).collect()
}

fn inputs(instance: &Instance) -> Patterns {
    instance.inputs.clone().unwrap_or_default()
}

/// The links to folders that patterns name something beyond, and where they lead, from the root.
fn folders(graph: &Graph, session: &Session<'_>) -> Vec<(RelativePath, PathBuf)> {
    let mut places = BTreeSet::new();
    for instance in &graph.instances {
        for set in instance.inputs.iter().chain([&instance.action.outputs]) {
            let bases = set.bases().filter_map(|base| RelativePath::from_bytes(base).ok());
            places.extend(
                bases.flat_map(|base| base.ancestors().chain([base.clone()]).collect::<Vec<_>>()),
            );
        }
    }
    let link = |path: RelativePath| {
        let metadata = session.root.join(&path).symlink_metadata().ok()?;
        let target = metadata.is_symlink().then(|| target(&session.root, &path))??;
        Some((path, target))
    };
    places.into_iter().filter_map(link).collect()
}

/// Where a link leads in the workspace, whether or not anything is there.
fn target(root: &Path, link: &RelativePath) -> Option<PathBuf> {
    let full = root.join(link);
    if let (Ok(real), Ok(root)) = (full.canonicalize(), root.canonicalize()) {
        return real.strip_prefix(root).ok().map(Path::to_owned);
    }
    let mut path = link.to_path().parent()?.to_owned();
    for part in full.read_link().ok()?.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}
