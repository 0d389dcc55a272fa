//! Checks of a plugin as a process.

use std::time::{Duration, Instant};

use purlin_plugin::Point;
use purlin_plugin::message::ErrorCode;
use purlin_process::{CallError, Cause, Process};
use serde_json::{Value as Json, json};

use super::code::{Running, Started};
use super::place::Place;
use super::trial::{Finding, Problem, Trial, ensure, failed};

/// How long a start may take.
const START: Duration = Duration::from_millis(500);

/// How often it may try: other programs may keep the machine busy.
const TRIES: u32 = 8;

/// The checks without which no call of a feature says anything.
pub(super) const NEEDED: [&str; 3] = ["process.start", "process.provides", "process.stdout"];

/// Where a call ends that finds no plugin.
const INITIALIZE: &str = "initialize";

/// What no plugin has.
const NO_METHOD: &str = "kit/no-such-method";

pub(super) fn start(trial: &Trial<'_>) -> Finding {
    let mut best = Duration::MAX;
    if let Some(why) = &trial.cases.unset {
        return Err(Problem::Skipped(why.clone()));
    }
    for _ in 0..TRIES {
        let started = trial.try_start().map_err(failed)?;
        let begin = Instant::now();
        match process(&started)?.call(NO_METHOD, &json!({})) {
            Err(error) if error.call != INITIALIZE => {}
            Err(CallError { cause: Cause::Provides { .. } | Cause::NotAMessage(_), .. })
            | Ok(_) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        best = best.min(begin.elapsed());
        if best <= START {
            return Ok(());
        }
    }
    Err(failed(format!("the fastest of {TRIES} starts took {} ms", best.as_millis())))
}

pub(super) fn provides(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    match process(&started)?.call(NO_METHOD, &json!({})) {
        Err(CallError { cause: cause @ Cause::Provides { .. }, .. }) => {
            Err(failed(cause.to_string()))
        }
        other => has_started(&other),
    }
}

/// Everything that the cases ask is asked, and stdout is watched.
pub(super) fn stdout(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    let process = process(&started)?;
    for Question { method, params, .. } in questions(trial)? {
        if let Err(CallError { cause: cause @ Cause::NotAMessage(_), .. }) =
            process.call(method, &params)
        {
            return Err(failed(format!("in `{method}` {cause}")));
        }
    }
    Ok(())
}

pub(super) fn unknown_method(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    let process = process(&started)?;
    for _ in 0..2 {
        let answer = process.call(NO_METHOD, &json!({}));
        has_started(&answer)?;
        match answer {
            Err(CallError { cause: Cause::Reported(error), .. })
                if error.code == ErrorCode::Unsupported => {}
            Ok(result) => return Err(failed(format!("it answers {result}"))),
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    ensure(process.starts() == 1, || "it had to be started again".to_owned())
}

pub(super) fn newer_host(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    let process = process(&started)?;
    for Question { method, mut params, _place } in questions(trial)? {
        let before = process.call(method, &params);
        if let Some(fields) = params.as_object_mut() {
            fields.insert("of_a_newer_host".to_owned(), json!({ "this": "is unknown" }));
        }
        if let (Ok(_), Err(error)) = (before, process.call(method, &params)) {
            return Err(failed(error.to_string()));
        }
    }
    Ok(())
}

/// Each question is cancelled as it is asked, and asked again.
pub(super) fn cancel(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    let process = process(&started)?;
    for Question { method, params, .. } in questions(trial)? {
        let before = process.call(method, &params);
        has_started(&before)?;
        // Other checks are about a process that fails although nobody cancels anything.
        if !matches!(before, Ok(_) | Err(CallError { cause: Cause::Reported(_), .. })) {
            continue;
        }
        let starts = process.starts();
        process
            .call_and_cancel(method, &params)
            .map_err(|error| failed(format!("a cancelled `{method}`: {error}")))?;
        if let (Ok(_), Err(error)) = (before, process.call(method, &params)) {
            return Err(failed(format!("after a cancelled `{method}`: {error}")));
        }
        ensure(process.starts() == starts, || {
            format!("a cancelled `{method}` has ended the process")
        })?;
    }
    Ok(())
}

pub(super) fn end(trial: &Trial<'_>) -> Finding {
    let started = trial.start()?;
    has_started(&process(&started)?.call(NO_METHOD, &json!({})))?;
    let running = running(&started)?;
    let begin = Instant::now();
    running.process.shut_down();
    ensure(begin.elapsed() < running.grace, || {
        format!("{} ms later it was still there, and needed a signal", running.grace.as_millis())
    })
}

fn running(started: &Started) -> Result<&Running, Problem> {
    started.process().ok_or_else(|| Problem::Skipped("it is not a process".to_owned()))
}

fn process(started: &Started) -> Result<&Process, Problem> {
    running(started).map(|running| &running.process)
}

/// Nothing more can be said of a plugin that does not start; another check tells.
fn has_started(answer: &Result<Json, CallError>) -> Finding {
    match answer {
        Err(error) if error.call == INITIALIZE => {
            Err(Problem::Skipped("it does not start".to_owned()))
        }
        _ => Ok(()),
    }
}

/// A call that is as good as any.
struct Question {
    method: &'static str,
    params: Json,
    /// The workspace that it is about, gone when dropped.
    _place: Option<Place>,
}

/// One call for each case.
fn questions(trial: &Trial<'_>) -> Result<Vec<Question>, Problem> {
    let mut asked = Vec::new();
    let mut ask = |method, params, place| {
        asked.push(Question { method, params, _place: place });
    };
    for feature in &trial.manifest.features {
        let name = &feature.name;
        match feature.point {
            Point::Dependency => {
                for case in trial.cases.dependency.of(feature).unwrap_or_default() {
                    let place = trial.place(case.folder.as_deref(), &case.files)?;
                    let context = super::dependency::context(case, &place.root());
                    let params = json!({ "name": name, "config": case.config, "context": context });
                    ask("dependency/expand", params, Some(place));
                }
            }
            Point::Repository => {
                for case in trial.cases.repository.of(feature).unwrap_or_default() {
                    let place = trial.place(case.folder.as_deref(), &case.files)?;
                    let context = super::repository::context(case, &place.root());
                    let params =
                        json!({ "feature": name, "config": case.config, "context": context });
                    ask("repository/families", params, Some(place));
                }
            }
            Point::Subcommand => {
                for case in trial.cases.subcommand.of(feature).unwrap_or_default() {
                    let place = trial.place(case.folder.as_deref(), &case.files)?;
                    let context = super::subcommand::context(&place);
                    let params = json!({ "name": name, "args": case.args, "context": context });
                    ask("subcommand/run", params, Some(place));
                }
            }
            Point::Argument => {
                for case in trial.cases.argument.of(feature).unwrap_or_default() {
                    trial.lay(&case.files)?;
                    let context = super::argument::context(case, feature);
                    let params = json!({
                        "name": name, "value": case.value, "request": case.request,
                        "command": context.command, "stage": context.stage,
                    });
                    ask("argument/apply", params, None);
                }
            }
            Point::Hook => {
                for case in trial.cases.hook.of(feature).unwrap_or_default() {
                    let params = json!({ "name": name, "payload": case.payload });
                    ask("hook/event", params, None);
                }
            }
            Point::Builder => {
                for case in trial.cases.builder.of(feature).unwrap_or_default() {
                    let context = super::builder::context(case);
                    let params = json!({ "name": name, "leaf": case.leaf, "context": context });
                    ask("builder/plan", params, None);
                }
            }
            Point::Cache => {
                for case in trial.cases.cache.of(feature).unwrap_or_default() {
                    let params = json!({ "feature": name, "name": "kit", "config": case.config });
                    ask("cache/open", params, None);
                }
            }
            _ => {}
        }
    }
    Ok(asked)
}
