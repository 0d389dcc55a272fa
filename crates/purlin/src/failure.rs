//! How a verb ends when it does not end well, and the exit codes.

use std::process::ExitCode;

use purlin_model::Diagnostic;

/// The thing failed: a command, a check.
pub(crate) const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub(crate) const USAGE: u8 = 2;
/// A plugin failed.
pub(crate) const PLUGIN: u8 = 3;
/// Our bug.
pub(crate) const BUG: u8 = 70;
/// Nobody's exit code: a run that watches begins anew with other definitions.
pub(crate) const AGAIN: u8 = 254;
/// Cancelled.
pub(crate) const CANCELLED: u8 = 130;

/// Diagnostics that are about a plugin which cannot do its work, not about what the user wrote.
const OF_PLUGINS: [&str; 9] = [
    "broken-plugin",
    "cache-required",
    "incompatible-plugin",
    "no-code",
    "plugin-call",
    "plugin-edit",
    "plugin-start",
    "plugin-ungranted",
    "runtime-not-built",
];

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) code: u8,
}

/// What verbs return.
pub(crate) type Outcome = Result<ExitCode, Failure>;

impl Failure {
    /// Something that went wrong on the way, such as a disk that is full.
    pub(crate) fn failed(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], code: FAILED }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        vec![diagnostic].into()
    }
}

impl From<Vec<Diagnostic>> for Failure {
    /// A plugin's failure keeps its exit code only when nothing else is wrong.
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        let of_plugin = |diagnostic: &Diagnostic| OF_PLUGINS.contains(&diagnostic.code.as_str());
        let code = if diagnostics.iter().all(of_plugin) { PLUGIN } else { USAGE };
        Self { diagnostics, code }
    }
}
