//! Ctrl-C and other signals while a plugin works.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::{assert_ends, workspace};

const MANIFEST: &str = r#"[plugin]
name = "slow"
version = "1.0.0"
api = "1"
description = "Takes its time"
license = "MIT"

[runtime]
kind = "process"
entry = ["python3", "-S", "slow.py"]

[provides.dependency.slow]
about = "Takes its time"
schema = "slow.json"
key = "how"

[provides.subcommand.wait]
about = "Wait"

[[provides.argument]]
on = ["run"]
name = "slowly"
type = "bool"
about = "Take its time"
edits = ["/force"]

[permissions]
write = ["{workspace}/seen"]
"#;

/// Answers once it is told that nobody wants it, or not even then.
const CODE: &str = r#"
import json, os, sys, time

PROVIDES = [
    {"point": "dependency", "name": "slow"},
    {"point": "subcommand", "name": "wait"},
    {"point": "argument", "name": "slowly"},
]

def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        seen = message["params"]["root"] + "/seen"
        stubborn = os.path.exists(seen + "/stubborn")
        send(id=message["id"], result={"protocol": 1, "provides": PROVIDES})
    elif message["method"] == "$/cancel":
        with open(seen + "/cancelled", "w") as file:
            file.write(str(message["params"]["id"]))
        if not stubborn:
            send(id=message["params"]["id"], error={"code": -32800, "message": "cancelled"})
    else:
        with open(seen + "/called.new", "w") as file:
            file.write(f"{message['id']} {os.getpid()}")
        os.rename(seen + "/called.new", seen + "/called")
"#;

fn slow() -> Workspace {
    let workspace = workspace(
        r#"
[workspace]
[plugins.slow]
path = "slow"

[commands.make]
exec = "touch made"
deps = ["slow:x"]

[commands.other]
exec = "touch made"
"#,
    )
    .variable("PURLIN_TRUST", "workspace");
    workspace.write("slow/plugin.toml", MANIFEST);
    workspace.write("slow/slow.py", CODE);
    workspace.write(
        "slow/slow.json",
        r#"{ "type": "object", "properties": { "how": { "type": "string", "examples": ["x"] } } }"#,
    );
    workspace.write("seen/.gitignore", "*");
    workspace
}

/// Starts the binary, interrupts it in the call of the plugin, and waits for its end.
#[track_caller]
fn interrupted(workspace: &Workspace, arguments: &[&str], signal: &str) -> Finished {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it can be started");
    workspace.wait_for("seen/called");
    let begin = Instant::now();
    let process = child.id().to_string();
    let status = Command::new("kill").args([&format!("-{signal}"), &process]).status();
    assert!(status.expect("there is a kill").success());
    let finished = workspace.finished(child);
    assert_eq!(finished.code, Some(130), "{arguments:?}: {finished}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let (called, plugin) = {
        let text = workspace.read("seen/called");
        let (id, plugin) = text.split_once(' ').expect("both were written");
        (id.to_owned(), plugin.to_owned())
    };
    assert_eq!(workspace.read("seen/cancelled"), called, "{arguments:?}");
    assert_ends(&plugin);
    let scratch = std::fs::read_dir(workspace.base().join("cache/scratch"));
    assert_eq!(scratch.map_or(0, Iterator::count), 0, "{arguments:?}");
    assert!(!workspace.path("made").exists());
    for file in ["seen/called", "seen/cancelled"] {
        std::fs::remove_file(workspace.path(file)).expect("it is there");
    }
    finished
}

#[test]
fn every_verb_tells_the_plugin_and_ends() {
    let workspace = slow();
    for arguments in [
        &["run", "make"][..],
        &["run", "other", "--slowly"],
        &["run", "--ls", "make", "--slowly"],
        &["run", "--why", "other", "--slowly"],
        &["wait"],
        &["plugin", "call", "slow", "subcommand/run"],
        &["plugin", "call", "slow", "dependency/expand"],
    ] {
        let finished = interrupted(&workspace, arguments, "INT");
        assert_eq!(finished.stderr, "error: stopped by SIGINT\n\n", "{arguments:?}");
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
}

#[test]
fn one_that_does_not_stop_is_ended() {
    let workspace = slow();
    workspace.write("seen/stubborn", "");
    for (arguments, signal) in
        [(&["wait"][..], "TERM"), (&["run", "make"], "HUP"), (&["run", "make"], "INT")]
    {
        let finished = interrupted(&workspace, arguments, signal);
        assert_eq!(finished.stderr, format!("error: stopped by SIG{signal}\n\n"), "{arguments:?}");
    }
    let finished = interrupted(&workspace, &["wait", "--json"], "INT");
    assert_snapshot!(finished.stderr, @r#"{"diagnostics":[{"code":"cancelled","detail":"","help":"","labels":[],"severity":"error","summary":"stopped by SIGINT"}]}"#);
}
