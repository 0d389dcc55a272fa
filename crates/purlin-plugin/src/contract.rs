//! One trait for each extension point that has callers. A plugin of any runtime is one of these to
//! the host.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::message::{
    ArgumentContext, BuildContext, BuildPlan, CacheItem, Edit, EnvironmentContext,
    EnvironmentDescription, ErrorCode, ExecRequest, ExecResult, ExpandContext, Expansion,
    FeatureSummary, PackageKey, PackageVariant, PackageVersion, PluginError, RepositoryContext,
    SubcommandContext,
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

/// Where a subcommand writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Its results.
    Stdout,
    /// Everything else.
    Stderr,
}

/// What the host does for a plugin during a call. Services that a host has no use for refuse.
pub trait Host: Send + Sync {
    /// `host/log`: a line for the log.
    fn log(&self, level: LogLevel, message: &str);

    /// `host/features`: what is installed and enabled.
    fn features(&self) -> Vec<FeatureSummary>;

    /// `host/progress`: how far a call is; both counts are of whatever the plugin counts.
    fn progress(&self, message: &str, done: Option<u64>, total: Option<u64>) {
        let _ = (message, done, total);
    }

    /// No call of the plugin is under way any more, and what it said about how far they are is over.
    fn at_rest(&self) {}

    /// `host/output`: what a subcommand writes to the user's terminal, written before this returns.
    ///
    /// # Errors
    /// It cannot be written, or nobody would see it.
    fn output(&self, stream: OutputStream, bytes: &[u8]) -> Result<(), PluginError> {
        let _ = (stream, bytes);
        Err(not_here("output"))
    }

    /// `host/exec`: runs a program to its end, if the user has granted it.
    ///
    /// # Errors
    /// The program is not granted or cannot be started. That it fails is a result.
    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        let _ = request;
        Err(not_here("exec"))
    }

    /// `host/scratch`: a folder that lives as long as this run, the same one each time.
    ///
    /// # Errors
    /// It cannot be made.
    fn scratch(&self) -> Result<PathBuf, PluginError> {
        Err(not_here("scratch"))
    }

    /// `host/memo` without a value: what was kept under the key by this plugin, as it, its configuration
    /// and its surroundings are now. What else the value depends on is the key's to say.
    ///
    /// # Errors
    /// There is no memo here. Damage counts as absent.
    fn recall(&self, key: &Json) -> Result<Option<Json>, PluginError> {
        let _ = key;
        Err(not_here("memo"))
    }

    /// `host/memo` with a value: keeps it for later runs. It may be forgotten at any time.
    ///
    /// # Errors
    /// It cannot be kept.
    fn remember(&self, key: &Json, value: &Json) -> Result<(), PluginError> {
        let _ = (key, value);
        Err(not_here("memo"))
    }

    /// `$/cancel`: true once nobody wants the answer of this call any more. Long work looks here now
    /// and then, and ends with `CANCELLED`.
    fn cancelled(&self) -> bool {
        false
    }
}

fn not_here(service: &str) -> PluginError {
    PluginError::new(ErrorCode::Unsupported, format!("there is no `host/{service}` here"))
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

/// The `environment` point.
pub trait Environment: Send + Sync {
    /// Describes one environment. `name` tells it from others of the workspace: the space that it is
    /// of, or the command, or `default`. `config` was validated and has its defaults.
    ///
    /// # Errors
    /// What the plugin reports; the commands that would run in it cannot run then.
    fn describe(
        &self,
        name: &str,
        config: &Json,
        context: &EnvironmentContext,
        host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError>;
}

/// The `builder` point. It is pure: the same package and context give the same plan.
pub trait Builder: Send + Sync {
    /// Tells how a package is built. `leaf` has the package's fields, with names in kebab-case. Its
    /// `builder` is the table that chose this builder, without `type`, validated and with its defaults.
    /// Other packages in it, and those that its texts mention, are their placeholders
    /// `@purlin:package:HEX@`, which the host puts their places for wherever they stand in the plan.
    ///
    /// # Errors
    /// What the plugin reports, with a path into `leaf`; the package cannot be built then.
    fn plan(
        &self,
        leaf: &Json,
        context: &BuildContext,
        host: &dyn Host,
    ) -> Result<BuildPlan, PluginError>;
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

    /// Stores items from files in `dir` named by [`CacheItem::file_name`], which it must not change.
    /// The host puts the blobs of an action before the action. It puts what is there already only
    /// where that is damaged or, for an action, is to be replaced.
    ///
    /// # Errors
    /// What the plugin reports.
    fn put(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError>;
}

/// The `repository` point: where packages come from. A repository keeps nothing between calls: each
/// brings its configuration, which was validated and has its defaults.
pub trait Repository: Send + Sync {
    /// The names of its packages, in any order.
    ///
    /// # Errors
    /// `NOT_FOUND` where what it looks at is not there: then others answer in its place.
    fn families(
        &self,
        config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<String>, PluginError>;

    /// All versions of some packages, in any order. A name that it does not have has none.
    ///
    /// # Errors
    /// `NOT_FOUND` as for [`Repository::families`].
    fn versions(
        &self,
        names: &[String],
        config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError>;

    /// What some versions say of themselves, one document for each in the same order: the fields of
    /// the leaf `package`, with `name` and `version`. A `root` in it is where it is installed.
    ///
    /// # Errors
    /// `NOT_FOUND` for a version that it does not have.
    fn packages(
        &self,
        versions: &[PackageKey],
        config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<Json>, PluginError>;

    /// Writes the files of a variant into the empty folder `dir`, as they would lie in its `root`.
    ///
    /// # Errors
    /// `UNSUPPORTED` where packages are used where they are.
    fn fetch(
        &self,
        variant: &PackageVariant,
        dir: &Path,
        config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<(), PluginError> {
        let _ = (variant, dir, config, context, host);
        Err(PluginError::new(ErrorCode::Unsupported, "its packages are used where they are"))
    }
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

    /// Values that an argument of the subcommand `name` may take, for completion. It has 150 ms.
    ///
    /// # Errors
    /// What the plugin reports; completion shows nothing then.
    fn complete(
        &self,
        name: &str,
        argument: &str,
        prefix: &str,
        host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let _ = (name, argument, prefix, host);
        Ok(Vec::new())
    }
}

/// The `argument` point.
pub trait Argument: Send + Sync {
    /// Tells how the flag `name`, given with `value`, changes the request of a verb. Every plugin
    /// sees the same request.
    ///
    /// # Errors
    /// What the plugin reports; the verb is not carried out then.
    fn apply(
        &self,
        name: &str,
        value: &Json,
        request: &Json,
        context: &ArgumentContext,
        host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError>;

    /// Values that the flag `name` may take, for completion. It has 150 ms.
    ///
    /// # Errors
    /// What the plugin reports; completion shows nothing then.
    fn complete(
        &self,
        name: &str,
        prefix: &str,
        host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let _ = (name, prefix, host);
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
