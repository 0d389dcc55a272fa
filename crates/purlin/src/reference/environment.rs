//! Process variables that Purlin reads, and those that commands see.

use purlin_commands::ProcessVariables;

use crate::environment::ALL;
use crate::markdown::{head, row};
use crate::run_options::SETTINGS;

pub(super) fn page() -> String {
    let mut text = String::from(
        "# Process variables\n\n## What Purlin reads\n\nA variable that is empty counts as not set.\n\n",
    );
    text.push_str(&head(&["variable", "meaning"]));
    for variable in ALL {
        text.push_str(&row(&[&format!("`{}`", variable.name), variable.about]));
    }
    text.push_str(
        "\n## Options of a run\n\nEach option of `purlin run` is set by a variable where the command line says nothing about \
         it, nor anything that cannot stand beside it. Two variables that cannot stand beside each other are an error, \
         as is a value without a meaning.\n\n",
    );
    text.push_str(&head(&["variable", "option", "value"]));
    for setting in &SETTINGS {
        let (variable, option) = (setting.variable(), format!("`--{}`", setting.name));
        text.push_str(&row(&[&format!("`{variable}`"), &option, &setting.expected()]));
    }
    text.push_str(
        "\nVariables of `[ctx]` in `purlin.toml` are read from the process variable of the same name, in upper case \
         and with `_` for `-`.\n\nThe scripts of `purlin completions` also set `PURLIN_COMPLETE` and variables that begin with \
         `_CLAP` for the process that they ask.\n\n\
         ## What commands see\n\n\
         Passed on to every command where the user has them, and in no key:\n\n",
    );
    let (fixed, passed): (Vec<_>, Vec<_>) =
        ProcessVariables::base_names().partition(|(_, value)| value.is_some());
    for (name, _) in passed {
        text.push_str(&format!("- `{name}`\n"));
    }
    text.push_str("\nSet for every command, whatever the user has:\n\n");
    for (name, value) in fixed {
        text.push_str(&format!("- `{name}={}`\n", value.unwrap_or_default()));
    }
    text.push_str(
        "\nAnything else reaches a command only through its `env`: `NAME = \"text\"` sets a variable, \
         `NAME = true` passes the user's, or through the files of its space (`dotenv`). These are in the key with the \
         value, and stand above the base; `env` above the files.\n",
    );
    text
}
