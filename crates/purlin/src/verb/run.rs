//! `purlin run`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Once;

use purlin_commands::{
    ContextValues, Graph, Machine, Options, ProcessVariables, Request, Session, Status, Told,
    Watch, run, statuses, time_text,
};
use purlin_model::Diagnostic;
use purlin_plugin::manifest::Stage;
use purlin_store::defect;
use serde_json::json;

use crate::arguments::{Output, Run};
use crate::asked::Asked;
use crate::context::Context;
use crate::edits::Given;
use crate::failure::{AGAIN, CANCELLED, FAILED, Failure, Outcome};
use crate::hooks::Hooks;
use crate::packages::Identities;
use crate::run_view::View;
use crate::{draw, edits, environment, machine, run_options, selection, signals};

/// Done when it is told which process variables nobody knows.
static UNKNOWN: Once = Once::new();

/// Runs commands, or tells what running them would do. `given` are flags of plugins.
pub(crate) fn perform(context: &Context, options: &Run, given: &[Given]) -> Outcome {
    let options = &run_options::with_variables(options)?;
    let definitions = context.definitions()?;
    let root = context.root()?;
    let text = root_text(&root)?;
    draw::diagnostics(&context.global, &context.plugins.warnings());
    // A run that watches comes here again with each change of the definitions.
    UNKNOWN.call_once(|| {
        draw::diagnostics(&context.global, &run_options::unknown(context, &definitions));
    });
    if context.global.locked {
        // Before any plugin is asked for anything.
        context.pin()?;
    }
    let variables = ProcessVariables::new(environment::all()).loose(definitions.loose);
    let asked = Asked::new(options).edited(context, given)?;
    let values = ContextValues::new(&definitions, &asked.context, &variables, asked.options())?;
    let identities = Identities::new(context);
    let request = Request {
        definitions: &definitions,
        plugins: &context.plugins,
        root: &text,
        variables: &variables,
        context: &values,
        selection: &asked.selection(context, &definitions),
        starts_processes: true,
        packages: Some(&identities),
    };
    context.terminal.show_progress_of_preparation(&context.global);
    let mut graph = Graph::build(&request)?;
    let schema = || edits::run_schema(Stage::Resolved);
    let before = || graph.to_request();
    if let Some(mut edited) = edits::apply(context, given, "run", Stage::Resolved, schema, before)?
    {
        let wanted = edited.request.take();
        graph = graph.edit(&request, wanted).map_err(|refusals| edited.blame(refusals))?;
    }
    context.terminal.end_progress();
    draw::diagnostics(&context.global, &graph.warnings);
    let cancel = signals::cancel();
    let ids = || request.ids();
    let mut session =
        Session::new(&root, &context.cache, &context.plugins, variables.clone(), cancel.clone())
            .offline(context.global.offline)
            .with_ids(&ids);
    session.keeps_stdout = context.global.json;
    session.shows_notes = !context.global.quiet;
    session.packages = Some(&identities);
    selection::narrow(context, options, &request, &session, &mut graph)?;
    if options.fail {
        selection::refuse_any(&graph)?;
    }
    if options.ls {
        list(context, &graph, &session);
        return Ok(ExitCode::SUCCESS);
    }
    if options.why.is_some() {
        why(context, &graph, &session);
        return Ok(ExitCode::SUCCESS);
    }
    context.pin()?;
    signals::watch();
    let jobs = asked.jobs();
    let selected = graph.instances.iter().filter(|instance| instance.selected).count();
    // One program at a time can be watched; of several, progress is shown and failures in full.
    let alone = graph.running().count() == 1 || jobs == 1;
    let chosen = options.output.unwrap_or(if alone { Output::Stream } else { Output::Progress });
    let stream = chosen == Output::Stream;
    let how = Options {
        machine: Machine { jobs, memory: machine::memory },
        force: asked.force,
        stream: stream || context.global.json,
        replay: (selected == 1 && stream) || context.global.json,
        fail_fast: options.fail_fast,
    };
    let mut watch = options.watch.then(|| Watch::new(&root)).transpose()?;
    let defines = selection::defining(context, &graph, &definitions, &text);
    let mut view = View::new(&context.global, &graph, &root, chosen, alone);
    context.terminal.show_progress_of_run(&context.global, view.told());
    let (summary, warnings) = std::thread::scope(|scope| {
        let mut hooks = Hooks::new(&context.plugins, scope);
        let summary = run(
            &graph,
            &session,
            how,
            watch.as_mut().map(|watch| (watch, &defines as _)),
            &mut |event| {
                hooks.tell(&event);
                view.show(&event);
            },
        );
        view.finish(&summary);
        context.terminal.end_progress();
        let warnings = hooks.finish(&session.run, &summary);
        (summary, warnings)
    });
    draw::diagnostics(&context.global, &warnings);
    if summary.outdated.is_some() && !summary.cancelled {
        return Ok(ExitCode::from(AGAIN));
    }
    if summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    if let Some(lost) = summary.lost {
        return Err(lost.into());
    }
    let forgiven = summary.done > 0 && defect::seeded("failure-forgiven-when-another-passed");
    let failed = summary.failed > 0 && !forgiven;
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// The root as text: it stands in templates, and those are text.
pub(super) fn root_text(root: &Path) -> Result<String, Failure> {
    root.to_str().map(str::to_owned).ok_or_else(|| {
        Diagnostic::error("bad-path", "the path of the workspace is not UTF-8")
            .detail(format!(
                "It is {}, and `{{root}}` in `purlin.toml` stands for it.",
                root.display()
            ))
            .help("move the workspace to a folder whose name is text".to_owned())
            .into()
    })
}

/// `--ls`: what would run, and whether its result is there.
fn list(context: &Context, graph: &Graph, session: &Session<'_>) {
    let all = statuses(graph, session, Told::Cache);
    let rows: Vec<_> = graph.instances.iter().zip(&all).enumerate().collect();
    let rows: Vec<_> =
        rows.into_iter().filter(|(index, _)| graph.runs(*index)).map(|(_, row)| row).collect();
    if context.global.json {
        let instances: Vec<_> = rows
            .iter()
            .map(|(instance, status)| {
                json!({
                    "id": instance.id,
                    "command": instance.command.name,
                    "space": instance.space,
                    "module": instance.module,
                    "args": instance.args,
                    "cache": instance.cache.name(),
                    "cache_status": status.cache.as_str(),
                })
            })
            .collect();
        draw::json(&json!({ "instances": instances }));
        return;
    }
    let width = rows.iter().map(|(instance, _)| instance.id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (instance, status) in rows {
        let shown = instance.action.shown();
        let line = shown.lines().next().unwrap_or_default();
        let more = if shown.lines().count() > 1 { " …" } else { "" };
        text.push_str(&format!(
            "{:width$}  {:8}  {}{more}\n",
            draw::harmless_line(&instance.id),
            status.cache.as_str(),
            draw::harmless_line(line),
        ));
    }
    draw::out(format_args!("{text}"));
}

/// `--why`: why the last run of a command happened, and what the next would do.
fn why(context: &Context, graph: &Graph, session: &Session<'_>) {
    let all = statuses(graph, session, Told::All);
    let rows = graph.instances.iter().zip(&all).filter(|(instance, _)| instance.selected);
    let mut documents = Vec::new();
    for (instance, status) in rows {
        if context.global.json {
            documents.push(why_document(&instance.id, status));
            continue;
        }
        let verdict = match status.cache.as_str() {
            "warm" => format!("{} would not run: {}", instance.id, status.reason),
            _ => format!("{} would run: {}", instance.id, status.reason),
        };
        draw::out(format_args!("{}\n", draw::harmless_line(&verdict)));
        for change in &status.changes {
            draw::out(format_args!("  {} {}\n", change.how, draw::harmless_line(&change.what)));
        }
        match &status.last {
            Some(last) => draw::out(format_args!(
                "last time: {}, in run {}: {}\n",
                time_text(last.when),
                draw::harmless_line(&last.run),
                draw::harmless_line(last.reason()),
            )),
            None => draw::out(format_args!("last time: never in this workspace\n")),
        }
    }
    if context.global.json {
        draw::json(&json!({ "why": documents }));
    }
}

fn why_document(id: &str, status: &Status) -> serde_json::Value {
    let changes: Vec<_> = status
        .changes
        .iter()
        .map(|change| json!({ "what": change.what, "how": change.how }))
        .collect();
    let last = status.last.as_ref().map(|last| {
        json!({ "run": last.run, "when": last.when, "reason": last.reason(), "key": last.key, "succeeded": last.succeeded })
    });
    json!({
        "id": id,
        "cache_status": status.cache.as_str(),
        "reason": status.reason,
        "changes": changes,
        "last": last,
    })
}

/// The path of a log as it is shown: from where the user stands, if it is below.
pub(crate) fn shown_path(path: &Path) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&current).map_or_else(|_| path.to_owned(), Path::to_owned)
}
