//! Dependencies: written by users, told apart by type, answered by plugins.

mod packages;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_host::{FeatureRef, Need, Plugins};
use purlin_model::{
    Diagnostic, Digest, Hasher, Kind, Origin, Table, Value, closest, fold, is_kebab,
};
use purlin_plugin::manifest::Detail;
use purlin_plugin::message::{CommandReference, ExpandContext, Expansion};
use purlin_plugin::{Point, Schema};
use purlin_store::{Patterns, RelativePath};

use serde_json::json;

use crate::action::{Action, below, inside};
use crate::definition::Named;
use crate::environment::{Description, Known as KnownEnvironments};
use crate::graph::Answers;
use crate::memo::{Memos, Question};
use crate::template::Scope;
use crate::variables::ProcessVariables;

pub use packages::Packages;
pub(crate) use packages::identified;

/// What is wrong with a type that no plugin provides.
const UNKNOWN: &str = "unknown-dependency";

/// The call that expands a dependency.
const EXPAND: &str = "dependency/expand";

/// One dependency of one instance.
#[derive(Debug)]
pub struct Dependency {
    /// The type that it is of.
    pub feature: Arc<FeatureRef>,
    /// Its validated configuration.
    pub config: Value,
    /// Where it is written.
    pub origin: Origin,
    /// The plugin's answer; `None` while it must wait for files that another instance writes.
    pub expansion: Option<Arc<Expansion>>,
    /// What the plugin is told besides the configuration.
    context: Arc<ExpandContext>,
    /// Paths of files that the answer is read from, as the schema marks them.
    inputs: Vec<Value>,
}

/// A dependency type together with the schema of its configuration.
type Known = (Arc<FeatureRef>, Option<Arc<Schema>>);

/// Turns what users write into dependencies, asking the plugins.
pub struct Expander<'a> {
    pub(crate) plugins: &'a Plugins,
    pub(crate) root: &'a str,
    pub(crate) memos: Memos,
    /// False where only answers count that are given in this process, or remembered.
    pub(crate) starts_processes: bool,
    features: BTreeMap<String, Known>,
    /// What a plain text means: the name of the type, and the field that holds the text.
    plain: Option<(String, String)>,
    sections: Option<&'a IndexMap<String, Value>>,
    pub(crate) environments: KnownEnvironments,
    /// Who knows what requests for packages mean.
    pub(crate) packages: Option<&'a dyn Packages>,
    /// What is odd but no error in what was read.
    pub warnings: Vec<Diagnostic>,
}

/// What the key is made of besides files, by label: what `--why` compares.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// Digest of each part by what it is called.
    pub parts: BTreeMap<String, String>,
}

impl<'a> Expander<'a> {
    /// An expander for one workspace.
    #[must_use]
    pub fn new(plugins: &'a Plugins, root: &'a str) -> Self {
        let memos = Memos::new(root);
        Self {
            plugins,
            root,
            memos,
            starts_processes: true,
            features: BTreeMap::new(),
            plain: None,
            sections: None,
            environments: KnownEnvironments::new(),
            packages: None,
            warnings: Vec::new(),
        }
    }

    /// The same, with somebody who knows what requests for packages mean.
    #[must_use]
    pub fn with_packages(mut self, packages: Option<&'a dyn Packages>) -> Self {
        self.packages = packages;
        self
    }

    /// The same, with the tables that plugins read.
    #[must_use]
    pub fn with_sections(mut self, sections: &'a IndexMap<String, Value>) -> Self {
        self.sections = Some(sections);
        self
    }

    /// The same, or one that starts no process: what is not known without one stays open.
    #[must_use]
    pub fn starting_processes(mut self, starts: bool) -> Self {
        self.starts_processes = starts;
        self
    }

