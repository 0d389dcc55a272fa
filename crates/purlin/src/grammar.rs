//! What plugins add to the parser: their verbs and flags, from their manifests alone.

use std::path::Path;

use clap::builder::{
    NonEmptyStringValueParser, PossibleValuesParser, Resettable, StyledStr, ValueParser,
};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use purlin_host::{FeatureRef, WordRef};
use purlin_plugin::manifest::{Detail, Parameter, Stage, ValueKind};
use serde_json::{Map, Value as Json};

/// A verb of a plugin, called `word` here and now.
pub(crate) fn verb(feature: &FeatureRef, word: &str) -> Command {
    let mut about = feature.about().to_owned();
    if let Some(instead) = &feature.feature.deprecated {
        about = format!("{about} (deprecated: {instead})").trim_start().to_owned();
    }
    let from = format!("From the plugin `{}` {}.", feature.plugin, feature.version);
    Command::new(word.to_owned())
        .about(about)
        .after_help(from)
        .args(parameters(feature).iter().map(parameter))
}

/// The declared arguments of a verb of a plugin.
pub(crate) fn parameters(feature: &FeatureRef) -> &[Parameter] {
    match feature.detail() {
        Detail::Subcommand { args } => args,
        _ => &[],
    }
}

/// The id of an argument of a plugin's verb in the parser: no word of Purlin's own is like it.
pub(crate) fn parameter_id(parameter: &Parameter) -> String {
    format!("argument {}", parameter.name)
}

/// The id of a plugin's flag in the parser.
pub(crate) fn flag_id(word: &WordRef) -> String {
    format!("flag {}", word.name)
}

fn parameter(parameter: &Parameter) -> Arg {
    let mut argument = Arg::new(parameter_id(parameter)).help(help(&parameter.about));
    if !parameter.positional {
        argument = argument.long(parameter.name.clone());
    }
    if parameter.kind == ValueKind::Bool {
        return match parameter.default.as_deref() {
            // What is on unless it is switched off needs a way to say so.
            Some("true") => argument
                .num_args(0..=1)
                .require_equals(true)
                .value_name("BOOL")
                .value_parser(value_parser!(bool))
                .default_value("true")
                .default_missing_value("true"),
            _ => argument.action(ArgAction::SetTrue).required(parameter.required),
        };
    }
    argument = takes(argument, parameter.kind, &parameter.values, &parameter.name)
        .required(parameter.required);
    if let Some(default) = &parameter.default {
        argument = argument.default_value(default.clone());
    }
    match (parameter.many, parameter.positional) {
        (true, true) => argument.action(ArgAction::Append).num_args(1..),
        (true, false) => argument.action(ArgAction::Append),
        (false, _) => argument,
    }
}

/// A flag that a plugin adds to a verb. One that cannot be used is there too, so that using it says
/// why.
pub(crate) fn flag(word: &WordRef) -> Option<Arg> {
    let Detail::Argument { kind, values, .. } = &word.feature.detail else { return None };
    let mut about = word.feature.about.clone();
    if let Some(instead) = &word.feature.deprecated {
        about = format!("{about} (deprecated: {instead})");
    }
    if word.usable.is_err() {
        about.push_str(" (cannot be used)");
    }
    let argument = Arg::new(flag_id(word))
        .long(word.name.clone())
        .help(help(about.trim_start()))
        .help_heading(format!("From the plugin `{}`", word.plugin));
    Some(match kind {
        ValueKind::Bool => argument.action(ArgAction::SetTrue),
        _ if word.usable.is_err() => argument.num_args(1),
        kind => takes(argument, *kind, values, &word.name),
    })
}

fn help(about: &str) -> Resettable<StyledStr> {
    let about = Some(about).filter(|about| !about.is_empty());
    about.map_or(Resettable::Reset, |about| Resettable::Value(about.to_owned().into()))
}

fn takes(argument: Arg, kind: ValueKind, values: &[String], name: &str) -> Arg {
    let parser: ValueParser = match kind {
        ValueKind::Bool => value_parser!(bool),
        ValueKind::Int => value_parser!(i64).into(),
        ValueKind::String => value_parser!(String),
        ValueKind::Path | ValueKind::Package | ValueKind::Target => {
            NonEmptyStringValueParser::new().into()
        }
        ValueKind::Choice => PossibleValuesParser::new(values).into(),
    };
    let argument = argument
        .value_name(name.to_uppercase().replace('-', "_"))
        .value_parser(parser)
        .allow_negative_numbers(kind == ValueKind::Int);
    if kind == ValueKind::Path { argument.value_hint(ValueHint::AnyPath) } else { argument }
}

/// `args` of `subcommand/run`: what was given and the defaults; a `bool` is always there.
pub(crate) fn args(matches: &ArgMatches, parameters: &[Parameter], directory: &Path) -> Json {
    let mut args = Map::new();
    for parameter in parameters {
        let mut values = values(matches, &parameter_id(parameter), parameter.kind, directory);
        if parameter.many && !values.is_empty() {
            args.insert(parameter.key(), values.into());
        } else if let Some(value) = values.pop() {
            args.insert(parameter.key(), value);
        }
    }
    args.into()
}

/// The value of a plugin's flag, if it was given.
pub(crate) fn given(matches: &ArgMatches, word: &WordRef, directory: &Path) -> Option<Json> {
    let Detail::Argument { kind, .. } = word.feature.detail else { return None };
    let id = flag_id(word);
    let given = matches.value_source(&id) == Some(ValueSource::CommandLine);
    // Of a flag that cannot be used, only the name counts.
    match word.usable {
        Err(_) => given.then_some(Json::Null),
        Ok(_) if given => values(matches, &id, kind, directory).pop(),
        Ok(_) => None,
    }
}

/// The stage at which a flag is applied.
pub(crate) fn stage(feature: &FeatureRef) -> Stage {
    match feature.detail() {
        Detail::Argument { stage, .. } => *stage,
        _ => Stage::Parsed,
    }
}

fn values(matches: &ArgMatches, id: &str, kind: ValueKind, directory: &Path) -> Vec<Json> {
    match kind {
        ValueKind::Bool => {
            matches.get_one::<bool>(id).map(|value| Json::from(*value)).into_iter().collect()
        }
        ValueKind::Int => matches
            .get_many::<i64>(id)
            .unwrap_or_default()
            .map(|value| Json::from(*value))
            .collect(),
        // A plugin runs in a folder of its own: a relative path would mean another file there.
        ValueKind::Path => texts(matches, id)
            .map(|text| Json::from(directory.join(text).to_string_lossy()))
            .collect(),
        _ => texts(matches, id).map(Json::from).collect(),
    }
}

fn texts<'m>(matches: &'m ArgMatches, id: &str) -> impl Iterator<Item = &'m str> {
    matches.get_many::<String>(id).unwrap_or_default().map(String::as_str)
}
