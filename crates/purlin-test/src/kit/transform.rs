//! Checks of the `transform` point.

use std::sync::Barrier;

use purlin_plugin::contract::Host;
use purlin_plugin::manifest::Detail;
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::{Fragment, Transform};
use serde_json::Value as Json;

use super::cases::TransformCase;
use super::code::Started;
use super::definitions::{Definitions, all_shown};
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// What both functions make of a case.
struct Made {
    extended: Vec<Fragment>,
    outputs: Vec<Fragment>,
}

impl Made {
    fn shown(&self) -> [Json; 2] {
        [all_shown(&self.extended), all_shown(&self.outputs)]
    }
}

/// What one function of a transform, `extend` or `outputs`, makes of definitions. They are given as cases
/// write them, with `options`, `systems` and `definitions`, and fragments are told as cases have them.
///
/// # Errors
/// What is wrong with what is given, in words.
pub fn make_fragments(
    code: &dyn Transform,
    detail: &Detail,
    function: &str,
    given: Json,
    host: &dyn Host,
) -> Result<Result<Json, PluginError>, String> {
    let case: TransformCase = serde_json::from_value(given).map_err(|error| error.to_string())?;
    let context = Definitions::new(&case, reads(detail), false);
    let made = match function {
        "extend" => code.extend(&context, &case.options, host),
        _ => code.outputs(&context, &case.options, host),
    };
    Ok(made.map(|fragments| all_shown(&fragments)))
}

/// The sections that a transform may look at.
fn reads(detail: &Detail) -> Vec<String> {
    match detail {
        Detail::Transform { reads, extends, .. } => reads.iter().chain(extends).cloned().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn answers(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.transform.of(trial.feature())? {
        let made = make(trial, &trial.start()?, case, false)
            .map_err(|error| failed(format!("{}: {}", case.options, told(&error))))?;
        let [extended, outputs] = made.shown();
        for (name, given, expected) in
            [("extend", extended, &case.extend), ("outputs", outputs, &case.outputs)]
        {
            if let Some(expected) = expected {
                ensure(given == *expected, || {
                    format!("{}: `{name}` makes {given}, not {expected}", case.options)
                })?;
            }
        }
    }
    Ok(())
}

pub(super) fn declared(trial: &Trial<'_>) -> Finding {
    let Detail::Transform { extends, outputs, .. } = &trial.feature().detail else {
        return Ok(());
    };
    for case in trial.cases.transform.of(trial.feature())? {
        let made = make(trial, &trial.start()?, case, false)?;
        for (fragments, allowed) in [(&made.extended, extends), (&made.outputs, outputs)] {
            for fragment in fragments {
                let root = fragment.path.first().map_or("", |root| root);
                ensure(allowed.iter().any(|one| one.as_str() == root), || {
                    format!("`{}` does not lie in {allowed:?}", fragment.path.join("."))
                })?;
            }
        }
    }
    Ok(())
}

pub(super) fn same_answer(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.transform.of(trial.feature())? {
        let first = trial.start()?;
        let one = make(trial, &first, case, false)?.shown();
        for other in [make(trial, &first, case, false)?, make(trial, &trial.start()?, case, false)?]
        {
            let other = other.shown();
            ensure(one == other, || format!("{}: {one:?} and then {other:?}", case.options))?;
        }
    }
    Ok(())
}

pub(super) fn any_order(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.transform.of(trial.feature())? {
        let one = sorted(&steady(trial, case)?);
        let other = sorted(&make(trial, &trial.start()?, case, true)?);
        ensure(one == other, || {
            format!("{}: {one:?}, and the other way round {other:?}", case.options)
        })?;
    }
    Ok(())
}

pub(super) fn at_once(trial: &Trial<'_>) -> Finding {
    const CALLS: usize = 4;
    for case in trial.cases.transform.of(trial.feature())? {
        let alone = steady(trial, case)?.shown();
        let started = trial.start()?;
        let together = Barrier::new(CALLS);
        let call = || {
            together.wait();
            make(trial, &started, case, false)
        };
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for made in made {
            let made = made.map_err(|_| failed("a call has panicked"))?;
            let made = made.map_err(|error| failed(told(&error)))?.shown();
            ensure(made == alone, || format!("{alone:?} alone, and together {made:?}"))?;
        }
    }
    Ok(())
}

/// What it makes of a case, if that is always the same.
fn steady(trial: &Trial<'_>, case: &TransformCase) -> Result<Made, Problem> {
    let one = make(trial, &trial.start()?, case, false)?;
    let other = make(trial, &trial.start()?, case, false)?;
    if one.shown() == other.shown() {
        return Ok(one);
    }
    Err(Problem::Skipped("it does not make the same twice".to_owned()))
}

/// Fragments are a set: the host merges them in no order.
fn sorted(made: &Made) -> Vec<String> {
    let all = made.extended.iter().chain(&made.outputs);
    let mut all: Vec<String> = all.map(|one| super::definitions::shown(one).to_string()).collect();
    all.sort();
    all
}

fn make(
    trial: &Trial<'_>,
    started: &Started,
    case: &TransformCase,
    reversed: bool,
) -> Result<Made, PluginError> {
    let feature = trial.feature();
    let context = Definitions::new(case, reads(&feature.detail), reversed);
    let code = started.transform(feature);
    Ok(Made {
        extended: code.extend(&context, &case.options, &started.host)?,
        outputs: code.outputs(&context, &case.options, &started.host)?,
    })
}
