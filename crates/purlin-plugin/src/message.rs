//! The payloads of the extension points: what crosses between host and plugin, the same JSON in
//! every runtime.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use purlin_model::Digest;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What went wrong, for the user.
    pub message: String,
    /// JSON Pointer into the configuration that is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What else helps to understand it, such as the last lines that the plugin wrote to stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The call that failed, where that is not the one that was made: a plugin that does not start
    /// fails in `initialize`.
    #[serde(skip)]
    pub call: Option<String>,
}

/// The kinds of failure that a plugin may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The configuration cannot work.
    InvalidConfig,
    /// Something that was named is not there.
    NotFound,
    /// It may work the next time.
    Transient,
    /// The plugin cannot do this.
    Unsupported,
    /// The host asked it to stop.
    Cancelled,
    /// The host does not permit it.
    Refused,
    /// Anything else.
    Internal,
}

impl PluginError {
    /// A failure with its message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, detail: String::new(), call: None }
    }

    /// Names the part of the configuration that is to blame.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.path = Some(pointer.into());
        self
    }
}

impl std::fmt::Display for PluginError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for PluginError {}

/// What `expand` is told besides the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpandContext {
    /// The workspace's root, absolute.
    pub root: String,
    /// The space that the command runs in.
    pub space: Option<String>,
    /// The module that the command runs for.
    pub module: Option<String>,
    /// Values of the workspace's context.
    pub context: Map<String, Json>,
    /// The folder of Python distributions of the command's environment, absolute; only for types
    /// whose manifest says `in-environment`.
    #[serde(default)]
    pub site_packages: Option<String>,
    /// The table of the workspace's file that the type's manifest names as its `section`, validated;
    /// null where there is none.
    #[serde(default)]
    pub section: Json,
    /// The boundary around the modules of the space; left out where the space has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<Arc<Fence>>,
}

/// What the modules of a space may import, for types that look at imports: Purlin itself checks
/// none. An answer that depends on it says so in its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fence {
    /// Paths of the space's own modules, from the root: these may import each other.
    pub modules: Vec<String>,
    /// Paths outside that they may import all the same; the modules of other spaces are among them
    /// where the fence names the space.
    pub open: Vec<String>,
}

impl ExpandContext {
    /// The context of a command without space, module and environment, in a workspace without a
    /// context.
    pub fn new(root: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            space: None,
            module: None,
            context: Map::new(),
            site_packages: None,
            section: Json::Null,
            fence: None,
        }
    }
}

/// What a dependency stands for. The key of a command holds this and nothing else of the
/// dependency.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expansion {
    /// Globs of files that this answer was computed from.
    pub inputs: Vec<String>,
    /// Globs of files that the command depends on; `!` in front takes files out again.
    pub globs: Vec<String>,
    /// Values that the command depends on.
    pub values: Vec<Json>,
    /// Process variables whose values the command depends on. The host reads them, so that the
    /// answer itself does not depend on the process environment.
    pub variables: Vec<String>,
    /// Commands that must have run.
    pub commands: Vec<CommandReference>,
    /// Package requests.
    pub packages: Vec<String>,
}

/// A command that another one depends on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommandReference {
    /// Its name.
    pub name: String,
    /// Its space, where it differs.
    pub space: Option<String>,
    /// Its module, where it differs.
    pub module: Option<String>,
    /// Values of its parameters.
    pub args: Map<String, Json>,
    /// True when selecting the one by changes selects the other.
    pub strict: bool,
    /// True when it need not run: what it writes counts as it is found, and where it runs anyway it
    /// runs first.
    pub isolated: bool,
}

/// What `describe` is told besides name and configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentContext {
    /// The workspace's root, absolute.
    pub root: String,
    /// The space that the environment is of.
    pub space: Option<String>,
    /// Values of the workspace's context.
    pub context: Map<String, Json>,
    /// The user's process variables that the plugin's permissions name, as far as they are set and
    /// text.
    pub variables: BTreeMap<String, String>,
}

impl EnvironmentContext {
    /// The context of an environment outside of spaces, in a workspace without a context, for a
    /// plugin that sees no process variable.
    pub fn new(root: impl Into<String>) -> Self {
        Self { root: root.into(), space: None, context: Map::new(), variables: BTreeMap::new() }
    }
}

/// What an environment is. Paths are relative to the workspace's root, or absolute where they lie
/// elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentDescription {
    /// What results in this environment depend on, looked at once the commands in `after` have run.
    pub expansion: Expansion,
    /// Changes of process variables, in the order in which they are made.
    pub changes: Vec<VariableChange>,
    /// Its folder, if it has one.
    pub root: Option<String>,
    /// Its folder of Python distributions, if it has one.
    pub site_packages: Option<String>,
    /// Paths that are there when it is installed. While one is missing, the commands in `after` run
    /// whatever is kept of them.
    pub installed_when: Vec<String>,
    /// Commands that must have run before anything runs in it.
    pub after: Vec<CommandReference>,
}

