//! The parameters of a call: what was written, and what the host would add to it.

use std::path::Path;

use purlin_host::{FeatureRef, Plugins};
use purlin_model::{Diagnostic, Kind, Origin, Source, Value, parse_json, suggestion};
use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, Parameter, ValueKind};
use serde_json::{Map, Value as Json, json};

use crate::failure::Failure;
use crate::grammar;

/// The parameters that were written.
pub(super) fn object(text: Option<&str>) -> Result<Map<String, Json>, Failure> {
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
pub(super) fn choose<'a>(
    features: &'a [FeatureRef],
    point: Point,
    params: &mut Map<String, Json>,
) -> Result<&'a FeatureRef, Failure> {
    let key = match point {
        Point::Cache | Point::Environment | Point::Repository => "feature",
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

/// Adds what the host would: the defaults of schemas and arguments, and the surroundings.
pub(super) fn complete(
    plugins: &Plugins,
    feature: &FeatureRef,
    method: &str,
    params: &mut Map<String, Json>,
    root: &Path,
    directory: &Path,
) -> Result<(), Failure> {
    let point = feature.point();
    let has_options = matches!(point, Point::Importer | Point::Transform);
    let field = if has_options { "options" } else { "config" };
    let is_configured =
        matches!(point, Point::Dependency | Point::Environment | Point::Cache | Point::Repository);
    if has_options || is_configured {
        let config = params.remove(field).unwrap_or_else(|| json!({}));
        params.insert(field.to_owned(), configured(plugins, feature, config)?);
    }
    if point == Point::Builder {
        let leaf = package(plugins, feature, params.remove("leaf"))?;
        params.insert("leaf".to_owned(), leaf);
    }
    let root = root.to_string_lossy();
    let context = match (method, point) {
        ("dependency/expand", _) => {
            json!({ "root": root, "space": null, "module": null, "context": {}, "site_packages": null, "section": null })
        }
        ("environment/describe", _) => {
            let variables = plugins.granted_variables(feature)?;
            json!({ "root": root, "space": null, "context": {}, "variables": variables })
        }
        ("subcommand/run", _) => {
            json!({ "root": root, "directory": directory.to_string_lossy(), "json": false })
        }
        _ => Json::Null,
    };
    let missing = match method {
        "cache/open" | "cache/contains" | "cache/fetch" | "cache/put" => {
            vec![("name", json!("call"))]
        }
        "dependency/expand" => vec![("context", context)],
        "environment/describe" => vec![("name", json!("default")), ("context", context)],
        "builder/plan" => {
            vec![("context", json!({ "name": "call", "system": purlin_commands::system() }))]
        }
        "transform/extend" | "transform/outputs" => {
            vec![("systems", json!([purlin_commands::system()])), ("definitions", json!({}))]
        }
        "repository/families"
        | "repository/versions"
        | "repository/packages"
        | "repository/fetch" => {
            let variables = plugins.granted_variables(feature)?;
            let context = json!({ "name": "call", "root": root, "variables": variables });
            vec![
                ("context", context),
                ("names", json!([])),
                ("versions", json!([])),
                ("variant", json!({})),
                ("dir", json!(directory)),
            ]
        }
        "subcommand/run" => vec![("args", json!({})), ("context", context)],
        "subcommand/complete" => vec![("argument", json!("")), ("prefix", json!(""))],
        "argument/complete" => vec![("prefix", json!(""))],
        "importer/load" => vec![("sources", json!([]))],
        "argument/apply" => vec![
            ("command", json!("run")),
            ("stage", json!(grammar::stage(feature))),
            ("request", json!({})),
        ],
        _ => vec![("payload", json!({}))],
    };
    for (name, value) in missing {
        params.entry(name).or_insert(value);
    }
    match method {
        "subcommand/run" => {
            if let Some(Json::Object(args)) = params.get_mut("args") {
                fill(args, grammar::parameters(feature), directory);
            }
        }
        "argument/apply" => flag(feature, params, directory)?,
        _ => {}
    }
    Ok(())
}

/// A package with the defaults of its builder.
fn package(plugins: &Plugins, feature: &FeatureRef, leaf: Option<Json>) -> Result<Json, Failure> {
    let Some(Json::Object(mut leaf)) = leaf.or_else(|| Some(json!({}))) else {
        let summary = "the parameter `leaf` is no object";
        return Err(Diagnostic::error("bad-parameters", summary).into());
    };
    let options = leaf.remove("builder").unwrap_or_else(|| json!({}));
    leaf.insert("builder".to_owned(), configured(plugins, feature, options)?);
    Ok(Json::Object(leaf))
}

/// What a feature is configured with, with the defaults of its schema.
fn configured(plugins: &Plugins, feature: &FeatureRef, config: Json) -> Result<Json, Failure> {
    let Some(schema) = plugins.schema(feature)? else { return Ok(config) };
    let origin = Origin::whole(&Source::new("<parameters>", config.to_string()));
    let checked = schema.validate(&Value::from_json(&config, &origin));
    Ok(checked.value.ok_or(checked.diagnostics)?.to_json())
}

/// Makes `args` what a command line with these values would make of them. Whether a required one
/// is there is for the author to try.
fn fill(args: &mut Map<String, Json>, parameters: &[Parameter], directory: &Path) {
    for parameter in parameters {
        let key = parameter.key();
        if let Some(given) = args.get_mut(&key) {
            if parameter.kind == ValueKind::Path {
                absolute(given, directory);
            }
            continue;
        }
        let Some(mut value) = default(parameter) else { continue };
        if parameter.kind == ValueKind::Path {
            absolute(&mut value, directory);
        }
        args.insert(key, if parameter.many { Json::from(vec![value]) } else { value });
    }
}

/// What is there when nothing is given.
fn default(parameter: &Parameter) -> Option<Json> {
    let text = parameter.default.as_deref();
    match parameter.kind {
        ValueKind::Bool => Some(Json::from(text == Some("true"))),
        // The manifest was checked: an `int` has a number.
        ValueKind::Int => Some(Json::from(text?.parse::<i64>().ok()?)),
        _ => Some(Json::from(text?)),
    }
}

/// The value of a flag, which is there whenever it is applied.
fn flag(
    feature: &FeatureRef,
    params: &mut Map<String, Json>,
    directory: &Path,
) -> Result<(), Failure> {
    let Detail::Argument { kind, .. } = feature.detail() else { return Ok(()) };
    match (params.get_mut("value"), kind) {
        (Some(value), ValueKind::Path) => absolute(value, directory),
        (Some(_), _) => {}
        (None, ValueKind::Bool) => {
            params.insert("value".to_owned(), Json::from(true));
        }
        (None, _) => {
            let summary = format!("the flag `--{}` takes a value", feature.name);
            return Err(Diagnostic::error("bad-parameters", summary)
                .help("say it as `\"value\"`".to_owned())
                .into());
        }
    }
    Ok(())
}

/// A plugin runs in a folder of its own, so it gets absolute paths.
fn absolute(value: &mut Json, directory: &Path) {
    match value {
        Json::String(text) => *text = directory.join(&*text).to_string_lossy().into_owned(),
        Json::Array(values) => values.iter_mut().for_each(|one| absolute(one, directory)),
        _ => {}
    }
}
