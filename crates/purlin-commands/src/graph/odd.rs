//! Artifacts that mean something else than they seem to.

use std::path::Path;

use purlin_model::Diagnostic;

use super::Graph;
use crate::definition::Named;

/// Artifacts that look like paths outside of the workspace, and exceptions to nothing, as warnings.
pub(super) fn odd_artifacts(graph: &Graph, root: &Path) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for instance in &graph.instances {
        let mut named = false;
        for (written, pattern) in instance.command.artifacts.iter().zip(&instance.action.artifacts)
        {
            if pattern.starts_with('!') {
                if !named {
                    warnings.push(takes_nothing_out(pattern, written));
                }
                continue;
            }
            named = true;
            if is_elsewhere(pattern, root) {
                warnings.push(elsewhere(pattern, written));
            }
        }
    }
    warnings
}

/// Whether a pattern seems to name a place outside of the workspace: below a folder of the system that
/// the workspace does not have, or below a home.
fn is_elsewhere(pattern: &str, root: &Path) -> bool {
    let first = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    match pattern.strip_prefix('/') {
        Some(path) => {
            let first = first(path);
            !first.is_empty()
                && Path::new("/").join(&first).exists()
                && root.join(&first).symlink_metadata().is_err()
        }
        None => {
            first(pattern).starts_with('~') && root.join(first(pattern)).symlink_metadata().is_err()
        }
    }
}

fn elsewhere(pattern: &str, written: &Named) -> Diagnostic {
    let inside = pattern.trim_start_matches('/');
    Diagnostic::warning("odd-artifact", format!("`{pattern}` is a path in the workspace"))
        .label(written.origin.clone(), "named among artifacts")
        .detail("Patterns are relative to the workspace's root; what is written elsewhere cannot be kept.")
        .help(format!("write `./{inside}` if that is what is meant, or have the command write below the root"))
}

fn takes_nothing_out(pattern: &str, written: &Named) -> Diagnostic {
    Diagnostic::warning("no-match", format!("`{pattern}` takes nothing out"))
        .label(written.origin.clone(), "there is no pattern in front of this one")
        .detail("A `!` takes files out of what patterns before it have named.")
        .help("name the files first: `[\"out/**\", \"!out/tmp\"]`".to_owned())
}
