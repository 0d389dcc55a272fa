//! From definitions to instances: which commands run, what each depends on, and in which order.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_host::{Need, Plugins};
use purlin_model::{Diagnostic, Value, fold, suggestion};
use purlin_plugin::Point;
use purlin_plugin::manifest::Hot;
use purlin_store::Patterns;
use purlin_store::RelativePath;

use crate::action::{Action, compile};
use crate::definition::{Command, Definitions, Named};
use crate::dependency::{Dependency, Expander, Identity};
use crate::variables::ProcessVariables;

/// The instances of a run. Producers come before those who depend on them.
#[derive(Debug)]
pub struct Graph {
    /// Instances, in an order in which they could run one by one.
    pub instances: Vec<Instance>,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
}

/// A command with everything filled in.
#[derive(Debug)]
pub struct Instance {
    /// Whole and stable; what users are shown.
    pub id: String,
    /// The definition.
    pub command: Command,
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
    /// Commands that are asked for; empty for all that are not hidden.
    pub names: &'a [Named],
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
            expander: Expander::new(request.plugins, request.root),
            caches: BTreeMap::new(),
            found: IndexMap::new(),
            diagnostics: Vec::new(),
        };
        builder.reach(selected.clone());
        let Builder { found, mut diagnostics, .. } = builder;
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let order = sort(&found)?;
        let mut graph = assemble(found, &order, &selected);
        for index in 0..graph.instances.len() {
            let defers = defer(&graph, index, &mut diagnostics);
            let expander = Expander::new(request.plugins, request.root);
            for (dependency, deferred) in graph.instances[index].dependencies.iter_mut().zip(defers)
            {
                if !deferred && let Err(mut errors) = dependency.expand_now(&expander) {
                    diagnostics.append(&mut errors);
                }
            }
        }
        check_reads(&graph, request, &mut diagnostics);
        if diagnostics.is_empty() { Ok(graph) } else { Err(diagnostics) }
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
    let names = definitions.commands.keys().map(String::as_str);
    let help = suggestion(&named.name, "commands", names).unwrap_or_else(|| {
        "this workspace has no commands: add `[commands]` to purlin.toml".to_owned()
    });
    Diagnostic::error("unknown-command", format!("there is no command `{}`", named.name))
        .label(named.origin.clone(), "named here")
        .help(help)
}

struct Found {
    command: Command,
    action: Action,
    dependencies: Vec<Dependency>,
    producers: Vec<(String, Named)>,
    cache: CacheChoice,
}

struct Builder<'a> {
    request: &'a Request<'a>,
    expander: Expander<'a>,
    caches: BTreeMap<String, Result<CacheChoice, ()>>,
    found: IndexMap<String, Found>,
    diagnostics: Vec<Diagnostic>,
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

    fn read(&mut self, command: &Command) -> Option<Found> {
        let Request { definitions, root, variables, .. } = *self.request;
        let action = Action::of(command, definitions.default_cache_when, root, variables)
            .map_err(|mut errors| self.diagnostics.append(&mut errors))
            .ok();
        let own = command.deps.as_deref().unwrap_or_default();
        let mut dependencies = Vec::new();
        let mut producers = Vec::new();
        for written in definitions.base.iter().chain(own) {
            match self.expander.read(written, variables) {
                Ok(dependency) => {
                    for reference in dependency.commands() {
                        let named =
                            Named { name: reference.name.clone(), origin: written.origin.clone() };
                        let target = fold(&named.name);
                        if !definitions.commands.contains_key(&target) {
                            self.diagnostics.push(unknown_command(definitions, &named));
                        } else if target != command.name || !is_base(definitions, written) {
                            producers.push((target, named));
                        }
                    }
                    dependencies.push(dependency);
                }
                Err(mut errors) => self.diagnostics.append(&mut errors),
            }
        }
        let cached = command.deps.is_some() && !dependencies.is_empty();
        let cache = if cached { self.cache(command).ok()? } else { CacheChoice::NoDependencies };
        Some(Found { command: command.clone(), action: action?, dependencies, producers, cache })
    }

    /// The cache of a command; each name is looked up once.
    fn cache(&mut self, command: &Command) -> Result<CacheChoice, ()> {
        let named = command.cache.as_ref().or(self.request.definitions.default_cache.as_ref());
        let name = named.map_or("", |named| named.name.as_str()).to_owned();
        if let Some(known) = self.caches.get(&name) {
            return known.clone();
        }
        let choice = cache_choice(self.request, named)
            .map_err(|diagnostic| self.diagnostics.extend(diagnostic));
        self.caches.insert(name, choice.clone());
        choice
    }
}

