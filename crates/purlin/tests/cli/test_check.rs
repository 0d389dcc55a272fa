//! `check`

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use crate::{folder, workspace};

fn codes(document: &Json) -> Vec<&str> {
    let diagnostics = document["diagnostics"].as_array().expect("it is a list");
    diagnostics.iter().map(|one| one["code"].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_workspace_without_errors_is_told_so() {
    let workspace = workspace("[commands]\na = 'touch ran'\nb = 'touch ran'");
    assert_eq!(workspace.succeed(&["check"]).stdout, "2 commands, no errors\n");
    assert_eq!(workspace.succeed(&["check", "--json"]).json(), json!({ "diagnostics": [] }));
    assert_eq!(workspace.succeed(&["check", "-q"]).stdout, "");
    assert!(!workspace.path("ran").exists());
    assert!(!workspace.path(".purlin").exists(), "check writes nothing");
}

#[test]
fn all_errors_are_told_at_once() {
    let workspace = workspace(
        r#"
[commands.one]
exec = "true"
deps = [{ type = "globb", pattern = "x" }, { type = "command", name = "tow" }]
[commands.two]
exec = "true"
argv = ["true"]
[commands.three]
exec = "true"
deps = ["src/**"]
cache = "locall"
[commands.four]
exec = "true"
hiden = true
timeout = "soon"
[commands.five]
exec = "echo {root.x}"
cwd = "/tmp"
hidden = true
[comands]
x = "true"
[providers.docs]
modules = []
"#,
    );
    let finished = workspace.fail(2, &["check", "--json"]);
    let document = finished.json();
    let mut found = codes(&document);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "bad-path",
            "bad-reference",
            "command-program",
            "not-built-yet",
            "schema",
            "schema",
            "unknown-cache",
            "unknown-command",
            "unknown-dependency",
            "unknown-section",
        ]
    );
    for one in document["diagnostics"].as_array().expect("it is a list") {
        let mut fields: Vec<_> = one.as_object().expect("it is an object").keys().collect();
        fields.sort_unstable();
        assert_eq!(fields, ["code", "detail", "help", "labels", "severity", "summary"]);
        assert_eq!(one["severity"], "error");
        let label = &one["labels"][0];
        assert_eq!(label["file"], "purlin.toml", "{one}");
        assert!(label["line"].as_u64() > Some(1) && label["column"].as_u64() > Some(0), "{one}");
        assert!(label["text"].is_string(), "{one}");
    }
    let human = workspace.fail(2, &["check"]);
    assert_eq!((human.stdout.as_str(), human.stderr.matches("error: ").count()), ("", found.len()));
}

#[test]
fn a_mistake_has_no_consequences_and_hides_no_others() {
    let workspace = workspace(
        r#"
[caches.mine]
tipe = "local"
[commands.wrong]
exec = 3
[commands.half]
argv = ["true"]
exec = "true"
[commands.right]
exec = "true"
deps = ["command:wrong", "command:half"]
cache = "mine"
[commands.round]
exec = "true"
deps = ["command:trip"]
[commands.trip]
exec = "true"
deps = ["command:round", "command:wronk"]
"#,
    );
    let document = workspace.fail(2, &["check", "--json"]).json();
    let mut found = codes(&document);
    found.sort_unstable();
    let expected = ["command-cycle", "command-program", "schema", "schema", "unknown-command"];
    assert_eq!(found, expected);
    let diagnostics = document["diagnostics"].as_array().expect("it is a list");
    let unknown = diagnostics.iter().find(|one| one["code"] == "unknown-command");
    assert_eq!(unknown.map(|one| &one["help"]), Some(&json!("did you mean `wrong`?")));
}

#[test]
fn syntax_errors_are_told_with_their_lines() {
    let workspace = workspace("[commands]\na = \nb = 'x'\n");
    let document = workspace.fail(2, &["check", "--json"]).json();
    assert_eq!(codes(&document), ["toml-syntax"]);
    assert_eq!(document["diagnostics"][0]["labels"][0]["line"], 3);
}

#[test]
fn near_misses_of_references_are_warnings() {
    let workspace = workspace("[commands]\na = 'echo {rot.x} {modul.dir}'");
    let finished = workspace.succeed(&["check", "--json"]);
    let document = finished.json();
    assert!(codes(&document).iter().all(|code| *code == "near-miss"), "{finished}");
    assert_eq!(document["diagnostics"][0]["severity"], "warning", "{finished}");
}

