//! One trait for each extension point that has callers. A plugin of any runtime is one of these to
//! the host.

use std::path::Path;

use serde_json::Value as Json;

use crate::message::{
    CacheItem, Edit, ExpandContext, Expansion, FeatureSummary, PluginError, SubcommandContext,
};

/// How loud a line of a plugin's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// For those who asked for more.
    Info,
    /// For everybody.
    Warning,
}

/// What the host does for a plugin during a call.
pub trait Host: Send + Sync {
    /// `host/log`: a line for the log.
    fn log(&self, level: LogLevel, message: &str);

    /// `host/features`: what is installed and enabled.
    fn features(&self) -> Vec<FeatureSummary>;
}

/// A host that logs nowhere and has no features: for the tests of plugins.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuietHost;

impl Host for QuietHost {
    fn log(&self, _level: LogLevel, _message: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }
}

/// The `dependency` point.
pub trait Dependency: Send + Sync {
    /// Tells what a dependency stands for. `config` was validated and has its defaults.
    ///
    /// # Errors
    /// What the plugin reports; the command that has the dependency cannot run then.
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        host: &dyn Host,
    ) -> Result<Expansion, PluginError>;
}

/// The `cache` point: a remote tier. The host keeps the hot copy, verifies what it fetches, and
/// treats a failure as a miss.
pub trait Cache: Send + Sync {
    /// Makes a handle for one configured cache.
    ///
    /// # Errors
    /// What the plugin reports.
    fn open(
        &self,
        name: &str,
        config: &Json,
        host: &dyn Host,
    ) -> Result<Box<dyn OpenCache>, PluginError>;
}

/// One configured cache.
pub trait OpenCache: Send + Sync {
    /// For each item, whether the cache holds it.
    ///
    /// # Errors
    /// What the plugin reports.
    fn contains(&self, items: &[CacheItem]) -> Result<Vec<bool>, PluginError>;

    /// Writes the items that it holds into `dir` under [`CacheItem::file_name`]; others are left
    /// out.
    ///
    /// # Errors
    /// What the plugin reports.
    fn fetch(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError>;

    /// Stores items from files in `dir` named by [`CacheItem::file_name`].
    ///
    /// # Errors
    /// What the plugin reports.
    fn put(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError>;
}

/// The `subcommand` point.
pub trait Subcommand: Send + Sync {
    /// Runs it; the result is the process's exit status.
    ///
    /// # Errors
    /// What the plugin reports.
    fn run(
        &self,
        name: &str,
        args: &Json,
        context: &SubcommandContext,
        host: &dyn Host,
    ) -> Result<i32, PluginError>;

    /// Values that an argument may take, for completion.
    ///
    /// # Errors
    /// What the plugin reports; completion shows nothing then.
    fn complete(&self, argument: &str, prefix: &str) -> Result<Vec<String>, PluginError> {
        let _ = (argument, prefix);
        Ok(Vec::new())
    }
}

/// The `argument` point.
pub trait Argument: Send + Sync {
    /// Tells how the flag changes the request of a verb. Every plugin sees the same request.
    ///
    /// # Errors
    /// What the plugin reports.
    fn apply(
        &self,
        command: &str,
        args: &Json,
        request: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError>;

    /// Values that the flag may take, for completion.
    ///
    /// # Errors
    /// What the plugin reports; completion shows nothing then.
    fn complete(&self, prefix: &str) -> Result<Vec<String>, PluginError> {
        let _ = prefix;
        Ok(Vec::new())
    }
}

/// The `hook` point: is told, cannot change the outcome.
pub trait Hook: Send + Sync {
    /// Something happened.
    ///
    /// # Errors
    /// What the plugin reports; it becomes a warning.
    fn event(&self, name: &str, payload: &Json, host: &dyn Host) -> Result<(), PluginError>;
}
