//! What a subcommand's arguments and a plugin's flags take.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Kind, Origin};

use super::feature::read_name;
use super::fields::{Fields, Text};
use super::{Parameter, Place, ValueKind};

const KINDS: [(&str, ValueKind); 7] = [
    ("string", ValueKind::String),
    ("bool", ValueKind::Bool),
    ("int", ValueKind::Int),
    ("path", ValueKind::Path),
    ("package", ValueKind::Package),
    ("target", ValueKind::Target),
    ("choice", ValueKind::Choice),
];

/// `type` (a string unless it is written) and the `values` of a choice.
pub(super) fn read_value_kind(fields: &mut Fields<'_>) -> (ValueKind, Vec<String>) {
    let kind = fields.choice("type", "bad-value", &KINDS).unwrap_or(ValueKind::String);
    let unreadable = kind == ValueKind::String && fields.value("type").is_some();
    let values = fields.texts("values");
    values.iter().for_each(|value| fields.require_plain("values", *value));
    let values: Vec<String> = values.into_iter().map(|value| value.text.to_owned()).collect();
    let written = fields.value("values");
    if kind == ValueKind::Choice && values.is_empty() {
        match written {
            None => fields.missing("values", "the list to choose from"),
            Some(value) => fields.report().error(
                "bad-value",
                format!("`values` in {} leaves nothing to choose", fields.title),
                (&value.origin, "at least one value is needed"),
                None,
            ),
        }
    }
    if let Some(value) = written.filter(|_| kind != ValueKind::Choice && !unreadable) {
        fields.report().error(
            "bad-value",
            format!("`values` in {} has no effect", fields.title),
            (&value.origin, "only a `choice` has values"),
            "write type = \"choice\"".to_owned(),
        );
    }
    (kind, values)
}

/// `args` of a subcommand.
pub(super) fn read_parameters(fields: &mut Fields<'_>) -> Vec<Parameter> {
    let Some(value) = fields.value("args") else { return Vec::new() };
    let Kind::List(items) = &value.kind else {
        fields.wrong_type("args", "a list of tables", value);
        return Vec::new();
    };
    let mut parameters: Vec<Parameter> = Vec::with_capacity(items.len());
    for item in items {
        let title = format!("an argument of {}", fields.title);
        if let Some(table) = Fields::new(fields.report(), title, &item.origin, item) {
            parameters.extend(read_parameter(table));
        }
    }
    check_together(fields, &value.origin, &parameters);
    parameters
}

fn read_parameter(mut table: Fields<'_>) -> Option<Parameter> {
    let report = table.report();
    let written = table.required_text("name");
    let name = written.and_then(|text| read_name(report, text, "an argument", false));
    let place = Place::of(written.map_or(table.origin, |text| text.origin));
    if table.value("kind").is_none() {
        table.missing("kind", "`positional` or `option`");
    }
    let positional = table.choice("kind", "bad-value", &[("positional", true), ("option", false)]);
    let (kind, values) = read_value_kind(&mut table);
    let many = table.bool("many").unwrap_or(false);
    let default = read_default(&mut table);
    let required = table.bool("required");
    let complain = |key: &'static str, summary: &str, label: &str, table: &mut Fields<'_>| {
        let origin = table.value(key).map_or(table.origin, |value| &value.origin);
        let summary = format!("`{key}` in {} {summary}", table.title);
        report.error("bad-value", summary, (origin, label), None);
    };
    if required == Some(true) && default.is_some() {
        complain("required", "contradicts `default`", "a default makes it optional", &mut table);
    }
    if kind == ValueKind::Bool && positional == Some(true) {
        complain("type", "cannot be `bool`", "a positional argument needs a text", &mut table);
    }
    if kind == ValueKind::Bool && many {
        complain("many", "has no effect on a `bool`", "it is there or it is not", &mut table);
    }
    if let Some(default) = &default {
        let wrong = match kind {
            ValueKind::Choice => !values.is_empty() && !values.contains(default),
            ValueKind::Int => default.parse::<i64>().is_err(),
            ValueKind::Bool => default.parse::<bool>().is_err(),
            _ => false,
        };
        if wrong {
            complain("default", "does not fit its type", "not a value of its type", &mut table);
        }
    }
    let about = table.owned_text("about").unwrap_or_default();
    table.finish();
    let positional = positional?;
    Some(Parameter {
        name: name?,
        positional,
        kind,
        values,
        many,
        required: required.unwrap_or(positional && default.is_none()),
        default,
        about,
        place,
    })
}

/// A default may be written as the value that it stands for.
fn read_default(table: &mut Fields<'_>) -> Option<String> {
    let value = table.value("default")?;
    match &value.kind {
        Kind::String(text) => {
            table.require_plain("default", Text { text, origin: &value.origin });
            Some(text.clone())
        }
        Kind::Int(number) => Some(number.to_string()),
        Kind::Bool(truth) => Some(truth.to_string()),
        _ => {
            table.wrong_type("default", "a string, an integer or a boolean", value);
            None
        }
    }
}

/// Arguments that are right alone and wrong together.
fn check_together(fields: &Fields<'_>, anywhere: &Origin, parameters: &[Parameter]) {
    let source = &anywhere.source;
    let mut names: BTreeMap<&str, &Parameter> = BTreeMap::new();
    for parameter in parameters {
        if let Some(first) = names.insert(&parameter.name, parameter) {
            fields.report().add(
                Diagnostic::error(
                    "duplicate-feature",
                    format!("{} has the argument `{}` twice", fields.title, parameter.name),
                )
                .label(parameter.place.origin(source), "again here")
                .label(first.place.origin(source), "first here"),
            );
        }
    }
    let mut positional = parameters.iter().filter(|parameter| parameter.positional).peekable();
    while let Some(parameter) = positional.next() {
        let Some(next) = positional.peek() else { break };
        let why = if parameter.many {
            "takes everything that follows"
        } else if !parameter.required && next.required {
            "may be left out"
        } else {
            continue;
        };
        fields.report().error(
            "bad-value",
            format!("the argument `{}` can never be told apart", next.name),
            (&next.place.origin(source), format!("`{}` in front of it {why}", parameter.name)),
            "make it an option, or change their order".to_owned(),
        );
    }
}
