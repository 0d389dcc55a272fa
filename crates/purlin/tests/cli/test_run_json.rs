//! `run --json`, `--ls`, `-f` and the logs.

use serde_json::{Value as Json, json};

use crate::workspace;

fn names(events: &[Json]) -> Vec<(&str, &str)> {
    events
        .iter()
        .map(|event| (event["event"].as_str().unwrap_or("-"), event["id"].as_str().unwrap_or("-")))
        .collect()
}

#[test]
fn events_are_told_as_they_happen() {
    let workspace = workspace(
        "[commands.second]\nexec = 'echo said'\ndeps = ['command:first']\n[commands.first]\nexec = 'true'\ndeps = ['src/**']",
    );
    workspace.write("src/a.txt", "");
    let events = workspace.succeed(&["run", "--json"]).json_lines();
    assert_eq!(
        names(&events),
        [
            ("queued", "first"),
            ("queued", "second"),
            ("started", "first"),
            ("finished", "first"),
            ("started", "second"),
            ("output", "second"),
            ("finished", "second"),
            ("summary", "-"),
        ]
    );
    assert_eq!(events[2]["why"], "it has not run here before");
    assert_eq!(
        events[5],
        json!({ "event": "output", "id": "second", "stream": "stdout", "text": "said\n" })
    );
    assert_eq!(events[6]["key"].as_str().map(str::len), Some(64));
    assert!(events[6]["seconds"].is_f64());
    let summary = &events[7];
    assert_eq!(
        (&summary["done"], &summary["cached"], &summary["failed"], &summary["skipped"]),
        (&json!(2), &json!(0), &json!(0), &json!(0))
    );
    assert!(summary["seconds"].is_f64());

    let again = workspace.succeed(&["run", "--json"]).json_lines();
    assert_eq!(
        names(&again),
        [
            ("queued", "first"),
            ("queued", "second"),
            ("cached", "first"),
            ("output", "second"),
            ("cached", "second"),
            ("summary", "-"),
        ]
    );
    assert_eq!(again[4]["key"], events[6]["key"]);
    assert!(again[4]["why"].is_string());
    assert_eq!((&again[5]["done"], &again[5]["cached"]), (&json!(0), &json!(2)));
}

#[test]
fn started_tells_which_file_changed() {
    let workspace = workspace("[commands.a]\nexec = 'true'\ndeps = ['src/**']");
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    workspace.write("src/a.txt", "two");
    workspace.write("src/b.txt", "two");
    let events = workspace.succeed(&["run", "--json"]).json_lines();
    assert_eq!(events[1]["why"], "src/a.txt changed, src/b.txt added");
}

#[test]
fn mistakes_are_json_too_and_on_stderr() {
    let workspace = workspace("[commands.build]\nexec = 'true'");
    let finished = workspace.fail(2, &["run", "biuld", "--json"]);
    assert_eq!(finished.stdout, "");
    let told: Json = serde_json::from_str(&finished.stderr).expect("stderr is one document");
    assert_eq!(told["diagnostics"][0]["code"], "unknown-command");
    assert_eq!(told["diagnostics"][0]["help"], "did you mean `build`?");
    let usage = workspace.fail(2, &["run", "--nonsense", "--json"]);
    let told: Json = serde_json::from_str(&usage.stderr).expect("stderr is one document");
    assert_eq!(told["diagnostics"][0]["code"], "usage");
}

