//! Calls of functions, and constants.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, suggestion};
use purlin_plugin::language::{Argument, FunctionRef, Handle};
use starlark::environment::{FrozenModule, Module};
use starlark::eval::Evaluator;
use starlark::values::{Heap, OwnedFrozenValue, Value};

use crate::argument;
use crate::evaluated::{self, Shared};
use crate::file::InUse;
use crate::language::{Inner, spend};
use crate::module::{limit, module, module_for};
use crate::worker::{Ask, Subject};
use crate::{convert, error, session};

/// Calls a function of a file.
pub(crate) fn call(
    inner: &Arc<Inner>,
    function: &FunctionRef,
    arguments: &[(String, Argument)],
    is_alone: bool,
) -> Result<Handle, Diagnostic> {
    let FunctionRef { source, name } = function;
    let (found, user) = global(inner, source, name, is_alone)?;
    let handle = run_found(
        inner,
        source,
        name,
        found,
        None,
        |heap| {
            let values = arguments.iter();
            values
                .map(|(name, argument)| Ok((name.clone(), argument::to_value(argument, heap)?)))
                .collect()
        },
        result,
    )?;
    match handle.as_any().is::<Shared>() {
        true => user.file().note_given(),
        false => spend(user.file()),
    }
    Ok(handle)
}

/// The named arguments of a call, on the heap that it is made on.
pub(crate) type Named<'v> = Vec<(String, Value<'v>)>;

/// Where a value comes from: the function that returned it.
pub(crate) struct Returned<'c> {
    pub(crate) source: &'c Arc<Source>,
    pub(crate) described: &'c str,
    pub(crate) origin: &'c Origin,
}

/// Calls a function with arguments that `arguments` makes, and does something with its result while
/// its heap is there.
pub(crate) fn run<R>(
    inner: &Arc<Inner>,
    source: &Arc<Source>,
    name: &str,
    ask: Option<Ask>,
    arguments: impl for<'v> FnOnce(Heap<'v>) -> Result<Named<'v>, Diagnostic>,
    finish: impl for<'v> FnOnce(Module<'v>, Value<'v>, &Returned<'_>) -> Result<R, Diagnostic>,
) -> Result<R, Diagnostic> {
    let (found, user) = global(inner, source, name, false)?;
    // What becomes of what it returns is not known here.
    user.file().note_given();
    run_found(inner, source, name, found, ask, arguments, finish)
}

fn run_found<R>(
    inner: &Arc<Inner>,
    source: &Arc<Source>,
    name: &str,
    (function, origin): (OwnedFrozenValue, Origin),
    ask: Option<Ask>,
    arguments: impl for<'v> FnOnce(Heap<'v>) -> Result<Named<'v>, Diagnostic>,
    finish: impl for<'v> FnOnce(Module<'v>, Value<'v>, &Returned<'_>) -> Result<R, Diagnostic>,
) -> Result<R, Diagnostic> {
    let described: Arc<str> = format!("`{name}` in `{}`", source.path.display()).into();
    let subject = Subject { described: described.clone(), source: source.clone() };
    session::evaluate(inner, &subject, 0, ask, || {
        Module::with_temp_heap(|module| {
            let value = {
                let function = module.heap().access_owned_frozen_value(&function);
                let arguments = arguments(module.heap())?;
                let named: Vec<(&str, Value<'_>)> =
                    arguments.iter().map(|(name, value)| (name.as_str(), *value)).collect();
                let mut evaluator = Evaluator::new(&module);
                evaluator.disable_gc();
                limit(&mut evaluator, inner);
                evaluator
                    .eval_function(function, &[], &named)
                    .map_err(|error| error::evaluation(&error, source, &described))?
            };
            let returned = Returned { source, described: &described, origin: &origin };
            finish(module, value, &returned)
        })
    })
}

/// A constant of a file.
pub(crate) fn constant(
    inner: &Arc<Inner>,
    source: &Arc<Source>,
    name: &str,
) -> Result<Handle, Diagnostic> {
    let ((value, origin), user) = global(inner, source, name, false)?;
    let described = format!("`{name}` in `{}`", source.path.display());
    let subject = Subject { described: described.as_str().into(), source: source.clone() };
    session::evaluate(inner, &subject, 0, None, || {
        Module::with_temp_heap(|module| {
            let heap = module.heap();
            let unowned = heap.access_owned_frozen_value(&value);
            convert::check(unowned, heap)
                .map_err(|problem| problem.diagnostic(&described, origin.clone()))?;
            Ok(evaluated::plain(unowned, Some(&origin)).unwrap_or_else(|| {
                user.file().note_given();
                Arc::new(Shared::new(value.clone(), Some(origin.clone())))
            }))
        })
    })
}

/// What a function returned, so that it outlives the call. Leaves and simple values need nothing
/// frozen.
fn result<'v>(
    module: Module<'v>,
    value: Value<'v>,
    returned: &Returned<'_>,
) -> Result<Handle, Diagnostic> {
    let Returned { source, described, origin } = returned;
    convert::check(value, module.heap())
        .map_err(|problem| problem.diagnostic(described, (*origin).clone()))?;
    if let Some(plain) = evaluated::plain(value, Some(origin)) {
        return Ok(plain);
    }
    module.set_extra_value(value);
    let frozen: FrozenModule = module
        .freeze()
        .map_err(|error| error::evaluation(&starlark::Error::from(error), source, described))?;
    match frozen.owned_extra_value() {
        Some(value) => Ok(Arc::new(Shared::new(value, Some((*origin).clone())))),
        None => Err(Diagnostic::error("internal", "a result was lost")),
    }
}

/// A name at the top level of a file, and where it is bound.
fn global(
    inner: &Arc<Inner>,
    source: &Arc<Source>,
    name: &str,
    is_alone: bool,
) -> Result<((OwnedFrozenValue, Origin), InUse), Diagnostic> {
    let file = inner.file(source).map_err(|mistakes| {
        let first = mistakes.into_iter().next();
        first.unwrap_or_else(|| Diagnostic::error("syntax", "the file cannot be read"))
    })?;
    let user = file.in_use();
    let module = match is_alone {
        true => module_for(inner, &file, name)?,
        false => module(inner, &file)?,
    };
    if let Ok((value, _)) = module.get_any_visibility(name) {
        let origin = file.origin_of(name).unwrap_or_else(|| Origin::whole(source));
        return Ok(((value, origin), user));
    }
    let functions = file.index.functions.iter().map(|one| one.name.as_str());
    let names = functions.chain(file.index.constants.iter().map(|(name, _)| name.as_str()));
    Err(Diagnostic::error("missing-name", format!("there is no `{name}` here"))
        .label(Origin::whole(source), "in this file")
        .help(suggestion(name, "names", names)))
}
