//! What verbs work with: where the user stands, the workspace, and the plugins.

use std::path::PathBuf;

use purlin_commands::{Definitions, has_errors};
use purlin_host::{Plugins, PluginsTable, Search};
use purlin_model::{Diagnostic, Kind, Origin, Source, Table, Value};
use purlin_plugin::PluginSet;

use crate::arguments::{Global, reserved};
use crate::environment;
use crate::failure::Failure;
use crate::workspace::{self, Workspace};

/// Where the user stands and what is there.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) directory: PathBuf,
    pub(crate) cache: PathBuf,
    pub(crate) root: Option<PathBuf>,
    pub(crate) document: Value,
    pub(crate) plugins: Plugins,
    /// What is wrong with the workspace's file so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Context {
    /// Looks around. That there is no workspace is no error yet.
    pub(crate) fn new(global: &Global, bundled: &PluginSet) -> Result<Self, Failure> {
        let directory = directory(global)?;
        let found = workspace::find(&directory)?;
        let cache = environment::cache_folder();
        let (root, document, table, diagnostics) = match found {
            Some(Workspace { root, document, plugins, diagnostics }) => {
                (Some(root), document, plugins, diagnostics)
            }
            None => {
                let nowhere = Origin::whole(&Source::new("<no workspace>", ""));
                let empty = Value::new(Kind::Table(Table::default()), nowhere);
                (None, empty, PluginsTable::default(), Vec::new())
            }
        };
        let plugins = Plugins::open(Search {
            workspace: table,
            folders: environment::plugin_folders(),
            user: Some(environment::data_folder().join("plugins")),
            bundled,
            index_dir: cache.join("index"),
            reserved: reserved(),
            version: semver::Version::parse(env!("CARGO_PKG_VERSION"))
                .expect("cargo has checked the version"),
        });
        Ok(Self { global: global.clone(), directory, cache, root, document, plugins, diagnostics })
    }

    /// The root of the workspace, for verbs that need one.
    pub(crate) fn root(&self) -> Result<PathBuf, Failure> {
        self.root.clone().ok_or_else(|| workspace::missing(&self.directory).into())
    }

    /// The workspace's definitions together with everything that is wrong with its file.
    pub(crate) fn read_definitions(&self) -> (Definitions, Vec<Diagnostic>) {
        let mut diagnostics = self.diagnostics.clone();
        if diagnostics.iter().any(|one| one.code == "toml-syntax") {
            // What the parser made of the rest would be told as mistakes that nobody made.
            return (Definitions::default(), diagnostics);
        }
        let (definitions, more) = Definitions::parse(&self.document, || self.plugins.sections());
        diagnostics.extend(more);
        (definitions, diagnostics)
    }

    /// The workspace's definitions, for verbs that cannot go on without them. Warnings are shown.
    pub(crate) fn definitions(&self) -> Result<Definitions, Failure> {
        self.root()?;
        let (definitions, diagnostics) = self.read_definitions();
        if has_errors(&diagnostics) {
            return Err(diagnostics.into());
        }
        crate::draw::diagnostics(&self.global, &diagnostics);
        Ok(definitions)
    }
}

/// The folder that the user stands in, or means by `-C`.
pub(crate) fn directory(global: &Global) -> Result<PathBuf, Failure> {
    let current = std::env::current_dir().map_err(|error| {
        Diagnostic::error("no-directory", "the current folder cannot be found")
            .detail(error.to_string())
    })?;
    let Some(wanted) = &global.directory else { return Ok(current) };
    let directory = current.join(wanted);
    match directory.canonicalize() {
        Ok(found) if found.is_dir() => Ok(found),
        result => {
            let why =
                result.err().map_or("It is not a folder.".to_owned(), |error| error.to_string());
            Err(Diagnostic::error(
                "no-directory",
                format!("there is no folder {}", wanted.display()),
            )
            .detail(why)
            .help("-C names the folder to work in".to_owned())
            .into())
        }
    }
}
