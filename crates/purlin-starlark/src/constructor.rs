//! `mk_package(…)`: what makes leaves of a type.

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use purlin_model::{Diagnostic, Origin, Severity};
use purlin_plugin::language::{Datum, LeafType};
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};

use crate::leaf::{LeafData, LeafValue};
use crate::module::failed;
use crate::{convert, error, session};

/// A leaf type's constructor, as the interpreter sees it.
#[derive(ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct ConstructorValue(#[allocative(skip)] pub(crate) Arc<LeafType>);

starlark_simple_value!(ConstructorValue);

impl fmt::Display for ConstructorValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.constructor)
    }
}

impl fmt::Debug for ConstructorValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.constructor)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for ConstructorValue {
    fn name_for_call_stack(&self, _me: Value<'v>) -> String {
        self.0.constructor.clone()
    }

    fn invoke(
        &self,
        _me: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = evaluator.heap();
        arguments.no_positional_args(heap)?;
        let place = evaluator.call_stack_top_location();
        let origin = place
            .and_then(|span| Some(error::origin_of(&span, &session::source()?)))
            .or_else(|| session::source().map(|source| Origin::whole(&source)))
            .ok_or_else(|| failed(format!("`{self}` is called outside of an evaluation")))?;
        let mut fields = Vec::new();
        for (name, value) in arguments.names_map()? {
            // An argument that is `None` is one that is not there.
            if value.is_none() {
                continue;
            }
            let datum = convert::to_datum(value, heap, &convert::no_function)
                .map_err(|problem| failed(format!("`{}`: {}", name.as_str(), problem.told())))?;
            fields.push((name.as_str().to_owned(), datum));
        }
        self.make(fields, &origin).map(|leaf| heap.alloc(LeafValue::of(leaf)))
    }
}

impl ConstructorValue {
    fn make(
        &self,
        fields: Vec<(String, Datum)>,
        origin: &Origin,
    ) -> starlark::Result<Arc<LeafData>> {
        LeafData::new(&self.0, fields, origin).map_err(|mistakes| {
            let told = refused(&self.0, &mistakes, origin);
            let summary = told.summary.clone();
            session::fail(told);
            failed(summary)
        })
    }
}

/// All that is wrong with a call, as one message.
fn refused(leaf: &LeafType, mistakes: &[Diagnostic], origin: &Origin) -> Diagnostic {
    let errors = mistakes.iter().filter(|one| one.severity == Severity::Error);
    let lines: Vec<String> = errors
        .map(|one| match (one.detail.as_str(), one.help.as_str()) {
            ("", "") => one.summary.clone(),
            ("", help) => format!("{}: {help}", one.summary),
            (detail, "") => format!("{}: {detail}", one.summary),
            (detail, help) => format!("{}: {detail} ({help})", one.summary),
        })
        .collect();
    Diagnostic::error("leaf", format!("`{}` does not make a {}", leaf.constructor, leaf.name))
        .label(origin.clone(), "this call")
        .detail(lines.join("\n"))
}
