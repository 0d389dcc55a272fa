//! `[ctx]`: the variables of the context, as they are declared.

use indexmap::IndexMap;
use purlin_model::{Diagnostic, Origin, Table, Value, to_kebab};
use serde_json::Value as Json;

use super::named::{fold_alike, is_name};

/// A variable of the context, as it is declared.
#[derive(Debug, Clone)]
pub struct ContextVariable {
    /// Kebab-case name.
    pub name: String,
    /// Where its key stands.
    pub origin: Origin,
    /// What its values are.
    pub kind: ContextType,
    /// Its value where nobody gives one.
    pub default: Option<Json>,
    /// True when it is an error to use it without a value.
    pub required: bool,
}

/// What the values of a variable are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextType {
    /// Texts.
    Str,
    /// Whole numbers.
    Int,
    /// Truth values.
    Bool,
}

/// The name under which the built-in values stand.
pub(crate) const BUILT_IN: &str = "purlin";

impl ContextVariable {
    /// The process variable that its value is read from: upper case, with `_` for `-`.
    #[must_use]
    pub fn process_variable(&self) -> String {
        self.name.replace('-', "_").to_ascii_uppercase()
    }
}

impl ContextType {
    /// A value from its text; `None` when the text is no such value.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<Json> {
        match self {
            Self::Str => Some(text.into()),
            Self::Int => text.trim().parse::<i64>().ok().map(Json::from),
            Self::Bool => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true.into()),
                "false" | "0" | "no" | "off" | "" => Some(false.into()),
                _ => None,
            },
        }
    }

    /// As messages say it.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Str => "a text",
            Self::Int => "a whole number",
            Self::Bool => "`true` or `false`",
        }
    }

    fn holds(self, value: &Json) -> bool {
        match self {
            Self::Str => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Bool => value.is_boolean(),
        }
    }
}

/// Reads a table that the schema has accepted.
pub(super) fn variables(
    table: &Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, ContextVariable> {
    let mut variables: IndexMap<String, ContextVariable> = IndexMap::new();
    for (key, entry) in table.as_table().into_iter().flat_map(Table::iter) {
        let name = to_kebab(key);
        if !is_name(&name, key, "a context variable", &entry.key, diagnostics) {
            continue;
        }
        if name == BUILT_IN {
            diagnostics.push(
                Diagnostic::error("bad-name", format!("`{BUILT_IN}` names the built-in values"))
                    .label(entry.key.clone(), "this name")
                    .help("choose another name".to_owned()),
            );
            continue;
        }
        if let Some(other) = variables.get(&name) {
            diagnostics.push(fold_alike("context variables", &name, &entry.key, &other.origin));
            continue;
        }
        let variable = read(name.clone(), &entry.key, &entry.value, diagnostics);
        variables.insert(name, variable);
    }
    variables
}

fn read(
    name: String,
    origin: &Origin,
    value: &Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> ContextVariable {
    let written = value.get("default");
    let mut default = written.map(Value::to_json);
    let kind = match (value.get("type").and_then(Value::as_str), &default) {
        (Some("int"), _) | (None, Some(Json::Number(_))) => ContextType::Int,
        (Some("bool"), _) | (None, Some(Json::Bool(_))) => ContextType::Bool,
        _ => ContextType::Str,
    };
    if let Some(wrong) = written.filter(|_| default.as_ref().is_some_and(|one| !kind.holds(one))) {
        diagnostics.push(
            Diagnostic::error(
                "context-type",
                format!("the default of `{name}` must be {}", kind.described()),
            )
            .label(wrong.origin.clone(), format!("this is {}", wrong.described())),
        );
        default = None;
    }
    let required = value.get("required").and_then(Value::as_bool).unwrap_or(false);
    if let (true, Some(default)) = (required, written) {
        diagnostics.push(
            Diagnostic::error("context-default", format!("`{name}` is required and has a default"))
                .label(default.origin.clone(), "this is never used")
                .help("take out `required` or `default`".to_owned()),
        );
    }
    ContextVariable { name, origin: origin.clone(), kind, default, required }
}
