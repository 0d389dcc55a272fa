//! Checks of the `argument` point.

use purlin_plugin::manifest::{Detail, Feature, Stage};
use purlin_plugin::message::{ArgumentContext, Edit, PluginError};
use serde_json::json;

use super::cases::ArgumentCase;
use super::code::Started;
use super::completion;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

pub(super) fn answers(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.argument.of(trial.feature())? {
        trial.lay(&case.files)?;
        let edits = apply(trial, &trial.start()?, case)
            .map_err(|error| failed(format!("{}: {}", case.value, told(&error))))?;
        if let Some(expected) = &case.edits {
            let given = json!(edits);
            ensure(given == *expected, || format!("{}: {given}, not {expected}", case.value))?;
        }
    }
    Ok(())
}

pub(super) fn edits(trial: &Trial<'_>) -> Finding {
    let Detail::Argument { edits: allowed, .. } = &trial.feature().detail else { return Ok(()) };
    each(trial, |_, edits| {
        for edit in edits {
            let is_allowed = allowed.iter().any(|pointer| edit.is_within(pointer));
            ensure(is_allowed, || format!("`{}` is not within {allowed:?}", edit.path))?;
        }
        Ok(())
    })
}

pub(super) fn fits(trial: &Trial<'_>) -> Finding {
    each(trial, |case, edits| {
        let mut request = case.request.clone();
        for (number, edit) in edits.iter().enumerate() {
            edit.apply(&mut request)
                .map_err(|error| failed(format!("`{}`: {error}", edit.path)))?;
            if let Some(other) = edits[..number].iter().find(|other| other.overlaps(edit)) {
                return Err(failed(format!("`{}` and `{}` overlap", other.path, edit.path)));
            }
        }
        Ok(())
    })
}

pub(super) fn same_answer(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.argument.of(trial.feature())? {
        trial.lay(&case.files)?;
        let first = trial.start()?;
        let answers = [
            apply(trial, &first, case)?,
            apply(trial, &first, case)?,
            apply(trial, &trial.start()?, case)?,
        ];
        for other in &answers[1..] {
            let (one, other) = (json!(answers[0]), json!(other));
            ensure(one == other, || format!("{}: {one} and then {other}", case.value))?;
        }
    }
    Ok(())
}

pub(super) fn completion(trial: &Trial<'_>) -> Finding {
    lay_first(trial)?;
    let name = trial.feature().name.as_str();
    completion::prefix(trial, &[name], &|started, _, prefix| complete(trial, started, prefix))
}

pub(super) fn completion_time(trial: &Trial<'_>) -> Finding {
    lay_first(trial)?;
    let name = trial.feature().name.as_str();
    completion::time(trial, &[name], &|started, _, prefix| complete(trial, started, prefix))
}

/// What completion has to offer may stand in a file.
fn lay_first(trial: &Trial<'_>) -> Finding {
    let cases = trial.cases.argument.of(trial.feature()).unwrap_or_default();
    cases.first().map_or(Ok(()), |case| trial.lay(&case.files))
}

fn complete(
    trial: &Trial<'_>,
    started: &Started,
    prefix: &str,
) -> Result<Vec<String>, PluginError> {
    let feature = trial.feature();
    started.argument(feature).complete(&feature.name, prefix, &started.host)
}

/// The edits of each case.
fn each(trial: &Trial<'_>, check: impl Fn(&ArgumentCase, &[Edit]) -> Finding) -> Finding {
    for case in trial.cases.argument.of(trial.feature())? {
        trial.lay(&case.files)?;
        let edits = apply(trial, &trial.start()?, case).map_err(Problem::from)?;
        check(case, &edits)?;
    }
    Ok(())
}

fn apply(
    trial: &Trial<'_>,
    started: &Started,
    case: &ArgumentCase,
) -> Result<Vec<Edit>, PluginError> {
    let feature = trial.feature();
    let context = context(case, feature);
    let code = started.argument(feature);
    code.apply(&feature.name, &case.value, &case.request, &context, &started.host)
}

/// What the plugin is told besides the request.
pub(super) fn context(case: &ArgumentCase, feature: &Feature) -> ArgumentContext {
    let (first, stage) = match &feature.detail {
        Detail::Argument { on, stage, .. } => (on.first().cloned(), *stage),
        _ => (None, Stage::Parsed),
    };
    ArgumentContext { command: case.command.clone().or(first).unwrap_or_default(), stage }
}
