//! Packages with all that they need, each once, those that others need first.

mod choose;
mod joint;
mod maker;
mod message;
mod settle;

pub use maker::Maker;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_commands::Action;
use purlin_environments::Request;
use purlin_model::{Diagnostic, Digest};
use purlin_plugin::language::Argument;

use crate::package::{Package, Source};
use crate::store::Last;
use crate::text::Roots;
use joint::Obstacle;

/// What the graph asks of whoever has it made.
pub trait Surroundings: Sync {
    /// The packages that requests mean, of the workspace or of repositories, in the order of the requests.
    /// They are there at once, so what they and the `conditions` ask of one package is asked together.
    ///
    /// # Errors
    /// There is none for one of them, or they do not go together.
    fn requests(
        &self,
        requests: &[String],
        conditions: &[Request],
        by: &Package,
    ) -> Result<Vec<Argument>, Diagnostic>;

    /// The graph is made, and these requests have led to what is in it: others were tried, and are not
    /// asked any more.
    ///
    /// # Errors
    /// What they mean must not be noted.
    fn settled(&self, asked: &[Arc<Together>]) -> Result<(), Diagnostic>;

    /// What a plugin's builder makes of a package.
    ///
    /// # Errors
    /// There is no such builder, or it failed.
    fn plan(&self, builder: &str, package: &Package) -> Result<Plan, Diagnostic>;

    /// The digest of a source, without making it.
    ///
    /// # Errors
    /// It cannot be read.
    fn digest(&self, source: &Source, package: &Package) -> Result<Digest, Diagnostic>;

    /// Puts a source into a folder, which is not there yet; what is built may change it. A single file
    /// stands in the folder under its name.
    ///
    /// # Errors
    /// It cannot be fetched, is another than it should be, or cannot be written.
    fn place(
        &self,
        source: &Source,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic>;

    /// The folder that relative paths of a package start from.
    fn home(&self, package: &Package) -> PathBuf;

    /// What a package with an id was built from the last time that somebody here needed it.
    fn last(&self, id: &str) -> Option<Last>;
}

/// What one package has asked for together.
#[derive(Debug, Clone)]
pub struct Together {
    /// The requests, as they were put to [`Surroundings::requests`].
    pub requests: Vec<String>,
    /// What may not be there.
    pub conditions: Vec<Request>,
    /// Who asked first.
    pub by: Arc<Package>,
}

/// How a package is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The shell text that builds.
    pub build: Option<String>,
    /// The shell text that installs.
    pub install: Option<String>,
    /// Process variables of both.
    pub env: BTreeMap<String, String>,
    /// Requests for what else it is built with.
    pub packages: Vec<String>,
}

/// A package in a graph.
#[derive(Debug)]
pub struct Node {
    /// What it says.
    pub package: Arc<Package>,
    /// Which of its variants this is.
    pub variant: Option<usize>,
    /// What users are shown; each is there once in a graph.
    pub id: String,
    /// What it needs to run.
    pub runs_with: Vec<usize>,
    /// What is passed on to what is built with it.
    pub passes_on: Vec<usize>,
    /// What it is built with, in the order in which it says so.
    pub built_with: Vec<usize>,
    /// What its tests mention besides.
    pub tested_with: Vec<usize>,
    /// What may not be there when it runs or is built.
    conditions: Vec<Request>,
    /// The roots of packages that its texts mention.
    pub roots: Roots,
    /// What is run to build it; `None` for what is installed elsewhere.
    pub action: Option<Action>,
    /// The identity of what comes of it.
    pub key: Digest,
    /// What of itself the key is made of, by label.
    own_parts: BTreeMap<String, String>,
    /// Where it is, or will be; `None` for one that has only needs.
    pub prefix: Option<PathBuf>,
}

/// Packages with all that they need.
#[derive(Debug, Default)]
pub struct PackageGraph {
    /// Each behind what it needs.
    pub nodes: Vec<Node>,
}

