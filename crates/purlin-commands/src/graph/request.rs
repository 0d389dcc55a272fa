//! What a graph is built from.

use std::collections::{BTreeMap, HashSet};

use purlin_host::Plugins;
use purlin_model::Diagnostic;

use super::builder::Builder;
use super::{CacheChoice, cache};
use crate::context::ContextValues;
use crate::definition::{Definitions, Named};
use crate::dependency::{Expander, Packages};
use crate::template::Scope;
use crate::variables::ProcessVariables;

/// What a graph is built from.
pub struct Request<'a> {
    /// The workspace's definitions.
    pub definitions: &'a Definitions,
    /// Where features come from.
    pub plugins: &'a Plugins,
    /// The workspace's root, absolute.
    pub root: &'a str,
    /// The user's process variables.
    pub variables: &'a ProcessVariables,
    /// The values of the context.
    pub context: &'a ContextValues,
    /// What is asked for.
    pub selection: &'a Selection,
    /// False where nothing may be started: what only a process could tell stays open.
    pub starts_processes: bool,
    /// Who knows what requests for packages mean.
    pub packages: Option<&'a dyn Packages>,
}

/// What is asked for: those of each kind together, and of all kinds what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Commands; empty for all that are not hidden.
    pub names: Vec<Named>,
    /// Modules; empty for all.
    pub modules: Vec<Named>,
    /// Spaces; empty for all.
    pub spaces: Vec<Named>,
    /// Tags; empty for all.
    pub tags: Vec<Named>,
    /// The space that the user stands in: it is the one that is meant where neither commands nor
    /// spaces are named, and where a name may mean several.
    pub here: Option<String>,
    /// True for hidden commands, too, where none is named, and for those that need arguments, with the
    /// name of each in place of a value: for looking, not for running.
    pub everything: bool,
}

/// The arguments of what has none.
pub(super) static NO_ARGUMENTS: BTreeMap<String, Option<String>> = BTreeMap::new();

impl<'a> Request<'a> {
    /// What references in configurations stand for that belong to no command.
    pub(super) fn scope(&self) -> Scope<'a> {
        Scope {
            root: self.root,
            variables: self.variables,
            context: self.context,
            command: None,
            module: None,
            args: &NO_ARGUMENTS,
        }
    }

    pub(super) fn expander(&self) -> Expander<'a> {
        Expander::new(self.plugins, self.root)
            .with_sections(&self.definitions.sections)
            .starting_processes(self.starts_processes)
            .with_packages(self.packages)
    }
}

impl Request<'_> {
    /// Looks for a cache by name.
    ///
    /// # Errors
    /// There is none, or its configuration is wrong.
    pub fn check_cache(&self, named: &Named) -> Result<(), Vec<Diagnostic>> {
        cache::find(self, Some(named)).map(|_| ())
    }

    /// The cache of commands that name none.
    ///
    /// # Errors
    /// There is none of that name, or its configuration is wrong.
    pub fn default_cache(&self) -> Result<CacheChoice, Vec<Diagnostic>> {
        cache::cache_choice(self, self.definitions.defaults.cache.as_ref())
    }

    /// What all instances of the workspace's own commands are called, without their arguments. `None`
    /// where that cannot be told.
    #[must_use]
    pub fn ids(&self) -> Option<HashSet<String>> {
        let selection = Selection { everything: true, ..Selection::default() };
        let request = Request { selection: &selection, ..*self };
        let mut builder = Builder::new(&request);
        builder.select().ok()?;
        Some(builder.selected_ids())
    }

    /// What is wrong with the configured caches, whether or not a command uses them.
    #[must_use]
    pub fn check_caches(&self) -> Vec<Diagnostic> {
        let caches = self.definitions.caches.iter();
        let wrong = caches.flat_map(|(name, definition)| {
            let named = Named { name: name.clone(), origin: definition.kind.origin.clone() };
            cache::find(self, Some(&named)).err().unwrap_or_default()
        });
        wrong.collect()
    }
}

impl Definitions {
    /// The space whose `root` is the folder, or the nearest one above it. `folder` is relative to
    /// the workspace's root; empty for the root itself.
    #[must_use]
    pub fn space_at(&self, folder: &str) -> Option<&str> {
        let holds = |root: &str| {
            let below = folder.strip_prefix(root);
            root.is_empty() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let spaces = self.spaces.values().filter_map(|space| Some((space.root.as_ref()?, space)));
        let above = spaces.filter(|(root, _)| holds(&root.name));
        above.max_by_key(|(root, _)| root.name.len()).map(|(_, space)| space.name.as_str())
    }
}
