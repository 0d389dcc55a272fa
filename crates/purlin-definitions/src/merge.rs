//! The merge: a commutative and associative function of a set of contributions.
//!
//! A [`Tree`] holds all contributions, by path; joining two trees is joining two sets. What counts
//! at a path is read off when it is asked for, and follows from the set alone: the order in which
//! plugins ran never matters.

mod rules;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use purlin_model::fold;

use crate::listed::ListedFiles;
use crate::{Contribution, Name};

pub use rules::{Rule, Rules};
pub(crate) use standing::under;
pub use standing::{Standing, Verdict};

/// Where so many times as much is added as is there, the map is made anew.
const MANY: usize = 4;

/// All contributions below one section or output root.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// What is directly at the root, and below.
    pub root: Node,
    /// Where values are joined instead of competing.
    pub rules: Arc<Rules>,
}

/// All contributions at and below one path.
#[derive(Debug, Clone, Default)]
#[expect(clippy::box_collection, reason = "few nodes have one, and all have room for it")]
pub struct Node {
    here: Here,
    /// Boxed, so that a name more moves little of what is there.
    below: BTreeMap<Name, Box<Node>>,
    least: OnceLock<Box<Least>>,
    folded: OnceLock<Box<HashMap<String, Vec<Name>>>>,
}

/// The contributions for a path itself: nearly always one.
#[derive(Debug, Clone, Default)]
enum Here {
    #[default]
    Nothing,
    One(Arc<Contribution>),
    /// One that is made when somebody needs it.
    Listed(Arc<ListedFiles>, usize),
    Many(Vec<Arc<Contribution>>),
}

/// The smallest priority at and below a node.
#[derive(Debug, Clone, Default)]
struct Least {
    general: Option<i64>,
    narrow: Vec<(Name, i64)>,
}

impl Tree {
    /// A tree without contributions.
    #[must_use]
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { root: Node::default(), rules }
    }

    /// Adds a contribution. The first name of its path is that of the tree.
    pub fn insert(&mut self, contribution: Arc<Contribution>) {
        let mut node = &mut self.root;
        for name in contribution.path.iter().skip(1) {
            node.forget();
            node = node.below.entry(name.clone()).or_default();
        }
        node.forget();
        node.here.add(contribution);
    }

    /// Adds many contributions: what was not there becomes nodes at once, in order, instead of each
    /// finding its place among those before it.
    pub fn extend(&mut self, contributions: impl IntoIterator<Item = Arc<Contribution>>) {
        let mut all: Vec<Arc<Contribution>> = contributions.into_iter().collect();
        let order = |one: &Arc<Contribution>, other: &Arc<Contribution>| {
            one.path.iter().skip(1).cmp(other.path.iter().skip(1))
        };
        if !all.is_sorted_by(|one, other| order(one, other).is_le()) {
            all.sort_by(order);
        }
        self.root.extend(&all, 1);
    }

    /// Adds the definitions that are files of a folder.
    pub(crate) fn add_files(&mut self, files: &Arc<ListedFiles>) {
        let mut node = &mut self.root;
        for name in files.above().iter().skip(1) {
            node.forget();
            node = node.below.entry(name.clone()).or_default();
        }
        node.add_files(files);
    }

    /// The node at a path below the root.
    pub fn at(&self, path: &[impl AsRef<str>]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, name| node.get(name.as_ref()))
    }

    /// What counts at a node of this tree.
    #[must_use]
    pub fn standing(&self, node: &Node, system: Option<&str>) -> Standing {
        standing::standing(node, system, &self.rules)
    }
}

impl FromIterator<Arc<Contribution>> for Tree {
    fn from_iter<I: IntoIterator<Item = Arc<Contribution>>>(contributions: I) -> Self {
        let mut tree = Self::default();
        tree.extend(contributions);
        tree
    }
}

impl Node {
    /// Adds contributions, sorted by their paths, of which the first `depth` names lead here.
    fn extend(&mut self, all: &[Arc<Contribution>], depth: usize) {
        self.forget();
        let own = all.partition_point(|one| one.path.len() <= depth);
        let (own, rest) = all.split_at(own);
        own.iter().for_each(|one| self.here.add(one.clone()));
        let names = rest.chunk_by(|one, other| one.path[depth] == other.path[depth]);
        if rest.len() / MANY < self.below.len() {
            for all in names {
                self.below.entry(all[0].path[depth].clone()).or_default().extend(all, depth + 1);
            }
            return;
        }
        let mut known = std::mem::take(&mut self.below);
        let below = names.map(|all| {
            let name = &all[0].path[depth];
            let mut node = known.remove(name).unwrap_or_default();
            node.extend(all, depth + 1);
            (name.clone(), node)
        });
        self.below = below.collect();
        self.below.append(&mut known);
    }

    fn add_files(&mut self, files: &Arc<ListedFiles>) {
        self.forget();
        let names = files.names().map(Name::from).enumerate();
        if files.len() / MANY < self.below.len() {
            for (place, name) in names {
                self.below.entry(name).or_default().add_file(files, place);
            }
            return;
        }
        let mut known = std::mem::take(&mut self.below);
        let below = names.map(|(place, name)| {
            let mut node = known.remove(&name).unwrap_or_default();
            node.add_file(files, place);
            (name, node)
        });
        self.below = below.collect();
        self.below.append(&mut known);
    }

