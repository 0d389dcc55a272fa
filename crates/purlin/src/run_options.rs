//! The options of `purlin run` as they hold: those of the command line, else those of process variables.
//!
//! One rule for all that the table lists: `--some-option` is set by `PURLIN__SOME_OPTION` where the command
//! line says nothing about it, nor anything that cannot stand beside it.

use std::collections::BTreeMap;

use clap::ValueEnum;
use purlin_commands::{
    ContextVariable, Definitions, Named, from_command_line, from_process_variable,
};
use purlin_model::{Diagnostic, closest};
use purlin_plugin::Point;
use serde_json::{Value as Json, json};

use crate::arguments::{CacheStatus, Output, Run};
use crate::context::Context;
use crate::environment;

/// An option of `purlin run` that a process variable sets.
pub(crate) struct Setting {
    /// Its long name on the command line.
    pub(crate) name: &'static str,
    kind: Kind,
}

/// What an option holds, and where.
enum Kind {
    Switch(fn(&mut Run) -> &mut bool),
    Text(fn(&mut Run) -> &mut Option<String>),
    List(fn(&mut Run) -> &mut Vec<String>),
    Count(fn(&mut Run) -> &mut Option<u16>),
    Output(fn(&mut Run) -> &mut Option<Output>),
    CacheStatus(fn(&mut Run) -> &mut Option<CacheStatus>),
}

/// All options but `--ctx`, whose variables have process variables of their own.
pub(crate) const SETTINGS: [Setting; 16] = [
    Setting { name: "module", kind: Kind::List(|run| &mut run.modules) },
    Setting { name: "space", kind: Kind::List(|run| &mut run.spaces) },
    Setting { name: "tag", kind: Kind::List(|run| &mut run.tags) },
    Setting { name: "force", kind: Kind::Switch(|run| &mut run.force) },
    Setting { name: "jobs", kind: Kind::Count(|run| &mut run.jobs) },
    Setting { name: "fail-fast", kind: Kind::Switch(|run| &mut run.fail_fast) },
    Setting { name: "since", kind: Kind::Text(|run| &mut run.since) },
    Setting { name: "cache", kind: Kind::List(|run| &mut run.cache) },
    Setting { name: "cache-status", kind: Kind::CacheStatus(|run| &mut run.cache_status) },
    Setting { name: "failed", kind: Kind::Switch(|run| &mut run.failed) },
    Setting { name: "isolated", kind: Kind::Switch(|run| &mut run.isolated) },
    Setting { name: "fail", kind: Kind::Switch(|run| &mut run.fail) },
    Setting { name: "watch", kind: Kind::Switch(|run| &mut run.watch) },
    Setting { name: "output", kind: Kind::Output(|run| &mut run.output) },
    Setting { name: "ls", kind: Kind::Switch(|run| &mut run.ls) },
    Setting { name: "why", kind: Kind::Text(|run| &mut run.why) },
];

impl Setting {
    /// The process variable that sets it.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// What the variable may be, for messages and the reference.
    pub(crate) fn expected(&self) -> String {
        match self.kind {
            Kind::Switch(_) => "`true` or `false`".to_owned(),
            Kind::Text(_) if self.name == "since" => "a commit".to_owned(),
            Kind::Text(_) => "the name of a command".to_owned(),
            Kind::List(_) => "names, separated by `,`".to_owned(),
            Kind::Count(_) => "a number from 1 to 65535".to_owned(),
            Kind::Output(_) => one_of::<Output>(),
            Kind::CacheStatus(_) => one_of::<CacheStatus>(),
        }
    }

    fn is_set(&self, run: &mut Run) -> bool {
        match self.kind {
            Kind::Switch(of) => *of(run),
            Kind::Text(of) => of(run).is_some(),
            Kind::List(of) => !of(run).is_empty(),
            Kind::Count(of) => of(run).is_some(),
            Kind::Output(of) => of(run).is_some(),
            Kind::CacheStatus(of) => of(run).is_some(),
        }
    }

