//! From definitions to instances: which commands run, what each depends on, and in which order.

mod cache;
mod dotenv;
mod edit;
mod environment;
mod instance;
mod order;
mod reads;
mod unmatched;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_host::Plugins;
use purlin_model::{Diagnostic, Origin, Value, fold, suggestion};
use purlin_plugin::manifest::Hot;
use purlin_plugin::message::{CommandReference, ExpandContext};

use crate::action::Action;
use crate::context::ContextValues;
use crate::definition::{Command, Definitions, Named};
use crate::dependency::{Dependency, Expander};
use crate::environment::Environment;
use crate::template::Scope;
use crate::variables::ProcessVariables;

use dotenv::Dotenv;
pub use edit::Refusal;
pub(crate) use instance::Answers;
pub use instance::Instance;

/// The instances of a run. Producers come before those who depend on them.
#[derive(Debug)]
pub struct Graph {
    /// Instances, in an order in which they could run one by one.
    pub instances: Vec<Instance>,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
}

/// Where the results of an instance are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheChoice {
    /// Nowhere: it has no dependencies.
    NoDependencies,
    /// Nowhere: its cache keeps nothing.
    Nothing {
        /// Name of the cache.
        name: String,
    },
    /// In a store of this machine.
    Local {
        /// Name of the cache.
        name: String,
        /// In the user's folder or the workspace's.
        hot: Hot,
    },
}

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
    /// Commands that are asked for; empty for all that are not hidden.
    pub names: &'a [Named],
    /// False where nothing may be started: what only a process could tell stays open.
    pub starts_processes: bool,
}

impl<'a> Request<'a> {
    fn expander(&self) -> Expander<'a> {
        Expander::new(self.plugins, self.root)
            .with_sections(&self.definitions.sections)
            .starting_processes(self.starts_processes)
    }
}

impl Request<'_> {
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

impl CacheChoice {
    /// The cache's name as users know it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NoDependencies => "none",
            Self::Nothing { name } | Self::Local { name, .. } => name,
        }
    }
}

impl Graph {
    /// Builds the graph of a request.
    ///
    /// # Errors
    /// Every mistake of every command that the request reaches.
    pub fn build(request: &Request<'_>) -> Result<Self, Vec<Diagnostic>> {
        let selected = select(request.definitions, request.names)?;
        let mut builder = Builder {
            request,
            expander: request.expander(),
            dotenv: Dotenv::new(request.definitions, request.root),
            declared: request.context.declared(),
            caches: BTreeMap::new(),
            found: IndexMap::new(),
            diagnostics: Vec::new(),
            warnings: Vec::new(),
        };
        builder.reach(selected.clone());
        let Builder { found, mut diagnostics, mut warnings, expander, .. } = builder;
        warnings.extend(expander.warnings);
        let order = order::sort(&found).unwrap_or_else(|mut circles| {
            diagnostics.append(&mut circles);
            Vec::new()
        });
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let mut graph = assemble(found, &order, &selected);
        graph.warnings = warnings;
        let expander = request.expander();
        for index in 0..graph.instances.len() {
            let defers = reads::defer(&graph, index, &mut diagnostics);
            let environment = graph.instances[index].environment.clone();
            for (dependency, deferred) in graph.instances[index].dependencies.iter_mut().zip(defers)
            {
                if !deferred
                    && let Err(mut errors) =
                        environment::expand(dependency, environment.as_deref(), &expander)
                {
                    diagnostics.append(&mut errors);
                }
            }
            if let Err(mut errors) = graph.instances[index].compile_inputs() {
                diagnostics.append(&mut errors);
            }
        }
        reads::check_reads(&graph, &mut diagnostics);
        reads::check_writes(&graph, &mut diagnostics);
        if diagnostics.is_empty() { Ok(graph) } else { Err(diagnostics) }
    }

    /// Dependencies that name nothing, as warnings: a file or folder that is not there and that no
    /// command writes, a pattern that no file matches, a `!` with nothing to take out. Looks at the
    /// disk.
    #[must_use]
    pub fn missing_inputs(&self, root: &Path) -> Vec<Diagnostic> {
        let mut warnings = reads::missing_inputs(self, root);
        warnings.extend(unmatched::unmatched(self, root));
        warnings
    }

    /// Whether `index` runs after `producer`.
    #[must_use]
    pub fn depends_on(&self, index: usize, producer: usize) -> bool {
        let mut open = self.instances[index].producers.clone();
        let mut seen = vec![false; self.instances.len()];
        while let Some(next) = open.pop() {
            if next == producer {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                open.extend(&self.instances[next].producers);
            }
        }
        false
    }
}

/// The commands that are asked for, by name.
fn select(definitions: &Definitions, names: &[Named]) -> Result<Vec<String>, Vec<Diagnostic>> {
    if names.is_empty() {
        let visible = definitions.commands.values().filter(|command| !command.hidden);
        return Ok(visible.map(|command| command.name.clone()).collect());
    }
    let mut selected: Vec<String> = Vec::new();
    let mut diagnostics = Vec::new();
    for named in names {
        match definitions.commands.get(&fold(&named.name)) {
            Some(command) if selected.contains(&command.name) => {}
            Some(command) => selected.push(command.name.clone()),
            None => diagnostics.push(unknown_command(definitions, named)),
        }
    }
    if diagnostics.is_empty() { Ok(selected) } else { Err(diagnostics) }
}

