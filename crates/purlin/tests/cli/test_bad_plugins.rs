//! Plugins that misbehave, one way each, as a user of the binary meets them: a message that names plugin,
//! version and call, within a time, and nothing left running.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use purlin_test::{Finished, Workspace};

use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "bad"
version = "1.2.0"
api = "1"

[runtime]
kind = "process"
entry = ["python3", "-S", "bad.py", "MODE"]
startup-timeout = "2s"
call-timeout = "2s"

[provides.dependency.bad]
about = "Anything"
schema = "bad.json"
key = "what"

[permissions]
write = ["{workspace}/seen"]
"#;

const CODE: &str = r#"
import json, os, subprocess, sys, time

MODE = sys.argv[1]
EXPANSION = {"values": [1]}


def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def initialize(id):
    provides = [{"point": "dependency", "name": "bad"}]
    if MODE == "other-things":
        provides = [{"point": "dependency", "name": "good"}]
    if MODE == "hang-at-start":
        time.sleep(1000)
    send(id=id, result={"protocol": 2 if MODE == "future" else 1, "provides": provides})


def expand(id):
    if MODE == "hang":
        time.sleep(1000)
    elif MODE == "rubbish":
        print("{'jsonrpc'", flush=True)
    elif MODE == "print":
        print("hello from a stray print", flush=True)
    elif MODE == "unknown-id":
        send(id=4711, result=EXPANSION)
    elif MODE == "flood-stdout":
        while True:
            sys.stdout.write("x" * (1 << 20))
    elif MODE == "die":
        sys.exit("I cannot go on")
    elif MODE == "memory":
        held = []
        while True:
            held.append(bytes(64 << 20))
    elif MODE == "ignore-cancel":
        with open("../seen/called", "w"):
            pass
        for line in sys.stdin:
            pass
        time.sleep(1000)
    if MODE == "flood-stderr":
        for _ in range(200):
            sys.stderr.write("y" * (1 << 20))
    if MODE == "children":
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
    send(id=id, result=EXPANSION)
    if MODE == "twice":
        send(id=id, result=EXPANSION)


for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        initialize(message["id"])
    else:
        expand(message["id"])
"#;

fn bad(mode: &str) -> Workspace {
    let workspace = workspace(
        r#"
[plugins.bad]
path = "bad"

[commands.one]
exec = "true"
deps = ["bad:1"]

[commands.more]
exec = "true"
deps = ["bad:1", "bad:2", "bad:3", "bad:4"]
"#,
    )
    .variable("PURLIN_TRUST", "workspace");
    // Only those that hang meet their limit, on a machine that does other things, too.
    let limit = if mode.starts_with("hang") { "\"2s\"" } else { "\"60s\"" };
    let manifest = MANIFEST.replace("MODE", mode).replace("\"2s\"", limit);
    workspace.write("bad/plugin.toml", manifest);
    workspace.write("bad/bad.py", CODE);
    workspace.write(
        "bad/bad.json",
        r#"{ "type": "object", "properties": { "what": { "type": "string" } } }"#,
    );
    workspace.write("seen/.gitignore", "*");
    workspace
}

