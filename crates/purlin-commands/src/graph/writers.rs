//! Who may write a path, found without asking everybody.

use std::collections::HashMap;

use purlin_store::{Patterns, RelativePath};

use super::Graph;

/// The instances by the folders in which their patterns lie.
#[derive(Debug)]
pub(super) struct Writers {
    by_base: HashMap<Vec<u8>, Vec<usize>>,
}

impl Writers {
    /// Those who write something.
    pub(super) fn new(graph: &Graph) -> Self {
        let instances = graph.instances.iter().enumerate();
        Self::of(instances.map(|(index, instance)| (index, &instance.action.outputs)))
    }

    /// Those who have patterns.
    pub(super) fn of<'p>(patterns: impl Iterator<Item = (usize, &'p Patterns)>) -> Self {
        let mut by_base: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, patterns) in patterns {
            for base in patterns.bases() {
                let all = by_base.entry(base.to_vec()).or_default();
                if all.last() != Some(&index) {
                    all.push(index);
                }
            }
        }
        Self { by_base }
    }

    /// Those whose patterns may match a path; the patterns themselves tell. One may come twice.
    pub(super) fn near<'s>(&'s self, path: &'s RelativePath) -> impl Iterator<Item = usize> + 's {
        let bytes = path.as_bytes();
        let ends = (0..bytes.len()).filter(|place| bytes[*place] == b'/');
        let folders = std::iter::once(0).chain(ends).chain([bytes.len()]);
        folders.filter_map(|end| self.by_base.get(&bytes[..end])).flatten().copied()
    }
}
