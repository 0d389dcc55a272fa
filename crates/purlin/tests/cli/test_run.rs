use crate::workspace;

#[test]
fn the_second_run_does_nothing() {
    let workspace = workspace(
        r#"
[commands.count]
exec = "echo run >> runs; cat src/a.txt > out.txt"
deps = ["src/**"]
artifacts = ["out.txt"]
"#,
    );
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    workspace.write("src/a.txt", "two");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (2, "two"));
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (2, "one"));
}

#[test]
fn two_commands_cannot_write_the_same_path() {
    let workspace = workspace(
        r#"
[commands.one]
exec = "mkdir -p out; echo one > out/a"
artifacts = ["out"]

[commands.two]
exec = "mkdir -p out; echo two > out/a"
artifacts = ["out/a"]

[commands.three]
exec = "echo three >> out/a"
deps = ["command:one"]
artifacts = ["out/a"]
"#,
    );
    let refused = workspace.fail(2, &["run"]);
    insta::assert_snapshot!(refused.stable_stderr(), @r#"
    error: `one` and `two` both write out/a
     --> purlin.toml:9:14
      |
    5 | artifacts = ["out"]
      |              ----- written by `one`
    ...
    9 | artifacts = ["out/a"]
      |              ^^^^^^^ written by `two`
      |
      = What is there afterwards would depend on which of them runs last.
      = help: give them artifacts of their own, or make one depend on the other

    error: `two` and `three` both write out/a
      --> purlin.toml:14:14
       |
     9 | artifacts = ["out/a"]
       |              ------- written by `two`
    ...
    14 | artifacts = ["out/a"]
       |              ^^^^^^^ written by `three`
       |
       = What is there afterwards would depend on which of them runs last.
       = help: give them artifacts of their own, or make one depend on the other
    "#);
    workspace.succeed(&["run", "three"]);
}

#[test]
fn an_artifact_that_was_not_written_is_told() {
    let workspace = workspace(
        r#"
[commands.build]
exec = "mkdir -p out; echo made > out/a"
deps = ["purlin.toml"]
artifacts = ["out/", "report.xml", "maybe/*.txt"]
"#,
    );
    let done = workspace.succeed(&["run"]);
    insta::assert_snapshot!(done.stable_stderr(), @r#"
    warning: `build` did not write report.xml
     --> purlin.toml:6:22
      |
    6 | artifacts = ["out/", "report.xml", "maybe/*.txt"]
      |                      ^^^^^^^^^^^^ named among its artifacts

    build  done      [SECONDS]
    1 done · [SECONDS]
    "#);
}