fn is_base(definitions: &Definitions, written: &Value) -> bool {
    definitions.base.iter().any(|base| std::ptr::eq(base, written))
}

fn cache_choice(
    request: &Request<'_>,
    named: Option<&Named>,
) -> Result<CacheChoice, Vec<Diagnostic>> {
    let plugins = request.plugins;
    let configured = named.and_then(|named| request.definitions.caches.get(&named.name));
    let (feature, config, name) = match (named, configured) {
        (None, _) => {
            let feature =
                plugins.default_for(Point::Cache).map_err(|diagnostic| vec![diagnostic])?;
            let name = feature.name.clone();
            (feature, None, name)
        }
        (Some(named), Some(definition)) => {
            let feature = plugins
                .find(Point::Cache, &definition.kind.name, Need::Enabled)
                .map_err(|diagnostic| {
                    vec![
                        diagnostic
                            .label(definition.kind.origin.clone(), "the cache type named here"),
                    ]
                })?;
            (feature, Some(&definition.config), named.name.clone())
        }
        (Some(named), None) => {
            let feature =
                plugins.find(Point::Cache, &named.name, Need::Enabled).map_err(|diagnostic| {
                    if diagnostic.code != "unknown-cache" {
                        return vec![
                            diagnostic.label(named.origin.clone(), "the cache named here"),
                        ];
                    }
                    let types = plugins.names(Point::Cache);
                    let names = request.definitions.caches.keys().map(String::as_str);
                    let all = names.chain(types.iter().map(String::as_str));
                    vec![
                        Diagnostic::error(
                            "unknown-cache",
                            format!("there is no cache `{}`", named.name),
                        )
                        .label(named.origin.clone(), "named here")
                        .help(suggestion(&named.name, "caches", all)),
                    ]
                })?;
            (feature, None, named.name.clone())
        }
    };
    let empty = Value::new(
        purlin_model::Kind::Table(purlin_model::Table::default()),
        named.map_or_else(|| feature.origin.clone(), |named| named.origin.clone()),
    );
    if let Some(schema) = plugins.schema(&feature)? {
        let validated = schema.validate(config.unwrap_or(&empty));
        if validated.value.is_none() {
            return Err(validated.diagnostics);
        }
    }
    if plugins.cache(&feature).map_err(|diagnostic| vec![diagnostic])?.is_some() {
        return Err(vec![
            Diagnostic::error(
                "not-built-yet",
                format!("the remote tier of the cache `{name}` is not supported by this version of Purlin"),
            )
            .label(feature.origin.clone(), "provided here"),
        ]);
    }
    Ok(match feature.hot() {
        Hot::None => CacheChoice::Nothing { name },
        hot => CacheChoice::Local { name, hot },
    })
}

/// Orders instances so that producers come first.
fn sort(found: &IndexMap<String, Found>) -> Result<Vec<usize>, Vec<Diagnostic>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; found.len()];
    let mut order = Vec::with_capacity(found.len());
    for start in 0..found.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let producers = &found[*node].producers;
            let Some((name, _)) = producers.get(*next) else {
                marks[*node] = Mark::Done;
                order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            let Some(producer) = found.get_index_of(name) else { continue };
            match marks[producer] {
                Mark::New => {
                    marks[producer] = Mark::Open;
                    path.push((producer, 0));
                }
                Mark::Open => return Err(vec![cycle(found, &path, producer)]),
                Mark::Done => {}
            }
        }
    }
    Ok(order)
}

/// Names a cycle with the place of each of its edges.
fn cycle(found: &IndexMap<String, Found>, path: &[(usize, usize)], again: usize) -> Diagnostic {
    let start = path.iter().position(|(node, _)| *node == again).unwrap_or(0);
    let nodes = &path[start..];
    let name = |node: usize| found.get_index(node).map_or("", |(name, _)| name.as_str());
    let mut names: Vec<&str> = nodes.iter().map(|(node, _)| name(*node)).collect();
    names.push(name(again));
    let mut diagnostic = Diagnostic::error(
        "command-cycle",
        format!("commands depend on each other in a circle: {}", names.join(" -> ")),
    )
    .help("take one of these dependencies out".to_owned());
    for (node, next) in nodes {
        if let Some((producer, named)) = found[*node].producers.get(next.saturating_sub(1)) {
            diagnostic = diagnostic
                .label(named.origin.clone(), format!("`{}` depends on `{producer}`", name(*node)));
        }
    }
    diagnostic
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
            action: found.action,
            dependencies: found.dependencies,
            producers,
            cache: found.cache,
            selected: selected.contains(&name),
        });
    }
    Graph { instances: instances.into_iter().flatten().collect(), warnings: Vec::new() }
}

