//! Verbs, flags and exit codes.

use clap::{Arg, Command, CommandFactory};

use crate::arguments::{Arguments, GROUPS, UNBUILT};
use crate::failure;
use crate::markdown::{head, row};

pub(super) fn page() -> String {
    let command = Arguments::command();
    let mut built = command.clone();
    built.build();
    let mut text = String::from(
        "# The command line\n\n\
         `purlin [OPTIONS] VERB`. What a run is about goes to stdout (listings, JSON, the output of a program \
         that runs alone); progress and diagnostics go to stderr.\n\n",
    );
    text.push_str("## Everywhere\n\nFlags of every verb, before or after it.\n\n");
    text.push_str(&table(command.get_arguments()));
    text.push_str("\n`-h` and `--help` print help, `-V` and `--version` the version.\n");
    let mut left: Vec<&str> = command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .map(Command::get_name)
        .collect();
    for (group, verbs) in GROUPS {
        text.push_str(&format!("\n## {group}\n"));
        for name in verbs {
            left.retain(|verb| verb != name);
            let verb = command.find_subcommand(name).expect("a group holds verbs");
            text.push_str(&described(verb, find(&built, &[name]), &[name]));
        }
    }
    assert!(left.is_empty(), "verbs without a group in `--help`: {left:?}");
    text.push_str("\n## Other names\n\n");
    for verb in command.get_subcommands().filter(|verb| verb.is_hide_set()) {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("- `purlin {}`: {about}\n", verb.get_name()));
    }
    let unbuilt: Vec<String> = UNBUILT.iter().map(|verb| format!("`{verb}`")).collect();
    text.push_str(&format!(
        "- Verbs of later versions are refused, and plugins cannot claim them: {}.\n\
         - Any other word is looked up among the verbs of plugins.\n",
        unbuilt.join(", ")
    ));
    text.push_str("\n## Exit codes\n\n");
    text.push_str(&head(&["code", "meaning"]));
    for (code, meaning) in [
        (0, "done"),
        (
            failure::FAILED,
            "a command failed, or something on the way: a full disk, a cache that cannot be cleared",
        ),
        (failure::USAGE, "wrong usage or configuration; nothing was run"),
        (failure::PLUGIN, "a plugin failed or cannot be used, and nothing else is wrong"),
        (failure::BUG, "a bug in Purlin"),
        (failure::CANCELLED, "cancelled by Ctrl-C, TERM or HUP"),
    ] {
        text.push_str(&row(&[&code.to_string(), meaning]));
    }
    text.push_str(
        "\nA verb of a plugin ends with the status that the plugin gives. `exec` ends with that of its program, 128 and \
         the number of the signal that killed it, 127 where the program is not found and 126 where it cannot be executed.\n",
    );
    text
}

/// A verb and the verbs inside it.
fn described(verb: &Command, built: &Command, path: &[&str]) -> String {
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let words = path.join(" ");
    let mut text = format!("\n### `purlin {words}`\n\n{about}.\n");
    let inner: Vec<&Command> = verb.get_subcommands().filter(|one| !one.is_hide_set()).collect();
    if inner.is_empty() {
        let usage = built.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        text.push_str(&format!("\n```text\n{usage}\n```\n"));
    }
    if verb.get_arguments().next().is_some() {
        text.push_str(&format!("\n{}", table(verb.get_arguments())));
    }
    for one in inner {
        let path = [path, &[one.get_name()]].concat();
        text.push_str(&described(one, find(built, &[one.get_name()]), &path));
    }
    text
}

fn find<'a>(command: &'a Command, path: &[&str]) -> &'a Command {
    path.iter().fold(command, |command, name| {
        command.find_subcommand(name).expect("the same verbs are in both")
    })
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = head(&["argument", "meaning"]);
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        text.push_str(&row(&[&spelling(argument), &meaning(argument)]));
    }
    text
}

/// ``-n`, `--jobs N``
fn spelling(argument: &Arg) -> String {
    let takes = argument.get_action().takes_values();
    let default = [argument.get_id().as_str().to_uppercase().into()];
    let names = argument.get_value_names().unwrap_or(&default);
    let value = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let many = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
    let value = if many { format!("{value}…") } else { value };
    let Some(long) = argument.get_long() else { return format!("`{value}`") };
    let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let value = if takes { format!(" {value}") } else { String::new() };
    format!("{short}`--{long}{value}`")
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values = argument.get_possible_values();
    if argument.get_action().takes_values() && !values.is_empty() {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        text.push_str(&format!(": {}", values.join(", ")));
        let default: Vec<_> = argument.get_default_values().iter().collect();
        if let [default] = default.as_slice() {
            text.push_str(&format!("; `{}` unless it is given", default.display()));
        }
    }
    text
}
