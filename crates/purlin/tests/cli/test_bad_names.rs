//! Names that mean nothing: of tables, commands, types, caches, verbs and flags; and two that are one.

use insta::assert_snapshot;

use crate::workspace;

#[test]
fn an_unknown_section() {
    let workspace = workspace("[command]\nhello = \"echo\"\n[commands]\nfine = \"true\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: nothing reads the table `[command]`
     --> purlin.toml:2:2
      |
    2 | [command]
      |  ^^^^^^^ this table
      |
      = It is neither a core table nor a section that an enabled plugin reads.
      = help: did you mean `commands`?
    ");
    assert_eq!(workspace.run(&["check"]).stderr, workspace.run(&["run"]).stderr);
    workspace.succeed(&["plugin", "list"]);
}

#[test]
fn an_unknown_command() {
    let workspace = workspace(
        r#"
[commands.build]
exec = "true"
[commands.test]
exec = "true"
deps = [{ type = "command", name = "biuld" }, "command:bild"]
hidden = true
"#,
    );
    assert_snapshot!(workspace.fail(2, &["run", "tset", "biuld"]).stable_stderr(), @"
    error: there is no command `tset`
     |
     = help: did you mean `test`?

    error: there is no command `biuld`
     |
     = help: did you mean `build`?
    ");
    assert_snapshot!(workspace.fail(2, &["run", "test"]).stable_stderr(), @r#"
    error: there is no command `biuld`
     --> purlin.toml:7:9
      |
    7 | deps = [{ type = "command", name = "biuld" }, "command:bild"]
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ named here
      |
      = help: did you mean `build`?

    error: there is no command `bild`
     --> purlin.toml:7:47
      |
    7 | deps = [{ type = "command", name = "biuld" }, "command:bild"]
      |                                               ^^^^^^^^^^^^^^ named here
      |
      = help: did you mean `build`?
    "#);
    assert_eq!(workspace.fail(2, &["check"]).stderr, workspace.fail(2, &["run", "test"]).stderr);
    workspace.succeed(&["run"]);
    assert_snapshot!(workspace.fail(2, &["run", "--why", "tset"]).stable_stderr(), @"
    error: there is no command `tset`
     |
     = help: did you mean `test`?
    ");
    assert_snapshot!(
        workspace.fail(2, &["run", "--ls", "zzz", "--json"]).stable_stderr(),
        @r#"{"diagnostics":[{"code":"unknown-command","detail":"","help":"commands: `build`, `test`","labels":[{"column":1,"file":"<command line>","line":1,"text":"named here"}],"severity":"error","summary":"there is no command `zzz`"}]}"#
    );
}

#[test]
fn a_workspace_without_commands() {
    let workspace = workspace("");
    assert_snapshot!(workspace.succeed(&["run"]).stable_stderr(), @"nothing to run · [SECONDS]");
    assert_snapshot!(workspace.fail(2, &["run", "build"]).stable_stderr(), @"
    error: there is no command `build`
     |
     = help: this workspace has no commands: add `[commands]` to purlin.toml
    ");
}

#[test]
fn a_dependency_on_a_package() {
    let workspace = workspace(
        "[commands]\na = { exec = 'true', deps = ['package:zlib'] }\nb = { exec = 'true', deps = [{ type = 'package', request = 'zlib-1' }] }",
    );
    let failed = workspace.fail(2, &["run"]).stable_stderr();
    // What the machine has is suggested, and differs.
    for told in [
        "error: the packages that are asked for cannot be had\n --> purlin.toml:3:30",
        "= No repository has a package `zlib`: `zlib` is asked for by a command.",
        "error: the packages that are asked for cannot be had\n --> purlin.toml:4:30",
        "= No repository has a package `zlib`: `zlib-1` is asked for by a command.",
    ] {
        assert!(failed.contains(told), "{told}\nis not in\n{failed}");
    }
}

#[test]
fn an_unknown_dependency_type() {
    let workspace = workspace(
        r#"
[commands.build]
exec = "true"
deps = [
  { type = "golb", pattern = "src/**" },
  { type = "variable", nmae = "HOME" },
  { type = "none:glob" },
  { type = "nobody:glob" },
]
[commands.untyped]
exec = "true"
deps = [{ pattern = "src/**" }]
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `/commands/untyped/deps/0/type` is missing
      --> purlin.toml:13:9
       |
    13 | deps = [{ pattern = "src/**" }]
       |         ^^^^^^^^^^^^^^^^^^^^^^ this table needs `type`, a string
       |
       = help: A dependency type: a feature at the `dependency` point.

    error: there is no dependency type `golb`
     --> purlin.toml:6:12
      |
    6 |   { type = "golb", pattern = "src/**" },
      |            ^^^^^^ named here
      |
      = help: did you mean `glob`?

    error: unknown field `/nmae`
     --> purlin.toml:7:24
      |
    7 |   { type = "variable", nmae = "HOME" },
      |                        ^^^^ not a field of this table
      |
      = help: did you mean `name`?

    error: `/name` is missing
     --> purlin.toml:7:3
      |
    7 |   { type = "variable", nmae = "HOME" },
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this table needs `name`, a string
      |
      = help: Its name. A variable that is not set differs from one that is empty.

    error: the plugin `none` has no dependency type `glob`
     --> purlin.toml:8:12
      |
    8 |   { type = "none:glob" },
      |            ^^^^^^^^^^^ named here
      |
      = help: did you mean `glob`?

    error: there is no plugin `nobody`
     --> purlin.toml:9:12
      |
    9 |   { type = "nobody:glob" },
      |            ^^^^^^^^^^^^^ named here
      |
      = help: plugins: `active`, `cargo`, `cmake`, `command`, `const`, `folder`, `folders`, `glob`, `host`, `load`, `local`, `none` and 5 more
    "#);
}

#[test]
fn an_unknown_cache() {
    let workspace = workspace(
        r#"
[caches.team]
type = "lokal"
[caches.fast]
type = "local"
size = 3
[commands.build]
exec = "true"
deps = ["a"]
cache = "teem"
[commands.test]
exec = "true"
deps = ["a"]
cache = "team"
[commands.docs]
exec = "true"
deps = ["a"]
cache = "fast"
"#,
    );
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: there is no cache `teem`
      --> purlin.toml:11:9
       |
    11 | cache = "teem"
       |         ^^^^^^ named here
       |
       = help: did you mean `team`?

    error: there is no cache type `lokal`
     --> purlin.toml:4:8
      |
    4 | type = "lokal"
      |        ^^^^^^^ named here
      |
      = help: did you mean `local`?

    error: unknown field `/size`
     --> purlin.toml:7:1
      |
    7 | size = 3
      | ^^^^ not a field of this table
    "#);
}

#[test]
fn unknown_verbs_and_flags() {
    let workspace = workspace("");
    assert_snapshot!(workspace.fail(2, &["rum"]).stable_stderr(), @"
    error: there is no verb `rum`
     |
     = Neither Purlin nor a plugin on the search path has it.
     = help: did you mean `run`?
    ");
    assert_snapshot!(workspace.fail(2, &["frobnicate", "--all"]).stable_stderr(), @r"
    error: there is no verb `frobnicate`
     |
     = Neither Purlin nor a plugin on the search path has it.
     = help: verbs: `app`, `build`, `cache`, `check`, `completions`, `exec`, `explain`, `graph`, `init`, `plugin`, `run`, `shell` and 1 more
    ");
    assert_snapshot!(workspace.fail(2, &["run", "--forse"]).stable_stderr(), @"
    error: unexpected argument '--forse' found

      tip: a similar argument exists: '--force'

    Usage: purlin run --force [NAME]...

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.fail(2, &["run", "--forse", "--json"]).stable_stderr(), @r#"{"diagnostics":[{"code":"usage","detail":"  tip: a similar argument exists: '--force'\nUsage: purlin run --force [NAME]...\nFor more information, try '--help'.","help":"","labels":[],"severity":"error","summary":"unexpected argument '--forse' found"}]}"#);
    assert_snapshot!(workspace.fail(2, &["run", "-n", "0"]).stable_stderr(), @"
    error: invalid value '0' for '--jobs <N>': 0 is not in 1..=65535

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.fail(2, &["plugin", "lsit"]).stable_stderr(), @"
    error: unrecognized subcommand 'lsit'

      tip: a similar subcommand exists: 'list'

    Usage: purlin plugin [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.fail(2, &["plugin", "info", "golb"]).stable_stderr(), @"
    error: there is no plugin `golb`
     |
     = help: did you mean `glob`?
    ");
    assert_snapshot!(workspace.fail(2, &["-C", "nowhere", "run"]).stable_stderr(), @"
    error: there is no folder nowhere
     |
     = No such file or directory (os error 2)
     = help: -C names the folder to work in
    ");
}

#[test]
fn verbs_that_are_not_built_yet_are_refused_by_name() {
    let workspace = workspace("");
    assert_snapshot!(workspace.fail(2, &["deploy"]).stable_stderr(), @"
    error: `purlin deploy` is not supported by this version of Purlin
     |
     = help: `purlin --help` lists what there is
    ");
    for verb in ["view", "env", "schema"] {
        let failed = workspace.fail(2, &[verb, "--anything", "else"]);
        let named = format!("`purlin {verb}` is not supported by this version of Purlin");
        assert!(failed.stderr.contains(&named), "{failed}");
    }
    let instead = "`purlin shell` enters a shell with packages";
    let failed = workspace.fail(2, &["env", "python-3"]);
    assert!(failed.stderr.contains(instead), "{failed}");
}

#[test]
fn tables_that_are_not_built_yet_are_refused_by_name() {
    let workspace = workspace("[providers.main]\nplugin = \"a\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: the table `[providers]` is not supported by this version of Purlin
     --> purlin.toml:2:2
      |
    2 | [providers.main]
      |  ^^^^^^^^^ written here
      |
      = The name is reserved; it is refused so that it is never silently ignored.
      = help: take it out
    "#);
    for table in ["providers", "deployments"] {
        workspace.write("purlin.toml", format!("[workspace]\n[{table}]\nx = 1\n"));
        let failed = workspace.fail(2, &["run"]);
        let named = format!("the table `[{table}]` is not supported by this version of Purlin");
        assert!(failed.stderr.contains(&named), "{failed}");
    }
}

#[test]
fn names_that_fold_alike() {
    let workspace = workspace(
        r#"
[commands.lint_all]
exec = "true"
[commands.lint-all]
exec = "false"
[commands.fine]
exec = "true"
cache_when = "failed"
cache-when = "success"
"#,
    );
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: `/commands/fine/cache-when` is written twice
      --> purlin.toml:10:1
       |
     9 | cache_when = "failed"
       | ---------- first here
    10 | cache-when = "success"
       | ^^^^^^^^^^ again here
       |
       = help: `-` and `_` are one character in names; remove one of the two

    error: two commands are both `lint-all`
     --> purlin.toml:5:11
      |
    3 | [commands.lint_all]
      |           -------- and this one
    4 | exec = "true"
    5 | [commands.lint-all]
      |           ^^^^^^^^ this one
      |
      = `-` and `_` are the same in names.
      = help: rename one of them
    "#);
    // Either spelling finds a command.
    workspace.write("purlin.toml", "[workspace]\n[commands]\nlint_all = \"echo linted\"\n");
    assert_eq!(workspace.succeed(&["run", "lint-all"]).stdout, "linted\n");
    assert_eq!(workspace.succeed(&["run", "lint_all"]).stdout, "linted\n");
}
