//! Values of definitions as JSON and as text. Of what is inside a value, leaves are told by their type,
//! name and version, so that a package is not shown with everything that it is made of.

use purlin_model::to_snake;
use purlin_plugin::language::{Argument, Datum, Handle, LeafType};
use serde_json::{Map, Value as Json};

/// The key that tells what a value is that JSON has no word for.
pub(crate) const TYPE: &str = "$type";

/// What is told of a leaf inside another value.
const TOLD: [&str; 2] = ["name", "version"];

/// A value as `show --json` prints it.
pub(crate) fn to_json(value: &Argument) -> Json {
    match value {
        Argument::Value(handle) => whole(handle),
        Argument::Data(data) => data.to_json(),
        Argument::Leaf(written) => {
            let fields = written.fields.to_json();
            typed(&written.leaf, fields.as_object().cloned().unwrap_or_default())
        }
        Argument::Constructor(leaf) => {
            serde_json::json!({ TYPE: "constructor", "name": leaf.constructor })
        }
        Argument::Namespace(names) => {
            serde_json::json!({ TYPE: "names", "names": names.names() })
        }
    }
}

/// A value of the language: of a leaf all fields.
fn whole(handle: &Handle) -> Json {
    let (Some(leaf), Some(Datum::Table(fields))) = (handle.leaf(), handle.fields()) else {
        return datum(&handle.datum());
    };
    let fields = fields.iter().map(|(key, value)| (key.clone(), datum(value))).collect();
    let mut json = typed(&leaf, fields);
    let stands_for = |one: &Handle| one.placeholder().map(|text| (text, brief(&inner(one))));
    let mentions: Vec<(String, String)> = handle.mentions().iter().filter_map(stands_for).collect();
    if !mentions.is_empty() {
        name_leaves(&mut json, &mentions);
    }
    json
}

fn datum(value: &Datum) -> Json {
    match value {
        Datum::Null => Json::Null,
        Datum::Bool(value) => (*value).into(),
        Datum::Int(value) => (*value).into(),
        Datum::Float(value) => (*value).into(),
        Datum::String(text) => text.as_str().into(),
        Datum::List(items) => items.iter().map(datum).collect(),
        Datum::Table(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), datum(value)));
            Json::Object(entries.collect())
        }
        Datum::Leaf(handle) => inner(handle),
        Datum::Function(_) => serde_json::json!({ TYPE: "function" }),
    }
}

/// A leaf inside another value.
fn inner(handle: &Handle) -> Json {
    let mut told = Map::new();
    if let Some(leaf) = handle.leaf() {
        told.insert(TYPE.to_owned(), leaf.name.as_str().into());
    }
    if let Some(Datum::Table(fields)) = handle.fields() {
        let fields = fields.iter().filter(|(key, _)| TOLD.contains(&key.as_str()));
        told.extend(fields.map(|(key, value)| (key.clone(), datum(value))));
    }
    Json::Object(told)
}

/// The fields of a leaf with its type. Declared names are in snake_case in JSON.
fn typed(leaf: &LeafType, fields: Map<String, Json>) -> Json {
    let mut json = Map::new();
    json.insert(TYPE.to_owned(), leaf.name.as_str().into());
    json.extend(fields.into_iter().map(|(key, value)| (to_snake(&key), value)));
    Json::Object(json)
}

/// Puts what a leaf is called for the texts that stand for leaves in strings.
fn name_leaves(json: &mut Json, mentions: &[(String, String)]) {
    match json {
        Json::String(text) => {
            for (placeholder, name) in mentions {
                if text.contains(placeholder) {
                    *text = text.replace(placeholder, name);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| name_leaves(item, mentions)),
        Json::Object(entries) => {
            entries.values_mut().for_each(|value| name_leaves(value, mentions));
        }
        _ => {}
    }
}

/// A value of `show --json` for people.
pub(crate) fn to_text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Object(entries) if entries.contains_key(TYPE) => {
            let rest: Vec<(&String, &Json)> =
                entries.iter().filter(|(key, _)| *key != TYPE).collect();
            let wide = rest.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
            let mut text = type_of(json).to_owned();
            for (key, value) in rest {
                text.push_str(&format!("\n  {key:wide$} = {}", brief(value)));
            }
            text
        }
        Json::Object(_) | Json::Array(_) => {
            serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string())
        }
        other => other.to_string(),
    }
}

/// A value in one line.
fn brief(json: &Json) -> String {
    match json {
        Json::Object(entries) if entries.contains_key(TYPE) => {
            let told = TOLD.iter().filter_map(|key| entries.get(*key)?.as_str());
            let words: Vec<&str> = std::iter::once(type_of(json)).chain(told).collect();
            format!("<{}>", words.join(" "))
        }
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key} = {}", brief(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn type_of(json: &Json) -> &str {
    json[TYPE].as_str().unwrap_or("value")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_are_shown_field_by_field_and_inside_others_in_a_word() {
        let lantern = json!({ "$type": "package", "version": "2.12" });
        let json = json!({
            "$type": "package",
            "version": "0.3",
            "requires": [lantern, "steel-1"],
            "env": { "A": 1 },
            "on_call": { "$type": "function" },
        });
        assert_eq!(
            to_text(&json),
            "package\n  env      = { A = 1 }\n  on_call  = <function>\n  \
             requires = [<package 2.12>, \"steel-1\"]\n  version  = \"0.3\""
        );
    }

    #[test]
    fn data_is_itself() {
        assert_eq!(to_text(&json!("a text")), "a text");
        assert_eq!(to_text(&json!(3)), "3");
        assert_eq!(to_text(&json!([1])), "[\n  1\n]");
        assert_eq!(to_text(&json!({ "$type": "function" })), "function");
    }

    #[test]
    fn texts_that_stand_for_leaves_are_named() {
        let mut json = json!({ "build": "x@1@/bin", "env": { "P": ["@1@"] } });
        name_leaves(&mut json, &[("@1@".to_owned(), "<package cc>".to_owned())]);
        assert_eq!(json, json!({ "build": "x<package cc>/bin", "env": { "P": ["<package cc>"] } }));
    }
}
