//! What is checked of completion, at whichever point.

use std::time::{Duration, Instant};

use purlin_plugin::message::PluginError;

use super::code::Started;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// How long the shell waits.
const LIMIT: Duration = Duration::from_millis(150);

/// How often it may try: other programs may keep the machine busy.
const TRIES: u32 = 8;

/// How a check asks: a started plugin, which argument, and what was typed.
pub(super) type Ask<'a> = &'a dyn Fn(&Started, &str, &str) -> Result<Vec<String>, PluginError>;

pub(super) fn prefix(trial: &Trial<'_>, arguments: &[&str], ask: Ask<'_>) -> Finding {
    let started = trial.start()?;
    for argument in arguments {
        let all = ask(&started, argument, "")
            .map_err(|error| failed(format!("`{argument}`: {}", told(&error))))?;
        let typed: Vec<String> = all
            .iter()
            .map(|value| value.chars().take(value.chars().count().div_ceil(2)).collect())
            .chain(["purlin-kit".to_owned()])
            .collect();
        for prefix in typed {
            let values = ask(&started, argument, &prefix)
                .map_err(|error| failed(format!("`{argument}`: {}", told(&error))))?;
            if let Some(value) = values.iter().find(|value| !value.starts_with(&prefix)) {
                return Err(failed(format!("for `{argument}` and `{prefix}` it offers `{value}`")));
            }
        }
    }
    Ok(())
}

pub(super) fn time(trial: &Trial<'_>, arguments: &[&str], ask: Ask<'_>) -> Finding {
    for argument in arguments {
        let mut best = Duration::MAX;
        for _ in 0..TRIES {
            // The shell starts it anew each time.
            let started = trial.start()?;
            let begin = Instant::now();
            ask(&started, argument, "").map_err(Problem::from)?;
            best = best.min(begin.elapsed());
            if best <= LIMIT {
                break;
            }
        }
        ensure(best <= LIMIT, || {
            format!("`{argument}`: the fastest of {TRIES} took {} ms", best.as_millis())
        })?;
    }
    Ok(())
}
