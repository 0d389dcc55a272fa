//! Checks of the `hook` point.

use serde_json::{Value as Json, json};

use super::trial::{Finding, Trial, failed, told};

pub(super) fn never_fails(trial: &Trial<'_>) -> Finding {
    let feature = trial.feature();
    let started = trial.start()?;
    let written = trial.cases.hook.of(feature)?.iter().map(|case| case.payload.clone());
    let newer = json!({ "of_a_newer_host": { "this": ["is", "unknown"] } });
    for payload in written.chain([newer]) {
        let payload =
            if payload.is_null() { Json::Object(serde_json::Map::new()) } else { payload };
        let code = started.hook(feature);
        code.event(&feature.name, &payload, &started.host)
            .map_err(|error| failed(format!("{payload}: {}", told(&error))))?;
    }
    Ok(())
}
