//! What plugins return is held to what their manifests declare.

use purlin_model::Diagnostic;
use purlin_plugin::transform::Fragment;

use crate::catalogue::{Catalogue, FeatureHead};
use crate::{Name, Phase, path_text};

/// Longer than any sensible path.
const LONGEST: usize = 64;

/// The code of a path that is too long.
pub(crate) const LONG_PATH: &str = "long-path";

/// Checks where a fragment belongs.
///
/// # Errors
/// Its path is none, or leads to where the manifest does not say that the plugin writes.
pub(crate) fn checked(
    fragment: &Fragment,
    head: &FeatureHead,
    phase: Phase,
    declares: impl Fn(&str) -> bool,
) -> Result<(), Diagnostic> {
    let path = &fragment.path;
    let wrong = |why: String, help: &str| {
        let summary = format!("`{}` of the plugin `{}` {why}", head.name, head.plugin);
        Diagnostic::error("bad-fragment", summary)
            .label(head.origin.clone(), "declared here")
            .help(help.to_owned())
    };
    let Some(root) = path.first() else {
        let help = "a fragment's path begins with its section or output";
        return Err(wrong("made a fragment without a path".to_owned(), help));
    };
    if path.len() > LONGEST || path.iter().any(|name| name.is_empty()) {
        let is_long = path.len() > LONGEST;
        let what = if is_long { "too long" } else { "with an empty name" };
        let why = format!("made a fragment whose path is {what}: `{}`", short(path));
        let mut diagnostic = wrong(why, "a path has at most 64 names");
        if is_long {
            LONG_PATH.clone_into(&mut diagnostic.code);
        }
        return Err(diagnostic);
    }
    if declares(root) {
        return Ok(());
    }
    let (what, field) = match phase {
        Phase::Extend => ("extended", "extends"),
        Phase::Outputs => ("made", "outputs"),
    };
    let why = format!("{what} `{}`, which its manifest does not declare", short(path));
    Err(wrong(why, &format!("its manifest says in `{field}` what it may do")))
}

/// Checks for what system a fragment is.
///
/// # Errors
/// It is for something that is none, so that nobody would ever see it.
pub(crate) fn of_system(
    catalogue: &Catalogue,
    fragment: &Fragment,
    head: &FeatureHead,
) -> Result<(), Diagnostic> {
    let Some(system) = fragment.system.as_ref().filter(|one| !catalogue.is_system(one)) else {
        return Ok(());
    };
    let (name, plugin, shown) = (&head.name, &head.plugin, short(&fragment.path));
    let summary =
        format!("`{name}` of the plugin `{plugin}` made `{shown}` for a system that is none");
    Err(Diagnostic::error("bad-fragment", summary)
        .label(head.origin.clone(), "declared here")
        .detail(format!("It says `{system}`."))
        .help("systems are called like `x86_64-linux`".to_owned()))
}

/// Whether the path of a fragment says the system that it is for.
///
/// # Errors
/// It says another one.
pub(crate) fn says_system(
    catalogue: &Catalogue,
    fragment: &Fragment,
    head: &FeatureHead,
) -> Result<bool, Diagnostic> {
    let (Some(system), Some(name)) = (&fragment.system, fragment.path.get(1)) else {
        return Ok(false);
    };
    if name == system || !catalogue.is_system(name) {
        return Ok(name == system);
    }
    let why = format!("made `{}` for the system {system}", short(&fragment.path));
    let summary = format!("`{}` of the plugin `{}` {why}", head.name, head.plugin);
    Err(Diagnostic::error("bad-fragment", summary)
        .label(head.origin.clone(), "declared here")
        .detail(format!("The path says {name}."))
        .help("leave `system` out, or let it say what the path says".to_owned()))
}

fn short(path: &[Name]) -> String {
    let shown = path_text(&path[..path.len().min(6)]);
    if path.len() > 6 { format!("{shown}.…") } else { shown }
}
