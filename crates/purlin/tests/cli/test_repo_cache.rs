//! The cache `repo`: results that are committed.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::{folder, workspace};

/// A lock file that is made from what is wanted, and a command that depends on it.
const DOCUMENT: &str = r#"[workspace]
[commands.lock]
exec = "echo run >> lock.runs; echo locked; sed 's/$/==1.0/' wanted.txt > wanted.lock"
deps = ["wanted.txt"]
artifacts = ["wanted.lock"]
cache = "repo"

[commands.install]
exec = "echo run >> install.runs; cp wanted.lock installed"
deps = ["wanted.lock", "command:lock"]
artifacts = ["installed"]
"#;

#[track_caller]
fn git(workspace: &Workspace, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(workspace.root())
        .env("HOME", workspace.base().join("home"));
    let done = workspace.finish(&mut command);
    assert_eq!(done.code, Some(0), "git {arguments:?}: {done}");
    done.stdout
}

/// A repository in which the results are committed.
fn committed() -> Workspace {
    let workspace = workspace(DOCUMENT);
    workspace.write("wanted.txt", "one\ntwo\n");
    workspace.write(".gitignore", "*.runs\nwanted.lock\ninstalled\n");
    // What is in the key has to be the same everywhere.
    workspace.write(
        ".gitattributes",
        "wanted.txt text eol=lf\n/.purlin-cache/** binary linguist-generated\n",
    );
    workspace.succeed(&["run"]);
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    workspace
}

fn commit(workspace: &Workspace) {
    git(workspace, &["add", "-A"]);
    git(workspace, &["commit", "-qm", "all"]);
}

fn clone(of: &Workspace, options: &[&str]) -> Workspace {
    let clone = folder();
    let root = of.root();
    git(&clone, &[&["clone", "-q"], options, &[root.to_str().unwrap(), "."]].concat());
    clone
}

fn entries(workspace: &Workspace, kind: &str) -> Vec<PathBuf> {
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let outer = below(&workspace.path(".purlin-cache/v1").join(kind));
    outer.iter().flat_map(|folder| below(folder)).collect()
}

fn warnings(run: &Finished) -> usize {
    run.stderr.lines().filter(|line| line.starts_with("warning")).count()
}

/// The lock file's result is used, without a word.
#[track_caller]
fn shares(clone: &Workspace) {
    let run = clone.succeed(&["run"]);
    assert!(run.stderr.contains("1 done · 1 cached") && warnings(&run) == 0, "{run}");
    assert_eq!((clone.lines("lock.runs"), clone.lines("install.runs")), (0, 1));
    assert_eq!(clone.read("wanted.lock"), "one==1.0\ntwo==1.0\n");
    assert_eq!(git(clone, &["status", "--short"]), "");
}

