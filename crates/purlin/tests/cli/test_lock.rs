//! `purlin.lock`: what writes it, what compares it, and that it grants nothing.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use purlin_test::Workspace;

use crate::test_consent::manifest;
use crate::workspace;

/// A workspace that names a plugin of its own, an installed one, and a bundled one.
fn naming() -> Workspace {
    let workspace = workspace(
        "[plugins]\ntools = { path = \"plugins/tools\" }\nfar = \"1\"\nglob = \"*\"\n[commands.plain]\nexec = \"true\"\ndeps = [\"in.txt\"]\n",
    );
    workspace.write("in.txt", "in");
    let more = "[permissions]\nread = [\"{workspace}\", \"/srv\"]\n";
    workspace.write("plugins/tools/plugin.toml", manifest("tools", more));
    workspace.write("../data/plugins/far/plugin.toml", manifest("far", ""));
    workspace.write("../data/plugins/far/far", "#!/bin/sh\n");
    workspace
}

fn lock(workspace: &Workspace) -> Option<String> {
    std::fs::read_to_string(workspace.path("purlin.lock")).ok()
}

/// The lock file without what is different in each workspace.
fn pins(workspace: &Workspace) -> String {
    let text = lock(workspace).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("id = "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_run_pins_what_the_workspace_names_and_looking_writes_nothing() {
    let workspace = naming();
    for arguments in [
        &["check"][..],
        &["run", "--ls"],
        &["run", "--why", "plain"],
        &["plugin", "list"],
        &["plugin", "trust", "--json", "--yes"],
        &["--help"],
    ] {
        workspace.succeed(arguments);
        assert_eq!(lock(&workspace), None, "{arguments:?}");
    }
    let first = workspace.succeed(&["run"]);
    assert!(!first.stderr.contains("purlin.lock"), "{first}");
    insta::assert_snapshot!(pins(&workspace), @r#"
    # Written by Purlin. Commit this file; do not edit it.
    version = 1

    [plugins.far]
    source = "installed"
    version = "1.0.0"

    [plugins.far.content]
    any = "0ef51ca26a078e75543121978d05089488af6db670b6d021f00e4f124ed83554"

    [plugins.tools]
    source = "path:plugins/tools"
    version = "1.0.0"

    [plugins.tools.permissions]
    read = ["/srv", "{workspace}"]

    [workspace]
    "#);
    let before = lock(&workspace);
    workspace.succeed(&["run", "--locked"]);
    workspace.succeed(&["check", "--locked"]);
    assert_eq!(lock(&workspace), before);
}

#[test]
fn locked_fails_instead_of_adding_a_pin() {
    let workspace = naming();
    for arguments in
        [&["run", "--locked"][..], &["check", "--locked"], &["plugin", "lock", "--locked"]]
    {
        let failed = workspace.fail(2, arguments);
        assert!(failed.stderr.contains("`far` has no pin."), "{failed}");
        assert_eq!(lock(&workspace), None);
    }
    insta::assert_snapshot!(workspace.fail(2, &["run", "--locked"]).stable_stderr(), @"
    error: purlin.lock would have to change, which `--locked` forbids
     |
     = `far` has no pin.
       `tools` has no pin.
     = help: run the verb without `--locked`, and commit the file
    ");
}

#[test]
fn the_pin_of_a_path_plugin_follows_it_and_that_is_said() {
    let workspace = naming();
    workspace.succeed(&["run"]);
    workspace.write("plugins/tools/code.py", "");
    workspace.succeed(&["run", "--locked"]);

    let more = "[permissions]\nread = [\"/srv\"]\nwrite = [\"/srv\"]\n";
    workspace.write("plugins/tools/plugin.toml", manifest("tools", more));
    let failed = workspace.fail(2, &["run", "--locked"]);
    assert!(
        failed
            .stderr
            .contains("`tools`: asks for write `/srv`, no longer asks for read `{workspace}`."),
        "{failed}"
    );
    insta::assert_snapshot!(workspace.succeed(&["run"]).stable_stderr(), @"
    note: purlin.lock was changed
     |
     = `tools`: asks for write `/srv`, no longer asks for read `{workspace}`
     = help: commit it with the change that it belongs to

    plain  cached
    1 cached · [SECONDS]
    ");
    workspace.succeed(&["run", "--locked"]);
    assert!(pins(&workspace).contains("write = [\"/srv\"]"));
}

#[test]
fn an_installed_plugin_that_is_another_is_refused_where_it_is_used() {
    let workspace = naming();
    workspace.succeed(&["plugin", "trust", "far", "--yes"]);
    workspace.succeed(&["run"]);
    let before = lock(&workspace);
    workspace.write("../data/plugins/far/far", "#!/bin/sh\n# another\n");
    // Who does not use it is not stopped.
    workspace.succeed(&["run"]);
    workspace.succeed(&["run", "--locked"]);
    insta::assert_snapshot!(workspace.fail(2, &["far"]).stable_stderr(), @"
    error: the plugin `far` is not the one that purlin.lock pins
     --> purlin.lock:4:10
      |
    4 | [plugins.far]
      |          ^^^ pinned here
      |
      = pinned: [HASH]
        found:  [HASH], in `[TEST]/data/plugins/far`
      = help: put the pinned one in its place, or run `purlin plugin lock far` to pin this one
    ");
    workspace.fail(2, &["check"]);
    assert_eq!(lock(&workspace), before);

    let renewed = workspace.succeed(&["plugin", "lock", "far"]);
    assert!(renewed.stderr.contains("`far`: content"), "{renewed}");
    workspace.succeed(&["check"]);
    // Pinned, and yet not consented to.
    workspace.fail(3, &["far"]);
    assert_eq!(workspace.succeed(&["plugin", "lock"]).stdout, "purlin.lock is as it should be\n");
    workspace.fail(2, &["plugin", "lock", "glbo"]);
}

#[test]
fn pins_of_plugins_that_are_named_no_more_go_when_that_is_asked_for() {
    let workspace = naming();
    workspace.succeed(&["run"]);
    let document = workspace.read("purlin.toml").replace("far = \"1\"\n", "");
    workspace.write("purlin.toml", document);
    workspace.succeed(&["run", "--locked"]);
    let document = workspace.succeed(&["plugin", "lock", "--json"]).json();
    assert_eq!(
        document,
        serde_json::json!({"changes": [{"plugin": "far", "kind": "removed", "what": []}]})
    );
    assert!(!pins(&workspace).contains("far"));
}

#[test]
fn a_lock_file_that_cannot_be_used_is_told_and_left_alone() {
    let workspace = naming();
    let conflict = "version = 1\n<<<<<<< ours\n[plugins.far]\n=======\n>>>>>>> theirs\n";
    workspace.write("purlin.lock", conflict);
    insta::assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: purlin.lock cannot be used: it is not valid TOML
     --> purlin.lock:2:1
      |
    2 | <<<<<<< ours
      | ^^^^^^^ invalid unquoted key, expected letters, numbers, `-`, `_`
      |
      = help: undo the edit or the merge that broke it, then run the verb again
    ");
    let check = workspace.fail(2, &["check"]);
    assert!(check.stderr.contains("purlin.lock cannot be used"), "{check}");
    assert_eq!(workspace.read("purlin.lock"), conflict);
}

#[test]
fn two_runs_at_once_write_one_lock_file() {
    let workspace = naming();
    let start =
        |_| workspace.command(&["run"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let processes: Vec<_> = (0..6).map(start).collect();
    for process in processes {
        let finished = workspace.finished(process);
        assert_eq!(finished.code, Some(0), "{finished}");
    }
    let before = lock(&workspace);
    workspace.succeed(&["run", "--locked"]);
    assert_eq!(lock(&workspace), before);
    assert_eq!(pins(&workspace).matches("version = \"1.0.0\"").count(), 2);
}

#[test]
fn a_lock_file_that_cannot_be_written_stops_nobody() {
    let workspace = naming();
    workspace.write("../cache/index/locks", "a file in the place of a folder");
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.contains("warning: purlin.lock cannot be written"), "{run}");
    assert_eq!(lock(&workspace), None);
}
