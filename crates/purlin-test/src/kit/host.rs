//! A host for plugins under test: it does what hosts do, and remembers nothing afterwards.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use purlin_plugin::contract::{Host, LogLevel, OutputStream};
use purlin_plugin::message::{ErrorCode, ExecRequest, ExecResult, FeatureSummary, PluginError};
use serde_json::Value as Json;
use tempfile::TempDir;

/// The host of one start of a plugin.
pub(super) struct KitHost {
    programs: Vec<String>,
    scratch: TempDir,
    memo: Mutex<BTreeMap<String, Json>>,
}

impl KitHost {
    /// A host that runs these programs for the plugin, and no others.
    pub(super) fn new(programs: &[String]) -> io::Result<Self> {
        Ok(Self {
            programs: programs.to_vec(),
            scratch: tempfile::Builder::new().prefix("purlin-kit-").tempdir()?,
            memo: Mutex::default(),
        })
    }

    fn memo(&self) -> MutexGuard<'_, BTreeMap<String, Json>> {
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for KitHost {
    fn log(&self, _level: LogLevel, _message: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }

    fn output(&self, _stream: OutputStream, _bytes: &[u8]) -> Result<(), PluginError> {
        Ok(())
    }

    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        let Some((program, arguments)) = request.argv.split_first() else {
            return Err(PluginError::new(ErrorCode::InvalidConfig, "`argv` is empty"));
        };
        if !self.programs.contains(program) {
            let message = format!("`permissions.run` does not name `{program}`");
            return Err(PluginError::new(ErrorCode::Refused, message));
        }
        let trouble = |error: io::Error| {
            PluginError::new(ErrorCode::NotFound, format!("`{program}` cannot be run: {error}"))
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(&request.env)
            .current_dir(request.cwd.as_deref().map_or(self.scratch.path(), AsRef::as_ref))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(trouble)?;
        if let (Some(mut input), Some(text)) = (child.stdin.take(), &request.stdin) {
            // A program that does not read to the end is its own business.
            let _ = input.write_all(text.as_bytes());
        }
        let output = child.wait_with_output().map_err(trouble)?;
        Ok(ExecResult {
            status: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn scratch(&self) -> Result<PathBuf, PluginError> {
        Ok(self.scratch.path().to_owned())
    }

    fn recall(&self, key: &Json) -> Result<Option<Json>, PluginError> {
        Ok(self.memo().get(&key.to_string()).cloned())
    }

    fn remember(&self, key: &Json, value: &Json) -> Result<(), PluginError> {
        self.memo().insert(key.to_string(), value.clone());
        Ok(())
    }
}
