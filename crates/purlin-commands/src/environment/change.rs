//! Changes of process variables.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use purlin_model::{Hasher, Part, Template};
use purlin_plugin::message::VariableChange;

use crate::template::Text;

/// What stands between the elements of a list.
const SEPARATOR: &str = ":";

/// One change of a process variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The variable.
    pub name: String,
    /// What becomes of it.
    operation: Operation,
}

/// What becomes of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    /// It has this value.
    Set(Text),
    /// This stands in front of the list that it is.
    Prepend(Text),
    /// This stands at the end of the list that it is.
    Append(Text),
    /// It is not there.
    Unset,
}

impl Change {
    /// A change of a description, with its templates expanded.
    pub(super) fn new(change: &VariableChange, root: &str) -> Self {
        let operation = match change {
            VariableChange::Set { value, .. } => Operation::Set(expanded(value, root)),
            VariableChange::Prepend { value, .. } => Operation::Prepend(expanded(value, root)),
            VariableChange::Append { value, .. } => Operation::Append(expanded(value, root)),
            VariableChange::Unset { .. } => Operation::Unset,
        };
        Self { name: change.name().to_owned(), operation }
    }

    /// Makes the change.
    pub(crate) fn apply(&self, variables: &mut BTreeMap<OsString, OsString>) {
        let name = OsString::from(&self.name);
        let list = |front: &OsStr, back: &OsStr| -> OsString {
            let both = [front, back];
            let parts: Vec<&OsStr> = both.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join(OsStr::new(SEPARATOR))
        };
        let now = variables.remove(&name);
        let value = match &self.operation {
            Operation::Unset => return,
            Operation::Set(text) => text.value.clone().into(),
            Operation::Prepend(text) => list(text.value.as_ref(), &now.unwrap_or_default()),
            Operation::Append(text) => list(&now.unwrap_or_default(), text.value.as_ref()),
        };
        variables.insert(name, value);
    }

    /// Adds what the key holds of it.
    fn hash(&self, hasher: &mut Hasher) {
        let (operation, text) = match &self.operation {
            Operation::Set(text) => ("set", Some(text)),
            Operation::Prepend(text) => ("prepend", Some(text)),
            Operation::Append(text) => ("append", Some(text)),
            Operation::Unset => ("unset", None),
        };
        hasher.field(operation.as_bytes());
        hasher.field(text.map_or("", |text| text.keyed.as_str()).as_bytes());
    }
}

/// The parts of a key that changes make, by label.
pub(crate) fn parts(changes: &[Change]) -> BTreeMap<String, String> {
    let mut hashers: BTreeMap<&str, Hasher> = BTreeMap::new();
    for change in changes {
        let hasher = hashers.entry(&change.name).or_insert_with(|| Hasher::new("purlin-changes"));
        change.hash(hasher);
    }
    let part = |(name, hasher): (&str, Hasher)| {
        (format!("the environment's {name}"), hasher.finish().to_hex())
    };
    hashers.into_iter().map(part).collect()
}

/// `{root}` is the workspace's root, and nothing else is a reference.
fn expanded(value: &str, root: &str) -> Text {
    let mut text = Text { value: String::new(), keyed: String::new() };
    for part in Template::parse(value, &["root"]).parts {
        let (value, keyed) = match part {
            Part::Text(plain) => (plain.clone(), plain),
            Part::Reference { path: None, .. } => (root.to_owned(), "\0root\0".to_owned()),
            Part::Reference { path: Some(path), .. } => {
                let written = format!("{{root.{path}}}");
                (written.clone(), written)
            }
        };
        text.value.push_str(&value);
        text.keyed.push_str(&keyed);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(operation: &str, name: &str, value: &str) -> Change {
        let told = match operation {
            "unset" => serde_json::json!({ "operation": operation, "name": name }),
            _ => serde_json::json!({ "operation": operation, "name": name, "value": value }),
        };
        Change::new(&serde_json::from_value(told).expect("it is a change"), "/w")
    }

    #[test]
    fn changes_are_made_in_order() {
        let mut variables = BTreeMap::from([("PATH".into(), "/bin".into())]);
        for one in [
            change("prepend", "PATH", "{root}/venv/bin"),
            change("append", "PATH", "/opt/{{root}"),
            change("set", "A", "1"),
            change("append", "A", "2"),
            change("unset", "PATH2", ""),
            change("prepend", "EMPTY", "x"),
            change("set", "B", "gone"),
            change("unset", "B", ""),
        ] {
            one.apply(&mut variables);
        }
        let told: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(told, ["A=1:2", "EMPTY=x", "PATH=/w/venv/bin:/bin:/opt/{root}"]);
    }

    #[test]
    fn the_order_of_changes_of_one_variable_counts_and_where_the_workspace_is_does_not() {
        let (one, other) = (change("set", "A", "{root}"), change("append", "A", "x"));
        let here = parts(&[one.clone(), other.clone()]);
        assert_ne!(here, parts(&[other, one.clone()]));
        let there = VariableChange::Set { name: "A".to_owned(), value: "{root}".to_owned() };
        assert_eq!(parts(&[one]), parts(&[Change::new(&there, "/elsewhere")]));
        assert_ne!(parts(&[change("set", "A", "/w")]), parts(&[change("set", "A", "{root}")]));
    }
}
