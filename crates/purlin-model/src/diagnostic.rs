//! What a user is told: data here, drawn by the command line.

use std::collections::HashMap;

use serde_json::json;

use crate::Origin;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something stands in the way.
    Error,
    /// It works, but not as somebody may think.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place in a source and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// What is said about it.
    pub text: String,
}

/// What, where, why, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable kebab-case word that programs may match on.
    pub code: String,
    /// What: one line.
    pub summary: String,
    /// Why: more lines, or empty.
    pub detail: String,
    /// What to do: one line or more, or empty.
    pub help: String,
    /// Where: the first label is the place itself, the others are related.
    pub labels: Vec<Label>,
}

/// What a fallible step returns when it can name several mistakes at once. Never empty.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error without places.
    pub fn error(code: &str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, summary)
    }

    /// A warning without places.
    pub fn warning(code: &str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, summary)
    }

    /// A note without places.
    pub fn note(code: &str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, summary)
    }

    fn new(severity: Severity, code: &str, summary: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            summary: summary.into(),
            detail: String::new(),
            help: String::new(),
            labels: Vec::new(),
        }
    }

    /// Adds why.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds what to do; `None` adds nothing.
    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into().unwrap_or_default();
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.labels.push(Label { origin, text: text.into() });
        self
    }

    /// Adds the place itself, in front of the related ones that are there already.
    #[must_use]
    pub fn at(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.labels.insert(0, Label { origin, text: text.into() });
        self
    }

    /// The documented JSON shape.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let labels: Vec<_> = self
            .labels
            .iter()
            .map(|label| {
                json!({
                    "file": label.origin.path().to_string_lossy(),
                    "line": label.origin.line,
                    "column": label.origin.column,
                    "text": label.text,
                })
            })
            .collect();
        json!({
            "severity": self.severity.as_str(),
            "code": self.code,
            "summary": self.summary,
            "detail": self.detail,
            "help": self.help,
            "labels": labels,
        })
    }
}

/// Each of them once, in order.
#[must_use]
pub fn distinct(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    let mut kept: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let alike = seen.entry(diagnostic.to_string()).or_default();
        if !alike.iter().any(|index| kept[*index] == diagnostic) {
            alike.push(kept.len());
            kept.push(diagnostic);
        }
    }
    kept
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.summary)?;
        if let Some(label) = self.labels.first() {
            write!(formatter, " ({})", label.origin)?;
        }
        Ok(())
    }
}
