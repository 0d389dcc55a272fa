//! TOML with an origin on every value.

mod plain;

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Diagnostic, Kind, Origin, Source, Table, Value};

/// Parses a document. Every syntax error is reported, and what could be read is returned all the
/// same, so that one slip does not hide the others.
#[must_use]
pub fn parse_toml(source: &Arc<Source>) -> (Value, Vec<Diagnostic>) {
    match plain::parse(source) {
        Some(table) => (Value::new(Kind::Table(table), Origin::whole(source)), Vec::new()),
        None => parse_any(source),
    }
}

/// The full parser.
fn parse_any(source: &Arc<Source>) -> (Value, Vec<Diagnostic>) {
    let text = source.text.as_deref().unwrap_or("");
    let (document, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::new(source);
    let mut diagnostics: Vec<Diagnostic> = errors
        .iter()
        .map(|error| {
            let origin = lines.origin(error.span().unwrap_or(0..0));
            Diagnostic::error("toml-syntax", "the file is not valid TOML")
                .label(origin, error.message())
        })
        .collect();
    let span = document.span();
    let table = convert_table(document.get_ref(), &lines, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.origin.start));
    // The parser tells some mistakes again at every character that follows.
    diagnostics.dedup_by(|later, earlier| says_the_same(later, earlier));
    (Value::new(Kind::Table(table), lines.origin(span.start..span.start)), diagnostics)
}

/// True for the same mistake in the same line.
fn says_the_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    let told = |diagnostic: &Diagnostic| {
        diagnostic.labels.first().map(|label| (label.origin.line, label.text.clone()))
    };
    one.summary == other.summary && told(one) == told(other)
}

/// Line starts, so that the position of each value costs a binary search, not a scan.
struct Lines<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        let text = source.text.as_deref().unwrap_or("");
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect();
        Self { source, text, starts }
    }

    fn origin(&self, span: std::ops::Range<usize>) -> Origin {
        let line = self.starts.partition_point(|start| *start <= span.start).max(1);
        let head = self.text.get(self.starts[line - 1]..span.start).unwrap_or("");
        let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Origin {
            source: self.source.clone(),
            start: clamp(span.start),
            end: clamp(span.end),
            line: clamp(line),
            column: clamp(head.chars().count() + 1),
        }
    }
}

fn convert_table(
    table: &DeTable<'_>,
    lines: &Lines<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Table {
    let mut converted = Table::default();
    for (key, value) in table {
        let origin = lines.origin(key.span());
        converted.insert(key.get_ref().to_string(), origin, convert(value, lines, diagnostics));
    }
    converted
}

fn convert(
    value: &Spanned<DeValue<'_>>,
    lines: &Lines<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let origin = lines.origin(value.span());
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::String(text.to_string()),
        DeValue::Boolean(value) => Kind::Bool(*value),
        DeValue::Datetime(value) => Kind::String(value.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Kind::Int(whole),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::error("toml-syntax", "the number does not fit into 64 bits")
                        .label(origin.clone(), "this number"),
                );
                Kind::Int(0)
            }
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(value) => Kind::Float(value),
            Err(_) => Kind::Float(f64::NAN),
        },
        DeValue::Array(items) => {
            Kind::List(items.iter().map(|item| convert(item, lines, diagnostics)).collect())
        }
        DeValue::Table(table) => Kind::Table(convert_table(table, lines, diagnostics)),
    };
    Value::new(kind, origin)
}

#[cfg(test)]
mod tests;
