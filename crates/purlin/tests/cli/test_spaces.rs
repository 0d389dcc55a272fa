//! `[spaces]`: what commands run in, and modules

use insta::assert_snapshot;

use crate::workspace;

#[test]
fn the_files_of_one_space_reach_no_other() {
    let workspace = workspace(
        r#"
[spaces.one]
dotenv = "one.env"
[spaces.two]
dotenv = ["two.env", { path = "mine.env", optional = true }]
[commands.a]
exec = "echo a ${COLOR-none} ${ONLY-none}"
space = "one"
[commands.b]
exec = "echo b ${COLOR-none} ${ONLY-none}"
space = "two"
[commands.c]
exec = "echo c ${COLOR-none} ${ONLY-none}"
"#,
    );
    workspace.write("one.env", "COLOR=red # of one\nONLY='one'\n");
    workspace.write("two.env", "export COLOR=\"blue\"\n");
    let seen = workspace.succeed(&["run", "-n", "1"]).stdout;
    assert_eq!(seen, "a red one\nb blue none\nc none none\n");
    workspace.write("mine.env", "COLOR=${COLOR}ish\n");
    assert_eq!(workspace.succeed(&["run", "b"]).stdout, "b blueish none\n");
}

#[test]
fn the_values_of_files_are_in_the_key_and_below_env() {
    let workspace = workspace(
        r#"
[defaults]
dotenv = "default.env"
[spaces.main]
dotenv = ".env"
[spaces.bare]
dotenv = []
[commands.a]
exec = "echo $A $B $C >>ran"
deps = [{ type = "const", value = 1 }]
space = "main"
env = { B = "own" }
[commands.b]
exec = "echo $A $B $C"
[commands.c]
exec = "echo $A $B $C"
space = "bare"
"#,
    );
    workspace.write("default.env", "C=default\n");
    workspace.write(".env", "A=1\nB=2\n");
    let seen = workspace.succeed(&["run", "-n", "1"]).stdout;
    assert_eq!((workspace.read("ran").as_str(), seen.as_str()), ("1 own\n", "default\n\n"));
    workspace.write(".env", "# as before\nA='1'\n");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("ran"), 1);
    workspace.write(".env", "A=2\n");
    let why = workspace.succeed(&["run", "--why", "a"]).stdout;
    assert!(why.contains("env A"), "{why}");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("ran"), 2);
}

#[test]
fn missing_and_wrong_files_are_told_without_their_content() {
    let workspace = workspace(
        r#"
[spaces.one]
dotenv = ["gone.env", "wrong.env", "../out.env"]
[commands.a]
exec = "true"
space = "one"
[commands.b]
exec = "true"
space = "one"
[commands.c]
exec = "true"
"#,
    );
    workspace.write("wrong.env", "A=1\nsecret 'x\n");
    workspace.succeed(&["run", "c"]);
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: there is no gone.env
     --> purlin.toml:4:11
      |
    4 | dotenv = ["gone.env", "wrong.env", "../out.env"]
      |           ^^^^^^^^^^ named here
      |
      = help: make it, or write `{ path = "gone.env", optional = true }`

    error: line 2 of wrong.env sets no variable
     --> purlin.toml:4:23
      |
    4 | dotenv = ["gone.env", "wrong.env", "../out.env"]
      |                       ^^^^^^^^^^^ named here
      |
      = There is no `=`.
      = help: lines are `NAME=value`

    error: the path leads out of the workspace
     --> purlin.toml:4:36
      |
    4 | dotenv = ["gone.env", "wrong.env", "../out.env"]
      |                                    ^^^^^^^^^^^^ this path
      |
      = help: paths are relative to the workspace's root
    "#);
}

