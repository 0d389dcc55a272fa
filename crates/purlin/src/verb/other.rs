//! Verbs that plugins add.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;
use purlin_host::{FeatureRef, Need};
use purlin_model::Diagnostic;
use purlin_plugin::manifest::Stage;
use purlin_plugin::message::{ErrorCode, PluginError, SubcommandContext};
use purlin_plugin::{PluginSet, Point};
use serde_json::{Value as Json, json};

use crate::arguments::{Arguments, GROUPS, Global};
use crate::context::Context;
use crate::edits::Given;
use crate::extended::{Extended, Grammar, Stop};
use crate::failure::{Failure, Outcome};
use crate::{call, draw, edits, extended, grammar, words};

/// Looks the word up in the index, parses the others as the plugin's manifest says, and hands over
/// to the plugin. The global flags as they were parsed, and what came of it.
pub(crate) fn perform(
    words: &[OsString],
    rest: &[OsString],
    global: &Global,
    bundled: &PluginSet,
) -> Result<(Global, Outcome), Stop> {
    let word = rest.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(failure) = words::unbuilt(&word) {
        return Err(failure.into());
    }
    let grow = |context: &Context, grammar: Grammar| {
        let feature = find(context, &word)?;
        let flags = grammar.flags(context, &feature.name, words);
        let verb = grammar::verb(&feature, &word);
        let verb = grammar.grow(verb, &flags);
        Ok((Arguments::command().subcommand(verb), (feature, flags)))
    };
    let parsed = extended::parse(words, global, bundled, grow, |(feature, _)| &feature.name)?;
    let Extended { context, matches, grown: (feature, flags) } = parsed;
    let matches = words::inner(&matches);
    let given = extended::given(&context, matches, flags, &word, &[Stage::Parsed]);
    let outcome = given.and_then(|given| {
        let args = grammar::args(matches, grammar::parameters(&feature), &context.directory);
        run(&context, &feature, &args, &given)
    });
    Ok((context.global.clone(), outcome))
}

fn find(context: &Context, word: &str) -> Result<FeatureRef, Failure> {
    let built_in: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied()).collect();
    let found = context.plugins.find_or(Point::Subcommand, word, Need::Any, &built_in);
    Ok(found.map_err(|diagnostic| {
        if diagnostic.code == "unknown-subcommand" { unknown(word, diagnostic) } else { diagnostic }
    })?)
}

/// Runs it; its status is Purlin's.
fn run(context: &Context, feature: &FeatureRef, args: &Json, given: &[Given]) -> Outcome {
    context.pin()?;
    let subcommand = context.plugins.subcommand(feature)?;
    if let Some(instead) = &feature.feature.deprecated {
        let thing = format!("`purlin {}`", feature.name);
        draw::diagnostics(&context.global, &[extended::deprecated(&thing, instead)]);
    }
    let mut request = json!({ "args": args });
    let schema = || edits::verb_schema(feature);
    let before = || request.clone();
    if let Some(edited) =
        edits::apply(context, given, &feature.name, Stage::Parsed, schema, before)?
    {
        request = edited.request;
    }
    let told = SubcommandContext {
        root: context.root.as_ref().map(|root| root.to_string_lossy().into_owned()),
        directory: context.directory.to_string_lossy().into_owned(),
        json: context.global.json,
    };
    context.terminal.show_progress(&context.global);
    let name = &feature.feature.name;
    let failed = |error: &PluginError| {
        let summary = format!("`purlin {}` failed", feature.name);
        let failed = call::failed(summary, feature, "run", error);
        Failure::from(failed.label(feature.origin.clone(), "provided here"))
    };
    let status = subcommand
        .run(name, &request["args"], &told, &*context.plugins)
        .map_err(|error| failed(&error))?;
    // As shells have it: what a signal has ended has 128 and its number. Python has it negated.
    let status = if (-64..0).contains(&status) { 128 - status } else { status };
    u8::try_from(status).map(ExitCode::from).map_err(|_| {
        let message = format!("its status {status} is none: 0 to 255 are");
        failed(&PluginError::new(ErrorCode::Internal, message))
    })
}

/// What the host says of the word, with built-in verbs in mind too.
fn unknown(verb: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    "unknown-verb".clone_into(&mut diagnostic.code);
    diagnostic.summary = format!("there is no verb `{verb}`");
    if diagnostic.detail.is_empty() {
        "Neither Purlin nor a plugin on the search path has it.".clone_into(&mut diagnostic.detail);
    }
    diagnostic
}
