//! What verbs work with: where the user stands, the workspace, and the plugins.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use purlin_commands::{Definitions, has_errors};
use purlin_host::{
    LOCK_FILE, PinChange, PinChangeKind, Pinning, Plugins, PluginsTable, Search, Surroundings,
    Trust,
};
use purlin_model::{Diagnostic, Kind, Origin, Severity, Source, Table, Value};
use purlin_plugin::PluginSet;
use purlin_store::Patterns;

use crate::arguments::{Global, reserved};
use crate::console::{self, Terminal};
use crate::failure::Failure;
use crate::repositories::Repositories;
use crate::verb::completions;
use crate::workspace::{self, Workspace};
use crate::{environment, signals};

/// Where the user stands and what is there.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) directory: PathBuf,
    pub(crate) cache: PathBuf,
    pub(crate) root: Option<PathBuf>,
    pub(crate) document: Value,
    /// The files that the workspace's file includes.
    pub(crate) includes: Patterns,
    pub(crate) plugins: Arc<Plugins>,
    /// What plugins write to.
    pub(crate) terminal: Arc<Terminal>,
    /// What is wrong with the workspace's file so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Opened when somebody asks for a package that no definition supplies.
    repositories: OnceLock<Arc<Repositories>>,
}

impl Context {
    /// Looks around. That there is no workspace is no error yet.
    pub(crate) fn new(global: &Global, bundled: &PluginSet) -> Result<Self, Failure> {
        let directory = directory(global)?;
        let found = workspace::find(&directory)?;
        let cache = environment::cache_folder();
        let (root, document, table, includes, diagnostics) = match found {
            Some(Workspace { root, document, plugins, includes, diagnostics }) => {
                (Some(root), document, plugins, includes, diagnostics)
            }
            None => {
                let nowhere = Origin::whole(&Source::new("<no workspace>", ""));
                let empty = Value::new(Kind::Table(Table::default()), nowhere);
                (None, empty, PluginsTable::default(), Patterns::default(), Vec::new())
            }
        };
        let terminal = Arc::new(Terminal::default());
        let plugins = Plugins::open(Search {
            workspace: table,
            root: root.clone(),
            trust: Trust {
                folder: Some(environment::data_folder()),
                workspace: environment::trusts_workspace()?,
                given: Vec::new(),
            },
            surroundings: Some(Surroundings {
                variables: environment::all().collect(),
                cache: cache.clone(),
                console: (!completions::is_asked()).then(|| terminal.clone() as _),
                before_plugins: Some(Arc::new(signals::watch)),
            }),
            folders: environment::plugin_folders(),
            user: Some(environment::data_folder().join("plugins")),
            python: environment::python_environment(),
            bundled,
            index_dir: cache.join("index"),
            reserved: reserved(),
            version: semver::Version::parse(env!("CARGO_PKG_VERSION"))
                .expect("cargo has checked the version"),
        });
        signals::end(plugins.canceller());
        let plugins = Arc::new(plugins);
        Ok(Self {
            global: global.clone(),
            directory,
            cache,
            root,
            document,
            includes,
            plugins,
            terminal,
            diagnostics,
            repositories: OnceLock::new(),
        })
    }

    /// The repositories of the workspace with this root.
    pub(crate) fn repositories(&self, root: &Path) -> Arc<Repositories> {
        self.repositories.get_or_init(|| Arc::new(Repositories::new(self, root.to_owned()))).clone()
    }

    /// The root of the workspace, for verbs that need one.
    pub(crate) fn root(&self) -> Result<PathBuf, Failure> {
        self.root.clone().ok_or_else(|| workspace::missing(&self.directory).into())
    }

    /// Pins the workspace's plugins in `purlin.lock`, or with `--locked` makes sure that they are.
    /// For verbs that use plugins; those that only look write nothing.
    pub(crate) fn pin(&self) -> Result<(), Failure> {
        let how = if self.global.locked { Pinning::Locked } else { Pinning::Follow };
        match self.plugins.pin(how) {
            // What was missing is no news; what was there is never changed silently.
            Ok(mut changes) => {
                changes.retain(|change| change.kind != PinChangeKind::Added);
                if !changes.is_empty() {
                    crate::draw::diagnostics(&self.global, &[pinned(&changes)]);
                }
            }
            // A workspace that cannot be written to is no reason not to work in it.
            Err(mut trouble) if trouble.code == "lock-unwritten" => {
                trouble.severity = Severity::Warning;
                crate::draw::diagnostics(&self.global, &[trouble]);
            }
            Err(trouble) => return Err(trouble.into()),
        }
        Ok(())
    }

    /// The workspace's definitions together with everything that is wrong with its file.
    pub(crate) fn read_definitions(&self) -> (Definitions, Vec<Diagnostic>) {
        let mut diagnostics = self.diagnostics.clone();
        if diagnostics.iter().any(|one| one.code == "toml-syntax") {
            // What the parser made of the rest would be told as mistakes that nobody made.
            return (Definitions::default(), diagnostics);
        }
        let (mut definitions, more) =
            Definitions::parse(&self.document, || self.plugins.sections());
        diagnostics.extend(more);
        if let Some(root) = &self.root {
            let read = |module: &str| workspace::module_file(root, &self.directory, module);
            diagnostics.extend(definitions.read_modules(read));
        }
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

impl Drop for Context {
    /// Whatever a verb came to, what plugins had to say is said.
    fn drop(&mut self) {
        self.plugins.end();
        self.terminal.end_progress();
        console::log(&self.global, self.plugins.take_log());
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

/// What became of pins.
pub(crate) fn pinned(changes: &[PinChange]) -> Diagnostic {
    let lines = changes.iter().map(|change| match change.kind {
        PinChangeKind::Added => format!("`{}` is pinned now", change.plugin),
        PinChangeKind::Removed => format!("`{}` is not pinned any more", change.plugin),
        PinChangeKind::Changed => format!("`{}`: {}", change.plugin, change.what.join(", ")),
    });
    Diagnostic::note("lock-changed", format!("{LOCK_FILE} was changed"))
        .detail(lines.collect::<Vec<_>>().join("\n"))
        .help("commit it with the change that it belongs to".to_owned())
}
