//! What one walk looks for: the patterns of all its sets, grouped by the folder that each names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::pattern::{Rest, Shape};
use super::patterns::Patterns;

/// The sets of one walk, as a tree of the folders and files that their patterns name literally.
/// A file is compared only with the patterns whose folder it is in, and with a pattern that many
/// sets share only once.
pub(super) struct Plan<'a> {
    pub(super) sets: &'a [&'a Patterns],
    nodes: Vec<Node<'a>>,
}

/// A folder or file that a pattern names, or one above such a path.
#[derive(Default)]
struct Node<'a> {
    children: BTreeMap<&'a [u8], usize>,
    /// The patterns that name exactly this path.
    literals: Arc<Vec<Use>>,
    /// The patterns that match below this path.
    wild: Vec<Active<'a>>,
}

/// The place of a pattern: in which set, and where in that set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) set: u32,
    pub(super) place: u32,
}

/// A pattern that can still match in a folder.
#[derive(Clone)]
pub(super) struct Active<'a> {
    /// `None` where a folder above is taken already, and with it everything below.
    rest: Option<&'a Rest>,
    base: usize,
    /// Whether it takes what git ignores too.
    pub(super) waives: bool,
    uses: Arc<Vec<Use>>,
}

/// A place in the tree of named paths.
pub(super) type NodeId = usize;

impl<'a> Plan<'a> {
    /// The place of the workspace's root.
    pub(super) const ROOT: NodeId = 0;

    pub(super) fn new(sets: &'a [&'a Patterns]) -> Self {
        let mut nodes = vec![Node::default()];
        let mut shared: HashMap<(NodeId, &str), usize> = HashMap::new();
        for (set, patterns) in (0..).zip(sets) {
            for (place, pattern) in (0..).zip(&patterns.list) {
                if pattern.negated {
                    continue;
                }
                let node = find_or_add(&mut nodes, pattern.base());
                let used = Use { set, place };
                match &pattern.shape {
                    Shape::Literal(_) => Arc::make_mut(&mut nodes[node].literals).push(used),
                    Shape::Wild { base, rest } => {
                        let wild = &mut nodes[node].wild;
                        let group = *shared.entry((node, &rest.text)).or_insert_with(|| {
                            wild.push(Active {
                                rest: Some(rest),
                                base: base.as_ref().map_or(0, |base| base.as_bytes().len() + 1),
                                waives: false,
                                uses: Arc::default(),
                            });
                            wild.len() - 1
                        });
                        Arc::make_mut(&mut wild[group].uses).push(used);
                    }
                }
            }
        }
        Self { sets, nodes }
    }

    /// The named paths directly below a node.
    pub(super) fn children(&self, node: NodeId) -> impl Iterator<Item = (&'a [u8], NodeId)> {
        self.nodes[node].children.iter().map(|(name, child)| (*name, *child))
    }

    pub(super) fn child(&self, node: Option<NodeId>, name: &[u8]) -> Option<NodeId> {
        self.nodes[node?].children.get(name).copied()
    }

    /// Whether anything is named below the node.
    pub(super) fn leads_on(&self, node: Option<NodeId>) -> bool {
        node.is_some_and(|node| !self.nodes[node].children.is_empty())
    }

    /// Whether anything can match below the node, but for all below it because it is named.
    pub(super) fn names_beyond(&self, node: Option<NodeId>) -> bool {
        node.is_some_and(|node| {
            !self.nodes[node].children.is_empty() || !self.nodes[node].wild.is_empty()
        })
    }

    /// The patterns that match below the node.
    pub(super) fn wild_below(&self, node: Option<NodeId>) -> Arc<Vec<Active<'a>>> {
        Arc::new(node.map(|node| self.nodes[node].wild.clone()).unwrap_or_default())
    }

    /// What can match in the folder `path`, given what can match in the folder above it.
    pub(super) fn enter(
        &self,
        above: &Arc<Vec<Active<'a>>>,
        node: Option<NodeId>,
        path: &[u8],
    ) -> Arc<Vec<Active<'a>>> {
        let mut changed = false;
        let mut kept = Vec::new();
        for active in above.iter() {
            match self.follow(active, path) {
                Followed::Same => kept.push(active.clone()),
                Followed::Gone => changed = true,
                Followed::Changed(active) => {
                    changed = true;
                    kept.push(active);
                }
            }
        }
        if let Some(node) = node.map(|node| &self.nodes[node]) {
            changed |= !node.wild.is_empty() || !node.literals.is_empty();
            kept.extend_from_slice(&node.wild);
            if !node.literals.is_empty() {
                let uses = Arc::clone(&node.literals);
                kept.push(Active { rest: None, base: 0, waives: false, uses });
            }
        }
        if changed { Arc::new(kept) } else { Arc::clone(above) }
    }

    /// What still matches in a folder that git ignores: the patterns that name this very folder,
    /// and those that named one above it.
    pub(super) fn enter_ignored(
        &self,
        above: &Arc<Vec<Active<'a>>>,
        node: Option<NodeId>,
    ) -> Arc<Vec<Active<'a>>> {
        let mut kept: Vec<_> = above.iter().filter(|active| active.waives).cloned().collect();
        if let Some(node) = node
            && !self.nodes[node].literals.is_empty()
        {
            let uses = Arc::clone(&self.nodes[node].literals);
            kept.push(Active { rest: None, base: 0, waives: true, uses });
        }
        Arc::new(kept)
    }

    fn follow(&self, active: &Active<'a>, path: &[u8]) -> Followed<'a> {
        let rest = match active.rest {
            Some(rest) if rest.matches(&path[active.base..]) => None,
            Some(rest)
                if rest.depth.is_some_and(|depth| depth <= slashes(&path[active.base..])) =>
            {
                return Followed::Gone;
            }
            rest => rest,
        };
        let gone =
            |used: &Use| self.sets[used.set as usize].takes_out(used.place as usize, path, true);
        let uses = if active.uses.iter().any(gone) {
            let uses: Vec<_> = active.uses.iter().filter(|used| !gone(used)).copied().collect();
            if uses.is_empty() {
                return Followed::Gone;
            }
            Arc::new(uses)
        } else if rest.is_some() == active.rest.is_some() {
            return Followed::Same;
        } else {
            Arc::clone(&active.uses)
        };
        Followed::Changed(Active { rest, uses, ..active.clone() })
    }
}

