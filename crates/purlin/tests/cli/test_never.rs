//! Never a stale hit, never a user's own file: what changes while a command runs, and what stands
//! where an output belongs.

use std::fs;
use std::process::{Child, Command, Stdio};

use purlin_test::Workspace;

use crate::workspace;

/// Waits in a command until a file is there; the file before it says that the command waits.
const WAIT: &str = "touch at; while [ ! -e go ]; do sleep 0.01; done";

/// Starts a run and comes back when its command waits.
fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it can be started");
    workspace.wait_for("at");
    child
}

/// Lets the waiting command go on, and waits for the end of the run.
#[track_caller]
fn go_on(workspace: &Workspace, child: Child) -> String {
    workspace.write("go", "");
    let finished = workspace.finished(child);
    assert_eq!(finished.code, Some(0), "{finished}");
    fs::remove_file(workspace.path("at")).expect("it was made");
    finished.stderr
}

#[test]
fn an_input_that_is_changed_and_changed_back_is_noticed() {
    let workspace = workspace(&format!(
        r#"
[commands.copy]
exec = "{WAIT}; cat in.txt > out.txt; touch read; while [ ! -e end ]; do sleep 0.01; done"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#
    ));
    workspace.write("in.txt", "A");
    let child = start(&workspace, &["run"]);
    workspace.write("in.txt", "B");
    workspace.write("go", "");
    workspace.wait_for("read");
    workspace.write("in.txt", "A");
    workspace.write("end", "");
    let told = go_on(&workspace, child);
    assert!(told.contains("in.txt was written while it ran"), "{told}");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("out.txt"), "A");
}

#[test]
fn artifacts_of_a_producer_that_change_meanwhile_are_noticed() {
    let workspace = workspace(&format!(
        r#"
[commands.a]
exec = "cp in.txt out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
[commands.b]
exec = "{WAIT}; cat out.txt > b.txt"
deps = ["command:a"]
artifacts = ["b.txt"]
"#
    ));
    workspace.write("in.txt", "A");
    let child = start(&workspace, &["run"]);
    workspace.write("in.txt", "B");
    workspace.succeed(&["run", "a"]);
    let told = go_on(&workspace, child);
    assert!(told.contains("the artifacts of `a` changed while it ran"), "{told}");
    workspace.write("in.txt", "A");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("b.txt"), "A");
}

#[test]
fn a_file_that_somebody_puts_into_a_producers_folder_counts() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p out; cp in.txt out/a.txt"
deps = ["in.txt"]
artifacts = ["out"]
[commands.b]
exec = "cat out/* > b.txt"
deps = ["command:a"]
artifacts = ["b.txt"]
"#,
    );
    workspace.write("in.txt", "A");
    workspace.succeed(&["run"]);
    workspace.write("out/extra.txt", "EXTRA");
    assert_eq!(
        workspace.succeed(&["run", "--ls", "--json"]).json()["instances"][1]["cache_status"],
        "cold"
    );
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("b.txt"), "AEXTRA");
    fs::remove_file(workspace.path("out/extra.txt")).expect("it is the test's own");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("b.txt"), "A");
}

#[test]
fn what_a_stopped_run_wrote_is_taken_away() {
    let workspace = workspace(&format!(
        r#"
[commands.a]
exec = "rm -rf out; mkdir out; cp in.txt out/$(cat in.txt); [ -e quick ] || {{ {WAIT}; }}"
deps = ["in.txt"]
artifacts = ["out"]
"#
    ));
    workspace.write("in.txt", "A");
    workspace.write("quick", "");
    workspace.succeed(&["run"]);
    fs::remove_file(workspace.path("quick")).expect("it is the test's own");
    workspace.write("in.txt", "B");
    let child = start(&workspace, &["run"]);
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.expect("there is a kill").success());
    assert_eq!(workspace.finished(child).code, Some(130));
    assert!(workspace.path("out/B").exists());
    workspace.write("in.txt", "A");
    workspace.succeed(&["run"]);
    assert!(workspace.path("out/A").exists() && !workspace.path("out/B").exists());
}

