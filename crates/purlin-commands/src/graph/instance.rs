//! A command with everything filled in.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::Expansion;
use purlin_store::Patterns;

use super::CacheChoice;
use crate::action::{Action, compile};
use crate::definition::Command;
use crate::dependency::{Dependency, Identity};
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
    /// What is keyed and run.
    pub action: Action,
    /// Its dependencies, those of `[base]` first.
    pub dependencies: Vec<Dependency>,
    /// Positions in the graph of the instances that must have run before.
    pub producers: Vec<usize>,
    /// Where its results are kept.
    pub cache: CacheChoice,
    /// True when it was asked for, not only depended on.
    pub selected: bool,
    /// The files that its dependencies name; `None` while one of them is not expanded.
    pub inputs: Option<Patterns>,
}

impl Instance {
    /// The answers of its dependencies, if all are known without running anything.
    #[must_use]
    pub fn expansions(&self) -> Option<Vec<Arc<Expansion>>> {
        self.dependencies.iter().map(|dependency| dependency.expansion.clone()).collect()
    }

    /// Compiles the globs of expansions of this instance's dependencies, in order.
    ///
    /// # Errors
    /// What is wrong with each glob, at the dependency that it came from.
    pub fn compile(&self, expansions: &[Arc<Expansion>]) -> Result<Patterns, Vec<Diagnostic>> {
        let globs: Vec<String> =
            expansions.iter().flat_map(|expansion| expansion.globs.iter().cloned()).collect();
        compile(&globs, |index| self.origin_of_glob(expansions, index))
    }

    pub(super) fn compile_inputs(&mut self) -> Result<(), Vec<Diagnostic>> {
        if let Some(expansions) = self.expansions() {
            self.inputs = Some(self.compile(&expansions)?);
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
        &self.command.origin
    }

    /// What its key is made of besides files.
    #[must_use]
    pub fn identity(
        &self,
        expansions: &[Arc<Expansion>],
        variables: &ProcessVariables,
    ) -> Identity {
        Identity::of(&self.action, expansions, variables)
    }
}
