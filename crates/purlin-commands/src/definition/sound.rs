//! What is left of a document with mistakes: enough to look for more of them in one go.

use std::collections::BTreeSet;

use purlin_model::{Entry, Kind, Table, Value, to_kebab};
use purlin_plugin::Schema;

/// Names of things that are there, but not as they should be. That somebody names them is no
/// mistake of its own.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    /// Commands, in kebab-case.
    pub(crate) commands: BTreeSet<String>,
    /// Caches.
    pub(crate) caches: BTreeSet<String>,
    /// Spaces, in kebab-case.
    pub(crate) spaces: BTreeSet<String>,
    /// Variables of the context, in kebab-case.
    pub(crate) context: BTreeSet<String>,
    /// The table `[workspace]`, and with it the pools.
    pub(crate) workspace: bool,
}

/// The tables, and of some their entries, that the schema accepts, one by one.
pub(super) fn sound(schema: &Schema, core: &Value) -> (Value, Broken) {
    let mut broken = Broken::default();
    let mut kept = Table::default();
    for (name, entry) in core.as_table().into_iter().flat_map(Table::iter) {
        let each = matches!(name, "commands" | "caches" | "spaces" | "ctx");
        let Some(parts) = entry.value.as_table().filter(|_| each) else {
            let alone = accepted(schema, core, name, entry.value.clone(), entry);
            broken.workspace |= name == "workspace" && alone.is_none();
            if let Some(value) = alone {
                kept.insert(name, entry.key.clone(), value);
            }
            continue;
        };
        let mut sound = Table::default();
        for (key, part) in parts.iter() {
            let mut one = Table::default();
            one.insert(key, part.key.clone(), part.value.clone());
            let one = Value::new(Kind::Table(one), entry.value.origin.clone());
            let checked = accepted(schema, core, name, one, entry);
            match checked.as_ref().and_then(|table| table.get(key)) {
                Some(value) => sound.insert(key, part.key.clone(), value.clone()),
                None => {
                    match name {
                        "commands" => broken.commands.insert(to_kebab(key)),
                        "spaces" => broken.spaces.insert(to_kebab(key)),
                        "ctx" => broken.context.insert(to_kebab(key)),
                        _ => broken.caches.insert(key.to_owned()),
                    };
                }
            }
        }
        let sound = Value::new(Kind::Table(sound), entry.value.origin.clone());
        kept.insert(name, entry.key.clone(), sound);
    }
    (Value::new(Kind::Table(kept), core.origin.clone()), broken)
}

/// A table of the document as the schema accepts it, if it does, with nothing beside it.
fn accepted(
    schema: &Schema,
    core: &Value,
    name: &str,
    value: Value,
    entry: &Entry,
) -> Option<Value> {
    let mut alone = Table::default();
    alone.insert(name, entry.key.clone(), value);
    let validated = schema.validate(&Value::new(Kind::Table(alone), core.origin.clone()));
    validated.value?.get(name).cloned()
}