/// Nothing that was started for this workspace still runs.
#[track_caller]
fn assert_nothing_runs(workspace: &Workspace) {
    let mark = workspace.base().as_os_str().as_bytes().to_owned();
    let alive = || {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter_map(|one| fs::read(one.path().join("environ")).ok())
            .any(|variables| variables.windows(mark.len()).any(|one| one == mark))
    };
    let end = Instant::now() + Duration::from_secs(10);
    while alive() {
        assert!(Instant::now() < end, "something still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a run says that fails because of the plugin.
#[track_caller]
fn refused(workspace: &Workspace, call: &str, why: &str) {
    let begin = Instant::now();
    let done = workspace.fail(3, &["run", "one"]);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(done.stderr.contains(why), "{done}");
    assert!(done.stderr.contains(&format!("plugin `bad` 1.2.0, call `{call}`")), "{done}");
    assert_nothing_runs(workspace);
}

#[track_caller]
fn succeeds(workspace: &Workspace) -> Finished {
    let done = workspace.succeed(&["run", "one"]);
    assert_nothing_runs(workspace);
    done
}

#[test]
fn one_that_will_not_start() {
    let workspace = bad("fine");
    let manifest = MANIFEST.replace("\"python3\", \"-S\", \"bad.py\"", "\"./missing\"");
    workspace.write("bad/plugin.toml", manifest);
    refused(&workspace, "initialize", "cannot be started: no such file or directory");
    // A program that is not on PATH is not even tried.
    workspace.write("bad/plugin.toml", MANIFEST.replace("\"python3\"", "\"no-such-python\""));
    let done = workspace.fail(3, &["run", "one"]);
    assert!(done.stderr.contains("the plugin `bad` 1.2.0 cannot be started"), "{done}");
    assert!(done.stderr.contains("there is no program `no-such-python` on PATH"), "{done}");
}

#[test]
fn one_that_is_not_executable() {
    let workspace = bad("fine");
    let manifest = MANIFEST.replace("\"python3\", \"-S\", \"bad.py\"", "\"./bad.py\"");
    workspace.write("bad/plugin.toml", manifest);
    refused(&workspace, "initialize", "cannot be started: permission denied");
}

#[test]
fn one_that_hangs_at_start() {
    refused(&bad("hang-at-start"), "initialize", "it is not ready 2 s after it was started");
}

#[test]
fn one_that_hangs_in_a_call() {
    refused(&bad("hang"), "dependency/expand", "it has not answered within 2 s");
}

#[test]
fn one_that_answers_rubbish() {
    let why = "it wrote to stdout what is not a message: `{'jsonrpc'`";
    refused(&bad("rubbish"), "dependency/expand", why);
}

#[test]
fn one_that_answers_twice() {
    let told = succeeds(&bad("twice")).stderr;
    let why = "the plugin `bad` 1.2.0 failed in `dependency/expand`: it answered the request";
    assert!(told.contains(why) && told.contains("twice"), "{told}");
}

#[test]
fn one_that_answers_an_unknown_id() {
    let why = "it answered a request that was never sent, with the id 4711";
    refused(&bad("unknown-id"), "dependency/expand", why);
}

#[test]
fn one_that_floods_stdout() {
    let why = "it sent a message of more than 67108864 bytes";
    refused(&bad("flood-stdout"), "dependency/expand", why);
}

#[test]
fn one_that_floods_stderr() {
    let done = succeeds(&bad("flood-stderr"));
    assert!(done.stderr.len() < 10_000, "{} bytes", done.stderr.len());
}

#[test]
fn one_that_prints_to_stdout() {
    let why = "it wrote to stdout what is not a message: `hello from a stray print`";
    refused(&bad("print"), "dependency/expand", why);
}

#[test]
fn one_that_dies_in_mid_call() {
    let workspace = bad("die");
    refused(&workspace, "dependency/expand", "it ended with status 1");
    let told = workspace.fail(3, &["run", "one"]).stderr;
    assert!(told.contains("The last that it wrote to stderr:"), "{told}");
    assert!(told.contains("I cannot go on"), "{told}");
}

#[test]
fn one_that_dies_and_dies_again() {
    let workspace = bad("die");
    let told = workspace.fail(3, &["run", "more"]).stderr;
    let why = "it has failed twice in this run and is not started again";
    assert!(told.contains(why), "{told}");
    assert_nothing_runs(&workspace);
}

#[test]
fn one_that_provides_other_things_than_its_manifest_says() {
    let why = "it does not provide dependency/bad, which its manifest names; it provides \
               dependency/good, which its manifest lacks";
    refused(&bad("other-things"), "initialize", why);
}

#[test]
fn one_that_speaks_a_future_protocol() {
    let why = "it speaks no version of the protocol that this Purlin speaks (1): it answers with 2";
    refused(&bad("future"), "initialize", why);
}

#[test]
fn one_that_ignores_cancel() {
    let workspace = bad("ignore-cancel");
    let manifest = MANIFEST.replace("MODE", "ignore-cancel").replace("\"2s\"", "\"60s\"");
    workspace.write("bad/plugin.toml", manifest);
    let mut command = workspace.command(&["run", "one"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    workspace.wait_for("seen/called");
    let begin = Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let done = workspace.finished(child);
    assert_eq!(done.code, Some(130), "{done}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_nothing_runs(&workspace);
}

#[test]
fn one_that_leaves_children_behind() {
    succeeds(&bad("children"));
}

#[test]
fn one_that_eats_memory() {
    let workspace = bad("memory");
    refused(&workspace, "dependency/expand", "it ended with status 1");
    let told = workspace.fail(3, &["run", "one"]).stderr;
    assert!(told.contains("MemoryError"), "{told}");
    assert!(told.contains("`memory` in its `[runtime]` gives it more"), "{told}");
}
