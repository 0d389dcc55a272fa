//! Commands that install environments, and those that run in them.

use std::path::{Path, PathBuf};

use purlin_store::defect;

use super::{Failure, Step};
use crate::environment::{self, Description};
use crate::graph::Instance;
use crate::key::Key;
use crate::record::Header;

impl Step<'_> {
    /// Whether a kept result can serve at all. What a command installs lies outside its artifacts
    /// and is not kept: only what was made last, and here, and is still there, counts.
    pub(super) fn counts(&self, key: &Key, header: Option<&Header>) -> bool {
        counts(self.instance(), key, header)
    }

    /// What is told to later runs of what is installed now: they may not look at the environments
    /// that need it.
    pub(super) fn installed_now(&self, header: Option<Header>) -> Vec<PathBuf> {
        let instance = self.instance();
        if !instance.installs.is_empty() {
            return instance.installs.clone();
        }
        let mut known = header.map(|header| header.installs).unwrap_or_default();
        // What it does not make any more is no business of its.
        known.retain(|path| path.symlink_metadata().is_ok());
        known
    }

    /// Makes sure that the environment is there before something runs in it.
    pub(super) fn check_installed(&self, description: &Description) -> Result<(), Failure> {
        let Some(environment) = &self.instance().environment else { return Ok(()) };
        let root = self.session.root.to_string_lossy();
        // Whoever is asked for alone finds what others have left.
        let ran = !self.graph.isolated;
        match description.not_installed(environment, &root, ran) {
            Some(diagnostic) => Err(vec![diagnostic]),
            None => Ok(()),
        }
    }
}

/// Whether a kept result of an instance can serve: see [`Step::counts`].
pub(crate) fn counts(instance: &Instance, key: &Key, header: Option<&Header>) -> bool {
    let installs = installs(instance, header);
    let belongs = |header: &Header| {
        header.key == key.digest && header.made && header.succeeded && !header.unfinished
    };
    if defect::seeded("install-taken-for-there") {
        return true;
    }
    installs.is_empty() || (environment::missing(installs).is_none() && header.is_some_and(belongs))
}

/// What was installed and is not there any more, in words.
pub(crate) fn gone(root: &Path, instance: &Instance, header: Option<&Header>) -> Option<String> {
    let missing = environment::missing(installs(instance, header));
    missing.map(|path| format!("{} is gone", shown(root, path)))
}

/// What an instance installs: what the environments of this run say, else what was known the last
/// time.
fn installs<'a>(instance: &'a Instance, header: Option<&'a Header>) -> &'a [PathBuf] {
    match header {
        Some(header) if instance.installs.is_empty() => &header.installs,
        _ => &instance.installs,
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
