//! Packages that commands depend on: what a request means is told by whoever runs the graph, and its
//! identity is in the key.

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::Expansion;
use serde_json::json;

use super::Expander;

/// Tells what requests for packages mean.
pub trait Packages: Sync {
    /// The identity of the package that a request means: another one for all that is another.
    ///
    /// # Errors
    /// There is no such package, or it cannot be known.
    fn identity(&self, request: &str) -> Result<String, Diagnostic>;
}

/// Puts the identities of the packages that an answer requests among its values. Where nothing may be
/// started they stay open.
///
/// # Errors
/// A package that cannot be had, or nobody who knows.
pub(crate) fn identified(
    expander: &Expander<'_>,
    expansion: &mut Expansion,
    origin: &Origin,
) -> Result<(), Vec<Diagnostic>> {
    if !expander.starts_processes {
        return Ok(());
    }
    let mut mistakes = Vec::new();
    for request in &expansion.packages {
        let known = expander.packages.ok_or_else(|| unknown(request));
        match known.and_then(|packages| packages.identity(request)) {
            Ok(identity) => {
                expansion.values.push(json!({ "package": request, "identity": identity }));
            }
            Err(trouble) => mistakes.push(trouble.at(origin.clone(), "needed here")),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

fn unknown(request: &str) -> Diagnostic {
    Diagnostic::error("no-packages", format!("nobody knows what the package `{request}` is here"))
        .help("depend on what picks the version, such as a lock file".to_owned())
}
