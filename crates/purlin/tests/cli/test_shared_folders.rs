//! Commands that share a folder by wildcards: each has it to itself while it runs.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::process::{Child, Stdio};

use purlin_test::Workspace;

use crate::workspace;

/// Each writes one file of its own, after some time.
const MODULES: &str = r#"
[spaces.s]
modules = ["m1", "m2"]
[commands.build]
exec = "mkdir -p dist; sleep $(cat {module.path}/in); cp {module.path}/text dist/{module.name}.txt"
deps = ["{module.path}/in", "{module.path}/text"]
artifacts = ["dist/*.txt"]
"#;

fn modules() -> Workspace {
    let workspace = workspace(MODULES);
    for (module, pause) in [("m1", "0"), ("m2", "0.4")] {
        workspace.write(format!("{module}/in"), pause);
        workspace.write(format!("{module}/text"), "old");
    }
    workspace
}

fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn ends_well(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("warning") && !said.contains("waits for"), "{said}");
}

#[track_caller]
fn stays(workspace: &Workspace, texts: [&str; 2]) {
    for _ in 0..2 {
        let finished = workspace.succeed(&["run"]);
        assert!(finished.stderr.contains("2 cached"), "{finished}");
        assert!(!finished.stderr.contains("restored"), "{finished}");
        let found = ["m1", "m2"].map(|module| workspace.read(format!("dist/{module}.txt")));
        assert_eq!(found, texts, "{finished}");
    }
}

#[test]
fn what_a_neighbour_writes_meanwhile_is_no_result() {
    let workspace = modules();
    workspace.succeed(&["run"]);
    stays(&workspace, ["old", "old"]);
    workspace.write("m1/text", "new");
    workspace.succeed(&["run"]);
    stays(&workspace, ["new", "old"]);
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    workspace.write("m2/text", "new");
    workspace.succeed(&["run"]);
    stays(&workspace, ["new", "new"]);
}

/// The second module's run is killed once it has written.
fn one_is_killed() -> Workspace {
    let workspace = workspace(
        r#"
        [spaces.s]
        modules = ["m1", "m2"]
        [commands.build]
        exec = "mkdir -p dist; cp {module.path}/text dist/{module.name}.txt; test ! -e {module.path}/kill || kill -9 $PPID"
        deps = ["{module.path}/text"]
        artifacts = ["dist/*.txt"]
        "#,
    );
    workspace.write("m1/text", "old");
    workspace.write("m2/text", "old");
    workspace.write("m2/kill", "");
    workspace
}

fn kill_one(workspace: &Workspace) {
    assert_eq!(workspace.run(&["run", "-m", "m2"]).code, None);
    fs::remove_file(workspace.path("m2/kill")).unwrap();
}

#[test]
fn nor_is_what_a_neighbour_left_that_was_killed() {
    let workspace = one_is_killed();
    kill_one(&workspace);
    workspace.succeed(&["run", "-n1"]);
    stays(&workspace, ["old", "old"]);
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    // Of what is kept each has its own.
    workspace.succeed(&["run", "-n1"]);
    stays(&workspace, ["old", "old"]);
}

#[test]
fn nor_is_it_where_the_neighbour_has_no_part_in_the_run() {
    let workspace = one_is_killed();
    kill_one(&workspace);
    workspace.succeed(&["run", "-m", "m1"]);
    workspace.write("m2/text", "new");
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    workspace.succeed(&["run", "-m", "m2"]);
    workspace.succeed(&["run", "-m", "m1"]);
    stays(&workspace, ["old", "new"]);
}

#[test]
fn what_one_writes_again_while_a_neighbour_was_killed_is_its_own() {
    let workspace = one_is_killed();
    workspace.write("dist/m1.txt", "old");
    kill_one(&workspace);
    workspace.succeed(&["run", "-n1"]);
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    workspace.succeed(&["run", "-n1"]);
    stays(&workspace, ["old", "old"]);
}

#[test]
fn nor_is_what_one_of_another_process_writes() {
    let workspace = modules();
    for text in ["one", "two"] {
        workspace.write("m1/text", text);
        workspace.write("m2/text", text);
        let second = start(&workspace, &["run", "-m", "m2"]);
        let first = start(&workspace, &["run", "-m", "m1"]);
        for child in [first, second] {
            ends_well(child);
        }
        stays(&workspace, [text, text]);
    }
    workspace.write("m1/text", "three");
    workspace.succeed(&["run"]);
    stays(&workspace, ["three", "two"]);
    // What each has kept is its own file alone.
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    workspace.succeed(&["run", "-m", "m2"]);
    assert!(!workspace.path("dist/m1.txt").exists());
}

