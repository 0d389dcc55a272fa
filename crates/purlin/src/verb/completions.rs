//! `purlin completions`, and answering the shell when it asks.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{Bash, CompleteEnv, EnvCompleter, Fish, Zsh};
use purlin_model::Diagnostic;
use purlin_plugin::PluginSet;

use crate::arguments::{Arguments, Completions, Global, Shell};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{draw, offer, words};

/// Set by the script in the user's shell when it asks for candidates.
const ASKED: &str = "PURLIN_COMPLETE";

/// Prints the script that makes a shell ask `purlin` for candidates.
pub(crate) fn perform(options: &Completions) -> Outcome {
    let shell: &dyn EnvCompleter = match options.shell {
        Shell::Bash => &Bash,
        Shell::Fish => &Fish,
        Shell::Zsh => &Zsh,
    };
    let mut script = Vec::new();
    shell.write_registration(ASKED, "purlin", "purlin", "purlin", &mut script).map_err(
        |error| {
            Failure::failed(
                Diagnostic::error("completions", "the script cannot be written")
                    .detail(error.to_string()),
            )
        },
    )?;
    draw::out_bytes(&script);
    Ok(ExitCode::SUCCESS)
}

/// True when a shell asks: nothing but candidates may be written then.
pub(crate) fn is_asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Answers a shell that asks. `None` when nobody asks.
pub(crate) fn answer(bundled: &PluginSet) -> Option<ExitCode> {
    if !is_asked() {
        return None;
    }
    let directory = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(|| command(bundled))
        .var(ASKED)
        .try_complete(std::env::args_os(), directory.as_deref());
    match asked {
        Ok(true) => Some(ExitCode::SUCCESS),
        // A shell shows nothing then, which is better than a message in the middle of a line.
        Ok(false) | Err(_) => Some(ExitCode::FAILURE),
    }
}

/// The grammar with what only this workspace knows: its commands, plugins, and what they add.
fn command(bundled: &PluginSet) -> clap::Command {
    let mut command = Arguments::command();
    let Ok(context) = Context::new(&global(), bundled) else { return command };
    let context = Arc::new(context);
    let (definitions, _) = context.read_definitions();
    let commands: Vec<String> =
        definitions.commands.values().map(|command| command.name.clone()).collect();
    let modules = definitions.spaces.values().flat_map(|space| &space.modules);
    let modules = distinct(modules.map(|module| module.name.clone()));
    let spaces: Vec<String> = definitions.spaces.keys().cloned().collect();
    let here = spaces.clone();
    let tags = definitions.commands.values().flat_map(|command| &command.tags);
    let tags = distinct(tags.map(|tag| tag.name.clone()));
    let given = definitions.context.keys().map(|name| format!("{name}=")).collect();
    context.plugins.refresh();
    let flags = offer::flags(&context, context.plugins.flags("run"));
    command = command.mut_subcommand("run", |run| {
        let names = candidates(commands.clone());
        let why = candidates(commands);
        run.mut_arg("names", |argument| argument.add(names))
            .mut_arg("why", |argument| argument.add(why))
            .mut_arg("modules", |argument| argument.add(candidates(modules)))
            .mut_arg("spaces", |argument| argument.add(candidates(spaces)))
            .mut_arg("tags", |argument| argument.add(candidates(tags)))
            .mut_arg("ctx", |argument| argument.add(candidates(given)))
            .args(flags)
    });
    command = command
        .mut_subcommand("exec", |exec| exec.mut_arg("space", |one| one.add(candidates(here))));
    let plugins: Vec<String> =
        context.plugins.list().into_iter().map(|plugin| plugin.name).collect();
    command = command.mut_subcommand("plugin", |plugin| {
        plugin.mut_subcommand("info", |info| {
            info.mut_arg("name", |argument| argument.add(candidates(plugins)))
        })
    });
    for word in context.plugins.subcommands() {
        if let Ok(feature) = word.usable {
            command = command.subcommand(offer::verb(&context, &feature));
        }
    }
    command
}

/// The global flags of the line that is being typed; it stands behind `--`.
fn global() -> Global {
    let words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    Global { quiet: true, ..words::global_of(&words) }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let names: BTreeSet<String> = names.collect();
    names.into_iter().collect()
}

fn candidates(values: Vec<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || values.iter().map(CompletionCandidate::new).collect::<Vec<_>>())
}
