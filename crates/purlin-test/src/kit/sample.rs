//! A configuration made from a schema.

use purlin_model::Value;
use purlin_plugin::{JsonType, Property, Schema};
use serde_json::{Map, Value as Json, json};

use super::cases::nowhere;

/// What a schema's examples and defaults make, if that fits it. Without a schema there is nothing
/// to configure.
pub(super) fn sample(schema: Option<&Schema>) -> Option<Json> {
    let Some(schema) = schema else { return Some(json!({})) };
    let config = table(&schema.properties());
    schema.validate(&Value::from_json(&config, &nowhere())).value.map(|value| value.to_json())
}

fn table(properties: &[Property<'_>]) -> Json {
    let needed = properties.iter().filter(|one| one.required || !one.examples().is_empty());
    let fields: Map<String, Json> =
        needed.map(|property| (property.name.to_owned(), one(property))).collect();
    Json::Object(fields)
}

fn one(property: &Property<'_>) -> Json {
    let said = property.examples().first().or(property.default());
    if let Some(value) = said.or_else(|| property.values().and_then(<[Value]>::first)) {
        return value.to_json();
    }
    match property.types().first() {
        Some(JsonType::Boolean) => json!(false),
        Some(JsonType::Integer | JsonType::Number) => json!(1),
        Some(JsonType::String) => json!("example"),
        Some(JsonType::Array) => json!([]),
        Some(JsonType::Object) => table(&property.properties()),
        Some(JsonType::Null) | None => Json::Null,
    }
}
