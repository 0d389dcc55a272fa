//! `purlin plugin call`

mod evaluated;
mod files;
mod params;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use purlin_model::{Diagnostic, suggestion};
use purlin_plugin::{PluginSet, Point, RuntimeKind};
use purlin_process::{CallError, Cause, Process};
use serde_json::{Map, Value as Json, json};

use super::author::{Author, Place};
use crate::arguments::Global;
use crate::console::{self, Terminal};
use crate::failure::Outcome;
use crate::verb::plugin::folder;
use crate::{context, draw, environment, workspace};

use files::Files;

/// The functions that can be called.
const FUNCTIONS: [(&str, Point); 19] = [
    ("dependency/expand", Point::Dependency),
    ("environment/describe", Point::Environment),
    ("builder/plan", Point::Builder),
    ("cache/open", Point::Cache),
    ("cache/contains", Point::Cache),
    ("cache/fetch", Point::Cache),
    ("cache/put", Point::Cache),
    ("repository/families", Point::Repository),
    ("repository/versions", Point::Repository),
    ("repository/packages", Point::Repository),
    ("repository/fetch", Point::Repository),
    ("subcommand/run", Point::Subcommand),
    ("subcommand/complete", Point::Subcommand),
    ("argument/apply", Point::Argument),
    ("argument/complete", Point::Argument),
    ("hook/event", Point::Hook),
    ("importer/load", Point::Importer),
    ("transform/extend", Point::Transform),
    ("transform/outputs", Point::Transform),
];

/// Calls one function of a plugin, and prints what comes back.
pub(crate) fn perform(
    global: &Global,
    bundled: &PluginSet,
    given: &Path,
    function: &str,
    params: Option<&str>,
) -> Outcome {
    let Some((method, point)) = FUNCTIONS.into_iter().find(|(name, _)| *name == function) else {
        let names = FUNCTIONS.iter().map(|(name, _)| *name);
        return Err(Diagnostic::error(
            "unknown-function",
            format!("no extension point has a function `{function}`"),
        )
        .help(suggestion(function, "functions", names))
        .into());
    };
    let mut params = params::object(params)?;
    let author = Author::find(&folder(global, Some(given))?)?;
    let directory = context::directory(global)?;
    let root = workspace::find(&directory)?.map_or_else(|| directory.clone(), |found| found.root);
    let terminal = Arc::new(Terminal::default());
    terminal.show_progress(global);
    let place =
        Place { root: root.clone(), cache: environment::cache_folder(), console: terminal.clone() };
    let plugins = author.plugins(&place, bundled)?;
    let features = author.features(&plugins)?;
    let feature = params::choose(&features, point, &mut params)?;
    params::complete(&plugins, feature, method, &mut params, &root, &directory)?;
    let answer = if feature.runtime == Some(RuntimeKind::Starlark) {
        evaluated::call(&plugins, feature, method, params)?
    } else {
        let files = Files::of(method, &params, &directory)?;
        let process = plugins.process(feature)?;
        call(&process, method, params, files.as_ref()).map_err(|error| failure(&error))
    };
    plugins.end();
    terminal.end_progress();
    // Whoever debugs a plugin wants all that it says.
    let all = Global { verbose: 2, ..global.clone() };
    console::log(&all, plugins.take_log());
    let answer = answer?;
    let text = serde_json::to_string_pretty(&answer).unwrap_or_else(|_| answer.to_string());
    draw::json_text(&text);
    Ok(ExitCode::SUCCESS)
}

/// Functions of an open cache open it first, and files change hands as they do in a run.
fn call(
    process: &Process,
    method: &str,
    mut params: Map<String, Json>,
    files: Option<&Files>,
) -> Result<Json, CallError> {
    if method == "repository/fetch" {
        return process.call_with_folder(method, params);
    }
    let needs_handle = method.starts_with("cache/") && method != "cache/open";
    if needs_handle && !params.contains_key("handle") {
        let mut open = Map::new();
        for field in ["feature", "name", "config"] {
            open.extend(params.remove(field).map(|value| (field.to_owned(), value)));
        }
        let opened = process.call("cache/open", &Json::Object(open))?;
        params.insert("handle".to_owned(), opened["handle"].clone());
    }
    match files {
        Some(Files { items, folder }) => process.call_with_files(method, params, items, folder),
        None => process.call(method, &Json::Object(params)),
    }
}

/// How a call failed, with what only authors care for.
fn failure(error: &CallError) -> Diagnostic {
    let mut diagnostic = error.diagnostic();
    if let Cause::Reported(reported) = &error.cause {
        let code = json!(reported.code);
        let code = code.as_str().unwrap_or_default();
        let path = reported.path.as_deref().map(|path| format!(" at `{path}`")).unwrap_or_default();
        diagnostic.detail = format!("{code}{path}: {}", diagnostic.detail);
    }
    diagnostic
}
