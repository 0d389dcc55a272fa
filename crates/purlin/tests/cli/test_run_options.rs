//! Options of a run that process variables set, and the context that tells them.

use crate::test_narrow::{commit, git, listed};
use crate::workspace;

const COMMANDS: &str = r#"
[commands.a]
exec = "echo said"
deps = ["src/*"]
[commands.b]
exec = "true"
deps = ["command:a"]
[commands.c]
exec = "true"
cache = "none"
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
    // The command line wins, and what has no meaning is told.
    let cold = with("PURLIN__CACHE_STATUS", "cold");
    assert!(listed(&cold, &["--cache-status", "warm"]).is_empty());
    let told = with("PURLIN__CACHE_STATUS", "tepid").fail(2, &["run"]).stderr;
    assert!(told.contains("PURLIN__CACHE_STATUS has no meaning with the value `tepid`"), "{told}");
    // Where a command is named to be asked about, nothing else selects.
    with("PURLIN__SINCE", "nowhere").succeed(&["run", "--why", "a"]);
}

#[test]
fn the_context_tells_them() {
    let workspace = workspace(
        "[commands.a]\nexec = 'echo {ctx.purlin.isolated} {ctx.purlin.fail-fast} ${SINCE-nothing} $STATUS'\n\
         env = { SINCE = '{ctx.purlin.since}', STATUS = '{ctx.purlin.cache-status}' }\n",
    )
    .variable("PURLIN__ISOLATED", "1");
    assert_eq!(workspace.succeed(&["run"]).stdout, "true false nothing\n");
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
