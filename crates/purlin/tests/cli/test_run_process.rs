//! How a program is started: variables, folder, arguments, limits.

use crate::workspace;

#[test]
fn programs_see_the_base_and_what_their_command_says() {
    let workspace = workspace(
        r#"
[commands.show]
argv = ["env"]
env = { SET = "to {env.USED}", PASSED = true, ABSENT = true, EMPTY = "", TERM = "mine" }
"#,
    )
    .variable("SECRET", "x")
    .variable("PYTHONPATH", "x")
    .variable("LD_LIBRARY_PATH", "/nowhere")
    .variable("LANG", "de_DE.UTF-8")
    .variable("LC_ALL", "de_DE.UTF-8")
    .variable("LC_COLLATE", "C")
    .variable("USED", "a value")
    .variable("PASSED", "on")
    .variable("USER", "somebody")
    .variable("TERM", "xterm")
    .variable("TMPDIR", "/var/tmp")
    .variable("https_proxy", "http://localhost:1");
    let shown = workspace.succeed(&["run", "-q"]).stdout;
    let mut lines: Vec<&str> = shown.lines().collect();
    lines.sort_unstable();
    let home = format!("HOME={}", workspace.base().join("home").display());
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    let mut expected = [
        "EMPTY=",
        &home,
        "LANG=C.UTF-8",
        "LC_ALL=C.UTF-8",
        "PASSED=on",
        &path,
        "SET=to a value",
        "TERM=mine",
        "TMPDIR=/var/tmp",
        "USER=somebody",
        "https_proxy=http://localhost:1",
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_variable_that_a_text_needs_and_the_user_lacks_is_an_error() {
    let workspace = workspace("[commands.show]\nexec = 'echo'\nenv = { A = '{env.NOT_THERE}' }");
    let finished = workspace.fail(2, &["run"]);
    assert!(finished.stderr.contains("the process variable `NOT_THERE` is not set"), "{finished}");
}

#[test]
fn programs_are_found_on_the_path_of_their_command() {
    use std::os::unix::fs::PermissionsExt;

    let workspace = workspace(
        "[commands.tool]\nargv = ['own-tool', 'x']\nenv = { PATH = '{root}/tools:{env.PATH}' }",
    );
    workspace.write("tools/own-tool", "#!/bin/sh\necho \"own $1\"\n");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(workspace.path("tools/own-tool"), mode).unwrap();
    assert_eq!(workspace.succeed(&["run", "-q"]).stdout, "own x\n");
}

#[test]
fn arguments_reach_a_program_without_a_shell() {
    let workspace = workspace(
        r#"
[commands.show]
argv = ["printf", "<%s>", "$HOME", "a b", "*", "{a,b}", "${HOME}", "'q'", "", "{root}/x", ";true"]
"#,
    );
    let root = workspace.root();
    let expected =
        format!("<$HOME><a b><*><{{a,b}}><${{HOME}}><'q'><><{}/x><;true>", root.display());
    assert_eq!(workspace.succeed(&["run", "-q"]).stdout, expected);
}

#[test]
fn a_shell_gets_its_text_as_it_is_written() {
    let workspace = workspace(
        r#"
[commands.show]
exec = '''
echo "${HOME}" | wc -l
echo "one two" | awk '{print $2}'
echo {a,b} {} {not.a.reference} "{{root}" {{other}}
cd {root} && ls purlin.toml
'''
"#,
    );
    let shown = workspace.succeed(&["run", "-q"]);
    assert_eq!(shown.stdout, "1\ntwo\n{a,b} {} {not.a.reference} {root} {{other}}\npurlin.toml\n");
}

#[test]
fn programs_run_in_the_root_or_in_their_folder() {
    let workspace = workspace(
        "[commands]\nroot = 'pwd > where-root'\n[commands.below]\nexec = 'pwd > where'\ncwd = 'sub/folder'\n[commands.missing]\nexec = 'pwd'\ncwd = 'gone'",
    );
    workspace.write("sub/folder/keep", "");
    let mut elsewhere = workspace.command(&["run", "root", "below"]);
    elsewhere.current_dir(workspace.path("sub"));
    assert_eq!(workspace.finish(&mut elsewhere).code, Some(0));
    let root = workspace.root().canonicalize().unwrap();
    assert_eq!(workspace.read("where-root").trim(), root.to_string_lossy());
    assert_eq!(
        workspace.read("sub/folder/where").trim(),
        root.join("sub/folder").to_string_lossy()
    );
    let missing = workspace.fail(1, &["run", "missing"]);
    insta::assert_snapshot!(missing.stable_stderr(), @"
    missing  FAILED    could not run
    error: the command `missing` could not be started
     --> purlin.toml:9:7
      |
    9 | cwd = 'gone'
      |       ^^^^^^ there is no such folder
      |
      = help: `cwd` is a folder below the workspace's root

    1 failed · [SECONDS]
    ");
}

#[test]
fn a_folder_outside_the_workspace_is_refused() {
    for outside in ["..", "/tmp", "sub/../../x"] {
        let workspace = workspace(&format!("[commands.a]\nexec = 'pwd'\ncwd = '{outside}'"));
        let finished = workspace.fail(2, &["run"]);
        assert!(finished.stderr.contains("the path leads out of the workspace"), "{finished}");
    }
}

#[test]
fn programs_have_nothing_to_read() {
    let workspace = workspace("[commands.read]\nexec = 'wc -c'");
    assert_eq!(workspace.succeed(&["run", "-q"]).stdout.trim(), "0");
}

#[test]
fn a_command_whose_time_is_over_is_ended_politely_and_has_failed() {
    let workspace = workspace(
        r#"
[commands.slow]
exec = "trap 'echo polite > term; exit 0' TERM; while :; do sleep 0.05; done"
deps = ["purlin.toml"]
cache-when = "finished"
timeout = "2s"
"#,
    );
    let finished = workspace.fail(1, &["run"]);
    assert!(finished.stderr.contains("took longer than its time limit"), "{finished}");
    assert_eq!(workspace.read("term"), "polite\n");
    // It says nothing about the command but how busy the machine was.
    assert_eq!(
        workspace.succeed(&["cache", "list", "--json"]).json()["results"],
        serde_json::json!([])
    );
}

#[test]
fn a_command_that_ignores_the_polite_signal_is_ended_with_all_its_children() {
    let workspace = workspace(
        r#"
[commands.stubborn]
exec = "trap '' TERM; sh -c 'echo $$ > child; while :; do sleep 0.05; done' & echo $$ > pid; while :; do sleep 0.05; done"
timeout = 1
"#,
    );
    let finished = workspace.fail(1, &["run"]);
    assert!(finished.stderr.contains("took longer than its time limit"), "{finished}");
    for file in ["pid", "child"] {
        crate::assert_ends(workspace.read(file).trim());
    }
}

#[test]
fn what_a_command_leaves_in_the_background_is_ended() {
    let workspace = workspace(
        "[commands.leave]\nexec = 'sh -c \"echo \\$\\$ > child; sleep 1000\" & while [ ! -s child ]; do sleep 0.01; done'",
    );
    workspace.succeed(&["run"]);
    crate::assert_ends(workspace.read("child").trim());
}

#[test]
fn process_variables_that_are_no_text_are_passed_as_they_are() {
    use std::os::unix::ffi::OsStrExt as _;
    let workspace = workspace(
        "[commands.a]\nexec = 'printf %s \"$ODD\" >out'\nenv = { ODD = true }\ndeps = ['x']\nartifacts = ['out']\n\
         [commands.text]\nexec = 'true'\nenv = { OTHER = '{env.ODD}' }\nhidden = true\n",
    );
    workspace.write("x", "");
    let mut told = Vec::new();
    for bytes in [b"a\xff", b"a\xfe", b"a\xff"] {
        let mut command = workspace.command(&["run", "--json", "a"]);
        let finished = workspace.finish(command.env("ODD", std::ffi::OsStr::from_bytes(bytes)));
        told.extend(finished.settled("a"));
        assert_eq!(std::fs::read(workspace.path("out")).ok().as_deref(), Some(&bytes[..]));
    }
    assert_eq!(told, ["finished", "finished", "cached"]);
    let mut command = workspace.command(&["run", "text"]);
    let finished = workspace.finish(command.env("ODD", std::ffi::OsStr::from_bytes(b"a\xff")));
    assert_eq!(finished.code, Some(2), "{finished}");
    assert!(finished.stderr.contains("the process variable `ODD` is not UTF-8"), "{finished}");
}
