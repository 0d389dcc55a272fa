//! Names and texts that know where they are written.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Severity, Source, Value, is_kebab};

/// A name or text, and where it is written.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name as written.
    pub name: String,
    /// Where.
    pub origin: Origin,
}

/// The source of names that are given on the command line.
pub const COMMAND_LINE: &str = "<command line>";

/// A source that stands for the command line, for names given there.
#[must_use]
pub fn from_command_line(name: &str) -> Named {
    let source: Arc<Source> = Source::new(COMMAND_LINE, name);
    Named { name: name.to_owned(), origin: Origin::new(&source, 0..name.len()) }
}

/// A source that stands for a process variable, for names that one says in place of the command line.
#[must_use]
pub fn from_process_variable(variable: &str, name: &str) -> Named {
    let source: Arc<Source> = Source::new(format!("{VARIABLE}{variable}>"), name);
    Named { name: name.to_owned(), origin: Origin::new(&source, 0..name.len()) }
}

/// The process variable that a name is from, if it is from one.
pub(crate) fn process_variable(origin: &Origin) -> Option<&str> {
    origin.path().to_str()?.strip_prefix(VARIABLE)?.strip_suffix('>')
}

/// How the sources of names begin that process variables say.
const VARIABLE: &str = "<process variable ";

/// True when there is an error among them.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The text of a value with its place, if it is one.
pub(super) fn named(value: &Value) -> Option<Named> {
    value.as_str().map(|text| Named { name: text.to_owned(), origin: value.origin.clone() })
}

/// The elements of a list; none for anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_list().unwrap_or_default()
}

/// Whether a declared name can be one; what is wrong is told.
pub(super) fn is_name(
    name: &str,
    written: &str,
    what: &str,
    origin: &Origin,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    let right = is_kebab(name);
    if !right {
        diagnostics.push(
            Diagnostic::error("bad-name", format!("`{written}` cannot be the name of {what}"))
                .label(origin.clone(), "this name")
                .detail(
                    "Names are lower-case letters, digits and dashes, and begin with a letter.",
                ),
        );
    }
    right
}

/// Two declared names are one.
pub(super) fn fold_alike(what: &str, name: &str, this: &Origin, other: &Origin) -> Diagnostic {
    Diagnostic::error("names-fold-alike", format!("two {what} are both `{name}`"))
        .label(this.clone(), "this one")
        .label(other.clone(), "and this one")
        .detail("`-` and `_` are the same in names.")
        .help("rename one of them".to_owned())
}
