//! Verbs that plugins add: parsed as their manifests say, and never loaded before they are used.

use insta::assert_snapshot;
use purlin_test::Workspace;
use serde_json::{Value as Json, json};

use crate::{with_plugins, workspace};

/// What `demo-hello` was told.
#[track_caller]
fn hello(workspace: &Workspace, arguments: &[&str]) -> Json {
    workspace.succeed(&[&["demo-hello"], arguments].concat()).json()
}

/// A workspace that has a process plugin, with consent, whose program leaves a mark.
fn with_a_mark() -> Workspace {
    let workspace = workspace("[plugins]\nmarker = { path = 'marker' }\n")
        .variable("PURLIN_TRUST", "workspace");
    workspace.write(
        "marker/plugin.toml",
        r#"
[plugin]
name = "marker"
version = "0.4.0"
api = "1"
description = "Leaves a mark when it runs"
license = "MIT"

[runtime]
kind = "process"
entry = ["/bin/sh", "-c", "touch ../mark"]

[provides.subcommand.leave]
about = "Leave a mark"
args = [
  { name = "where", kind = "positional", about = "Where" },
  { name = "depth", kind = "option", type = "choice", values = ["deep", "flat"], about = "How deep" },
]

[[provides.argument]]
on = ["run"]
name = "marked"
type = "bool"
about = "With a mark"
"#,
    );
    workspace
}

// case PL-10
#[test]
fn a_verb_runs_and_is_in_help() {
    let workspace = with_plugins("");
    let help = workspace.succeed(&["--help"]).stdout;
    assert!(help.contains("\n  demo-hello     Tell what was said [demo]\n"), "{help}");
    let root = workspace.root().canonicalize().expect("it is there");
    assert_eq!(
        hello(&workspace, &["six"]),
        json!({
            "name": "demo-hello",
            "args": {
                "packages": ["six"], "times": 1, "speed": "fast", "dry_run": false, "polite": true,
            },
            "context": { "root": root, "directory": root, "json": false },
        })
    );
}

