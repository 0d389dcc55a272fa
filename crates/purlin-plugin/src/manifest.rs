//! What `plugin.toml` says, typed. Everything here can be stored in an index and read back without
//! the file: places stand for origins.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_model::{Origin, Source};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::{Point, RuntimeKind};

mod check;
mod feature;
mod fields;
mod parameter;
mod parse;
mod permissions;
mod runtime;
#[cfg(test)]
mod tests;
mod text;

pub use check::check_files;
pub use parse::{INCOMPATIBLE_API, ParsedManifest, parse_manifest};

/// The name of the file that makes a folder a plugin.
pub const MANIFEST_FILE: &str = "plugin.toml";

/// The contract that this version of Purlin speaks.
pub const API_VERSION: &str = "1";

/// Folders (and files that stand for them) that do not count as content of a plugin, because tools
/// write into them as they please. Nothing that a manifest names may lie in one.
pub const OUTSIDE_CONTENT: [&str; 6] = [".git", ".hg", ".svn", ".jj", ".bzr", "__pycache__"];

/// The events that a hook can be told of: a closed list.
pub const HOOK_EVENTS: [&str; 12] = [
    "definitions.loaded",
    "env.resolved",
    "env.activated",
    "command.finished",
    "run.finished",
    "build.finished",
    "resource.planned",
    "resource.applied",
    "resource.destroyed",
    "machine.reachable",
    "deployment.finished",
    "plugin.installed",
];

/// One plugin, as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `^[a-z][a-z0-9-]{0,38}[a-z0-9]$`
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// The plugin's own version.
    pub version: Version,
    /// The contract that it was written for.
    pub api: String,
    /// One line.
    pub description: String,
    /// An SPDX expression, as written.
    pub license: Option<String>,
    /// Folder with Markdown pages.
    pub docs: Option<String>,
    /// How it runs; absent when the plugin is only files.
    pub runtime: Option<Runtime>,
    /// What it needs to work.
    pub requires: Requires,
    /// Schema of the workspace's `[plugins.NAME.config]`.
    pub config: Option<FileRef>,
    /// What it provides, in the order in which it is written.
    pub features: Vec<Feature>,
    /// Static files that it brings.
    pub ships: Ships,
    /// What it asks for.
    pub permissions: Permissions,
}

/// A place in the manifest: an origin without its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Byte offset of the first character.
    pub start: u32,
    /// Byte offset behind the last character.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A file of the plugin that the manifest names, relative to the plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// Relative path with `/`; it does not leave the folder.
    pub path: String,
    /// Where the manifest names it.
    pub place: Place,
}

/// `[runtime]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runtime {
    /// How it runs.
    pub kind: RuntimeKind,
    /// What is started or evaluated.
    pub entry: Option<RuntimeEntry>,
    /// Python requirements of a private environment.
    pub python: Option<PythonEnvironment>,
    /// Memory limit in bytes.
    pub memory: Option<u64>,
    /// How many calls may be under way at once.
    pub max_concurrency: Option<u32>,
    /// Milliseconds until `initialize` must have been answered.
    pub startup_timeout_ms: Option<u64>,
    /// Milliseconds that a call may take.
    pub call_timeout_ms: Option<u64>,
    /// Where the table stands.
    pub place: Place,
}

/// What a runtime starts or evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeEntry {
    /// A Python module.
    Module(String),
    /// A program and its arguments.
    Command(Vec<String>),
    /// A file of the plugin, relative to its folder.
    File(String),
}

/// A private Python environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonEnvironment {
    /// Requirements as pip writes them.
    pub requires: Vec<String>,
    /// Versions forced upon requirements of requirements.
    pub overrides: Vec<String>,
}

/// `[requires]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Requires {
    /// Versions of Purlin that it works with.
    pub purlin: Option<VersionReq>,
    /// Other plugins that it needs.
    pub plugins: BTreeMap<String, VersionReq>,
}

/// `[ships]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ships {
    /// A file of commands in the shape of `purlin.toml`'s `[commands]`.
    pub commands: Option<FileRef>,
    /// Files of definitions.
    pub definitions: Vec<FileRef>,
}

/// `[permissions]`: nothing unless it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// `host:port`, where the host may begin with `*.`.
    pub network: Vec<String>,
    /// Programs that it may start.
    pub run: Vec<String>,
    /// Process variables that it sees; `*` at the end is allowed.
    pub environment: Vec<String>,
    /// Folders that it may read.
    pub read: Vec<String>,
    /// Folders that it may write.
    pub write: Vec<String>,
    /// Names of secrets.
    pub secrets: Vec<String>,
}

/// One thing that a plugin provides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Where it is added.
    pub point: Point,
    /// Its name at that point; for a hook, the event.
    pub name: String,
    /// Where the manifest declares it.
    pub place: Place,
    /// One line.
    pub about: String,
    /// A message for those who still use it.
    pub deprecated: Option<String>,
    /// The schema of its configuration or options.
    pub schema: Option<FileRef>,
    /// How this one runs, where it differs from `[runtime]`.
    pub runtime: Option<RuntimeKind>,
    /// What is started or evaluated, where it differs from `[runtime]`.
    pub entry: Option<RuntimeEntry>,
    /// What only features of its point say.
    pub detail: Detail,
}

