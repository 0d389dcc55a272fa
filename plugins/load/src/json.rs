//! Globs and values as JSON.

use purlin_plugin::message::Expansion;
use purlin_plugin::serde_json::{self, Value as Json};

/// Reads `["glob", …]` or `{"globs": ["glob", …], "values": […]}`; the error is for the user.
pub(crate) fn parse(content: &str) -> Result<Expansion, String> {
    let document: Json =
        serde_json::from_str(content).map_err(|error| format!("it is not valid JSON: {error}"))?;
    let mut expansion = Expansion::default();
    match document {
        Json::Array(globs) => expansion.globs = texts(globs)?,
        Json::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("globs", Json::Array(globs)) => expansion.globs = texts(globs)?,
                    ("values", Json::Array(values)) => expansion.values = values,
                    ("globs" | "values", _) => return Err(format!("`{key}` is not a list")),
                    _ => return Err(format!("it has `{key}` besides `globs` and `values`")),
                }
            }
        }
        _ => return Err("it holds neither a list nor an object".to_owned()),
    }
    Ok(expansion)
}

fn texts(items: Vec<Json>) -> Result<Vec<String>, String> {
    items
        .into_iter()
        .map(|item| match item {
            Json::String(text) => Ok(text),
            other => Err(format!("`{other}` among the globs is not a string")),
        })
        .collect()
}
