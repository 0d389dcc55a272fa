//! The options of `purlin run` as they hold: those of the command line, else those of process variables.

use std::collections::BTreeMap;

use clap::ValueEnum;
use purlin_model::Diagnostic;
use serde_json::{Value as Json, json};

use crate::arguments::Run;
use crate::environment::{self, option, switch};

/// The options with what process variables say where the command line is silent.
///
/// # Errors
/// A process variable has a value without a meaning.
pub(crate) fn with_variables(options: &Run) -> Result<Run, Diagnostic> {
    let mut options = options.clone();
    options.force |= switch(&environment::FORCE)?.unwrap_or(false);
    if options.jobs.is_none() {
        options.jobs = jobs()?;
    }
    options.fail_fast |= !options.watch && switch(&environment::FAIL_FAST)?.unwrap_or(false);
    if options.output.is_none() {
        options.output = one_of(&environment::OUTPUT, "a way to show output")?;
    }
    if options.why.is_some() {
        // What is asked about is named, and nothing else selects.
        return Ok(options);
    }
    if options.since.is_none() {
        options.since = option(&environment::SINCE, "a commit", |text| Some(text.to_owned()))?;
    }
    if options.cache.is_empty() {
        let names = |text: &str| Some(text.split(',').map(str::to_owned).collect());
        options.cache = option(&environment::CACHE, "names of caches", names)?.unwrap_or_default();
    }
    if options.cache_status.is_none() {
        options.cache_status = one_of(&environment::CACHE_STATUS, "`warm` or `cold`")?;
    }
    options.failed |= switch(&environment::FAILED)?.unwrap_or(false);
    options.isolated |= switch(&environment::ISOLATED)?.unwrap_or(false);
    Ok(options)
}

/// How many programs run at once, by a process variable.
///
/// # Errors
/// It is no number of programs.
pub(crate) fn jobs() -> Result<Option<u16>, Diagnostic> {
    option(&environment::JOBS, "a number from 1 to 65535", |text| {
        text.parse::<u16>().ok().filter(|jobs| *jobs > 0)
    })
}

fn one_of<T: ValueEnum>(
    variable: &environment::Variable,
    expected: &str,
) -> Result<Option<T>, Diagnostic> {
    option(variable, expected, |text| T::from_str(text, false).ok())
}

/// What `{ctx.purlin.NAME}` stands for, but for what flags of plugins may change.
pub(crate) fn context(options: &Run) -> BTreeMap<String, Json> {
    let caches = (!options.cache.is_empty()).then(|| options.cache.join(","));
    let options = [
        ("fail-fast", json!(options.fail_fast)),
        ("since", json!(options.since)),
        ("cache", json!(caches)),
        ("cache-status", json!(options.cache_status.as_ref().map(name))),
        ("failed", json!(options.failed)),
        ("isolated", json!(options.isolated)),
        ("output", json!(options.output.as_ref().map(name))),
    ];
    options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
