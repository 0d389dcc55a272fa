//! Hooks: told once of what was run, and without a say in it.

use insta::assert_snapshot;
use purlin_test::Workspace;
use serde_json::{Value as Json, json};

use crate::with_plugins;

const COMMANDS: &str = r#"
[commands.fine]
exec = "cat in.txt"
deps = ["in.txt"]

[commands.wrong]
exec = "exit 3"
hidden = true

[commands.killed]
exec = "kill -9 $$"
hidden = true
"#;

fn listening() -> Workspace {
    let workspace = with_plugins(COMMANDS);
    workspace.write("in.txt", "in");
    let told = workspace.path("told.jsonl");
    workspace.variable("HOOKS", told)
}

/// What hooks were told so far, without what differs from run to run.
fn told(workspace: &Workspace) -> Vec<Json> {
    if !workspace.path("told.jsonl").exists() {
        return Vec::new();
    }
    let text = workspace.read("told.jsonl");
    let stable = |line| {
        let mut told: Json = serde_json::from_str(line).expect("it is JSON");
        let payload = told["payload"].as_object_mut().expect("it is an object");
        assert!(payload.remove("seconds").is_some_and(|seconds| seconds.is_f64()));
        payload.remove("run");
        if payload.get("key").is_some_and(Json::is_string) {
            payload["key"] = json!("KEY");
        }
        told
    };
    text.lines().map(stable).collect()
}

fn run_finished(done: u64, failed: u64) -> Json {
    json!({
        "event": "run.finished",
        "payload": {
            "done": done, "cached": 0, "failed": failed, "skipped": 0, "cancelled": false,
        },
    })
}

#[test]
fn each_is_told_once_and_nothing_of_what_was_there_already() {
    let workspace = listening();
    workspace.succeed(&["run"]);
    let command = json!({
        "event": "command.finished",
        "payload": {
            "id": "fine", "status": "succeeded", "key": "KEY", "exit_code": 0, "signal": null,
        },
    });
    let expected = vec![command, run_finished(1, 0)];
    assert_eq!(told(&workspace), expected);
    for arguments in [&["run"][..], &["run", "--ls"], &["run", "--why", "fine"]] {
        workspace.succeed(arguments);
        assert_eq!(told(&workspace), expected, "{arguments:?}");
    }
}

#[test]
fn failures_are_told_with_how() {
    for (name, exit_code, signal) in
        [("wrong", json!(3), json!(null)), ("killed", json!(null), json!(9))]
    {
        let workspace = listening();
        workspace.fail(1, &["run", name]);
        let command = json!({
            "event": "command.finished",
            "payload": {
                "id": name, "status": "failed", "key": null, "exit_code": exit_code, "signal": signal,
            },
        });
        assert_eq!(told(&workspace), [command, run_finished(0, 1)]);
    }
}

#[test]
fn a_hook_that_fails_is_a_warning() {
    let workspace = with_plugins(COMMANDS).variable("HOOKS", "/nowhere/told.jsonl");
    workspace.write("in.txt", "in");
    let finished = workspace.succeed(&["run", "-q"]);
    assert_eq!(finished.stderr, "");
    let finished = workspace.succeed(&["run", "-f"]);
    assert_eq!(finished.stdout, "in");
    assert_snapshot!(finished.stable_stderr(), @"
    fine  done      [SECONDS]
    1 done · [SECONDS]
    warning: the plugin `rival` failed when told of `command.finished`
     |
     = No such file or directory (os error 2)
       plugin `rival` 0.3.0, call `hook/event`

    warning: the plugin `rival` failed when told of `run.finished`
     |
     = No such file or directory (os error 2)
       plugin `rival` 0.3.0, call `hook/event`
    ");
}

#[test]
fn hooks_that_are_switched_off_are_told_nothing() {
    let workspace = listening();
    let text = workspace.read("purlin.toml");
    let off = "[plugins.rival]\ndisable = [\"hook/command.finished\"]\n";
    workspace.write("purlin.toml", format!("{text}{off}"));
    workspace.succeed(&["run"]);
    assert_eq!(told(&workspace), [run_finished(1, 0)]);
}

#[test]
fn builds_are_told_once() {
    let workspace = listening();
    workspace.write(
        "purlin.star",
        "def fine(mk_package):\n    return mk_package(version = '1', install = 'echo > $out/x')\n\
         def wrong(mk_package):\n    return mk_package(version = '1', install = 'exit 3')\n\
         definitions = {'packages': {'fine': fine, 'wrong': wrong}}\n",
    );
    workspace.fail(1, &["build"]);
    let build = |id: &str, status: &str, key: Json, code: u64| {
        json!({
            "event": "build.finished",
            "payload": {
                "id": id, "status": status, "key": key, "exit_code": code, "signal": null,
            },
        })
    };
    let expected = vec![
        build("fine-1", "succeeded", json!("KEY"), 0),
        build("wrong-1", "failed", json!(null), 3),
    ];
    let by_name = |told: &Json| told["payload"]["id"].to_string();
    let mut first = told(&workspace);
    first.sort_by_key(by_name);
    assert_eq!(first, expected);
    workspace.succeed(&["build", "fine"]);
    assert_eq!(told(&workspace).len(), 2, "what is there is told to nobody");
}
