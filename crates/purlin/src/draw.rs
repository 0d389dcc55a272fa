//! Printing: the one renderer of diagnostics, and how bytes reach the terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use purlin_commands::COMMAND_LINE;
use purlin_model::{Diagnostic, Label, Severity, hides};
pub(crate) use purlin_model::{harmless, harmless_line};

use crate::arguments::{Color, Global};
use crate::environment;

/// Why stdout could not be written, the first time that it could not.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Prints to stdout. That it cannot be written is told at the end: see [`unwritten`].
pub(crate) fn out(text: fmt::Arguments<'_>) {
    out_bytes(text.to_string().as_bytes());
}

/// Prints bytes to stdout as they are.
pub(crate) fn out_bytes(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    note(&stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

/// Remembers that stdout could not be written. A reader that has gone away is no error of ours.
pub(crate) fn note(written: &io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// What to tell when something meant for stdout is lost.
pub(crate) fn unwritten() -> Option<Diagnostic> {
    let why = UNWRITTEN.get()?;
    let lost = Diagnostic::error("output", "the output could not be written");
    Some(lost.detail(format!("{why}.")).help("some or all of it is lost".to_owned()))
}

/// Prints to stderr.
pub(crate) fn err(text: fmt::Arguments<'_>) {
    err_bytes(text.to_string().as_bytes());
}

/// Prints bytes to stderr as they are.
pub(crate) fn err_bytes(bytes: &[u8]) {
    let _ = io::stderr().lock().write_all(bytes);
}

/// Prints one JSON document to stdout.
pub(crate) fn json(document: &impl serde::Serialize) {
    json_text(&serde_json::to_string(document).expect("its keys are text"));
}

/// Prints the text of a JSON document to stdout. What terminals do not show is escaped in it, which to
/// JSON is the same.
pub(crate) fn json_text(text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return out(format_args!("{text}\n"));
    }
    let mut shown = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if hides(character) && character != '\n' {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            shown.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(character);
        }
    }
    out(format_args!("{shown}\n"));
}

/// True when text on stderr may be coloured.
pub(crate) fn colored(global: &Global) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            environment::value(&environment::NO_COLOR).is_none() && io::stderr().is_terminal()
        }
    }
}

/// Prints diagnostics to stderr: drawn, or with `--json` as one document.
pub(crate) fn diagnostics(global: &Global, diagnostics: &[Diagnostic]) {
    let shown = diagnostics
        .iter()
        .filter(|diagnostic| !global.quiet || diagnostic.severity == Severity::Error);
    if global.json {
        let list: Vec<_> = shown.map(Diagnostic::to_json).collect();
        if !list.is_empty() {
            err(format_args!("{}\n", serde_json::json!({ "diagnostics": list })));
        }
        return;
    }
    let colored = colored(global);
    for diagnostic in shown {
        err(format_args!("{}\n\n", render(diagnostic, colored)));
    }
}

/// Draws a diagnostic: what, where with the source line, why, and what to do.
pub(crate) fn render(diagnostic: &Diagnostic, colored: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut texts: Vec<(usize, String)> = Vec::new();
    // The words on the command line are in front of the user; no line of them is shown again.
    let in_files = |label: &&Label| label.origin.path() != Path::new(COMMAND_LINE);
    for label in diagnostic.labels.iter().filter(in_files) {
        let known = texts
            .iter()
            .any(|(index, _)| diagnostic.labels[*index].origin.path() == label.origin.path());
        if !known {
            let index =
                diagnostic.labels.iter().position(|one| std::ptr::eq(one, label)).unwrap_or(0);
            texts.push((index, text_of(label)));
        }
    }
    let mut group = Group::with_title(level.primary_title(harmless_line(&diagnostic.summary)));
    for (first, text) in &texts {
        let path = diagnostic.labels[*first].origin.path();
        let shown = harmless_line(&path.to_string_lossy());
        let mut snippet = Snippet::source(text.as_str()).path(shown).fold(true);
        for (index, label) in diagnostic.labels.iter().enumerate() {
            if label.origin.path() != path {
                continue;
            }
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet =
                snippet.annotation(kind.span(span(label, text)).label(harmless_line(&label.text)));
        }
        group = group.element(snippet);
    }
    if !diagnostic.detail.is_empty() {
        group = group.element(Level::NOTE.no_name().message(harmless(&diagnostic.detail)));
    }
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(harmless(&diagnostic.help)));
    }
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The text that a label points into. What is known from an index only is read again; if that
/// cannot be done, empty lines stand for it, so that the line number still shows.
fn text_of(label: &Label) -> String {
    let source = &label.origin.source;
    if let Some(text) = &source.text {
        return text.clone();
    }
    std::fs::read_to_string(&source.path)
        .unwrap_or_else(|_| "\n".repeat(usize::try_from(label.origin.line).unwrap_or(1)))
}

/// The part of the text that a label is about, cut to its first line.
fn span(label: &Label, text: &str) -> std::ops::Range<usize> {
    let place = |offset: u32| {
        let mut offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = place(label.origin.start);
    let end = place(label.origin.end).max(start);
    let line_end = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..line_end
}