/// One change of a process variable. In a value `{root}` is the workspace's root; it is not in
/// keys, so that checkouts share their results. Lists are separated by `:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum VariableChange {
    /// It has this value.
    Set {
        /// The variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// The value stands in front of the list.
    Prepend {
        /// The variable.
        name: String,
        /// What is put there.
        value: String,
    },
    /// The value stands at the end of the list.
    Append {
        /// The variable.
        name: String,
        /// What is put there.
        value: String,
    },
    /// It is not there.
    Unset {
        /// The variable.
        name: String,
    },
}

impl VariableChange {
    /// The variable that it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. }
            | Self::Prepend { name, .. }
            | Self::Append { name, .. }
            | Self::Unset { name } => name,
        }
    }

    /// The text that it brings, if it brings one.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Set { value, .. } | Self::Prepend { value, .. } | Self::Append { value, .. } => {
                Some(value)
            }
            Self::Unset { .. } => None,
        }
    }
}

/// What `plan` is told besides the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildContext {
    /// What the package is called: its `name`, else that of its definition.
    pub name: String,
    /// The system that it is built for, such as `x86_64-linux`.
    pub system: String,
}

/// How a package is built. The texts are for a POSIX shell that ends with the first command that
/// fails, and stands in a copy of the source. They use `$src`, which is that copy, `$build`, an empty
/// folder, `$out`, where the package is to be, and `$PURLIN_JOBS`, how much may be done at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuildPlan {
    /// The shell text that builds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The shell text that puts what was built into `$out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    /// Process variables of both, as they are: no shell reads them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Requests for packages that are needed to build it, beside those that it names itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

/// What a repository is told with each question, besides its configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepositoryContext {
    /// What the workspace calls it.
    pub name: String,
    /// The workspace's root, absolute, where there is one.
    pub root: Option<String>,
    /// The user's process variables that the plugin's permissions name, as far as they are set and
    /// text.
    pub variables: BTreeMap<String, String>,
}

/// One version of a package that a repository has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageVersion {
    /// The package's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What tells its content from any other: it is pinned, and is in keys.
    pub digest: String,
    /// When it came to be, in seconds since 1970, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// Why nobody is to get it, although it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

/// One version of a package, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageKey {
    /// The package's name.
    pub name: String,
    /// The version, as the repository spells it.
    pub version: String,
}

/// One variant of a version of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageVariant {
    /// The package's name.
    pub name: String,
    /// The version, as the repository spells it.
    pub version: String,
    /// Which of its variants, from 0; `None` where it has none.
    pub variant: Option<usize>,
}

/// A thing that a cache keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheItem {
    /// The result of an action (named by the action's key) or a blob (named by its content).
    pub kind: CacheItemKind,
    /// Key or content digest.
    pub digest: Digest,
    /// Bytes; 0 for an action that is to be fetched, since only the cache knows how long it is.
    pub size: u64,
}

/// The two parts of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheItemKind {
    /// The action table.
    Action,
    /// The content-addressed store.
    Blob,
}

impl CacheItem {
    /// The name of its file in the folder that `fetch` and `put` exchange: `action-HEX` or
    /// `blob-HEX`.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self.kind {
            CacheItemKind::Action => format!("action-{}", self.digest),
            CacheItemKind::Blob => format!("blob-{}", self.digest),
        }
    }
}

/// What a subcommand is told besides its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubcommandContext {
    /// The workspace's root, absolute, where there is one.
    pub root: Option<String>,
    /// The folder that the user stands in, absolute.
    pub directory: String,
    /// True when the user asked for JSON on stdout.
    #[serde(default)]
    pub json: bool,
}

/// What a flag is told besides its value and the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentContext {
    /// The verb that it was given to.
    pub command: String,
    /// How far the verb has come.
    pub stage: crate::manifest::Stage,
}

/// One change to a request: the value at `path` becomes `value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// JSON Pointer into the request.
    pub path: String,
    /// The new value.
    pub value: Json,
}

/// A piece of definitions that an importer makes. `data` is what stands there; `{"$file": PATH}` is
/// a file of definitions, from the workspace's root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FragmentMessage {
    /// Where it belongs, its section first.
    pub path: Vec<String>,
    /// The one system that it is for; all that the workspace is for when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its priority; that of extensions when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// What its definitions get for parameters of these names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inject: Map<String, Json>,
    /// What it is.
    pub data: Json,
}

/// A feature that is installed, as plugins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSummary {
    /// Name of the plugin.
    pub plugin: String,
    /// Extension point.
    pub point: crate::Point,
    /// Name at that point.
    pub name: String,
}

/// A program that a plugin wants to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecRequest {
    /// The program, as the plugin's permissions name it, and its arguments.
    pub argv: Vec<String>,
    /// Where it runs, absolute or below the plugin's folder; the plugin's folder when absent.
    #[serde(default)]
    pub cwd: Option<String>,
    /// Process variables besides those that the plugin itself has.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What it reads from stdin; nothing when absent.
    #[serde(default)]
    pub stdin: Option<String>,
}

/// How a program ended. What it wrote is text; what is not UTF-8 there was replaced by `U+FFFD`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecResult {
    /// Its exit status, unless a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}
