//! Plugins that are processes, through the binary.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "words"
version = "1.0.0"
api = "1"

[runtime]
kind = "process"
entry = ["python3", "-S", "words.py"]

[config]
schema = "config.json"

[provides.dependency.words]
about = "The files that a list names"
schema = "words.json"
key = "list"

[permissions]
read = ["{workspace}"]
write = ["{workspace}/starts"]
"#;

/// Speaks the protocol by itself, so that these tests are about the host.
const CODE: &str = r#"
import json, os, sys

for line in sys.stdin:
    message = json.loads(line)
    params = message["params"]
    if message["method"] == "initialize":
        root = params["root"]
        config = params["plugin"]["config"]
        with open(f"{root}/starts/{os.getpid()}", "w"):
            pass
        result = {"protocol": 1, "provides": [{"point": "dependency", "name": "words"}]}
    else:
        path = params["config"]["list"]
        if path == "die":
            sys.exit("I do not like it")
        with open(f"{root}/{path}") as file:
            globs = file.read().split()
        result = {"inputs": [path], "globs": globs, "values": [config]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

fn with_words(list: &str, more: &str) -> Workspace {
    let workspace = workspace("").variable("PURLIN_TRUST", "workspace");
    document(&workspace, list, more);
    workspace.write("words/plugin.toml", MANIFEST);
    workspace.write("words/words.py", CODE);
    workspace.write(
        "words/words.json",
        r#"{ "type": "object", "properties": { "list": { "type": "string" } }, "required": ["list"] }"#,
    );
    workspace.write(
        "words/config.json",
        r#"{ "type": "object", "properties": { "greeting": { "type": "string" } } }"#,
    );
    workspace.write("list.txt", "one.txt");
    workspace.write("one.txt", "1");
    workspace.write("two.txt", "2");
    workspace.write("starts/.gitignore", "*");
    workspace
}

fn document(workspace: &Workspace, list: &str, more: &str) {
    workspace.write(
        "purlin.toml",
        format!(
            "[workspace]\n[plugins.words]\npath = \"words\"\n{more}\n\n[commands.say]\n\
             exec = \"cat one.txt two.txt\"\ndeps = [\"words:{list}\"]\n"
        ),
    );
}

/// How many processes were started since the last time.
fn starts(workspace: &Workspace) -> usize {
    let folder = workspace.root().join("starts");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with(".gitignore") {
            std::fs::remove_file(path).unwrap();
            count += 1;
        }
    }
    count
}

/// Whether a run was cached, and how many processes it started.
#[track_caller]
fn run(workspace: &Workspace) -> (bool, usize) {
    let finished = workspace.succeed(&["run", "say"]);
    (finished.stderr.contains("1 cached"), starts(workspace))
}

#[test]
fn a_run_in_which_nothing_has_changed_starts_no_process() {
    let workspace = with_words("list.txt", "");
    assert_eq!(run(&workspace), (false, 1));
    assert_eq!(run(&workspace), (true, 0));
    // What no answer depends on.
    workspace.write("two.txt", "changed");
    assert_eq!(run(&workspace), (true, 0));
    // What the command depends on, by the answer.
    workspace.write("one.txt", "changed");
    assert_eq!(run(&workspace), (false, 0));
    assert_eq!(workspace.succeed(&["run", "--ls"]).code, Some(0));
    assert_eq!(starts(&workspace), 0);
}

#[test]
fn an_answer_is_asked_for_again_when_what_it_was_computed_from_changes() {
    let workspace = with_words("list.txt", "");
    assert_eq!(run(&workspace), (false, 1));
    // A file that it has read.
    workspace.write("list.txt", "one.txt two.txt");
    assert_eq!(run(&workspace), (false, 1));
    workspace.write("two.txt", "changed");
    assert_eq!(run(&workspace), (false, 0));
    // As it was before: that answer is still known.
    workspace.write("list.txt", "one.txt");
    assert_eq!(run(&workspace).1, 0);
    // The plugin's code.
    workspace.write("words/words.py", CODE.replace("[config]", "[config, 'more']"));
    assert_eq!(run(&workspace), (false, 1));
    assert_eq!(run(&workspace), (true, 0));
    // The plugin's configuration.
    document(&workspace, "list.txt", "config = { greeting = \"hello\" }");
    assert_eq!(run(&workspace), (false, 1));
    assert_eq!(run(&workspace), (true, 0));
    // The variables that every plugin sees.
    let workspace = workspace.variable("HOME", "/");
    assert_eq!(run(&workspace).1, 1);
    assert_eq!(run(&workspace).1, 0);
}

