//! Events as `run --json` has them.

use purlin_commands::Event;
use purlin_model::Diagnostic;
use serde_json::json;

/// An event as `--json` has it; `since` tells of an instance the run that it is compared with.
pub(super) fn document<'s>(
    event: &Event,
    since: impl Fn(&str) -> Option<&'s str>,
) -> Option<serde_json::Value> {
    Some(match event {
        Event::Queued { id } => json!({ "event": "queued", "id": id }),
        Event::Started { id, reason } => {
            json!({ "event": "started", "id": id, "why": reason, "since": since(id) })
        }
        Event::Output { id, stream, bytes } => json!({
            "event": "output",
            "id": id,
            "stream": stream,
            "text": String::from_utf8_lossy(bytes),
        }),
        Event::Cached { id, key, restored } => json!({
            "event": "cached",
            "id": id,
            "key": key,
            "restored": restored,
            "why": match restored {
                false => "nothing that it depends on has changed",
                true => "its result is kept from an earlier run",
            },
        }),
        Event::Finished { id, key, duration, .. } => json!({
            "event": "finished",
            "id": id,
            "key": key,
            "seconds": duration.as_secs_f64(),
        }),
        Event::Failed { id, how, exit, cached, duration, diagnostics, .. } => json!({
            "event": "failed",
            "id": id,
            "how": how,
            "exit_code": exit.as_ref().and_then(|exit| exit.code),
            "signal": exit.as_ref().and_then(|exit| exit.signal),
            "cached": cached,
            "seconds": duration.as_secs_f64(),
            "diagnostics": diagnostics.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
        }),
        Event::Skipped { id, because } => json!({ "event": "skipped", "id": id, "why": because }),
        Event::Waiting(summary) => json!({
            "event": "waiting",
            "done": summary.done,
            "cached": summary.cached,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "seconds": summary.duration.as_secs_f64(),
        }),
        Event::Changed { paths, count } => {
            json!({ "event": "changed", "paths": paths, "count": count })
        }
        Event::TakesTerminal { .. } | Event::Compared { .. } | Event::Notice(_) => return None,
    })
}
