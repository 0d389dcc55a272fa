//! Making a graph out of leaves.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use purlin_environments::Request;
use purlin_model::{Diagnostic, Digest};
use purlin_plugin::language::{Argument, Handle};

use super::joint::{Joint, Obstacle};
use super::{PackageGraph, Plan, Surroundings, Together, message};
use crate::package::{Need, Package};
use crate::store::PackageStore;
use crate::text::Roots;

/// What makes a graph.
pub struct Maker<'a> {
    pub(super) system: &'a str,
    pub(super) store: &'a PackageStore,
    /// The digest of the store's folder, which most identities depend on.
    pub(super) place: String,
    pub(super) surroundings: &'a dyn Surroundings,
    pub(super) graph: PackageGraph,
    /// Where the variants of packages are in the graph, by the packages.
    pub(super) placed: HashMap<*const Package, Vec<(Option<usize>, usize)>>,
    pub(super) joint: Joint,
    /// What requests that were asked together have led to.
    pub(super) answers: HashMap<Vec<String>, Answer>,
    /// What was asked for what is made now, and for what is made already.
    pub(super) asked_now: Vec<Arc<Together>>,
    asked: Vec<Arc<Together>>,
    /// Packages that were read, by their names; those that say the same are one.
    pub(super) read: HashMap<String, Vec<Arc<Package>>>,
    /// The same by the values, which are kept so that each stays another one.
    pub(super) seen: HashMap<*const (), (Handle, Arc<Package>)>,
    pub(super) by_key: HashMap<Digest, usize>,
    pub(super) ids: HashSet<String>,
    /// The names of packages.
    pub(super) names: HashSet<String>,
    /// There are two packages of one name.
    pub(super) several: bool,
}

/// One package under way.
pub(super) struct Frame {
    pub(super) package: Arc<Package>,
    pub(super) variant: Option<usize>,
    pub(super) plan: Plan,
    pub(super) needs: Vec<Chosen>,
    pub(super) conditions: Vec<Request>,
    next: usize,
}

/// What requests mean that were asked together.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) asked: Arc<Together>,
    pub(super) found: Vec<Arc<Package>>,
}

/// A package that is needed, which of its variants, and in which way.
pub(super) type Chosen = (Part, Arc<Package>, Option<usize>);

/// In which way something is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Run,
    PassOn,
    Build,
    Test,
}

impl<'a> Maker<'a> {
    /// One that has nothing yet.
    #[must_use]
    pub fn new(
        system: &'a str,
        store: &'a PackageStore,
        surroundings: &'a dyn Surroundings,
    ) -> Self {
        Self {
            system,
            store,
            place: Digest::of(store.folder().as_os_str().as_encoded_bytes()).to_hex(),
            surroundings,
            graph: PackageGraph::default(),
            placed: HashMap::new(),
            joint: Joint::default(),
            answers: HashMap::new(),
            asked_now: Vec::new(),
            asked: Vec::new(),
            read: HashMap::new(),
            seen: HashMap::new(),
            by_key: HashMap::new(),
            ids: HashSet::new(),
            names: HashSet::new(),
            several: false,
        }
    }

    /// Adds a package, all of its variants, with all that it needs.
    ///
    /// # Errors
    /// What stands in the way, at its place: something cannot be had, two packages of one name would be
    /// there at once, or one that may not be there.
    pub fn add(&mut self, value: &Argument) -> Result<Vec<usize>, Diagnostic> {
        let Some(package) = self.read(value)? else {
            return Err(Diagnostic::error("no-package", "this is not a package"));
        };
        self.add_package(&package)
    }

