//! Keys and values that cannot be, and commands that cannot be together.

use insta::assert_snapshot;

use crate::workspace;

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
