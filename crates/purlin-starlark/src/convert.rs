//! Data to and from the interpreter's values.

use std::collections::HashSet;
use std::sync::Arc;

use purlin_model::{Diagnostic, Kind, Origin, Value as Data};
use purlin_plugin::language::Datum;
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::float::StarlarkFloat;
use starlark::values::list::ListRef;
use starlark::values::structs::StructRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, UnpackValue as _, Value, ValueLike as _};

use crate::evaluated::Shared;
use crate::leaf::LeafValue;

/// How deeply values may lie in each other.
const MAX_DEPTH: usize = 100;

/// How many values one may stand for, counting what is shared each time.
const MAX_PARTS: usize = 1_000_000;

/// Why a value is no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It lies too deep in itself, without end perhaps.
    Deep,
    /// It is too large once it is written out.
    Large,
    /// A whole number beyond 64 bits.
    Number,
    /// Keys of a dictionary that become the same text.
    Keys(String),
    /// Something that only evaluation can use.
    Kind(&'static str),
}

impl Problem {
    pub(crate) fn diagnostic(&self, described: &str, origin: Origin) -> Diagnostic {
        Diagnostic::error("value", format!("{described} does not return a definition's value"))
            .label(origin, "this one")
            .detail(self.told())
    }

    pub(crate) fn told(&self) -> String {
        match self {
            Self::Deep => format!("It lies in itself, or more than {MAX_DEPTH} values deep."),
            Self::Large => format!("It stands for more than {MAX_PARTS} values."),
            Self::Number => "It has a whole number that does not fit into 64 bits.".to_owned(),
            Self::Keys(text) => {
                format!("It has a dictionary with two keys that become the text `{text}`.")
            }
            Self::Kind(kind) => format!("It holds a value of the type `{kind}`, which is no data."),
        }
    }
}

