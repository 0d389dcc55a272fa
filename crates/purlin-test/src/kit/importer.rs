//! Checks of the `importer` point.

use purlin_plugin::manifest::Detail;
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::{Fragment, Name};
use serde_json::Value as Json;

use super::cases::ImporterCase;
use super::code::Started;
use super::definitions::all_shown;
use super::trial::{Finding, Trial, ensure, failed, told};

pub(super) fn answers(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.importer.of(trial.feature())? {
        let made = load(trial, &trial.start()?, case)
            .map_err(|error| failed(format!("{}: {}", case.options, told(&error))))?;
        if let Some(expected) = &case.fragments {
            let given = all_shown(&made);
            ensure(given == *expected, || {
                format!("{}: `load` makes {given}, not {expected}", case.options)
            })?;
        }
    }
    Ok(())
}

pub(super) fn into(trial: &Trial<'_>) -> Finding {
    let Detail::Importer { into, .. } = &trial.feature().detail else { return Ok(()) };
    for case in trial.cases.importer.of(trial.feature())? {
        let sections = filled(into, &case.options);
        let is_meant = |section: &Name| sections.split([' ', ',']).any(|one| *one == **section);
        for fragment in load(trial, &trial.start()?, case)? {
            ensure(fragment.path.first().is_some_and(is_meant), || {
                format!("`{}` does not lie in `{sections}`", fragment.path.join("."))
            })?;
        }
    }
    Ok(())
}

pub(super) fn same_answer(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.importer.of(trial.feature())? {
        let first = trial.start()?;
        let one = all_shown(&load(trial, &first, case)?);
        for other in [load(trial, &first, case)?, load(trial, &trial.start()?, case)?] {
            let other = all_shown(&other);
            ensure(one == other, || format!("{}: {one} and then {other}", case.options))?;
        }
    }
    Ok(())
}

/// The sections that `into` means: `{options.NAME}` in it is an option.
fn filled(into: &str, options: &Json) -> String {
    let mut text = into.to_owned();
    for (name, value) in options.as_object().into_iter().flatten() {
        if let Some(value) = value.as_str() {
            text = text.replace(&format!("{{options.{name}}}"), value);
        }
    }
    text
}

fn load(
    trial: &Trial<'_>,
    started: &Started,
    case: &ImporterCase,
) -> Result<Vec<Fragment>, PluginError> {
    let unwritten = "the files of the case cannot be written";
    trial.lay(&case.files).map_err(|_| PluginError::new(ErrorCode::Internal, unwritten))?;
    started.importer(trial.feature()).load(&case.options, &case.sources, &started.host)
}
