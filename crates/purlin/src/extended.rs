//! Parsing with what plugins add to the grammar. Whoever uses none of it never comes here.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, FromArgMatches};
use purlin_host::WordRef;
use purlin_model::{Diagnostic, fold};
use purlin_plugin::PluginSet;
use purlin_plugin::manifest::Stage;

use crate::arguments::Global;
use crate::context::Context;
use crate::draw;
use crate::edits::Given;
use crate::failure::Failure;
use crate::{grammar, plugin_help};

/// Why words could not be parsed.
pub(crate) enum Stop {
    /// What the parser has to say: help, or a mistake.
    Words(Box<clap::Error>),
    /// Help, and what plugins add to it: a parser takes its time to lay out a thousand flags.
    Help(Box<clap::Error>, String),
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Words that were parsed, and where.
pub(crate) struct Extended<T> {
    pub(crate) context: Context,
    pub(crate) matches: ArgMatches,
    /// What the grammar was made of.
    pub(crate) grown: T,
}

/// How much of the index the grammar is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// The flags that stand among the words, which is enough to parse them.
    Mentioned,
    /// All, for suggestions.
    Whole,
    /// All, to be shown and not to be parsed.
    Help,
}

impl Grammar {
    /// The flags that plugins add to a verb.
    pub(crate) fn flags(self, context: &Context, verb: &str, words: &[OsString]) -> Vec<WordRef> {
        if self == Self::Whole {
            return context.plugins.flags(verb);
        }
        let flags = words.iter().filter_map(|word| word.to_str()?.strip_prefix("--"));
        let names = flags.map(|flag| fold(flag.split('=').next().unwrap_or(flag)));
        context.plugins.flags_named(verb, &names.collect())
    }

    /// A verb with the flags that [`Grammar::flags`] has found.
    pub(crate) fn grow(self, verb: Command, flags: &[WordRef]) -> Command {
        let hides = self == Self::Help;
        verb.args(flags.iter().filter_map(grammar::flag).map(|flag| flag.hide(hides)))
    }
}

/// Parses words with the grammar that `grow` makes of what it finds in the index.
///
/// `global` is what was made out of the words so far; when the grammar shows that they mean another
/// folder, all begins anew there. `name` is the verb's.
pub(crate) fn parse<T>(
    words: &[OsString],
    global: &Global,
    bundled: &PluginSet,
    grow: impl Fn(&Context, Grammar) -> Result<(Command, T), Failure>,
    name: impl Fn(&T) -> &str,
) -> Result<Extended<T>, Stop> {
    let mut context = Context::new(global, bundled)?;
    let mut grammar = Grammar::Mentioned;
    let mut moved = false;
    loop {
        let (command, grown) = grow(&context, grammar)?;
        let matches = match command.try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) => {
                let wanted = match error.kind() {
                    ErrorKind::DisplayHelp => Grammar::Help,
                    ErrorKind::UnknownArgument => Grammar::Whole,
                    _ => grammar,
                };
                if grammar == Grammar::Help && wanted == grammar {
                    let lines = context.plugins.flag_lines(name(&grown));
                    return Err(Stop::Help(Box::new(error), plugin_help::flags(&lines)));
                }
                if grammar != Grammar::Mentioned || wanted == grammar {
                    return Err(Stop::Words(Box::new(error)));
                }
                // The index may be older than what is asked for.
                context.plugins.refresh_manifests();
                grammar = wanted;
                continue;
            }
        };
        let parsed =
            Global::from_arg_matches(&matches).map_err(|error| Stop::Words(Box::new(error)))?;
        if parsed.directory != context.global.directory && !moved {
            context = Context::new(&parsed, bundled)?;
            moved = true;
            continue;
        }
        context.global = parsed;
        return Ok(Extended { context, matches, grown });
    }
}

/// The flags among `words` that were given, ready to be applied at the stages that the verb has.
///
/// # Errors
/// One of them cannot be used.
pub(crate) fn given(
    context: &Context,
    matches: &ArgMatches,
    words: Vec<WordRef>,
    verb: &str,
    stages: &[Stage],
) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    for word in words {
        let Some(value) = grammar::given(matches, &word, &context.directory) else { continue };
        let feature = word.usable?;
        if !stages.contains(&grammar::stage(&feature)) {
            return Err(Diagnostic::error(
                "plugin-edit",
                format!("the flag `--{}` cannot be applied to `{verb}`", word.name),
            )
            .label(feature.origin.clone(), "it is applied at the stage `resolved`")
            .detail(format!(
                "`{verb}` has the stage `parsed` only.\nplugin `{}` {}",
                feature.plugin, feature.version
            ))
            .into());
        }
        if let Some(instead) = &feature.feature.deprecated {
            draw::diagnostics(
                &context.global,
                &[deprecated(&format!("the flag `--{}`", word.name), instead)
                    .label(feature.origin.clone(), "provided here")],
            );
        }
        given.push(Given { feature, value });
    }
    Ok(given)
}

/// The warning for those who use what is deprecated.
pub(crate) fn deprecated(thing: &str, instead: &str) -> Diagnostic {
    Diagnostic::warning("deprecated", format!("{thing} is deprecated")).detail(instead)
}
