//! `purlin exec`

use std::process::ExitCode;

use purlin_commands::{
    ContextValues, Event, Graph, Machine, Options, Prepared, ProcessVariables, Request, Selection,
    Session, Summary, from_command_line, run,
};

use super::run::root_text;
use crate::arguments::{Exec, Output, Run};
use crate::asked::Asked;
use crate::context::Context;
use crate::failure::{CANCELLED, FAILED, Failure, Outcome};
use crate::packages::Identities;
use crate::run_view::View;
use crate::{draw, environment, foreground, machine, run_options, signals};

/// Runs a program in an environment, or prepares all environments.
pub(crate) fn perform(context: &Context, options: &Exec) -> Outcome {
    let definitions = context.definitions()?;
    let root = context.root()?;
    let text = root_text(&root)?;
    draw::diagnostics(&context.global, &context.plugins.warnings());
    if context.global.locked {
        // Before any plugin is asked for anything.
        context.pin()?;
    }
    let user = ProcessVariables::new(environment::all()).loose(definitions.loose);
    let run = Run { ctx: options.ctx.clone(), ..Run::default() };
    let asked = Asked::new(&run_options::that_choose(&run)?);
    let values = ContextValues::new(&definitions, &asked.context, &user, asked.options())?;
    let selection = asked.selection(context, &definitions);
    let identities = Identities::new(context);
    let request = Request {
        definitions: &definitions,
        plugins: &context.plugins,
        root: &text,
        variables: &user,
        context: &values,
        selection: &Selection::default(),
        starts_processes: true,
        packages: Some(&identities),
    };
    let space = options.space.as_ref().or(selection.here.as_ref());
    let space = space.map(|space| from_command_line(space));
    context.terminal.show_progress_of_preparation(&context.global);
    let prepared = if options.install {
        Prepared::all(&request)?
    } else {
        Prepared::place(&request, space.as_ref())?
    };
    context.terminal.end_progress();
    draw::diagnostics(&context.global, &prepared.graph.warnings);
    context.pin()?;
    let cancel = signals::cancel();
    let mut session = Session::new(&root, &context.cache, &context.plugins, user.clone(), cancel)
        .offline(context.global.offline);
    session.shows_notes = !context.global.quiet;
    session.packages = Some(&identities);
    signals::watch();
    let summary = prepare(context, options, &prepared.graph, &session, asked.jobs());
    if summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    if let Some(lost) = summary.lost {
        return Err(lost.into());
    }
    if summary.failed > 0 {
        return Ok(ExitCode::from(FAILED));
    }
    let mut variables = Vec::new();
    for place in &prepared.places {
        let found = place.variables(&context.plugins, Some(&identities), &text, &user);
        variables.push(found.map_err(|diagnostics| Failure { diagnostics, code: FAILED })?);
    }
    let Some(variables) = variables.first().filter(|_| !options.install) else {
        return Ok(ExitCode::SUCCESS);
    };
    // The program may run for hours, and needs nothing of this any more.
    drop(session);
    foreground::run(context, &options.command, variables)
}

/// Runs what must have run. What has its result already is not worth a word, unless it is all that
/// was asked for.
fn prepare(
    context: &Context,
    options: &Exec,
    graph: &Graph,
    session: &Session<'_>,
    jobs: usize,
) -> Summary {
    let mut global = context.global.clone();
    // Standard output is the program's.
    global.json &= options.install;
    let how = Options {
        machine: Machine { jobs, memory: machine::memory },
        force: false,
        stream: false,
        replay: false,
        fail_fast: false,
    };
    let mut view =
        options.install.then(|| View::new(&global, graph, &session.root, Output::Progress, false));
    let summary = run(graph, session, how, None, &mut |event| {
        let silent = matches!(event, Event::Queued { .. } | Event::Cached { restored: false, .. });
        if !silent && view.is_none() {
            view = Some(View::new(&global, graph, &session.root, Output::Progress, false));
        }
        if let Some(view) = &mut view {
            view.show(&event);
        }
    });
    if let Some(view) = view {
        view.finish(&summary);
    }
    summary
}
