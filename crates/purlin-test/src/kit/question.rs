//! Checks of the points at which a plugin answers questions about a workspace: the same question
//! has the same answer, wherever and whenever it is asked.

use std::path::Path;
use std::sync::Barrier;

use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_store::{Patterns, RelativePath};
use serde::Serialize;
use serde_json::Value as Json;

use super::cases::{Cases, QuestionCase, Told};
use super::code::Started;
use super::place::Place;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// What a configuration is spoiled with.
const NOTHING: &str = "purlin-kit/no-such-thing";

/// A function of a point that answers questions.
pub(super) trait Question {
    /// What it answers.
    type Answer: PartialEq + Serialize + Send;

    /// The cases of its point.
    fn cases(cases: &Cases) -> &Told<QuestionCase>;

    /// Asks what a case asks.
    fn ask(
        trial: &Trial<'_>,
        started: &Started,
        case: &QuestionCase,
        root: &Path,
    ) -> Result<Self::Answer, PluginError>;

    /// Globs of the files that an answer was computed from.
    fn inputs(answer: &Self::Answer) -> &[String];

    /// What of an answer no host could use.
    fn flaw(answer: &Self::Answer) -> Option<String>;
}

pub(super) fn answers<Q: Question>(trial: &Trial<'_>) -> Finding {
    for case in Q::cases(trial.cases).of(trial.feature())? {
        if case.error.is_some() {
            continue;
        }
        let place = place(trial, case)?;
        let answer = match ask::<Q>(trial, &trial.start()?, case, &place) {
            Ok(answer) => answer,
            Err(error) if case.is_sample && is_refusal(&error, &case.config) => {
                let why = "what its schema has as examples is refused; write a case";
                return Err(Problem::Skipped(why.to_owned()));
            }
            Err(error) => return Err(failed(format!("{}: {}", case.config, told(&error)))),
        };
        let answer = serde_json::to_value(&answer).unwrap_or_default();
        for (field, expected) in case.expect.iter().flatten() {
            ensure(answer.get(field) == Some(expected), || {
                let given = answer.get(field).cloned().unwrap_or_default();
                format!("{}: `{field}` is {given}, not {expected}", case.config)
            })?;
        }
    }
    Ok(())
}

pub(super) fn refuses<Q: Question>(trial: &Trial<'_>) -> Finding {
    let feature = trial.feature();
    for case in Q::cases(trial.cases).of(feature)? {
        let place = place(trial, case)?;
        let started = trial.start()?;
        if let Some(expected) = &case.error {
            match ask::<Q>(trial, &started, case, &place) {
                Ok(_) => return Err(failed(format!("{} is not refused", case.config))),
                Err(error) => {
                    let fits = expected.code == error.code
                        && (expected.path.is_none() || expected.path == error.path);
                    ensure(fits, || format!("{}: {}", case.config, told(&error)))?;
                    check_refusal(&error, &case.config)?;
                }
            }
        }
        for pointer in texts(&case.config) {
            let mut spoiled = case.clone();
            if let Some(text) = spoiled.config.pointer_mut(&pointer) {
                *text = Json::from(NOTHING);
            }
            if !trial.fits_schema(&spoiled.config) {
                continue;
            }
            if let Err(error) = ask::<Q>(trial, &started, &spoiled, &place) {
                check_refusal(&error, &spoiled.config)?;
            }
        }
    }
    Ok(())
}

fn check_refusal(error: &PluginError, config: &Json) -> Finding {
    ensure(is_refusal(error, config), || format!("{config}: {}", told(error)))
}

/// True for an error that tells its user which part of the configuration to look at.
fn is_refusal(error: &PluginError, config: &Json) -> bool {
    let blames = |path: &str| {
        // A field that is missing is blamed by the place where it would be.
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        config.pointer(path).is_some() || parent.is_some_and(|one| config.pointer(one).is_some())
    };
    matches!(error.code, ErrorCode::InvalidConfig | ErrorCode::NotFound)
        && error.path.as_deref().is_some_and(blames)
}

pub(super) fn well_formed<Q: Question>(trial: &Trial<'_>) -> Finding {
    for (case, place) in working::<Q>(trial)? {
        let answer = ask::<Q>(trial, &trial.start()?, case, &place)?;
        if let Some(flaw) = Q::flaw(&answer) {
            return Err(failed(flaw));
        }
    }
    Ok(())
}

pub(super) fn same_answer<Q: Question>(trial: &Trial<'_>) -> Finding {
    for (case, place) in working::<Q>(trial)? {
        let first = trial.start()?;
        let answers = [
            ask::<Q>(trial, &first, case, &place)?,
            ask::<Q>(trial, &first, case, &place)?,
            ask::<Q>(trial, &trial.start()?, case, &place)?,
        ];
        for other in &answers[1..] {
            ensure(*other == answers[0], || difference(case, &answers[0], other))?;
        }
    }
    Ok(())
}

