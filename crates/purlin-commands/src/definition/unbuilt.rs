//! What is reserved and not there yet: refused by name, so that it is never silently ignored.

use purlin_model::{Diagnostic, Origin};

/// The core tables that have no verbs yet.
pub(super) const TABLES: [&str; 2] = ["providers", "deployments"];

pub(super) fn refused(what: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::error("not-built-yet", format!("{what} is not supported by this version of Purlin"))
        .label(origin.clone(), "written here")
        .detail("The name is reserved; it is refused so that it is never silently ignored.")
        .help("take it out".to_owned())
}