    /// Reads one element of `deps`. A dependency whose answer is read from files is left without
    /// its answer: call [`Dependency::expand_now`] once it is known who writes them.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(
        &mut self,
        written: &Value,
        scope: Scope<'_>,
        context: &Arc<ExpandContext>,
    ) -> Result<Dependency, Vec<Diagnostic>> {
        let (name, config) = self.split(written)?;
        let (feature, schema) = self.feature(&name)?;
        let (config, inputs) = match &schema {
            Some(schema) => {
                let config = self.check(schema, &config, scope)?;
                let inputs = schema.input_paths(&config).into_iter().cloned().collect();
                (config, inputs)
            }
            None => (config, Vec::new()),
        };
        let mut dependency = Dependency {
            config,
            origin: written.origin.clone(),
            expansion: None,
            context: self.context_of(&feature, context)?,
            feature,
            inputs,
        };
        if dependency.inputs.is_empty() && !dependency.in_environment() {
            dependency.expand_now(self)?;
        }
        Ok(dependency)
    }

    /// The type of a dependency and its configuration.
    fn split(&mut self, written: &Value) -> Result<(Named, Value), Vec<Diagnostic>> {
        let one = |diagnostic| vec![diagnostic];
        if let Some(text) = written.as_str() {
            if let Some((prefix, rest)) = text.split_once(':')
                && let Some((feature, prefix)) = self.prefixed(prefix, written)?
                && let Detail::Dependency { key: Some(key), .. } = feature.detail()
            {
                let name = Named { name: prefix, origin: written.origin.clone() };
                return Ok((name, single(key, rest, &written.origin)));
            }
            let (name, key) = match &self.plain {
                Some(known) => known,
                None => {
                    let found = self.plain_type().map_err(|diagnostic| {
                        one(diagnostic.at(written.origin.clone(), "this text"))
                    })?;
                    self.plain.insert(found)
                }
            };
            let name = Named { name: name.clone(), origin: written.origin.clone() };
            return Ok((name, single(key, text, &written.origin)));
        }
        let mut config = written.clone();
        let kind = match &mut config.kind {
            Kind::Table(table) => table.remove("type").map(|entry| entry.value),
            _ => None,
        };
        let Some(kind) = kind else {
            return Err(vec![
                Diagnostic::error("schema", "a dependency has no `type`")
                    .label(written.origin.clone(), "this dependency"),
            ]);
        };
        let name = kind.as_str().unwrap_or_default().to_owned();
        Ok((Named { name, origin: kind.origin }, config))
    }

    /// See [`Expander::plain`].
    fn plain_type(&self) -> Result<(String, String), Diagnostic> {
        let feature = self.plugins.default_for(Point::Dependency)?;
        match feature.detail() {
            Detail::Dependency { key: Some(key), .. } => {
                Ok((format!("{}:{}", feature.plugin, feature.name), key.clone()))
            }
            _ => Err(Diagnostic::error("no-default", "no dependency type takes plain texts")),
        }
    }

    /// The dependency type that stands in front of a text's first `:`, and its name; `None` where
    /// that is the beginning of a file's name.
    fn prefixed(
        &self,
        prefix: &str,
        written: &Value,
    ) -> Result<Option<(FeatureRef, String)>, Vec<Diagnostic>> {
        let name = fold(prefix);
        if !is_kebab(&name) {
            return Ok(None);
        }
        let mut trouble = match self.plugins.find(Point::Dependency, &name, Need::Enabled) {
            Ok(feature) => return Ok(Some((feature, name))),
            Err(trouble) => trouble,
        };
        if trouble.code == UNKNOWN {
            // A slip in a type would silently name a file that is not there.
            let types = self.plugins.names(Point::Dependency);
            let Some(near) = closest(&name, types.iter().map(String::as_str)) else {
                return Ok(None);
            };
            trouble.help = format!("did you mean `{near}`?");
        }
        match trouble.help.chars().last() {
            None => {}
            Some('?') => trouble.help.push(' '),
            Some(_) => trouble.help.push_str("; "),
        }
        let text = written.as_str().unwrap_or_default();
        trouble.help.push_str(&format!("a file of this name is written `./{text}`"));
        Err(vec![trouble.at(written.origin.clone(), "named here")])
    }

    /// Whether one of its texts that may hold references to modules does, as `refers` tells.
    pub(crate) fn refers(&mut self, written: &Value, refers: &dyn Fn(&str) -> bool) -> bool {
        let Ok((name, config)) = self.split(written) else { return false };
        let Ok((_, Some(schema))) = self.feature(&name) else { return false };
        let Some(value) = schema.validate(&config).value else { return false };
        schema.templates(&value).into_iter().any(|one| {
            let text = value.pointer(&one.pointer).and_then(Value::as_str);
            one.roots.iter().any(|root| root == "module") && text.is_some_and(refers)
        })
    }

    fn feature(&mut self, named: &Named) -> Result<Known, Vec<Diagnostic>> {
        if let Some(known) = self.features.get(&named.name) {
            return Ok(known.clone());
        }
        let found = self.plugins.find(Point::Dependency, &named.name, Need::Enabled);
        let feature =
            found.map_err(|diagnostic| vec![diagnostic.at(named.origin.clone(), "named here")])?;
        let feature = Arc::new(feature);
        let schema = self.plugins.schema(&feature)?;
        self.features.insert(named.name.clone(), (feature.clone(), schema.clone()));
        Ok((feature, schema))
    }

    /// What a type is told, which may read a table of its own.
    fn context_of(
        &self,
        feature: &FeatureRef,
        context: &Arc<ExpandContext>,
    ) -> Result<Arc<ExpandContext>, Vec<Diagnostic>> {
        let Detail::Dependency { section: Some(section), .. } = feature.detail() else {
            return Ok(context.clone());
        };
        let written = self.sections.and_then(|sections| sections.get(&section.name));
        let (Some(written), Some(schema)) = (written, self.plugins.section_schema(feature)?) else {
            return Ok(context.clone());
        };
        let validated = schema.validate(written);
        let value = validated.value.ok_or(validated.diagnostics)?;
        Ok(Arc::new(ExpandContext { section: value.to_json(), ..(**context).clone() }))
    }

    /// Validates a configuration and expands its templates.
    pub(crate) fn check(
        &mut self,
        schema: &Schema,
        config: &Value,
        scope: Scope<'_>,
    ) -> Result<Value, Vec<Diagnostic>> {
        let mut odd = Vec::new();
        let configured = scope.configuration(schema, config, &mut odd);
        self.warn(&odd);
        configured
    }

    /// Keeps warnings, each once: a dependency of `[base]` is met once for each command.
    fn warn<'w>(&mut self, warnings: impl IntoIterator<Item = &'w Diagnostic>) {
        for warning in warnings {
            if !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
    }
}

