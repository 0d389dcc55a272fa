//! `purlin check`

mod run_checks;

use std::process::ExitCode;

use purlin_commands::{
    ContextValues, Graph, Prepared, ProcessVariables, Request, Selection, has_errors,
};
use purlin_definitions::Names;
use purlin_host::{Pinning, PluginEntry, PluginStatus};
use purlin_model::{Diagnostic, Severity};

use crate::arguments::{Check, Run};
use crate::asked::Asked;
use crate::context::Context;
use crate::failure::{Outcome, USAGE};
use crate::verb::init::template;
use crate::{definitions, draw, environment, repositories, run_options};

/// The code of what plugins may not do yet.
const UNGRANTED: &str = "plugin-ungranted";

/// Finds everything that can be known without starting a process.
pub(crate) fn perform(context: &Context, options: &Check) -> Outcome {
    let root = context.root()?;
    let (commands, mut diagnostics) = context.read_definitions();
    diagnostics.extend(plugin_problems(context));
    diagnostics.extend(run_options::unknown(context, &commands));
    let folder = root;
    let root = folder.to_string_lossy();
    let variables = ProcessVariables::new(environment::all());
    let asked = Asked::new(&run_options::that_choose(&Run::default())?);
    let values = ContextValues::new(&commands, &[], &variables, asked.options())?;
    // Hidden commands too: nothing is run.
    let selection = Selection { everything: true, ..Selection::default() };
    let request = Request {
        definitions: &commands,
        plugins: &context.plugins,
        root: &root,
        variables: &variables,
        context: &values,
        selection: &selection,
        starts_processes: false,
        packages: None,
    };
    diagnostics.extend(request.check_caches());
    let repositories = context.document.get("repositories");
    diagnostics.extend(repositories::check(&context.plugins, repositories));
    diagnostics.extend(Prepared::all(&request).err().unwrap_or_default());
    match Graph::build(&request) {
        Ok(graph) => {
            diagnostics.extend(graph.missing_inputs(&folder));
            diagnostics.extend(graph.warnings);
        }
        Err(errors) => diagnostics.extend(errors),
    }
    let mut outputs = 0;
    if !diagnostics.iter().any(|one| one.code == "toml-syntax") {
        let (opened, told) = definitions::look(context, &[], repositories::Depth::Names)?;
        diagnostics.extend(told);
        diagnostics.extend(opened.check());
        diagnostics.extend(template::problems(context, &opened));
        outputs = opened.names(&[]).map_or(0, |names| count(&names));
        opened.leave();
    }
    let mut diagnostics = purlin_model::distinct(diagnostics);
    // A plugin that nobody has consented to yet is an error where something needs it.
    let errors: Vec<String> = diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error && one.code == UNGRANTED)
        .map(|one| one.summary.clone())
        .collect();
    diagnostics.retain(|one| one.severity == Severity::Error || !errors.contains(&one.summary));
    let wrong = has_errors(&diagnostics);
    if context.global.json {
        let list: Vec<_> = diagnostics.iter().map(Diagnostic::to_json).collect();
        draw::json(&serde_json::json!({ "diagnostics": list }));
    } else {
        draw::diagnostics(&context.global, &diagnostics);
        if !wrong && !context.global.quiet {
            let mut found = counted(commands.commands.len(), "command");
            if outputs > 0 {
                found = format!("{found}, {}", counted(outputs, "output"));
            }
            draw::out(format_args!("{found}, no errors\n"));
        }
    }
    match &options.run {
        Some(names) if !wrong => run_checks::perform(context, names),
        _ => Ok(if wrong { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }),
    }
}

fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn count(names: &Names) -> usize {
    match names {
        Names::Branch(below) => below.iter().map(|(_, names)| count(names)).sum(),
        Names::Leaf(_) | Names::Conflict(_) => 1,
    }
}

/// What is wrong with plugins: errors where the workspace names the plugin, warnings elsewhere.
fn plugin_problems(context: &Context) -> Vec<Diagnostic> {
    let mut problems = context.plugins.problems();
    // Nothing is written here; whether something would have to be is asked by `--locked` alone.
    if let Err(trouble) = context.plugins.pin(Pinning::Locked)
        && (context.global.locked || trouble.code != "locked")
    {
        problems.push(trouble);
    }
    let broken = |plugin: &PluginEntry| {
        matches!(plugin.status, PluginStatus::Broken | PluginStatus::Incompatible)
    };
    // Those that are enabled are among the problems already.
    for plugin in context.plugins.list().iter().filter(|one| broken(one) && !one.enabled) {
        let status = plugin.status.as_str();
        let mut warning = Diagnostic::warning(
            "broken-plugin",
            format!("the plugin `{}` is {status}", plugin.name),
        )
        .help(format!(
            "`purlin plugin info {}` shows everything that is wrong with it",
            plugin.name
        ));
        let mut unplaced = Vec::new();
        for reason in &plugin.diagnostics {
            match reason.labels.first() {
                Some(label) => {
                    warning = warning.label(label.origin.clone(), reason.summary.clone());
                }
                None => unplaced.push(format!("{}.", reason.summary)),
            }
        }
        problems.push(warning.detail(unplaced.join("\n")));
    }
    problems.extend(ungranted(context));
    problems
}

/// The plugins of the workspace that the user has not consented to yet.
fn ungranted(context: &Context) -> Vec<Diagnostic> {
    let waiting = context.plugins.ungranted();
    let refusals = waiting.iter().filter_map(|name| context.plugins.refused(name));
    refusals
        .map(|mut refusal| {
            refusal.severity = Severity::Warning;
            refusal
        })
        .collect()
}
