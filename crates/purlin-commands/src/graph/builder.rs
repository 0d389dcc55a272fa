//! Reads the instances that a request reaches, with all that they depend on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use purlin_host::FeatureRef;
use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::{CommandReference, ExpandContext, Fence};
use purlin_store::Patterns;

use super::catalogue::{Catalogue, From, Node, Slot, Wanted, told};
use super::dotenv::Dotenv;
use super::select::select;
use super::{CacheChoice, Request, cache};
use crate::action::{Action, artifacts};
use crate::definition::{Command, Named};
use crate::dependency::{Dependency, Expander};
use crate::environment::Environment;
use crate::template::{ModuleScope, Scope};

/// An instance that was read.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) command: Arc<Command>,
    pub(super) slot: Slot,
    pub(super) environment: Option<Arc<Environment>>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) action: Action,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) edges: Vec<Edge>,
    pub(super) cache: CacheChoice,
}

impl Found {
    pub(super) fn written(&self) -> Written {
        Written {
            id: self.id.clone(),
            artifacts: self.action.artifacts.clone(),
            outputs: self.action.outputs.clone(),
        }
    }
}

/// A dependency of one instance on another.
pub(super) struct Edge {
    pub(super) target: Node,
    pub(super) origin: Origin,
    pub(super) strict: bool,
    /// True when it does not pull the other one in.
    pub(super) isolated: bool,
}

/// What an instance writes that is looked at without running it.
pub(super) struct Written {
    pub(super) id: String,
    pub(super) artifacts: Vec<String>,
    pub(super) outputs: Patterns,
}