#[test]
fn force_runs_what_is_there_and_keeps_the_new_result() {
    let workspace = workspace(
        "[commands.a]\nexec = 'echo run >> runs; wc -l < runs > out.txt'\ndeps = ['src/**']\nartifacts = ['out.txt']",
    );
    workspace.write("src/a.txt", "");
    workspace.succeed(&["run"]);
    for force in ["-f", "--force"] {
        let events = workspace.succeed(&["run", force, "--json"]).json_lines();
        assert_eq!(events[1]["why"], "it was forced");
    }
    assert_eq!(workspace.lines("runs"), 3);
    std::fs::remove_file(workspace.path("out.txt")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").trim()), (3, "3"));
}

#[test]
fn ls_lists_without_running() {
    let workspace = workspace(
        r#"
[commands.warm]
exec = "echo run >> runs"
deps = ["src/a.txt"]
[commands.cold]
exec = '''echo run >> runs
echo second line'''
deps = ["src/b.txt", "command:warm"]
[commands]
always = "echo run >> runs"
[commands.nowhere]
argv = ["echo", "a b"]
deps = ["src/b.txt"]
cache = "none"
[commands.hidden]
exec = "true"
hidden = true
"#,
    );
    workspace.write("src/a.txt", "");
    workspace.write("src/b.txt", "");
    workspace.succeed(&["run", "warm"]);
    let before = workspace.lines("runs");
    let listed = workspace.succeed(&["run", "--ls"]);
    insta::assert_snapshot!(listed.stable_stdout(), @"
    warm     warm      echo run >> runs
    cold     cold      echo run >> runs …
    always   uncached  echo run >> runs
    nowhere  uncached  echo a b
    ");
    let document = workspace.succeed(&["run", "--ls", "--json"]).json();
    assert_eq!(
        document["instances"][0],
        json!({
            "id": "warm", "command": "warm", "space": null, "module": null, "args": {},
            "cache": "local", "cache_status": "warm",
        })
    );
    let instances = document["instances"].as_array().expect("it is a list");
    let rows: Vec<_> = instances
        .iter()
        .map(|one| {
            [&one["id"], &one["cache"], &one["cache_status"]]
                .map(|text| text.as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            ["warm", "local", "warm"],
            ["cold", "local", "cold"],
            ["always", "none", "uncached"],
            ["nowhere", "none", "uncached"],
        ]
    );
    assert_eq!(workspace.succeed(&["run", "--ls", "hidden"]).stdout, "hidden  uncached  true\n");
    assert_eq!(workspace.lines("runs"), before);
}

#[test]
fn ls_sees_through_commands_that_are_warm() {
    let workspace = workspace(
        r#"
[commands.first]
exec = "cp src/a.txt gen.txt"
deps = ["src/**"]
artifacts = ["gen.txt"]
[commands.second]
exec = "cp gen.txt out.txt"
deps = ["gen.txt", "command:first"]
artifacts = ["out.txt"]
"#,
    );
    let status = || {
        let document = workspace.succeed(&["run", "--ls", "--json"]).json();
        ["first", "second"].map(|id| {
            let instances = document["instances"].as_array().expect("it is a list").clone();
            let one = instances.iter().find(|one| one["id"] == id).expect("it is listed");
            one["cache_status"].as_str().expect("it is text").to_owned()
        })
    };
    workspace.write("src/a.txt", "one");
    assert_eq!(status(), ["cold", "cold"]);
    workspace.succeed(&["run"]);
    assert_eq!(status(), ["warm", "warm"]);
    workspace.write("src/a.txt", "two");
    assert_eq!(status(), ["cold", "cold"]);
    workspace.succeed(&["run"]);
    // What is on disk is that of the other state; nothing would run all the same.
    workspace.write("src/a.txt", "one");
    assert_eq!(status(), ["warm", "warm"]);
    std::fs::remove_file(workspace.path("gen.txt")).unwrap();
    assert_eq!(status(), ["warm", "warm"]);
}

#[test]
fn logs_are_kept_and_the_last_is_linked() {
    let workspace = workspace(
        "[commands.speak]\nexec = 'echo out; echo err >&2; exit 1'\n[commands]\nother = 'true'",
    );
    workspace.fail(1, &["run"]);
    let log = workspace.path(".purlin/log");
    let latest = std::fs::read_link(log.join("latest")).expect("it is a link");
    let mut files: Vec<_> = std::fs::read_dir(log.join("latest"))
        .expect("it is a folder")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("it is text"))
        .filter(|name| name.starts_with("speak-"))
        .collect();
    files.sort();
    let said: Vec<_> =
        files.iter().map(|name| workspace.read(format!(".purlin/log/latest/{name}"))).collect();
    assert!(files[0].ends_with(".stderr") && files[1].ends_with(".stdout"), "{files:?}");
    assert_eq!(said, ["err\n", "out\n"]);
    workspace.fail(1, &["run"]);
    let newer = std::fs::read_link(log.join("latest")).expect("it is a link");
    assert!(newer > latest, "{newer:?} {latest:?}");
    assert!(log.join(latest).is_dir(), "the older one is kept");
    assert_eq!(workspace.read(".purlin/.gitignore"), "*\n");
}

#[test]
fn failures_name_their_logs() {
    let workspace = workspace("[commands]\nbad = 'echo said; exit 4'\nfine = 'true'");
    let finished = workspace.fail(1, &["run", "-n", "2"]);
    let line = finished.stderr.lines().find(|line| line.contains("kept in")).expect("it is told");
    let path = line.rsplit("kept in ").next().expect("it follows");
    assert_eq!(workspace.read(path.replace("{stdout,stderr}", "stdout")), "said\n");
    assert!(finished.stderr.contains("──── bad ended with status 4"), "{finished}");
}

#[test]
fn the_summary_is_the_last_line() {
    let workspace = workspace(
        "[commands]\nbad = 'exit 4'\nfine = 'true'\n[commands.after]\nexec = 'true'\ndeps = ['command:bad']\n[commands.kept]\nexec = 'true'\ndeps = ['purlin.toml']",
    );
    workspace.succeed(&["run", "kept"]);
    let finished = workspace.fail(1, &["run"]);
    let stderr = finished.stable_stderr();
    assert_eq!(stderr.lines().last(), Some("1 done · 1 cached · 1 failed · 1 skipped · [SECONDS]"));
    assert_eq!(workspace.succeed(&["run", "fine", "-q"]).stderr, "");
}
