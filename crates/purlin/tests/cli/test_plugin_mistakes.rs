//! What users are told of plugins that do wrong: always which plugin, which version and which call.

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "odd"
version = "1.2.0"
api = "1"
description = "Does wrong"
license = "MIT"

[runtime]
kind = "process"
entry = ["python3", "-S", "odd.py"]
call-timeout = "300ms"

[provides.dependency.odd]
about = "Something"
schema = "odd.json"
key = "what"

[provides.subcommand.do-it]
about = "Do it"

[[provides.argument]]
on = ["run"]
name = "more"
type = "bool"
about = "Run more"
edits = ["/names"]

[[provides.hook]]
on = "command.finished"

[[provides.hook]]
on = "run.finished"
"#;

/// Answers with what is written into `answer`.
const CODE: &str = r#"
import json, sys, time

for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        provides = [
            {"point": "dependency", "name": "odd"}, {"point": "subcommand", "name": "do-it"},
            {"point": "argument", "name": "more"}, {"point": "hook", "name": "command.finished"},
            {"point": "hook", "name": "run.finished"},
        ]
        answer = {"result": {"protocol": 1, "provides": provides}}
    elif message["method"] == "$/cancel":
        continue
    elif message["method"] == "hook/event":
        time.sleep(HOOK)
        answer = {"result": {}}
    else:
        answer = ANSWER
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

fn odd(answer: &str, hook: &str) -> Workspace {
    let workspace = workspace(
        "[workspace]\n[plugins.odd]\npath = \"odd\"\n\n[commands.make]\nexec = \"true\"\n\
         deps = [\"odd:x\"]\n\n[commands.other]\nexec = \"true\"\n",
    )
    .variable("PURLIN_TRUST", "workspace");
    workspace.write("odd/plugin.toml", MANIFEST);
    workspace.write("odd/odd.py", CODE.replace("ANSWER", answer).replace("HOOK", hook));
    workspace.write(
        "odd/odd.json",
        r#"{ "type": "object", "properties": { "what": { "type": "string" } } }"#,
    );
    workspace
}

#[track_caller]
fn told(answer: &str, code: i32, arguments: &[&str]) -> String {
    let finished: Finished = odd(answer, "0").fail(code, arguments);
    finished.stable_stderr()
}

#[test]
fn one_that_does_not_start_has_failed_in_initialize() {
    let workspace = odd("{}", "0");
    workspace.write("odd/odd.py", "import sys\nsys.exit('no module named boto3')");
    assert_snapshot!(workspace.fail(3, &["do-it"]).stable_stderr(), @r#"
    error: `purlin do-it` failed
      --> [TEST]/workspace/odd/plugin.toml:18:22
       |
    18 | [provides.subcommand.do-it]
       |                      ^^^^^ provided here
       |
       = it ended with status 1
         plugin `odd` 1.2.0, call `initialize`
         The last that it wrote to stderr:
           no module named boto3
    "#);
    assert_snapshot!(workspace.fail(3, &["run", "make"]).stable_stderr(), @r#"
    error: the dependency type `odd` has no answer
     --> purlin.toml:7:9
      |
    7 | deps = ["odd:x"]
      |         ^^^^^^^ it ended with status 1
      |
      = plugin `odd` 1.2.0, call `initialize`
        The last that it wrote to stderr:
          no module named boto3
    "#);
}

#[test]
fn errors_without_a_reason_and_errors_without_an_end() {
    let empty = r#"{"error": {"code": -32000, "message": " ", "data": {"code": "INTERNAL"}}}"#;
    assert_snapshot!(told(empty, 3, &["do-it"]), @r#"
    error: `purlin do-it` failed
      --> [TEST]/workspace/odd/plugin.toml:18:22
       |
    18 | [provides.subcommand.do-it]
       |                      ^^^^^ provided here
       |
       = it gives no reason
         plugin `odd` 1.2.0, call `subcommand/run`
    "#);
    let long =
        r#"{"error": {"code": -32000, "message": "x" * 100000, "data": {"code": "INTERNAL"}}}"#;
    let told = told(long, 3, &["do-it"]);
    assert!(told.len() < 4000 && told.contains("x… (98000 characters more)"), "{told}");
}

#[test]
fn globs_that_are_none_are_the_plugins_mistake() {
    let glob = |field: &str, glob: &str| {
        told(&format!("{{\"result\": {{\"{field}\": [{glob}]}}}}"), 3, &["run", "make"])
    };
    assert_snapshot!(glob("globs", "'../../etc/*'"), @r#"
    error: the dependency type `odd` answers what cannot be used
     --> purlin.toml:7:9
      |
    7 | deps = ["odd:x"]
      |         ^^^^^^^ needed here
      |
      = plugin `odd` 1.2.0, call `dependency/expand`
        `globs` of its answer has `../../etc/*`: `../../etc/*` leads out of the workspace; paths are relative to the workspace root.
    "#);
    for (field, text) in [("globs", r"'a\0b'"), ("inputs", "'../x'")] {
        let told = glob(field, text);
        assert!(told.contains("plugin `odd` 1.2.0, call `dependency/expand`"), "{text}: {told}");
    }
}

#[test]
fn commands_that_do_not_exist_are_told_with_who_names_them() {
    let unknown = r#"{"result": {"commands": [{"name": "nothing"}]}}"#;
    assert_snapshot!(told(unknown, 2, &["run", "make"]), @r#"
    error: there is no command `nothing`
     --> purlin.toml:7:9
      |
    7 | deps = ["odd:x"]
      |         ^^^^^^^ named here
      |
      = The plugin `odd` 1.2.0 names it.
      = help: commands: `make`, `other`
    "#);
    let edit = r#"{"result": {"edits": [{"path": "/names", "value": ["nothing"]}]}}"#;
    assert_snapshot!(told(edit, 2, &["run", "other", "--more"]), @r#"
    error: there is no command `nothing`
      --> [TEST]/workspace/odd/plugin.toml:23:8
       |
    23 | name = "more"
       |        ^^^^^^ named here
       |
       = help: commands: `make`, `other`
    "#);
}

#[test]
fn a_hook_that_hangs_is_waited_for_once() {
    let workspace = odd("{}", "100");
    let begin = std::time::Instant::now();
    let finished = workspace.succeed(&["run", "other"]);
    assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_snapshot!(finished.stable_stderr(), @r#"
    other  done      [SECONDS]
    1 done · [SECONDS]
    warning: the plugin `odd` failed when told of `command.finished`
     |
     = it has not answered within 300 ms
       plugin `odd` 1.2.0, call `hook/event`
       `call-timeout` in its `[runtime]` gives it more time
     = help: it is told of nothing more in this run
    "#);
}

#[test]
fn hooks_that_may_not_run_are_told_once() {
    let workspace = odd("{}", "0").variable("PURLIN_TRUST", "");
    let finished = workspace.succeed(&["run", "other"]);
    assert_eq!(finished.stderr.matches("warning").count(), 1, "{finished}");
}
