//! A command with everything filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::Expansion;
use purlin_store::Patterns;

use super::CacheChoice;
use crate::action::{Action, compile};
use crate::definition::Command;
use crate::dependency::{Dependency, Identity};
use crate::environment::{Description, Environment};
use crate::variables::ProcessVariables;

/// A command with everything filled in.
#[derive(Debug)]
pub struct Instance {
    /// Whole and stable; what users are shown.
    pub id: String,
    /// The definition.
    pub command: Arc<Command>,
    /// The space that it runs in.
    pub space: Option<String>,
    /// The module that it runs for.
    pub module: Option<String>,
    /// What it runs in; `None` for the base alone.
    pub environment: Option<Arc<Environment>>,
    /// Paths that are there when what it installs is, for a command that environments need.
    pub installs: Vec<PathBuf>,
    /// What is keyed and run.
    pub action: Action,
    /// Its dependencies, those of `[base]` first.
    pub dependencies: Vec<Dependency>,
    /// The arguments that have a value, by name.
    pub args: BTreeMap<String, String>,
    /// Positions in the graph of the instances that must have run before, in ascending order.
    pub producers: Vec<usize>,
    /// Those of them, and of [`Outside::position`], that select this instance when they are selected
    /// by changes, in ascending order.
    pub strict: Vec<usize>,
    /// Instances whose outputs count although they are not run for this one's sake.
    pub outside: Vec<Outside>,
    /// Where its results are kept.
    pub cache: CacheChoice,
    /// True when it was asked for, not only depended on.
    pub selected: bool,
    /// The files that its dependencies name; `None` while one of them is not expanded.
    pub inputs: Option<Patterns>,
}

/// An instance whose outputs count as they are found.
#[derive(Debug, Clone)]
pub struct Outside {
    /// What users know it by.
    pub id: String,
    /// Its position, where it runs anyway; it runs before then.
    pub position: Option<usize>,
    /// What it writes, as written.
    pub artifacts: Vec<String>,
    /// What it writes, compiled.
    pub outputs: Patterns,
}

impl Instance {
    /// What plugins have answered, if all is known without running anything.
    pub(crate) fn answers(&self) -> Option<Answers> {
        let dependencies = self.dependencies.iter();
        let expansions: Option<_> =
            dependencies.map(|dependency| dependency.expansion.clone()).collect();
        let environment = self.environment.as_ref().map(|one| one.description.clone());
        Some(Answers::new(expansions?, environment.unwrap_or_default()))
            .filter(|answers| !answers.environment.open)
    }

    /// Positions of all instances that run before this one where they run at all.
    pub fn before(&self) -> impl Iterator<Item = usize> {
        let outside = self.outside.iter().filter_map(|outside| outside.position);
        self.producers.iter().copied().chain(outside)
    }

    /// Compiles the globs of expansions of this instance's dependencies, in order.
    ///
    /// # Errors
    /// What is wrong with each glob, at the dependency that it came from.
    pub(crate) fn compile(
        &self,
        expansions: &[Arc<Expansion>],
    ) -> Result<Patterns, Vec<Diagnostic>> {
        let globs: Vec<String> =
            expansions.iter().flat_map(|expansion| expansion.globs.iter().cloned()).collect();
        compile(&globs, |index| self.origin_of_glob(expansions, index))
    }

    pub(super) fn compile_inputs(&mut self) -> Result<(), Vec<Diagnostic>> {
        if let Some(answers) = self.answers() {
            self.inputs = Some(self.compile(&answers.expansions)?);
        }
        Ok(())
    }

    /// The place of the dependency that a glob came from.
    fn origin_of_glob(&self, expansions: &[Arc<Expansion>], index: usize) -> &Origin {
        let mut behind = 0;
        for (dependency, expansion) in self.dependencies.iter().zip(expansions) {
            behind += expansion.globs.len();
            if index < behind {
                return &dependency.origin;
            }
        }
        self.environment.as_ref().map_or(&self.command.origin, |environment| &environment.origin)
    }

    /// What its key is made of besides files.
    #[must_use]
    pub(crate) fn identity(&self, answers: &Answers, variables: &ProcessVariables) -> Identity {
        Identity::of(&self.action, answers, variables)
    }
}

/// What plugins say that an instance depends on, and what it runs in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answers {
    /// Those of its dependencies in order, and behind them that of its environment.
    pub(crate) expansions: Vec<Arc<Expansion>>,
    /// Its environment.
    pub(crate) environment: Arc<Description>,
}

impl Answers {
    /// The answers of dependencies, and an environment.
    pub(crate) fn new(mut expansions: Vec<Arc<Expansion>>, environment: Arc<Description>) -> Self {
        expansions.push(environment.expansion.clone());
        Self { expansions, environment }
    }
}
