//! Permissions as they are shown, with what of them the system enforces and what is only declared.

use purlin_host::{Hold, enforced};
use purlin_plugin::manifest::Permissions;
use serde_json::{Map, Value as Json, json};

/// Rows for what a plugin asks for: the kind and the text behind it.
///
/// With `process` they tell how far the plugin's process is held to them, and a last row tells what
/// keeps it from what it does not ask for.
pub(super) fn rows(permissions: &Permissions, process: bool) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let held = enforced();
    for ((kind, list), held) in permissions.lists().into_iter().zip(&held) {
        if !list.is_empty() {
            let means = if process { format!(" ({})", held.means) } else { String::new() };
            rows.push((kind, format!("{}{means}", list.join(", "))));
        }
    }
    if permissions.is_empty() {
        rows.push(("permissions", "none".to_owned()));
    }
    if process {
        let named = |hold: Hold| {
            let kinds = held.iter().filter(|held| held.how == hold).map(|held| held.kind);
            kinds.collect::<Vec<_>>().join(", ")
        };
        let parts =
            [(Hold::Enforced, ""), (Hold::Partly, " in part"), (Hold::Declared, " declared only")];
        let told = parts.map(|(hold, note)| (named(hold), note));
        let told = told.iter().filter(|(kinds, _)| !kinds.is_empty());
        let told: Vec<String> = told.map(|(kinds, note)| format!("{kinds}{note}")).collect();
        rows.push(("enforced", told.join("; ")));
    }
    rows
}

/// `{"read": "enforced", …}`: how far a process is held to each kind; `null` for what is no process.
pub(super) fn document(process: bool) -> Json {
    if !process {
        return Json::Null;
    }
    let held = enforced().map(|held| (held.kind.to_owned(), json!(held.how.as_str())));
    held.into_iter().collect::<Map<_, _>>().into()
}
