//! Output and failures, now and when they are kept.

use std::process::Output;

use purlin_test::Workspace;

use crate::workspace;

fn bytes(workspace: &Workspace, arguments: &[&str]) -> Output {
    workspace.command(arguments).output().expect("it can be started")
}

#[test]
fn output_is_replayed_byte_for_byte_and_apart() {
    let workspace = workspace(
        r#"
[commands.speak]
exec = "echo run >> runs; printf 'out\\000\\377\\033[31m[red]\\r\\nno newline'; printf 'err\\001\\376</b>' >&2"
deps = ["src/**"]
"#,
    );
    workspace.write("src/a.txt", "");
    for run in 1..=3 {
        let output = bytes(&workspace, &["run", "-q"]);
        assert_eq!(output.stdout, b"out\0\xff\x1b[31m[red]\r\nno newline", "run {run}");
        assert_eq!(output.stderr, b"err\x01\xfe</b>", "run {run}");
    }
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn much_output_is_replayed_whole() {
    let workspace =
        workspace("[commands.speak]\nexec = 'seq 1 100000; seq 1 50000 >&2'\ndeps = ['src/**']");
    workspace.write("src/a.txt", "");
    let first = bytes(&workspace, &["run", "-q"]);
    assert_eq!(first.stdout.len(), 588_895);
    let second = bytes(&workspace, &["run", "-q"]);
    assert!(first.stdout == second.stdout && first.stderr == second.stderr);
}

/// A workspace with a failing command that counts its runs.
fn failing(cache_when: &str) -> Workspace {
    let workspace = workspace(&format!(
        r#"
[commands.test]
exec = "echo run >> runs; cp src/a.txt report.txt; echo to stdout; echo to stderr >&2; exit $(cat src/a.txt)"
deps = ["src/**"]
artifacts = ["report.txt"]
cache-when = "{cache_when}"
"#
    ));
    workspace.write("src/a.txt", "3");
    workspace
}

#[test]
fn a_failure_is_run_again_unless_it_is_kept() {
    for (cache_when, failures, successes) in
        [("success", 2, 1), ("failed", 1, 2), ("finished", 1, 1), ("always", 1, 1)]
    {
        let workspace = failing(cache_when);
        workspace.fail(1, &["run"]);
        workspace.fail(1, &["run"]);
        assert_eq!(workspace.lines("runs"), failures, "{cache_when}");
        workspace.write("src/a.txt", "0");
        workspace.succeed(&["run"]);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.lines("runs"), failures + successes, "{cache_when}");
    }
}

#[test]
fn the_default_says_which_results_are_kept() {
    let workspace = workspace(
        "[defaults]\ncache-when = 'finished'\n[commands.test]\nexec = 'echo run >> runs; exit 1'\ndeps = ['src/**']",
    );
    workspace.write("src/a.txt", "");
    workspace.fail(1, &["run"]);
    workspace.fail(1, &["run"]);
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn a_kept_failure_shows_its_output_and_brings_its_artifacts() {
    let workspace = failing("finished");
    let first = workspace.fail(1, &["run"]);
    std::fs::remove_file(workspace.path("report.txt")).unwrap();
    let second = workspace.fail(1, &["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("report.txt").as_str()), (1, "3"));
    for finished in [&first, &second] {
        assert_eq!(finished.stdout, "to stdout\n", "{finished}");
        assert!(finished.stderr.contains("to stderr\n"), "{finished}");
    }
    assert!(second.stderr.contains("ended with status 3 (kept from an earlier run)"), "{second}");
}

#[test]
fn a_kept_failure_among_others_is_shown_in_full() {
    let workspace = failing("finished");
    workspace
        .write("purlin.toml", workspace.read("purlin.toml") + "[commands.fine]\nexec = 'true'\n");
    for run in 1..=2 {
        let finished = workspace.fail(1, &["run", "-n", "2"]);
        assert_eq!(finished.stdout, "", "run {run}");
        assert!(finished.stderr.contains("to stdout\n"), "run {run} {finished}");
        assert!(finished.stderr.contains("to stderr\n"), "run {run} {finished}");
    }
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn a_kept_failure_skips_dependants_and_tells_so_in_json() {
    let workspace = failing("finished");
    let more = "[commands.after]\nexec = 'echo run >> after-runs'\ndeps = ['command:test']\n";
    workspace.write("purlin.toml", workspace.read("purlin.toml") + more);
    for cached in [false, true] {
        let finished = workspace.fail(1, &["run", "--json"]);
        let events = finished.json_lines();
        let failed = events.iter().find(|event| event["event"] == "failed").expect("it failed");
        assert_eq!(
            (failed["cached"].as_bool(), failed["exit_code"].as_i64()),
            (Some(cached), Some(3))
        );
        assert_eq!(finished.settled("after").as_deref(), Some("skipped"));
        let text = |stream: &str| -> String {
            let of = events
                .iter()
                .filter(|event| event["event"] == "output" && event["stream"] == stream);
            of.filter_map(|event| event["text"].as_str()).collect()
        };
        assert_eq!(
            (text("stdout").as_str(), text("stderr").as_str()),
            ("to stdout\n", "to stderr\n")
        );
    }
    assert_eq!(workspace.lines("after-runs"), 0);
}

#[test]
fn of_several_commands_only_failures_are_shown() {
    let workspace = workspace(
        "[commands]\nfine = 'echo says fine; echo says fine >&2'\nbad = 'echo says bad; exit 1'",
    );
    let finished = workspace.fail(1, &["run", "-n", "2"]);
    assert_eq!(finished.stdout, "");
    assert!(!finished.stderr.contains("says fine"), "{finished}");
    assert!(finished.stderr.contains("says bad\n"), "{finished}");
    let streamed = workspace.fail(1, &["run", "-n", "1"]);
    let mut said: Vec<&str> = streamed.stdout.lines().collect();
    // What took longer the last time goes first.
    said.sort_unstable();
    assert_eq!(said, ["says bad", "says fine"]);
    assert!(streamed.stderr.contains("says fine\n"), "{streamed}");
}
