//! From words to verbs: parsing, what plugins add to it, and ending.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use purlin_model::{Diagnostic, fold};
use purlin_plugin::PluginSet;
use purlin_plugin::manifest::Stage;

use crate::arguments::{Arguments, Cache, GROUPS, Global, INSTEAD, Plugin, Run, UNBUILT, Verb};
use crate::context::Context;
use crate::extended::{self, Extended, Grammar, Stop};
use crate::failure::{Failure, Outcome, USAGE};
use crate::verb;
use crate::{draw, environment, signals};

/// Parses the words and does what they say.
pub(crate) fn dispatch(words: &[OsString], bundled: &PluginSet) -> ExitCode {
    if let Some(code) = verb::completions::answer(bundled) {
        return code;
    }
    match Arguments::try_parse_from(words) {
        Ok(Arguments { verb: Some(Verb::Other(rest)), .. }) => {
            let global = global_of(words);
            match verb::other::perform(words, &rest, &global, bundled) {
                Ok((global, outcome)) => end(&global, outcome),
                Err(stop) => stopped(&global, stop),
            }
        }
        Ok(arguments) => end(&arguments.global.clone(), perform(arguments, bundled)),
        Err(error) => explain(error, words, bundled),
    }
}

fn perform(arguments: Arguments, bundled: &PluginSet) -> Outcome {
    let global = &arguments.global;
    let Some(verb) = arguments.verb else {
        help(global, bundled);
        return Ok(ExitCode::from(USAGE));
    };
    match verb {
        Verb::Init(options) => verb::init::perform(global, bundled, &options),
        Verb::Show(options) => verb::show::perform(&Context::new(global, bundled)?, &options),
        Verb::Explain(options) => verb::explain::perform(&Context::new(global, bundled)?, &options),
        Verb::Graph(options) => verb::graph::perform(&Context::new(global, bundled)?, &options),
        Verb::Completions(options) => verb::completions::perform(&options),
        Verb::Check(options) => verb::check::perform(&Context::new(global, bundled)?, &options),
        Verb::Build(options) => {
            let global = Global { update: options.update.clone(), ..global.clone() };
            verb::build::perform(&Context::new(&global, bundled)?, &options)
        }
        Verb::App(options) => verb::app::perform(&Context::new(global, bundled)?, &options),
        Verb::Shell(options) => verb::shell::perform(&Context::new(global, bundled)?, &options),
        Verb::Run(options) => verb::run::perform(&Context::new(global, bundled)?, &options, &[]),
        Verb::Exec(options) => verb::exec::perform(&Context::new(global, bundled)?, &options),
        Verb::Cache(Cache::List) => verb::cache::list(&Context::new(global, bundled)?),
        Verb::Cache(Cache::Verify { keep }) => {
            verb::cache::verify(&Context::new(global, bundled)?, keep)
        }
        Verb::Cache(Cache::Prune { older_than, max_size }) => {
            verb::cache::prune(&Context::new(global, bundled)?, older_than, max_size)
        }
        Verb::Cache(Cache::Clear) => verb::cache::clear(&Context::new(global, bundled)?),
        Verb::Plugin(Plugin::List) | Verb::ListPlugins => {
            verb::plugin::list(&Context::new(global, bundled)?)
        }
        Verb::Plugin(Plugin::Info { name }) => {
            verb::plugin::info(&Context::new(global, bundled)?, &name)
        }
        Verb::Plugin(Plugin::Check { folder }) => {
            verb::plugin::check::perform(global, folder.as_deref())
        }
        Verb::Plugin(Plugin::Test { folder }) => {
            verb::plugin::test::perform(global, bundled, folder.as_deref())
        }
        Verb::Plugin(Plugin::Call { folder, function, params }) => {
            verb::plugin::call::perform(global, bundled, &folder, &function, params.as_deref())
        }
        Verb::Plugin(Plugin::Docs { plugin }) => {
            verb::plugin::docs::perform(global, bundled, plugin.as_deref())
        }
        Verb::Plugin(Plugin::Trust { names, yes }) => {
            verb::plugin::trust::perform(&Context::new(global, bundled)?, &names, yes)
        }
        Verb::Plugin(Plugin::Lock { names }) => {
            verb::plugin::lock::perform(&Context::new(global, bundled)?, &names)
        }
        Verb::Other(_) => unreachable!("verbs of plugins are taken out before"),
    }
}

/// Shows what went wrong and turns it into an exit code.
fn end(global: &Global, outcome: Outcome) -> ExitCode {
    match (outcome, signals::stopped()) {
        (Ok(_), Some((code, _))) => code,
        (Err(_), Some((code, why))) => {
            draw::diagnostics(global, &[why]);
            code
        }
        (outcome, None) => ended(global, outcome),
    }
}