/// For each dependency of an instance, whether its answer is read from files that a producer of the
/// instance writes, so that it can be known only after that producer has run.
fn defer(graph: &Graph, index: usize, diagnostics: &mut Vec<Diagnostic>) -> Vec<bool> {
    let instance = &graph.instances[index];
    let waits = |dependency: &Dependency, diagnostics: &mut Vec<Diagnostic>| {
        let mut waits = false;
        for path in dependency.input_paths() {
            let Ok(file) = RelativePath::parse(path.as_str().unwrap_or_default()) else { continue };
            for (producer, other) in graph.instances.iter().enumerate() {
                if producer == index || !other.action.outputs.matches(&file) {
                    continue;
                }
                if graph.depends_on(index, producer) {
                    waits = true;
                } else {
                    diagnostics.push(undeclared(instance, other, &path.origin));
                }
            }
        }
        waits
    };
    instance.dependencies.iter().map(|dependency| waits(dependency, diagnostics)).collect()
}

fn undeclared(reader: &Instance, writer: &Instance, place: &purlin_model::Origin) -> Diagnostic {
    Diagnostic::error(
        "undeclared-producer",
        format!("`{}` reads what `{}` writes, and does not depend on it", reader.id, writer.id),
    )
    .label(place.clone(), format!("read by `{}`", reader.id))
    .label(
        writer
            .command
            .artifacts
            .first()
            .map_or_else(|| writer.command.origin.clone(), |pattern| pattern.origin.clone()),
        format!("written by `{}`", writer.id),
    )
    .detail("Whether the one sees the other's files would depend on which runs first.")
    .help(format!(
        "add `{{ type = \"command\", name = \"{}\" }}` to the deps of `{}`",
        writer.command.name, reader.id
    ))
}

/// Finds instances that read another's outputs without depending on it, where the patterns show it.
fn check_reads(graph: &Graph, request: &Request<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let writers: Vec<(usize, &Instance)> = graph
        .instances
        .iter()
        .enumerate()
        .filter(|(_, instance)| !instance.action.artifacts.is_empty())
        .collect();
    let _ = request;
    for (reader, instance) in graph.instances.iter().enumerate() {
        let inputs = instance.globs();
        if inputs.is_empty() || writers.is_empty() {
            continue;
        }
        let Ok(patterns) = compile(&inputs, |_| &instance.command.origin) else { continue };
        for (writer, other) in &writers {
            if *writer == reader
                || !shows_read(&patterns, &inputs, other)
                || graph.depends_on(reader, *writer)
                || graph.depends_on(*writer, reader)
            {
                continue;
            }
            let place = instance.command.deps.as_ref().and_then(|deps| deps.first());
            let place = place.map_or(&instance.command.origin, |first| &first.origin);
            diagnostics.push(undeclared(instance, other, place));
        }
    }
}

/// True when the patterns alone prove that one file is both read and written: a written path that
/// is read, a read path that is written, or the same pattern on both sides.
fn shows_read(reads: &Patterns, inputs: &[String], writer: &Instance) -> bool {
    writer.action.outputs.literals().any(|path| reads.matches(path))
        || reads.literals().any(|path| writer.action.outputs.matches(path))
        || inputs.iter().any(|input| writer.action.artifacts.contains(input))
}

impl Instance {
    /// The globs of its expanded dependencies, in order.
    #[must_use]
    pub fn globs(&self) -> Vec<String> {
        self.dependencies
            .iter()
            .filter_map(|dependency| dependency.expansion.as_ref())
            .flat_map(|expansion| expansion.globs.iter().cloned())
            .collect()
    }

    /// True when all its dependencies are known without running anything.
    #[must_use]
    pub fn is_expanded(&self) -> bool {
        self.dependencies.iter().all(|dependency| dependency.expansion.is_some())
    }

    /// What its key is made of besides files.
    #[must_use]
    pub fn identity(
        &self,
        expansions: &[Arc<purlin_plugin::message::Expansion>],
        variables: &ProcessVariables,
    ) -> Identity {
        Identity::of(&self.action, expansions, variables)
    }
}
