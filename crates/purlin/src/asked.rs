//! What `purlin run` was asked: the command line, else process variables, then flags of plugins.

use std::collections::BTreeMap;

use purlin_commands::{Definitions, Named, Selection, from_command_line};
use purlin_plugin::manifest::Stage;
use serde_json::{Value as Json, json};

use crate::arguments::Run;
use crate::context::Context;
use crate::edits::{self, Edited, Given};
use crate::failure::Failure;
use crate::machine;
use crate::run_options;

/// What was asked: what flags of plugins may change before anything is looked at.
pub(crate) struct Asked {
    names: Vec<Named>,
    modules: Vec<Named>,
    spaces: Vec<Named>,
    tags: Vec<Named>,
    pub(crate) force: bool,
    jobs: Option<usize>,
    /// What else the command line says.
    options: BTreeMap<String, Json>,
    /// `NAME=VALUE` for variables of the context.
    pub(crate) context: Vec<Named>,
}

impl Asked {
    /// What options ask, as they hold.
    pub(crate) fn new(options: &Run) -> Self {
        let named = |option: &str, all: &[String]| {
            all.iter().map(|name| run_options::named(options, option, name)).collect()
        };
        Self {
            names: match &options.why {
                Some(name) => vec![run_options::named(options, "why", name)],
                None => named("names", &options.names),
            },
            modules: named("module", &options.modules),
            spaces: named("space", &options.spaces),
            tags: named("tag", &options.tags),
            force: options.force,
            jobs: options.jobs.map(usize::from),
            options: run_options::context(options),
            context: named("ctx", &options.ctx),
        }
    }

    /// The same after the flags of plugins.
    ///
    /// # Errors
    /// A plugin failed, or wants to change what it may not.
    pub(crate) fn edited(self, context: &Context, given: &[Given]) -> Result<Self, Failure> {
        let schema = || edits::run_schema(Stage::Parsed);
        let before = || {
            json!({
                "names": texts(&self.names),
                "modules": texts(&self.modules),
                "spaces": texts(&self.spaces),
                "tags": texts(&self.tags),
                "force": self.force,
                "jobs": self.jobs(),
            })
        };
        let edited = edits::apply(context, given, "run", Stage::Parsed, schema, before)?;
        let Some(edited) = edited else { return Ok(self) };
        let Edited { request, .. } = &edited;
        // What is wrong with a name is told where it comes from.
        let named = |field: &str, before: &[Named]| {
            let flag = edited.changed(&format!("/{field}"));
            let names = request[field].as_array().into_iter().flatten().filter_map(Json::as_str);
            let named = names.map(|name| {
                let known = before.iter().find(|named| named.name == name).cloned();
                known.unwrap_or_else(|| match flag {
                    Some(flag) => Named { name: name.to_owned(), origin: flag.origin.clone() },
                    None => from_command_line(name),
                })
            });
            named.collect()
        };
        Ok(Self {
            names: named("names", &self.names),
            modules: named("modules", &self.modules),
            spaces: named("spaces", &self.spaces),
            tags: named("tags", &self.tags),
            force: request["force"].as_bool().unwrap_or(self.force),
            jobs: request["jobs"].as_u64().and_then(|jobs| usize::try_from(jobs).ok()),
            ..self
        })
    }

    /// Which instances are asked for, by somebody who stands where the context says.
    pub(crate) fn selection(&self, context: &Context, definitions: &Definitions) -> Selection {
        let root = context.root.as_deref();
        let below = root.and_then(|root| context.directory.strip_prefix(root).ok());
        let here = below.and_then(|folder| definitions.space_at(folder.to_str()?));
        Selection {
            names: self.names.clone(),
            modules: self.modules.clone(),
            spaces: self.spaces.clone(),
            tags: self.tags.clone(),
            here: here.map(str::to_owned),
            everything: false,
        }
    }

    /// How many programs run at once; by default as many as there are processors.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(machine::processors)
    }

    /// What `{ctx.purlin.NAME}` stands for.
    pub(crate) fn options(&self) -> BTreeMap<String, Json> {
        let joined = |names: &[Named]| (!names.is_empty()).then(|| texts(names).join(","));
        let edited = [
            ("force", json!(self.force)),
            ("jobs", json!(self.jobs())),
            ("module", json!(joined(&self.modules))),
            ("space", json!(joined(&self.spaces))),
            ("tag", json!(joined(&self.tags))),
        ];
        let mut options = self.options.clone();
        options.extend(edited.map(|(name, value)| (name.to_owned(), value)));
        options
    }
}

fn texts(names: &[Named]) -> Vec<&str> {
    names.iter().map(|named| named.name.as_str()).collect()
}
