//! What a command leaves running: after its end, after the sudden death of the binary, and when it
//! runs the binary itself.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use purlin_test::Workspace;

use crate::{assert_ends, is_alive, workspace};

fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it can be started")
}

/// Ends a process as a test ends, however it does.
struct Ended(String);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0]).stderr(Stdio::null()).status();
    }
}

/// The number that a command of the test has written into a file.
fn number(workspace: &Workspace, file: &str) -> Ended {
    workspace.wait_for(file);
    Ended(workspace.read(file).trim().to_owned())
}

/// Its program has a child that writes into the artifact once it may.
const STUBBORN: &str = r#"
[commands.make]
exec = "sh -c 'echo $$ > new; mv new child; while [ ! -e late ]; do sleep 0.01; done; echo old >> out.txt'; echo done"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#;

#[test]
fn the_next_run_ends_what_a_killed_run_has_left() {
    let workspace = workspace(STUBBORN);
    workspace.write("in.txt", "");
    let mut first = start(&workspace, &["run"]);
    let child = number(&workspace, "child");
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(is_alive(&child.0), "the death of the binary ends its children only");
    workspace.write(
        "purlin.toml",
        r#"
[workspace]
[commands.make]
exec = "touch late; echo new > out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#,
    );
    let run = workspace.succeed(&["run"]);
    insta::assert_snapshot!(run.stable_stderr(), @"
    note: ended what a killed run of `make` had left running

    make  done      [SECONDS]
    1 done · [SECONDS]
    ");
    assert!(!is_alive(&child.0));
    assert_eq!(workspace.read("out.txt"), "new\n");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 cached") && !again.stderr.contains("killed run"), "{again}");
}

#[test]
fn what_has_left_the_group_of_a_killed_run_is_ended_too() {
    let workspace = workspace(
        "[commands.make]\nexec = \"setsid sh -c 'echo $$ > new; mv new child; exec sleep 1000' & wait\"",
    );
    let mut first = start(&workspace, &["run"]);
    let child = number(&workspace, "child");
    // Nobody asks about its end for now, as may happen where a container has no init.
    first.kill().unwrap();
    workspace.write("purlin.toml", "[workspace]\n[commands.make]\nexec = 'echo new'");
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.contains("ended what a killed run of `make` had left running"), "{run}");
    assert_ends(&child.0);
    first.wait().unwrap();
}

#[test]
fn who_waits_is_not_taken_for_what_was_left() {
    let workspace = workspace(STUBBORN);
    workspace.write("in.txt", "");
    let mut first = start(&workspace, &["run"]);
    let child = number(&workspace, "child");
    let waiting = ["a", "b"].map(|_| {
        let mut one = start(&workspace, &["run"]);
        let mut said = BufReader::new(one.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("`make` waits for another purlin"), "{line}");
        (one, said)
    });
    fs::remove_file(workspace.path("child")).unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    // One of the two goes on, and it is what the other one waits for.
    let second = number(&workspace, "child");
    assert_ne!(second.0, child.0);
    assert!(!is_alive(&child.0));
    workspace.write("late", "");
    for (mut one, mut said) in waiting {
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert_eq!(one.wait().unwrap().code(), Some(0), "{rest}");
    }
    assert_eq!(workspace.read("out.txt"), "old\n");
}

#[test]
fn a_command_that_runs_itself_is_an_error() {
    for exec in ["\"$PURLIN\" run a", "\"$PURLIN\" run b", "setsid -w \"$PURLIN\" run a"] {
        let workspace = workspace(&format!(
            "[commands.a]\nexec = '{exec}'\nenv = {{ PURLIN = '{{env.PURLIN}}', PURLIN_CACHE_DIR = true }}\n[commands.b]\nexec = 'true'\ndeps = ['command:a']"
        ));
        let binary = workspace.command(&[]).get_program().to_owned();
        let mut command = workspace.command(&["run", "a"]);
        let run = workspace.finish(command.env("PURLIN", binary));
        assert_eq!(run.code, Some(1), "{run}");
        assert!(
            run.stderr.contains("`a` is being run by the purlin that runs this one"),
            "{exec}: {run}"
        );
    }
}