#[test]
fn what_a_neighbour_wrote_is_none_when_somebody_has_edited_it_either() {
    let workspace = modules();
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.path("dist")).unwrap();
    // Now both are put back, and no run here has written them.
    fs::remove_dir_all(workspace.path(".purlin/instances")).unwrap();
    workspace.succeed(&["run"]);
    for (narrow, text) in [(&[][..], "one"), (&["-m", "m2"], "two")] {
        workspace.write("dist/m1.txt", "by hand");
        workspace.write("m2/text", text);
        workspace.succeed(&[&["run", "-n", "1"], narrow].concat());
        fs::remove_dir_all(workspace.path("dist")).unwrap();
        workspace.succeed(&["run", "-m", "m2"]);
        assert!(!workspace.path("dist/m1.txt").exists(), "{text}");
        workspace.succeed(&["run"]);
    }
    stays(&workspace, ["old", "two"]);
}

#[test]
fn what_is_half_done_is_nobody_elses() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out; echo one >out/a; sleep 0.4; echo two >>out/a; echo a >>ran"
deps = ["in"]
artifacts = ["out/*"]
[commands.b]
exec = "mkdir -p out; sleep 0.2; echo b >out/b; echo b >>ran"
deps = ["in"]
artifacts = ["out/*"]
"#,
    );
    for text in ["1", "2"] {
        workspace.write("in", text);
        workspace.succeed(&["run"]);
        let again = workspace.succeed(&["run"]);
        assert!(again.stderr.contains("2 cached"), "{again}");
    }
    assert_eq!(workspace.lines("ran"), 4);
    fs::remove_dir_all(workspace.path("out")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("out/a"), "one\ntwo\n");
    assert_eq!(workspace.read("out/b"), "b\n");
}

/// Two commands, and what they do.
fn two(a: &str, b: &str) -> String {
    format!(
        "[workspace]\n[commands.a]\nexec = \"mkdir -p out; {a}\"\ndeps = [\"in\"]\n\
         artifacts = [\"out/*\"]\n[commands.b]\nexec = \"mkdir -p out; {b}\"\ndeps = [\"in\"]\n\
         artifacts = [\"out/*\"]\n"
    )
}

#[track_caller]
fn is_told(workspace: &Workspace, jobs: &[&str]) {
    for round in 0..4 {
        let failed = workspace.fail(1, &[&["run"], jobs].concat());
        let both = ["`a` and `b` both write out/x", "`b` and `a` both write out/x"];
        let is_told = both.iter().any(|text| failed.stderr.contains(text));
        assert!(is_told, "round {round}: {failed}");
    }
}

#[test]
fn two_that_write_one_file_fail_every_time_until_that_is_mended() {
    for jobs in [&[][..], &["-n", "1"]] {
        let workspace = workspace("");
        let contested = two("echo a >out/x", "echo b >out/x");
        workspace.write("purlin.toml", &contested);
        workspace.write("in", "1");
        is_told(&workspace, jobs);
        workspace.write("in", "2");
        is_told(&workspace, jobs);
        for mended in [
            two("echo a >out/y", "echo b >out/x"),
            contested.clone(),
            two("echo a >out/x", "echo b >out/y"),
        ] {
            workspace.write("purlin.toml", &mended);
            if mended == contested {
                is_told(&workspace, jobs);
                continue;
            }
            // Who came first may look once more at what the other one has made its own.
            for _ in 0..2 {
                workspace.succeed(&[&["run"], jobs].concat());
            }
            let again = workspace.succeed(&["run"]);
            assert!(again.stderr.contains("2 cached"), "{again}");
        }
        assert_eq!(workspace.read("out/x"), "a\n");
        assert_eq!(workspace.read("out/y"), "b\n");
    }
}

#[test]
fn one_that_comes_to_write_the_file_of_another_is_told() {
    let workspace = workspace("");
    workspace.write("purlin.toml", two("echo a >out/x", "echo b >out/y"));
    workspace.write("in", "1");
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", two("echo a >out/x", "echo b >out/x"));
    is_told(&workspace, &[]);
}

#[test]
fn a_file_that_one_has_left_there_may_become_anothers() {
    // In either order, whoever is first by how long they took the last time.
    for leaves in ["a", "b"] {
        let workspace = workspace("");
        let document = |first: &str, second: &str| match leaves {
            "a" => two(first, second),
            _ => two(second, first),
        };
        workspace.write("in", "1");
        workspace.write("purlin.toml", document("echo one >out/x", "echo two >out/y"));
        workspace.succeed(&["run"]);
        workspace.write("purlin.toml", document("echo one >out/z", "echo two >out/y"));
        workspace.succeed(&["run"]);
        workspace.write("purlin.toml", document("echo one >out/z", "echo two >out/x"));
        for _ in 0..2 {
            workspace.succeed(&["run"]);
            assert_eq!(workspace.read("out/x"), "two\n", "{leaves}");
        }
        let again = workspace.succeed(&["run"]);
        assert!(again.stderr.contains("2 cached"), "{again}");
    }
}

