//! Commands that write into the artifacts of one that runs before them.

use std::fs;

use purlin_test::Workspace;

use crate::workspace;

/// How often each of the commands has run.
fn runs(workspace: &Workspace) -> (usize, usize) {
    (workspace.lines("ran-a"), workspace.lines("ran-b"))
}

#[test]
fn a_file_that_a_second_command_finishes_is_made_once() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out; cat in >out/x; echo a >>ran-a"
deps = ["in"]
artifacts = ["out/x"]
[commands.b]
exec = "echo finished >>out/x; echo b >>ran-b"
deps = ["command:a"]
artifacts = ["out/x"]
[commands.c]
exec = "cat out/x >result"
deps = ["command:b"]
artifacts = ["result"]
"#,
    );
    for (text, count) in [("one\n", 1), ("one\n", 1), ("two\n", 2), ("two\n", 2), ("one\n", 2)] {
        workspace.write("in", text);
        let finished = workspace.succeed(&["run"]);
        assert_eq!(runs(&workspace), (count, count), "{text} {finished}");
        assert_eq!(workspace.read("out/x"), format!("{text}finished\n"));
        assert_eq!(workspace.read("result"), format!("{text}finished\n"));
    }
    fs::remove_dir_all(workspace.path("out")).unwrap();
    fs::remove_dir_all(workspace.path(".purlin")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!(runs(&workspace), (2, 2));
    assert_eq!(workspace.read("out/x"), "one\nfinished\n");
}

#[test]
fn a_file_beside_those_of_a_producer_makes_nobody_run_again() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p gen; cp in gen/a; echo a >>ran-a"
deps = ["in"]
artifacts = ["gen/"]
[commands.b]
exec = "mkdir -p gen/deep; cp gen/a gen/deep/b; echo b >>ran-b"
deps = ["command:a"]
artifacts = ["gen/deep/b"]
"#,
    );
    for (text, count) in [("one", 1), ("one", 1), ("two", 2), ("two", 2), ("one", 2), ("one", 2)] {
        workspace.write("in", text);
        let finished = workspace.succeed(&["run"]);
        assert_eq!(runs(&workspace), (count, count), "{text} {finished}");
        assert_eq!(workspace.read("gen/deep/b"), text);
    }
}

#[test]
fn two_formatters_of_one_file_come_to_rest() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "sed -i 's/ *$//' doc/*.md; echo a >>ran-a"
deps = ["doc/*.md"]
artifacts = ["doc/*.md"]
[commands.b]
exec = "sed -i 's/x/y/' doc/*.md; echo b >>ran-b"
deps = ["doc/*.md", "command:a"]
artifacts = ["doc/*.md"]
"#,
    );
    for text in ["x  \n", "xx  \n"] {
        workspace.write("doc/one.md", text);
        workspace.succeed(&["run"]);
        // The first one looks once at what the second one made of it.
        workspace.succeed(&["run"]);
        let before = runs(&workspace);
        let finished = workspace.succeed(&["run", "--json"]);
        assert_eq!(runs(&workspace), before, "{finished}");
    }
    assert_eq!(workspace.read("doc/one.md"), "yx\n");
}

#[test]
fn what_somebody_else_does_to_a_producers_file_meanwhile_is_noticed() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out; cp in out/x; cp in out/y"
deps = ["in"]
artifacts = ["out/"]
[commands.b]
exec = "cat out/y >out/z; echo changed >out/x; echo b >>ran-b"
deps = ["command:a"]
artifacts = ["out/z"]
"#,
    );
    workspace.write("in", "one");
    let finished = workspace.succeed(&["run"]);
    assert!(finished.stderr.contains("the artifacts of `a` changed"), "{finished}");
}

#[test]
fn two_that_finish_one_file_in_no_order_are_told() {
    let commands = |order: &str| {
        format!(
            r#"
[workspace]
[commands.make]
exec = "mkdir -p out; cp in out/x; cp in out/y"
deps = ["in"]
artifacts = ["out/*"]
[commands.sign]
exec = "echo signed >>out/x"
deps = ["command:make"]
artifacts = ["out/*"]
[commands.stamp]
exec = "echo stamped >>out/x"
deps = ["command:make"{order}]
artifacts = ["out/*"]
"#
        )
    };
    let workspace = workspace(&commands("").replacen("[workspace]\n", "", 1));
    workspace.write("in", "text\n");
    // The first run may be lucky, and the second one puts back what differs.
    workspace.run(&["run", "-n", "1"]);
    let failed = workspace.fail(1, &["run", "-n", "1"]);
    let both = ["`sign` and `stamp` both write out/x", "`stamp` and `sign` both write out/x"];
    assert!(both.iter().any(|text| failed.stderr.contains(text)), "{failed}");
    assert!(failed.stderr.contains("make one depend on the other"), "{failed}");
    workspace.write("purlin.toml", commands(", \"command:sign\""));
    for _ in 0..2 {
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("out/x"), "text\nsigned\nstamped\n");
    }
}

#[test]
fn many_may_write_into_one_folder() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out; cp in out/a; cp in out/same; echo a >>ran-a"
deps = ["in"]
artifacts = ["out/*"]
[commands.b]
exec = "mkdir -p out; cp in out/b; cp in out/same; echo b >>ran-b"
deps = ["in"]
artifacts = ["out/*"]
"#,
    );
    for (text, count) in [("one", 1), ("one", 1), ("two", 2), ("one", 2), ("one", 2)] {
        workspace.write("in", text);
        // At once, they would be in the midst of the file that both write alike.
        let finished = workspace.succeed(&["run", "-n", "1"]);
        assert_eq!(runs(&workspace), (count, count), "{text} {finished}");
        for file in ["out/a", "out/b", "out/same"] {
            assert_eq!(workspace.read(file), text, "{finished}");
        }
    }
}