    fn add_file(&mut self, files: &Arc<ListedFiles>, place: usize) {
        self.forget();
        match self.here {
            Here::Nothing => self.here = Here::Listed(files.clone(), place),
            _ => self.here.add(files.get(place).clone()),
        }
    }

    /// The node of a name below it, as it is written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.below.get(name).map(AsRef::as_ref)
    }

    /// The names below it that are `name` where `-` and `_` are the same; two of them conflict.
    #[must_use]
    pub fn folded(&self, name: &str) -> Vec<&Name> {
        if !name.contains(['-', '_']) {
            return self.below.get_key_value(name).map(|(name, _)| name).into_iter().collect();
        }
        let folded = self.folded.get_or_init(|| {
            let mut folded: HashMap<String, Vec<Name>> = HashMap::new();
            for name in self.below.keys().filter(|name| name.contains(['-', '_'])) {
                folded.entry(fold(name)).or_default().push(name.clone());
            }
            Box::new(folded)
        });
        folded.get(&fold(name)).into_iter().flatten().collect()
    }

    /// The names below it with their nodes, sorted.
    pub fn below(&self) -> impl Iterator<Item = (&Name, &Self)> {
        self.below.iter().map(|(name, node)| (name, node.as_ref()))
    }

    /// What was contributed here itself, in no order.
    #[must_use]
    pub fn here(&self) -> &[Arc<Contribution>] {
        self.here.all()
    }

    /// True when nothing is below it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.below.is_empty()
    }

    /// Whether something for the system is at or below it.
    #[must_use]
    pub fn has(&self, system: Option<&str>) -> bool {
        self.least_for(system).is_some()
    }

    /// All contributions at and below it.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Arc<Contribution>)) {
        self.here().iter().for_each(&mut *visit);
        for node in self.below.values() {
            node.each(visit);
        }
    }

    /// The smallest priority for a system below it.
    fn least_below(&self, system: Option<&str>) -> Option<i64> {
        match self.here {
            Here::Nothing => self.least_for(system),
            _ => self.below.values().filter_map(|node| node.least_for(system)).min(),
        }
    }

    /// The smallest priority for a system at and below it.
    fn least_for(&self, system: Option<&str>) -> Option<i64> {
        if self.is_end() {
            let for_it = |own: &Option<&Name>| own.is_none_or(|own| Some(&**own) == system);
            let here = self.here.priorities().filter(|(own, _)| for_it(own));
            return here.map(|(_, priority)| priority).min();
        }
        self.least().for_system(system)
    }

    fn least(&self) -> &Least {
        self.least.get_or_init(|| {
            let mut least = Box::<Least>::default();
            self.add_least(&mut least);
            least
        })
    }

    fn add_least(&self, least: &mut Least) {
        for (system, priority) in self.here.priorities() {
            least.add(system, priority);
        }
        for node in self.below.values() {
            if node.is_end() {
                node.add_least(least);
                continue;
            }
            let below = node.least();
            if let Some(priority) = below.general {
                least.add(None, priority);
            }
            for (system, priority) in &below.narrow {
                least.add(Some(system), *priority);
            }
        }
    }

    fn forget(&mut self) {
        self.least = OnceLock::new();
        self.folded = OnceLock::new();
    }
}

impl Here {
    fn all(&self) -> &[Arc<Contribution>] {
        match self {
            Self::Nothing => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Listed(files, place) => std::slice::from_ref(files.get(*place)),
            Self::Many(all) => all,
        }
    }

    /// The systems that they are for, with their priorities. Nothing is made for that.
    fn priorities(&self) -> impl Iterator<Item = (Option<&Name>, i64)> {
        let (listed, made) = match self {
            Self::Listed(files, _) => (Some((files.system(), files.priority())), [].as_slice()),
            made => (None, made.all()),
        };
        let made = made.iter().map(|one| (one.system.as_ref(), one.priority));
        listed.into_iter().chain(made)
    }

    fn add(&mut self, contribution: Arc<Contribution>) {
        *self = match std::mem::take(self) {
            Self::Nothing => Self::One(contribution),
            Self::One(one) => Self::Many(vec![one, contribution]),
            Self::Listed(files, place) => Self::Many(vec![files.get(place).clone(), contribution]),
            Self::Many(mut all) => {
                all.push(contribution);
                Self::Many(all)
            }
        };
    }
}

impl Least {
    fn add(&mut self, system: Option<&Name>, priority: i64) {
        let Some(system) = system else {
            self.general = Some(self.general.map_or(priority, |least| least.min(priority)));
            return;
        };
        match self.narrow.iter_mut().find(|(name, _)| name == system) {
            Some((_, least)) => *least = priority.min(*least),
            None => self.narrow.push((system.clone(), priority)),
        }
    }

    fn for_system(&self, system: Option<&str>) -> Option<i64> {
        let narrow = self.narrow.iter().find(|(name, _)| Some(&**name) == system);
        self.general.into_iter().chain(narrow.map(|(_, priority)| *priority)).min()
    }
}
