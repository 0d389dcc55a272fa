//! JSON with an origin on every value: schema files, and what users give as JSON.

use std::sync::Arc;

use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ast};

use crate::{Diagnostic, Kind, Origin, Source, Table, Value};

/// Parses a JSON document strictly (no comments, no trailing commas).
///
/// # Errors
/// One diagnostic with the place of the first syntax error, or of a key written twice.
pub fn parse_json(source: &Arc<Source>) -> Result<Value, Diagnostic> {
    let text = source.text.as_deref().unwrap_or("");
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let syntax = |origin: Origin, message: String| {
        Diagnostic::error("json-syntax", "the file is not valid JSON").label(origin, message)
    };
    let parsed =
        jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &strict).map_err(|error| {
            let range = error.range();
            syntax(Origin::new(source, range.start..range.end), error.kind().to_string())
        })?;
    let value = parsed
        .value
        .ok_or_else(|| syntax(Origin::whole(source), "the file is empty".to_owned()))?;
    convert(&value, source)
}

fn convert(value: &ast::Value<'_>, source: &Arc<Source>) -> Result<Value, Diagnostic> {
    let range = value.range();
    let origin = Origin::new(source, range.start..range.end);
    let kind = match value {
        ast::Value::NullKeyword(_) => Kind::Null,
        ast::Value::BooleanLit(literal) => Kind::Bool(literal.value),
        ast::Value::StringLit(literal) => Kind::String(literal.value.to_string()),
        ast::Value::NumberLit(literal) => match literal.value.parse::<i64>() {
            Ok(whole) => Kind::Int(whole),
            Err(_) => Kind::Float(literal.value.parse().map_err(|_| {
                Diagnostic::error("json-syntax", "the file is not valid JSON")
                    .label(origin.clone(), "not a number")
            })?),
        },
        ast::Value::Array(array) => Kind::List(
            array.elements.iter().map(|item| convert(item, source)).collect::<Result<_, _>>()?,
        ),
        ast::Value::Object(object) => {
            let mut table = Table::default();
            for property in &object.properties {
                let range = property.name.range();
                let key = property.name.as_str();
                let key_origin = Origin::new(source, range.start..range.end);
                if let Some(first) = table.entry(key) {
                    return Err(Diagnostic::error(
                        "json-syntax",
                        format!("the key `{key}` is written twice"),
                    )
                    .label(key_origin, "again here")
                    .label(first.key.clone(), "first here"));
                }
                table.insert(key, key_origin, convert(&property.value, source)?);
            }
            Kind::Table(table)
        }
    };
    Ok(Value::new(kind, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_values_have_places() {
        let source = Source::new(
            "s.json",
            "{\n  \"a\": [1, null, -2.5e1],\n  \"b\": {\"c\": \"\\u00e9\"}\n}",
        );
        let value = parse_json(&source).expect("it is valid");
        assert_eq!(value.to_json(), serde_json::json!({"a": [1, null, -25.0], "b": {"c": "é"}}));
        let c = value.get("b").and_then(|b| b.get("c")).expect("c");
        assert_eq!((c.origin.line, c.origin.column), (3, 14));
    }

    #[test]
    fn mistakes_are_diagnostics_with_a_place() {
        for (text, line) in
            [("{\"a\": 1,}", 1), ("{\n\"a\": // no\n1}", 2), ("", 1), ("{\"a\":1,\n\"a\":2}", 2)]
        {
            let error = parse_json(&Source::new("s.json", text)).expect_err(text);
            assert_eq!(error.labels[0].origin.line, line, "{text}");
        }
    }
}