    /// Adds a package that is known already.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn add_package(&mut self, package: &Arc<Package>) -> Result<Vec<usize>, Diagnostic> {
        let package = self.one_of(package.clone());
        let variants: Vec<Option<usize>> = match package.variants.len() {
            0 => vec![None],
            count => (0..count).map(Some).collect(),
        };
        self.on_its_own(&|maker| {
            variants.iter().map(|variant| maker.enter(&package, *variant)).collect()
        })
    }

    /// Adds what something needs to run, with the roots that stand for them in texts.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn add_needs(
        &mut self,
        needs: &[Need],
        by: &Arc<Package>,
    ) -> Result<(Vec<usize>, Roots), Diagnostic> {
        self.on_its_own(&|maker| {
            let (found, conditions) =
                maker.choose(by, needs.iter().map(|need| (Part::Run, need)).collect())?;
            let (mut indexes, mut roots) = (Vec::new(), Roots::default());
            for (_, package, variant) in found {
                let index = maker.enter(&package, variant)?;
                let node = &maker.graph.nodes[index];
                if let Some(prefix) = &node.prefix {
                    roots.add(&package, prefix, node.key);
                }
                indexes.push(index);
            }
            let there = maker.graph.to_run(&indexes);
            maker.graph.go_together(&there, &conditions, by)?;
            Ok((indexes, roots))
        })
    }

    /// The graph. What its requests mean is noted.
    ///
    /// # Errors
    /// It must not be noted.
    pub fn finish(self) -> Result<PackageGraph, Diagnostic> {
        let mut seen = HashSet::new();
        let asked = self.asked.into_iter().filter(|one| seen.insert(Arc::as_ptr(one)));
        self.surroundings.settled(&asked.collect::<Vec<_>>())?;
        Ok(self.graph)
    }

    /// Adds something with all that it needs. Where requests meet that lead to two packages of one name,
    /// it is made again with one request in their place, and nothing else that is asked for changes.
    fn on_its_own<T>(
        &mut self,
        enter: &dyn Fn(&mut Self) -> Result<T, Obstacle>,
    ) -> Result<T, Diagnostic> {
        let from = self.graph.nodes.len();
        let mut common = None;
        // Why that which was met first did not do.
        let mut refused: Option<Diagnostic> = None;
        let made = loop {
            self.asked_now.clear();
            let made =
                enter(self).and_then(|made| self.graph.check(from, self.several).map(|()| made));
            let obstacle = match made {
                Ok(made) => {
                    self.asked.append(&mut self.asked_now);
                    break Ok(made);
                }
                Err(obstacle) => obstacle,
            };
            self.take_back(from);
            // There is one version in a workspace: what speaks against it is told, and not that there is no
            // other one.
            if let Obstacle::Told(trouble) = &obstacle
                && trouble.code == "no-version"
                && let Some(refused) = refused.take()
            {
                break Err(refused.detail(trouble.detail.clone()));
            }
            match self.joint.meet(obstacle) {
                Ok(told) => refused = Some(told),
                Err(trouble) => break Err(trouble),
            }
            match common {
                None => common = Some((std::mem::take(&mut self.placed), self.joint.apart())),
                Some(_) => {
                    self.placed.clear();
                    self.joint.begin();
                }
            }
        };
        if let Some((placed, joint)) = common {
            (self.placed, self.joint) = (placed, joint);
        }
        made
    }

    /// Takes back what was added from a place on.
    fn take_back(&mut self, from: usize) {
        for node in self.graph.nodes.drain(from..) {
            self.ids.remove(&node.id);
            self.by_key.remove(&node.key);
        }
        for variants in self.placed.values_mut() {
            variants.retain(|(_, index)| *index < from);
        }
    }

    pub(super) fn known(&self, package: &Arc<Package>, variant: Option<usize>) -> Option<usize> {
        let variants = self.placed.get(&Arc::as_ptr(package))?;
        variants.iter().find(|(one, _)| *one == variant).map(|(_, index)| *index)
    }

    /// Adds one variant, without recursion: chains may be long.
    fn enter(&mut self, package: &Arc<Package>, variant: Option<usize>) -> Result<usize, Obstacle> {
        let mut stack = Vec::new();
        if self.known(package, variant).is_none() {
            stack.push(self.frame(package, variant)?);
        }
        while let Some(frame) = stack.last_mut() {
            if let Some((_, needed, which)) = frame.needs.get(frame.next) {
                let (needed, which) = (needed.clone(), *which);
                frame.next += 1;
                if self.known(&needed, which).is_some() {
                    continue;
                }
                if let Some(start) = stack
                    .iter()
                    .position(|one| Arc::ptr_eq(&one.package, &needed) && one.variant == which)
                {
                    let circle: Vec<_> = stack[start..].iter().map(|one| &one.package).collect();
                    return Err(message::cycle(&circle).into());
                }
                let frame = self.frame(&needed, which)?;
                stack.push(frame);
            } else if let Some(frame) = stack.pop() {
                let index = self.settle(&frame)?;
                let variants = self.placed.entry(Arc::as_ptr(&frame.package)).or_default();
                variants.push((frame.variant, index));
            }
        }
        self.known(package, variant).ok_or_else(|| {
            Diagnostic::error("no-package", format!("`{}` could not be added", package.shown()))
                .into()
        })
    }

    fn frame(&mut self, package: &Arc<Package>, variant: Option<usize>) -> Result<Frame, Obstacle> {
        if !package.systems.is_empty() && !package.systems.iter().any(|one| one == self.system) {
            return Err(message::wrong_system(package, self.system).into());
        }
        let plan = match &package.builder {
            Some((builder, _)) if package.root.is_none() => {
                let mut plan = self.surroundings.plan(builder, package)?;
                plan.build = package.build.clone().or(plan.build);
                plan.install = package.install.clone().or(plan.install);
                plan
            }
            _ => Plan {
                build: package.build.clone(),
                install: package.install.clone(),
                ..Plan::default()
            },
        };
        let own = variant.and_then(|variant| package.variants.get(variant));
        let extra: Vec<Need> = plan.packages.iter().cloned().map(Need::Request).collect();
        let (mentions, of_tests) = package.mentioned(&plan);
        let needs = package
            .build_requires
            .iter()
            .map(|need| (Part::PassOn, need))
            .chain(package.private_build_requires.iter().map(|need| (Part::Build, need)))
            .chain(own.into_iter().flatten().map(|need| (Part::Run, need)))
            .chain(package.requires.iter().map(|need| (Part::Run, need)))
            .chain(mentions.iter().map(|need| (Part::Build, need)))
            .chain(extra.iter().map(|need| (Part::Build, need)))
            .chain(of_tests.iter().map(|need| (Part::Test, need)));
        let (needs, conditions) = self.choose(package, needs.collect())?;
        Ok(Frame { package: package.clone(), variant, plan, needs, conditions, next: 0 })
    }
}
