//! A `purlin.toml` that cannot be read, or that is not where it should be.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use insta::assert_snapshot;

use crate::{folder, workspace};

#[test]
fn all_syntax_errors_at_once() {
    let workspace = workspace(
        "[commands]\nbuild = \"true\ntest = true'\n[caches\nx = {\n[commands]\ntest = \"a\"\n",
    );
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: the file is not valid TOML
     --> purlin.toml:3:14
      |
    3 | build = "true
      |              ^ invalid basic string, expected `"`

    error: the file is not valid TOML
     --> purlin.toml:4:8
      |
    4 | test = true'
      |        ^^^^^ invalid boolean, expected `true`

    error: the file is not valid TOML
     --> purlin.toml:5:8
      |
    5 | [caches
      |        ^ unclosed table, expected `]`

    error: the file is not valid TOML
     --> purlin.toml:7:1
      |
    7 | [commands]
      | ^ missing key for inline table element, expected key

    error: the file is not valid TOML
     --> purlin.toml:8:11
      |
    8 | test = "a"
      |           ^ unclosed inline table, expected `}`
    "#);
    assert_snapshot!(workspace.fail(2, &["check", "--json"]).stable_stdout(), @r#"{"diagnostics":[{"code":"toml-syntax","detail":"","help":"","labels":[{"column":14,"file":"purlin.toml","line":3,"text":"invalid basic string, expected `\"`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":8,"file":"purlin.toml","line":4,"text":"invalid boolean, expected `true`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":8,"file":"purlin.toml","line":5,"text":"unclosed table, expected `]`"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":1,"file":"purlin.toml","line":7,"text":"missing key for inline table element, expected key"}],"severity":"error","summary":"the file is not valid TOML"},{"code":"toml-syntax","detail":"","help":"","labels":[{"column":11,"file":"purlin.toml","line":8,"text":"unclosed inline table, expected `}`"}],"severity":"error","summary":"the file is not valid TOML"}]}"#);
}

#[test]
fn a_file_that_is_not_utf8() {
    let workspace = folder();
    workspace.write("purlin.toml", b"[workspace]\nname = \"caf\xe9\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: purlin.toml is not UTF-8
     |
     = There is a byte on line 2 that is no character.
     = help: save the file as UTF-8
    ");
    workspace.write("sub/x", "");
    assert_snapshot!(workspace.fail(2, &["-C", "sub", "run"]).stable_stderr(), @"
    error: ../purlin.toml is not UTF-8
     |
     = There is a byte on line 2 that is no character.
     = help: save the file as UTF-8
    ");
}

#[test]
fn a_file_that_is_no_file() {
    let workspace = folder();
    fs::create_dir(workspace.path("purlin.toml")).unwrap();
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: [TEST]/workspace/purlin.toml cannot be read
     |
     = It is a folder, not a file.
    ");
}

#[test]
fn a_workspace_whose_path_is_no_text() {
    let workspace = folder();
    let path = workspace.base().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&path).unwrap();
    fs::write(path.join("purlin.toml"), "[workspace]\n[commands]\na = \"true\"\n").unwrap();
    let mut command = workspace.command(&["run"]);
    assert_snapshot!(workspace.finish(command.current_dir(&path)).stable_stderr(), @"
    error: the path of the workspace is not UTF-8
     |
     = It is [TEST]/caf�, and `{root}` in `purlin.toml` stands for it.
     = help: move the workspace to a folder whose name is text
    ");
}

#[test]
fn no_workspace() {
    let workspace = folder();
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: there is no workspace here
     |
     = Neither [TEST]/workspace nor a folder above it has a purlin.toml with `[workspace]`.
     = help: `purlin init` makes this folder one
    ");
    // A module's file makes no workspace.
    workspace.write("purlin.toml", "[commands]\na = \"true\"\n");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: there is no workspace here
     |
     = Neither [TEST]/workspace nor a folder above it has a purlin.toml with `[workspace]`.
     = help: `purlin init` makes this folder one
    ");
}

#[test]
fn included_files_count_as_if_they_stood_in_the_workspaces_file() {
    let workspace = workspace("[include]\nfiles = [\"ci/*.toml\"]\n[commands]\nown = \"true\"\n");
    workspace.write("ci/lint.toml", "[commands]\nlint = \"echo included\"\n");
    assert!(workspace.succeed(&["run", "lint"]).stdout.contains("included"));
    workspace.write("ci/more.toml", "[commands]\nown = \"false\"\n");
    assert_snapshot!(workspace.fail(2, &["run", "lint"]).stable_stderr(), @r#"
    error: `own` is written in two files
     --> ci/more.toml:2:1
      |
    2 | own = "false"
      | ^^^ again here
      |
     ::: purlin.toml:5:1
      |
    5 | own = "true"
      | --- first here
      |
      = help: take one of the two out
    "#);
    workspace.write("purlin.toml", "[workspace]\n[include]\nfiles = \"ci/*.toml\"\n");
    let failed = workspace.fail(2, &["run"]);
    assert!(failed.stderr.contains("`/include/files` must be a list"), "{failed}");
}
