//! Checks of what a plugin says about itself.

use super::manifest_mistakes;
use super::trial::{Finding, Trial, ensure};

pub(super) fn manifest(trial: &Trial<'_>) -> Finding {
    let mistakes = manifest_mistakes(trial.subject, trial.manifest);
    ensure(mistakes.is_empty(), || mistakes.join("\n"))
}

pub(super) fn cases(trial: &Trial<'_>) -> Finding {
    ensure(trial.mistakes.is_empty(), || trial.mistakes.join("\n"))
}
