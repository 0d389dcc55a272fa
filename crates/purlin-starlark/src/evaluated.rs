//! Values as others hold them: frozen, shared, and handed back without a copy.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use purlin_model::Origin;
use purlin_plugin::language::{Datum, Evaluated, Handle, LeafType};
use starlark::values::{Heap, OwnedFrozenValue, Value};

use crate::convert;
use crate::leaf::LeafValue;

/// A value that its heap keeps alive.
pub(crate) struct Shared {
    value: OwnedFrozenValue,
    origin: Option<Origin>,
}

impl Shared {
    /// A value that [`convert::check`] has seen.
    pub(crate) fn new(value: OwnedFrozenValue, origin: Option<Origin>) -> Self {
        Self { value, origin }
    }

    pub(crate) fn value(&self) -> &OwnedFrozenValue {
        &self.value
    }
}

impl Evaluated for Shared {
    fn datum(&self) -> Datum {
        Heap::temp(|heap| {
            let value = heap.access_owned_frozen_value(&self.value);
            let function = |value: Value<'_>| {
                let Some(frozen) = value.unpack_frozen() else {
                    return convert::no_function(value);
                };
                // What it is part of keeps it alive.
                let part = Self::new(self.value.map(|_| frozen), self.origin.clone());
                Ok(Datum::Function(Arc::new(part)))
            };
            // It was checked when it was made.
            convert::to_datum(value, heap, &function).unwrap_or(Datum::Null)
        })
    }

    fn fields(&self) -> Option<Datum> {
        None
    }

    fn leaf(&self) -> Option<Arc<LeafType>> {
        None
    }

    fn is_function(&self) -> bool {
        matches!(self.value.value().get_type(), "function" | "native_function")
    }

    fn origin(&self) -> Option<Origin> {
        self.origin.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.value)
    }
}

/// A value that needs no heap.
#[derive(Debug)]
pub(crate) struct Plain {
    datum: Datum,
    origin: Option<Origin>,
}

impl Plain {
    /// Data, with leaves in it perhaps.
    pub(crate) fn new(datum: Datum, origin: Option<Origin>) -> Self {
        Self { datum, origin }
    }

    pub(crate) fn datum(&self) -> &Datum {
        &self.datum
    }
}

impl Evaluated for Plain {
    fn datum(&self) -> Datum {
        self.datum.clone()
    }

    fn fields(&self) -> Option<Datum> {
        None
    }

    fn leaf(&self) -> Option<Arc<LeafType>> {
        None
    }

    fn origin(&self) -> Option<Origin> {
        self.origin.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The handle of a leaf or of a simple value; `None` for all others.
pub(crate) fn plain(value: Value<'_>, origin: Option<&Origin>) -> Option<Handle> {
    if let Some(leaf) = LeafValue::from_value(value) {
        return Some(leaf.handle());
    }
    let datum = if let Some(text) = value.unpack_str() {
        Datum::String(text.to_owned())
    } else if let Some(truth) = value.unpack_bool() {
        Datum::Bool(truth)
    } else if let Some(number) = value.unpack_i32() {
        Datum::Int(number.into())
    } else if value.is_none() {
        Datum::Null
    } else {
        return None;
    };
    Some(Arc::new(Plain { datum, origin: origin.cloned() }))
}
