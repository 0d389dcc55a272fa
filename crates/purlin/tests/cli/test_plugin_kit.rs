//! `purlin plugin test` and `call`: they run the plugin, and to name its folder is consent.

use insta::assert_snapshot;
use purlin_test::Workspace;
use serde_json::json;

use crate::workspace as plain;

const MANIFEST: &str = r#"[plugin]
name = "words"
version = "1.0.0"
api = "1"
description = "Words in files"
license = "MIT"

[runtime]
kind = "process"
entry = { module = "words" }

[provides.dependency.words]
about = "The words of a file"
schema = "schemas/words.json"
key = "path"

[provides.subcommand.count-words]
about = "Count the words of a file"
args = [{ name = "path", kind = "positional", type = "path", about = "The file" }]

[permissions]
read = ["{workspace}"]
"#;

const CODE: &str = r#"
from pathlib import Path

from purlin import plugin


class WordsConfig(plugin.Config):
    path: str


def read(root: str, path: str) -> list[str]:
    try:
        return Path(root, path).read_text().split()
    except OSError as error:
        raise plugin.InvalidConfig(str(error.strerror), path="/path") from error


@plugin.dependency("words")
def words(config: WordsConfig, context: plugin.ExpandContext) -> plugin.Expansion:
    context.debug(f"reading {config.path}")
    return plugin.Expansion(inputs=[config.path], values=read(context.root, config.path))


@plugin.subcommand("count-words")
def count(args: WordsConfig, context: plugin.SubcommandContext) -> int:
    found = read(context.directory, args.path)
    context.output(f"{len(found)} words\n")
    return 0 if found else 3
"#;

const CASES: &str = r#"
[[dependency.words]]
config = { path = "a.txt" }
files = { "a.txt" = "one two", "b.txt" = "three" }
expect = { values = ["one", "two"], inputs = ["a.txt"] }

[[dependency.words]]
config = { path = "gone.txt" }
error = { code = "INVALID_CONFIG", path = "/path" }

[[subcommand.count-words]]
args = { path = "empty.txt" }
files = { "empty.txt" = "" }
status = 3
"#;

/// A workspace whose folder `words` is a plugin that the user has not consented to.
fn workspace() -> Workspace {
    let workspace = plain("[plugins]\nwords = { path = 'words' }\n");
    workspace.write("words/plugin.toml", MANIFEST);
    workspace.write("words/words.py", CODE);
    workspace.write(
        "words/schemas/words.json",
        r#"{"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}"#,
    );
    workspace.write("words/tests/cases.toml", CASES);
    workspace.write("a.txt", "one two three");
    workspace
}