    /// Sets it to what a text says; `None` where that has no meaning.
    fn set(&self, run: &mut Run, text: &str) -> Option<()> {
        match self.kind {
            Kind::Switch(of) => {
                *of(run) = match text {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return None,
                }
            }
            Kind::Text(of) => *of(run) = Some(text.to_owned()),
            Kind::List(of) => {
                let names = text.split(',').map(|name| name.trim().to_owned());
                *of(run) = names.collect();
                if of(run).iter().any(String::is_empty) {
                    return None;
                }
            }
            Kind::Count(of) => *of(run) = Some(text.parse().ok().filter(|count| *count > 0)?),
            Kind::Output(of) => *of(run) = Some(Output::from_str(text, false).ok()?),
            Kind::CacheStatus(of) => *of(run) = Some(CacheStatus::from_str(text, false).ok()?),
        }
        Some(())
    }

    /// What `{ctx.purlin.NAME}` stands for.
    fn shown(&self, run: &mut Run) -> Json {
        match self.kind {
            Kind::Switch(of) => json!(of(run)),
            Kind::Text(of) => json!(of(run)),
            Kind::List(of) => json!(Some(of(run).join(",")).filter(|all| !all.is_empty())),
            Kind::Count(of) => json!(of(run)),
            Kind::Output(of) => json!(of(run).as_ref().map(name)),
            Kind::CacheStatus(of) => json!(of(run).as_ref().map(name)),
        }
    }
}

/// The options with what process variables say where the command line is silent.
///
/// # Errors
/// A process variable has a value without a meaning, or two of them cannot stand beside each other.
pub(crate) fn with_variables(options: &Run) -> Result<Run, Diagnostic> {
    settle(options, &[])
}

/// The same for verbs that choose as `run` does and show nothing of a run: what process variables say
/// of that is no mistake there.
///
/// # Errors
/// As of [`with_variables`], of all others.
pub(crate) fn that_choose(options: &Run) -> Result<Run, Diagnostic> {
    settle(options, &["output", "ls", "why"])
}

fn settle(options: &Run, meaningless: &[&str]) -> Result<Run, Diagnostic> {
    let mut run = options.clone();
    let said: Vec<&str> = said(&mut run);
    let mut taken: Vec<&Setting> = Vec::new();
    for setting in &SETTINGS {
        if meaningless.contains(&setting.name) {
            continue;
        }
        let variable = setting.variable();
        let Some(value) = environment::value_of(&variable) else { continue };
        if said.contains(&setting.name) || excluded_by(setting.name, &said).is_some() {
            continue;
        }
        if value.to_str().and_then(|text| setting.set(&mut run, text)).is_none() {
            let shown = value.display();
            let what = format!("{variable} has no meaning with the value `{shown}`");
            return Err(Diagnostic::error("variable", what)
                .help(format!("set it to {}, or remove it", setting.expected())));
        }
        if setting.is_set(&mut run) {
            taken.push(setting);
        }
    }
    run.from_variables = taken.iter().map(|setting| setting.name).collect();
    for (place, one) in taken.iter().enumerate() {
        let before: Vec<&str> = taken[..place].iter().map(|other| other.name).collect();
        if let Some(other) = excluded_by(one.name, &before) {
            let other = taken.iter().find(|setting| setting.name == other);
            let other = other.map(|setting| setting.variable()).unwrap_or_default();
            let what = format!("{} and {other} cannot be set at once", one.variable());
            return Err(Diagnostic::error("variable", what)
                .help("remove one of them, or say on the command line what you want".to_owned()));
        }
    }
    Ok(run)
}

/// A name that an option holds, with whoever says it: the command line, or the option's variable.
pub(crate) fn named(options: &Run, option: &str, name: &str) -> Named {
    let is_it = |setting: &&Setting| setting.name == option;
    match SETTINGS.iter().find(is_it).filter(|_| options.from_variables.contains(&option)) {
        Some(setting) => from_process_variable(&setting.variable(), name),
        None => from_command_line(name),
    }
}

