//! What a broken manifest claims. It gives no features, but whoever asks for one of them is to
//! hear why there is none.

use std::sync::Arc;

use purlin_model::{Source, Value, fold, hides, parse_toml};
use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, Feature, Place, Stage, ValueKind};

/// The features under `[provides]`, as far as they can be told.
pub(super) fn claimed(source: &Arc<Source>) -> Vec<Feature> {
    let (document, _) = parse_toml(source);
    let Some(provides) = document.get("provides").and_then(Value::as_table) else {
        return Vec::new();
    };
    let mut features = Vec::new();
    for (point, entry) in provides.iter() {
        let Ok(point) = fold(point).parse::<Point>() else { continue };
        if let Some(named) = entry.value.as_table() {
            for (name, entry) in named.iter() {
                features.extend(feature(point, name, Place::of(&entry.key), Detail::None));
            }
        }
        for item in entry.value.as_list().unwrap_or_default() {
            let field = if point == Point::Hook { "on" } else { "name" };
            if let Some(name) = item.get(field).and_then(Value::as_str) {
                features.extend(feature(point, name, Place::of(&item.origin), detail(point, item)));
            }
        }
    }
    features
}

/// `None` for what nobody could ask for, and what would not stay on its line in a list.
fn feature(point: Point, name: &str, place: Place, detail: Detail) -> Option<Feature> {
    (!name.chars().any(hides)).then(|| Feature {
        point,
        name: fold(name),
        place,
        about: String::new(),
        deprecated: None,
        schema: None,
        runtime: None,
        entry: None,
        detail,
    })
}

fn detail(point: Point, item: &Value) -> Detail {
    if point != Point::Argument {
        return Detail::None;
    }
    let verbs = item.get("on").and_then(Value::as_list).unwrap_or_default();
    let takes_nothing = item.get("type").and_then(Value::as_str) == Some("bool");
    Detail::Argument {
        on: verbs.iter().filter_map(Value::as_str).map(fold).collect(),
        kind: if takes_nothing { ValueKind::Bool } else { ValueKind::String },
        values: Vec::new(),
        stage: Stage::Parsed,
        edits: Vec::new(),
    }
}