fn ended(global: &Global, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            draw::diagnostics(global, &failure.diagnostics);
            ExitCode::from(failure.code)
        }
    }
}

/// What the parser did not take: help, or a mistake, or a flag that a plugin adds.
fn explain(error: clap::Error, words: &[OsString], bundled: &PluginSet) -> ExitCode {
    let global = global_of(words);
    let path = verb_of(words);
    match (error.kind(), path.as_slice()) {
        (ErrorKind::DisplayHelp, []) => {
            help(&global, bundled);
            ExitCode::SUCCESS
        }
        (ErrorKind::DisplayHelp | ErrorKind::UnknownArgument, [verb]) if verb == "run" => {
            match run_with_flags(words, &global, bundled) {
                Ok((global, outcome)) => end(&global, outcome),
                Err(stop) => stopped(&global, stop),
            }
        }
        (ErrorKind::UnknownArgument, [_, ..]) => {
            let flag = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::String(flag)) => flag.clone(),
                _ => String::new(),
            };
            match unknown_flag(&global, bundled, &flag, &path.join(" ")) {
                Some(failure) => end(&global, Err(failure)),
                None => stopped(&global, Stop::Words(Box::new(error))),
            }
        }
        _ => stopped(&global, Stop::Words(Box::new(error))),
    }
}

/// Shows why words could not be parsed.
fn stopped(global: &Global, stop: Stop) -> ExitCode {
    match stop {
        Stop::Failed(failure) => end(global, Err(failure)),
        Stop::Help(error, more) => {
            let gap = if more.is_empty() { "" } else { "\n" };
            draw::out(format_args!("{}{gap}{more}", error.render()));
            ExitCode::SUCCESS
        }
        Stop::Words(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                draw::out(format_args!("{}", error.render()));
                ExitCode::SUCCESS
            }
            _ => usage(global, &error),
        },
    }
}

/// `run` with the flags that plugins add to it.
fn run_with_flags(
    words: &[OsString],
    global: &Global,
    bundled: &PluginSet,
) -> Result<(Global, Outcome), Stop> {
    let grow = |context: &Context, grammar: Grammar| {
        let flags = grammar.flags(context, "run", words);
        Ok((Arguments::command().mut_subcommand("run", |run| grammar.grow(run, &flags)), flags))
    };
    let parsed = extended::parse(words, global, bundled, grow, |_| "run")?;
    let Extended { context, matches, grown } = parsed;
    let options =
        Run::from_arg_matches(inner(&matches)).map_err(|error| Stop::Words(Box::new(error)))?;
    let stages = [Stage::Parsed, Stage::Resolved];
    let outcome = extended::given(&context, inner(&matches), grown, "run", &stages)
        .and_then(|given| verb::run::perform(&context, &options, &given));
    Ok((context.global.clone(), outcome))
}

/// What was parsed of the verb itself.
pub(crate) fn inner(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| inner)
}

/// The failure for a flag that some plugin adds to a verb whose request nobody can edit.
fn unknown_flag(global: &Global, bundled: &PluginSet, flag: &str, verb: &str) -> Option<Failure> {
    let name = fold(flag.split('=').next().unwrap_or(flag).strip_prefix("--")?);
    let context = Context::new(global, bundled).ok()?;
    context.plugins.refresh();
    let known = context.plugins.flags(verb).into_iter().find(|word| word.name == name)?;
    let feature = match known.usable {
        Ok(feature) => feature,
        Err(diagnostic) => return Some(diagnostic.into()),
    };
    Some(
        Diagnostic::error(
            "no-request",
            format!("the flag `--{name}` cannot be applied to `{verb}`"),
        )
        .label(feature.origin.clone(), format!("`{}` adds it here", feature.plugin))
        .detail(format!("`{verb}` has no request that a flag could edit."))
        .help("flags can be added to `run` and to verbs of plugins".to_owned())
        .into(),
    )
}

/// A mistake on the command line, in the parser's words.
fn usage(global: &Global, error: &clap::Error) -> ExitCode {
    if global.json {
        let text = error.render().to_string();
        let summary = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let detail: Vec<&str> =
            text.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
        let diagnostic = Diagnostic::error("usage", summary).detail(detail.join("\n"));
        draw::diagnostics(global, &[diagnostic]);
    } else if draw::colored(global) {
        draw::err(format_args!("{}", error.render().ansi()));
    } else {
        draw::err(format_args!("{}", error.render()));
    }
    ExitCode::from(USAGE)
}

