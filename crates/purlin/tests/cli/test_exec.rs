//! `exec`

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::{assert_ends, workspace};

/// An environment that two commands prepare: it sets a variable and puts a folder on `PATH`.
const MANIFEST: &str = "plugin = { name = 'place', version = '1.0.0', api = '1' }\n\
    runtime = { kind = 'process', entry = ['python3', '-S', 'place.py'] }\n\
    [provides.environment.place]\n";
const CODE: &str = r#"
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    result = {"protocol": 1, "provides": [{"point": "environment", "name": "place"}]}
    if message["method"] != "initialize":
        name = message["params"]["name"]
        result = {
            "changes": [
                {"operation": "set", "name": "PLACE", "value": name},
                {"operation": "prepend", "name": "PATH", "value": "{root}/" + name},
            ],
            "installed_when": [name + "/tool"],
            "after": [{"name": "install-" + name}],
        }
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;
const DOCUMENT: &str = r#"
[spaces.docs]
root = "docs"
environment = "place"
dotenv = [{ path = "docs.env", optional = true }]
[spaces.more]
environment = { type = "space", name = "docs" }
[commands]
plain = "true"
[commands.own]
exec = "true"
environment = "place"
[commands.install-docs]
exec = "mkdir -p docs && printf '#!/bin/sh\necho tool of $PLACE' > docs/tool && chmod +x docs/tool && echo run >> installs"
deps = ["version.txt"]
[commands.install-own]
exec = "mkdir -p own && touch own/tool && echo own >> installs"
deps = ["version.txt"]
[plugins.place]
path = "plugin"
"#;

fn with_place() -> Workspace {
    let workspace = workspace(DOCUMENT).variable("PURLIN_TRUST", "workspace");
    workspace.write("plugin/plugin.toml", MANIFEST);
    workspace.write("plugin/place.py", CODE);
    workspace.write("version.txt", "1");
    workspace
}

