//! Folders that commands share by wildcards, and who writes there.

use std::collections::{BTreeSet, HashSet};

use purlin_store::{RelativePath, file_name};

use super::writers::Writers;
use super::{Graph, reach::Reach};

impl Graph {
    /// The folders into which the wildcards of an instance's artifacts reach: others may write there,
    /// too, and only what changes tells who has written what.
    pub(crate) fn shared_folders(&self, index: usize) -> BTreeSet<&[u8]> {
        self.instances[index].action.outputs.wild_bases().collect()
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

    /// Tells of others whether they and this one write by wildcards, and neither runs after the other:
    /// what both write is a mistake that no look at the patterns could have found.
    pub(crate) fn rivals(&self, one: usize) -> impl Fn(usize) -> bool {
        let is_wild = |index: usize| {
            let outputs = &self.instances[index].action.outputs;
            outputs.wild_bases().next().is_some()
        };
        let reach = Reach::new(self);
        let may = is_wild(one);
        move |other| may && is_wild(other) && !reach.ordered(one, other)
    }
}
