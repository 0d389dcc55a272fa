//! Flags that plugins add: what they change, and what they may not.

use insta::assert_snapshot;
use purlin_test::Workspace;
use serde_json::{Value as Json, json};

use crate::{with_plugins, workspace};

/// `b` depends on `a`; each writes how its process variables are.
const COMMANDS: &str = r#"
[commands.a]
exec = "echo a $TINT $MOOD; echo ran >> a.log"
deps = ["in.txt"]
timeout = "1m"

[commands.b]
exec = "echo b $TINT $MOOD; echo ran >> b.log"
deps = [{ type = "command", name = "a" }]

[commands.c]
exec = "echo c"
"#;

fn commands() -> Workspace {
    let workspace = with_plugins(COMMANDS);
    workspace.write("in.txt", "in");
    workspace
}

/// The ids that `--ls` lists, each with how its cache is.
#[track_caller]
fn listed(workspace: &Workspace, flags: &[&str]) -> Vec<(String, String)> {
    let document = workspace.succeed(&[&["run", "--ls", "--json"], flags].concat()).json();
    let instances = document["instances"].as_array().expect("it is a list").clone();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    instances.iter().map(|one| (text(&one["id"]), text(&one["cache_status"]))).collect()
}

#[track_caller]
fn ids(workspace: &Workspace, flags: &[&str]) -> Vec<String> {
    listed(workspace, flags).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn help_has_them_under_their_plugins_names() {
    let help = with_plugins("").succeed(&["run", "-h"]).stdout;
    let start = help.find("From the plugin").expect("it has them");
    assert_snapshot!(help[start..], @"
    From the plugin `demo`:
          --always                 Run everything again
          --failing
          --just <JUST>            Drop the rest
          --keep <KEEP>            Keep results there
          --nowhere
          --only <ONLY>            Run this alone
          --rewrite
          --rogue
          --seen <SEEN>            Write the request down
          --seen-late <SEEN_LATE>  Write the request down
          --tint <TINT>            Set TINT [possible values: red, green]
          --within <WITHIN>        Seconds that each may take
          --wrong

    From the plugin `rival`:
          --mood <MOOD>    Set MOOD
          --shade <SHADE>  Set TINT, too (deprecated: Use `--tint`.)
    ");
    let help = with_plugins("").succeed(&["check", "--help"]).stdout;
    assert!(!help.contains("From the plugin"), "{help}");
}

#[test]
fn an_edit_of_what_was_asked_is_followed() {
    let workspace = commands();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("a.log"), 1);
    workspace.succeed(&["run", "--always"]);
    assert_eq!(workspace.lines("a.log"), 2);
    assert_eq!(ids(&workspace, &["--only", "a"]), ["a"]);
    assert_eq!(ids(&workspace, &["c", "--only=b"]), ["a", "b"]);
    let unknown = workspace.fail(2, &["run", "--only", "aa"]).stderr;
    assert!(unknown.contains("there is no command `aa`"), "{unknown}");
}

#[test]
fn keys_follow_edits_of_process_variables() {
    let workspace = commands();
    let ran = |flags: &[&str]| workspace.succeed(&[&["run", "b", "-n1"], flags].concat()).stdout;
    assert_eq!(ran(&[]), "a\nb\n");
    assert_eq!(ran(&["--tint", "red"]), "a red\nb red\n");
    assert_eq!(ran(&["--tint", "green"]), "a green\nb green\n");
    // Each result is kept under its own key, and none stands for another.
    for (flags, text) in [
        (&[][..], "a\nb\n"),
        (&["--tint", "red"], "a red\nb red\n"),
        (&["--tint=green"], "a green\nb green\n"),
    ] {
        assert_eq!(ran(flags), text);
    }
    assert_eq!((workspace.lines("a.log"), workspace.lines("b.log")), (3, 3));
    let status = |flags: &[&str]| listed(&workspace, flags)[0].1.clone();
    assert_eq!(status(&["--tint", "red"]), "warm");
    assert_eq!(status(&["--mood", "x"]), "cold");
    let why = workspace.succeed(&["run", "--why", "a", "--mood", "x"]).stdout;
    assert!(why.contains("env MOOD"), "{why}");
}

#[test]
fn a_resolved_run_can_be_narrowed() {
    let workspace = commands();
    assert_eq!(ids(&workspace, &[]), ["a", "b", "c"]);
    assert_eq!(ids(&workspace, &["--just", "b"]), ["a", "b"]);
    assert_eq!(ids(&workspace, &["--just", "c"]), ["c"]);
    assert_eq!(workspace.succeed(&["run", "--just", "c"]).stdout, "c\n");
    let unknown = workspace.fail(3, &["run", "--just", "d"]).stderr;
    assert!(unknown.contains("the run has no instance `d`"), "{unknown}");
}

#[test]
fn time_limits_and_caches_can_be_set() {
    let workspace = commands();
    workspace.write("purlin.toml", "[workspace]\n[commands]\nlong = 'sleep 60'\n");
    let late = workspace.fail(1, &["run", "--within", "1"]).stderr;
    assert!(late.contains("time limit"), "{late}");
    let workspace = commands();
    workspace.succeed(&["run", "a"]);
    assert_eq!(listed(&workspace, &["a", "--keep", "none"]), [("a".into(), "uncached".into())]);
    let unknown = workspace.fail(3, &["run", "a", "--keep", "nonne"]).stderr;
    assert!(unknown.contains("there is no cache `nonne`"), "{unknown}");
    assert!(unknown.contains("did you mean `none`?"), "{unknown}");
    let without = workspace.fail(3, &["run", "c", "--keep", "local"]).stderr;
    assert!(without.contains("`c` has no dependencies"), "{without}");
}

#[test]
fn every_flag_sees_the_request_without_the_edits_of_others() {
    let workspace = commands();
    workspace.succeed(&["run", "a", "--seen", "early.json", "--always", "-n", "3"]);
    let seen: Json = serde_json::from_str(&workspace.read("early.json")).expect("it is JSON");
    assert_eq!(
        seen,
        json!({
            "value": workspace.root().canonicalize().expect("it is there").join("early.json"),
            "context": { "command": "run", "stage": "parsed" },
            "request": { "names": ["a"], "modules": [], "spaces": [], "tags": [], "force": false, "jobs": 3 },
        })
    );
    workspace.succeed(&["run", "b", "--tint", "red", "--seen-late", "late.json"]);
    let seen: Json = serde_json::from_str(&workspace.read("late.json")).expect("it is JSON");
    assert_eq!(seen["context"], json!({ "command": "run", "stage": "resolved" }));
    assert_eq!(
        seen["request"],
        json!({
            "selected": ["b"],
            "env": { "a": {}, "b": {} },
            "timeout": { "a": 60.0, "b": null },
            "cache": { "a": "local", "b": "local" },
            "instances": {
                "a": {
                    "command": "a", "space": null, "module": null, "args": {},
                    "argv": ["/bin/sh", "-c", "echo a $TINT $MOOD; echo ran >> a.log"],
                    "cwd": "",
                    "artifacts": [],
                    "after": [],
                },
                "b": {
                    "command": "b", "space": null, "module": null, "args": {},
                    "argv": ["/bin/sh", "-c", "echo b $TINT $MOOD; echo ran >> b.log"],
                    "cwd": "",
                    "artifacts": [],
                    "after": ["a"],
                },
            },
        })
    );
}

#[test]
fn edits_that_go_wrong_are_refused() {
    let workspace = commands();
    let mut told = String::new();
    for flag in ["--rogue", "--wrong", "--nowhere", "--rewrite", "--failing"] {
        told += &workspace.fail(3, &["run", "a", flag]).stderr;
    }
    assert_snapshot!(told, @r#"
    error: the flag `--rogue` may not change `/jobs`
      --> <bundled>/demo/plugin.toml:93:8
       |
    93 | name = "rogue"
       |        ^^^^^^^ its `edits` permit `/names`, `/force/x`
       |
       = plugin `demo` 1.2.3, call `argument/apply`
       = help: if it should, the plugin's author adds `/jobs` to `edits` in its manifest

    error: the flag `--wrong` leaves a wrong request
      --> <bundled>/demo/plugin.toml:99:8
       |
    99 | name = "wrong"
       |        ^^^^^^^ this flag
       |
       = `/jobs` must be an integer: this is a string
         plugin `demo` 1.2.3, call `argument/apply`

    error: the flag `--nowhere` cannot change `/env/nobody`
       --> <bundled>/demo/plugin.toml:105:8
        |
    105 | name = "nowhere"
        |        ^^^^^^^^^ this flag
        |
        = the run has no instance `nobody`
          plugin `demo` 1.2.3, call `argument/apply`
        = help: instances: `a`

    error: the flag `--rewrite` cannot change `/instances`
       --> <bundled>/demo/plugin.toml:112:8
        |
    112 | name = "rewrite"
        |        ^^^^^^^^^ this flag
        |
        = what an instance is cannot be edited
          plugin `demo` 1.2.3, call `argument/apply`
        = help: edit `/selected`, `/env`, `/timeout` or `/cache`

    error: the flag `--failing` could not be applied
       --> <bundled>/demo/plugin.toml:119:8
        |
    119 | name = "failing"
        |        ^^^^^^^^^ this flag
        |
        = it is broken
          plugin `demo` 1.2.3, call `argument/apply`
    "#);
    assert_eq!(workspace.lines("a.log"), 0);
}

#[test]
fn two_flags_cannot_change_the_same() {
    let workspace = commands();
    let refused = workspace.fail(2, &["run", "a", "--shade", "x", "--tint", "red"]);
    assert_snapshot!(refused.stderr, @r#"
    warning: the flag `--shade` is deprecated
      --> <bundled>/rival/plugin.toml:13:8
       |
    13 | name = "shade"
       |        ^^^^^^^ provided here
       |
       = Use `--tint`.

    error: `--shade` and `--tint` change the same
      --> <bundled>/demo/plugin.toml:49:8
       |
    49 | name = "tint"
       |        ^^^^^^ `demo` 1.2.3 changes `/env/a/TINT`
       |
      ::: <bundled>/rival/plugin.toml:13:8
       |
    13 | name = "shade"
       |        ------- `rival` 0.3.0 changes `/env/a/TINT`
       |
       = help: give only one of the two
    "#);
    let both = workspace.succeed(&["run", "a", "--mood", "fine", "--tint", "red"]);
    assert_eq!(both.stdout, "a red fine\n");
}

// case PL-13
#[test]
fn a_flag_that_the_verb_has_wins_over_a_plugins() {
    let workspace =
        workspace("[commands]\nfine = 'echo fine'\n[plugins]\nmine = { path = 'mine' }\n");
    workspace.write(
        "mine/plugin.toml",
        "[plugin]\nname = 'mine'\nversion = '1.0.0'\napi = '1'\ndescription = 'Mine'\n\
         license = 'MIT'\n[runtime]\nkind = 'process'\nentry = ['./run']\n\
         [[provides.argument]]\non = ['run']\nname = 'force'\ntype = 'bool'\nabout = 'Mine'\n\
         [[provides.argument]]\non = ['run']\nname = 'json'\ntype = 'bool'\nabout = 'Mine'\n\
         [[provides.argument]]\non = ['run']\nname = 'other'\ntype = 'bool'\nabout = 'Other'\n",
    );
    assert_eq!(workspace.succeed(&["run", "--force"]).stdout, "fine\n");
    workspace.succeed(&["run", "--json"]);
    let help = workspace.succeed(&["run", "-h"]).stdout;
    assert!(help.contains("\nFrom the plugin `mine`:\n      --other  Other\n"), "{help}");
    assert!(!help.contains("Mine"), "{help}");
    let listed = workspace.succeed(&["plugin", "list"]).stdout;
    assert!(
        listed.contains("argument/force (contested), argument/json (contested), argument/other"),
        "{listed}"
    );
}

#[test]
fn values_are_checked_as_those_of_built_in_flags() {
    let workspace = commands();
    let mut told = String::new();
    for wrong in [
        &["--tint", "blue"][..],
        &["--tint"],
        &["--tint", "red", "--tint", "green"],
        &["--within", "soon"],
        &["--always=yes"],
        &["--seen", ""],
        &["--tnt", "red"],
        &["--twice"],
    ] {
        told += &workspace.fail(2, &[&["run"], wrong].concat()).stderr;
    }
    assert_snapshot!(told, @"
    error: invalid value 'blue' for '--tint <TINT>'
      [possible values: red, green]

    For more information, try '--help'.
    error: a value is required for '--tint <TINT>' but none was supplied
      [possible values: red, green]

    For more information, try '--help'.
    error: the argument '--tint <TINT>' cannot be used multiple times

    Usage: purlin-with-plugins run [OPTIONS] [NAME]...

    For more information, try '--help'.
    error: invalid value 'soon' for '--within <WITHIN>': invalid digit found in string

    For more information, try '--help'.
    error: unexpected value 'yes' for '--always' found; no more were expected

    Usage: purlin-with-plugins run --always [NAME]...

    For more information, try '--help'.
    error: a value is required for '--seen <SEEN>' but none was supplied

    For more information, try '--help'.
    error: unexpected argument '--tnt' found

      tip: a similar argument exists: '--tint'

    Usage: purlin-with-plugins run --tint <TINT> [NAME]...

    For more information, try '--help'.
    error: unexpected argument '--twice' found

      tip: a similar argument exists: '--since'

    Usage: purlin-with-plugins run --since <REF> [NAME]...

    For more information, try '--help'.
    ");
    assert_eq!(workspace.lines("a.log"), 0);
}

#[test]
fn verbs_of_plugins_have_flags_too() {
    let workspace = with_plugins("");
    let told = |flags: &[&str]| {
        workspace.succeed(&[&["demo-hello", "six"], flags].concat()).json()["args"].clone()
    };
    assert_eq!(told(&["--times", "3", "--twice"])["times"], json!(6));
    assert_eq!(told(&["--twice", "--seen", "seen.json"])["times"], json!(2));
    let seen: Json = serde_json::from_str(&workspace.read("seen.json")).expect("it is JSON");
    assert_eq!(seen["context"], json!({ "command": "demo-hello", "stage": "parsed" }));
    assert_eq!(seen["request"]["args"]["times"], json!(1));
    assert_snapshot!(workspace.fail(3, &["demo-hello", "six", "--late"]).stderr, @r#"
    error: the flag `--late` cannot be applied to `demo-hello`
       --> <bundled>/demo/plugin.toml:131:8
        |
    131 | name = "late"
        |        ^^^^^^ it is applied at the stage `resolved`
        |
        = `demo-hello` has the stage `parsed` only.
          plugin `demo` 1.2.3
    "#);
    workspace.fail(2, &["demo-hello", "six", "--always"]);
}

#[test]
fn verbs_without_a_request_refuse_them() {
    let workspace = with_plugins("");
    assert_snapshot!(workspace.fail(2, &["check", "--deep"]).stderr, @r#"
    error: the flag `--deep` cannot be applied to `check`
       --> <bundled>/demo/plugin.toml:138:8
        |
    138 | name = "deep"
        |        ^^^^^^ `demo` adds it here
        |
        = `check` has no request that a flag could edit.
        = help: flags can be added to `run` and to verbs of plugins
    "#);
    let unknown = workspace.fail(2, &["check", "--depe"]).stderr;
    assert!(unknown.contains("unexpected argument '--depe'"), "{unknown}");
}

#[test]
fn a_flag_is_found_in_the_folder_that_is_meant() {
    let workspace = commands();
    workspace.write("below/purlin.toml", "[workspace]\n[commands]\nd = 'echo d $TINT'\n");
    for arguments in [
        &["run", "--tint", "red", "-C", "below"][..],
        &["-Cbelow", "run", "--tint", "red"],
        &["run", "--directory=below", "d", "--tint=red"],
    ] {
        assert_eq!(workspace.succeed(arguments).stdout, "d red\n", "{arguments:?}");
    }
}