#[test]
fn check_sees_hidden_commands_and_broken_plugins() {
    let workspace = workspace(
        "[plugins]\nbroken = { path = 'plugins/broken' }\n[commands.quiet]\nexec = 'true'\nhidden = true\ndeps = ['command:nobody']",
    );
    workspace.write("plugins/broken/plugin.toml", "[plugin]\nname = 'broken'\n");
    let document = workspace.fail(2, &["check", "--json"]).json();
    let found = codes(&document);
    assert!(found.contains(&"broken-plugin") && found.contains(&"unknown-command"), "{document}");
}

#[test]
fn there_must_be_a_workspace() {
    let folder = folder();
    let finished = folder.fail(2, &["check", "--json"]);
    let told: Json = serde_json::from_str(&finished.stderr).expect("stderr is one document");
    assert_eq!(codes(&told), ["no-workspace"]);
}

#[test]
fn a_circle_a_bad_pool_and_a_lost_cache_hide_nothing() {
    let workspace = workspace(
        r#"
[workspace]
pools = { gpu = "two" }
[commands.a]
exec = "true"
deps = ["command:b"]
needs = { gpu = 1 }
[commands.b]
exec = "true"
deps = ["command:a", "command:b"]
[commands.c]
exec = "touch x"
artifacts = ["x"]
[commands.d]
exec = "cat x"
deps = ["x"]
[commands.e]
exec = "true"
cache = "lcal"
"#,
    );
    let codes = |workspace: &purlin_test::Workspace| -> Vec<String> {
        let told = workspace.fail(2, &["check", "--json"]).json();
        let all = told["diagnostics"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(codes(&workspace), ["schema", "unknown-cache", "command-cycle", "command-cycle"]);
    let document = workspace.read("purlin.toml").replace("\"two\"", "2").replace("lcal", "local");
    workspace.write("purlin.toml", document);
    let expected = ["command-cycle", "command-cycle", "undeclared-producer"];
    assert_eq!(codes(&workspace), expected);
}

#[test]
fn artifacts_that_seem_to_be_elsewhere_are_told() {
    let workspace = workspace(
        "[commands.a]\nexec = 'true'\nartifacts = ['/etc/x', '~/y', './~z', '/out', 'out/*', '!out/t']\n\
         [commands.b]\nexec = 'true'\nartifacts = ['!x']\n",
    );
    assert_snapshot!(workspace.succeed(&["check"]).stable_stderr(), @r#"
    warning: `/etc/x` is a path in the workspace
     --> purlin.toml:4:14
      |
    4 | artifacts = ['/etc/x', '~/y', './~z', '/out', 'out/*', '!out/t']
      |              ^^^^^^^^ named among artifacts
      |
      = Patterns are relative to the workspace's root; what is written elsewhere cannot be kept.
      = help: write `./etc/x` if that is what is meant, or have the command write below the root

    warning: `~/y` is a path in the workspace
     --> purlin.toml:4:24
      |
    4 | artifacts = ['/etc/x', '~/y', './~z', '/out', 'out/*', '!out/t']
      |                        ^^^^^ named among artifacts
      |
      = Patterns are relative to the workspace's root; what is written elsewhere cannot be kept.
      = help: write `./~/y` if that is what is meant, or have the command write below the root

    warning: `!x` takes nothing out
     --> purlin.toml:7:14
      |
    7 | artifacts = ['!x']
      |              ^^^^ there is no pattern in front of this one
      |
      = A `!` takes files out of what patterns before it have named.
      = help: name the files first: `["out/**", "!out/tmp"]`
    "#);
}

#[test]
fn an_argument_without_a_value_is_told_where_it_is_declared() {
    let workspace = workspace("[commands.a]\nexec = 'true {args.level}'\nargs = { level = {} }\n");
    assert_snapshot!(workspace.fail(2, &["run", "a"]).stable_stderr(), @"
    error: `{args.level}` has no value
     --> purlin.toml:3:8
      |
    3 | exec = 'true {args.level}'
      |        ^^^^^^^^^^^^^^^^^^^ in this text
    4 | args = { level = {} }
      |          ----- it is neither required nor has a default
      |
      = help: write `level = { required = true }`, or give it a `default`
    ");
    // It is no mistake to leave it open who gives one.
    assert_eq!(workspace.succeed(&["check"]).stdout, "1 command, no errors\n");
}

#[test]
fn a_slip_in_the_file_of_a_module_gets_a_suggestion() {
    let workspace = workspace("[spaces.s]\nmodules = ['m']\n");
    workspace.write("m/purlin.toml", "[comands]\na = 'true'\n");
    let told = workspace.fail(2, &["check"]).stderr;
    assert!(told.contains("did you mean `[commands]`?"), "{told}");
}
