//! Commands with arguments

use insta::assert_snapshot;

use crate::workspace;

const COMMANDS: &str = r#"
[commands.test]
exec = "echo python {args.python} {args.more_flags}"
args = { python = { default = "3.11" }, more-flags = { default = "" } }
[commands.pack]
exec = "echo {args.out} >>packed"
args = { out = { required = true } }
deps = [{ type = "const", value = "{args.out}" }]
[commands.all]
exec = "true"
deps = ["command:test?python=3.12", { type = "command", name = "pack?out=a b&c" }]
hidden = true
"#;

#[test]
fn arguments_are_in_the_id_and_in_the_texts() {
    let workspace = workspace(&COMMANDS.replace("a b&c", "a b%26c"));
    assert_eq!(workspace.succeed(&["run"]).stdout, "python 3.11\n");
    let given = workspace.succeed(&["run", "test?python=3.9&more_flags=-x"]);
    assert_eq!(given.stdout, "python 3.9 -x\n");
    let listed = workspace.succeed(&["run", "--ls", "--json", "all"]).json();
    let ids: Vec<&str> = listed["instances"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|one| one["id"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(ids, ["test?more-flags=&python=3.12", "pack?out=a%20b%26c", "all"]);
    assert_eq!(listed["instances"][1]["args"]["out"], "a b&c");
    workspace.succeed(&["run", "pack?out=x", "pack?out=y"]);
    workspace.succeed(&["run", "pack?out=x"]);
    assert_eq!(workspace.lines("packed"), 2, "each instance has results of its own");
}

#[test]
fn wrong_and_missing_arguments_are_told() {
    let workspace = workspace(COMMANDS);
    let words = ["run", "test?pyhton=1", "pack", "pack?out=1&out=2", "test?x", "all"];
    assert_snapshot!(workspace.fail(2, &words).stable_stderr(), @"
    error: `test` has no argument `pyhton`
     |
     = help: did you mean `python`?

    error: `pack` needs the argument `out`
     --> purlin.toml:8:10
      |
    8 | args = { out = { required = true } }
      |          --- required here
      |
      = help: name it as `pack?out=VALUE`

    error: the argument `out` is given twice

    error: `x` in `test?x` gives no argument
     |
     = help: arguments are given as `NAME?ARG=VALUE&OTHER=VALUE`, with `%26` for `&` and `%25` for `%` in values
    ");
    let long = format!("pack?out={}", "x".repeat(2000));
    let failed = workspace.fail(2, &["run", &long]);
    assert!(failed.stderr.contains("longer than 1024 bytes"), "{failed}");
}

#[test]
fn declarations_and_references_are_checked() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "true {args.x} {args.on}"
args = { one = { default = "1", required = true }, A = {} }
[commands.typo]
exec = "true"
args = { two = { defualt = "" } }
[commands.b]
exec = "true {args.x}"
[commands.c]
exec = "true {args.y}"
args = { x = { required = true }, y = {} }
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: unknown field `/commands/typo/args/two/defualt`
     --> purlin.toml:8:18
      |
    8 | args = { two = { defualt = "" } }
      |                  ^^^^^^^ not a field of this table
      |
      = help: did you mean `default`?

    error: the argument `one` is required and has a default
     --> purlin.toml:5:10
      |
    5 | args = { one = { default = "1", required = true }, A = {} }
      |          ^^^ this argument
      |
      = help: take out `required` or `default`

    error: `A` cannot be the name of an argument
     --> purlin.toml:5:52
      |
    5 | args = { one = { default = "1", required = true }, A = {} }
      |                                                    ^ this name
      |
      = Names are lower-case letters, digits and dashes, and begin with a letter.

    error: `{args.x}` is no argument of this command
     --> purlin.toml:4:8
      |
    4 | exec = "true {args.x} {args.on}"
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^ in this text
      |
      = help: arguments: `one`

    error: `{args.x}` is no argument of this command
      --> purlin.toml:10:8
       |
    10 | exec = "true {args.x}"
       |        ^^^^^^^^^^^^^^^ in this text
       |
       = help: declare it: `args = { x = { default = "…" } }`
    "#);
}

#[test]
fn an_argument_without_a_value_stops_only_who_needs_it() {
    let workspace = workspace(
        r#"
[commands.fine]
exec = "echo fine"
[commands.text]
exec = "echo text {args.x}"
args = { x = {} }
[commands.dep]
exec = "echo dep"
args = { file = {} }
deps = ["src/{args.file}"]
[commands.partly]
exec = "echo partly $LEVEL"
args = { level = {} }
env = { LEVEL = "level {args.level}" }
[commands.wholly]
exec = "echo wholly ${LEVEL-none}"
args = { level = {} }
env = { LEVEL = "{args.level}" }
[commands.needs-text]
exec = "true"
deps = ["command:text"]
hidden = true
"#,
    );
    let listed = crate::test_narrow::listed(&workspace, &[]);
    assert_eq!(listed, ["fine", "wholly"]);
    assert_eq!(workspace.succeed(&["run", "-n", "1"]).stdout, "fine\nwholly none\n");
    assert_eq!(workspace.succeed(&["run", "text?x=1"]).stdout, "text 1\n");
    assert_eq!(workspace.succeed(&["run", "partly?level=2"]).stdout, "partly level 2\n");
    for needs in ["text", "dep", "partly", "needs-text"] {
        let failed = workspace.fail(2, &["run", needs]).stderr;
        assert!(failed.contains("it is neither required nor has a default"), "{failed}");
    }
    let declared = crate::workspace(
        "[commands.dep]\nexec = 'echo {args.file}'\nargs = { file = {} }\ndeps = ['src/{args.file}']\n\
         [commands.needs]\nexec = 'echo'\nargs = { file = { required = true } }\ndeps = ['src/{args.file}']\n",
    );
    let checked = declared.succeed(&["check"]);
    assert_eq!((&*checked.stdout, &*checked.stderr), ("2 commands, no errors\n", ""));
    // Where everything is looked at, the only mistake is to name one without what it needs.
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `{args.x}` has no value
     --> purlin.toml:6:8
      |
    6 | exec = "echo text {args.x}"
      |        ^^^^^^^^^^^^^^^^^^^^ in this text
    7 | args = { x = {} }
      |          - it is neither required nor has a default
      |
      = help: write `x = { required = true }`, or give it a `default`
    "#);
}
