//! What the command line knows about the user's machine, and plugins may need.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use purlin_plugin::contract::OutputStream;

/// What process plugins are started with. Without it they cannot run.
#[derive(Clone)]
pub struct Surroundings {
    /// All process variables of the user. A plugin sees those that were granted.
    pub variables: Vec<(OsString, OsString)>,
    /// The user's cache folder, absolute. `{cache}` in permissions is `plugins` in it.
    pub cache: PathBuf,
    /// Where subcommands write to; `None` where nobody would see it.
    pub console: Option<Arc<dyn Console>>,
    /// Called before a plugin may be started, each time: what must be there by then, such as a watch
    /// for signals, which end a program that started plugins in another way than one that did not.
    pub before_plugins: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// The user's terminal, or what stands for it.
pub trait Console: Send + Sync {
    /// Writes what a plugin has for the user, before it returns.
    ///
    /// # Errors
    /// It cannot be written.
    fn output(&self, stream: OutputStream, bytes: &[u8]) -> io::Result<()>;

    /// How far a plugin is with a call; it may be shown or not.
    fn progress(&self, plugin: &str, message: &str, done: Option<u64>, total: Option<u64>) {
        let _ = (plugin, message, done, total);
    }

    /// The plugin has no call under way: what it said of its progress is over.
    fn at_rest(&self, plugin: &str) {
        let _ = plugin;
    }
}

impl Surroundings {
    /// A variable of the user; an empty one counts as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }
}
