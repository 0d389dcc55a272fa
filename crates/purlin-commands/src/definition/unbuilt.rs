//! What is reserved and not there yet: refused by name, so that it is never silently ignored.

use purlin_model::{Diagnostic, Kind, Origin, Table, Value, fold};

/// The core tables that have no verbs yet.
pub(super) const TABLES: [&str; 9] = [
    "use",
    "repositories",
    "projects",
    "inputs",
    "providers",
    "deployments",
    "passthru",
    "choose",
    "include",
];
/// Keys of a command that belong to parts that are not built yet.
const COMMAND_KEYS: [&str; 3] = ["interactive", "needs", "inputs-strict"];

/// Takes out of the core tables, and tells, what is not built yet.
pub(super) fn refuse_keys(core: &mut Table, diagnostics: &mut Vec<Diagnostic>) {
    let Some(Value { kind: Kind::Table(entries), .. }) = core.get_mut("commands") else { return };
    for entry in entries.values_mut() {
        refuse(entry, &COMMAND_KEYS, "of a command", diagnostics);
    }
}

fn refuse(table: &mut Value, unbuilt: &[&str], what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let Kind::Table(table) = &mut table.kind else { return };
    let keys: Vec<String> = table.keys().map(str::to_owned).collect();
    for key in keys {
        let known = unbuilt.contains(&fold(&key).as_str());
        if let Some(entry) = known.then(|| table.remove(&key)).flatten() {
            diagnostics.push(refused(&format!("`{}` {what}", fold(&key)), &entry.key));
        }
    }
}

pub(super) fn refused(what: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::error("not-built-yet", format!("{what} is not supported by this version of Purlin"))
        .label(origin.clone(), "written here")
        .detail("The name is reserved; it is refused so that it is never silently ignored.")
        .help("take it out".to_owned())
}
