//! The examples of `docs/reference/json.md` and `events.md` have the shape of what is printed: the
//! same keys and the same types, on both sides. `null` in an example stands for a value that may be
//! missing; an event is compared with the examples of that event.

use purlin_test::Workspace;
use serde_json::Value as Json;

use super::markdown::{Block, blocks};
use super::{folder, page, read};

#[test]
fn shapes_are_what_is_printed() {
    check("reference/json.md");
}

#[test]
fn events_are_what_is_printed() {
    check("reference/events.md");
}

/// Blocks with a `file` are written, the others are the output of the command in their heading.
fn check(path: &str) {
    let text = read(&page(path));
    let workspace = folder();
    let mut count = 0;
    for block in blocks(&text) {
        if let Some(file) = block.option("file") {
            workspace.write(file, &block.text);
        } else if block.language == "sh" {
            let mut shell = std::process::Command::new("/bin/sh");
            let shell = shell
                .arg("-euc")
                .arg(&block.text)
                .current_dir(workspace.root())
                .env("PURLIN", env!("CARGO_BIN_EXE_purlin"))
                .env("PURLIN_CACHE_DIR", workspace.cache());
            assert!(shell.status().unwrap().success(), "{path}:{}", block.line);
        } else if block.language == "json" {
            let place = format!("{path}:{}", block.line);
            let printed = printed(&workspace, &block, &place);
            let examples = documents(&block.text, &place);
            compare_all(&examples, &printed, &place);
            count += 1;
        }
    }
    assert!(count > 0, "{path} has no examples");
}

/// What the command in the heading prints: on stderr if the block says so.
fn printed(workspace: &Workspace, block: &Block, place: &str) -> Vec<Json> {
    let command = block.option("command").map(|words| words.replace('+', " "));
    let heading = block.heading.trim_matches('`');
    let command = command.as_deref().unwrap_or(heading);
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert!(command.starts_with("purlin ") && words.contains(&"--json"), "{place}: {command}");
    let finished = workspace.run(&words);
    let printed = if block.has("stderr") { &finished.stderr } else { &finished.stdout };
    let found = documents(printed, place);
    assert!(!found.is_empty(), "{place}: nothing is printed\n{finished}");
    found
}

fn documents(text: &str, place: &str) -> Vec<Json> {
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    stream.map(|one| one.unwrap_or_else(|error| panic!("{place}: {error}\n{text}"))).collect()
}

/// Each example has its like among what was printed, and the other way round.
fn compare_all(examples: &[Json], printed: &[Json], place: &str) {
    for one in printed {
        let mut why = String::new();
        let found = examples.iter().any(|example| match differs(example, one, "") {
            None => true,
            Some(difference) => {
                why.push_str(&format!("\n  {difference}"));
                false
            }
        });
        assert!(found, "{place}: no example is like\n{one:#}{why}");
    }
    for example in examples {
        let found = printed.iter().any(|one| differs(example, one, "").is_none());
        assert!(found, "{place}: nothing that is printed is like\n{example:#}");
    }
}

/// Where two shapes differ.
fn differs(example: &Json, printed: &Json, pointer: &str) -> Option<String> {
    match (example, printed) {
        (Json::Null, _) | (_, Json::Null) => None,
        (Json::Object(one), Json::Object(other)) => {
            if one.get("event") != other.get("event") {
                return Some(format!("{pointer}/event is another"));
            }
            let missing = one.keys().find(|key| !other.contains_key(*key));
            let unknown = other.keys().find(|key| !one.contains_key(*key));
            if let Some(key) = missing.or(unknown) {
                return Some(format!("{pointer}/{key} is on one side only"));
            }
            one.iter()
                .find_map(|(key, value)| differs(value, &other[key], &format!("{pointer}/{key}")))
        }
        (Json::Array(one), Json::Array(other)) => other.iter().find_map(|printed| {
            let like = |example| differs(example, printed, pointer);
            let first = one.iter().map(like).collect::<Option<Vec<_>>>()?.into_iter().next();
            Some(first.unwrap_or_else(|| format!("{pointer} has no example of an element")))
        }),
        (Json::String(_), Json::String(_))
        | (Json::Bool(_), Json::Bool(_))
        | (Json::Number(_), Json::Number(_)) => None,
        _ => Some(format!("{pointer} is of another type")),
    }
}

#[test]
fn differences_are_found() {
    let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    let example = json(r#"{"a": 1, "b": [{"c": "x"}], "d": null}"#);
    for (text, same) in [
        (r#"{"a": 2, "b": [], "d": "x"}"#, true),
        (r#"{"a": 2, "b": [{"c": "y"}], "d": null}"#, true),
        (r#"{"a": "2", "b": [], "d": null}"#, false),
        (r#"{"a": 2, "b": []}"#, false),
        (r#"{"a": 2, "b": [], "d": 1, "e": 1}"#, false),
        (r#"{"a": 2, "b": [{"f": 1}], "d": 1}"#, false),
    ] {
        assert_eq!(differs(&example, &json(text), "").is_none(), same, "{text}");
    }
    assert!(differs(&json(r#"{"event": "a"}"#), &json(r#"{"event": "b"}"#), "").is_some());
}