enum Followed<'a> {
    Same,
    Changed(Active<'a>),
    Gone,
}

/// The last component that a match can have is number `slashes + 1` of what is in the folder.
fn slashes(path: &[u8]) -> usize {
    path.iter().filter(|byte| **byte == b'/').count() + 1
}

fn find_or_add<'a>(nodes: &mut Vec<Node<'a>>, path: &'a [u8]) -> NodeId {
    let mut node = Plan::ROOT;
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        let next = nodes.len();
        node = *nodes[node].children.entry(name).or_insert(next);
        if node == next {
            nodes.push(Node::default());
        }
    }
    node
}

/// Finds the sets that a path is in; one per thread, so that nothing is allocated per path.
pub(super) struct Matching {
    /// The place of the last pattern that matched, plus one; 0 for none.
    best: Vec<u32>,
    touched: Vec<u32>,
    last: Arc<[u32]>,
}

impl Matching {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        Self { best: vec![0; plan.sets.len()], touched: Vec::new(), last: Arc::default() }
    }

    /// The sets that take `path`, in order; `None` where there is none. `named` is its node.
    pub(super) fn sets(
        &mut self,
        plan: &Plan<'_>,
        active: &[Active<'_>],
        named: Option<NodeId>,
        path: &[u8],
        is_folder: bool,
    ) -> Option<Arc<[u32]>> {
        let Self { best, touched, last } = self;
        let mut touch = |uses: &[Use]| {
            for used in uses {
                let best = &mut best[used.set as usize];
                if *best == 0 {
                    touched.push(used.set);
                }
                *best = (*best).max(used.place + 1);
            }
        };
        for active in active {
            let matches = active.rest.is_none_or(|rest| {
                (is_folder || !rest.folders_only) && rest.matches(&path[active.base..])
            });
            if matches {
                touch(&active.uses);
            }
        }
        if let Some(node) = named {
            touch(&plan.nodes[node].literals);
        }
        touched.retain(|set| {
            let best = std::mem::take(&mut best[*set as usize]);
            !plan.sets[*set as usize].takes_out(best as usize - 1, path, is_folder)
        });
        if touched.is_empty() {
            return None;
        }
        touched.sort_unstable();
        // The files of a folder are mostly in the same sets.
        if **last != **touched {
            *last = touched.as_slice().into();
        }
        touched.clear();
        Some(Arc::clone(last))
    }
}