impl PackageGraph {
    /// These with all that is needed to run them, each once, nearest first.
    #[must_use]
    pub fn to_run(&self, roots: &[usize]) -> Vec<usize> {
        self.closure(roots, |node| node.runs_with.clone())
    }

    /// What is there when something is built with these.
    #[must_use]
    pub fn to_build(&self, roots: &[usize]) -> Vec<usize> {
        self.closure(roots, |node| node.runs_with.iter().chain(&node.passes_on).copied().collect())
    }

    /// Everything that takes part in making one, itself left out.
    #[must_use]
    pub fn made_of(&self, index: usize) -> Vec<usize> {
        let all = |node: &Node| -> Vec<usize> {
            node.built_with.iter().chain(&node.runs_with).chain(&node.passes_on).copied().collect()
        };
        self.closure(&all(&self.nodes[index]), all)
    }

    /// What the key of a package is made of, by label.
    #[must_use]
    pub fn parts(&self, node: &Node) -> BTreeMap<String, String> {
        let mut parts = node.own_parts.clone();
        for index in &node.built_with {
            let needed = &self.nodes[*index];
            let how = match (node.runs_with.contains(index), node.passes_on.contains(index)) {
                (true, _) => "",
                (false, true) => ", to build",
                (false, false) => ", to build it alone",
            };
            parts.insert(format!("package {}{how}", needed.id), needed.key.to_hex());
        }
        parts
    }

    fn closure(&self, roots: &[usize], next: impl Fn(&Node) -> Vec<usize>) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut found: Vec<usize> = Vec::new();
        let mut place = 0;
        for root in roots {
            if !std::mem::replace(&mut seen[*root], true) {
                found.push(*root);
            }
        }
        while let Some(index) = found.get(place).copied() {
            place += 1;
            for needed in next(&self.nodes[index]) {
                if !std::mem::replace(&mut seen[needed], true) {
                    found.push(needed);
                }
            }
        }
        found
    }

    /// Sees to it that with no package from `from` on two of one name are there at once, and none that may
    /// not be there. `several` is false where each name is there once.
    fn check(&self, from: usize, several: bool) -> Result<(), Obstacle> {
        for node in &self.nodes[from..] {
            if several || !node.conditions.is_empty() {
                let there = self.to_build(&node.built_with);
                self.go_together(&there, &node.conditions, &node.package)?;
            }
        }
        Ok(())
    }

    /// Sees to it that these can be there at once, where `by` is built or run.
    fn go_together(
        &self,
        all: &[usize],
        conditions: &[Request],
        by: &Arc<Package>,
    ) -> Result<(), Obstacle> {
        let mut agreed: Vec<(&Request, &Package)> = Vec::new();
        let nodes = all.iter().map(|one| &self.nodes[*one]);
        let own = conditions.iter().map(|one| (one, &**by));
        let others = nodes.flat_map(|node| node.conditions.iter().map(|one| (one, &*node.package)));
        for one in own.chain(others).filter(|(request, _)| request.is_ephemeral()) {
            if let Some(other) = agreed.iter().find(|other| other.0.conflicts_with(one.0)) {
                return Err(message::disagreed(by, &[*other, one]).into());
            }
            agreed.push(one);
        }
        let mut there: HashMap<&str, usize> = HashMap::new();
        for one in all.iter().copied() {
            let package = &self.nodes[one].package;
            let by = || by.clone();
            if let Some(condition) = conditions.iter().find(|one| package.is_excluded_by(one)) {
                let (condition, package) = (condition.clone(), package.clone());
                return Err(Obstacle::Excluded { by: by(), condition, package });
            }
            if let Some(other) = there.insert(&package.name, one) {
                let packages = [self.nodes[other].package.clone(), package.clone()];
                return Err(Obstacle::Two { by: by(), packages });
            }
        }
        Ok(())
    }
}
