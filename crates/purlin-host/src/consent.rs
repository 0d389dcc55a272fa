//! The user's own consent: which plugins may run code, and with which permissions.
//!
//! It is kept in the user's data folder, never in the workspace: a clone must not be able to grant
//! itself anything. Each consent is a file of its own, written whole or not at all, so that two
//! processes can record at once and nothing is ever half there.

mod record;

use std::path::{Path, PathBuf};

use purlin_model::Digest;
use purlin_plugin::manifest::{Manifest, Permissions, RuntimeEntry};
use semver::Version;
use serde_json::json;

use crate::PluginSource;

pub(crate) use record::{Records, permissions_json, read_permissions};

/// Where consent is recorded, and what counts as granted without a record.
///
/// ```
/// // What `plugin test DIR` hands over: consent for this call, and for this folder only.
/// let trust = purlin_host::Trust {
///     given: vec!["/home/me/localz".into()],
///     ..purlin_host::Trust::default()
/// };
/// assert!(!trust.workspace);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The user's data folder, absolute. `None`: nothing was ever recorded, and nothing can be.
    pub folder: Option<PathBuf>,
    /// True when the plugins that the workspace takes from a `path` are granted to this process.
    pub workspace: bool,
    /// Plugin folders, absolute, that are granted to this process: those that the user names for
    /// one call.
    pub given: Vec<PathBuf>,
}

/// What one consent is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// A plugin in the user's folder, by its content: an edit asks again.
    Content(Digest),
    /// A plugin of a Python environment, by its content and the environment, whose interpreter and
    /// other distributions it runs with.
    Environment(Digest, PathBuf),
    /// A plugin that a workspace takes from a `path`, by the folders of both and the plugin's name:
    /// edits run, a wider request asks again.
    Workspace {
        /// The workspace's folder.
        root: PathBuf,
        /// The plugin's folder.
        folder: PathBuf,
    },
    /// A folder of `PURLIN_PLUGIN_PATH` with all plugins that are or will be in it.
    Folder(PathBuf),
}

/// Why a plugin may run code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantedBy {
    /// Nothing of it makes code run.
    Nature,
    /// It came with the binary.
    Binary,
    /// The user named its folder for this call.
    Call,
    /// This process trusts the workspace's own plugins.
    Process,
    /// The user's recorded consent.
    Record,
}

/// A plugin that may run code.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What it may do: what its manifest asks for, in its one spelling, and no more than the user
    /// has consented to.
    pub permissions: Permissions,
    /// Why it may.
    pub by: GrantedBy,
}

/// What a plugin asks for: what a user sees before consenting, and what is recorded then.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The plugin.
    pub plugin: String,
    /// Its version.
    pub version: Option<Version>,
    /// Where it was found.
    pub source: PluginSource,
    /// Its folder; `None` for a bundled one.
    pub folder: Option<PathBuf>,
    /// What of it makes code run, as phrases; empty when nothing does.
    pub runs: Vec<String>,
    /// True when some of it is a process, which is held to its permissions as [`crate::enforced`]
    /// tells.
    pub process: bool,
    /// True when it ships commands, which are held by nothing.
    pub commands: bool,
    /// The permissions, in their one spelling.
    pub permissions: Permissions,
    /// What of them goes beyond an earlier consent, where there is one.
    pub beyond: Option<Permissions>,
    /// Why it may run already; `None` while it may not.
    pub granted: Option<GrantedBy>,
    /// What consent is about; `None` where none is needed.
    pub covers: Option<Coverage>,
}

impl Coverage {
    /// The documented JSON shape: `{"content": hex}`, `{"content": hex, "environment": path}`,
    /// `{"workspace": path, "path": path}` or `{"folder": path}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Content(digest) => json!({ "content": digest }),
            Self::Environment(digest, environment) => {
                json!({ "content": digest, "environment": environment.to_string_lossy() })
            }
            Self::Workspace { root, folder } => {
                json!({ "workspace": root.to_string_lossy(), "path": folder.to_string_lossy() })
            }
            Self::Folder(folder) => json!({ "folder": folder.to_string_lossy() }),
        }
    }
}

impl GrantedBy {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nature => "no_code",
            Self::Binary => "binary",
            Self::Call => "call",
            Self::Process => "process",
            Self::Record => "record",
        }
    }
}

/// What of a plugin makes code run, as phrases. Starlark is pure, and files by themselves do
/// nothing.
pub(crate) fn runs(manifest: &Manifest) -> Vec<String> {
    let mut phrases = Vec::new();
    for entry in manifest.processes() {
        let phrase = match entry {
            Some(RuntimeEntry::Module(module)) => format!("the Python module `{module}`"),
            Some(RuntimeEntry::Command(words)) => format!("the program `{}`", words.join(" ")),
            Some(RuntimeEntry::File(file)) => format!("the file `{file}`"),
            None => "a process".to_owned(),
        };
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    if let Some(file) = &manifest.ships.commands {
        phrases.push(format!("the commands of `{}`", file.path));
    }
    phrases
}

/// A folder as consent compares it: where the system says that it is, without links on the way.
pub(crate) fn real(folder: &Path) -> Result<PathBuf, String> {
    folder.canonicalize().map_err(|error| format!("`{}`: {error}", folder.display()))
}