#[test]
fn two_may_change_their_files_round() {
    let workspace = workspace("");
    workspace.write("in", "1");
    for (a, b) in [("x", "y"), ("y", "x"), ("x", "y")] {
        let definitions = two(&format!("echo a >out/{a}"), &format!("echo b >out/{b}"));
        workspace.write("purlin.toml", definitions);
        for _ in 0..3 {
            let finished = workspace.succeed(&["run"]);
            assert_eq!(workspace.read(format!("out/{a}")), "a\n", "{finished}");
            assert_eq!(workspace.read(format!("out/{b}")), "b\n", "{finished}");
        }
        let again = workspace.succeed(&["run"]);
        assert!(again.stderr.contains("2 cached"), "{again}");
    }
}

#[test]
fn a_folder_that_is_named_outright_is_shared_with_those_who_write_into_it() {
    for (folder, alone) in [("out/", false), ("out", false), ("out/", true), ("out", true)] {
        let workspace = workspace(&format!(
            r#"
[commands.a]
exec = "mkdir -p out; echo a >out/a; sleep 0.4; cat in >>out/a"
deps = ["in"]
artifacts = ["{folder}"]
[commands.b]
exec = "mkdir -p out; sleep 0.2; cat in >out/b.x"
deps = ["in"]
artifacts = ["out/*.x"]
"#
        ));
        // Whether it is one can be seen here alone.
        fs::create_dir(workspace.path("out")).unwrap();
        for text in ["1", "2"] {
            workspace.write("in", text);
            if alone {
                let first = start(&workspace, &["run", "a"]);
                let second = start(&workspace, &["run", "b"]);
                for child in [first, second] {
                    ends_well(child);
                }
            } else {
                workspace.succeed(&["run"]);
            }
            let again = workspace.succeed(&["run"]);
            assert!(again.stderr.contains("2 cached"), "{folder} {alone}: {again}");
            fs::remove_dir_all(workspace.path("out")).unwrap();
            workspace.succeed(&["run", "a"]);
            assert!(!workspace.path("out/b.x").exists(), "{folder} {alone}");
            assert_eq!(workspace.read("out/a"), format!("a\n{text}"));
            workspace.succeed(&["run"]);
        }
    }
}

#[test]
fn folders_beside_each_other_are_written_at_once() {
    // Each waits until the other one has begun.
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out/a; echo a >to-b; read line <to-a; echo $line >out/a/x"
deps = ["in"]
artifacts = ["out/a/*"]
[commands.b]
exec = "mkdir -p out/b; read line <to-b; echo b >to-a; echo $line >out/b/x"
deps = ["in"]
artifacts = ["out/b/**"]
"#,
    );
    workspace.write("in", "1");
    for pipe in ["to-a", "to-b"] {
        let made = std::process::Command::new("mkfifo").arg(workspace.path(pipe)).status();
        assert!(made.unwrap().success());
    }
    workspace.succeed(&["run", "-n", "2"]);
    assert_eq!(workspace.read("out/a/x"), "b\n");
    assert_eq!(workspace.read("out/b/x"), "a\n");
}

#[test]
fn a_command_that_runs_purlin_in_its_own_folder_does_not_wait_for_itself() {
    let purlin = env!("CARGO_BIN_EXE_purlin");
    let workspace = workspace(&format!(
        r#"
[commands.outer]
exec = "{purlin} run inner && echo outer >out/outer"
deps = ["in"]
artifacts = ["out/*"]
[commands.inner]
exec = "mkdir -p out/deep; echo inner >out/deep/inner"
deps = ["in"]
artifacts = ["out/deep/*"]
hidden = true
"#
    ));
    workspace.write("in", "1");
    workspace.succeed(&["run", "outer"]);
    assert_eq!(workspace.read("out/deep/inner"), "inner\n");
    assert_eq!(workspace.read("out/outer"), "outer\n");
    assert_eq!(fs::read_dir(workspace.path(".purlin/locks")).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_run_has_left_in_the_folder_is_ended_first() {
    for (folder, above) in [("out", "out"), ("out/deep", "out"), ("out/deep", "out/deep")] {
        what_is_left_is_ended(folder, above);
    }
}

#[cfg(target_os = "linux")]
#[track_caller]
fn what_is_left_is_ended(folder: &str, above: &str) {
    let workspace = workspace(&format!(
        r#"
[commands.a]
exec = "mkdir -p {folder}; setsid sh -c 'sleep 1; echo late >{folder}/late' & echo >started; wait"
deps = ["in"]
artifacts = ["{folder}/*"]
[commands.b]
exec = "mkdir -p {above}; echo b >{above}/b"
deps = ["in"]
artifacts = ["{above}/**"]
"#
    ));
    workspace.write("in", "1");
    let made = std::process::Command::new("mkfifo").arg(workspace.path("started")).status();
    assert!(made.unwrap().success());
    let mut killed = start(&workspace, &["run", "a"]);
    fs::read(workspace.path("started")).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    workspace.succeed(&["run", "b"]);
    std::thread::sleep(std::time::Duration::from_millis(1300));
    assert!(!workspace.path(format!("{folder}/late")).exists(), "{folder} {above}");
}
