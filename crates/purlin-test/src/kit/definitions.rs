//! What transforms and importers are given in a case, and what they make as JSON.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, Value, fold};
use purlin_plugin::language::{Argument, Namespace};
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::{
    Compose, Composition, DefinitionEntry, Fragment, Lazy, Name, Payload, TransformContext,
};
use serde_json::{Map, Value as Json, json};

use super::CASES_FILE;
use super::cases::{EntryCase, TransformCase};

/// What a workspace's own definitions have.
const AUTHOR: i64 = 100;

/// The definitions of a case.
pub(super) struct Definitions<'c> {
    case: &'c TransformCase,
    /// The sections that the manifest says it reads or extends.
    declared: Vec<String>,
    /// True to list definitions the other way round.
    reversed: bool,
}

impl<'c> Definitions<'c> {
    pub(super) fn new(case: &'c TransformCase, declared: Vec<String>, reversed: bool) -> Self {
        Self { case, declared, reversed }
    }

    fn tree(&self) -> Arc<dyn Namespace> {
        let mut tree = Map::new();
        for (section, entries) in &self.case.definitions {
            for entry in entries {
                let path = [section].into_iter().chain(&entry.path);
                let mut place = &mut tree;
                let mut keys: Vec<&String> = path.collect();
                let last = keys.pop();
                for key in keys {
                    let below = place.entry(key.clone()).or_insert_with(|| json!({}));
                    if !below.is_object() {
                        *below = json!({});
                    }
                    let Json::Object(below) = below else { unreachable!("it was just made") };
                    place = below;
                }
                if let Some(last) = last {
                    place.insert(last.clone(), entry.value.clone());
                }
            }
        }
        Arc::new(Tree { described: "definitions".to_owned(), tree })
    }
}

impl TransformContext for Definitions<'_> {
    fn systems(&self) -> Vec<String> {
        self.case.systems.clone()
    }

    fn compose(&self, section: &str, how: &Compose) -> Result<Composition, PluginError> {
        if !self.declared.iter().any(|one| one == section) {
            let message = format!("the manifest does not say that it reads `{section}`");
            return Err(PluginError::new(ErrorCode::Refused, message));
        }
        let systems = how.systems.as_ref().unwrap_or(&self.case.systems);
        let mut own = Vec::new();
        for entry in self.case.definitions.get(section).into_iter().flatten() {
            let Some(path) = entry.path.strip_prefix(how.path_prefix.as_slice()) else { continue };
            let for_systems: Vec<Option<String>> = match &entry.system {
                Some(system) if systems.contains(system) => vec![Some(system.clone())],
                Some(_) => Vec::new(),
                None if systems.is_empty() => vec![None],
                None => systems.iter().cloned().map(Some).collect(),
            };
            for system in for_systems {
                own.extend(entries(section, entry, path, system.as_ref(), &how.axes));
            }
        }
        if self.reversed {
            own.reverse();
        }
        Ok(Composition { own, ..Composition::default() })
    }

    fn original(&self) -> Arc<dyn Namespace> {
        self.tree()
    }

    fn extended(&self) -> Arc<dyn Namespace> {
        self.tree()
    }
}

/// A definition for one system, for each combination of axes.
fn entries(
    section: &str,
    entry: &EntryCase,
    path: &[String],
    system: Option<&String>,
    axes: &[(String, Vec<String>)],
) -> Vec<DefinitionEntry> {
    let mut combinations: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for (axis, values) in axes {
        let further = |one: Vec<(String, String)>| {
            let with = |value: &String| {
                one.iter().cloned().chain([(axis.clone(), value.clone())]).collect::<Vec<_>>()
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        combinations = combinations.into_iter().flat_map(further).collect();
    }
    let described = format!("{section}.{}", entry.path.join("."));
    let path: Arc<[Name]> = path.iter().map(|name| Name::from(name.as_str())).collect();
    let namespace = if path.is_empty() { Arc::from(["default".into()]) } else { path.clone() };
    combinations
        .into_iter()
        .map(|axes| DefinitionEntry {
            path: path.clone(),
            namespace: namespace.clone(),
            system: system.map(|one| one.as_str().into()),
            axes,
            origin: origin(),
            priority: AUTHOR,
            value: Arc::new(Written { described: described.clone(), value: entry.value.clone() }),
        })
        .collect()
}

/// A definition that is data.
struct Written {
    described: String,
    value: Json,
}

impl Lazy for Written {
    fn force(&self) -> Result<Argument, Diagnostic> {
        Ok(Argument::Data(Value::from_json(&self.value, &origin())))
    }

    fn described(&self) -> String {
        self.described.clone()
    }
}

struct Tree {
    described: String,
    tree: Map<String, Json>,
}

impl Namespace for Tree {
    fn described(&self) -> String {
        self.described.clone()
    }

    fn names(&self) -> Vec<String> {
        self.tree.keys().cloned().collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let found = self.tree.iter().find(|(key, _)| fold(key) == fold(name));
        found.map(|(_, value)| Ok(Argument::Data(Value::from_json(value, &origin()))))
    }
}

fn origin() -> Origin {
    Origin::whole(&Source::new(CASES_FILE, String::new()))
}

/// A fragment as cases write it. A definition that was handed on is `{"$definition": NAME}`, and
/// what only evaluation can use is `{"$value": …}`.
pub(super) fn shown(fragment: &Fragment) -> Json {
    let data = match &fragment.payload {
        Payload::Data(data) => data.clone(),
        Payload::File(path) => json!({ "$file": path }),
        Payload::Folder { path, named } => json!({ "$folder": path, "named": named }),
        Payload::Lazy(lazy) => json!({ "$definition": lazy.described() }),
        Payload::Value(value) => json!({ "$value": format!("{value:?}") }),
    };
    let path: Vec<&str> = fragment.path.iter().map(|name| &**name).collect();
    let mut shown = json!({ "path": path, "data": data });
    if let Some(system) = &fragment.system {
        shown["system"] = json!(**system);
    }
    if let Some(priority) = fragment.priority {
        shown["priority"] = json!(priority);
    }
    if !fragment.inject.is_empty() {
        shown["inject"] = json!(fragment.inject);
    }
    shown
}

/// Many of them.
pub(super) fn all_shown(fragments: &[Fragment]) -> Json {
    fragments.iter().map(shown).collect()
}
