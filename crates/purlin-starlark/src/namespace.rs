//! `pkgs`, `self` and the like: names that are looked up when they are used.

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use purlin_model::{fold, suggestion};
use purlin_plugin::language::{Argument, Namespace};
use starlark::starlark_simple_value;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value,
};

use crate::module::failed;
use crate::{argument, session};

/// A namespace, as the interpreter sees it.
#[derive(ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct NamespaceValue(#[allocative(skip)] pub(crate) Arc<dyn Namespace>);

starlark_simple_value!(NamespaceValue);

impl fmt::Display for NamespaceValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.described())
    }
}

impl fmt::Debug for NamespaceValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.described())
    }
}

/// What the host gave, as a value. Its error ends the evaluation and comes back as it was.
pub(crate) fn given<'v>(
    given: Result<Argument, purlin_model::Diagnostic>,
    heap: Heap<'v>,
) -> Option<Value<'v>> {
    match given.and_then(|argument| argument::to_value(&argument, heap)) {
        Ok(value) => Some(value),
        Err(diagnostic) => {
            session::fail(diagnostic);
            None
        }
    }
}

impl NamespaceValue {
    /// What the host does for that is not the definition's, and nobody stops it in the middle.
    fn names(&self) -> Vec<String> {
        session::outside(|| self.0.names())
    }

    fn has(&self, name: &str) -> bool {
        let name = fold(name);
        self.names().iter().any(|other| fold(other) == name)
    }
}

#[starlark_value(type = "namespace")]
impl<'v> StarlarkValue<'v> for NamespaceValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        given(session::outside(|| self.0.get(attribute))?, heap)
    }

    fn has_attr(&self, attribute: &str, _heap: Heap<'v>) -> bool {
        self.has(attribute)
    }

    fn dir_attr(&self) -> Vec<String> {
        // The interpreter looks for what is near to a name that has failed. Nobody is told of that, and
        // thousands of evaluations that lie in each other may fail one after the other.
        if session::has_failed() { Vec::new() } else { self.names() }
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let name = index.unpack_str_err()?;
        match session::outside(|| self.0.get(name)) {
            Some(found) => given(found, heap).ok_or_else(|| failed(format!("`{name}` has failed"))),
            None => {
                let names = self.names();
                let near = suggestion(name, "names", names.iter().map(String::as_str));
                let near = near.map(|near| format!("\n{near}")).unwrap_or_default();
                Err(failed(format!("`{}` has no `{name}`{near}", self.0.described())))
            }
        }
    }

    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        let name = other.unpack_str_err()?;
        Ok(self.has(name))
    }

    fn length(&self) -> starlark::Result<i32> {
        Ok(i32::try_from(self.names().len()).unwrap_or(i32::MAX))
    }

    fn iterate_collect(&self, heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(self.names().iter().map(|name| heap.alloc(name.as_str())).collect())
    }
}
