//! `fragment(…)`: what transforms and importers return.

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use purlin_model::Origin;
use purlin_plugin::language::Argument;
use purlin_plugin::transform::{Fragment, Name, Payload};
use serde_json::{Map, Value as Json};
use starlark::starlark_simple_value;
use starlark::values::dict::DictRef;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value,
};

use super::context::LazyValue;
use crate::convert;
use crate::evaluated::Plain;
use crate::leaf::LeafValue;

/// How deeply definitions may lie in a dictionary.
const MAX_DEPTH: usize = 32;

/// One call of `fragment`. A dictionary that holds definitions is one fragment for each of its keys.
#[derive(Debug, Clone, ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct FragmentValue(#[allocative(skip)] Vec<Fragment>);

starlark_simple_value!(FragmentValue);

impl fmt::Display for FragmentValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.first().map(|one| one.path.join(".")).unwrap_or_default();
        write!(formatter, "fragment({path})")
    }
}

#[starlark_value(type = "fragment")]
impl<'v> StarlarkValue<'v> for FragmentValue {}

/// What a fragment says besides what it holds.
pub(super) struct About {
    pub(super) path: Vec<String>,
    pub(super) system: Option<String>,
    pub(super) priority: Option<i64>,
    pub(super) origin: Option<Origin>,
    pub(super) inject: Map<String, Json>,
}

impl FragmentValue {
    pub(super) fn new<'v>(about: &About, value: Value<'v>, heap: Heap<'v>) -> Result<Self, String> {
        if about.path.iter().any(String::is_empty) || about.path.is_empty() {
            return Err("the path of a fragment is a list of names, its section first".to_owned());
        }
        let mut fragments = Vec::new();
        let path = about.path.iter().map(|name| Name::from(name.as_str())).collect();
        add(about, path, value, heap, &mut fragments)?;
        Ok(Self(fragments))
    }

    pub(super) fn with_priority(&self, priority: i64) -> Self {
        let mut changed = self.clone();
        changed.0.iter_mut().for_each(|one| one.priority = Some(priority));
        changed
    }

    pub(super) fn fragments(&self) -> Vec<Fragment> {
        self.0.clone()
    }
}

fn add<'v>(
    about: &About,
    path: Vec<Name>,
    value: Value<'v>,
    heap: Heap<'v>,
    fragments: &mut Vec<Fragment>,
) -> Result<(), String> {
    if holds_definitions(value, 0)
        && let Some(table) = DictRef::from_value(value)
    {
        for (key, one) in table.iter() {
            let key = key.unpack_str().ok_or("the names of definitions are strings")?;
            let below = path.iter().cloned().chain([key.into()]).collect();
            add(about, below, one, heap, fragments)?;
        }
        return Ok(());
    }
    fragments.push(Fragment {
        path,
        system: about.system.as_deref().map(Name::from),
        priority: about.priority,
        origin: about.origin.clone(),
        inject: about.inject.clone(),
        payload: payload(value, heap)?,
    });
    Ok(())
}

fn holds_definitions(value: Value<'_>, depth: usize) -> bool {
    depth < MAX_DEPTH
        && DictRef::from_value(value).is_some_and(|table| {
            table.values().any(|one| {
                LazyValue::from_value(one).is_some() || holds_definitions(one, depth + 1)
            })
        })
}

fn payload<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<Payload, String> {
    if let Some(lazy) = LazyValue::from_value(value) {
        return Ok(Payload::Lazy(lazy.0.clone()));
    }
    if let Some(leaf) = LeafValue::from_value(value) {
        return Ok(Payload::Value(Argument::Value(leaf.handle())));
    }
    let datum =
        convert::to_datum(value, heap, &convert::no_function).map_err(|problem| problem.told())?;
    Ok(match convert::to_json(&datum) {
        Some(json) => Payload::of_json(json),
        None => Payload::Value(Argument::Value(Arc::new(Plain::new(datum, None)))),
    })
}
