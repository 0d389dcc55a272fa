//! Folders that commands share, and who writes there.

use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::OnceLock;

use purlin_store::{Patterns, RelativePath, file_name};

use super::writers::Writers;
use super::{Graph, Instance, reach::Reach};

/// The folders that instances have to themselves while they run.
#[derive(Debug)]
pub(super) struct Folders {
    /// What is written somewhere below a folder: the folders above are some.
    bases: BTreeSet<Vec<u8>>,
    /// The bases of patterns with wildcards: they are folders themselves.
    wild: BTreeSet<Vec<u8>>,
    /// Of each instance, found once, so that it gives back what it took.
    of: Vec<OnceLock<BTreeSet<Vec<u8>>>>,
}

impl Folders {
    fn new(graph: &Graph) -> Self {
        let outputs = || graph.instances.iter().map(|instance| &instance.action.outputs);
        Self {
            bases: outputs().flat_map(Patterns::bases).map(<[u8]>::to_vec).collect(),
            wild: outputs().flat_map(Patterns::wild_bases).map(<[u8]>::to_vec).collect(),
            of: graph.instances.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// Whether a path that an instance names outright is one of a folder: it is written so, or stands
    /// there so, or others write below it.
    fn is_folder(&self, root: &Path, instance: &Instance, path: &RelativePath) -> bool {
        let bytes = path.as_bytes();
        let below = [bytes, b"/"].concat();
        let written = |artifact: &String| {
            artifact.ends_with('/')
                && Patterns::new(&[artifact]).is_ok_and(|one| one.literals().any(|it| it == path))
        };
        let next = (Bound::Excluded(below.clone()), Bound::Unbounded);
        let next = self.bases.range::<Vec<u8>, _>(next).next();
        self.wild.contains(bytes)
            || next.is_some_and(|base| base.starts_with(&below))
            || instance.action.artifacts.iter().any(written)
            || root.join(path).is_dir()
    }
}

impl Graph {
    /// The folders into which the wildcards of an instance's artifacts reach, and those that it names
    /// outright: others may write there, too, and only what changes tells who has written what.
    pub(crate) fn shared_folders(
        &self,
        root: &Path,
        index: usize,
    ) -> impl Iterator<Item = &[u8]> + Clone {
        let folders = self.folders.get_or_init(|| Folders::new(self));
        let find = || {
            let instance = &self.instances[index];
            let outputs = &instance.action.outputs;
            let named = outputs.literals().filter(|path| folders.is_folder(root, instance, path));
            let named = named.map(RelativePath::as_bytes);
            outputs.wild_bases().chain(named).map(<[u8]>::to_vec).collect()
        };
        folders.of[index].get_or_init(find).iter().map(Vec::as_slice)
    }

    /// What the instances' names become where each has a file.
    pub(crate) fn file_names(&self) -> &HashSet<String> {
        let names = || self.instances.iter().map(|one| file_name(&one.id)).collect();
        self.file_names.get_or_init(names)
    }

    /// Those who may write something of these paths, in the graph's order.
    pub(crate) fn writers_of<'p>(
        &self,
        paths: impl Iterator<Item = &'p RelativePath>,
    ) -> Vec<usize> {
        let writers = self.writers.get_or_init(|| Writers::new(self));
        let mut found = vec![false; self.instances.len()];
        for path in paths {
            for index in writers.near(path) {
                // With many in one folder, to ask everybody about every file would take its time.
                found[index] = found[index] || self.instances[index].action.outputs.matches(path);
            }
        }
        (0..found.len()).filter(|index| found[*index]).collect()
    }

    /// Tells of others whether they and this one write into folders as they like, and neither runs after
    /// the other: what both write is a mistake that no look at the patterns could have found.
    pub(crate) fn rivals<'a>(&'a self, root: &'a Path, one: usize) -> impl Fn(usize) -> bool + 'a {
        let is_free = move |index: usize| self.shared_folders(root, index).next().is_some();
        let reach = Reach::new(self);
        let may = is_free(one);
        move |other| may && is_free(other) && !reach.ordered(one, other)
    }
}
