//! Options of a run that process variables set, and the context that tells them.

use insta::assert_snapshot;

use crate::test_narrow::{commit, git, listed};
use crate::workspace;

const COMMANDS: &str = r#"
[commands.a]
exec = "echo said"
deps = ["src/*"]
[commands.b]
exec = "true"
tags = ["early"]
deps = ["command:a"]
[commands.c]
exec = "true"
cache = "none"
tags = ["late"]
deps = ["src/*"]
"#;

#[test]
fn each_option_has_a_process_variable() {
    let with = |name: &str, value: &str| {
        let made = workspace(COMMANDS).variable(name, value);
        made.write("src/a", "");
        git(&made, &["init", "-q"]);
        commit(&made);
        made
    };
    assert!(listed(&with("PURLIN__SINCE", "HEAD"), &[]).is_empty());
    assert_eq!(listed(&with("PURLIN__ISOLATED", "true"), &["b"]), ["b"]);
    assert_eq!(listed(&with("PURLIN__ISOLATED", "false"), &["b"]), ["a", "b"]);
    assert_eq!(listed(&with("PURLIN__CACHE", "none"), &[]), ["c"]);
    assert_eq!(listed(&with("PURLIN__CACHE_STATUS", "cold"), &[]), ["a", "b"]);
    assert!(listed(&with("PURLIN__FAILED", "1"), &[]).is_empty());
    let grouped = with("PURLIN__OUTPUT", "github").succeed(&["run", "a"]);
    assert!(grouped.stderr.contains("::group::"), "{grouped}");
    assert_eq!(listed(&with("PURLIN__TAG", "late"), &[]), ["c"]);
    assert_eq!(listed(&with("PURLIN__TAG", "late, early"), &["--isolated"]), ["b", "c"]);
    assert!(with("PURLIN__LS", "true").succeed(&["run", "a"]).stdout.contains("cold"));
    assert!(with("PURLIN__WHY", "a").succeed(&["run"]).stdout.starts_with("a would run"));
    let fails = with("PURLIN__FAIL", "1").fail(1, &["run", "a"]).stderr;
    assert!(fails.contains("1 command is selected"), "{fails}");
    // The command line wins, and what has no meaning is told.
    assert_eq!(listed(&with("PURLIN__TAG", "early"), &["-t", "late"]), ["c"]);
    let cold = with("PURLIN__CACHE_STATUS", "cold");
    assert!(listed(&cold, &["--cache-status", "warm"]).is_empty());
    let told = with("PURLIN__CACHE_STATUS", "tepid").fail(2, &["run"]).stderr;
    assert!(told.contains("PURLIN__CACHE_STATUS has no meaning with the value `tepid`"), "{told}");
    for (name, value, expected) in [
        ("PURLIN__TAG", "a,,b", "names, separated by `,`"),
        ("PURLIN__JOBS", "0", "a number from 1 to 65535"),
        ("PURLIN__WATCH", "yes", "`true` or `false`"),
        ("PURLIN__OUTPUT", "loud", "`progress`, `grouped`, `stream` or `github`"),
    ] {
        let told = with(name, value).fail(2, &["run"]).stderr;
        let expected = format!("help: set it to {expected}, or remove it");
        assert!(told.contains(&format!("{name} has no meaning")), "{told}");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn what_cannot_stand_beside_the_command_line_is_not_taken_from_variables() {
    let with = |name: &str, value: &str| {
        let made = workspace(COMMANDS).variable(name, value);
        made.write("src/a", "");
        made
    };
    // Where a command is named to be asked about, nothing else selects.
    with("PURLIN__SINCE", "nowhere").succeed(&["run", "--why", "a"]);
    assert_eq!(listed(&with("PURLIN__FAIL", "true"), &["a"]), ["a"]);
    assert!(with("PURLIN__WHY", "b").succeed(&["run", "a"]).stderr.contains("1 done"));
    let both = with("PURLIN__FAIL", "true").variable("PURLIN__LS", "true");
    let told = both.fail(2, &["run"]).stderr;
    assert!(told.contains("PURLIN__LS and PURLIN__FAIL cannot be set at once"), "{told}");
    with("PURLIN__FAIL", "true").variable("PURLIN__LS", "false").fail(1, &["run"]);
}

#[test]
fn the_context_tells_them() {
    let workspace = workspace(
        "[commands.a]\nexec = 'echo {ctx.purlin.isolated} {ctx.purlin.fail-fast} ${SINCE-nothing} $STATUS $TAG'\n\
         tags = ['x', 'y']\n\
         env = { SINCE = '{ctx.purlin.since}', STATUS = '{ctx.purlin.cache-status}', TAG = '{ctx.purlin.tag}' }\n",
    )
    .variable("PURLIN__ISOLATED", "1");
    assert_eq!(
        workspace.succeed(&["run", "-t", "x", "-t", "y"]).stdout,
        "true false nothing x,y\n"
    );
}

#[test]
fn a_loose_workspace_passes_all_variables_on() {
    let document = |mode: &str| {
        format!(
            "[workspace]\nenv-mode = '{mode}'\n[commands.a]\nexec = 'echo ${{ODD-none}} $LANG'\ndeps = ['x']\n"
        )
    };
    let workspace = workspace("").variable("ODD", "passed").variable("LANG", "de_DE.UTF-8");
    workspace.write("x", "");
    for (mode, said) in [
        ("strict", "none C.UTF-8\n"),
        ("loose", "passed de_DE.UTF-8\n"),
        ("strict", "none C.UTF-8\n"),
    ] {
        workspace.write("purlin.toml", document(mode));
        assert_eq!(workspace.succeed(&["run"]).stdout, said);
    }
}

#[test]
fn what_a_run_shows_is_no_mistake_of_verbs_that_show_none() {
    let workspace = workspace(COMMANDS)
        .variable("PURLIN__OUTPUT", "nonsense")
        .variable("PURLIN__WHY", "nothing")
        .variable("PURLIN__LS", "perhaps");
    workspace.write("src/a", "");
    workspace.succeed(&["check"]);
    assert_eq!(workspace.succeed(&["exec", "--", "echo", "fine"]).stdout, "fine\n");
    let failed = workspace.fail(2, &["run", "a"]);
    assert!(failed.stderr.contains("has no meaning"), "{failed}");
    let failed = workspace.variable("PURLIN__JOBS", "many").fail(2, &["check"]);
    assert!(failed.stderr.contains("PURLIN__JOBS has no meaning"), "{failed}");
}

#[test]
fn what_a_variable_says_is_not_laid_to_the_command_line() {
    let with = |name: &str, value: &str| {
        let made = workspace(COMMANDS).variable(name, value);
        made.write("src/a", "");
        git(&made, &["init", "-q"]);
        commit(&made);
        made
    };
    assert_snapshot!(with("PURLIN__TAG", "early").fail(2, &["run", "c"]).stable_stderr(), @"
    error: `early` in PURLIN__TAG leaves nothing to run
     |
     = Of the commands that the rest of the command line selects, none is of it.
     = help: remove the process variable PURLIN__TAG, or give `-t`, which counts more
    ");
    assert_snapshot!(with("PURLIN__TAG", "late, erly").fail(2, &["run"]).stable_stderr(), @"
    error: there is no tag `erly`
     --> <process variable PURLIN__TAG>:1:1
      |
    1 | erly
      | ^^^^ named here
      |
      = help: did you mean `early`?
    ");
    for (name, value) in [
        ("PURLIN__MODULE", "x"),
        ("PURLIN__SPACE", "x"),
        ("PURLIN__CACHE", "x"),
        ("PURLIN__SINCE", "x"),
        ("PURLIN__WHY", "x"),
    ] {
        let told = with(name, value).fail(2, &["run"]).stderr;
        assert!(told.contains(&format!("<process variable {name}>:1:1")), "{told}");
    }
}

#[test]
fn a_variable_that_nobody_knows_is_told() {
    let workspace = workspace(&format!("[ctx]\npurlin--region = {{}}\n{COMMANDS}"));
    workspace.write("src/a", "");
    let workspace = workspace
        .variable("PURLIN__JOB", "2")
        .variable("PURLIN__ZEBRA", "x")
        .variable("PURLIN__EMPTY", "")
        .variable("PURLIN__GLOB_DEPTH", "2");
    let told = workspace.succeed(&["check"]).stable_stderr();
    assert_snapshot!(told, @"
    warning: PURLIN__JOB sets no option of a run
     |
     = help: did you mean `PURLIN__JOBS`?

    warning: PURLIN__ZEBRA sets no option of a run
     |
     = help: `purlin run --help` lists the options: `--some-option` is set by PURLIN__SOME_OPTION
    ");
    assert!(workspace.succeed(&["run", "a"]).stderr.starts_with(told.trim_end()));
    let known = crate::workspace("[ctx]\npurlin--region = {}\n[commands]\na = 'true'\n");
    let known = known.variable("PURLIN__REGION", "south").variable("PURLIN__GLOB", "1");
    assert!(!known.succeed(&["run"]).stderr.contains("warning"));
}