#[test]
fn a_plugin_that_dies_names_itself_and_its_call() {
    let workspace = with_words("die", "");
    assert_snapshot!(workspace.fail(3, &["run", "say"]).stable_stderr(), @r#"
    error: the dependency type `words` has no answer
     --> purlin.toml:8:9
      |
    8 | deps = ["words:die"]
      |         ^^^^^^^^^^^ it ended with status 1
      |
      = plugin `words` 1.0.0, call `dependency/expand`
        The last that it wrote to stderr:
          I do not like it
    "#);
}

#[test]
fn what_a_plugin_does_wrong_after_its_last_answer_is_told() {
    let workspace = with_words("list.txt", "");
    let last = "print(json.dumps({'jsonrpc': '2.0', 'id': message['id'], 'result': {}}))\n";
    workspace.write("words/words.py", format!("{CODE}{last}"));
    let told = workspace.succeed(&["run", "say"]);
    let warning = "warning: the plugin `words` 1.0.0 failed in `dependency/expand`: it answered the request 3 twice\n";
    assert!(told.stable_stderr().contains(warning), "{told}");
    // What was kept is answered by nobody.
    assert!(!workspace.succeed(&["run", "say"]).stderr.contains("twice"));
}

#[test]
fn what_a_run_leaves_behind_is_no_folder_for_scratch() {
    let workspace = with_words("list.txt", "");
    run(&workspace);
    let scratch = workspace.base().join("cache/scratch");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
}

/// The folder of an environment for the interpreter at hand, with one distribution.
fn environment(workspace: &Workspace) {
    let told = std::process::Command::new("python3")
        .args(["-I", "-c", "import os, sys; print(os.path.realpath(sys.executable)); print('%d.%d' % sys.version_info[:2])"])
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (python, version) = told.trim().split_once('\n').unwrap();
    let home = std::path::Path::new(python).parent().unwrap().display();
    workspace.write("venv/pyvenv.cfg", format!("home = {home}\nversion = {version}.0\n"));
    workspace.write("venv/bin/.gitignore", "*");
    std::os::unix::fs::symlink(python, workspace.path("venv/bin/python3")).unwrap();
    let site = format!("venv/lib/python{version}/site-packages");
    workspace
        .write(format!("{site}/wordy-1.4.2.dist-info/METADATA"), "Name: wordy\nVersion: 1.4.2\n");
    workspace.write(format!("{site}/wordy.py"), "def words(text):\n    return text.split()\n");
}

const MODULE: &str = r#"
from pathlib import Path

import wordy
from purlin import plugin


class WordsConfig(plugin.Config):
    list: str


@plugin.dependency("words")
def words(config: WordsConfig, context: plugin.ExpandContext) -> plugin.Expansion:
    text = Path(context.root, config.list).read_text()
    return plugin.Expansion(inputs=[config.list], globs=wordy.words(text))
"#;

#[test]
fn what_a_manifest_requires_of_python_is_there_or_named() {
    let workspace = with_words("list.txt", "");
    environment(&workspace);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", workspace.path("venv/bin").display());
    let workspace = workspace.variable("PATH", path);
    let requires = |requirement: &str| {
        let manifest = MANIFEST
            .replace("[\"python3\", \"-S\", \"words.py\"]", "{ module = \"words\" }")
            .replace("[config]\nschema = \"config.json\"\n", "")
            .replace(
                "\n[provides",
                &format!("python = {{ requires = [\"{requirement}\"] }}\n\n[provides"),
            );
        workspace.write("words/plugin.toml", manifest);
    };
    workspace.write("words/words.py", MODULE);
    requires("wordy>=2");
    let told = workspace.fail(3, &["run", "say"]).stderr;
    assert!(told.contains("error: the plugin `words` 1.0.0 cannot be started"), "{told}");
    assert!(told.contains("its manifest requires: `wordy>=2` (1.4.2 is installed)"), "{told}");
    let info = workspace.succeed(&["plugin", "info", "words"]).stdout;
    assert!(info.contains("\nneeds Python wordy>=2\n"), "{info}");
    requires("wordy~=1.4");
    assert!(workspace.succeed(&["run", "say"]).stderr.contains("1 done"));
    // A program has an interpreter of its own, if any.
    workspace.write(
        "words/plugin.toml",
        MANIFEST.replace("\n[config]", "python = { requires = [\"wordy\"] }\n\n[config]"),
    );
    let told = workspace.fail(3, &["run", "say"]).stderr;
    assert!(told.contains("its manifest requires Python distributions"), "{told}");
}

#[test]
fn answers_of_a_plugin_that_is_edited_meanwhile_are_not_kept_for_what_it_was() {
    let workspace = with_words("list.txt", "");
    workspace.write(
        "words/words.json",
        r#"{ "type": "object", "required": ["list"],
             "properties": { "list": { "type": "string", "x-purlin-path": "input" } } }"#,
    );
    workspace.write("other.py", CODE.replace("[config]", "['other']"));
    workspace.write(
        "purlin.toml",
        r#"
[workspace]
[plugins.words]
path = "words"

[commands.first]
exec = "true"
deps = ["words:list.txt"]

[commands.edit]
argv = ["sh", "-c", "cp other.py words/words.py; cp list.txt later.txt"]
deps = ["list.txt"]
artifacts = ["later.txt"]

[commands.say]
exec = "cat one.txt"
deps = ["words:later.txt", { type = "command", name = "edit" }]
"#,
    );
    workspace.succeed(&["run", "first"]);
    assert_eq!(starts(&workspace), 1);
    // The first answer is remembered, so the process is started after the edit.
    workspace.succeed(&["run", "first", "say"]);
    assert_eq!(starts(&workspace), 1);
    workspace.write("words/words.py", CODE);
    let again = workspace.succeed(&["run", "say"]);
    assert!(again.stderr.contains("say   done"), "{again}");
    assert_eq!(starts(&workspace), 1);
}
