//! What became of the rules that were recorded by running the predecessor: one file for each in
//! `tests/cases/capacitor`, and a table there of all of them.

use std::path::{Path, PathBuf};

use purlin_model::{Source, parse_toml};
use purlin_test::{Finished, Workspace};
use serde_json::Value as Json;

use crate::folder;

/// The cases that there are, and that none may be left out of.
const RECORDED: [u32; 57] = [
    1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34,
    35, 37, 38, 40, 41, 43, 44, 46, 47, 49, 50, 52, 53, 55, 56, 58, 59, 61, 62, 64, 65, 67, 68, 70,
    71, 73, 74, 76, 77, 79, 80,
];

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/capacitor")
}

fn case(number: u32) -> Json {
    let path = cases().join(format!("{number:02}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let (value, diagnostics) = parse_toml(&Source::new(path, text));
    assert!(diagnostics.is_empty(), "{number}: {diagnostics:?}");
    value.to_json()
}

#[test]
fn the_table_tells_of_each_case() {
    let mut files = std::fs::read_dir(cases()).expect("it is a folder").count();
    let table = std::fs::read_to_string(cases().join("README.md")).expect("it is there");
    files -= 1;
    assert_eq!(files, RECORDED.len(), "a file for each case, and the table");
    for number in RECORDED {
        let case = case(number);
        let verdict = case["verdict"].as_str().expect("each has a verdict");
        assert!(["kept", "changed"].contains(&verdict), "{number}: {verdict}");
        let rule = case["rule"].as_str().expect("each has its rule");
        let row = format!("| {number:02} | {verdict} | {rule} |\n");
        assert!(table.contains(&row), "the table lacks\n{row}");
    }
    let rows = table.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, RECORDED.len() + 1);
}

#[test]
fn names_and_systems() {
    hold(1..=11);
}

#[test]
fn plugins_and_their_outputs() {
    hold(12..=22);
}

#[test]
fn folders_and_scopes() {
    hold(23..=38);
}

#[test]
fn what_goes_round_in_circles() {
    hold(39..=50);
}

#[test]
fn projects() {
    hold(51..=67);
}

#[test]
fn everything_else() {
    hold(68..=80);
}

/// All that is wrong is told at once.
fn hold(numbers: std::ops::RangeInclusive<u32>) {
    let mut wrong = String::new();
    for number in RECORDED.into_iter().filter(|number| numbers.contains(number)) {
        for mistake in mistakes(&case(number)) {
            wrong.push_str(&format!("\n--- case {number:02}: {mistake}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Writes the files of a case and asks all that it asks.
fn mistakes(case: &Json) -> Vec<String> {
    let workspace = folder();
    let mut manifest = String::new();
    for (path, text) in case["files"].as_object().expect("each has files") {
        let text = text.as_str().expect("a file is a text");
        if path == "purlin.toml" {
            manifest = text.to_owned();
        }
        // What is one line in the case ends with one.
        workspace.write(path, format!("{}\n", text.trim_end()));
    }
    for (name, plugin) in case["plugins"].as_object().into_iter().flatten() {
        let provides = plugin["provides"].as_str().expect("it provides something");
        let code = plugin["code"].as_str().expect("it has code");
        workspace.write(
            format!("plugins/{name}/plugin.toml"),
            format!("{HEAD}{provides}").replace("NAME", name),
        );
        workspace.write(format!("plugins/{name}/plugin.star"), code.trim_start());
        manifest.push_str(&format!("[plugins.{name}]\npath = 'plugins/{name}'\n"));
    }
    workspace.write("purlin.toml", manifest);
    let mut found = Vec::new();
    let mut count = 0;
    for question in list(&case["ask"]) {
        count += 1;
        let finished = run(&workspace, question);
        let wrong = if finished.code == Some(0) {
            answer_mistake(question, &finished)
        } else {
            Some("it fails".to_owned())
        };
        found.extend(wrong.map(|wrong| told(question, &wrong, &finished)));
    }
    for question in list(&case["refuse"]) {
        count += 1;
        let finished = run(&workspace, question);
        let wrong = if matches!(finished.code, Some(2 | 3)) {
            refusal_mistake(question, &finished)
        } else {
            Some("it does not fail as it should".to_owned())
        };
        found.extend(wrong.map(|wrong| told(question, &wrong, &finished)));
    }
    assert!(count > 0, "a case asks something");
    found
}

const HEAD: &str = "[plugin]\nname = \"NAME\"\nversion = \"1.0.0\"\napi = \"1\"\n\
                    [runtime]\nkind = \"starlark\"\nentry = \"plugin.star\"\n";

fn run(workspace: &Workspace, question: &Json) -> Finished {
    let words: Vec<&str> = list(&question["run"]).iter().filter_map(Json::as_str).collect();
    workspace.run(&[&words[..], &["--json"]].concat())
}

fn told(question: &Json, wrong: &str, finished: &Finished) -> String {
    format!("{}: {wrong}\n{finished}", question["run"])
}

/// What is not as it should be in an answer.
fn answer_mistake(question: &Json, finished: &Finished) -> Option<String> {
    let printed = finished.json();
    if let Some(expected) = question.get("names") {
        let names: Vec<&str> = printed.as_object()?.keys().map(String::as_str).collect();
        if *expected != serde_json::json!(names) {
            return Some(format!("{expected} and not {names:?}"));
        }
    }
    if let Some(expected) = question["json"].as_str() {
        let expected: Json = serde_json::from_str(expected).expect("what is expected is JSON");
        if !holds(&expected, &printed) {
            return Some(format!("{expected} is not in {printed}"));
        }
    }
    text_mistake(question, &finished.stdout)
}

/// What is not as it should be in a refusal: the first error counts.
fn refusal_mistake(question: &Json, finished: &Finished) -> Option<String> {
    // `check` prints what is wrong on stdout; what others could answer stands there.
    let printed = if finished.stderr.is_empty() { &finished.stdout } else { &finished.stderr };
    let document: Json = serde_json::from_str(printed).ok()?;
    let codes: Vec<&str> = list(&document["diagnostics"])
        .iter()
        .filter(|one| one["severity"] == "error")
        .filter_map(|one| one["code"].as_str())
        .collect();
    if let Some(code) = question["code"].as_str()
        && !codes.contains(&code)
    {
        return Some(format!("`{code}` is not among {codes:?}"));
    }
    if codes.is_empty() {
        return Some("there is no error".to_owned());
    }
    text_mistake(question, printed)
}

fn text_mistake(question: &Json, text: &str) -> Option<String> {
    let texts = |key: &str| list(&question[key]).iter().filter_map(Json::as_str);
    let missing = texts("says").find(|one| !text.contains(*one));
    let missing = missing.map(|one| format!("it does not say `{one}`"));
    missing.or_else(|| {
        texts("never").find(|one| text.contains(*one)).map(|one| format!("it says `{one}`"))
    })
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// Whether all of `expected` is in `printed`. Of a list, each element is expected.
fn holds(expected: &Json, printed: &Json) -> bool {
    match (expected, printed) {
        (Json::Object(one), Json::Object(other)) => one
            .iter()
            .all(|(key, value)| other.get(key).is_some_and(|printed| holds(value, printed))),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| holds(one, other))
        }
        _ => expected == printed,
    }
}
