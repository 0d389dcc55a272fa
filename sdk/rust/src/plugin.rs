//! What a plugin is made of.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use purlin_plugin::Point;
use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Repository, Subcommand,
};
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::Importer;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::{server, standard};

/// A plugin: its name, its version and the code of its features, as the manifest names them.
pub struct Plugin {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dependencies: BTreeMap<String, Box<dyn Dependency>>,
    pub(crate) environments: BTreeMap<String, Box<dyn Environment>>,
    pub(crate) builders: BTreeMap<String, Box<dyn Builder>>,
    pub(crate) caches: BTreeMap<String, Box<dyn Cache>>,
    pub(crate) repositories: BTreeMap<String, Box<dyn Repository>>,
    pub(crate) subcommands: BTreeMap<String, Box<dyn Subcommand>>,
    pub(crate) arguments: BTreeMap<String, Box<dyn Argument>>,
    pub(crate) importers: BTreeMap<String, Box<dyn Importer>>,
    pub(crate) hooks: BTreeMap<String, Box<dyn Hook>>,
    pub(crate) on_start: Option<OnStart>,
}

type OnStart = Box<dyn Fn(&Start) -> Result<(), PluginError> + Send + Sync>;

/// What the host tells before the first call.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The host's version.
    pub purlin: String,
    /// The plugin's folder, absolute.
    pub folder: PathBuf,
    /// The workspace's `[plugins.NAME.config]`, validated; null when there is none.
    pub config: Json,
    /// The workspace's root, absolute; `None` outside of one.
    pub root: Option<PathBuf>,
}

/// `params` of `initialize`.
#[derive(Debug, Deserialize)]
pub(crate) struct Initialize {
    pub(crate) protocol: Versions,
    purlin: String,
    plugin: PluginParams,
    #[serde(default)]
    root: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

#[derive(Debug, Deserialize)]
struct PluginParams {
    folder: PathBuf,
    #[serde(default)]
    config: Json,
}

impl From<Initialize> for Start {
    fn from(told: Initialize) -> Self {
        let PluginParams { folder, config } = told.plugin;
        Self { purlin: told.purlin, folder, config, root: told.root }
    }
}

impl Plugin {
    /// A plugin without features. Name and version are those of the manifest.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            dependencies: BTreeMap::new(),
            environments: BTreeMap::new(),
            builders: BTreeMap::new(),
            caches: BTreeMap::new(),
            repositories: BTreeMap::new(),
            subcommands: BTreeMap::new(),
            arguments: BTreeMap::new(),
            importers: BTreeMap::new(),
            hooks: BTreeMap::new(),
            on_start: None,
        }
    }

    /// The code of `[provides.dependency.NAME]`.
    #[must_use]
    pub fn dependency(mut self, name: &str, code: impl Dependency + 'static) -> Self {
        self.dependencies.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.environment.NAME]`.
    #[must_use]
    pub fn environment(mut self, name: &str, code: impl Environment + 'static) -> Self {
        self.environments.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.builder.NAME]`.
    #[must_use]
    pub fn builder(mut self, name: &str, code: impl Builder + 'static) -> Self {
        self.builders.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.cache.NAME]`: the remote tier.
    #[must_use]
    pub fn cache(mut self, name: &str, code: impl Cache + 'static) -> Self {
        self.caches.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.repository.NAME]`.
    #[must_use]
    pub fn repository(mut self, name: &str, code: impl Repository + 'static) -> Self {
        self.repositories.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.subcommand.NAME]`.
    #[must_use]
    pub fn subcommand(mut self, name: &str, code: impl Subcommand + 'static) -> Self {
        self.subcommands.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of a `[[provides.argument]]`.
    #[must_use]
    pub fn argument(mut self, name: &str, code: impl Argument + 'static) -> Self {
        self.arguments.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of `[provides.importer.NAME]`. Its fragments hold data, or name files or folders.
    #[must_use]
    pub fn importer(mut self, name: &str, code: impl Importer + 'static) -> Self {
        self.importers.insert(name.to_owned(), Box::new(code));
        self
    }

    /// The code of a `[[provides.hook]]`.
    #[must_use]
    pub fn hook(mut self, event: &str, code: impl Hook + 'static) -> Self {
        self.hooks.insert(event.to_owned(), Box::new(code));
        self
    }

    /// Is told about the plugin's surroundings and its own configuration before the first call.
    /// An error is the answer to all of the host's calls.
    #[must_use]
    pub fn on_start(
        mut self,
        code: impl Fn(&Start) -> Result<(), PluginError> + Send + Sync + 'static,
    ) -> Self {
        self.on_start = Some(Box::new(code));
        self
    }

    /// Answers the host until it closes stdin. What else the process prints to stdout goes to its
    /// log, and reading stdin gives nothing.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match standard::take() {
            Ok((input, output)) => self.serve(input, output),
            Err(error) => {
                standard::log(&format!("the streams of the host cannot be taken over: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    /// Answers the calls that stand in `input` into `output`, until `input` ends: [`Plugin::run`]
    /// without a process around it, for tests.
    pub fn serve(self, input: impl Read, output: impl Write + Send + 'static) -> ExitCode {
        server::serve(self, BufReader::new(input), Box::new(output))
    }

    /// What it provides, in the order of points and names.
    pub(crate) fn provides(&self) -> Vec<(Point, &str)> {
        fn of<T>(
            point: Point,
            features: &BTreeMap<String, T>,
        ) -> impl Iterator<Item = (Point, &str)> {
            features.keys().map(move |name| (point, name.as_str()))
        }
        of(Point::Cache, &self.caches)
            .chain(of(Point::Builder, &self.builders))
            .chain(of(Point::Dependency, &self.dependencies))
            .chain(of(Point::Environment, &self.environments))
            .chain(of(Point::Repository, &self.repositories))
            .chain(of(Point::Subcommand, &self.subcommands))
            .chain(of(Point::Argument, &self.arguments))
            .chain(of(Point::Importer, &self.importers))
            .chain(of(Point::Hook, &self.hooks))
            .collect()
    }
}