#[test]
fn a_program_runs_where_the_user_stands_with_the_base_alone() {
    let workspace = workspace("[commands]\nhello = 'echo'\n").variable("MINE", "x");
    std::fs::create_dir(workspace.path("sub")).unwrap();
    let script = "pwd; echo \"[$MINE]\"; echo \"$@\"; cat";
    let mut command =
        workspace.command(&["exec", "--", "sh", "-c", script, "sh", "--json", "a b", ""]);
    let mut child = command
        .current_dir(workspace.path("sub"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"from the user\n").unwrap();
    let finished = workspace.finished(child);
    let sub = workspace.path("sub").canonicalize().unwrap();
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(finished.stderr, "");
    assert_eq!(finished.stdout, format!("{}\n[]\n--json a b \nfrom the user\n", sub.display()));
}

#[test]
fn the_status_is_the_programs() {
    let workspace = workspace("");
    let status = |script: &str| workspace.run(&["exec", "--", "sh", "-c", script]).code;
    assert_eq!(status("exit 0"), Some(0));
    assert_eq!(status("exit 7"), Some(7));
    assert_eq!(status("kill -KILL $$"), Some(137));
    assert_eq!(status("kill -TERM $$"), Some(143));
}

#[test]
fn the_environment_of_a_space_is_prepared_first_and_once() {
    let workspace = with_place();
    let first = workspace.succeed(&["exec", "-s", "docs", "--", "tool"]);
    assert_eq!(first.stdout, "tool of docs\n");
    assert_snapshot!(first.stable_stderr(), @"
    install-docs  started   it has not run here before
    install-docs  done      [SECONDS]
    1 done · [SECONDS]
    ");
    let again = workspace.succeed(&["exec", "--space", "more", "--", "tool"]);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("tool of docs\n", ""));
    assert_eq!(workspace.lines("installs"), 1);
    workspace.write("docs.env", "PLACE=\"a file\"\n");
    let mut inside = workspace.command(&["exec", "--", "tool"]);
    let inside = workspace.finish(inside.current_dir(workspace.path("docs")));
    assert_eq!(inside.stdout, "tool of a file\n", "the space is that where the user stands");
    assert_eq!(workspace.succeed(&["exec", "--", "sh", "-c", "echo $PLACE"]).stdout, "\n");
    std::fs::remove_file(workspace.path("docs/tool")).unwrap();
    workspace.succeed(&["exec", "-s", "docs", "--", "tool"]);
    assert_eq!(workspace.lines("installs"), 2, "it was gone");
}

#[test]
fn the_context_is_that_of_the_command_line() {
    let workspace = with_place();
    let document = workspace
        .read("purlin.toml")
        .replace("tool of $PLACE", "{ctx.greeting} of $PLACE")
        .replace("[spaces.docs]", "[ctx]\ngreeting = { required = true }\n[spaces.docs]");
    workspace.write("purlin.toml", document);
    let docs =
        |words: &[&str]| workspace.run(&[&["exec", "-s", "docs"], words, &["--", "tool"]].concat());
    assert_eq!(docs(&["--ctx", "greeting=hello"]).stdout, "hello of docs\n");
    let again = docs(&["--ctx", "greeting=hello"]);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("hello of docs\n", ""));
    assert_eq!(docs(&["--ctx", "greeting=bye"]).stdout, "bye of docs\n", "it is in the key");
    let missing = docs(&[]);
    assert!(missing.stderr.contains("the context variable `greeting` has no value"), "{missing}");
    let install = workspace.succeed(&["exec", "--install", "--ctx", "greeting=hello"]);
    assert!(install.stderr.contains("install-docs"), "{install}");
    assert_snapshot!(docs(&["--ctx", "greting=hello"]).stable_stderr(), @"
    error: there is no context variable `greting`
     |
     = help: did you mean `greeting`?
    ");
}

#[test]
fn install_prepares_all_environments() {
    let workspace = with_place();
    let first = workspace.succeed(&["exec", "--install"]);
    assert_eq!(first.stdout, "");
    assert!(first.stderr.contains("2 done"), "{first}");
    assert_eq!(workspace.lines("installs"), 2);
    let again = workspace.succeed(&["exec", "--install", "--json"]);
    let summary = again.json_lines().pop().expect("there is a summary");
    assert_eq!((summary["done"].as_u64(), summary["cached"].as_u64()), (Some(0), Some(2)));
}

#[test]
fn what_cannot_be_prepared_runs_nothing() {
    let workspace = with_place();
    let document =
        workspace.read("purlin.toml").replace("mkdir -p docs && ", "echo broken >&2; exit 3; ");
    workspace.write("purlin.toml", document);
    let failed = workspace.fail(1, &["exec", "-s", "docs", "--", "touch", "ran"]);
    assert_snapshot!(failed.stable_stderr(), @"
    install-docs  started   it has not run here before
    install-docs  FAILED    ended with status 3, [SECONDS]

    ──── install-docs ended with status 3
    broken
    ──── kept in .purlin/log/[RUN]/install-docs-[HASH].{stdout,stderr}

    1 failed · [SECONDS]
    ");
    assert!(!workspace.path("ran").exists());
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let workspace = workspace("");
    workspace.write("plain.txt", "");
    assert_snapshot!(workspace.fail(127, &["exec", "--", "no-such-tool"]).stable_stderr(), @"
    error: `no-such-tool` could not be started
     |
     = No such file or directory (os error 2).
     = help: is `no-such-tool` installed in this environment?
    ");
    assert_snapshot!(workspace.fail(126, &["exec", "--", "./plain.txt"]).stable_stderr(), @"
    error: `./plain.txt` could not be started
     |
     = Permission denied (os error 13).
     = help: may `./plain.txt` be executed?
    ");
    assert_snapshot!(workspace.fail(2, &["exec", "-s", "dosc", "--", "true"]).stable_stderr(), @"
    error: there is no space `dosc`
     |
     = help: this workspace has no spaces: add `[spaces]` to purlin.toml
    ");
    let space = with_place();
    assert_snapshot!(space.fail(2, &["exec", "-s", "dosc", "--", "true"]).stable_stderr(), @"
    error: there is no space `dosc`
     |
     = help: did you mean `docs`?
    ");
    assert_eq!(workspace.fail(2, &["exec"]).code, Some(2));
    assert_eq!(workspace.fail(2, &["exec", "--install", "--", "true"]).code, Some(2));
}

#[test]
fn signals_are_passed_on_and_nothing_is_left() {
    let workspace = workspace("");
    for (signal, script, status) in [
        ("TERM", "trap 'echo told; exit 9' TERM", 9),
        ("INT", "trap 'echo told; exit 8' INT", 8),
        ("TERM", "true", 143),
    ] {
        let script = format!("{script}; echo $$; while :; do sleep 0.05; done");
        let mut command = workspace.command(&["exec", "--", "sh", "-c", &script]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut inner = String::new();
        output.read_line(&mut inner).unwrap();
        let kill = format!("kill -{signal} {}", child.id());
        std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
        let finished = workspace.finished(child);
        assert_eq!(finished.code, Some(status), "{signal}: {finished}");
        assert_ends(inner.trim());
    }
}
