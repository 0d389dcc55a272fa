//! What the interpreter says, as diagnostics with the places of the user's code.

use std::fmt::Write as _;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source};
use starlark::codemap::FileSpan;
use starlark::eval::CallStack;
use starlark::{Error, ErrorKind};

use crate::session;

/// How many calls a message shows; of a recursion the rest is the same.
const SHOWN_CALLS: usize = 12;

/// A mistake that the parser found.
pub(crate) fn syntax(error: &Error, source: &Arc<Source>) -> Diagnostic {
    let text = error.without_diagnostic().to_string();
    let summary = text.strip_prefix("Parse error: ").unwrap_or(&text).trim().to_owned();
    let diagnostic = Diagnostic::error("syntax", summary);
    match error.span() {
        Some(span) => diagnostic.label(origin_in(span, source), "here"),
        None => diagnostic.label(Origin::whole(source), "in this file"),
    }
}

/// A failed evaluation. `described` is what was being evaluated, quoted.
pub(crate) fn evaluation(error: &Error, source: &Arc<Source>, described: &str) -> Diagnostic {
    let text = error.without_diagnostic().to_string();
    let (code, summary) = match error.kind() {
        ErrorKind::Fail(inner) => ("failed", inner.to_string()),
        ErrorKind::StackOverflow(_) => ("limit", format!("{described} calls too deep")),
        ErrorKind::Internal(_) => ("internal", text),
        _ => ("evaluation", text),
    };
    let mut diagnostic = Diagnostic::error(code, first_line(&summary)).detail(rest(&summary));
    if code == "limit" {
        diagnostic = diagnostic.help("a function may not call itself without end".to_owned());
    }
    // What a plugin's function refuses is a mistake in the call.
    let called = match error.kind() {
        ErrorKind::Fail(_) => users_place(error.call_stack()),
        _ => None,
    };
    diagnostic = match (called, error.span()) {
        (Some(call), Some(span)) if !is_users(span) => {
            diagnostic.label(origin_of(call, source), "this call")
        }
        (_, Some(span)) => diagnostic.label(origin_of(span, source), "here"),
        (_, None) => diagnostic.label(Origin::whole(source), "in this file"),
    };
    with_calls(diagnostic, error, called)
}

/// The innermost place of a call stack that is not in a file of a plugin.
pub(crate) fn users_place(stack: &CallStack) -> Option<&FileSpan> {
    let places = stack.frames.iter().rev().filter_map(|frame| frame.location.as_ref());
    places.into_iter().find(|place| is_users(place))
}

fn is_users(place: &FileSpan) -> bool {
    session::source_named(place.filename()).is_none_or(|source| source.plugin.is_none())
}

/// Adds the calls that led to the place of an error.
fn with_calls(mut diagnostic: Diagnostic, error: &Error, told: Option<&FileSpan>) -> Diagnostic {
    let frames = &error.call_stack().frames;
    let (mut calls, mut last) = (String::new(), None);
    for frame in frames.iter().rev().take(SHOWN_CALLS) {
        // The outermost call comes from the host and has no place; that of what is built in is the
        // place of the error, and a recursion need not be told again and again.
        let Some(location) = &frame.location else { continue };
        let is_told = Some(location) == error.span() || Some(location) == told;
        if is_told || last.replace(location) == Some(location) {
            continue;
        }
        let name = first_line(&frame.name);
        let begin = location.resolve_span().begin;
        let (line, column) = (begin.line + 1, begin.column + 1);
        let _ = write!(calls, "\n`{name}` was called at {}:{line}:{column}", location.filename());
    }
    if frames.len() > SHOWN_CALLS {
        let _ = write!(calls, "\nand {} calls before", frames.len() - SHOWN_CALLS);
    }
    diagnostic.detail = format!("{}{calls}", diagnostic.detail).trim().to_owned();
    diagnostic
}

/// The place of a span. The file may be any of those that take part in the evaluation.
pub(crate) fn origin_of(span: &FileSpan, source: &Arc<Source>) -> Origin {
    match session::source_named(span.filename()) {
        Some(found) => origin_in(span, &found),
        None => origin_in(span, source),
    }
}

fn origin_in(span: &FileSpan, source: &Arc<Source>) -> Origin {
    Origin::new(source, place(span.span.begin())..place(span.span.end()))
}

pub(crate) fn place(position: starlark::codemap::Pos) -> usize {
    usize::try_from(position.get()).unwrap_or(usize::MAX)
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().to_owned()
}

fn rest(text: &str) -> String {
    text.trim().split_once('\n').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default()
}
