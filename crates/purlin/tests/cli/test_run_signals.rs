//! Stopping a run.

use std::process::{Child, Command, Stdio};

use purlin_test::{Finished, Workspace};

use crate::{assert_ends, workspace};

fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it can be started")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("there is a kill").success());
}

#[track_caller]
fn stopped(workspace: &Workspace, child: Child) -> Finished {
    let finished = workspace.finished(child);
    assert_eq!(finished.code, Some(130), "{finished}");
    finished
}

#[test]
fn a_stopped_run_keeps_nothing_and_leaves_nothing_running() {
    for name in ["INT", "TERM", "HUP"] {
        let workspace = workspace(
            r#"
[commands.slow]
exec = "trap 'echo polite > term; exit 0' TERM; echo half > out.txt; sleep 1000 & echo $! > child; echo $$ > pid; touch started; wait"
deps = ["src/**"]
artifacts = ["out.txt"]
cache-when = "finished"
[commands.after]
exec = "echo run >> after-runs"
deps = ["command:slow"]
"#,
        );
        workspace.write("src/a.txt", "");
        let child = start(&workspace, &["run", "slow", "after"]);
        workspace.wait_for("started");
        signal(&child, name);
        let finished = stopped(&workspace, child);
        assert!(finished.stderr.contains("stopped"), "{finished}");
        assert_eq!(workspace.read("term"), "polite\n");
        for file in ["pid", "child"] {
            assert_ends(workspace.read(file).trim());
        }
        let kept = workspace.succeed(&["cache", "list", "--json"]).json();
        assert_eq!(kept["results"], serde_json::json!([]), "{name}");
        assert_eq!(workspace.lines("after-runs"), 0);
    }
}

#[test]
fn what_has_not_begun_does_not_begin_any_more() {
    let workspace = workspace(
        "[commands]\nfirst = 'touch started; exec sleep 1000'\nsecond = 'echo run >> runs'\nthird = 'echo run >> runs'",
    );
    let child = start(&workspace, &["run", "--json", "-n", "1", "first", "second", "third"]);
    workspace.wait_for("started");
    signal(&child, "INT");
    let finished = stopped(&workspace, child);
    for id in ["first", "second", "third"] {
        assert_eq!(finished.settled(id).as_deref(), Some("skipped"), "{finished}");
    }
    let summary = finished.json_lines().pop().expect("there is a last line");
    assert_eq!(
        (summary["event"].as_str(), summary["skipped"].as_u64()),
        (Some("summary"), Some(3))
    );
    assert_eq!(workspace.lines("runs"), 0);
}

#[test]
fn the_second_signal_ends_what_ignores_the_first() {
    let workspace = workspace(
        "[commands.stubborn]\nexec = \"trap 'touch asked' TERM; echo $$ > pid; touch started; while :; do sleep 0.02; done\"",
    );
    let child = start(&workspace, &["run"]);
    workspace.wait_for("started");
    signal(&child, "INT");
    workspace.wait_for("asked");
    signal(&child, "INT");
    stopped(&workspace, child);
    assert_ends(workspace.read("pid").trim());
}

#[test]
fn a_run_that_waits_for_another_can_be_stopped() {
    let workspace = workspace(
        "[commands.slow]\nexec = 'echo run >> runs; touch started; while [ ! -e go ]; do sleep 0.02; done'\ndeps = ['src/**']",
    );
    workspace.write("src/a.txt", "");
    let first = start(&workspace, &["run"]);
    workspace.wait_for("started");
    let second = start(&workspace, &["run"]);
    let mut second = second;
    let mut note = std::io::BufReader::new(second.stderr.take().expect("it is piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut note, &mut line).expect("it can be read");
    assert!(line.contains("waits for another purlin"), "{line}");
    signal(&second, "INT");
    let status = second.wait().expect("it was started");
    assert_eq!(status.code(), Some(130));
    workspace.write("go", "");
    assert_eq!(workspace.finished(first).code, Some(0));
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn programs_that_run_at_once_really_do() {
    let meet = |own: &str, other: &str| {
        format!(
            "[commands.{own}]\nexec = 'touch {own}; while [ ! -e {other} ]; do sleep 0.01; done'\ntimeout = 60\n"
        )
    };
    let workspace = workspace(&(meet("left", "right") + &meet("right", "left")));
    workspace.succeed(&["run", "-n", "2"]);
}

#[test]
fn one_at_a_time_is_one_at_a_time() {
    let alone = "mkdir alone && sleep 0.1 && rmdir alone";
    let workspace = workspace(&format!("[commands]\na = '{alone}'\nb = '{alone}'\nc = '{alone}'"));
    workspace.succeed(&["run", "-n", "1"]);
}
