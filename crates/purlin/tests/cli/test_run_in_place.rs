//! Commands that change their own inputs, and inputs that change under a command.

use std::process::Stdio;

use purlin_test::{Finished, Workspace};

use crate::workspace;

fn formatter() -> Workspace {
    workspace(
        r#"
[commands.format]
exec = "for file in src/*.txt; do tr a-z A-Z < $file > new; cat new > $file; done; rm new; echo run >> runs"
deps = ["src/**"]
artifacts = ["src/**"]
"#,
    )
}

#[test]
fn a_formatter_is_done_after_one_run() {
    let workspace = formatter();
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!((workspace.read("src/a.txt").as_str(), workspace.lines("runs")), ("ONE", 1));
    // Only the state after it was kept: the one before is formatted again.
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.read("src/a.txt").as_str(), workspace.lines("runs")), ("ONE", 2));
    workspace.write("src/b.txt", "TWO");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 3);
    std::fs::remove_file(workspace.path("src/b.txt")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 3);
    assert!(!workspace.path("src/b.txt").exists(), "a file that the user removed stays removed");
}

#[test]
fn a_formatter_never_takes_an_edit_back() {
    let workspace = formatter();
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    for edit in ["TWO", "three", "ONE"] {
        workspace.write("src/a.txt", edit);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("src/a.txt"), edit.to_uppercase());
    }
}

/// Starts a run and edits `src/a.txt` while the command, which waits for it, is at work.
fn edited_meanwhile(workspace: &Workspace, content: &str) -> Finished {
    let mut command = workspace.command(&["run"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it can be started");
    workspace.wait_for("started");
    workspace.write("src/a.txt", content);
    workspace.write("go", "");
    let finished = workspace.finished(child);
    for file in ["started", "go"] {
        std::fs::remove_file(workspace.path(file)).expect("the test made it");
    }
    finished
}

#[test]
fn what_ran_while_its_input_changed_is_not_kept() {
    let workspace = workspace(
        r#"
[commands.slow]
exec = "cat src/a.txt > out.txt; touch started; while [ ! -e go ]; do sleep 0.01; done; echo run >> runs"
deps = ["src/**"]
artifacts = ["out.txt"]
"#,
    );
    workspace.write("src/a.txt", "one");
    let finished = edited_meanwhile(&workspace, "two");
    assert_eq!(finished.code, Some(0), "{finished}");
    insta::assert_snapshot!(finished.stable_stderr(), @"
    note: the result of `slow` was not kept
     --> purlin.toml:3:11
      |
    3 | [commands.slow]
      |           ^^^^ src/a.txt changed while it ran
      |
      = help: if the command writes this file itself, name it among its artifacts

    slow  done      [SECONDS]
    1 done · [SECONDS]
    ");
    workspace.write("go", "");
    // Neither the state before nor the one after has a result that could be taken for it.
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (2, "two"));
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (3, "one"));
    workspace.write("src/a.txt", "two");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (3, "two"));
}

#[test]
fn what_ran_while_a_file_was_added_is_not_kept() {
    let workspace = workspace(
        "[commands.slow]\nexec = 'echo new > src/b.txt; echo run >> runs'\ndeps = ['src/**']",
    );
    workspace.write("src/a.txt", "");
    let finished = workspace.succeed(&["run"]);
    assert!(finished.stderr.contains("src/b.txt changed while it ran"), "{finished}");
    // A file that is written again may have been another in between, whatever it is afterwards.
    let finished = workspace.succeed(&["run"]);
    assert!(finished.stderr.contains("src/b.txt was written while it ran"), "{finished}");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 3);
}