/// What only features of one point say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing more is said: builder, environment, repository, state, lease, hook.
    None,
    /// `[provides.transform.NAME]`
    Transform {
        /// Sections that it reads.
        reads: Vec<String>,
        /// Sections that it extends.
        extends: Vec<String>,
        /// Output roots that it owns.
        outputs: Vec<String>,
        /// Whether the sections that it reads have no system, and every definition may use them: `lib`.
        #[serde(default)]
        shared: bool,
        /// A section that it reads, and what values there are and how several become one.
        #[serde(default)]
        section: Option<SectionSchema>,
    },
    /// `[provides.importer.NAME]`
    Importer {
        /// Globs of the files that it reads.
        inputs: Vec<String>,
        /// The section that receives them; may be a template of its options.
        into: String,
    },
    /// `[provides.leaf.NAME]`
    Leaf {
        /// Name of the constructor in Starlark.
        constructor: String,
        /// Sections that hold it.
        sections: Vec<String>,
        /// What verbs look for: build, app, shell, check, ….
        role: Option<String>,
        /// Keys that make a table a leaf.
        marks: Vec<String>,
    },
    /// `[provides.cache.NAME]`
    Cache {
        /// Which local copy the host keeps in front of it.
        hot: Hot,
        /// True for the cache of commands that name none.
        default: bool,
    },
    /// `[provides.dependency.NAME]`
    Dependency {
        /// The field that `NAME:text` in `deps` fills.
        key: Option<String>,
        /// True for the type that a plain string in `deps` means; its text fills `key`.
        default: bool,
        /// True for a type whose answers come from the environment that the command runs in: it is
        /// told of it, and asked once it is installed.
        in_environment: bool,
        /// The table of the workspace's file that its answers are read from, too.
        section: Option<SectionSchema>,
    },
    /// `[provides.repository.NAME]`
    Repository {
        /// True for the one repository of workspaces that name none.
        default: bool,
    },
    /// `[provides.resource.NAME]`
    Resource {
        /// Version and schema of its state.
        state: Option<StateSchema>,
    },
    /// `[provides.subcommand.NAME]`
    Subcommand {
        /// Its arguments in order.
        args: Vec<Parameter>,
    },
    /// `[[provides.argument]]`
    Argument {
        /// Verbs that get the flag.
        on: Vec<String>,
        /// What it takes. A `bool` takes nothing.
        kind: ValueKind,
        /// Allowed values of a `choice`.
        values: Vec<String>,
        /// When it is applied.
        stage: Stage,
        /// JSON Pointers that it may change.
        edits: Vec<String>,
    },
}

impl Detail {
    /// The table of the workspace's file whose schema it tells.
    #[must_use]
    pub fn section(&self) -> Option<&SectionSchema> {
        match self {
            Self::Transform { section, .. } | Self::Dependency { section, .. } => section.as_ref(),
            _ => None,
        }
    }
}

/// `state = { version = 2, schema = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSchema {
    /// Counts up when the shape changes.
    pub version: u32,
    /// The shape.
    pub schema: FileRef,
}

/// `section = { name = "…", schema = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionSchema {
    /// The table's name.
    pub name: String,
    /// The shape.
    pub schema: FileRef,
}

/// Which local copy the host keeps in front of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hot {
    /// In the user's cache folder, shared by workspaces.
    User,
    /// In the workspace.
    Workspace,
    /// None.
    None,
}

/// An argument of a plugin's subcommand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name: a placeholder, or the flag without `--`.
    pub name: String,
    /// Positional, or an option with `--`.
    pub positional: bool,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// Allowed values of a `choice`.
    pub values: Vec<String>,
    /// True when it may be given more than once.
    pub many: bool,
    /// True when it must be given.
    pub required: bool,
    /// The value when it is not given.
    pub default: Option<String>,
    /// One line.
    pub about: String,
    /// Where the manifest declares it.
    pub place: Place,
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Any text.
    String,
    /// Present or absent.
    Bool,
    /// A whole number.
    Int,
    /// A path.
    Path,
    /// A package request.
    Package,
    /// An address in the workspace.
    Target,
    /// One of a list of values.
    Choice,
}

/// When a flag is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before anything was computed from the arguments.
    Parsed,
    /// After the request was resolved.
    Resolved,
}

impl Place {
    /// The place of an origin.
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        Self { start: origin.start, end: origin.end, line: origin.line, column: origin.column }
    }

    /// The origin that this place has in a source.
    #[must_use]
    pub fn origin(self, source: &Arc<Source>) -> Origin {
        Origin {
            source: source.clone(),
            start: self.start,
            end: self.end,
            line: self.line,
            column: self.column,
        }
    }
}

impl Feature {
    /// How it is written in `disable` and `rename`: `point/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.point, self.name)
    }

    /// The names that must be unique at its point. One for all points but `argument`, where a flag
    /// is claimed once per verb as `verb --flag`, and `hook`, which claims nothing.
    #[must_use]
    pub fn claims(&self) -> Vec<String> {
        match &self.detail {
            Detail::Argument { on, .. } => {
                on.iter().map(|verb| format!("{verb} --{}", self.name)).collect()
            }
            _ if self.point == Point::Hook => Vec::new(),
            _ => vec![self.name.clone()],
        }
    }
}

impl Manifest {
    /// The runtime of a feature; `None` when it needs none.
    #[must_use]
    pub fn runtime_of(&self, feature: &Feature) -> Option<RuntimeKind> {
        feature.runtime.or_else(|| self.runtime.as_ref().map(|runtime| runtime.kind))
    }

    /// What is started as a process, the plugin's own first; an entry that several features share
    /// may come more than once.
    pub fn processes(&self) -> impl Iterator<Item = Option<&RuntimeEntry>> {
        let own = self.runtime.iter().map(|runtime| (runtime.kind, runtime.entry.as_ref()));
        // A feature that says nothing about its runtime runs in the plugin's.
        let features = self
            .features
            .iter()
            .filter(|feature| feature.runtime.is_some() || feature.entry.is_some());
        let features = features
            .filter_map(|feature| Some((self.runtime_of(feature)?, feature.entry.as_ref())));
        own.chain(features)
            .filter(|(kind, _)| *kind == RuntimeKind::Process)
            .map(|(_, entry)| entry)
    }
}