impl Dependency {
    /// Asks the plugin for its answer.
    ///
    /// # Errors
    /// What the plugin reports, at the dependency's place.
    pub fn expand_now(&mut self, expander: &Expander<'_>) -> Result<(), Vec<Diagnostic>> {
        if self.expansion.is_none() {
            self.expansion = match expander.starts_processes {
                true => Some(Arc::new(self.ask(expander)?)),
                false => self.at_no_cost(expander)?.map(Arc::new),
            };
        }
        Ok(())
    }

    /// The plugin's answer, if it is remembered or given in this process.
    fn at_no_cost(&self, expander: &Expander<'_>) -> Result<Option<Expansion>, Vec<Diagnostic>> {
        match self.question(expander)? {
            None => self.ask(expander).map(Some),
            Some(question) => {
                let known = expander.memos.remembered(&question);
                known.map(|known| self.fit(expander, known)).transpose()
            }
        }
    }

    /// The plugin's answer as it is now, in an environment as it is now, without keeping it.
    ///
    /// # Errors
    /// What the plugin reports, at the dependency's place.
    pub(crate) fn ask_in(
        &self,
        expander: &Expander<'_>,
        environment: &Description,
    ) -> Result<Expansion, Vec<Diagnostic>> {
        if !self.in_environment() {
            return self.ask(expander);
        }
        let context = ExpandContext {
            site_packages: environment.site_packages.clone(),
            ..(*self.context).clone()
        };
        self.asked_with(Arc::new(context)).ask(expander)
    }

