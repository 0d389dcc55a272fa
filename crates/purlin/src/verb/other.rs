//! Verbs that plugins add.

use std::ffi::OsString;
use std::process::ExitCode;

use purlin_host::Need;
use purlin_model::{Diagnostic, suggestion};
use purlin_plugin::Point;
use purlin_plugin::message::SubcommandContext;

use crate::arguments::GROUPS;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::words;

/// Looks the word up in the index and hands over to the plugin that has it.
pub(crate) fn perform(context: &Context, words: &[OsString]) -> Outcome {
    let verb = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(failure) = words::unbuilt(&verb) {
        return Err(failure);
    }
    let feature =
        context.plugins.find(Point::Subcommand, &verb, Need::Any).map_err(|diagnostic| {
            if diagnostic.code == "unknown-subcommand" {
                unknown(context, &verb, diagnostic)
            } else {
                diagnostic
            }
        })?;
    let subcommand = context.plugins.subcommand(&feature)?;
    if words.len() > 1 {
        return Err(Diagnostic::error(
            "not-built-yet",
            "arguments of plugins' verbs are not supported by this version of Purlin",
        )
        .label(feature.origin.clone(), "provided here")
        .into());
    }
    let told = SubcommandContext {
        root: context.root.as_ref().map(|root| root.to_string_lossy().into_owned()),
        directory: context.directory.to_string_lossy().into_owned(),
    };
    let status = subcommand
        .run(&feature.name, &serde_json::json!({}), &told, &context.plugins)
        .map_err(|error| {
            Failure::from(
                Diagnostic::error("plugin-call", format!("`purlin {verb}` failed")).detail(
                    format!(
                        "{}\nplugin `{}` {}, call `subcommand/run`",
                        error.message, feature.plugin, feature.version
                    ),
                ),
            )
        })?;
    Ok(ExitCode::from(u8::try_from(status & 0xff).unwrap_or(u8::MAX)))
}

/// What the host says of the word, with built-in verbs in mind too.
fn unknown(context: &Context, verb: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    let plugins = context.plugins.subcommands();
    let built_in = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied());
    let all = built_in.chain(plugins.iter().map(|word| word.name.as_str()));
    "unknown-verb".clone_into(&mut diagnostic.code);
    diagnostic.summary = format!("there is no verb `{verb}`");
    if diagnostic.detail.is_empty() {
        "Neither Purlin nor a plugin on the search path has it.".clone_into(&mut diagnostic.detail);
    }
    diagnostic.help(suggestion(verb, "verbs", all))
}