/// What a value is to those who only look at data.
enum Shape<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(&'v str),
    List(Vec<Value<'v>>),
    Table(Vec<(String, Value<'v>)>),
    Leaf(&'v LeafValue),
    Function,
    Other(&'static str),
}

fn shape<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<Shape<'v>, Problem> {
    if let Some(text) = value.unpack_str() {
        return Ok(Shape::String(text));
    }
    if value.is_none() {
        return Ok(Shape::Null);
    }
    if let Some(truth) = value.unpack_bool() {
        return Ok(Shape::Bool(truth));
    }
    if let Some(leaf) = LeafValue::from_value(value) {
        return Ok(Shape::Leaf(leaf));
    }
    if let Some(list) = ListRef::from_value(value) {
        return Ok(Shape::List(list.content().to_vec()));
    }
    if let Some(dict) = DictRef::from_value(value) {
        let entries: Vec<_> = dict.iter().map(|(key, value)| (text_of(key), value)).collect();
        // Only what is no text can become the text of another key.
        if dict.keys().any(|key| key.unpack_str().is_none())
            && let Some(twice) = twice(&entries)
        {
            return Err(Problem::Keys(twice.to_owned()));
        }
        return Ok(Shape::Table(entries));
    }
    Ok(match value.get_type() {
        "int" => match i64::unpack_value(value) {
            Ok(Some(number)) => Shape::Int(number),
            _ => return Err(Problem::Number),
        },
        "float" => match value.downcast_ref::<StarlarkFloat>() {
            Some(number) => Shape::Float(number.0),
            None => Shape::Other("float"),
        },
        "tuple" => match TupleRef::from_value(value) {
            Some(tuple) => Shape::List(tuple.content().to_vec()),
            None => Shape::Other("tuple"),
        },
        "struct" => match StructRef::from_value(value) {
            Some(fields) => Shape::Table(
                fields.iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
            ),
            None => Shape::Other("struct"),
        },
        "set" | "range" => {
            if value
                .length()
                .is_ok_and(|length| usize::try_from(length).is_ok_and(|length| length > MAX_PARTS))
            {
                return Err(Problem::Large);
            }
            let items = value.iterate(heap).map_err(|_| Problem::Kind("set"))?;
            Shape::List(items.collect())
        }
        "function" | "native_function" => Shape::Function,
        other => Shape::Other(other),
    })
}

/// A text that two keys become.
fn twice<'e>(entries: &'e [(String, Value<'_>)]) -> Option<&'e str> {
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().map(|(key, _)| key.as_str()).find(|key| !seen.insert(*key))
}

fn text_of(key: Value<'_>) -> String {
    key.unpack_str().map_or_else(|| key.to_str(), str::to_owned)
}

/// Sees to it that a value can be looked at whole: it ends, and has only what data may have, leaves
/// and functions.
pub(crate) fn check<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<(), Problem> {
    Walk { heap, parts: 0 }.check(value, 0)
}

/// A value as data. Functions become what `function` makes of them.
pub(crate) fn to_datum<'v>(
    value: Value<'v>,
    heap: Heap<'v>,
    function: &dyn Fn(Value<'v>) -> Result<Datum, Problem>,
) -> Result<Datum, Problem> {
    Walk { heap, parts: 0 }.datum(value, 0, function)
}

struct Walk<'v> {
    heap: Heap<'v>,
    parts: usize,
}

impl<'v> Walk<'v> {
    fn shape(&mut self, value: Value<'v>, depth: usize) -> Result<Shape<'v>, Problem> {
        self.parts += 1;
        if depth > MAX_DEPTH {
            return Err(Problem::Deep);
        }
        if self.parts > MAX_PARTS {
            return Err(Problem::Large);
        }
        shape(value, self.heap)
    }

    fn check(&mut self, value: Value<'v>, depth: usize) -> Result<(), Problem> {
        match self.shape(value, depth)? {
            Shape::List(items) => items.into_iter().try_for_each(|one| self.check(one, depth + 1)),
            Shape::Table(entries) => {
                entries.into_iter().try_for_each(|(_, one)| self.check(one, depth + 1))
            }
            Shape::Other(kind) => Err(Problem::Kind(kind)),
            _ => Ok(()),
        }
    }

    fn datum(
        &mut self,
        value: Value<'v>,
        depth: usize,
        function: &dyn Fn(Value<'v>) -> Result<Datum, Problem>,
    ) -> Result<Datum, Problem> {
        Ok(match self.shape(value, depth)? {
            Shape::Null => Datum::Null,
            Shape::Bool(truth) => Datum::Bool(truth),
            Shape::Int(number) => Datum::Int(number),
            Shape::Float(number) => Datum::Float(number),
            Shape::String(text) => Datum::String(text.to_owned()),
            Shape::List(items) => Datum::List(
                items
                    .into_iter()
                    .map(|one| self.datum(one, depth + 1, function))
                    .collect::<Result<_, _>>()?,
            ),
            Shape::Table(entries) => Datum::Table(
                entries
                    .into_iter()
                    .map(|(key, one)| Ok((key, self.datum(one, depth + 1, function)?)))
                    .collect::<Result<_, Problem>>()?,
            ),
            Shape::Leaf(leaf) => Datum::Leaf(leaf.handle()),
            Shape::Function => return function(value),
            Shape::Other(kind) => return Err(Problem::Kind(kind)),
        })
    }
}

/// Data as a value of the interpreter.
pub(crate) fn from_data<'v>(data: &Data, heap: Heap<'v>) -> Value<'v> {
    match &data.kind {
        Kind::Null => Value::new_none(),
        Kind::Bool(truth) => Value::new_bool(*truth),
        Kind::Int(number) => heap.alloc(*number),
        Kind::Float(number) => heap.alloc(*number),
        Kind::String(text) => heap.alloc(text.as_str()),
        Kind::List(items) => {
            let items: Vec<_> = items.iter().map(|one| from_data(one, heap)).collect();
            heap.alloc(items)
        }
        Kind::Table(table) => heap.alloc(AllocDict(
            table.iter().map(|(key, entry)| (key, from_data(&entry.value, heap))),
        )),
    }
}

/// The other way round from [`to_datum`]. `None` for what another language made.
pub(crate) fn from_datum<'v>(datum: &Datum, heap: Heap<'v>) -> Option<Value<'v>> {
    Some(match datum {
        Datum::Null => Value::new_none(),
        Datum::Bool(truth) => Value::new_bool(*truth),
        Datum::Int(number) => heap.alloc(*number),
        Datum::Float(number) => heap.alloc(*number),
        Datum::String(text) => heap.alloc(text.as_str()),
        Datum::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(|one| from_datum(one, heap)).collect();
            heap.alloc(items?)
        }
        Datum::Table(entries) => {
            let entries: Option<Vec<_>> = entries
                .iter()
                .map(|(key, one)| Some((key.as_str(), from_datum(one, heap)?)))
                .collect();
            heap.alloc(AllocDict(entries?))
        }
        Datum::Leaf(leaf) => heap.alloc(LeafValue::new(leaf.clone())?),
        Datum::Function(function) => {
            let shared = function.as_any().downcast_ref::<Shared>()?;
            heap.access_owned_frozen_value(shared.value())
        }
    })
}

/// JSON as a value of the interpreter.
pub(crate) fn from_json<'v>(json: &serde_json::Value, heap: Heap<'v>) -> Value<'v> {
    match json {
        serde_json::Value::Null => Value::new_none(),
        serde_json::Value::Bool(truth) => Value::new_bool(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => heap.alloc(whole),
            None => heap.alloc(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => heap.alloc(text.as_str()),
        serde_json::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|one| from_json(one, heap)).collect();
            heap.alloc(items)
        }
        serde_json::Value::Object(map) => {
            heap.alloc(AllocDict(map.iter().map(|(key, one)| (key.as_str(), from_json(one, heap)))))
        }
    }
}

/// Data as JSON. `None` where it holds leaves or functions.
pub(crate) fn to_json(datum: &Datum) -> Option<serde_json::Value> {
    Some(match datum {
        Datum::Null => serde_json::Value::Null,
        Datum::Bool(truth) => (*truth).into(),
        Datum::Int(number) => (*number).into(),
        Datum::Float(number) => (*number).into(),
        Datum::String(text) => text.as_str().into(),
        Datum::List(items) => {
            serde_json::Value::Array(items.iter().map(to_json).collect::<Option<_>>()?)
        }
        Datum::Table(entries) => serde_json::Value::Object(
            entries
                .iter()
                .map(|(key, one)| Some((key.clone(), to_json(one)?)))
                .collect::<Option<_>>()?,
        ),
        Datum::Leaf(_) | Datum::Function(_) => return None,
    })
}

/// A value that is no data.
pub(crate) fn no_function(_: Value<'_>) -> Result<Datum, Problem> {
    Err(Problem::Kind("function"))
}

/// A handle's leaf, if it is one of ours.
pub(crate) fn is_leaf(handle: &Arc<dyn purlin_plugin::language::Evaluated>) -> bool {
    handle.as_any().is::<crate::leaf::LeafData>()
}
