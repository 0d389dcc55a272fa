//! What functions are called with, as values of the interpreter.

use purlin_model::{Diagnostic, Value as Data};
use purlin_plugin::language::{Argument, Handle};
use starlark::values::{Heap, Value};

use crate::allocator::Budget;
use crate::constructor::ConstructorValue;
use crate::convert;
use crate::evaluated::{Plain, Shared};
use crate::leaf::{LeafData, LeafValue};
use crate::namespace::NamespaceValue;

/// # Errors
/// The value is another language's.
pub(crate) fn to_value<'v>(argument: &Argument, heap: Heap<'v>) -> Result<Value<'v>, Diagnostic> {
    match argument {
        Argument::Value(handle) => of_handle(handle, heap).ok_or_else(foreign),
        Argument::Data(data) => Ok(convert::from_data(data, heap)),
        Argument::Leaf(written) => {
            let make = |leaf: &_, data: &Data| {
                // It is everybody's: who comes first does not pay for it.
                let _nobody = Budget::unlimited();
                LeafData::of_data(leaf, data.clone(), &[]) as Handle
            };
            of_handle(written.value(make), heap).ok_or_else(foreign)
        }
        Argument::Constructor(leaf) => Ok(heap.alloc(ConstructorValue(leaf.clone()))),
        Argument::Namespace(names) => Ok(heap.alloc(NamespaceValue(names.clone()))),
    }
}

fn foreign() -> Diagnostic {
    Diagnostic::error("internal", "a value of another language was given")
}

fn of_handle<'v>(handle: &Handle, heap: Heap<'v>) -> Option<Value<'v>> {
    let value = handle.as_any();
    if let Some(shared) = value.downcast_ref::<Shared>() {
        return Some(heap.access_owned_frozen_value(shared.value()));
    }
    if let Some(plain) = value.downcast_ref::<Plain>() {
        return convert::from_datum(plain.datum(), heap);
    }
    LeafValue::new(handle.clone()).map(|leaf| heap.alloc(leaf))
}
