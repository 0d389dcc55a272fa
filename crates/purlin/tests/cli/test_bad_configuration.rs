use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use insta::assert_snapshot;

use crate::{folder, workspace};

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
fn unknown_keys_and_wrong_values() {
    let workspace = workspace(
        r#"
[workspace]
nam = "x"
[defaults]
cash = "local"
cache-when = "sometimes"
[commands.build]
exce = "true"
[commands.both]
exec = "true"
argv = ["true"]
[commands.empty]
argv = []
[commands.test]
exec = 3
deps = "src/**"
timeout = "soon"
hidden = "no"
cache_when = "allways"
env = { A = 1, B = false }
[commands."a b"]
exec = "true"
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: unknown field `/workspace/nam`
     --> purlin.toml:3:1
      |
    3 | nam = "x"
      | ^^^ not a field of this table
      |
      = help: did you mean `name`?

    error: unknown field `/defaults/cash`
     --> purlin.toml:5:1
      |
    5 | cash = "local"
      | ^^^^ not a field of this table
      |
      = help: did you mean `cache`?

    error: `/defaults/cache-when` must be `success`, `failed`, `finished` or `always`
     --> purlin.toml:6:14
      |
    6 | cache-when = "sometimes"
      |              ^^^^^^^^^^^ this is `sometimes`

    error: unknown field `/commands/build/exce`
     --> purlin.toml:8:1
      |
    8 | exce = "true"
      | ^^^^ not a field of this table
      |
      = help: did you mean `exec`?

    error: `/commands/test/exec` must be a string
      --> purlin.toml:15:8
       |
    15 | exec = 3
       |        ^ this is an integer

    error: `/commands/test/deps` must be a list
      --> purlin.toml:16:8
       |
    16 | deps = "src/**"
       |        ^^^^^^^^ this is a string

    error: `/commands/test/timeout` must match `^[1-9][0-9]*(ms|s|m|h)$`
      --> purlin.toml:17:11
       |
    17 | timeout = "soon"
       |           ^^^^^^ this is `soon`
       |
       = help: A number with its unit: `500ms`, `90s`, `5m` or `1h`.

    error: `/commands/test/hidden` must be a boolean
      --> purlin.toml:18:10
       |
    18 | hidden = "no"
       |          ^^^^ this is a string

    error: `/commands/test/cache-when` must be `success`, `failed`, `finished` or `always`
      --> purlin.toml:19:14
       |
    19 | cache_when = "allways"
       |              ^^^^^^^^^ this is `allways`
       |
       = help: did you mean `always`?

    error: `/commands/test/env/A` must be a boolean or a string
      --> purlin.toml:20:13
       |
    20 | env = { A = 1, B = false }
       |             ^ this is an integer

    error: `/commands/test/env/B` must be `true`
      --> purlin.toml:20:20
       |
    20 | env = { A = 1, B = false }
       |                    ^^^^^ this is `false`

    error: the command `both` has both `exec` and `argv`
     --> purlin.toml:9:11
      |
    9 | [commands.both]
      |           ^^^^ this command
      |
      = help: give it `exec = "…"` (for the shell) or `argv = ["…"]` (without one)

    error: `a b` cannot be the name of a command
      --> purlin.toml:21:11
       |
    21 | [commands."a b"]
       |           ^^^^^ this name
       |
       = Names are lower-case letters, digits and dashes, and begin with a letter.

    error: the command `empty` has an empty `argv`
      --> purlin.toml:12:11
       |
    12 | [commands.empty]
       |           ^^^^^ this command
       |
       = help: its first element is the program
    "#);
}

#[test]
fn mistakes_that_only_the_second_look_finds() {
    let workspace = workspace(
        r#"
[commands.build]
exec = "echo {root.x} {args.y}"
[commands."a b"]
exec = "true"
[commands.both]
exec = "true"
argv = ["true"]
[commands.nothing]
deps = ["a"]
[commands.empty]
argv = []
[commands.away]
exec = "true"
cwd = "../elsewhere"
[commands.pattern]
exec = "true"
deps = ["../a", "[a"]
artifacts = ["/etc/passwd"]
[commands.variables]
exec = "true"
env = { A = "{env.PURLIN_TEST_UNSET}", "B=C" = "1" }
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `a b` cannot be the name of a command
     --> purlin.toml:5:11
      |
    5 | [commands."a b"]
      |           ^^^^^ this name
      |
      = Names are lower-case letters, digits and dashes, and begin with a letter.

    error: the command `both` has both `exec` and `argv`
     --> purlin.toml:7:11
      |
    7 | [commands.both]
      |           ^^^^ this command
      |
      = help: give it `exec = "…"` (for the shell) or `argv = ["…"]` (without one)

    error: the command `nothing` has nothing to run
      --> purlin.toml:10:11
       |
    10 | [commands.nothing]
       |           ^^^^^^^ this command
       |
       = help: give it `exec = "…"` (for the shell) or `argv = ["…"]` (without one)

    error: "B=C" cannot be the name of a process variable
      --> purlin.toml:23:40
       |
    23 | env = { A = "{env.PURLIN_TEST_UNSET}", "B=C" = "1" }
       |                                        ^^^^^ this name

    error: `{root.x}` is not a reference
     --> purlin.toml:4:8
      |
    4 | exec = "echo {root.x} {args.y}"
      |        ^^^^^^^^^^^^^^^^^^^^^^^^ in this text
      |
      = help: write `{root}`

    error: the command `empty` has an empty `argv`
      --> purlin.toml:12:11
       |
    12 | [commands.empty]
       |           ^^^^^ this command
       |
       = help: its first element is the program

    error: the path leads out of the workspace
      --> purlin.toml:16:7
       |
    16 | cwd = "../elsewhere"
       |       ^^^^^^^^^^^^^^ this path
       |
       = help: paths are relative to the workspace's root

    error: the process variable `PURLIN_TEST_UNSET` is not set
      --> purlin.toml:23:13
       |
    23 | env = { A = "{env.PURLIN_TEST_UNSET}", "B=C" = "1" }
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^ this text refers to it
       |
       = help: set `PURLIN_TEST_UNSET`, or take `{env.PURLIN_TEST_UNSET}` out
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
fn all_syntax_errors_at_once() {
    let workspace = workspace(
        "[commands]\nbuild = \"true\ntest = true'\n[caches\nx = {\n[commands]\ntest = \"a\"\n",
    );
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: the file is not valid TOML
     --> purlin.toml:3:14
      |
    3 | build = "true
      |              ^ invalid basic string, expected `"`

    error: the file is not valid TOML
     --> purlin.toml:4:8
      |
    4 | test = true'
      |        ^^^^^ invalid boolean, expected `true`

    error: the file is not valid TOML
     --> purlin.toml:5:8
      |
    5 | [caches
      |        ^ unclosed table, expected `]`

    error: the file is not valid TOML
     --> purlin.toml:7:1
      |
    7 | [commands]
      | ^ missing key for inline table element, expected key

    error: the file is not valid TOML
     --> purlin.toml:8:11
      |
    8 | test = "a"
      |           ^ unclosed inline table, expected `}`
    "#);
    assert_snapshot!(workspace.fail(2, &["check", "--json"]).stable_stdout(), @r#"{"diagnostics":[{"code":"toml-syntax","detail":"","help":"","labels":[{"column":14,"file":"purlin.toml","line":3,"text":"invalid basic string, expected `\"`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":8,"file":"purlin.toml","line":4,"text":"invalid boolean, expected `true`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":8,"file":"purlin.toml","line":5,"text":"unclosed table, expected `]`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":1,"file":"purlin.toml","line":7,"text":"missing key for inline table element, expected key"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":11,"file":"purlin.toml","line":8,"text":"unclosed inline table, expected `}`"}],"severity":"error","summary":"the file is not valid TOML"}]}"#);
}

#[test]
fn a_file_that_is_not_utf8() {
    let workspace = folder();
    workspace.write("purlin.toml", b"[workspace]\nname = \"caf\xe9\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: purlin.toml is not UTF-8
     |
     = There is a byte on line 2 that is no character.
     = help: save the file as UTF-8
    ");
    workspace.write("sub/x", "");
    assert_snapshot!(workspace.fail(2, &["-C", "sub", "run"]).stable_stderr(), @"
    error: ../purlin.toml is not UTF-8
     |
     = There is a byte on line 2 that is no character.
     = help: save the file as UTF-8
    ");
}

#[test]
fn a_file_that_is_no_file() {
    let workspace = folder();
    fs::create_dir(workspace.path("purlin.toml")).unwrap();
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: [TEST]/workspace/purlin.toml cannot be read
     |
     = It is a folder, not a file.
    ");
}

#[test]
fn a_workspace_whose_path_is_no_text() {
    let workspace = folder();
    let path = workspace.base().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&path).unwrap();
    fs::write(path.join("purlin.toml"), "[workspace]\n[commands]\na = \"true\"\n").unwrap();
    let mut command = workspace.command(&["run"]);
    assert_snapshot!(workspace.finish(command.current_dir(&path)).stable_stderr(), @"
    error: the path of the workspace is not UTF-8
     |
     = It is [TEST]/caf�, and `{root}` in `purlin.toml` stands for it.
     = help: move the workspace to a folder whose name is text
    ");
}

#[test]
fn no_workspace() {
    let workspace = folder();
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: there is no workspace here
     |
     = Neither [TEST]/workspace nor a folder above it has a purlin.toml with `[workspace]`.
     = help: `purlin init` makes this folder one
    ");
    // A module's file makes no workspace.
    workspace.write("purlin.toml", "[commands]\na = \"true\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: there is no workspace here
     |
     = Neither [TEST]/workspace nor a folder above it has a purlin.toml with `[workspace]`.
     = help: `purlin init` makes this folder one
    ");
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

#[test]
fn circles_are_rejected_by_name() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "true"
deps = ["command:b"]
[commands.b]
exec = "true"
deps = [{ type = "command", name = "c" }]
[commands.c]
exec = "true"
deps = ["command:a"]
[commands.own]
exec = "true"
deps = ["command:own"]
hidden = true
"#,
    );
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: commands depend on each other in a circle: a -> b -> c -> a
      --> purlin.toml:5:9
       |
     5 | deps = ["command:b"]
       |         ^^^^^^^^^^^ `a` depends on `b`
    ...
     8 | deps = [{ type = "command", name = "c" }]
       |         -------------------------------- `b` depends on `c`
    ...
    11 | deps = ["command:a"]
       |         ----------- `c` depends on `a`
       |
       = help: take one of these dependencies out
    "#);
    assert_snapshot!(workspace.fail(2, &["run", "own"]).stable_stderr(), @r#"
    error: commands depend on each other in a circle: own -> own
      --> purlin.toml:14:9
       |
    14 | deps = ["command:own"]
       |         ^^^^^^^^^^^^^ `own` depends on `own`
       |
       = help: take one of these dependencies out
    "#);
}

#[test]
fn included_files_count_as_if_they_stood_in_the_workspaces_file() {
    let workspace = workspace("[include]\nfiles = [\"ci/*.toml\"]\n[commands]\nown = \"true\"\n");
    workspace.write("ci/lint.toml", "[commands]\nlint = \"echo included\"\n");
    assert!(workspace.succeed(&["run", "lint"]).stdout.contains("included"));
    workspace.write("ci/more.toml", "[commands]\nown = \"false\"\n");
    assert_snapshot!(workspace.fail(2, &["run", "lint"]).stable_stderr(), @r#"
    error: `own` is written in two files
     --> ci/more.toml:2:1
      |
    2 | own = "false"
      | ^^^ again here
      |
     ::: purlin.toml:5:1
      |
    5 | own = "true"
      | --- first here
      |
      = help: take one of the two out
    "#);
    workspace.write("purlin.toml", "[workspace]\n[include]\nfiles = \"ci/*.toml\"\n");
    let failed = workspace.fail(2, &["run"]);
    assert!(failed.stderr.contains("`/include/files` must be a list"), "{failed}");
}
