//! `purlin plugin lock`

use std::process::ExitCode;

use purlin_host::{LOCK_FILE, PinChange, PinChangeKind, Pinning};
use serde_json::json;

use crate::context::{Context, pinned};
use crate::draw;
use crate::failure::Outcome;

/// Pins plugins as they are now, whatever was pinned before.
pub(crate) fn perform(context: &Context, names: &[String]) -> Outcome {
    context.root()?;
    let how = if context.global.locked { Pinning::Locked } else { Pinning::Renew(names) };
    let changes = context.plugins.pin(how)?;
    if context.global.json {
        let list: Vec<_> = changes.iter().map(document).collect();
        draw::json(&json!({ "changes": list }));
    } else if changes.is_empty() {
        if !context.global.quiet {
            draw::out(format_args!("{LOCK_FILE} is as it should be\n"));
        }
    } else {
        draw::diagnostics(&context.global, &[pinned(&changes)]);
    }
    Ok(ExitCode::SUCCESS)
}

fn document(change: &PinChange) -> serde_json::Value {
    let kind = match change.kind {
        PinChangeKind::Added => "added",
        PinChangeKind::Changed => "changed",
        PinChangeKind::Removed => "removed",
    };
    json!({ "plugin": change.plugin, "kind": kind, "what": change.what })
}
