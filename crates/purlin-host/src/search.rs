//! Where plugins are looked for, and what they cannot claim.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use purlin_plugin::PluginSet;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{PluginsTable, Surroundings, Trust};

/// The search path and everything else that decides what is found on it. The first plugin of a
/// name wins, in the order of the fields; a bundled name gives way to a workspace's `path` only.
pub struct Search<'a> {
    /// The workspace's `[plugins]`; its `path` entries come first on the search path.
    pub workspace: PluginsTable,
    /// The workspace's folder, absolute; `None` where there is none.
    pub root: Option<PathBuf>,
    /// What may run code.
    pub trust: Trust,
    /// What plugins are started with; `None`: none is started.
    pub surroundings: Option<Surroundings>,
    /// The folders of `PURLIN_PLUGIN_PATH`, absolute, in order. Each holds plugin folders or is one.
    pub folders: Vec<PathBuf>,
    /// The user's own plugin folder, absolute.
    pub user: Option<PathBuf>,
    /// The active Python environment, absolute: its distributions may bring plugins.
    pub python: Option<PathBuf>,
    /// What the binary has compiled in.
    pub bundled: &'a PluginSet,
    /// Where indexes are kept: a folder in the user's cache folder, made when it is not there.
    pub index_dir: PathBuf,
    /// What plugins cannot claim.
    pub reserved: Reserved,
    /// Purlin's own version, which `requires.purlin` is compared with.
    pub version: Version,
}

/// The built-in verbs and their flags. They always win.
#[derive(Debug, Clone, Default)]
pub struct Reserved {
    /// Flags, without `--`, by built-in verb; aliases are verbs of their own.
    pub verbs: BTreeMap<String, Vec<String>>,
    /// Flags that every verb has, without `--`.
    pub everywhere: Vec<String>,
}

impl Reserved {
    /// True for a built-in verb.
    #[must_use]
    pub fn has_verb(&self, verb: &str) -> bool {
        self.verbs.contains_key(verb)
    }

    /// True for a flag that a verb has by itself.
    #[must_use]
    pub fn has_flag(&self, verb: &str, flag: &str) -> bool {
        self.everywhere.iter().any(|one| one == flag)
            || self.verbs.get(verb).is_some_and(|flags| flags.iter().any(|one| one == flag))
    }
}

/// Whether a feature counts although its plugin is not enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Only features of enabled plugins: bundled, or named in `[plugins]`.
    Enabled,
    /// Features of every plugin on the search path: subcommands and flags.
    Any,
}

/// The step of the search path that a plugin was found at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginSource {
    /// `path` in the workspace's `[plugins]`.
    Workspace,
    /// A folder of `PURLIN_PLUGIN_PATH`.
    Path,
    /// The user's plugin folder.
    User,
    /// A distribution of the active Python environment.
    Python,
    /// Compiled in.
    Bundled,
}

impl PluginSource {
    /// Its name in `plugin list`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Path => "path",
            Self::User => "user",
            Self::Python => "python",
            Self::Bundled => "bundled",
        }
    }
}

impl fmt::Display for PluginSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
