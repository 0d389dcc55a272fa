//! Commands that own the terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};

use purlin_test::{Finished, Workspace};

use crate::workspace;

const ALONE: &str = "mkdir alone && sleep 0.1 && rmdir alone";

fn typed(workspace: &Workspace, arguments: &[&str], text: &str) -> Finished {
    let mut command = workspace.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(text.as_bytes()).expect("it is read");
    drop(stdin);
    workspace.finished(child)
}

#[test]
fn an_interactive_command_has_the_streams_and_runs_alone() {
    let workspace = workspace(&format!(
        "[commands]\na = '{ALONE}'\nb = '{ALONE}; cat'\nask = {{ exec = 'read name; {ALONE}; echo hello $name', interactive = true }}\n"
    ));
    let said = typed(&workspace, &["run", "-n", "1", "a", "b"], "bob\n");
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    let said = typed(&workspace, &["run", "-n", "3", "a", "ask"], "bob\n");
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "hello bob\n"), "{said}");
    // stdout is not for it where events go there.
    let said = typed(&workspace, &["run", "--json", "ask"], "bob\n");
    assert!(said.json_lines().iter().all(|event| event["event"] != "output"), "{said}");
    assert!(said.stderr.contains("hello bob"), "{said}");
}

#[test]
fn its_files_are_kept_and_its_output_is_not() {
    let workspace = workspace(
        "[commands.setup]\nexec = 'read name; echo said; echo $name > conf'\ndeps = ['template']\nartifacts = ['conf']\ninteractive = true\n",
    );
    workspace.write("template", "");
    typed(&workspace, &["run"], "bob\n");
    std::fs::remove_file(workspace.path("conf")).expect("it was written");
    let again = workspace.succeed(&["run"]);
    assert_eq!((again.stdout.as_str(), workspace.read("conf").as_str()), ("", "bob\n"), "{again}");
}

#[test]
fn on_a_terminal_it_is_the_one_that_is_typed_to() {
    let workspace = workspace(
        "[commands]\nslow = 'sleep 0.3'\nask = { exec = 'test -t 0 && test -t 1 && read name && echo $name > name', interactive = true }\n",
    );
    let binary = workspace.command(&[]).get_program().to_string_lossy().into_owned();
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &format!("{binary} run -n 2"), "/dev/null"])
        .current_dir(workspace.root())
        .env("PURLIN_CACHE_DIR", workspace.cache())
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn().expect("there is `script`, of util-linux");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(b"bob\n").expect("it is read");
    assert!(child.wait().expect("it was started").success());
    assert_eq!(workspace.read("name"), "bob\n");
}