/// The global flags of a command line that could not be parsed as a whole.
pub(crate) fn global_of(words: &[OsString]) -> Global {
    let parsed = Arguments::command()
        .ignore_errors(true)
        .try_get_matches_from(words)
        .ok()
        .and_then(|matches| Arguments::from_arg_matches(&matches).ok());
    let global = parsed.map(|arguments| arguments.global).unwrap_or_default();
    // The parser stops at the mistake; what stands behind it counts too.
    let mut words =
        words.iter().skip(1).map_while(|word| word.to_str().filter(|word| *word != "--"));
    let mut json = global.json;
    let mut directory = global.directory.clone();
    while let Some(word) = words.next() {
        json |= word == "--json";
        let attached = word.strip_prefix("--directory=").or_else(|| word.strip_prefix("-C"));
        let named = match attached {
            _ if word == "--directory" => words.next(),
            Some("") => words.next(),
            attached => attached,
        };
        directory = named.map(PathBuf::from).or(directory);
    }
    Global { directory, json, ..global }
}

/// The built-in verb that is meant, with its second word where it has one; empty when none is.
fn verb_of(words: &[OsString]) -> Vec<String> {
    let mut command = Arguments::command();
    let mut path = Vec::new();
    let mut words =
        words.iter().skip(1).map_while(|word| word.to_str().filter(|word| *word != "--"));
    while let Some(word) = words.next() {
        if ["-C", "--directory", "--color"].contains(&word) {
            words.next();
        } else if let Some(found) = command.find_subcommand(word).cloned() {
            path.push(word.to_owned());
            command = found;
        } else if !word.starts_with('-') {
            break;
        }
    }
    path
}

/// Prints the overview: built-in verbs in groups, and the verbs of plugins under their names.
fn help(global: &Global, bundled: &PluginSet) {
    let command = Arguments::command();
    let mut text = format!(
        "{}\n\nUsage: purlin [OPTIONS] <VERB>\n",
        command.get_about().cloned().unwrap_or_default()
    );
    let about = |name: &str| {
        let verb = command.get_subcommands().find(|verb| verb.get_name() == name);
        verb.and_then(|verb| verb.get_about()).map(ToString::to_string).unwrap_or_default()
    };
    for (group, verbs) in GROUPS {
        text.push_str(&format!("\n{group}:\n"));
        for verb in verbs {
            text.push_str(&format!("  {verb:<14} {}\n", about(verb)));
        }
    }
    if let Ok(context) = Context::new(global, bundled) {
        context.plugins.refresh_manifests();
        let words = context.plugins.subcommand_lines();
        if !words.is_empty() {
            text.push_str("\nFrom plugins:\n");
        }
        for word in words {
            let note = match word.trouble.as_deref() {
                None => "",
                Some("contested-feature") => " (contested)",
                Some(_) => " (cannot be used)",
            };
            let line = format!("  {:<14} {} [{}]{note}", word.name, word.about, word.plugin);
            text.push_str(&format!("{}\n", draw::harmless_line(&line)));
        }
    }
    text.push_str("\nEverywhere:\n");
    for argument in command.get_arguments() {
        let Some(long) = argument.get_long() else { continue };
        let short = argument
            .get_short()
            .map(|short| format!("-{short}, "))
            .unwrap_or_else(|| "    ".to_owned());
        let takes = argument.get_action().takes_values();
        let value = argument.get_value_names().filter(|_| takes).and_then(|names| names.first());
        let value = value.map(|name| format!(" <{name}>")).unwrap_or_default();
        let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("  {:<24} {about}\n", format!("{short}--{long}{value}")));
    }
    text.push_str("  -h, --help               Print help, also of a verb: `purlin run --help`\n");
    text.push_str("  -V, --version            Print the version\n");
    text.push_str("\nProcess variables:\n");
    for variable in environment::ALL {
        text.push_str(&format!("  {:<20} {}\n", variable.name, variable.about));
    }
    draw::out(format_args!("{text}"));
}

/// The failure for a verb of the product that is not there yet.
pub(crate) fn unbuilt(verb: &str) -> Option<Failure> {
    let known = UNBUILT.contains(&verb);
    known.then(|| {
        Diagnostic::error(
            "not-built-yet",
            format!("`purlin {verb}` is not supported by this version of Purlin"),
        )
        .help(match INSTEAD.iter().find(|(name, _)| *name == verb) {
            Some((_, instead)) => (*instead).to_owned(),
            None => "`purlin --help` lists what there is".to_owned(),
        })
        .into()
    })
}
