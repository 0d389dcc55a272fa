//! The page about a plugin, from its manifest, its schemas and its own pages.

use purlin_plugin::manifest::{Detail, Feature, Manifest, Parameter, Permissions, ValueKind};

use crate::markdown::{head, row};
use crate::schema_text::SchemaText;

/// The files of a plugin.
pub(crate) struct Files<'a> {
    /// The text of one of them.
    pub(crate) text_of: &'a dyn Fn(&str) -> Option<String>,
    /// The names of the pages in its `docs`, in the order in which they are shown.
    pub(crate) pages: Vec<String>,
}

/// The page as Markdown.
pub(crate) fn page(manifest: &Manifest, files: &Files<'_>) -> String {
    let mut text = format!("# {} {}\n", manifest.name, manifest.version);
    if !manifest.description.is_empty() {
        text.push_str(&format!("\n{}.\n", manifest.description.trim_end_matches('.')));
    }
    let runtime = manifest.runtime.as_ref().map(|runtime| runtime.kind.as_str());
    let runtime = runtime.unwrap_or("none, it is only files");
    let license = manifest.license.as_deref().unwrap_or("not said");
    text.push_str(&format!("\nLicence: {license}. Runtime: {runtime}.\n"));
    if let Some(config) = &manifest.config {
        text.push_str(&format!("\n## `[plugins.{}.config]`\n", manifest.name));
        text.push_str(&fields(files, &config.path));
    }
    for feature in &manifest.features {
        text.push_str(&about(feature, files));
    }
    text.push_str(&permissions(&manifest.permissions));
    for name in &files.pages {
        let path = format!("{}/{name}", manifest.docs.as_deref().unwrap_or_default());
        if let Some(page) = (files.text_of)(&path) {
            text.push_str(&format!("\n{}\n", lowered(page.trim())));
        }
    }
    text
}

fn about(feature: &Feature, files: &Files<'_>) -> String {
    let title = match &feature.detail {
        Detail::Subcommand { .. } => format!("`purlin {}`", feature.name),
        Detail::Argument { on, .. } => {
            let flags: Vec<String> =
                on.iter().map(|verb| format!("`purlin {verb} --{}`", feature.name)).collect();
            flags.join(", ")
        }
        _ => format!("{} `{}`", feature.point, feature.name),
    };
    let mut text = format!("\n## {title}\n");
    if !feature.about.is_empty() {
        text.push_str(&format!("\n{}.\n", feature.about.trim_end_matches('.')));
    }
    if let Some(instead) = &feature.deprecated {
        text.push_str(&format!("\nDeprecated: {instead}\n"));
    }
    match &feature.detail {
        Detail::Dependency { key: Some(key), .. } => {
            text.push_str(&format!("\n`{}:TEXT` in `deps` fills `{key}`.\n", feature.name));
        }
        Detail::Subcommand { args } if !args.is_empty() => {
            text.push_str(&format!("\n{}", head(&["argument", "type", "default", "meaning"])));
            args.iter().for_each(|argument| text.push_str(&parameter(argument)));
        }
        Detail::Argument { kind, values, edits, .. } => {
            let takes = match kind {
                ValueKind::Bool => "It takes no value.".to_owned(),
                kind => format!("It takes: {}.", takes(*kind, values)),
            };
            let edits: Vec<String> = edits.iter().map(|one| format!("`{one}`")).collect();
            let edits = edits.join(", ");
            text.push_str(&format!("\n{takes} Of the request it may change {edits}.\n"));
        }
        _ => {}
    }
    if let Some(schema) = &feature.schema {
        text.push_str(&fields(files, &schema.path));
    }
    text
}

fn parameter(parameter: &Parameter) -> String {
    let name = match (parameter.positional, parameter.many) {
        (true, true) => format!("`{}…`", parameter.name.to_uppercase()),
        (true, false) => format!("`{}`", parameter.name.to_uppercase()),
        (false, _) => format!("`--{}`", parameter.name),
    };
    let default = match &parameter.default {
        Some(default) => format!("`{default}`"),
        None if parameter.required => "required".to_owned(),
        None => String::new(),
    };
    let many = if parameter.many && !parameter.positional { ", more than once" } else { "" };
    let kind = format!("{}{many}", takes(parameter.kind, &parameter.values));
    row(&[&name, &kind, &default, &parameter.about])
}

/// What a value is, in words.
fn takes(kind: ValueKind, values: &[String]) -> String {
    match kind {
        ValueKind::String => "string".to_owned(),
        ValueKind::Bool => "switch".to_owned(),
        ValueKind::Int => "whole number".to_owned(),
        ValueKind::Path => "path".to_owned(),
        ValueKind::Package => "package".to_owned(),
        ValueKind::Target => "address in the workspace".to_owned(),
        ValueKind::Choice => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            values.join(" or ")
        }
    }
}

fn fields(files: &Files<'_>, path: &str) -> String {
    let schema = (files.text_of)(path).and_then(|text| SchemaText::parse(&text));
    let table = schema.map(|schema| schema.fields(schema.document())).unwrap_or_default();
    if table.is_empty() { String::new() } else { format!("\n{table}") }
}

fn permissions(permissions: &Permissions) -> String {
    let mut rows = String::new();
    for (kind, list) in [
        ("network", &permissions.network),
        ("run", &permissions.run),
        ("environment", &permissions.environment),
        ("read", &permissions.read),
        ("write", &permissions.write),
        ("secrets", &permissions.secrets),
    ] {
        if !list.is_empty() {
            let list: Vec<String> = list.iter().map(|one| format!("`{one}`")).collect();
            rows.push_str(&row(&[&format!("`{kind}`"), &list.join(", ")]));
        }
    }
    if rows.is_empty() {
        return "\n## Permissions\n\nIt asks for nothing.\n".to_owned();
    }
    format!("\n## Permissions\n\n{}{rows}", head(&["permission", "what it asks for"]))
}

/// A page inside another one: its headings go one step down. Lines of code are left alone.
fn lowered(page: &str) -> String {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let is_heading = !in_code && line.starts_with('#');
        lines.push(if is_heading { format!("#{line}") } else { line.to_owned() });
    }
    lines.join("\n")
}
