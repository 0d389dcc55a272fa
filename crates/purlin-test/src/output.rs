//! What the binary said, made the same on every machine.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use regex::Regex;
use serde_json::Value as Json;

/// What came of running the binary.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its exit status, unless a signal killed it.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// What it wrote to stdout, as it is.
    pub stdout: String,
    /// What it wrote to stderr, as it is.
    pub stderr: String,
    base: String,
}

impl Finished {
    pub(crate) fn new(output: &Output, base: &Path) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            base: base.to_string_lossy().into_owned(),
        }
    }

    /// stdout as one JSON document.
    ///
    /// # Panics
    /// If it is not one.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// stdout as JSON lines.
    ///
    /// # Panics
    /// If a line is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Json> {
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{self}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Of the JSON lines of `run --json`, the event that settled an instance.
    ///
    /// # Panics
    /// If stdout is not JSON lines.
    #[must_use]
    #[track_caller]
    pub fn settled(&self, id: &str) -> Option<String> {
        let settles = ["cached", "finished", "failed", "skipped"];
        let events = self.json_lines();
        let event = events.iter().find(|event| {
            event["id"] == id && event["event"].as_str().is_some_and(|name| settles.contains(&name))
        })?;
        event["event"].as_str().map(str::to_owned)
    }

    /// stderr with what differs from run to run replaced: paths, times, hashes.
    #[must_use]
    pub fn stable_stderr(&self) -> String {
        self.stable(&self.stderr)
    }

    /// stdout with what differs from run to run replaced: paths, times, hashes.
    #[must_use]
    pub fn stable_stdout(&self) -> String {
        self.stable(&self.stdout)
    }

    fn stable(&self, text: &str) -> String {
        stable(&text.replace(&self.base, "[TEST]"))
    }
}

/// A text with what differs from run to run replaced: times and hashes.
#[must_use]
pub fn stable(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in [
        (r"\d{8}T\d{6}\.\d{3}Z-\d+", "[RUN]"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC", "[TIME]"),
        (r"\b\d+(\.\d+)? s\b", "[SECONDS]"),
        (r"\.purlin-[0-9a-f]+-\d+-\d+-\d+", ".purlin-[TEMPORARY]"),
        (r"\b[0-9a-f]{12,64}\b", "[HASH]"),
        // What a system enforces differs; that it is told does not.
        (r"(?m)^( *enforced) +[a-z].*$", "$1 [SYSTEM]"),
        (r"\((enforced: |only declared: |TCP ports are )[^)]*\)", "([SYSTEM])"),
    ] {
        let pattern = Regex::new(pattern).expect("the pattern is valid");
        text = pattern.replace_all(&text, replacement).into_owned();
    }
    text
}

impl fmt::Display for Finished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "status: {:?}, signal: {:?}", self.code, self.signal)?;
        writeln!(formatter, "stdout:\n{}", self.stdout)?;
        write!(formatter, "stderr:\n{}", self.stderr)
    }
}
