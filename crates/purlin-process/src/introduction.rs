//! `initialize`: which version of the protocol both speak, and whether the process provides what its
//! manifest says.

use std::collections::BTreeSet;

use purlin_model::harmless_line;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::error::Cause;
use crate::launch::Launch;
use crate::reported::said;
use crate::wire::{NEWEST, NO_PROTOCOL, OLDEST, WireError, plain};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Introduction {
    #[serde(rename = "protocol")]
    _protocol: u32,
    provides: Vec<Provided>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provided {
    point: String,
    name: String,
}

/// What the plugin is told.
pub(crate) fn params(launch: &Launch) -> Json {
    json!({
        "protocol": { "min": OLDEST, "max": NEWEST },
        "purlin": launch.purlin.to_string(),
        "plugin": {
            "name": launch.plugin,
            "version": launch.version.to_string(),
            "folder": launch.folder.to_string_lossy(),
            "config": launch.config,
        },
        "root": launch.root.as_ref().map(|root| root.to_string_lossy()),
    })
}

/// Why the plugin does not want to begin.
pub(crate) fn refused(error: &WireError) -> Cause {
    match error.code {
        NO_PROTOCOL => Cause::Protocol { ours: ours(), theirs: said(&error.message) },
        _ => Cause::NotReady(said(&error.message)),
    }
}

/// Checks the plugin's answer.
pub(crate) fn compare(launch: &Launch, result: Json) -> Result<(), Cause> {
    // A plugin of the future may say more; its version is what matters then.
    if let Some(protocol) = result.get("protocol").and_then(Json::as_u64)
        && !(u64::from(OLDEST)..=u64::from(NEWEST)).contains(&protocol)
    {
        return Err(Cause::Protocol {
            ours: ours(),
            theirs: format!("it answers with {protocol}"),
        });
    }
    let Introduction { provides, .. } = serde_json::from_value(result).map_err(|error| {
        Cause::BadResult { method: "initialize".to_owned(), reason: plain(&error) }
    })?;
    let mut theirs = BTreeSet::new();
    for Provided { point, name } in &provides {
        let one = harmless_line(&format!("{point}/{name}"));
        if theirs.contains(&one) {
            let reason = format!("`provides` has `{one}` twice");
            return Err(Cause::BadResult { method: "initialize".to_owned(), reason });
        }
        theirs.insert(one);
    }
    let manifest: BTreeSet<String> =
        launch.provides.iter().map(|(point, name)| format!("{point}/{name}")).collect();
    if theirs == manifest {
        return Ok(());
    }
    Err(Cause::Provides {
        missing: manifest.difference(&theirs).cloned().collect(),
        surplus: theirs.difference(&manifest).cloned().collect(),
    })
}

fn ours() -> String {
    if OLDEST == NEWEST { NEWEST.to_string() } else { format!("{OLDEST} to {NEWEST}") }
}