fn unknown_command(definitions: &Definitions, named: &Named) -> Diagnostic {
    let names = definitions.commands.keys().chain(&definitions.broken.commands);
    let names = names.map(String::as_str);
    let help = suggestion(&named.name, "commands", names).unwrap_or_else(|| {
        "this workspace has no commands: add `[commands]` to purlin.toml".to_owned()
    });
    Diagnostic::error("unknown-command", format!("there is no command `{}`", named.name))
        .label(named.origin.clone(), "named here")
        .help(help)
}

struct Found {
    command: Arc<Command>,
    space: Option<String>,
    environment: Option<Arc<Environment>>,
    action: Action,
    dependencies: Vec<Dependency>,
    producers: Vec<(String, Named)>,
    cache: CacheChoice,
}

struct Builder<'a> {
    request: &'a Request<'a>,
    expander: Expander<'a>,
    dotenv: Dotenv<'a>,
    /// What plugins are told of the context.
    declared: serde_json::Map<String, serde_json::Value>,
    caches: BTreeMap<String, Result<CacheChoice, ()>>,
    found: IndexMap<String, Found>,
    diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Reads the commands and, in turn, all that they depend on.
    fn reach(&mut self, mut open: Vec<String>) {
        open.reverse();
        while let Some(name) = open.pop() {
            if self.found.contains_key(&name) {
                continue;
            }
            let Some(command) = self.request.definitions.commands.get(&name) else { continue };
            if let Some(found) = self.read(command) {
                open.extend(found.producers.iter().map(|(name, _)| name.clone()));
                self.found.insert(name, found);
            }
        }
    }

    fn read(&mut self, command: &Arc<Command>) -> Option<Found> {
        let Request { definitions, root, variables, context, .. } = *self.request;
        let scope = Scope { root, variables, context };
        let space = command.space.as_ref().map(|space| fold(&space.name));
        let environment = self.environment(command, space.as_deref(), scope);
        let told = Arc::new(ExpandContext {
            root: root.to_owned(),
            space: space.clone(),
            module: None,
            context: self.declared.clone(),
            section: serde_json::Value::Null,
            site_packages: environment
                .as_ref()
                .and_then(|one| one.description.site_packages.clone()),
        });
        let dotenv = self.dotenv.of(space.as_deref());
        let dotenv = dotenv.map_err(|mut errors| self.diagnostics.append(&mut errors)).ok();
        let action = Action::of(
            command,
            definitions.defaults.cache_when,
            scope,
            dotenv.as_deref().unwrap_or(&IndexMap::new()),
            &mut self.warnings,
        )
        .map_err(|mut errors| self.diagnostics.append(&mut errors))
        .ok();
        let own = command.deps.as_deref().unwrap_or_default();
        let mut dependencies = Vec::new();
        let mut producers = Vec::new();
        for written in definitions.base.iter().chain(own) {
            match self.expander.read(written, scope, &told) {
                Ok(dependency) => {
                    for reference in dependency.commands() {
                        let producer = self.producer(reference, &written.origin);
                        let own =
                            |name: &str| name == command.name && is_base(definitions, written);
                        producers.extend(producer.filter(|(name, _)| !own(name)));
                    }
                    dependencies.push(dependency);
                }
                Err(mut errors) => self.diagnostics.append(&mut errors),
            }
        }
        if let Some(environment) = &environment {
            let commands = environment.commands();
            producers.extend(commands.filter_map(|one| self.producer(one, &environment.origin)));
        }
        let cached = command.deps.is_some() && !dependencies.is_empty();
        let cache = if cached { self.cache(command).ok()? } else { CacheChoice::NoDependencies };
        Some(Found {
            command: command.clone(),
            space,
            environment,
            action: action?,
            dependencies,
            producers,
            cache,
        })
    }

    /// The command that a reference means; `None` where what is wrong with it is told.
    fn producer(
        &mut self,
        reference: &CommandReference,
        origin: &Origin,
    ) -> Option<(String, Named)> {
        let definitions = self.request.definitions;
        let named = Named { name: reference.name.clone(), origin: origin.clone() };
        let target = fold(&named.name);
        if definitions.broken.commands.contains(&target) {
            return None;
        }
        if !definitions.commands.contains_key(&target) {
            self.diagnostics.push(unknown_command(definitions, &named));
            return None;
        }
        Some((target, named))
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

fn is_base(definitions: &Definitions, written: &Value) -> bool {
    definitions.base.iter().any(|base| std::ptr::eq(base, written))
}

fn assemble(found: IndexMap<String, Found>, order: &[usize], selected: &[String]) -> Graph {
    let mut position = vec![0; found.len()];
    for (place, node) in order.iter().enumerate() {
        position[*node] = place;
    }
    let names: BTreeMap<String, usize> =
        found.keys().enumerate().map(|(node, name)| (name.clone(), position[node])).collect();
    let mut instances: Vec<Option<Instance>> = found.values().map(|_| None).collect();
    for (node, (name, found)) in found.into_iter().enumerate() {
        let mut producers: Vec<usize> =
            found.producers.iter().filter_map(|(name, _)| names.get(name).copied()).collect();
        producers.sort_unstable();
        producers.dedup();
        instances[position[node]] = Some(Instance {
            id: name.clone(),
            command: found.command,
            space: found.space,
            module: None,
            environment: found.environment,
            installs: Vec::new(),
            action: found.action,
            dependencies: found.dependencies,
            producers,
            cache: found.cache,
            selected: selected.contains(&name),
            inputs: None,
        });
    }
    let mut instances: Vec<Instance> = instances.into_iter().flatten().collect();
    environment::tell_who_installs(&mut instances, &names);
    Graph { instances, warnings: Vec::new() }
}