#[test]
fn clones_share_what_is_committed() {
    let first = committed();
    assert_eq!((entries(&first, "actions").len(), entries(&first, "blobs").len()), (1, 3));
    shares(&clone(&first, &[]));
    // Text is not made fit for another system, and whoever looks at a change need not read it.
    shares(&clone(&first, &["-c", "core.autocrlf=true"]));
    let shown = git(
        &first,
        &["check-attr", "text", "diff", "linguist-generated", "--", ".purlin-cache/v1/x"],
    );
    assert_snapshot!(shown, @r"
    .purlin-cache/v1/x: text: unset
    .purlin-cache/v1/x: diff: unset
    .purlin-cache/v1/x: linguist-generated: set
    ");
    // What a killed run leaves is not offered to be committed.
    first.write(".purlin-cache/v1/tmp/left", "");
    assert_eq!(git(&first, &["status", "--short"]), "");
}

#[test]
fn branches_merge() {
    let first = committed();
    let second = clone(&first, &[]);
    git(&second, &["checkout", "-q", "-b", "second"]);
    // Both come to the same result by themselves, and each to another of its own.
    for (workspace, own) in [(&first, "three\n"), (&second, "four\n")] {
        for wanted in ["same\n", own] {
            workspace.write("wanted.txt", wanted);
            workspace.succeed(&["run", "lock"]);
        }
        workspace.write("wanted.txt", "one\ntwo\n");
        commit(workspace);
    }
    git(
        &first,
        &["pull", "-q", "--no-rebase", "--no-edit", second.root().to_str().unwrap(), "second"],
    );
    assert_eq!(entries(&first, "actions").len(), 4);
    let runs = first.lines("lock.runs");
    for wanted in ["same\n", "three\n", "four\n"] {
        first.write("wanted.txt", wanted);
        let run = first.succeed(&["run", "lock"]);
        assert!(run.stderr.contains("1 cached") && warnings(&run) == 0, "{run}");
    }
    assert_eq!(first.lines("lock.runs"), runs);
}

#[test]
fn what_git_has_changed_is_damage() {
    // Without its attributes, text is made fit for another system.
    let first = committed();
    first.write(".gitattributes", "wanted.txt text eol=lf\n");
    commit(&first);
    let other = clone(&first, &["-c", "core.autocrlf=true"]);
    let run = other.succeed(&["run"]);
    assert!(run.stderr.contains("2 done"), "{run}");
    assert_eq!(warnings(&run), 1, "{run}");
    assert_eq!(other.read("wanted.lock"), "one==1.0\ntwo==1.0\n");
    let again = other.succeed(&["run"]);
    assert!(again.stderr.contains("2 cached") && warnings(&again) == 0, "{again}");

    // Conflict marks, half a file, nothing, and one under another's name.
    let damages: [fn(&Path); 4] = [
        |file| {
            let text = fs::read(file).unwrap();
            let marked = [b"<<<<<<< HEAD\n", &*text, b"=======\n", &*text, b">>>>>>> other\n"];
            fs::write(file, marked.concat()).unwrap();
        },
        |file| {
            let text = fs::read(file).unwrap();
            fs::write(file, &text[..text.len() / 2]).unwrap();
        },
        |file| fs::write(file, "").unwrap(),
        |file| fs::write(file, "other").unwrap(),
    ];
    for damage in damages {
        for kind in ["actions", "blobs"] {
            let first = committed();
            for entry in entries(&first, kind) {
                damage(&entry);
            }
            let other = folder();
            for file in ["purlin.toml", "wanted.txt"] {
                other.write(file, first.read(file));
            }
            let copied = Command::new("cp")
                .arg("-a")
                .args([first.path(".purlin-cache"), other.path(".purlin-cache")])
                .status();
            assert!(copied.unwrap().success());
            let run = other.succeed(&["run"]);
            assert_eq!((warnings(&run), other.lines("lock.runs")), (1, 1), "{kind}: {run}");
            assert_eq!(other.read("wanted.lock"), "one==1.0\ntwo==1.0\n");
            let again = other.succeed(&["run"]);
            assert!(again.stderr.contains("2 cached") && warnings(&again) == 0, "{again}");
        }
    }
}

#[test]
fn no_command_depends_on_it() {
    let workspace = workspace(
        "[commands.all]\nexec = 'echo run >> ../runs; cp -r . ../copy'\ndeps = ['**', '.*/**']\ncache = 'repo'\n",
    );
    workspace.write("in.txt", "");
    workspace.succeed(&["run"]);
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
    workspace.write(
        "purlin.toml",
        "[workspace]\n[commands.all]\nexec = 'true'\ndeps = ['.purlin-cache/**']\n",
    );
    let named = workspace.fail(2, &["check"]);
    assert!(named.stderr.contains("`.purlin-cache` is never looked into"), "{named}");
}

#[test]
fn a_result_in_the_repository_tells_no_time() {
    let workspace = committed();
    let listed = workspace.succeed(&["cache", "list", "--json"]).json();
    let results = listed["results"].as_array().unwrap();
    let of = |place: &str| results.iter().find(|one| one["place"] == place).unwrap();
    assert!(of("workspace")["created"].is_null(), "{listed}");
    assert!(of("user")["created"].as_u64().unwrap() > 1_700_000_000, "{listed}");
}

#[test]
fn that_git_is_not_told_of_results_is_said_once() {
    let workspace = workspace(DOCUMENT);
    workspace.write("wanted.txt", "one\n");
    git(&workspace, &["init", "-q"]);
    // Where nobody would see it, it is left to another run.
    assert_eq!(workspace.succeed(&["run", "-q", "lock"]).stderr, "");
    workspace.write("wanted.txt", "three\n");
    let first = workspace.succeed(&["run", "lock"]);
    let line = "/.purlin-cache/** binary linguist-generated";
    assert!(first.stderr.contains(&format!("add this line to .gitattributes: {line}")), "{first}");
    assert!(!workspace.path(".gitattributes").exists());
    assert!(!workspace.path(".purlin-cache/.gitattributes").exists());
    workspace.write("wanted.txt", "two\n");
    let second = workspace.succeed(&["run", "lock"]);
    assert!(!second.stderr.contains(".gitattributes"), "{second}");
    // Where it is told already, or where there is no repository, nothing is said.
    for attributes in [Some(line), None] {
        fs::remove_dir_all(workspace.path(".purlin-cache")).unwrap();
        fs::remove_dir_all(workspace.path(".purlin")).unwrap();
        match attributes {
            Some(line) => workspace.write(".gitattributes", line),
            None => {
                fs::remove_file(workspace.path(".gitattributes")).unwrap();
                fs::remove_dir_all(workspace.path(".git")).unwrap();
            }
        }
        let told = workspace.succeed(&["run", "-f", "lock"]);
        assert!(!told.stderr.contains(".gitattributes"), "{told}");
    }
}
