//! `purlin plugin check`

use std::process::ExitCode;

use purlin_model::{Diagnostic, Severity};
use purlin_test::lint::lint;
use serde_json::json;

use crate::arguments::Global;
use crate::draw;
use crate::failure::{FAILED, Outcome};
use crate::verb::plugin::folder;

/// Looks at a plugin's folder without running anything of it.
pub(crate) fn perform(global: &Global, given: Option<&std::path::Path>) -> Outcome {
    let linted = lint(&folder(global, given)?);
    let name = linted.manifest.as_ref().map(|manifest| manifest.name.as_str());
    let version = linted.manifest.as_ref().map(|manifest| manifest.version.to_string());
    let count = |severity| linted.diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if global.json {
        let list: Vec<_> = linted.diagnostics.iter().map(Diagnostic::to_json).collect();
        draw::json(&json!({ "plugin": name, "version": version, "diagnostics": list }));
    } else {
        draw::diagnostics(global, &linted.diagnostics);
        if errors == 0 && !global.quiet {
            let name = name.unwrap_or_default();
            let version = version.unwrap_or_default();
            let noun = if warnings == 1 { "warning" } else { "warnings" };
            draw::out(format_args!("{name} {version}: no mistakes, {warnings} {noun}\n"));
        }
    }
    Ok(if errors > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}
