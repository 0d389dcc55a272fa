//! Which commands run when nobody names any: those that can do so without being told more.

use purlin_model::{Kind, Part, Template, Value, fold};

use super::Instance;
use crate::definition::{Argument, Command, Program, Variable};

/// Whether a command runs when nobody names it.
pub(super) fn runs(command: &Command) -> bool {
    !command.hidden && command.args.values().all(|argument| !is_missed(command, argument))
}

/// Values for what a command cannot run without, where it is only looked at.
pub(super) fn placeholders(command: &Command) -> Vec<(String, String)> {
    let needed = command.args.values().filter(|argument| is_missed(command, argument));
    needed.map(|argument| (argument.name.clone(), argument.name.clone())).collect()
}

/// Whether an instance has such a value: then files that it names are none of the user's.
pub(super) fn is_only_looked_at(instance: &Instance) -> bool {
    let made_up = placeholders(&instance.command);
    made_up.iter().any(|(name, value)| instance.args.get(name) == Some(value))
}

/// Whether a command cannot run before somebody gives an argument a value.
///
/// An argument that is neither required nor has a default may be without one where it is all that a
/// process variable is set to: then that is not set.
fn is_missed(command: &Command, argument: &Argument) -> bool {
    if argument.required || argument.default.is_some() {
        return argument.required;
    }
    let name = argument.name.as_str();
    let program = match &command.program {
        Program::Shell(text) => std::slice::from_ref(text),
        Program::Arguments(arguments) => arguments.as_slice(),
    };
    let mut texts = program.iter().chain(&command.artifacts).chain(&command.cwd);
    let mut values = command.deps.iter().flatten().chain(&command.environment);
    let in_variable = |variable: &Variable| match variable {
        Variable::Set(text) => mentions(text, name) && !is_whole(text),
        Variable::Pass => false,
    };
    texts.any(|text| mentions(&text.name, name))
        || values.any(|value| is_in(value, name))
        || command.env.iter().any(|(_, variable)| in_variable(variable))
}

fn is_in(value: &Value, name: &str) -> bool {
    match &value.kind {
        Kind::String(text) => mentions(text, name),
        Kind::List(items) => items.iter().any(|item| is_in(item, name)),
        Kind::Table(table) => table.iter().any(|(_, entry)| is_in(&entry.value, name)),
        _ => false,
    }
}

fn mentions(text: &str, name: &str) -> bool {
    let is_it = |part: &Part| matches!(part, Part::Reference { path: Some(path), .. } if fold(path) == name);
    text.contains("{args") && Template::parse(text, &["args"]).parts.iter().any(is_it)
}

/// Whether a text is one reference and nothing else.
fn is_whole(text: &str) -> bool {
    matches!(Template::parse(text, &["args"]).parts.as_slice(), [Part::Reference { .. }])
}