/// Process variables that are called like those of options, and that nobody knows: neither the context nor
/// a plugin by whose name or flag one is called.
pub(crate) fn unknown(context: &Context, definitions: &Definitions) -> Vec<Diagnostic> {
    let settings = SETTINGS.iter().map(Setting::variable);
    let mut known: Vec<String> = settings.collect();
    let declared = definitions.context.values().map(ContextVariable::process_variable);
    known.extend(declared);
    let is_set = |name: &String| environment::value_of(name).is_some();
    let names = environment::all().filter_map(|(name, _)| name.into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name) && is_set(name))
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    names.sort();
    for plugin in context.plugins.list() {
        let flags = plugin.features.iter().filter(|one| one.point == Point::Argument);
        let flags: Vec<String> = flags.map(|one| variable(&one.name)).collect();
        let own = variable(&plugin.name);
        let is_its = |name: &String| {
            let rest = name.strip_prefix(&own);
            flags.contains(name)
                || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        names.retain(|name| !is_its(name));
    }
    let warning = |name: &String| {
        let near = closest(name, known.iter().map(String::as_str));
        Diagnostic::warning("unknown-variable", format!("{name} sets no option of a run"))
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`purlin run --help` lists the options: `--some-option` is set by PURLIN__SOME_OPTION".to_owned(),
            })
    };
    names.iter().map(warning).collect()
}

/// The names of what the command line says.
fn said(run: &mut Run) -> Vec<&'static str> {
    let names = (!run.names.is_empty()).then_some(NAMES);
    let set = SETTINGS.iter().filter(|setting| setting.is_set(run)).map(|setting| setting.name);
    set.chain(names).collect()
}

/// The commands that are named are no option, but some options exclude them.
const NAMES: &str = "names";

/// Which of `others` the grammar of the command line excludes beside an option.
fn excluded_by<'o>(name: &str, others: &[&'o str]) -> Option<&'o str> {
    if others.is_empty() {
        return None;
    }
    let grammar = crate::command_line();
    let run = grammar.find_subcommand("run")?;
    let find = |name: &str| {
        run.get_arguments()
            .find(|one| one.get_long() == Some(name) || name == NAMES && one.get_id() == NAMES)
    };
    let excludes = |one: &str, other: &str| {
        let (one, other) = (find(one), find(other));
        let conflicts = one.map(|one| run.get_arg_conflicts_with(one)).unwrap_or_default();
        conflicts.iter().any(|found| Some(found.get_id()) == other.map(clap::Arg::get_id))
    };
    others.iter().copied().find(|other| excludes(name, other) || excludes(other, name))
}

/// How the process variables of options begin.
const PREFIX: &str = "PURLIN__";

fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_ascii_uppercase().replace('-', "_"))
}

/// What `{ctx.purlin.NAME}` stands for, but for what flags of plugins may change.
pub(crate) fn context(options: &Run) -> BTreeMap<String, Json> {
    let mut run = options.clone();
    SETTINGS.iter().map(|setting| (setting.name.to_owned(), setting.shown(&mut run))).collect()
}

fn one_of<T: ValueEnum>() -> String {
    let names: Vec<String> =
        T::value_variants().iter().map(|one| format!("`{}`", name(one))).collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.join(""),
    }
}

fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_run_has_a_process_variable() {
        let grammar = crate::command_line();
        let run = grammar.find_subcommand("run").expect("it is a verb");
        let mut options: Vec<&str> = run
            .get_arguments()
            .filter(|one| !one.is_global_set())
            .filter_map(clap::Arg::get_long)
            .filter(|name| !matches!(*name, "ctx" | "help"))
            .collect();
        let mut settings: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        options.sort_unstable();
        settings.sort_unstable();
        assert_eq!(settings, options);
    }

    #[test]
    fn the_grammar_tells_what_excludes_what() {
        assert_eq!(excluded_by("ls", &["force", "fail"]), Some("fail"));
        assert_eq!(excluded_by("fail-fast", &["watch"]), Some("watch"));
        assert_eq!(excluded_by("why", &["names"]), Some("names"));
        assert_eq!(excluded_by("since", &["names", "module", "force"]), None);
    }
}
