//! The arguments of an instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_model::{Diagnostic, fold, suggestion};

use crate::definition::{Command, Named};

/// The longest text, in bytes, that all values together may have: ids hold them.
const MOST: usize = 1024;

/// Values by kebab-case name; `None` for one that has none and needs none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Arguments(Arc<BTreeMap<String, Option<String>>>);

impl Arguments {
    /// The values for a command, those that nobody gives from its defaults.
    ///
    /// # Errors
    /// An argument that it does not have, is given twice, or lacks a value.
    pub(super) fn bind(
        command: &Command,
        given: &[(String, String)],
        named: &Named,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
        let wrong = |what: String| {
            Diagnostic::error("argument", what).label(named.origin.clone(), "named here")
        };
        for (written, value) in given {
            let name = fold(written);
            if !command.args.contains_key(&name) {
                let names = command.args.keys().map(String::as_str);
                let help = suggestion(written, "arguments", names);
                let what = format!("`{}` has no argument `{written}`", command.name);
                diagnostics
                    .push(wrong(what).help(help.unwrap_or_else(|| "it has none".to_owned())));
            } else if values.insert(name, Some(value.clone())).is_some() {
                diagnostics.push(wrong(format!("the argument `{written}` is given twice")));
            }
        }
        for argument in command.args.values() {
            if values.contains_key(&argument.name) {
                continue;
            }
            if argument.required {
                diagnostics.push(missing(command, argument, named));
            }
            values.insert(argument.name.clone(), argument.default.clone());
        }
        let length: usize = values.values().flatten().map(String::len).sum();
        if length > MOST {
            diagnostics.push(
                wrong(format!("the arguments of `{}` are longer than {MOST} bytes", command.name))
                    .help("write what is longer into a file and give its name".to_owned()),
            );
        }
        if diagnostics.is_empty() { Ok(Self(Arc::new(values))) } else { Err(diagnostics) }
    }

    /// Those that have a value, by name.
    pub(in crate::graph) fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }

    pub(in crate::graph) fn values(&self) -> &BTreeMap<String, Option<String>> {
        &self.0
    }
}

fn missing(command: &Command, argument: &crate::definition::Argument, named: &Named) -> Diagnostic {
    let name = &argument.name;
    Diagnostic::error("argument", format!("`{}` needs the argument `{name}`", command.name))
        .label(named.origin.clone(), "named here")
        .label(argument.origin.clone(), "required here")
        .help(format!("name it as `{}?{name}=VALUE`", command.name))
}

/// The values that a plugin gives, as texts.
pub(in crate::graph) fn told(
    args: &serde_json::Map<String, serde_json::Value>,
) -> Vec<(String, String)> {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    args.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}