// case PL-10
#[test]
fn help_comes_from_the_manifest() {
    let help = with_plugins("").succeed(&["demo-hello", "-h"]);
    assert_snapshot!(help.stdout, @"
    Tell what was said

    Usage: purlin-with-plugins demo-hello [OPTIONS] <PACKAGES>...

    Arguments:
      <PACKAGES>...  Packages to greet

    Options:
          --target <TARGET>  Where to
          --times <TIMES>    How often [default: 1]
          --speed <SPEED>    How [default: fast] [possible values: fast, slow]
          --dry-run          Only say so
          --polite[=<BOOL>]  With a bow [default: true] [possible values: true, false]
          --tag <TAG>        What else
          --status <STATUS>  How to end
      -h, --help             Print help (see more with '--help')

    Everywhere:
      -C, --directory <DIR>  Run as if started in DIR
          --json             Print JSON
          --color <WHEN>     When to use colour [default: auto] [possible values: auto, always, never]
      -q, --quiet            Say less
      -v, --verbose...       Say more
          --locked           Fail instead of changing purlin.lock
          --offline          Use nothing from a network
          --no-input         Never ask

    From the plugin `demo` 1.2.3.

    From the plugin `demo`:
          --late
          --seen <SEEN>  Write the request down
          --twice        Twice as often
    ");
    let workspace = with_a_mark();
    for arguments in [&["leave", "--help"][..], &["run", "--help"], &["--help"]] {
        let help = workspace.succeed(arguments).stdout;
        assert!(help.contains("mark"), "{help}");
    }
    for wrong in [&["leave"][..], &["leave", "x", "--depth", "low"], &["leave", "--dept", "flat"]] {
        workspace.fail(2, wrong);
    }
    assert!(!workspace.path("mark").exists(), "the plugin was run");
}

// case PL-11
#[test]
fn a_built_in_verb_wins_over_a_plugins() {
    let workspace =
        workspace("[commands]\nfine = 'echo fine'\n[plugins]\nmine = { path = 'mine' }\n");
    workspace.write(
        "mine/plugin.toml",
        "[plugin]\nname = 'mine'\nversion = '1.0.0'\napi = '1'\ndescription = 'Mine'\n\
         license = 'MIT'\n[runtime]\nkind = 'process'\nentry = ['./run']\n\
         [provides.subcommand.cache]\nabout = 'Mine'\n[provides.subcommand.other]\nabout = 'O'\n",
    );
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    assert_eq!(workspace.succeed(&["run"]).stdout, "fine\n");
    let help = workspace.succeed(&["--help"]).stdout;
    assert!(help.contains("\n  other          O [mine]\n"), "{help}");
    assert!(!help.contains("Mine ["), "{help}");
    let listed = workspace.succeed(&["plugin", "list"]).stdout;
    assert!(listed.contains("subcommand/cache (contested), subcommand/other"), "{listed}");
    let refused = workspace.fail(2, &["mine:cache"]).stderr;
    assert!(refused.contains("`cache` is a verb of Purlin itself"), "{refused}");
}

#[test]
fn arguments_are_typed() {
    let workspace = with_plugins("");
    let told = hello(
        &workspace,
        &[
            "six",
            "--tag",
            "a",
            "--times=-3",
            "seven",
            "--tag=b",
            "--speed",
            "slow",
            "--dry-run",
            "--polite=false",
            "--target",
            "out/x",
        ],
    );
    let root = workspace.root().canonicalize().expect("it is there");
    let expected = json!({
        "packages": ["six", "seven"], "times": -3, "speed": "slow", "dry_run": true,
        "polite": false, "tag": ["a", "b"], "target": root.join("out/x"),
    });
    assert_eq!(told["args"], expected);
}

#[test]
fn the_rest_goes_to_what_takes_many() {
    let told = hello(&with_plugins(""), &["--times", "2", "--", "--times", "-x", "--"]);
    assert_eq!(told["args"]["packages"], json!(["--times", "-x", "--"]));
    assert_eq!(told["args"]["times"], json!(2));
}

#[test]
fn mistakes_are_told_as_those_of_built_in_verbs() {
    let workspace = with_plugins("");
    let mut told = String::new();
    for wrong in [
        &[][..],
        &["six", "--times", "x"],
        &["six", "--times", "99999999999999999999"],
        &["six", "--times", "1", "--times", "2"],
        &["six", "--speed", "quick"],
        &["six", "--target="],
        &["six", "--target"],
        &["six", "--dry-run=yes"],
        &["six", "--polite=maybe"],
        &["six", "--dryrun"],
        &["six", "-t"],
        &[""],
    ] {
        told += &workspace.fail(2, &[&["demo-hello"], wrong].concat()).stderr;
    }
    assert_snapshot!(told, @"
    error: the following required arguments were not provided:
      <PACKAGES>...

    Usage: purlin-with-plugins demo-hello <PACKAGES>...

    For more information, try '--help'.
    error: invalid value 'x' for '--times <TIMES>': invalid digit found in string

    For more information, try '--help'.
    error: invalid value '99999999999999999999' for '--times <TIMES>': number too large to fit in target type

    For more information, try '--help'.
    error: the argument '--times <TIMES>' cannot be used multiple times

    Usage: purlin-with-plugins demo-hello [OPTIONS] <PACKAGES>...

    For more information, try '--help'.
    error: invalid value 'quick' for '--speed <SPEED>'
      [possible values: fast, slow]

    For more information, try '--help'.
    error: a value is required for '--target <TARGET>' but none was supplied

    For more information, try '--help'.
    error: a value is required for '--target <TARGET>' but none was supplied

    For more information, try '--help'.
    error: unexpected value 'yes' for '--dry-run' found; no more were expected

    Usage: purlin-with-plugins demo-hello --dry-run <PACKAGES>...

    For more information, try '--help'.
    error: invalid value 'maybe' for '--polite[=<BOOL>]'
      [possible values: true, false]

    For more information, try '--help'.
    error: unexpected argument '--dryrun' found

      tip: a similar argument exists: '--dry-run'

    Usage: purlin-with-plugins demo-hello --dry-run <PACKAGES>...

    For more information, try '--help'.
    error: unexpected argument '-t' found

      tip: to pass '-t' as a value, use '-- -t'

    Usage: purlin-with-plugins demo-hello [OPTIONS] <PACKAGES>...

    For more information, try '--help'.
    error: a value is required for '<PACKAGES>...' but none was supplied

    For more information, try '--help'.
    ");
    let refused = workspace.fail(2, &["demo-hello", "six", "--times", "x", "--json"]);
    let diagnostic: Json = serde_json::from_str(&refused.stderr).expect("it is JSON");
    assert_eq!(diagnostic["diagnostics"][0]["code"], "usage", "{diagnostic}");
}

#[test]
fn global_flags_stand_anywhere() {
    let workspace = with_plugins("");
    workspace.write("below/purlin.toml", "[workspace]\n");
    let below = workspace.path("below").canonicalize().expect("it is there");
    for arguments in [
        &["-C", "below", "--json", "demo-hello", "six"][..],
        &["demo-hello", "-Cbelow", "six", "--json"],
        &["demo-hello", "six", "--directory=below", "--json"],
        &["--json", "demo-hello", "six", "--target", "x", "-C", "below"],
    ] {
        let told = workspace.succeed(arguments).json();
        let expected = json!({ "root": below, "directory": below, "json": true });
        assert_eq!(told["context"], expected, "{arguments:?}");
    }
    // Of a flag behind `--`, and of one that is another option's value, only the parser knows.
    let told = hello(&workspace, &["--tag=-Cbelow", "--", "-C", "below"]);
    assert_eq!(told["context"]["directory"], json!(workspace.root().canonicalize().expect("is")));
    assert_eq!(told["args"]["packages"], json!(["-C", "below"]));
}

#[test]
fn the_status_is_passed_on() {
    let workspace = with_plugins("");
    for (status, code) in [("0", 0), ("7", 7), ("255", 255), ("-9", 137)] {
        workspace.fail(code, &["demo-hello", "six", "--status", status]);
    }
    for status in ["256", "-65"] {
        let failed = workspace.fail(3, &["demo-hello", "six", "--status", status]).stderr;
        assert!(failed.contains("plugin `demo` 1.2.3, call `subcommand/run`"), "{failed}");
    }
}

#[test]
fn a_failure_names_plugin_version_and_call() {
    assert_snapshot!(with_plugins("").fail(3, &["demo-broken"]).stderr, @"
    error: `purlin demo-broken` failed
      --> <bundled>/demo/plugin.toml:24:22
       |
    24 | [provides.subcommand.demo-broken]
       |                      ^^^^^^^^^^^ provided here
       |
       = the sky is gone
         plugin `demo` 1.2.3, call `subcommand/run`
    ");
}

#[test]
fn a_deprecated_verb_says_so_and_works() {
    let finished = with_plugins("").succeed(&["demo-slow"]);
    assert_snapshot!(finished.stderr, @"
    warning: `purlin demo-slow` is deprecated
     |
     = Use `demo-hello`.
    ");
    assert_eq!(finished.json()["args"], json!({}));
}

#[test]
fn a_renamed_verb_is_told_its_own_name() {
    let workspace =
        with_plugins("[plugins.demo]\nrename = { \"subcommand/demo-hello\" = \"hi\" }\n");
    let told = workspace.succeed(&["hi", "six"]).json();
    assert_eq!(told["name"], "demo-hello");
    assert_eq!(workspace.succeed(&["demo:hi", "six"]).json(), told);
    workspace.fail(2, &["demo-hello", "six"]);
}

/// A workspace with a plugin in Python and consent for it.
fn in_python() -> Workspace {
    let workspace = workspace(
        "[commands.a]\nexec = \"echo a $TINT\"\ndeps = [\"in.txt\"]\n[plugins]\npainter = { path = 'painter' }\n",
    )
    .variable("PURLIN_TRUST", "workspace");
    workspace.write("in.txt", "in");
    workspace.write(
        "painter/plugin.toml",
        r#"
[plugin]
name = "painter"
version = "2.0.0"
api = "1"
description = "Paints"
license = "MIT"

[runtime]
kind = "process"
entry = { module = "painter" }

[provides.subcommand.paint]
about = "Paint things"
args = [
  { name = "things", kind = "positional", many = true, about = "Things" },
  { name = "dry-run", kind = "option", type = "bool", about = "Only say so" },
  { name = "on", kind = "option", type = "path", about = "On what" },
]

[[provides.argument]]
on = ["paint"]
name = "thick"
type = "bool"
about = "Twice everything"
edits = ["/args/things"]

[[provides.argument]]
on = ["run"]
name = "tint"
stage = "resolved"
about = "Set TINT"
edits = ["/env"]
"#,
    );
    workspace.write(
        "painter/painter.py",
        r#"
from __future__ import annotations

from purlin import plugin


class PaintArgs(plugin.Config):
    things: tuple[str, ...] = plugin.positional("Things")
    dry_run: bool = plugin.option("Only say so", default=False)
    on: str | None = plugin.option("On what", type="path", default=None)


@plugin.subcommand("paint")
def paint(args: PaintArgs, context: plugin.SubcommandContext) -> int:
    """Paint things"""
    context.output(f"{' '.join(args.things)} {args.dry_run} {args.on} {context.json}\n")
    return 7


@plugin.argument("thick", on=["paint"], edits=["/args/things"])
def thick(value: bool, request: plugin.Data, context: plugin.ArgumentContext) -> list[plugin.Edit]:
    """Twice everything"""
    return [plugin.Edit("/args/things", list(request.args.things) * 2)]


@plugin.argument("tint", on=["run"], edits=["/env"], stage="resolved")
def tint(value: str, request: plugin.Data, context: plugin.ArgumentContext) -> list[plugin.Edit]:
    """Set TINT"""
    return [plugin.Edit(f"/env/{id}/TINT", value) for id in request.instances]
"#,
    );
    workspace
}

#[test]
fn verbs_and_flags_in_python() {
    let workspace = in_python();
    let root = workspace.root().canonicalize().expect("it is there");
    let painted = workspace.fail(7, &["paint", "--on", "x", "--thick", "--", "a", "-b"]);
    assert_eq!(painted.stdout, format!("a -b a -b False {}/x False\n", root.display()));
    let painted = workspace.fail(7, &["paint", "a", "--dry-run", "--json"]);
    assert_eq!(painted.stdout, "a True None True\n");
    for (flags, text) in [(&[][..], "a\n"), (&["--tint", "red"], "a red\n"), (&[], "a\n")] {
        assert_eq!(workspace.succeed(&[&["run"], flags].concat()).stdout, text);
    }
}
