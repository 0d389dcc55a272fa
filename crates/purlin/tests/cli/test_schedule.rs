//! Who runs when: needs and pools, the longest way first, and `--fail-fast`.

use insta::assert_snapshot;
use purlin_test::Finished;

use crate::{assert_ends, workspace};

/// The instances in the order in which they were started.
fn started(finished: &Finished) -> Vec<String> {
    let events = finished.json_lines();
    let started = events.iter().filter(|event| event["event"] == "started");
    started.filter_map(|event| event["id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_shares_a_pool_takes_turns() {
    let alone = "mkdir alone && sleep 0.1 && rmdir alone";
    let workspace = workspace(&format!(
        r#"
[workspace]
pools = {{ gpu = 2 }}
[commands]
a = {{ exec = "{alone}", needs = {{ gpu = 2 }} }}
b = {{ exec = "{alone}", needs = {{ gpu = 1 }} }}
c = {{ exec = "{alone}", needs = {{ gpu = 2 }} }}
"#
    ));
    // `b` alone would leave one for nobody: all three exclude each other.
    workspace.succeed(&["run", "-n", "8"]);
}

#[test]
fn what_fits_into_a_pool_runs_at_once() {
    let meet = |own: &str, other: &str| {
        format!(
            "[commands.{own}]\nexec = 'touch {own}; while [ ! -e {other} ]; do sleep 0.01; done'\ntimeout = 60\nneeds = {{ gpu = 1, memory = '1GiB' }}\n"
        )
    };
    let workspace = workspace(&format!(
        "[workspace]\npools = {{ gpu = 2, memory = '2GiB' }}\n{}{}",
        meet("left", "right"),
        meet("right", "left")
    ));
    workspace.succeed(&["run", "-n", "2"]);
}

#[test]
fn memory_and_processors_are_shared() {
    for needs in ["cpu = 2", "memory = '3GiB'"] {
        let alone = "mkdir alone && sleep 0.1 && rmdir alone";
        let command =
            |name: &str| format!("[commands.{name}]\nexec = '{alone}'\nneeds = {{ {needs} }}\n");
        let workspace = workspace(&format!(
            "[workspace]\npools = {{ memory = '4GiB' }}\n{}{}",
            command("a"),
            command("b")
        ));
        workspace.succeed(&["run", "-n", "3"]);
    }
}

#[test]
fn what_needs_more_than_the_machine_has_runs_when_it_can_have_all() {
    let workspace = workspace(
        "[commands]\nbig = { exec = 'mkdir alone && sleep 0.1 && rmdir alone', needs = { cpu = 64, memory = '900000GiB' } }\nsmall = 'mkdir alone && rmdir alone'",
    );
    workspace.succeed(&["run", "-n", "2"]);
    workspace.succeed(&["run", "-n", "1"]);
    workspace.succeed(&["check"]);
}

#[test]
fn needs_pools_and_time_limits_are_not_in_the_key() {
    let document = |more: &str| {
        format!(
            "[workspace]\npools = {{ gpu = 2 }}\n[commands.a]\nexec = 'true'\ndeps = ['x']\n{more}"
        )
    };
    let workspace = workspace(&document(""));
    workspace.write("x", "");
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", document("needs = { gpu = 1, cpu = 2 }\ntimeout = '9m'\n"));
    assert!(workspace.succeed(&["run"]).stderr.contains("1 cached"));
}

#[test]
fn needs_that_cannot_be_met_are_errors() {
    let workspace = workspace(
        r#"
[workspace]
pools = { gpu = 1, memory = "4GiB", cpu = 4 }
[commands.train]
exec = "true"
needs = { gpu = 2, memory = "8GiB" }
[commands.typo]
exec = "true"
needs = { gpus = 1 }
[commands.other]
exec = "true"
needs = { license = 1 }
[commands.wrong]
exec = "true"
needs = { cpu = 0, memory = "4 GB", gpu = "all" }
"#,
    );
    let said = workspace.fail(2, &["check"]);
    assert_eq!(said.stderr, workspace.fail(2, &["run", "train"]).stderr);
    assert_snapshot!(said.stable_stderr(), @r#"
    error: `/commands/wrong/needs/cpu` must be at least 1
      --> purlin.toml:15:17
       |
    15 | needs = { cpu = 0, memory = "4 GB", gpu = "all" }
       |                 ^ this is `0`

    error: `/commands/wrong/needs/memory` must match `^[1-9][0-9]*([KMG]i?B)$`
      --> purlin.toml:15:29
       |
    15 | needs = { cpu = 0, memory = "4 GB", gpu = "all" }
       |                             ^^^^^^ this is `4 GB`
       |
       = help: A number with its unit: `512MiB` or `4GB`.

    error: `/commands/wrong/needs/gpu` must be an integer
      --> purlin.toml:15:43
       |
    15 | needs = { cpu = 0, memory = "4 GB", gpu = "all" }
       |                                           ^^^^^ this is a string

    error: `cpu` is no pool of a workspace
     --> purlin.toml:3:43
      |
    3 | pools = { gpu = 1, memory = "4GiB", cpu = 4 }
      |                                           ^ this size
      |
      = There are as many processors as `-n` says, or else as the machine has.
      = help: take it out

    error: `train` needs more of `gpu` than there is
     --> purlin.toml:6:17
      |
    3 | pools = { gpu = 1, memory = "4GiB", cpu = 4 }
      |                 - and the pool has 1
    ...
    6 | needs = { gpu = 2, memory = "8GiB" }
      |                 ^ it needs 2
      |
      = help: such a command could never start: make the pool larger, or the need smaller

    error: `train` needs more of `memory` than there is
     --> purlin.toml:6:29
      |
    3 | pools = { gpu = 1, memory = "4GiB", cpu = 4 }
      |                             ------ and the pool has 4GiB
    ...
    6 | needs = { gpu = 2, memory = "8GiB" }
      |                             ^^^^^^ it needs 8GiB
      |
      = help: such a command could never start: make the pool larger, or the need smaller

    error: there is no pool `gpus`
     --> purlin.toml:9:18
      |
    9 | needs = { gpus = 1 }
      |                  ^ `typo` needs 1 of it
      |
      = help: did you mean `gpu`?

    error: there is no pool `license`
      --> purlin.toml:12:21
       |
    12 | needs = { license = 1 }
       |                     ^ `other` needs 1 of it
       |
       = help: say how much of it there is: `[workspace] pools = { license = 1 }`
    "#);
}

#[test]
fn the_longest_way_goes_first() {
    // `short` is short, but what waits for it is the longest; nothing is known of `new`.
    let document = r#"
[commands]
middle = { exec = "sleep 0.2", deps = ["src/**"] }
short  = { exec = "true", deps = ["src/**"] }
behind = { exec = "sleep 0.4", deps = ["src/**", "command:short"] }
"#;
    let workspace = workspace(document);
    workspace.write("src/a", "");
    let first = workspace.succeed(&["run", "--json", "-n", "1"]);
    assert_eq!(started(&first), ["short", "middle", "behind"]);
    workspace.write("purlin.toml", format!("[workspace]\n{document}new = 'true'\n"));
    let again = workspace.succeed(&["run", "--json", "-n", "1", "-f"]);
    assert_eq!(started(&again), ["short", "behind", "middle", "new"]);
}

#[test]
fn a_big_need_is_met_although_small_ones_keep_coming() {
    // When `first` ends there is one processor for `big`, and any of the small ones could have it.
    let mut document = r#"
[commands]
first = "true"
big = { exec = "touch big", deps = ["command:first"], cache = "none", needs = { cpu = 2 } }
after = { exec = "true", deps = ["command:big"], cache = "none" }
last = { exec = "true", deps = ["command:after"], cache = "none" }
"#
    .to_owned();
    for number in 0..8 {
        document.push_str(&format!("small-{number} = 'sleep 0.05; ls big >> order; true'\n"));
    }
    let workspace = workspace(&document);
    let finished = workspace.succeed(&["run", "--json", "-n", "2"]);
    let place = started(&finished).iter().position(|id| id == "big");
    // In front of it: `first`, the one beside it, and one that took its place before it was ready.
    assert!(place <= Some(3), "{place:?} {finished}");
}

#[test]
fn the_first_failure_ends_a_run_that_is_to_fail_fast() {
    let workspace = workspace(
        r#"
[commands.long]
exec = "trap 'echo polite > term; exit 0' TERM; sleep 1000 & echo $! > child; touch started; wait"
deps = ["src/**"]
[commands.bad]
exec = "while [ ! -e started ]; do sleep 0.01; done; exit 3"
[commands.later]
exec = "echo run >> runs"
deps = ["command:long"]
"#,
    );
    workspace.write("src/a", "");
    let finished = workspace.fail(1, &["run", "-n", "2", "--fail-fast"]);
    assert_eq!(workspace.read("term"), "polite\n");
    assert_ends(workspace.read("child").trim());
    assert_eq!(workspace.lines("runs"), 0);
    // Which of the two is started first is left to the system.
    let said = finished.stable_stderr();
    let rest: Vec<&str> = said.lines().filter(|line| !line.contains("  started  ")).collect();
    assert_snapshot!(rest.join("\n"), @"
    bad    FAILED    ended with status 3, [SECONDS]
    long   skipped   `bad` failed, and that ends the run
    later  skipped   `long` did not succeed

    ──── bad ended with status 3

    1 failed · 2 skipped · [SECONDS]
    ");
    let kept = workspace.succeed(&["cache", "list", "--json"]).json();
    assert_eq!(kept["results"], serde_json::json!([]));
}

#[test]
fn a_time_limit_ends_the_whole_group() {
    let workspace = workspace(
        "[commands.slow]\nexec = \"trap '' TERM; sleep 1000 & echo $! > child; sleep 1000; sleep 1000\"\ntimeout = '300ms'",
    );
    let finished = workspace.fail(1, &["run"]);
    assert!(finished.stderr.contains("took longer than its time limit"), "{finished}");
    assert_ends(workspace.read("child").trim());
}