pub(super) fn names_its_inputs<Q: Question>(trial: &Trial<'_>) -> Finding {
    for (case, place) in working::<Q>(trial)? {
        let before = steady::<Q>(trial, case, &place)?;
        let inputs = Patterns::new(Q::inputs(&before))
            .map_err(|_| Problem::Skipped("`inputs` is not well-formed".to_owned()))?;
        let is_named =
            |path: &str| RelativePath::parse(path).is_ok_and(|path| inputs.matches(&path));
        let mut changed = Vec::new();
        for path in place.files()? {
            let folder = path.rsplit_once('/').map_or(String::new(), |(one, _)| format!("{one}/"));
            let ending = path.rsplit_once('.').map_or("txt", |(_, ending)| ending);
            let new = format!("{folder}purlin-kit-new.{ending}");
            if !is_named(&new) && !changed.contains(&new) {
                place.write(&new, b"new = 1\n")?;
                changed.push(new);
            }
            if !is_named(&path) {
                place.write(&path, b"changed = 1\n")?;
                changed.push(path);
            }
        }
        if changed.is_empty() {
            place.write("purlin-kit-new.txt", b"new = 1\n")?;
        }
        let after = ask::<Q>(trial, &trial.start()?, case, &place).map_err(|error| {
            failed(format!("after {} changed: {}", changed.join(", "), told(&error)))
        })?;
        ensure(after == before, || {
            let what = difference(case, &before, &after);
            let changed = changed.join(", ");
            format!("`inputs` is {:?}, and after {changed} changed: {what}", Q::inputs(&before))
        })?;
    }
    Ok(())
}

pub(super) fn any_checkout<Q: Question>(trial: &Trial<'_>) -> Finding {
    for (case, place) in working::<Q>(trial)? {
        let here = steady::<Q>(trial, case, &place)?;
        let other = self::place(trial, case)?;
        let there = ask::<Q>(trial, &trial.start()?, case, &other)?;
        ensure(here == there, || difference(case, &here, &there))?;
    }
    Ok(())
}

pub(super) fn at_once<Q: Question>(trial: &Trial<'_>) -> Finding {
    const CALLS: usize = 8;
    for (case, place) in working::<Q>(trial)? {
        let alone = steady::<Q>(trial, case, &place)?;
        let started = trial.start()?;
        let together = Barrier::new(CALLS);
        let call = || {
            together.wait();
            ask::<Q>(trial, &started, case, &place)
        };
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for answer in answers {
            let answer = answer.map_err(|_| failed("a call has panicked"))?;
            let answer = answer.map_err(|error| failed(told(&error)))?;
            ensure(answer == alone, || difference(case, &alone, &answer))?;
        }
    }
    Ok(())
}

/// The cases that are to be answered, each with its workspace.
fn working<'a, Q: Question>(trial: &Trial<'a>) -> Result<Vec<(&'a QuestionCase, Place)>, Problem> {
    let mut found = Vec::new();
    for case in Q::cases(trial.cases).of(trial.feature())? {
        if case.error.is_none() {
            found.push((case, place(trial, case)?));
        }
    }
    Ok(found)
}

/// The answer, if it is the same each time: else the check of that tells.
fn steady<Q: Question>(
    trial: &Trial<'_>,
    case: &QuestionCase,
    place: &Place,
) -> Result<Q::Answer, Problem> {
    let first = ask::<Q>(trial, &trial.start()?, case, place)?;
    let second = ask::<Q>(trial, &trial.start()?, case, place)?;
    if first != second {
        return Err(Problem::Skipped("its answers differ from time to time".to_owned()));
    }
    Ok(first)
}

fn place(trial: &Trial<'_>, case: &QuestionCase) -> Result<Place, Problem> {
    trial.place(case.folder.as_deref(), &case.files)
}

fn ask<Q: Question>(
    trial: &Trial<'_>,
    started: &Started,
    case: &QuestionCase,
    place: &Place,
) -> Result<Q::Answer, PluginError> {
    Q::ask(trial, started, case, &place.root())
}

/// The pointers of all texts in a configuration.
fn texts(config: &Json) -> Vec<String> {
    fn walk(value: &Json, at: &str, found: &mut Vec<String>) {
        match value {
            Json::String(_) => found.push(at.to_owned()),
            Json::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    walk(item, &format!("{at}/{number}"), found);
                }
            }
            Json::Object(fields) => {
                for (name, field) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(field, &format!("{at}/{name}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(config, "", &mut found);
    found
}

fn difference<A: Serialize>(case: &QuestionCase, one: &A, other: &A) -> String {
    let one = serde_json::to_value(one).unwrap_or_default();
    let other = serde_json::to_value(other).unwrap_or_default();
    let fields = one.as_object().into_iter().flatten();
    let parts: Vec<String> = fields
        .filter(|(name, value)| other.get(name.as_str()) != Some(value))
        .map(|(name, value)| format!("`{name}` is {value} and then {}", other[name.as_str()]))
        .collect();
    format!("{}: {}", case.config, parts.join("; "))
}