#[test]
fn a_command_may_run_what_runs_beside_it() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "while [ ! -e begun ]; do sleep 0.01; done; touch asked; \"$PURLIN\" run b"
env = { PURLIN = "{env.PURLIN}", PURLIN_CACHE_DIR = true }
[commands.b]
exec = "touch begun; while [ ! -e asked ]; do sleep 0.01; done; echo run >> runs"
"#,
    );
    let binary = workspace.command(&[]).get_program().to_owned();
    let mut command = workspace.command(&["run", "-n", "2", "a", "b"]);
    let run = workspace.finish(command.env("PURLIN", binary));
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(workspace.lines("runs"), 2);
}

#[test]
fn a_program_has_no_terminal_to_wait_for() {
    let workspace = workspace(
        "[commands.ask]\nexec = 'if read answer < /dev/tty; then echo answered; else echo alone; fi'",
    );
    // `script` gives the binary a terminal of its own.
    let binary = workspace.command(&[]).get_program().to_owned();
    let variables = workspace.command(&[]);
    let variables = variables.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut command = Command::new("script");
    command.args(["-qec", "\"$PURLIN\" run -q", "/dev/null"]).current_dir(workspace.root());
    command.env_clear().envs(variables).env("PURLIN", binary).stdin(Stdio::null());
    let run = workspace.finish(&mut command);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("alone"), "{run}");
}

#[test]
fn what_has_left_the_group_and_holds_the_output_is_ended() {
    let workspace = workspace(
        r#"
[commands.leave]
exec = "echo said; setsid sh -c 'echo $$ > new; mv new child; exec sleep 1000' & while [ ! -e child ]; do sleep 0.01; done"
deps = ["in.txt"]
"#,
    );
    workspace.write("in.txt", "");
    let run = workspace.succeed(&["run"]);
    assert_ends(&number(&workspace, "child").0);
    assert_eq!(run.stdout, "said\n");
    assert!(!run.stderr.contains("note") && !run.stderr.contains("warning"), "{run}");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
}

#[test]
fn a_daemon_that_holds_nothing_lives_on_and_nobody_waits_for_it() {
    let workspace = workspace(
        r#"
[commands.serve]
exec = "setsid sh -c 'echo $$ > new; mv new child; exec sleep 1000' > /dev/null 2>&1 & while [ ! -e child ]; do sleep 0.01; done"
"#,
    );
    workspace.succeed(&["run"]);
    let first = number(&workspace, "child");
    fs::remove_file(workspace.path("child")).unwrap();
    let run = workspace.succeed(&["run"]);
    let second = number(&workspace, "child");
    assert!(!run.stderr.contains("waits") && !run.stderr.contains("killed"), "{run}");
    assert!(is_alive(&first.0) && is_alive(&second.0), "{run}");
    assert_eq!(fs::read_dir(workspace.path(".purlin/locks")).unwrap().count(), 0);
}

#[test]
fn a_program_gets_the_lock_besides_its_output_and_nothing_else() {
    let workspace = workspace(
        "[commands]\nopen = { argv = ['ls', '/proc/self/fd'] }\nlock = { argv = ['readlink', '/proc/self/fd/1000'] }\nvariables = { argv = ['env'] }",
    );
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let plain = Command::new("ls").arg("/proc/self/fd").stdin(Stdio::null()).output().unwrap();
    let mut expected = lines(&String::from_utf8(plain.stdout).unwrap());
    expected.push("1000".to_owned());
    expected.sort_unstable();
    let mut open = lines(&workspace.succeed(&["run", "-q", "open"]).stdout);
    open.sort_unstable();
    assert_eq!(open, expected);
    let lock = workspace.succeed(&["run", "-q", "lock"]).stdout;
    let folder = workspace.path(".purlin/locks").canonicalize().unwrap();
    assert!(lock.starts_with(&format!("{}/lock-", folder.display())), "{lock}");
    let shown = workspace.succeed(&["run", "-q", "variables"]).stdout;
    let mut names: Vec<&str> =
        shown.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "LC_ALL", "PATH"]);
}

#[test]
fn a_result_that_something_is_in_the_way_of_is_told_as_kept() {
    let workspace =
        workspace("[commands.a]\nexec = 'cp in out'\ndeps = ['in']\nartifacts = ['out']\n");
    for text in ["one", "two"] {
        workspace.write("in", text);
        workspace.succeed(&["run"]);
    }
    fs::remove_dir_all(workspace.path(".purlin")).expect("it is there");
    workspace.write("in", "one");
    let events = workspace.succeed(&["run", "--json"]).json_lines();
    let started = events.iter().find(|event| event["event"] == "started").expect("it runs");
    assert_eq!(started["why"], "its result is kept, and something is in the way of it");
}
