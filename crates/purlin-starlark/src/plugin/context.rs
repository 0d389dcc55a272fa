//! What transforms see: `ctx.compose(…)`, `ctx.original`, `ctx.final`, `ctx.systems`.

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use purlin_model::{Origin, fold, to_snake};
use purlin_plugin::language::Namespace;
use purlin_plugin::transform::{
    Compose, Composition, DefinitionEntry, Lazy, Name, TransformContext,
};
use serde_json::Value as Json;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::list::ListRef;
use starlark::values::structs::AllocStruct;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value,
};

use crate::convert::from_json;
use crate::module::failed;
use crate::namespace::{NamespaceValue, given};
use crate::session;

/// Data whose top level is a structure with names in snake_case.
pub(super) fn fields<'v>(json: &Json, heap: Heap<'v>) -> Value<'v> {
    match json {
        Json::Object(map) => heap
            .alloc(AllocStruct(map.iter().map(|(key, one)| (to_snake(key), from_json(one, heap))))),
        Json::Null => heap.alloc(AllocStruct::EMPTY),
        other => from_json(other, heap),
    }
}

/// What a transform is told at once; it asks for the rest.
pub(super) struct Context {
    systems: Vec<String>,
    original: Arc<dyn Namespace>,
    extended: Arc<dyn Namespace>,
}

impl Context {
    pub(super) fn of(context: &dyn TransformContext) -> Self {
        Self {
            systems: context.systems(),
            original: context.original(),
            extended: context.extended(),
        }
    }

    pub(super) fn to_value<'v>(&self, heap: Heap<'v>) -> Value<'v> {
        heap.alloc(AllocStruct([
            ("systems", heap.alloc(self.systems.clone())),
            ("original", heap.alloc(NamespaceValue(self.original.clone()))),
            ("final", heap.alloc(NamespaceValue(self.extended.clone()))),
            ("compose", heap.alloc(ComposeFunction)),
        ]))
    }
}

/// `ctx.compose`
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
struct ComposeFunction;

starlark_simple_value!(ComposeFunction);

impl fmt::Display for ComposeFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("compose")
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for ComposeFunction {
    fn invoke(
        &self,
        _me: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = evaluator.heap();
        let section = arguments.positional1(heap)?.unpack_str_err()?.to_owned();
        let mut how = Compose::default();
        for (name, value) in arguments.names_map()? {
            match name.as_str() {
                "path_prefix" => how.path_prefix = texts(name.as_str(), value)?,
                "systems" if value.is_none() => {}
                "systems" => how.systems = Some(texts(name.as_str(), value)?),
                "axes" => how.axes = axes(value)?,
                other => return Err(failed(format!("`compose` takes no argument `{other}`"))),
            }
        }
        let found = session::ask(move |services| services.compose(&section, &how));
        match found {
            Some(Ok(composition)) => Ok(composed(&composition, heap)),
            Some(Err(error)) => Err(failed(error.message)),
            None => Err(failed("nobody waits for this any more".to_owned())),
        }
    }
}

fn texts(name: &str, value: Value<'_>) -> starlark::Result<Vec<String>> {
    let items = ListRef::from_value(value).map(|list| list.content().iter());
    items
        .and_then(|all| all.map(|one| one.unpack_str().map(str::to_owned)).collect())
        .ok_or_else(|| failed(format!("`{name}` must be a list of strings")))
}

fn axes(value: Value<'_>) -> starlark::Result<Vec<(String, Vec<String>)>> {
    let Some(axes) = DictRef::from_value(value) else {
        return Err(failed("`axes` must be a dictionary of lists".to_owned()));
    };
    axes.iter()
        .map(|(name, values)| Ok((name.unpack_str_err()?.to_owned(), texts("axes", values)?)))
        .collect()
}

fn composed<'v>(composition: &Composition, heap: Heap<'v>) -> Value<'v> {
    let entries = |all: &[DefinitionEntry]| {
        let all: Vec<_> = all.iter().map(|one| entry(one, heap)).collect();
        heap.alloc(all)
    };
    let children = composition.children.iter();
    let children = AllocDict(children.map(|(chain, all)| (chain.join("."), entries(all))));
    heap.alloc(AllocStruct([
        ("self", entries(&composition.own)),
        ("adopted", entries(&composition.adopted)),
        ("children", heap.alloc(children)),
    ]))
}

fn entry<'v>(entry: &DefinitionEntry, heap: Heap<'v>) -> Value<'v> {
    let axes = entry.axes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let system = match &entry.system {
        Some(system) => heap.alloc(&**system),
        None => Value::new_none(),
    };
    let names = |all: &[Name]| {
        let all: Vec<_> = all.iter().map(|name| heap.alloc(&**name)).collect();
        heap.alloc(all)
    };
    heap.alloc(AllocStruct([
        ("path", names(&entry.path)),
        ("namespace", names(&entry.namespace)),
        ("system", system),
        ("origin", heap.alloc(OriginValue(entry.origin.clone()))),
        ("axes", heap.alloc(AllocDict(axes))),
        ("priority", heap.alloc(entry.priority)),
        ("value", heap.alloc(LazyValue(entry.value.clone()))),
    ]))
}

/// Who wrote something, handed through.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct OriginValue(#[allocative(skip)] pub(super) Origin);

starlark_simple_value!(OriginValue);

impl fmt::Display for OriginValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

#[starlark_value(type = "origin")]
impl<'v> StarlarkValue<'v> for OriginValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        match attribute {
            "file" => Some(heap.alloc(self.0.path().to_string_lossy().as_ref())),
            "line" => Some(heap.alloc(self.0.line)),
            "column" => Some(heap.alloc(self.0.column)),
            _ => None,
        }
    }

    fn dir_attr(&self) -> Vec<String> {
        ["file", "line", "column"].map(str::to_owned).to_vec()
    }
}

/// A definition that is evaluated once something of it is used.
#[derive(ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct LazyValue(#[allocative(skip)] pub(super) Arc<dyn Lazy>);

starlark_simple_value!(LazyValue);

impl fmt::Debug for LazyValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.described())
    }
}

impl fmt::Display for LazyValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.described())
    }
}

impl LazyValue {
    fn forced<'v>(&self, heap: Heap<'v>) -> Option<Value<'v>> {
        given(session::outside(|| self.0.force()), heap)
    }
}

#[starlark_value(type = "definition")]
impl<'v> StarlarkValue<'v> for LazyValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let value = self.forced(heap)?;
        // What is written as data has its keys.
        if let Some(table) = DictRef::from_value(value) {
            let name = fold(attribute);
            let is_meant = |key: Value<'v>| key.unpack_str().is_some_and(|key| fold(key) == name);
            return table.iter().find(|(key, _)| is_meant(*key)).map(|(_, one)| one);
        }
        value.get_attr(attribute, heap).ok().flatten()
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        match self.forced(heap) {
            Some(value) => value.at(index, heap),
            None => Err(failed(format!("`{self}` has failed"))),
        }
    }

    /// In a text, a definition is what it evaluates to.
    fn collect_str(&self, collector: &mut String) {
        let text = Heap::temp(|heap| self.forced(heap).map(|value| value.to_str()));
        collector.push_str(&text.unwrap_or_default());
    }
}
