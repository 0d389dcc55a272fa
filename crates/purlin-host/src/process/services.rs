//! What the host does for one process plugin.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use purlin_plugin::contract::{Host, LogLevel, OutputStream};
use purlin_plugin::manifest::Permissions;
use purlin_plugin::message::{ErrorCode, ExecRequest, ExecResult, FeatureSummary, PluginError};
use purlin_process::Programs;
use serde_json::Value as Json;

use super::MemoFolder;
use super::exec::Grants;
use super::scratch::Scratch;
use crate::Surroundings;

/// How many lines of log are kept in one run, and how many bytes.
const LINES: usize = 1000;
/// See [`LINES`].
const BYTES: usize = 1 << 20;

/// What plugins have logged, in order.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<(LogLevel, String)>,
    bytes: usize,
    full: bool,
}

/// Tells what is installed and enabled, when somebody asks.
pub(crate) type FeatureList = Box<dyn Fn() -> Vec<FeatureSummary> + Send + Sync>;

/// The services for one plugin in one run.
pub(crate) struct Services {
    given: Given,
    scratch: Mutex<Option<Scratch>>,
}

/// What services are made of.
pub(crate) struct Given {
    pub(crate) plugin: String,
    pub(crate) folder: PathBuf,
    /// What the user has consented to.
    pub(crate) permissions: Permissions,
    /// The programs that run for the plugin.
    pub(crate) programs: Programs,
    /// The plugin's own variables, which its programs have, too.
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) surroundings: Surroundings,
    pub(crate) memo: MemoFolder,
    pub(crate) features: FeatureList,
    pub(crate) log: Arc<Log>,
}

impl Services {
    /// Services with a folder for the plugin's files, which is removed at the end.
    pub(crate) fn new(given: Given, scratch: Scratch) -> Self {
        Self { given, scratch: Mutex::new(Some(scratch)) }
    }

    /// Services for a plugin that is no process, and has no folder for files of its own.
    pub(crate) fn without_scratch(given: Given) -> Self {
        Self { given, scratch: Mutex::new(None) }
    }

    /// Ends the programs that run for the plugin.
    pub(crate) fn end(&self) {
        self.given.programs.end();
    }

    /// Removes the plugin's files. Others may still hold on to the services then.
    pub(crate) fn clean_up(&self) {
        drop(self.scratch.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Log {
    /// Adds a line, as long as there is room.
    pub(crate) fn add(&self, level: LogLevel, line: String) {
        let mut kept = self.kept();
        if kept.lines.len() < LINES && kept.bytes + line.len() <= BYTES {
            kept.bytes += line.len();
            kept.lines.push((level, line));
        } else if !std::mem::replace(&mut kept.full, true) {
            let told = "plugins have logged more than is kept".to_owned();
            kept.lines.push((LogLevel::Warning, told));
        }
    }

    /// Takes the lines out.
    pub(crate) fn take(&self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut *self.kept()).lines
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Services {
    fn log(&self, level: LogLevel, message: &str) {
        self.given.log.add(level, format!("{}: {message}", self.given.plugin));
    }

    fn features(&self) -> Vec<FeatureSummary> {
        (self.given.features)()
    }

    fn progress(&self, message: &str, done: Option<u64>, total: Option<u64>) {
        if let Some(console) = &self.given.surroundings.console {
            console.progress(&self.given.plugin, message, done, total);
        }
    }

    fn at_rest(&self) {
        if let Some(console) = &self.given.surroundings.console {
            console.at_rest(&self.given.plugin);
        }
    }

    fn output(&self, stream: OutputStream, bytes: &[u8]) -> Result<(), PluginError> {
        let nobody = || PluginError::new(ErrorCode::Unsupported, "nobody would see it");
        let console = self.given.surroundings.console.as_ref().ok_or_else(nobody)?;
        console
            .output(stream, bytes)
            .map_err(|error| PluginError::new(ErrorCode::Internal, error.to_string()))
    }

    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        let Given { permissions, programs, folder, variables, surroundings, .. } = &self.given;
        let program = Grants { permissions, folder, variables, surroundings }.program(request)?;
        programs.run(&program).map_err(|error| {
            let name = request.argv.first().map_or("", String::as_str);
            PluginError::new(ErrorCode::NotFound, format!("`{name}` cannot be started: {error}"))
        })
    }

    fn scratch(&self) -> Result<PathBuf, PluginError> {
        let scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let over = || PluginError::new(ErrorCode::Cancelled, "the run is over");
        scratch.as_ref().map(|folder| folder.path().to_owned()).ok_or_else(over)
    }

    fn recall(&self, key: &Json) -> Result<Option<Json>, PluginError> {
        Ok(self.given.memo.get(key))
    }

    fn remember(&self, key: &Json, value: &Json) -> Result<(), PluginError> {
        self.given.memo.put(key, value).map_err(|error| {
            PluginError::new(ErrorCode::Internal, format!("it cannot be kept: {error}"))
        })
    }
}
