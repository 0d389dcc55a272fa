//! `inputs-strict`: what is not declared cannot be read.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const COMMANDS: &str = r#"
[commands.make]
exec = "cat src/a.txt > made.txt; echo hidden > hidden.txt"
deps = ["src/**"]
artifacts = ["made.txt"]
[commands.fair]
exec = "cat src/a.txt made.txt src/link > out/all.txt; cat out/all.txt; ls . > /dev/null; cat /etc/passwd > /dev/null"
deps = ["src/**", "command:make"]
artifacts = ["out/"]
inputs-strict = true
[commands.sly]
exec = "cat src/a.txt secret/b.txt"
deps = ["src/**"]
inputs-strict = true
hidden = true
[commands.runs-it]
exec = "./tool.sh"
deps = ["src/**"]
inputs-strict = true
hidden = true
"#;

/// `None`, with a line that says so, where the system cannot do it.
fn strict(document: &str) -> Option<Workspace> {
    let made = workspace(document);
    made.write("src/a.txt", "a\n");
    made.write("secret/b.txt", "b\n");
    made.write("tool.sh", "#!/bin/sh\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(made.path("tool.sh"), executable).expect("it was written");
    std::os::unix::fs::symlink("a.txt", made.path("src/link")).expect("it is new");
    if made.run(&["run"]).stderr.contains("cannot be held to its inputs") {
        eprintln!("skipped: this system has no Landlock");
        return None;
    }
    Some(made)
}

#[test]
fn what_is_declared_can_be_read_and_nothing_else_of_the_workspace() {
    let Some(workspace) = strict(COMMANDS) else { return };
    let fair = workspace.succeed(&["run", "-n", "1", "fair"]);
    assert!(fair.stdout.ends_with("a\na\na\n"), "{fair}");
    let sly = workspace.fail(1, &["run", "sly"]);
    assert_eq!(sly.stdout, "a\n");
    assert_snapshot!(sly.stable_stderr(), @"
    cat: secret/b.txt: Permission denied
    sly  FAILED    ended with status 1, [SECONDS]
    note: `sly` can read only what it declares in this workspace
      --> purlin.toml:12:11
       |
    12 | [commands.sly]
       |           ^^^ it has `inputs-strict`
       |
       = help: name what else it reads in `deps`

    1 failed · [SECONDS]
    ");
    assert!(workspace.fail(1, &["run", "runs-it"]).stderr.contains("Permission denied"));
}

#[test]
fn it_is_in_the_key() {
    let Some(workspace) = strict(COMMANDS) else { return };
    workspace.succeed(&["run", "fair"]);
    workspace.write(
        "purlin.toml",
        format!("[workspace]\n{}", COMMANDS.replacen("inputs-strict = true", "", 1)),
    );
    let said = workspace.succeed(&["run", "--why", "fair"]);
    assert!(said.stdout.contains("inputs-strict removed"), "{said}");
}

#[test]
fn a_link_to_a_folder_among_the_inputs_opens_nothing() {
    let workspace = workspace(
        "[commands.a]\nexec = 'cat src/x && ! cat src/up/secret && ! cat secret'\ndeps = ['src/**']\ninputs-strict = true\n",
    );
    workspace.write("src/x", "");
    workspace.write("secret", "");
    std::os::unix::fs::symlink("..", workspace.path("src/up")).unwrap();
    let finished = workspace.run(&["run"]);
    if finished.stderr.contains("Landlock") {
        eprintln!("skipped: there is no Landlock here");
        return;
    }
    assert_eq!(finished.code, Some(0), "{finished}");
}
