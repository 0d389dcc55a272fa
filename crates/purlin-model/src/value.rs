//! Values with origins.

use std::fmt;

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use crate::Origin;

/// A piece of configuration that knows who wrote it.
#[derive(Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Who wrote it. A default that a schema filled in has the origin of the table it is in.
    pub origin: Origin,
}

/// The JSON kinds; TOML's dates are strings.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// JSON's `null`. TOML has none.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A table, in the order in which it was written.
    Table(Table),
}

/// A table in the order in which it was written. Boxed, since most values are none and have room for it.
#[derive(Clone, Default, PartialEq)]
pub struct Table(Box<IndexMap<String, Entry, RandomState>>);

/// One key of a table.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Origin,
    /// What it holds.
    pub value: Value,
}

impl Table {
    /// An empty table with room for so many keys.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self(Box::new(IndexMap::with_capacity_and_hasher(keys, RandomState::default())))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|entry| &entry.value)
    }

    /// The value of a key together with where the key stands.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// A value to change in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Sets a key; a key that was there keeps its place.
    pub fn insert(&mut self, key: impl Into<String>, key_origin: Origin, value: Value) {
        self.0.insert(key.into(), Entry { key: key_origin, value });
    }

    /// Takes a key out, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        self.0.shift_remove(key)
    }

    /// Keys and entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Values in order, to change in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.values_mut().map(|entry| &mut entry.value)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Table {
    type Item = (String, Entry);
    type IntoIter = indexmap::map::IntoIter<String, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Value {
    /// A value with its origin.
    #[must_use]
    pub fn new(kind: Kind, origin: Origin) -> Self {
        Self { kind, origin }
    }

    /// A text with its origin.
    pub fn string(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Kind::String(text.into()), origin)
    }

    /// A value made from JSON; every part of it gets the one origin.
    #[must_use]
    pub fn from_json(json: &serde_json::Value, origin: &Origin) -> Self {
        let kind = match json {
            serde_json::Value::Null => Kind::Null,
            serde_json::Value::Bool(value) => Kind::Bool(*value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Kind::Int(whole),
                None => Kind::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Kind::String(text.clone()),
            serde_json::Value::Array(items) => {
                Kind::List(items.iter().map(|item| Self::from_json(item, origin)).collect())
            }
            serde_json::Value::Object(map) => {
                let mut table = Table::default();
                for (key, item) in map {
                    table.insert(key.clone(), origin.clone(), Self::from_json(item, origin));
                }
                Kind::Table(table)
            }
        };
        Self::new(kind, origin.clone())
    }

    /// The value as JSON, without origins: what crosses to plugins.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Int(value) => (*value).into(),
            Kind::Float(value) => (*value).into(),
            Kind::String(text) => text.as_str().into(),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Table(table) => serde_json::Value::Object(
                table.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_json())).collect(),
            ),
        }
    }

    /// The value of a key, if this is a table that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_table().and_then(|table| table.get(key))
    }

    /// The value at a JSON Pointer, if there is one.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        steps(pointer)?.try_fold(self, |value, key| match &value.kind {
            Kind::Table(table) => table.get(&key),
            Kind::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The value at a JSON Pointer, to change in place.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        steps(pointer)?.try_fold(self, |value, key| match &mut value.kind {
            Kind::Table(table) => table.get_mut(&key),
            Kind::List(items) => items.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The table, if it is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What it is, as a message says it: `a string`, `a table`.
    #[must_use]
    pub fn described(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) => "an integer",
            Kind::Float(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

/// The keys of a JSON Pointer, unescaped; `None` for a text that is none.
fn steps(pointer: &str) -> Option<impl Iterator<Item = String>> {
    let rest = if pointer.is_empty() { None } else { Some(pointer.strip_prefix('/')?) };
    Some(
        rest.into_iter().flat_map(|rest| {
            rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"))
        }),
    )
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.to_json(), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Source, parse_toml};

    #[test]
    fn pointers_lead_to_values() {
        let source = Source::new("p.toml", "[a]\n'b/c' = [1, { d = 2 }]\n");
        let (mut value, _) = parse_toml(&source);
        let d = value.pointer("/a/b~1c/1/d").and_then(crate::Value::as_int);
        assert_eq!(d, Some(2));
        assert_eq!(value.pointer("").map(|top| top == &value), Some(true));
        for nowhere in ["/a/x", "/a/b~1c/7", "/a/b~1c/x", "a", "/a/b~1c/0/y"] {
            assert!(value.pointer(nowhere).is_none(), "{nowhere}");
        }
        let place = value.pointer_mut("/a/b~1c/0").expect("it is there");
        place.kind = crate::Kind::Bool(true);
        assert_eq!(value.to_json(), serde_json::json!({"a": {"b/c": [true, {"d": 2}]}}));
    }
}
