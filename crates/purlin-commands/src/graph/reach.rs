//! Who runs before whom.

use std::cell::RefCell;

use super::Graph;

/// Answers for one graph, without making room anew for each.
pub(super) struct Reach<'g> {
    graph: &'g Graph,
    /// By position, the number of the last question that it was met for.
    met: RefCell<(Vec<u32>, u32)>,
}

impl<'g> Reach<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self { graph, met: RefCell::new((vec![0; graph.instances.len()], 0)) }
    }

    /// Whether one of the two runs after the other.
    pub(super) fn ordered(&self, one: usize, other: usize) -> bool {
        self.depends_on(one.max(other), one.min(other))
    }

    /// Whether `index` runs after `producer`.
    pub(super) fn depends_on(&self, index: usize, producer: usize) -> bool {
        // Producers come before those who depend on them, so nothing in front of it leads to it.
        if producer >= index {
            return false;
        }
        let instances = &self.graph.instances;
        if instances[index].producers.binary_search(&producer).is_ok() {
            return true;
        }
        let (met, question) = &mut *self.met.borrow_mut();
        *question += 1;
        let mut open = vec![index];
        while let Some(next) = open.pop() {
            for before in instances[next].before() {
                if before == producer {
                    return true;
                }
                if before > producer && std::mem::replace(&mut met[before], *question) != *question
                {
                    open.push(before);
                }
            }
        }
        false
    }
}