#[test]
fn a_plugin_that_conforms_passes() {
    let workspace = workspace();
    let document = workspace.succeed(&["plugin", "test", "words", "--json"]).json();
    assert_eq!((&document["plugin"], &document["version"]), (&json!("words"), &json!("1.0.0")));
    let checks = document["checks"].as_array().expect("a list");
    assert!(checks.iter().all(|check| check["status"] == "passed"), "{document}");
    let of_words: Vec<_> =
        checks.iter().filter(|check| check["feature"] == "dependency/words").collect();
    assert_eq!(of_words[0]["check"], "dependency.answers");
    // Consent to the test is no consent to anything else.
    let refused = workspace.run(&["count-words", "a.txt"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("purlin plugin trust"), "{refused}");
}

#[test]
fn cases_bring_the_configuration_of_the_plugin() {
    let workspace = workspace();
    let manifest = format!("{MANIFEST}\n[config]\nschema = 'schemas/config.json'\n");
    workspace.write("words/plugin.toml", manifest);
    workspace.write(
        "words/schemas/config.json",
        r#"{"type": "object", "required": ["case"], "properties": {"case": {"enum": ["upper"]}}}"#,
    );
    let code = CODE.replace(
        "@plugin.dependency",
        "class Settings(plugin.Config):\n    case: str\n\n\n\
         settings = plugin.configuration(Settings)\n\n\n@plugin.dependency",
    );
    workspace
        .write("words/words.py", code.replace(".split()", ".split()[:99 if settings() else 0]"));
    let without = workspace.fail(1, &["plugin", "test", "words"]).stdout;
    assert!(without.contains("FAIL  process.start"), "{without}");
    let why = "the `[config]` of `tests/cases.toml`: `/case` is missing";
    assert!(without.contains(why), "{without}");
    workspace.write("words/tests/cases.toml", format!("[config]\ncase = '{{env.CASE}}'\n{CASES}"));
    let unset = workspace.succeed(&["plugin", "test", "words"]).stdout;
    assert!(unset.contains("skip  process.start: the process variable CASE is not set"), "{unset}");
    let with =
        workspace.finish(workspace.command(&["plugin", "test", "words"]).env("CASE", "upper"));
    assert!(with.stdout.contains("20 passed, 0 failed, 0 skipped"), "{with}");
}

#[test]
fn a_check_that_fails_tells_what_should_be_and_what_is() {
    let workspace = workspace();
    workspace.write("words/words.py", CODE.replace("inputs=[config.path], ", ""));
    let done = workspace.fail(1, &["plugin", "test", "words"]);
    assert_snapshot!(done.stdout, @r#"
    ok    manifest
    ok    cases
    ok    process.start
    ok    process.provides
    ok    process.stdout
    ok    process.unknown-method
    ok    process.newer-host
    ok    process.cancel
    ok    process.end
    FAIL  dependency.answers  dependency/words
          `expand` answers for each configuration that works, as the cases expect.
          {"path":"a.txt"}: `inputs` is [], not ["a.txt"]
    ok    dependency.refuses  dependency/words
    ok    dependency.well-formed  dependency/words
    ok    dependency.same-answer  dependency/words
    FAIL  dependency.names-its-inputs  dependency/words
          Files that `inputs` does not name do not change the answer.
          `inputs` is [], and after purlin-kit-new.txt, a.txt, b.txt changed: {"path":"a.txt"}: `values` is ["one","two"] and then ["changed","=","1"]
    ok    dependency.any-checkout  dependency/words
    ok    dependency.at-once  dependency/words
    ok    subcommand.status  subcommand/count-words
    ok    subcommand.unknown-argument  subcommand/count-words
    ok    subcommand.completion  subcommand/count-words
    ok    subcommand.completion-time  subcommand/count-words
    words 1.0.0: 18 passed, 2 failed, 0 skipped
    "#);
}

#[test]
fn a_plugin_with_mistakes_is_not_run() {
    let workspace = workspace();
    workspace.write("words/plugin.toml", MANIFEST.replace("api = \"1\"", "api = 1"));
    for verb in [&["plugin", "test", "words"][..], &["plugin", "call", "words", "hook/event"]] {
        let done = workspace.fail(2, verb);
        assert!(done.stderr.contains("words/plugin.toml:4:7"), "{done}");
    }
}

#[test]
fn one_call_is_made_with_what_was_left_out_and_the_log_is_shown() {
    let workspace = workspace();
    let parameters = r#"{"config": {"path": "a.txt"}}"#;
    let call = ["plugin", "call", "words", "dependency/expand"];
    let done = workspace.succeed(&[&call[..], &["--json", parameters]].concat());
    assert_eq!(done.json()["values"], json!(["one", "two", "three"]));
    let done = workspace.succeed(&[&call[..], &[parameters]].concat());
    assert_snapshot!(done.stable_stderr(), @"note: words: reading a.txt");
    let arguments = r#"{"args": {"path": "a.txt"}}"#;
    let done = workspace.succeed(&["plugin", "call", "words", "subcommand/run", arguments]);
    assert_eq!(done.stdout, "3 words\n{\n  \"status\": 0\n}\n");
}

#[test]
fn calls_that_fail_tell_code_and_path() {
    let workspace = workspace();
    let gone = r#"{"config": {"path": "gone"}}"#;
    let done = workspace.fail(3, &["plugin", "call", "words", "dependency/expand", gone]);
    assert_snapshot!(done.stable_stderr(), @"
    note: words: reading gone

    error: the plugin `words` 1.0.0 failed in `dependency/expand`
     |
     = INVALID_CONFIG at `/path`: No such file or directory.
    ");
}

#[test]
fn calls_that_nobody_answers_are_told_apart() {
    let workspace = workspace();
    let told = |function: &str, parameters: &str| {
        let done = workspace.fail(2, &["plugin", "call", "words", function, parameters]);
        done.stable_stderr()
    };
    assert_snapshot!(told("dependency/expnd", "{}"), @"
    error: no extension point has a function `dependency/expnd`
     |
     = help: did you mean `dependency/expand`?
    ");
    assert_snapshot!(told("dependency/expand", r#"{"name": "word"}"#), @"
    error: the plugin has no dependency/word
     |
     = help: did you mean `words`?
    ");
    assert_snapshot!(told("hook/event", "{}"), @"error: the plugin has nothing at the point `hook`");
    assert_snapshot!(told("dependency/expand", "[]"), @"
    error: parameters are an object
     --> <parameters>:1:1
      |
    1 | []
      | ^^ this is a list
    ");
    assert_snapshot!(told("dependency/expand", r#"{"config": {"pth": "a"}}"#), @r#"
    error: unknown field `/pth`
     --> <parameters>:1:1
      |
    1 | {"pth":"a"}
      | ^ not a field of this table
      |
      = help: did you mean `path`?

    error: `/path` is missing
     --> <parameters>:1:1
      |
    1 | {"pth":"a"}
      | ^ this table needs `path`, a string
    "#);
}

/// A cache that keeps what it is given in a folder of its own.
const KEEP_MANIFEST: &str = r#"[plugin]
name = "keep"
version = "1.0.0"
api = "1"
description = "Keeps"
license = "MIT"

[runtime]
kind = "process"
entry = { module = "keep" }

[provides.cache.keep]
about = "Keeps"
schema = "config.json"
hot = "none"

[provides.subcommand.tell]
about = "Tell the arguments"
args = [
  { name = "where", kind = "positional", type = "path", required = false, default = "here", about = "Where" },
  { name = "times", kind = "option", type = "int", default = "3", about = "How often" },
  { name = "loud", kind = "option", type = "bool", about = "Aloud" },
  { name = "tag", kind = "option", type = "string", many = true, about = "What else" },
]

[[provides.argument]]
on = ["run"]
name = "tint"
type = "choice"
values = ["red", "green"]
about = "A colour"
edits = ["/force"]

[permissions]
write = ["{cache}/keep"]
"#;

const KEEP: &str = r#"
import json, shutil
from pathlib import Path

from purlin import plugin


class Config(plugin.Config):
    folder: str


@plugin.cache("keep", hot="none", about="Keeps")
class Keep(plugin.Cache[Config]):
    def open(self, context):
        self.at = Path(self.config.folder)

    def contains(self, items, context):
        return [(self.at / item.file_name).exists() for item in items]

    def fetch(self, items, folder, context):
        for item in items:
            if (self.at / item.file_name).exists():
                shutil.copyfile(self.at / item.file_name, Path(folder, item.file_name))

    def put(self, items, folder, context):
        for item in items:
            shutil.copyfile(Path(folder, item.file_name), self.at / item.file_name)


class Args(plugin.Config):
    where: str = plugin.positional("Where", default="here")
    times: int = plugin.option("How often", default=3)
    loud: bool = plugin.option("Aloud", default=False)
    tag: tuple[str, ...] = plugin.option("What else", default=())


@plugin.subcommand("tell")
def tell(args: Args, context: plugin.SubcommandContext) -> int:
    context.output(json.dumps([args.where, args.times, args.loud, list(args.tag)]) + "\n")
    return 0


@plugin.argument("tint", on=["run"], edits=["/force"])
def tint(value: str, request, context):
    return [plugin.Edit("/force", value == "red")]
"#;

fn keep() -> Workspace {
    let workspace = plain("");
    workspace.write("keep/plugin.toml", KEEP_MANIFEST);
    workspace.write("keep/keep.py", KEEP);
    workspace.write(
        "keep/config.json",
        r#"{"type": "object", "properties": {"folder": {"type": "string"}}, "required": ["folder"]}"#,
    );
    workspace
}

#[test]
fn files_of_a_cache_change_hands_in_a_call_as_they_do_in_a_run() {
    let workspace = keep();
    let digest = purlin_model::Digest::of(b"four").to_hex();
    let name = format!("blob-{digest}");
    workspace.write(format!("files/{name}"), "four");
    workspace.write("back/.gitignore", "*");
    let kept = workspace.base().join("cache/plugins/keep");
    let parameters = |dir: &str| {
        json!({
            "config": { "folder": kept },
            "items": [{ "kind": "blob", "digest": digest, "size": 4 }],
            "dir": dir,
        })
        .to_string()
    };
    let call = |function: &str, dir: &str| {
        workspace.run(&["plugin", "call", "keep", function, &parameters(dir)])
    };
    let put = call("cache/put", "files");
    assert_eq!((put.code, put.json()), (Some(0), json!({})), "{put}");
    assert_eq!(std::fs::read_to_string(kept.join(&name)).expect("it was put"), "four");
    let fetched = call("cache/fetch", "back");
    assert_eq!(fetched.json(), json!({ "fetched": [true] }), "{fetched}");
    assert_eq!(workspace.read(format!("back/{name}")), "four");
    // What is missing is told before the plugin is asked.
    let gone = call("cache/put", "back/none");
    assert!(gone.stderr.contains("error: `dir` is no folder"), "{gone}");
    std::fs::remove_file(workspace.path(format!("back/{name}"))).expect("it is there");
    let gone = call("cache/put", "back");
    assert!(gone.stderr.contains(&format!("error: there is no file `{name}` in `dir`")), "{gone}");
    let none = workspace
        .fail(2, &["plugin", "call", "keep", "cache/fetch", "{\"config\": {\"folder\": \"x\"}}"]);
    assert!(none.stderr.contains("error: `items` of `cache/fetch` are none"), "{none}");
}

#[test]
fn a_call_fills_in_the_defaults_of_arguments() {
    let workspace = keep();
    let told = |parameters: &str| {
        let done = workspace.succeed(&["plugin", "call", "keep", "subcommand/run", parameters]);
        let line = done.stdout.lines().next().expect("it tells").to_owned();
        line.replace(workspace.root().to_str().expect("a path"), "[root]")
    };
    assert_eq!(told("{}"), r#"["[root]/here", 3, false, []]"#);
    let given = r#"{"args": {"where": "there", "times": 7, "loud": true, "tag": ["a", "b"]}}"#;
    assert_eq!(told(given), r#"["[root]/there", 7, true, ["a", "b"]]"#);
    let flag =
        |parameters: &str| workspace.run(&["plugin", "call", "keep", "argument/apply", parameters]);
    let done = flag(r#"{"value": "red", "request": {"force": false}}"#);
    assert_eq!(done.json(), json!({ "edits": [{ "path": "/force", "value": true }] }), "{done}");
    let done = flag("{}");
    assert!(done.stderr.contains("error: the flag `--tint` takes a value"), "{done}");
}

#[test]
fn whoever_waits_is_told_for_what() {
    let workspace = workspace();
    let slow =
        CODE.replace("    found = read", "    import time; time.sleep(3.5)\n    found = read");
    workspace.write("words/words.py", slow);
    let done = workspace.run(&["plugin", "test", "words"]);
    let wait = "wait  subcommand.status  subcommand/count-words: no end after 3 s\n";
    assert!(done.stderr.contains(wait), "{done}");
    assert!(!done.stderr.contains("wait  manifest"), "{done}");
}