    /// The same dependency in another context.
    fn asked_with(&self, context: Arc<ExpandContext>) -> Self {
        Self {
            feature: self.feature.clone(),
            config: self.config.clone(),
            origin: self.origin.clone(),
            expansion: None,
            context,
            inputs: self.inputs.clone(),
        }
    }

    /// True for a type whose answers come from the environment that the command runs in.
    #[must_use]
    pub fn in_environment(&self) -> bool {
        matches!(self.feature.detail(), Detail::Dependency { in_environment: true, .. })
    }

    /// The plugin's answer as it is now, without keeping it.
    fn ask(&self, expander: &Expander<'_>) -> Result<Expansion, Vec<Diagnostic>> {
        let (config, context) = (self.config.to_json(), &*self.context);
        let question = self.question(expander)?;
        let expansion = match question {
            Some(question) => {
                expander.memos.answer(&question, || self.expand(expander, &config, context))
            }
            None => self.expand(expander, &config, context),
        };
        self.fit(expander, expansion?)
    }

    /// The question to a plugin whose answer costs a process; `None` for others.
    fn question(&self, expander: &Expander<'_>) -> Result<Option<Question>, Vec<Diagnostic>> {
        let (config, context) = (self.config.to_json(), &*self.context);
        let mut text = json!({
            "name": self.feature.feature.name, "config": config, "context": context,
        });
        if let Some(folder) = &context.site_packages {
            // Globs cannot name what lies outside the workspace. Names there tell what is installed.
            text["installed"] = json!(names_in(Path::new(folder)).to_hex());
        }
        let question = expander.memos.question(expander.plugins, &self.feature, text);
        question.map_err(|diagnostic| vec![diagnostic.at(self.origin.clone(), "needed here")])
    }

    fn expand(
        &self,
        expander: &Expander<'_>,
        config: &serde_json::Value,
        context: &ExpandContext,
    ) -> Result<Expansion, Vec<Diagnostic>> {
        let plugin = expander
            .plugins
            .dependency(&self.feature)
            .map_err(|diagnostic| vec![diagnostic.at(self.origin.clone(), "needed here")])?;
        plugin.expand(config, context, expander.plugins).map_err(|error| {
            let place = error
                .path
                .as_deref()
                .and_then(|pointer| self.config.pointer(pointer))
                .map_or(&self.origin, |value| &value.origin);
            vec![
                Diagnostic::error(
                    "plugin-call",
                    format!("the dependency type `{}` has no answer", self.feature.name),
                )
                .label(place.clone(), error.message.clone())
                .detail(call(
                    &self.feature,
                    error.call.as_deref().unwrap_or(EXPAND),
                    &error.detail,
                )),
            ]
        })
    }

    /// An answer as the rest of this crate wants it.
    fn fit(
        &self,
        expander: &Expander<'_>,
        mut expansion: Expansion,
    ) -> Result<Expansion, Vec<Diagnostic>> {
        identified(expander, &mut expansion, &self.origin)?;
        for glob in expansion.globs.iter_mut().chain(&mut expansion.inputs) {
            *glob = below(expander.root, std::mem::take(glob));
        }
        answers_globs(&expansion, &self.feature, EXPAND, &self.origin)?;
        Ok(expansion)
    }

    /// The commands that it pulls in, as far as they are known.
    pub fn commands(&self) -> impl Iterator<Item = &CommandReference> {
        self.expansion.iter().flat_map(|expansion| &expansion.commands)
    }

    /// Paths of files that the answer is read from, as they are written.
    #[must_use]
    pub fn input_paths(&self) -> &[Value] {
        &self.inputs
    }

