//! Requests for packages, which have nobody yet to resolve them: refused by name, because a result that
//! does not depend on what it should is stale one day.

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::Expansion;

/// The dependency type that is kept free for them.
const TYPE: &str = "package";

/// Refuses the type of this name, which no plugin provides, where it is the one that is kept free.
pub(super) fn reserved(name: &str, origin: &Origin) -> Option<Diagnostic> {
    (name == TYPE).then(|| refused("the dependency type `package`", origin, "needed here"))
}

/// Refuses an answer that requests packages.
pub(crate) fn packages_refused(
    expansion: &Expansion,
    origin: &Origin,
) -> Result<(), Vec<Diagnostic>> {
    let Some(package) = expansion.packages.first() else { return Ok(()) };
    Err(vec![refused(
        &format!("a request for the package `{package}`"),
        origin,
        "this asks for one",
    )])
}

fn refused(what: &str, origin: &Origin, label: &str) -> Diagnostic {
    Diagnostic::error("not-built-yet", format!("{what} is not supported by this version of Purlin"))
        .label(origin.clone(), label)
        .detail("Nothing resolves packages yet, so nothing could tell which version is meant.")
        .help("depend on what picks the version, such as a lock file".to_owned())
}
