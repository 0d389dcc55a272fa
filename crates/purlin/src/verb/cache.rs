//! `purlin cache`

use std::process::ExitCode;

use purlin_commands::{time_text, user_store, workspace_store};
use purlin_model::Diagnostic;
use purlin_store::{Store, StoreError};
use serde_json::json;

use crate::context::Context;
use crate::draw;
use crate::failure::{Failure, Outcome};

/// Lists the results that are kept, the newest first.
pub(crate) fn list(context: &Context) -> Outcome {
    let mut rows = Vec::new();
    for (place, store) in stores(context) {
        for row in store.results().map_err(|error| trouble(&error))? {
            match row {
                Ok((key, result, bytes)) => rows.push((place, key, result, bytes)),
                Err(error) => {
                    let damaged = Diagnostic::warning("cache-damaged", "a kept result is damaged")
                        .detail(error.to_string());
                    draw::diagnostics(&context.global, &[damaged]);
                }
            }
        }
    }
    rows.sort_by_key(|(_, key, result, _)| (std::cmp::Reverse(result.created), *key));
    if context.global.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(place, key, result, bytes)| {
                json!({
                    "key": key,
                    "instance": result.instance,
                    "place": place,
                    "created": result.created,
                    "exit_code": result.exit_code,
                    "duration_ms": result.duration_ms,
                    "artifacts": result.tree.entries().len(),
                    "bytes": bytes,
                })
            })
            .collect();
        draw::json(&json!({ "results": list }));
        return Ok(ExitCode::SUCCESS);
    }
    for (_, key, result, bytes) in &rows {
        draw::out(format_args!(
            "{}  {}  {:>9}  {}{}\n",
            key.short(),
            time_text(result.created),
            size(*bytes),
            draw::harmless_line(&result.instance),
            if result.exit_code == Some(0) { "" } else { "  (failed)" },
        ));
    }
    if rows.is_empty() && !context.global.quiet {
        draw::out(format_args!("nothing is kept\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Drops all results, those of other workspaces too.
pub(crate) fn clear(context: &Context) -> Outcome {
    let (mut results, mut bytes) = (0, 0);
    for (_, store) in stores(context) {
        let cleared = store.clear().map_err(|error| trouble(&error))?;
        results += cleared.results;
        bytes += cleared.bytes;
    }
    if context.global.json {
        draw::json(&json!({ "results": results, "bytes": bytes }));
    } else if !context.global.quiet {
        let noun = if results == 1 { "result" } else { "results" };
        let size = size(bytes);
        draw::out(format_args!("dropped {results} {noun} of all workspaces, {size}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The user's store and, where there is one, the workspace's.
fn stores(context: &Context) -> Vec<(&'static str, Store)> {
    let mut stores = vec![("user", Store::open(user_store(&context.cache)))];
    if let Some(folder) =
        context.root.as_deref().map(workspace_store).filter(|folder| folder.is_dir())
    {
        stores.push(("workspace", Store::open(folder)));
    }
    stores
}

fn trouble(error: &StoreError) -> Failure {
    Failure::failed(
        Diagnostic::error("cache", "the cache cannot be used").detail(error.to_string()),
    )
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