#[test]
fn what_a_run_wrote_that_was_not_kept_goes_when_an_older_result_is_used() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "rm -rf out; mkdir out; cp in.txt out/a; [ ! -e ../broken ] || { touch out/half; exit 1; }"
deps = ["in.txt"]
artifacts = ["out"]
[commands.b]
exec = "ls out"
deps = ["command:a"]
"#,
    );
    workspace.write("in.txt", "A");
    workspace.succeed(&["run"]);
    fs::write(workspace.base().join("broken"), "").expect("the folder is the test's own");
    workspace.fail(1, &["run", "--force", "a"]);
    assert!(workspace.path("out/half").exists());
    fs::remove_file(workspace.base().join("broken")).expect("it was made");
    let run = workspace.succeed(&["run", "--json"]);
    assert_eq!(run.settled("a").as_deref(), Some("cached"), "{run}");
    assert_eq!(run.settled("b").as_deref(), Some("cached"), "{run}");
    assert!(!workspace.path("out/half").exists());
}

#[test]
fn the_file_that_an_answer_is_read_from_is_looked_at_again() {
    let workspace = workspace(&format!(
        r#"
[commands.a]
exec = "{WAIT}; cat $(tr -d '[]\"' < d.json)"
deps = [{{ type = "load", path = "d.json" }}]
"#
    ));
    workspace.write("d.json", "[\"x\"]");
    workspace.write("x", "x");
    workspace.write("y", "y");
    let child = start(&workspace, &["run"]);
    workspace.write("d.json", "[\"y\"]");
    let told = go_on(&workspace, child);
    assert!(told.contains("what its dependencies are read from changed while it ran"), "{told}");
    workspace.write("d.json", "[\"x\"]");
    assert_eq!(workspace.succeed(&["run"]).stdout, "x");
}

#[test]
fn a_users_file_among_the_artifacts_is_not_reverted() {
    let workspace = workspace(
        r#"
[commands.docs]
exec = "echo made >> runs; echo made > docs/made.md"
deps = ["in.txt"]
artifacts = ["docs"]
"#,
    );
    workspace.write("in.txt", "");
    workspace.write("docs/own.md", "first");
    workspace.succeed(&["run"]);
    workspace.write("docs/own.md", "second");
    let told = workspace.succeed(&["run"]);
    assert!(told.stderr.contains("`docs/own.md` is in the way"), "{told}");
    assert_eq!(workspace.read("docs/own.md"), "second");
    // What the command wrote is its own, and is put back.
    workspace.write("docs/made.md", "edited");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("docs/made.md"), "made\n");
    assert_eq!((workspace.read("docs/own.md").as_str(), workspace.lines("runs")), ("second", 2));
}

#[test]
fn what_was_written_under_other_artifacts_stays() {
    let workspace = workspace("");
    let document = |folder: &str| {
        format!(
            "[workspace]\n[commands.a]\nexec = \"mkdir -p {folder}; echo a > {folder}/a\"\ndeps = [\"in.txt\"]\nartifacts = [\"{folder}\"]\n"
        )
    };
    workspace.write("in.txt", "");
    workspace.write("purlin.toml", document("src"));
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", document("gen"));
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.path("gen")).expect("it was made");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("outputs restored"), "{again}");
    assert_eq!(workspace.read("src/a"), "a\n");
}

#[test]
fn a_users_file_in_the_place_of_an_output_folder_stays() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir out && echo a > out/a"
deps = ["in.txt"]
artifacts = ["out"]
"#,
    );
    workspace.write("in.txt", "");
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.path("out")).expect("it was made");
    workspace.write("out", "my notes");
    workspace.fail(1, &["run"]);
    assert_eq!(workspace.read("out"), "my notes");
}

#[test]
fn a_repository_among_the_artifacts_is_kept_with_its_git_folder() {
    let workspace = workspace(
        r#"
[commands.vendor]
exec = "mkdir -p vendor/.git && echo ref > vendor/.git/HEAD && echo a > vendor/a"
deps = ["in.txt"]
artifacts = ["vendor"]
"#,
    );
    workspace.write("in.txt", "");
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.path("vendor")).expect("it was made");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("outputs restored"), "{again}");
    assert_eq!(workspace.read("vendor/.git/HEAD"), "ref\n");
}
