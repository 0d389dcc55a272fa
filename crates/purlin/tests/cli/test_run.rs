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
