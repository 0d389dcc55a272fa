//! Everything that is decided about a plugin before it is started. The host decides it; this crate
//! carries it out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use purlin_plugin::Point;
use semver::Version;
use serde_json::Value as Json;

use crate::programs::Programs;

/// How one plugin is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: Version,
    /// Purlin's own version, which the plugin is told.
    pub purlin: Version,
    /// The plugin's folder, absolute. The process starts there.
    pub folder: PathBuf,
    /// The program, absolute, and its arguments.
    pub argv: Vec<OsString>,
    /// All process variables of the plugin; it inherits none.
    pub environment: Vec<(OsString, OsString)>,
    /// The validated configuration of the plugin, or null.
    pub config: Json,
    /// The workspace's root, absolute.
    pub root: Option<PathBuf>,
    /// The features of the manifest that this process runs.
    pub provides: Vec<(Point, String)>,
    /// A folder that the process may write to, where files of caches change hands; `None` where it
    /// may write to any folder that a call names.
    pub exchange: Option<PathBuf>,
    /// Programs that the host runs for the plugin: they end with the process.
    pub programs: Programs,
    /// What the process may use up.
    pub limits: Limits,
    /// What the process may touch.
    pub sandbox: Sandbox,
}

/// What a plugin's process may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Until `initialize` is answered.
    pub startup: Duration,
    /// Until a call is answered; `None` is 10 minutes, and no limit for `subcommand/run`. Completion
    /// always has 150 ms, and a hook has 10 s at most.
    pub call: Option<Duration>,
    /// Between a request to stop and the next, harder one.
    pub grace: Duration,
    /// Calls that may be under way at once; the others wait, which does not count as their time.
    pub concurrency: Option<u32>,
    /// Bytes of memory of each process of the plugin, as [`crate::Enforced::memory`] describes. By
    /// default 2 GiB: more than plugins need, and less than would take a machine down before anybody
    /// sees which plugin it was.
    pub memory: Option<u64>,
    /// Bytes of one message.
    pub message: usize,
}

/// What a plugin's process may touch. Paths are real ones, without links or `..` on the way, so that
/// what they grant is what they say; those that do not exist are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Files and folders that may be read and executed.
    pub read: Vec<PathBuf>,
    /// Files and folders that may be read, executed and changed.
    pub write: Vec<PathBuf>,
    /// TCP ports, of any host, that may be connected to.
    pub ports: Vec<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            startup: Duration::from_secs(10),
            call: None,
            grace: Duration::from_secs(2),
            concurrency: None,
            memory: Some(2 << 30),
            message: 64 << 20,
        }
    }
}

impl Limits {
    /// The time that a call of a method may take.
    pub(crate) fn of_call(&self, method: &str) -> Option<Duration> {
        if is_completion(method) {
            return Some(Duration::from_millis(150));
        }
        if method == "hook/event" {
            // A run waits for it at its end.
            return Some(self.call.map_or(HOOK, |limit| limit.min(HOOK)));
        }
        match self.call {
            Some(limit) => Some(limit),
            // Somebody may be typing into it.
            None if method == "subcommand/run" => None,
            None => Some(Duration::from_secs(600)),
        }
    }
}

/// What a hook has at most.
const HOOK: Duration = Duration::from_secs(10);

/// True for calls that somebody waits for between two keys.
pub(crate) fn is_completion(method: &str) -> bool {
    method.ends_with("/complete")
}
