//! Checks of the `builder` point.

use std::sync::Barrier;

use purlin_environments::Request;
use purlin_plugin::message::{BuildContext, BuildPlan, ErrorCode, PluginError};
use serde_json::{Value as Json, json};

use super::cases::BuilderCase;
use super::code::Started;
use super::dependency::is_variable;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// What the placeholders of packages begin with.
const PLACEHOLDER: &str = "@purlin:";

pub(super) fn answers(trial: &Trial<'_>) -> Finding {
    for case in working(trial)? {
        let plan = match plan(trial, &trial.start()?, case) {
            Ok(plan) => json!(plan),
            Err(error) if case.is_sample && is_refusal(&error) => {
                let why = "what its schema has as examples is refused; write a case";
                return Err(Problem::Skipped(why.to_owned()));
            }
            Err(error) => return Err(failed(format!("{}: {}", shown(case), told(&error)))),
        };
        for (field, expected) in case.expect.iter().flatten() {
            let given = plan.get(field).unwrap_or(&Json::Null);
            ensure(given == expected, || {
                format!("{}: `{field}` is {given}, not {expected}", shown(case))
            })?;
        }
    }
    Ok(())
}

pub(super) fn refuses(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.builder.of(trial.feature())? {
        let Some(expected) = &case.error else { continue };
        let Err(error) = plan(trial, &trial.start()?, case) else {
            return Err(failed(format!("{} is not refused", shown(case))));
        };
        let fits = is_refusal(&error)
            && expected.code == error.code
            && (expected.path.is_none() || expected.path == error.path);
        ensure(fits, || format!("{}: {}", shown(case), told(&error)))?;
    }
    Ok(())
}

/// True for an error that tells its user which part of the package to look at.
fn is_refusal(error: &PluginError) -> bool {
    matches!(error.code, ErrorCode::InvalidConfig | ErrorCode::NotFound) && error.path.is_some()
}

pub(super) fn well_formed(trial: &Trial<'_>) -> Finding {
    for case in working(trial)? {
        let plan = plan(trial, &trial.start()?, case)?;
        ensure(plan.build.is_some() || plan.install.is_some(), || {
            format!("{}: nothing is to be done", shown(case))
        })?;
        if let Some(name) = plan.env.keys().find(|name| !is_variable(name)) {
            return Err(failed(format!("`env` has {name:?}, which cannot be one's name")));
        }
        for text in &plan.packages {
            let request: Request =
                text.parse().map_err(|error| failed(format!("`packages`: {error}")))?;
            ensure(request.is_wanted() && !request.is_ephemeral(), || {
                format!("`packages` has `{text}`, which asks for no package")
            })?;
        }
    }
    Ok(())
}

pub(super) fn placeholders(trial: &Trial<'_>) -> Finding {
    for case in working(trial)? {
        let leaf = shown(case);
        let plan = json!(plan(trial, &trial.start()?, case)?).to_string();
        let mut rest = plan.as_str();
        while let Some(start) = rest.find(PLACEHOLDER) {
            let from = &rest[start..];
            let length = from[1..].find('@').map_or(from.len(), |place| place + 2);
            let placeholder = &from[..length];
            ensure(leaf.contains(placeholder), || {
                format!("{leaf}: the plan has {placeholder}, and the package has not")
            })?;
            rest = &from[length..];
        }
    }
    Ok(())
}

pub(super) fn same_answer(trial: &Trial<'_>) -> Finding {
    for case in working(trial)? {
        let first = trial.start()?;
        let one = plan(trial, &first, case)?;
        for other in [plan(trial, &first, case)?, plan(trial, &trial.start()?, case)?] {
            ensure(one == other, || difference(case, &one, &other))?;
        }
    }
    Ok(())
}

pub(super) fn at_once(trial: &Trial<'_>) -> Finding {
    const CALLS: usize = 8;
    for case in working(trial)? {
        let started = trial.start()?;
        let alone = plan(trial, &started, case)?;
        if plan(trial, &started, case)? != alone {
            // The check of that tells.
            continue;
        }
        let together = Barrier::new(CALLS);
        let call = || {
            together.wait();
            plan(trial, &started, case)
        };
        let plans: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for plan in plans {
            let plan = plan.map_err(|_| failed("a call has panicked"))?;
            let plan = plan.map_err(|error| failed(told(&error)))?;
            ensure(plan == alone, || difference(case, &alone, &plan))?;
        }
    }
    Ok(())
}

/// What the plugin is told besides the package.
pub(super) fn context(case: &BuilderCase) -> BuildContext {
    BuildContext {
        name: case.name.clone().unwrap_or_else(|| "example".to_owned()),
        system: case.system.clone().unwrap_or_else(|| "x86_64-linux".to_owned()),
    }
}

/// The cases that are to be answered.
fn working<'a>(trial: &Trial<'a>) -> Result<Vec<&'a BuilderCase>, Problem> {
    let cases = trial.cases.builder.of(trial.feature())?.iter();
    Ok(cases.filter(|case| case.error.is_none()).collect())
}

fn plan(
    trial: &Trial<'_>,
    started: &Started,
    case: &BuilderCase,
) -> Result<BuildPlan, PluginError> {
    let code = started.builder(trial.feature());
    code.plan(&json!(case.leaf), &context(case), &started.host)
}

fn shown(case: &BuilderCase) -> String {
    json!(case.leaf).to_string()
}

fn difference(case: &BuilderCase, one: &BuildPlan, other: &BuildPlan) -> String {
    format!("{}: {} and then {}", shown(case), json!(one), json!(other))
}
