//! What git is told of kept results: Purlin reads it as git does.

use std::fs;
use std::path::Path;
use std::process::Command;

use purlin_test::Workspace;

use crate::folder;

const LINE: &str = "/.purlin-cache/** binary linguist-generated";

/// Files of a store.
const SAMPLES: [&str; 2] =
    [".purlin-cache/v1/blobs/0a/0a1b2c", ".purlin-cache/v1/actions/9f/9f8e7d"];

fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(words).current_dir(folder).env_clear().env("HOME", folder);
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("git is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// Whether git is told in a folder that becomes a workspace: as Purlin sees it, and as git does.
fn is_told(around: &Workspace, below: &str) -> (bool, bool) {
    let told = around.succeed(&["-C", below, "init", "--json"]).json()["unmarked_cache"].is_null();
    fs::remove_file(around.path(below).join("purlin.toml")).expect("it was just written");
    let says = |sample: &&str| {
        let words = ["check-attr", "text", "eol", "--", sample];
        let answer = git(&around.path(below), &words);
        answer.contains(": text: unset\n") || answer.contains(": eol: lf\n")
    };
    (told, SAMPLES.iter().all(says))
}

fn repository() -> Workspace {
    let around = folder();
    git(&around.root(), &["init", "--quiet"]);
    around
}

#[test]
fn lines_mean_what_they_mean_to_git() {
    let around = repository();
    for (lines, told) in [
        ("", false),
        (LINE, true),
        ("# /.purlin-cache/** binary", false),
        ("* -text", true),
        ("*.txt -text", false),
        ("* text=auto", false),
        ("* text=auto eol=lf", true),
        ("* eol=crlf", false),
        (".purlin-cache binary", false),
        (".purlin-cache/ binary", false),
        (".purlin-cache/* binary", false),
        (".purlin-cache/** -text", true),
        ("**/.purlin-cache/** -text", true),
        (".purlin-cache/v1/*/*/* binary", true),
        (".purlin-cache/v1/blobs/** binary", false),
        (".purlin-[c]ache/v1/[!x]*/[0-9a-f]?/* -text", true),
        ("\".purlin-cache/**\" -text", true),
        (".purlin-cache/** linguist-generated", false),
        ("* binary\n.purlin-cache/** text", false),
        (".purlin-cache/** text\n* -text", true),
        ("* -text text", false),
        ("* -text\n* !text", false),
        ("[attr]bytes -text\n.purlin-cache/** bytes", true),
        ("\\*/** -text", false),
    ] {
        around.write(".gitattributes", lines);
        assert_eq!(is_told(&around, "."), (told, told), "{lines}");
    }
}

#[test]
fn files_above_and_below_count_and_the_nearest_counts_most() {
    for (files, told) in [
        (&[(".gitattributes", "* -text")][..], true),
        (&[(".gitattributes", "/apps/one/.purlin-cache/** binary")], true),
        (&[(".gitattributes", LINE)], false),
        (&[("apps/.gitattributes", "* -text"), (".gitattributes", "* text")], true),
        (&[("apps/.gitattributes", "* text"), (".gitattributes", "* -text")], false),
        (&[("apps/one/.purlin-cache/.gitattributes", "* -text")], true),
        (&[("apps/two/.gitattributes", "* -text")], false),
        (&[(".git/info/attributes", "* -text"), ("apps/one/.gitattributes", "* text")], true),
        (&[(".git/info/attributes", "* text"), ("apps/one/.gitattributes", "* -text")], false),
    ] {
        let around = repository();
        fs::create_dir_all(around.path("apps/one")).expect("the folder is the test's own");
        files.iter().for_each(|(path, text)| around.write(path, text));
        assert_eq!(is_told(&around, "apps/one"), (told, told), "{files:?}");
    }
}

#[test]
fn worktrees_have_the_repositorys_own_file() {
    let around = folder();
    fs::create_dir(around.path("main")).expect("the folder is the test's own");
    let main = around.path("main");
    git(&main, &["init", "--quiet"]);
    let author = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    git(&main, &[&author[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
    git(&main, &["worktree", "add", "-q", "../tree", "-b", "other"]);
    assert_eq!(is_told(&around, "tree"), (false, false));
    around.write("main/.git/info/attributes", "* -text");
    assert_eq!(is_told(&around, "tree"), (true, true));
    fs::create_dir(around.path("nowhere")).expect("the folder is the test's own");
    let document = around.succeed(&["-C", "nowhere", "init", "--json"]).json();
    assert!(document["unmarked_cache"].is_null(), "{document}");
}
