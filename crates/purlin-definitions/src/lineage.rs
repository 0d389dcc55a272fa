//! Who wrote a value: the workspace, the layer, the file and the plugins that it went through.

use std::collections::BTreeSet;
use std::sync::Arc;

use purlin_model::Origin;

pub use purlin_plugin::transform::Name;

/// How a value came to be among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The workspace's own files.
    Author,
    /// A plugin added it to the definitions.
    Extension,
    /// A child project brings it.
    Child,
    /// It is there before anybody defines anything.
    Base,
    /// `[passthru]`.
    Passthru,
}

/// When a plugin had a value in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It extended the definitions.
    Extend,
    /// It made outputs.
    Outputs,
}

/// A plugin that a value went through.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub phase: Phase,
    /// The plugin.
    pub plugin: Name,
    /// Its transform or importer.
    pub feature: Name,
    /// The `[[use]]` that asked for it, or the line of the manifest that declares it.
    pub origin: Origin,
}

/// A project among those that a workspace is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPlace {
    /// Its number; the workspace itself is 0.
    pub index: usize,
    /// The names that lead to it from the workspace; empty for that itself. Of several ways the
    /// first.
    pub chain: Vec<Name>,
    /// The numbers of all projects that it is made of itself. What it defines stands above theirs.
    pub uses: BTreeSet<usize>,
}

/// Who wrote a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineage {
    /// The workspace or project.
    pub project: Arc<ProjectPlace>,
    /// How it came to be among the others.
    pub layer: Layer,
    /// The place in a file.
    pub origin: Origin,
    /// The plugin that added it, for extensions.
    pub step: Option<Arc<Step>>,
}

impl Layer {
    /// As `explain` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Extension => "extension",
            Self::Child => "child",
            Self::Base => "base",
            Self::Passthru => "passthru",
        }
    }
}

impl Phase {
    /// As `explain` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::Outputs => "outputs",
        }
    }
}

impl ProjectPlace {
    /// The workspace itself, as far as it is not made of projects.
    #[must_use]
    pub fn root() -> Self {
        Self { index: 0, chain: Vec::new(), uses: BTreeSet::new() }
    }

    /// As messages call it: `the workspace`, ``the project `studio-lib` ``.
    #[must_use]
    pub fn described(&self) -> String {
        match self.chain.as_slice() {
            [] => "the workspace".to_owned(),
            chain => format!("the project `{}`", chain.join(".")),
        }
    }
}
