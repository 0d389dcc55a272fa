//! What of a definition file says something else than before.

use std::collections::BTreeSet;

use purlin_model::{Table, Value, to_kebab};

/// Tables that change no result: where results are kept.
const HARMLESS: [&str; 1] = ["caches"];

/// The commands that a `purlin.toml` defines otherwise than an earlier one did, by kebab-case name;
/// `None` for all of them, because something changed that is for all.
#[must_use]
pub fn redefined(before: &Value, now: &Value) -> Option<BTreeSet<String>> {
    let tables = |document: &Value| -> BTreeSet<String> {
        document.as_table().into_iter().flat_map(Table::keys).map(str::to_owned).collect()
    };
    for name in tables(before).union(&tables(now)) {
        let harmless = HARMLESS.contains(&name.as_str()) || name == "commands";
        if !harmless && shape(before, name) != shape(now, name) {
            return None;
        }
    }
    let (before, now) = (shape(before, "commands"), shape(now, "commands"));
    let (before, now) = (before.as_object(), now.as_object());
    let names = before.into_iter().chain(now).flat_map(|commands| commands.keys());
    let differs = |name: &&String| {
        before.and_then(|before| before.get(*name)) != now.and_then(|now| now.get(*name))
    };
    Some(names.filter(differs).map(|name| to_kebab(name)).collect())
}

/// A table without its places, and without what is for people and for scheduling.
fn shape(document: &Value, name: &str) -> serde_json::Value {
    let mut shape = document.get(name).map(Value::to_json).unwrap_or_default();
    if let (Some(table), "workspace") = (shape.as_object_mut(), name) {
        table.retain(|key, _| key != "name" && key != "pools");
    }
    shape
}

#[cfg(test)]
mod tests {
    use purlin_model::{Source, parse_toml};

    use super::*;

    fn of(before: &str, now: &str) -> Option<Vec<String>> {
        let parse = |text: &str| parse_toml(&Source::new("purlin.toml", text)).0;
        Some(redefined(&parse(before), &parse(now))?.into_iter().collect())
    }

    const BEFORE: &str = "[workspace]\nname = 'a'\n[commands]\na = 'x'\nb_c = { exec = 'y' }\n";

    #[test]
    fn only_commands_that_differ_are_named() {
        assert_eq!(of(BEFORE, BEFORE), Some(vec![]));
        assert_eq!(of(BEFORE, &BEFORE.replace("'y'", "'z'")), Some(vec!["b-c".to_owned()]));
        assert_eq!(of(BEFORE, &format!("{BEFORE}d = 'w'\n")), Some(vec!["d".to_owned()]));
        // Order, comments, names and caches change no result.
        let moved = "# A comment\n[caches.c]\ntype = 'local'\n[commands]\nb_c = { exec = 'y' }\na = 'x'\n[workspace]\nname = 'b'\npools = { gpu = 1 }\n";
        assert_eq!(of(BEFORE, moved), Some(vec![]));
    }

    #[test]
    fn what_is_for_all_concerns_all() {
        assert_eq!(of(BEFORE, &format!("[base]\ndeps = ['x']\n{BEFORE}")), None);
        assert_eq!(of(&format!("[defaults]\ncache = 'none'\n{BEFORE}"), BEFORE), None);
    }
}
