//! Several processes at work on one workspace, or with one cache.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use purlin_test::Workspace;

use crate::workspace;

const THREE: &str = r#"
[commands.a]
exec = "echo run >> runs-a; cat in.txt > a.txt; seq 2000 >> a.txt"
deps = ["in.txt"]
artifacts = ["a.txt"]
[commands.b]
exec = "echo run >> runs-b; cat a.txt a.txt > b.txt"
deps = ["a.txt", "command:a"]
artifacts = ["b.txt"]
[commands.c]
exec = "echo run >> runs-c; cat in.txt > c.txt"
deps = ["in.txt"]
artifacts = ["c.txt"]
"#;

fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn ends_well(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("warning"), "{said}");
    said
}

#[track_caller]
fn right(workspace: &Workspace, input: &str) {
    let a = workspace.read("a.txt");
    assert!(a.starts_with(input) && a.ends_with("\n2000\n"), "{a}");
    assert_eq!(workspace.read("b.txt"), format!("{a}{a}"));
    assert_eq!(workspace.read("c.txt"), input);
}

#[test]
fn two_runs_of_one_workspace_run_each_command_once() {
    let workspace = workspace(THREE);
    for round in 1..=6 {
        let input = format!("round {round}\n");
        workspace.write("in.txt", &input);
        let both = [start(&workspace, &["run"]), start(&workspace, &["run"])];
        let said = both.map(ends_well);
        for name in ["a", "b", "c"] {
            assert_eq!(workspace.lines(format!("runs-{name}")), round, "{said:?}");
        }
        right(&workspace, &input);
    }
}

#[test]
fn two_runs_that_restore_one_workspace() {
    let workspace = workspace(THREE);
    workspace.write("in.txt", "in\n");
    workspace.succeed(&["run"]);
    for _ in 0..6 {
        for file in ["a.txt", "b.txt", "c.txt"] {
            fs::remove_file(workspace.path(file)).unwrap();
        }
        let both = [start(&workspace, &["run"]), start(&workspace, &["run"])];
        for child in both {
            ends_well(child);
        }
        right(&workspace, "in\n");
        assert_eq!(workspace.lines("runs-a"), 1);
    }
}

#[test]
fn whoever_comes_second_waits_and_uses_the_result() {
    let workspace = workspace(
        r#"
[commands.slow]
exec = "echo run >> runs; echo > started; read word < go; cat in.txt > out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#,
    );
    workspace.write("in.txt", "in");
    for pipe in ["started", "go"] {
        let made = std::process::Command::new("mkfifo").arg(workspace.path(pipe)).status();
        assert!(made.unwrap().success());
    }
    let first = start(&workspace, &["run"]);
    fs::read(workspace.path("started")).unwrap();
    let mut second = start(&workspace, &["run"]);
    let mut said = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "note: `slow` waits for another purlin that runs it in this workspace\n");
    fs::write(workspace.path("go"), "go\n").unwrap();
    let first = ends_well(first);
    assert!(first.contains("1 done"), "{first}");
    said.read_to_string(&mut line).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0), "{line}");
    assert!(line.contains("1 cached"), "{line}");
    assert_eq!((workspace.lines("runs"), workspace.read("out.txt").as_str()), (1, "in"));
}

#[test]
fn the_end_of_whoever_was_first_lets_the_second_go_on() {
    let workspace = workspace(
        "[commands.slow]\nexec = \"echo run >> runs; echo > started; read word < go\"\ndeps = [\"in.txt\"]\n",
    );
    workspace.write("in.txt", "in");
    for pipe in ["started", "go"] {
        let made = std::process::Command::new("mkfifo").arg(workspace.path(pipe)).status();
        assert!(made.unwrap().success());
    }
    let mut first = start(&workspace, &["run"]);
    fs::read(workspace.path("started")).unwrap();
    let mut second = start(&workspace, &["run"]);
    let mut said = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    fs::read(workspace.path("started")).unwrap();
    fs::write(workspace.path("go"), "go\n").unwrap();
    said.read_to_string(&mut line).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0), "{line}");
    assert_eq!(workspace.lines("runs"), 2);
}

#[test]
fn two_workspaces_share_one_cache() {
    let first = workspace(THREE);
    for round in 1..=5 {
        let input = format!("round {round}\n");
        let second = workspace(THREE).variable("PURLIN_CACHE_DIR", first.cache());
        for one in [&first, &second] {
            one.write("in.txt", &input);
        }
        let both = [start(&first, &["run"]), start(&second, &["run"])];
        for child in both {
            ends_well(child);
        }
        for one in [&first, &second] {
            right(one, &input);
            let again = one.succeed(&["run"]);
            assert!(again.stderr.contains("3 cached"), "{again}");
        }
        // Somebody who comes later has nothing to do.
        let third = workspace(THREE).variable("PURLIN_CACHE_DIR", first.cache());
        third.write("in.txt", &input);
        third.succeed(&["run"]);
        right(&third, &input);
        assert_eq!(third.lines("runs-a"), 0);
    }
}

#[test]
fn clearing_the_cache_disturbs_nobody() {
    let workspace = workspace(THREE);
    for round in 1..=5 {
        let input = format!("round {round}\n");
        workspace.write("in.txt", &input);
        let both = [start(&workspace, &["run"]), start(&workspace, &["cache", "clear"])];
        for child in both {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        right(&workspace, &input);
    }
}
