//! How a run is shown: `--output`, and on a terminal.

use std::process::{Command, Stdio};

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const COMMANDS: &str = r#"
[commands.fine]
exec = "echo out; sleep 0.1; echo err >&2"
[commands.quiet]
exec = "true"
deps = ["command:fine"]
[commands.bad]
exec = "echo src/a.py:3:7: undefined name, 100%; echo no/such/file:1: x; exit 3"
deps = ["command:quiet"]
[commands.after]
exec = "true"
deps = ["command:bad"]
"#;

/// Runs the binary on a terminal of 80 columns and gives all that it wrote there.
fn on_a_terminal(workspace: &Workspace, arguments: &str) -> String {
    let typescript = workspace.base().join("typescript");
    let binary = workspace.command(&[]).get_program().to_string_lossy().into_owned();
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &format!("stty cols 80 rows 24; {binary} {arguments}")])
        .arg(&typescript)
        .current_dir(workspace.root())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env("HOME", workspace.base())
        .env("PURLIN_CACHE_DIR", workspace.cache())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let _ = command.status().expect("there is `script`, of util-linux");
    String::from_utf8_lossy(&std::fs::read(typescript).expect("it was written")).into_owned()
}

#[test]
fn github_gets_groups_and_annotations() {
    let workspace = workspace(COMMANDS);
    workspace.write("src/a.py", "");
    let said = workspace.fail(1, &["run", "--output", "github"]);
    assert_eq!(said.stdout, "");
    assert_snapshot!(said.stable_stderr(), @"
    fine   started   it has no deps, so it is never cached
    ::group::fine · done · [SECONDS]
    out
    err
    ::endgroup::
    quiet  started   it has not run here before
    quiet  done      [SECONDS]
    bad    started   it has not run here before
    bad    FAILED    ended with status 3, [SECONDS]

    ──── bad ended with status 3
    src/a.py:3:7: undefined name, 100%
    no/such/file:1: x
    ──── kept in .purlin/log/[RUN]/bad-[HASH].{stdout,stderr}
    ::error file=purlin.toml,line=8,title=bad::bad ended with status 3
    ::error file=src/a.py,line=3,col=7,title=bad::undefined name, 100%25
    after  skipped   `bad` did not succeed
    2 done · 1 failed · 1 skipped · [SECONDS]
    ");
    // The paths are those of the repository.
    std::fs::create_dir(workspace.base().join(".git")).expect("it is a new folder");
    let said = workspace.fail(1, &["run", "--output", "github"]);
    assert!(said.stderr.contains("::error file=workspace/src/a.py,line=3,col=7,"), "{said}");
    assert!(said.stderr.contains("::error file=workspace/purlin.toml,line=8,"), "{said}");
}

#[test]
fn grouped_output_is_whole_and_stands_where_its_command_ended() {
    let workspace = workspace(COMMANDS);
    assert_snapshot!(workspace.fail(1, &["run", "--output", "grouped"]).stable_stderr(), @"
    fine   started   it has no deps, so it is never cached
    fine   done      [SECONDS]
    out
    err
    quiet  started   it has not run here before
    quiet  done      [SECONDS]
    bad    started   it has not run here before
    bad    FAILED    ended with status 3, [SECONDS]

    ──── bad ended with status 3
    src/a.py:3:7: undefined name, 100%
    no/such/file:1: x
    ──── kept in .purlin/log/[RUN]/bad-[HASH].{stdout,stderr}
    after  skipped   `bad` did not succeed
    2 done · 1 failed · 1 skipped · [SECONDS]
    ");
}

#[test]
fn streams_of_several_at_once_say_whose_each_line_is() {
    let workspace = workspace(
        "[commands]\nlong = \"printf 'half '; sleep 0.2; echo whole; printf 'no newline'\"\nb = 'echo complained >&2'\n",
    );
    let said = workspace.succeed(&["run", "--output", "stream", "-n", "2"]);
    assert_eq!(said.stdout, "long │ half whole\nlong │ no newline\n");
    assert!(said.stderr.contains("b    │ complained\n"), "{said}");
    let one = workspace.succeed(&["run", "--output", "stream", "-n", "1"]);
    assert_eq!(one.stdout, "half whole\nno newline");
    // Of one that is asked for, progress shows no output.
    let other = workspace.succeed(&["run", "--output", "progress", "b"]);
    assert!(!other.stderr.contains("complained"), "{other}");
}

#[test]
fn a_terminal_has_live_lines_and_nothing_of_them_is_left() {
    let workspace = workspace(
        "[commands]\nslow = 'sleep 0.5'\nbad = \"printf '\\\\033[2J\\\\033[31mred\\\\033]0;title\\\\007'; exit 1\"\n",
    );
    let said = on_a_terminal(&workspace, "run -n 2");
    assert!(said.contains("1/2 · 1 running · 1 failed"), "{said:?}");
    // Colours of the program, and nothing that moves the cursor or names the window.
    assert!(said.contains("\x1b[31mred\x1b[0m\r\n"), "{said:?}");
    assert!(!said.contains("\x1b[2J") && !said.contains("title"), "{said:?}");
    let (_, last) = said.rsplit_once("kept in").expect("the failure is shown");
    assert!(!last.contains("running"), "{last:?}");
    let plain = on_a_terminal(&workspace, "run -n 2 --color never");
    assert!(!plain.contains("\x1b[31m") && !plain.contains("\x1b[32m"), "{plain:?}");
}

#[test]
fn one_command_on_a_terminal_is_the_programs_own() {
    let workspace = workspace("[commands]\none = \"printf '\\\\033[2Jx'\"\n");
    assert!(on_a_terminal(&workspace, "run").contains("\x1b[2Jx"));
}
