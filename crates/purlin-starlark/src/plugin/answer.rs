//! What plugins answer, and how they fail.

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::Fragment;
use serde::de::DeserializeOwned;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value};

use super::fragment::FragmentValue;
use super::functions::REFUSED;
use crate::convert;

/// The answer as the message of the contract.
pub(super) fn message<'v, T: DeserializeOwned>(
    value: Value<'v>,
    heap: Heap<'v>,
) -> Result<T, String> {
    let datum =
        convert::to_datum(value, heap, &convert::no_function).map_err(|problem| problem.told())?;
    let json = convert::to_json(&datum).ok_or("It holds a leaf, which is no data.")?;
    serde_json::from_value(json).map_err(|error| format!("{error}."))
}

/// The answer as fragments: a list of them, in which lists of them may be.
pub(super) fn fragments<'v>(value: Value<'v>, heap: Heap<'v>) -> Result<Vec<Fragment>, String> {
    let _ = heap;
    let mut found = Vec::new();
    collect(value, &mut found, 0)?;
    Ok(found)
}

fn collect(value: Value<'_>, found: &mut Vec<Fragment>, depth: usize) -> Result<(), String> {
    if let Some(fragment) = FragmentValue::from_value(value) {
        found.extend(fragment.fragments());
        return Ok(());
    }
    let items = ListRef::from_value(value).map(|list| list.content());
    match items.or_else(|| TupleRef::from_value(value).map(|tuple| tuple.content())) {
        Some(items) if depth < 4 => {
            items.iter().try_for_each(|one| collect(*one, found, depth + 1))
        }
        _ => Err(format!(
            "A list of what `fragment(…)` makes is expected; this is a value of the type `{}`.",
            value.get_type()
        )),
    }
}

/// An answer that is none.
pub(super) fn unusable(described: &str, origin: &Origin, problem: &str) -> Diagnostic {
    Diagnostic::error("bad-answer", format!("{described} returns what is no answer"))
        .label(origin.clone(), "this function")
        .detail(problem)
}

/// A failure as the contract has it.
pub(super) fn error(diagnostic: &Diagnostic) -> PluginError {
    let refused = diagnostic.code.strip_prefix(REFUSED);
    let code = refused.and_then(code_of).unwrap_or(match diagnostic.code.as_str() {
        "limit" => ErrorCode::Refused,
        _ => ErrorCode::Internal,
    });
    let mut error = PluginError::new(code, diagnostic.summary.clone());
    if refused.is_some() {
        // The plugin has said what it has to say; where it said so is of no use to the user.
        error.path = Some(diagnostic.help.clone()).filter(|path| !path.is_empty());
        return error;
    }
    let places = diagnostic.labels.iter().take(3);
    let mut lines: Vec<String> =
        places.map(|label| format!("{}: {}", label.origin, label.text)).collect();
    lines.extend([&diagnostic.detail, &diagnostic.help].map(|text| text.trim().to_owned()));
    lines.retain(|line| !line.is_empty());
    error.detail = lines.join("\n");
    error
}

pub(super) fn mistakes(mistakes: &[Diagnostic]) -> PluginError {
    match mistakes {
        [first, ..] => error(first),
        [] => PluginError::new(ErrorCode::Internal, "the plugin cannot be read"),
    }
}

fn code_of(text: &str) -> Option<ErrorCode> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
