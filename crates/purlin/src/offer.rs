//! What a shell is offered of plugins: their verbs and flags from their manifests, and the values
//! that they alone know, which they are asked for.

use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use purlin_host::{FeatureRef, WordRef};
use purlin_model::hides;
use purlin_plugin::manifest::{Detail, Parameter, ValueKind};

use crate::context::Context;
use crate::grammar;

/// How long a plugin has to name values, its start included: whoever types is waiting.
const LIMIT: Duration = Duration::from_millis(150);

/// A verb of a plugin.
pub(crate) fn verb(context: &Arc<Context>, feature: &FeatureRef) -> Command {
    let mut verb = grammar::verb(feature, &feature.name)
        .about(named(feature.about(), &feature.plugin))
        .args(flags(context, context.plugins.flags(&feature.name)));
    for parameter in grammar::parameters(feature) {
        let about = named(&parameter.about, &feature.plugin);
        let values = asks(parameter.kind).then(|| values_of(context, feature, parameter));
        verb = verb.mut_arg(grammar::parameter_id(parameter), |argument| {
            let argument = argument.help(about);
            match values {
                Some(values) => argument.add(values),
                None => argument,
            }
        });
    }
    verb
}

/// Flags that plugins add to a verb; those that cannot be used are not offered.
pub(crate) fn flags(context: &Arc<Context>, words: Vec<WordRef>) -> Vec<Arg> {
    let offered = words.into_iter().filter_map(|word| {
        let flag = grammar::flag(&word)?.help(named(&word.feature.about, &word.plugin));
        let feature = word.usable.ok()?;
        let Detail::Argument { kind, .. } = feature.feature.detail else { return None };
        Some(if asks(kind) { flag.add(values(context, feature)) } else { flag })
    });
    offered.collect()
}

/// Everything of a plugin is shown with its name.
fn named(about: &str, plugin: &str) -> String {
    format!("{about} [{plugin}]").trim_start().to_owned()
}

/// The kinds whose values the manifest does not tell. Of paths, the shell knows more.
fn asks(kind: ValueKind) -> bool {
    matches!(kind, ValueKind::String | ValueKind::Int | ValueKind::Package | ValueKind::Target)
}

fn values_of(
    context: &Arc<Context>,
    feature: &FeatureRef,
    parameter: &Parameter,
) -> ArgValueCompleter {
    let (feature, argument) = (feature.clone(), parameter.key());
    let plugin = feature.plugin.clone();
    completer(context, plugin, move |context, prefix| {
        let code = context.plugins.subcommand(&feature).ok()?;
        code.complete(&feature.feature.name, &argument, prefix, &*context.plugins).ok()
    })
}

fn values(context: &Arc<Context>, feature: FeatureRef) -> ArgValueCompleter {
    let plugin = feature.plugin.clone();
    completer(context, plugin, move |context, prefix| {
        let code = context.plugins.argument(&feature).ok()?;
        code.complete(&feature.feature.name, prefix, &*context.plugins).ok()
    })
}

/// Asks a plugin when the shell wants values. One that fails, may not run or is late offers
/// nothing: a message would stand in the middle of the user's line.
fn completer(
    context: &Arc<Context>,
    plugin: String,
    ask: impl Fn(&Context, &str) -> Option<Vec<String>> + Send + Sync + 'static,
) -> ArgValueCompleter {
    let context = context.clone();
    let ask = Arc::new(ask);
    ArgValueCompleter::new(move |typed: &OsStr| {
        // Who types a flag does not want a value yet, and no plugin is started for it.
        let typed = typed.to_str().filter(|typed| !typed.starts_with('-'));
        let Some(prefix) = typed.map(str::to_owned) else { return Vec::new() };
        let (sender, receiver) = channel();
        let (context, ask, asked) = (context.clone(), ask.clone(), prefix.clone());
        // Not waited for: it ends with the process at the latest.
        std::thread::spawn(move || {
            let _ = sender.send(ask(&context, &asked));
        });
        let values = receiver.recv_timeout(LIMIT).ok().flatten().unwrap_or_default();
        let fits = |value: &String| {
            value.starts_with(&prefix) && !value.is_empty() && !value.contains(hides)
        };
        let help = format!("[{plugin}]");
        let candidates = values.into_iter().filter(fits).map(CompletionCandidate::new);
        candidates.map(|one| one.help(Some(help.clone().into()))).collect()
    })
}