    /// The same in their shortest spelling, without those that lead out of the workspace, and where
    /// each is written.
    pub(crate) fn input_files(&self) -> impl Iterator<Item = (RelativePath, &Origin)> {
        self.inputs.iter().filter_map(|value| {
            let named = Named { name: value.as_str()?.to_owned(), origin: value.origin.clone() };
            let path = inside(&named.name, &named).ok()?;
            Some((RelativePath::parse(path).ok()?, &value.origin))
        })
    }
}

/// The files that answers name literally as what they were read from.
pub(crate) fn answer_files(expansions: &[Arc<Expansion>]) -> Vec<RelativePath> {
    let globs = expansions.iter().flat_map(|expansion| &expansion.inputs);
    let patterns = globs.filter_map(|glob| Patterns::new(std::slice::from_ref(glob)).ok());
    patterns.flat_map(|one| one.literals().cloned().collect::<Vec<_>>()).collect()
}

/// Refuses globs of a plugin that are none. Those of plugins which are compiled in are the user's own,
/// and what is wrong with them is told where they are used.
pub(crate) fn answers_globs(
    expansion: &Expansion,
    feature: &FeatureRef,
    function: &str,
    origin: &Origin,
) -> Result<(), Vec<Diagnostic>> {
    if feature.is_bundled() {
        return Ok(());
    }
    let mistake = [("globs", &expansion.globs), ("inputs", &expansion.inputs)];
    let mistake = mistake.into_iter().find_map(|(field, globs)| {
        let error = Patterns::new(globs).err()?;
        let glob = globs.get(error.index).map_or("", String::as_str);
        Some(format!("`{field}` of its answer has `{}`: {}", shortened(glob), error.message))
    });
    let Some(mistake) = mistake else { return Ok(()) };
    Err(vec![
        Diagnostic::error(
            "plugin-call",
            format!("the {} type `{}` answers what cannot be used", feature.point(), feature.name),
        )
        .label(origin.clone(), "needed here")
        .detail(call(feature, function, &mistake)),
    ])
}

/// Which call failed, and what the plugin had to say besides.
pub(crate) fn call(feature: &FeatureRef, function: &str, detail: &str) -> String {
    let FeatureRef { plugin, version, .. } = feature;
    let call = format!("plugin `{plugin}` {version}, call `{function}`");
    if detail.is_empty() { call } else { format!("{call}\n{detail}") }
}

/// A digest of the names in a folder; one that cannot be read has none.
fn names_in(folder: &Path) -> Digest {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    let mut hasher = Hasher::new("installed-names");
    for name in &names {
        hasher.field(name.as_encoded_bytes());
    }
    hasher.finish()
}

impl Identity {
    /// The parts that an action and its expanded dependencies make.
    #[must_use]
    pub(crate) fn of(action: &Action, answers: &Answers, variables: &ProcessVariables) -> Self {
        let mut parts = action.parts();
        parts.extend(crate::environment::parts(&answers.environment.changes));
        if variables.is_loose() {
            parts.insert("env-mode".to_owned(), Digest::of(b"loose").to_hex());
        }
        for expansion in &answers.expansions {
            for value in &expansion.values {
                let text = value.to_string();
                parts.insert(
                    format!("value {}", shortened(&text)),
                    Digest::of(text.as_bytes()).to_hex(),
                );
            }
            for name in &expansion.variables {
                let mut hasher = Hasher::new("purlin-variable");
                match variables.user(name) {
                    Some(value) => hasher.field(b"set").field(value.as_encoded_bytes()),
                    None => hasher.field(b"unset"),
                };
                parts.insert(format!("process variable {name}"), hasher.finish().to_hex());
            }
        }
        Self { parts }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let head: String = text.chars().take(48).collect();
    format!("{head}… ({})", Digest::of(text.as_bytes()).short())
}

fn single(key: &str, text: &str, origin: &Origin) -> Value {
    let mut table = Table::default();
    table.insert(key, origin.clone(), Value::string(text, origin.clone()));
    Value::new(Kind::Table(table), origin.clone())
}
