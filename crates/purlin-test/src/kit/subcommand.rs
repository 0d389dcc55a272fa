//! Checks of the `subcommand` point.

use purlin_plugin::manifest::Detail;
use purlin_plugin::message::{ErrorCode, PluginError, SubcommandContext};
use serde_json::{Map, Value as Json, json};

use super::cases::SubcommandCase;
use super::code::Started;
use super::completion;
use super::place::Place;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

pub(super) fn status(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.subcommand.of(trial.feature())? {
        let shown = json!(case.args);
        let status = run(trial, case, &case.args)?
            .map_err(|error| failed(format!("{shown}: {}", told(&error))))?;
        ensure((0..=255).contains(&status), || format!("{shown}: it ended with {status}"))?;
        if let Some(expected) = case.status {
            ensure(status == expected, || {
                format!("{shown}: it ended with {status}, not {expected}")
            })?;
        }
    }
    Ok(())
}

pub(super) fn unknown_argument(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.subcommand.of(trial.feature())? {
        let mut args = case.args.clone();
        args.insert("purlin_kit".to_owned(), json!("unknown"));
        if run(trial, case, &case.args)?.is_err() {
            return Err(Problem::Skipped("it fails without it already".to_owned()));
        }
        match run(trial, case, &args)? {
            Err(error) if error.code != ErrorCode::InvalidConfig => {
                return Err(failed(told(&error)));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn completion(trial: &Trial<'_>) -> Finding {
    completion::prefix(trial, &arguments(trial), &|started, argument, prefix| {
        complete(trial, started, argument, prefix)
    })
}

pub(super) fn completion_time(trial: &Trial<'_>) -> Finding {
    completion::time(trial, &arguments(trial), &|started, argument, prefix| {
        complete(trial, started, argument, prefix)
    })
}

fn arguments<'a>(trial: &Trial<'a>) -> Vec<&'a str> {
    match &trial.feature().detail {
        Detail::Subcommand { args } => args.iter().map(|one| one.name.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn complete(
    trial: &Trial<'_>,
    started: &Started,
    argument: &str,
    prefix: &str,
) -> Result<Vec<String>, PluginError> {
    let feature = trial.feature();
    started.subcommand(feature).complete(&feature.name, argument, prefix, &started.host)
}

fn run(
    trial: &Trial<'_>,
    case: &SubcommandCase,
    args: &Map<String, Json>,
) -> Result<Result<i32, PluginError>, Problem> {
    let place = trial.place(case.folder.as_deref(), &case.files)?;
    let context = context(&place);
    let started = trial.start()?;
    let feature = trial.feature();
    let code = started.subcommand(feature);
    Ok(code.run(&feature.name, &json!(args), &context, &started.host))
}

/// What the plugin is told besides its arguments.
pub(super) fn context(place: &Place) -> SubcommandContext {
    let root = place.root().to_string_lossy().into_owned();
    SubcommandContext { root: Some(root.clone()), directory: root, json: false }
}
