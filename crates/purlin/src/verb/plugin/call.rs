//! `purlin plugin call`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use purlin_host::{FeatureRef, Plugins};
use purlin_model::{Diagnostic, Kind, Origin, Source, Value, parse_json, suggestion};
use purlin_plugin::{PluginSet, Point, RuntimeKind};
use purlin_process::{CallError, Cause, Process};
use serde_json::{Map, Value as Json, json};

mod evaluated;

use super::author::{Author, Place};
use crate::arguments::Global;
use crate::console::{self, Terminal};
use crate::failure::{Failure, Outcome};
use crate::verb::plugin::folder;
use crate::{context, draw, environment, workspace};

/// The functions that can be called.
const FUNCTIONS: [(&str, Point); 12] = [
    ("dependency/expand", Point::Dependency),
    ("environment/describe", Point::Environment),
    ("cache/open", Point::Cache),
    ("cache/contains", Point::Cache),
    ("cache/fetch", Point::Cache),
    ("cache/put", Point::Cache),
    ("subcommand/run", Point::Subcommand),
    ("subcommand/complete", Point::Subcommand),
    ("argument/apply", Point::Argument),
    ("argument/complete", Point::Argument),
    ("hook/event", Point::Hook),
    ("importer/load", Point::Importer),
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
    let mut params = object(params)?;
    let author = Author::find(&folder(global, Some(given))?)?;
    let directory = context::directory(global)?;
    let root = workspace::find(&directory)?.map_or_else(|| directory.clone(), |found| found.root);
    let terminal = Arc::new(Terminal::default());
    terminal.show_progress(global);
    let place =
        Place { root: root.clone(), cache: environment::cache_folder(), console: terminal.clone() };
    let plugins = author.plugins(&place, bundled)?;
    let features = author.features(&plugins)?;
    let feature = choose(&features, point, &mut params)?;
    complete(&plugins, feature, method, &mut params, &root, &directory)?;
    let answer = if feature.runtime == Some(RuntimeKind::Starlark) {
        evaluated::call(&plugins, feature, method, params)?
    } else {
        let process = plugins.process(feature)?;
        call(&process, method, params).map_err(|error| failure(&error))
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

/// Functions of an open cache open it first.
fn call(process: &Process, method: &str, mut params: Map<String, Json>) -> Result<Json, CallError> {
    let needs_handle = method.starts_with("cache/") && method != "cache/open";
    if needs_handle && !params.contains_key("handle") {
        let mut open = Map::new();
        for field in ["feature", "name", "config"] {
            open.extend(params.remove(field).map(|value| (field.to_owned(), value)));
        }
        let opened = process.call("cache/open", &Json::Object(open))?;
        params.insert("handle".to_owned(), opened["handle"].clone());
    }
    process.call(method, &Json::Object(params))
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

/// The parameters that were written.
fn object(text: Option<&str>) -> Result<Map<String, Json>, Failure> {
    let Some(text) = text else { return Ok(Map::new()) };
    let source = Source::new("<parameters>", text);
    let value = parse_json(&source)?;
    match (&value.kind, value.to_json()) {
        (Kind::Table(_), Json::Object(fields)) => Ok(fields),
        _ => Err(Diagnostic::error("bad-parameters", "parameters are an object")
            .label(value.origin.clone(), format!("this is {}", value.described()))
            .into()),
    }
}

/// The feature that is meant: the one that is named, or the only one of the point.
fn choose<'a>(
    features: &'a [FeatureRef],
    point: Point,
    params: &mut Map<String, Json>,
) -> Result<&'a FeatureRef, Failure> {
    let key = match point {
        Point::Cache | Point::Environment => "feature",
        _ => "name",
    };
    let all: Vec<&FeatureRef> = features.iter().filter(|one| one.point() == point).collect();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let found = match params.get(key).and_then(Json::as_str) {
        Some(name) => all.iter().find(|one| one.name == name).copied().ok_or_else(|| {
            Diagnostic::error("unknown-feature", format!("the plugin has no {point}/{name}"))
                .help(suggestion(name, "features", names.iter().copied()))
        })?,
        None => match all.as_slice() {
            [one] => *one,
            [] => {
                let summary = format!("the plugin has nothing at the point `{point}`");
                return Err(Diagnostic::error("unknown-feature", summary).into());
            }
            _ => {
                let summary = format!("the plugin has several features at the point `{point}`");
                return Err(Diagnostic::error("unknown-feature", summary)
                    .help(format!("say `\"{key}\"`: one of {}", names.join(", ")))
                    .into());
            }
        },
    };
    params.insert(key.to_owned(), Json::from(found.name.as_str()));
    Ok(found)
}

/// What the host would add: the defaults of the schema, and the surroundings.
fn complete(
    plugins: &Plugins,
    feature: &FeatureRef,
    method: &str,
    params: &mut Map<String, Json>,
    root: &Path,
    directory: &Path,
) -> Result<(), Failure> {
    let point = feature.point();
    let field = if point == Point::Importer { "options" } else { "config" };
    if matches!(point, Point::Dependency | Point::Environment | Point::Cache | Point::Importer) {
        let config = params.remove(field).unwrap_or_else(|| json!({}));
        let config = match plugins.schema(feature)? {
            Some(schema) => {
                let origin = Origin::whole(&Source::new("<parameters>", config.to_string()));
                let checked = schema.validate(&Value::from_json(&config, &origin));
                checked.value.ok_or(checked.diagnostics)?.to_json()
            }
            None => config,
        };
        params.insert(field.to_owned(), config);
    }
    let root = root.to_string_lossy();
    let directory = directory.to_string_lossy();
    let context = match (method, point) {
        ("dependency/expand", _) => {
            json!({ "root": root, "space": null, "module": null, "context": {}, "site_packages": null, "section": null })
        }
        ("environment/describe", _) => {
            let variables = plugins.granted_variables(feature)?;
            json!({ "root": root, "space": null, "context": {}, "variables": variables })
        }
        ("subcommand/run", _) => json!({ "root": root, "directory": directory, "json": false }),
        _ => Json::Null,
    };
    let missing = match method {
        "cache/open" | "cache/contains" | "cache/fetch" | "cache/put" => {
            vec![("name", json!("call"))]
        }
        "dependency/expand" => vec![("context", context)],
        "environment/describe" => vec![("name", json!("default")), ("context", context)],
        "subcommand/run" => vec![("args", json!({})), ("context", context)],
        "subcommand/complete" => vec![("argument", json!("")), ("prefix", json!(""))],
        "argument/complete" => vec![("prefix", json!(""))],
        "importer/load" => vec![("sources", json!([]))],
        "argument/apply" => vec![
            ("value", json!(true)),
            ("command", json!("run")),
            ("stage", json!("parsed")),
            ("request", json!({})),
        ],
        _ => vec![("payload", json!({}))],
    };
    for (name, value) in missing {
        params.entry(name).or_insert(value);
    }
    Ok(())
}
