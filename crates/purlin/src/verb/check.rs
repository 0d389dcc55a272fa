//! `purlin check`

use std::process::ExitCode;

use purlin_commands::{Graph, ProcessVariables, Request, has_errors};
use purlin_host::PluginStatus;
use purlin_model::Diagnostic;

use crate::context::Context;
use crate::failure::{Outcome, USAGE};
use crate::{draw, environment};

/// Finds everything that can be known without starting a process.
pub(crate) fn perform(context: &Context) -> Outcome {
    let root = context.root()?;
    let (definitions, mut diagnostics) = context.read_definitions();
    diagnostics.extend(plugin_problems(context));
    let root = root.to_string_lossy();
    let variables = ProcessVariables::new(environment::all());
    // Hidden commands too: nothing is run.
    let names: Vec<_> =
        definitions.commands.keys().map(|name| purlin_commands::from_command_line(name)).collect();
    let request = Request {
        definitions: &definitions,
        plugins: &context.plugins,
        root: &root,
        variables: &variables,
        names: &names,
    };
    match Graph::build(&request) {
        Ok(graph) => diagnostics.extend(graph.warnings),
        Err(errors) => diagnostics.extend(errors),
    }
    dedupe(&mut diagnostics);
    let wrong = has_errors(&diagnostics);
    if context.global.json {
        let list: Vec<_> = diagnostics.iter().map(Diagnostic::to_json).collect();
        draw::json(&serde_json::json!({ "diagnostics": list }));
    } else {
        draw::diagnostics(&context.global, &diagnostics);
        if !wrong && !context.global.quiet {
            let count = definitions.commands.len();
            let noun = if count == 1 { "command" } else { "commands" };
            draw::out(format_args!("{count} {noun}, no errors\n"));
        }
    }
    Ok(if wrong { ExitCode::from(USAGE) } else { ExitCode::SUCCESS })
}

/// What is wrong with plugins: errors where the workspace names the plugin, warnings elsewhere.
fn plugin_problems(context: &Context) -> Vec<Diagnostic> {
    let mut problems = context.plugins.problems();
    for plugin in context.plugins.list() {
        if !matches!(plugin.status, PluginStatus::Broken | PluginStatus::Incompatible) {
            continue;
        }
        let summary = format!(
            "the plugin `{}` is {}: {}",
            plugin.name,
            plugin.status.as_str(),
            plugin.reason
        );
        let mut diagnostic = if plugin.enabled {
            Diagnostic::error("plugin-broken", summary)
        } else {
            Diagnostic::warning("plugin-broken", summary)
        };
        for reason in &plugin.diagnostics {
            diagnostic.labels.extend(reason.labels.clone());
        }
        problems.push(diagnostic);
    }
    problems
}

fn dedupe(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics.drain(..) {
        if !seen.contains(&diagnostic) {
            seen.push(diagnostic);
        }
    }
    *diagnostics = seen;
}