#[test]
fn what_is_wrong_with_spaces_is_told_at_once() {
    let workspace = workspace(
        r#"
[spaces.docs]
root = "/docs"
modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
[spaces.one]
modules = ["src/a_b", { type = "space", name = "two" }]
fence = ["lib", { type = "space", name = "thre" }]
[spaces.two]
modules = ["src/a-b", { type = "space", name = "one" }]
[spaces.three]
module = ["a"]
[spaces.five]
root = "src"
[spaces.six]
root = "./src/"
[spaces.Four]
[commands.a]
exec = "true"
space = "dosc"
[commands.b]
exec = "true"
space = "three"
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: unknown field `/spaces/three/module`
      --> purlin.toml:12:1
       |
    12 | module = ["a"]
       | ^^^^^^ not a field of this table
       |
       = help: did you mean `modules`?

    error: the path leads out of the workspace
     --> purlin.toml:4:8
      |
    4 | root = "/docs"
      |        ^^^^^^^ this path
      |
      = help: paths are relative to the workspace's root

    error: a module needs a name
     --> purlin.toml:5:38
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |                                      ^^^^^ this module
      |
      = White space, `@`, `#` and `?` cannot stand in the name of a module.
      = help: write `{ name = "…", path = "x" }`

    error: a module needs its path
     --> purlin.toml:5:59
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |                                                           ^^^^^^^^^^^^^^ this module
      |
      = help: write `{ name = "…", path = "…" }`

    error: a module needs a name
     --> purlin.toml:5:75
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |                                                                           ^^^ this module
      |
      = A module without a name has that of its path, and the root has none.
      = help: write `{ name = "…", path = "." }`

    error: the path leads out of the workspace
     --> purlin.toml:5:80
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |                                                                                ^^^^^^ this path
      |
      = help: paths are relative to the workspace's root

    error: two spaces have the same root
      --> purlin.toml:16:8
       |
    14 | root = "src"
       |        ----- and this one
    15 | [spaces.six]
    16 | root = "./src/"
       |        ^^^^^^^^ this one
       |
       = Standing in the root of a space selects it.
       = help: take one of them out

    error: `Four` cannot be the name of a space
      --> purlin.toml:17:9
       |
    17 | [spaces.Four]
       |         ^^^^ this name
       |
       = Names are lower-case letters, digits and dashes, and begin with a letter.

    error: there is no space `thre`
     --> purlin.toml:8:42
      |
    8 | fence = ["lib", { type = "space", name = "thre" }]
      |                                          ^^^^^^ named here
      |
      = help: spaces: `docs`, `five`, `one`, `six`, `two`

    error: spaces take their modules from each other in a circle: one -> two -> one
      --> purlin.toml:10:48
       |
    10 | modules = ["src/a-b", { type = "space", name = "one" }]
       |                                                ^^^^^ the circle closes here
       |
       = help: take one of these references out

    error: two modules of the space `docs` are both `docs`
     --> purlin.toml:5:20
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |            ------  ^^^^^^^ this one
      |            |
      |            and this one
      |
      = A module without a name has that of its path; `-` and `_` are the same in names.
      = help: give one of them another name: `{ name = "…", path = "…" }`

    error: two modules of the space `two` are both `src/a_b`
      --> purlin.toml:7:12
       |
     7 | modules = ["src/a_b", { type = "space", name = "two" }]
       |            ^^^^^^^^^ this one
    ...
    10 | modules = ["src/a-b", { type = "space", name = "one" }]
       |            --------- and this one
       |
       = A module without a name has that of its path; `-` and `_` are the same in names.
       = help: give one of them another name: `{ name = "…", path = "…" }`

    error: two modules of the space `one` are both `src/a-b`
      --> purlin.toml:10:12
       |
     7 | modules = ["src/a_b", { type = "space", name = "two" }]
       |            --------- and this one
    ...
    10 | modules = ["src/a-b", { type = "space", name = "one" }]
       |            ^^^^^^^^^ this one
       |
       = A module without a name has that of its path; `-` and `_` are the same in names.
       = help: give one of them another name: `{ name = "…", path = "…" }`

    error: there is no space `dosc`
      --> purlin.toml:20:9
       |
    20 | space = "dosc"
       |         ^^^^^^ named here
       |
       = help: did you mean `docs`?

    warning: there is no file or folder docs
     --> purlin.toml:5:12
      |
    5 | modules = ["docs", "docs/", { name = "a b", path = "x" }, { name = "x" }, ".", "../y"]
      |            ^^^^^^ this module
      |
      = help: paths of modules are relative to the workspace's root

    warning: there is no file or folder src/a_b
     --> purlin.toml:7:12
      |
    7 | modules = ["src/a_b", { type = "space", name = "two" }]
      |            ^^^^^^^^^ this module
      |
      = help: paths of modules are relative to the workspace's root

    warning: there is no file or folder src/a-b
      --> purlin.toml:10:12
       |
    10 | modules = ["src/a-b", { type = "space", name = "one" }]
       |            ^^^^^^^^^ this module
       |
       = help: paths of modules are relative to the workspace's root
    "#);
}

#[test]
fn the_space_is_listed() {
    let workspace = workspace(
        "[spaces.main]\n[commands.a]\nexec = 'true'\nspace = 'main'\n[commands]\nb = 'true'\n",
    );
    let listed = workspace.succeed(&["run", "--ls", "--json"]).json();
    let spaces: Vec<_> = listed["instances"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|one| (one["space"].as_str(), one["module"].as_str()))
        .collect();
    assert_eq!(spaces, [(Some("main"), None), (None, None)]);
}