pub(super) struct Builder<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) expander: Expander<'a>,
    catalogue: Catalogue<'a>,
    pub(super) dotenv: Dotenv<'a>,
    /// What plugins are told of the context.
    pub(super) declared: serde_json::Map<String, serde_json::Value>,
    caches: HashMap<String, Result<CacheChoice, ()>>,
    fences: HashMap<String, Option<Arc<Fence>>>,
    /// Commands that an instance was read of: what is odd about their texts is told once.
    odd: HashSet<usize>,
    pub(super) found: IndexMap<Node, Found>,
    pub(super) selected: IndexSet<Node>,
    /// What isolated dependencies name, where that does not run.
    pub(super) written: HashMap<Node, Option<Written>>,
    /// What is there once environments are installed, by the instances that install them.
    pub(super) installs: HashMap<Node, IndexSet<PathBuf>>,
    pub(super) diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self {
            request,
            expander: request.expander(),
            catalogue: Catalogue::new(request),
            dotenv: Dotenv::new(request.definitions, request.root),
            declared: request.context.declared(),
            caches: HashMap::new(),
            fences: HashMap::new(),
            odd: HashSet::new(),
            found: IndexMap::new(),
            selected: IndexSet::new(),
            written: HashMap::new(),
            installs: HashMap::new(),
            diagnostics: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// What is odd but no error.
    pub(super) fn warnings(&mut self) -> Vec<Diagnostic> {
        self.warnings.append(&mut self.expander.warnings);
        std::mem::take(&mut self.warnings)
    }

    /// Finds what is asked for.
    ///
    /// # Errors
    /// Everything that is named and not there.
    pub(super) fn select(&mut self) -> Result<(), Vec<Diagnostic>> {
        let Request { definitions, selection, .. } = *self.request;
        let Self { catalogue, expander, warnings, .. } = self;
        let nodes = select(definitions, selection, catalogue, expander, warnings)?;
        self.selected = nodes.into_iter().collect();
        Ok(())
    }

    /// What users know the selected instances by, without arguments.
    pub(super) fn selected_ids(&self) -> HashSet<String> {
        let ids = self.selected.iter().map(|node| self.catalogue.id(node));
        ids.map(|id| id.split('?').next().unwrap_or_default().to_owned()).collect()
    }

    /// Reads what is asked for and, in turn, all that it depends on.
    pub(super) fn reach(&mut self) {
        let mut open: Vec<Node> = self.selected.iter().rev().cloned().collect();
        let mut seen: HashSet<Node> = HashSet::new();
        while let Some(node) = open.pop() {
            if !seen.insert(node.clone()) {
                continue;
            }
            if let Some(found) = self.read(&node) {
                let pulled = found.edges.iter().filter(|edge| !edge.isolated);
                open.extend(pulled.map(|edge| edge.target.clone()));
                self.found.insert(node, found);
            }
        }
        let isolated = self.found.values().flat_map(|found| &found.edges);
        let isolated: Vec<Node> = isolated
            .filter(|edge| edge.isolated && !seen.contains(&edge.target))
            .map(|edge| edge.target.clone())
            .collect();
        for node in isolated {
            if !self.written.contains_key(&node) {
                let written = self.written_by(&node);
                self.written.insert(node, written);
            }
        }
    }

    /// Runs `look` with what references in the texts of an instance stand for.
    fn scoped<T>(&mut self, node: &Node, look: impl FnOnce(&mut Self, Scope<'_>) -> T) -> T {
        let Request { definitions, root, variables, context, .. } = *self.request;
        let command = self.catalogue.entry(node.command).command.clone();
        let slot = self.catalogue.slot(node).clone();
        let module = slot.module.as_deref();
        let module = module
            .map(|module| ModuleScope { module, python_path: &definitions.defaults.python_path });
        let scope = Scope {
            root,
            variables,
            context,
            command: Some(&command),
            module,
            args: node.args.values(),
        };
        look(self, scope)
    }

    /// What an instance writes. `None` where its definition has mistakes.
    fn written_by(&mut self, node: &Node) -> Option<Written> {
        let id = self.catalogue.id(node);
        let command = self.catalogue.entry(node.command).command.clone();
        let read = self.scoped(node, |_, scope| artifacts(&command, scope));
        match read {
            Ok((artifacts, outputs)) => Some(Written { id, artifacts, outputs }),
            Err(mut errors) => {
                self.diagnostics.append(&mut errors);
                None
            }
        }
    }

    fn read(&mut self, node: &Node) -> Option<Found> {
        self.scoped(node, |builder, scope| builder.read_scoped(node, scope))
    }

    fn read_scoped(&mut self, node: &Node, scope: Scope<'_>) -> Option<Found> {
        let definitions = self.request.definitions;
        let command = self.catalogue.entry(node.command).command.clone();
        let slot = self.catalogue.slot(node).clone();
        let environment = self.environment(&command, slot.space.as_deref(), scope);
        let dotenv = self.dotenv.of(slot.space.as_deref());
        let dotenv = dotenv.map_err(|mut errors| self.diagnostics.append(&mut errors)).ok();
        let mut odd = Vec::new();
        let action = Action::of(
            &command,
            definitions.defaults.cache_when,
            scope,
            dotenv.as_deref().unwrap_or(&IndexMap::new()),
            &mut odd,
        )
        .map_err(|mut errors| self.diagnostics.append(&mut errors))
        .ok();
        if self.odd.insert(node.command) {
            self.warnings.append(&mut odd);
        }
        let context = Arc::new(ExpandContext {
            root: scope.root.to_owned(),
            space: slot.space.clone(),
            module: slot.module.as_ref().map(|module| module.name.clone()),
            context: self.declared.clone(),
            section: serde_json::Value::Null,
            fence: slot.space.as_deref().and_then(|space| self.fence(space)),
            site_packages: environment
                .as_ref()
                .and_then(|one| one.description.site_packages.clone()),
        });
        let own = command.deps.as_deref().unwrap_or_default();
        let base = definitions.base.iter().map(|written| (written, true));
        let mut dependencies = Vec::new();
        let mut edges: Vec<Edge> = Vec::new();
        for (written, is_base) in base.chain(own.iter().map(|written| (written, false))) {
            match self.expander.read(written, scope, &context) {
                Ok(dependency) => {
                    for reference in dependency.commands() {
                        let all =
                            self.edges(reference, &dependency.feature, &written.origin, &slot);
                        // What every command depends on does not depend on itself.
                        let other = |edge: &Edge| !is_base || edge.target.command != node.command;
                        edges.extend(all.into_iter().filter(other));
                    }
                    dependencies.push(dependency);
                }
                Err(mut errors) => self.diagnostics.append(&mut errors),
            }
        }
        if let Some(environment) = &environment {
            edges.extend(self.needed(environment, &slot));
        }
        let cached = command.deps.is_some() && !dependencies.is_empty();
        // What it names has to be there, whether or not anything is kept.
        let named = (cached || command.cache.is_some()).then(|| self.cache(&command));
        let named = named.transpose().ok()?;
        let cache = named.filter(|_| cached).unwrap_or(CacheChoice::NoDependencies);
        Some(Found {
            id: self.catalogue.id(node),
            command,
            args: node.args.given().map(|(name, value)| (name.into(), value.into())).collect(),
            slot,
            environment,
            action: action?,
            dependencies,
            edges,
            cache,
        })
    }

    /// The instances that a dependency names, by the answer of a plugin.
    fn edges(
        &mut self,
        reference: &CommandReference,
        feature: &FeatureRef,
        origin: &Origin,
        slot: &Slot,
    ) -> Vec<Edge> {
        let named = Named { name: reference.name.clone(), origin: origin.clone() };
        let wanted = Wanted {
            named: &named,
            space: reference.space.as_deref(),
            module: reference.module.as_deref(),
            args: &told(&reference.args),
        };
        let from = From { slot: Some(slot), here: None };
        match self.catalogue.resolve(&mut self.expander, &wanted, from) {
            Ok(targets) => {
                let edge = |target| Edge {
                    target,
                    origin: origin.clone(),
                    strict: reference.strict,
                    isolated: reference.isolated,
                };
                targets.into_iter().map(edge).collect()
            }
            Err(mut errors) => {
                if !feature.is_bundled() {
                    // The name need not stand in what the user wrote.
                    let FeatureRef { plugin, version, .. } = feature;
                    for error in &mut errors {
                        let by = format!("The plugin `{plugin}` {version} names it.");
                        error.detail = format!("{by}\n{}", error.detail).trim_end().to_owned();
                    }
                }
                self.diagnostics.append(&mut errors);
                Vec::new()
            }
        }
    }

    /// The instances that an environment needs: those that install it are remembered as such.
    pub(super) fn needed(&mut self, environment: &Environment, slot: &Slot) -> Vec<Edge> {
        let description = &environment.description;
        let mut edges = Vec::new();
        for reference in &description.after {
            let installing = self.of_environment(environment, reference, slot);
            for edge in &installing {
                let installs = self.installs.entry(edge.target.clone()).or_default();
                installs.extend(description.installed_when.iter().cloned());
            }
            edges.extend(installing);
        }
        for reference in &description.expansion.commands {
            edges.extend(self.of_environment(environment, reference, slot));
        }
        edges
    }

    /// What changes for those that make an environment changes for all who run in it.
    fn of_environment(
        &mut self,
        environment: &Environment,
        reference: &CommandReference,
        slot: &Slot,
    ) -> Vec<Edge> {
        let reference = CommandReference { strict: true, ..reference.clone() };
        self.edges(&reference, &environment.feature, &environment.origin, slot)
    }

    /// The boundary around the modules of a space; each is made once.
    fn fence(&mut self, space: &str) -> Option<Arc<Fence>> {
        if !self.fences.contains_key(space) {
            let fence = self.request.definitions.fence_of(space).map(Arc::new);
            self.fences.insert(space.to_owned(), fence);
        }
        self.fences[space].clone()
    }

    /// The cache of a command; each name is looked up once.
    fn cache(&mut self, command: &Command) -> Result<CacheChoice, ()> {
        let named = command.cache.as_ref().or(self.request.definitions.defaults.cache.as_ref());
        let name = named.map_or("", |named| named.name.as_str()).to_owned();
        if let Some(known) = self.caches.get(&name) {
            return known.clone();
        }
        let choice = cache::cache_choice(self.request, named)
            .map_err(|diagnostic| self.diagnostics.extend(diagnostic));
        self.caches.insert(name, choice.clone());
        choice
    }
}
