//! What plugins return is held to what their manifests declare.

use purlin_model::Diagnostic;
use purlin_plugin::transform::Fragment;

use crate::catalogue::FeatureHead;
use crate::{Name, Phase, path_text};

/// Longer than any sensible path.
const LONGEST: usize = 64;

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
        let what = if path.len() > LONGEST { "too long" } else { "with an empty name" };
        let why = format!("made a fragment whose path is {what}: `{}`", short(path));
        return Err(wrong(why, "a path has at most 64 names"));
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

fn short(path: &[Name]) -> String {
    let shown = path_text(&path[..path.len().min(6)]);
    if path.len() > 6 { format!("{shown}.…") } else { shown }
}
