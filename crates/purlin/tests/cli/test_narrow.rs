//! Which commands of a run are meant: by git, by what is kept, and by what happened before.

use std::process::Command;

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::workspace;

const COMMANDS: &str = r#"
[commands.lint]
exec = "true"
deps = ["src/**/*.py", "!src/generated"]
[commands.docs]
exec = "true"
deps = ["docs/**"]
[commands.names]
exec = "true"
deps = ["größe/ö b.txt"]
[commands.free]
exec = "true"
"#;

pub(crate) fn git(folder: &Workspace, arguments: &[&str]) {
    git_in(folder, ".", arguments);
}

fn git_in(folder: &Workspace, place: &str, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder.path(place)).env("HOME", folder.base()).args([
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@t",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "protocol.file.allow=always",
    ]);
    let output = command.args(arguments).output().expect("there is a git");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn repository(document: &str) -> Workspace {
    let made = workspace(document);
    for path in ["src/a.py", "src/b.py", "docs/a.md", "größe/ö b.txt"] {
        made.write(path, "");
    }
    git(&made, &["init", "-q"]);
    git(&made, &["add", "."]);
    git(&made, &["commit", "-qm", "first"]);
    git(&made, &["branch", "base"]);
    made
}

pub(crate) fn commit(folder: &Workspace) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "next"]);
}

/// The ids that `run --ls` lists with these arguments.
#[track_caller]
pub(crate) fn listed(folder: &Workspace, arguments: &[&str]) -> Vec<String> {
    let listed = folder.succeed(&[&["run", "--ls", "--json"], arguments].concat()).json();
    let listed = listed["instances"].as_array().expect("it is a list").iter();
    listed.map(|one| one["id"].as_str().unwrap_or_default().to_owned()).collect()
}

fn ids(finished: &Finished, event: &str) -> Vec<String> {
    let events = finished.json_lines();
    let of_kind = events.iter().filter(|one| one["event"] == event);
    of_kind.map(|one| one["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn since_takes_committed_staged_unstaged_and_untracked_files() {
    let since = ["--since", "base"];
    let folder = repository(COMMANDS);
    assert!(listed(&folder, &since).is_empty());
    // Untracked.
    folder.write("src/new.py", "");
    assert_eq!(listed(&folder, &since), ["lint"]);
    // What git ignores is no change.
    folder.write(".gitignore", "new.py\n");
    assert!(listed(&folder, &since).is_empty());
    // Not staged, then staged, then gone back on in the working tree, then committed.
    folder.write("docs/a.md", "more");
    assert_eq!(listed(&folder, &since), ["docs"]);
    git(&folder, &["add", "docs/a.md"]);
    assert_eq!(listed(&folder, &since), ["docs"]);
    folder.write("docs/a.md", "");
    assert_eq!(listed(&folder, &since), ["docs"]);
    folder.write("docs/a.md", "more");
    commit(&folder);
    assert_eq!(listed(&folder, &since), ["docs"]);
    // Going back makes it as it was.
    git(&folder, &["rm", "-q", "--cached", ".gitignore"]);
    std::fs::remove_file(folder.path(".gitignore")).expect("it is there");
    folder.write("docs/a.md", "");
    std::fs::remove_file(folder.path("src/new.py")).expect("it is there");
    commit(&folder);
    assert!(listed(&folder, &since).is_empty());
}

#[test]
fn since_takes_what_is_gone_renamed_or_another_mode() {
    let since = ["--since", "base"];
    let folder = repository(COMMANDS);
    git(&folder, &["mv", "src/a.py", "docs/a.py"]);
    assert_eq!(listed(&folder, &since), ["lint", "docs"]);
    git(&folder, &["reset", "-q", "--hard"]);
    std::fs::remove_file(folder.path("docs/a.md")).expect("it is there");
    assert_eq!(listed(&folder, &since), ["docs"]);
    git(&folder, &["reset", "-q", "--hard"]);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path("src/b.py"), executable).expect("it is there");
    assert_eq!(listed(&folder, &since), ["lint"]);
    git(&folder, &["reset", "-q", "--hard"]);
    // A name that git would quote, and one that a later pattern takes out.
    folder.write("größe/ö b.txt", "more");
    folder.write("src/generated/x.py", "");
    assert_eq!(listed(&folder, &since), ["names"]);
}

#[test]
fn since_counts_from_where_the_branches_parted() {
    let folder = repository(COMMANDS);
    git(&folder, &["checkout", "-q", "base"]);
    folder.write("docs/b.md", "");
    commit(&folder);
    git(&folder, &["checkout", "-q", "main"]);
    folder.write("src/c.py", "");
    commit(&folder);
    assert_eq!(listed(&folder, &["--since", "base"]), ["lint"]);
}

#[test]
fn a_workspace_may_be_a_folder_of_the_repository() {
    let folder = workspace("");
    std::fs::remove_file(folder.path("purlin.toml")).expect("it is there");
    folder.write("part/purlin.toml", format!("[workspace]\n{COMMANDS}"));
    folder.write("part/src/a.py", "");
    folder.write("src/a.py", "");
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "first"]);
    let since = |folder: &Workspace| listed(folder, &["-C", "part", "--since", "HEAD"]);
    // Not in this workspace.
    folder.write("src/a.py", "more");
    folder.write("src/b.py", "more");
    assert!(since(&folder).is_empty());
    folder.write("part/src/a.py", "more");
    assert_eq!(since(&folder), ["lint"]);
    git(&folder, &["checkout", "-q", "."]);
    folder.write("part/purlin.toml", format!("[workspace]\n{COMMANDS}").replace("docs/**", "d/**"));
    assert_eq!(since(&folder), ["docs"]);
    // The place from which a definition is seen changes nothing.
    assert_eq!(listed(&folder, &["-C", "part/src", "--since", "HEAD"]), ["docs"]);
}

#[test]
fn a_definition_that_changed_concerns_its_command() {
    let since = ["--since", "base"];
    let folder = repository(COMMANDS);
    let document = format!("[workspace]\n{COMMANDS}");
    let renamed = document.replace("[commands.free]", "[commands.fresh]");
    folder.write("purlin.toml", format!("# A note\n{renamed}"));
    assert_eq!(listed(&folder, &since), ["fresh"]);
    folder.write("purlin.toml", document.replace("docs/**", "docs/*"));
    assert_eq!(listed(&folder, &since), ["docs"]);
    folder.write("purlin.toml", format!("{document}[base]\ndeps = ['const:1']\n"));
    assert_eq!(listed(&folder, &since), ["lint", "docs", "names", "free"]);
}

#[test]
fn what_cannot_be_told_by_git_is_told() {
    let folder = workspace(COMMANDS);
    assert_snapshot!(folder.fail(2, &["run", "--since", "main"]).stable_stderr(), @"
    error: the workspace is not in a git repository
     |
     = [TEST]/workspace: fatal: not a git repository (or any of the parent directories): .git
     = help: --since asks git what has changed; run without it
    ");
    git(&folder, &["init", "-q"]);
    assert_snapshot!(folder.fail(2, &["run", "--since", "HEAD"]).stable_stderr(), @"
    error: git knows no commit `HEAD`
     |
     = help: --since takes a branch, a tag or a commit; `git fetch` brings those of others
    ");
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "first"]);
    assert_snapshot!(folder.fail(2, &["run", "--since=--output=x"]).stable_stderr(), @"
    error: git knows no commit `--output=x`
     |
     = help: --since takes a branch, a tag or a commit; `git fetch` brings those of others
    ");
    git(&folder, &["checkout", "-q", "--orphan", "other"]);
    assert_snapshot!(folder.fail(2, &["run", "--since", "main"]).stable_stderr(), @"
    error: this branch has no commit yet
     |
     = help: commit something, or run without --since
    ");
    git(&folder, &["commit", "-qm", "second"]);
    assert_snapshot!(folder.fail(2, &["run", "--since", "main"]).stable_stderr(), @"
    error: git knows no commit that this branch and `main` have in common
     |
     = help: name a commit that this branch comes from
    ");
    let mut without = folder.command(&["run", "--since", "main"]);
    let said = folder.finish(without.env("PATH", folder.base()));
    assert_eq!(said.code, Some(2));
    assert_snapshot!(said.stable_stderr(), @"
    error: git cannot be started
     |
     = No such file or directory (os error 2).
     = help: --since asks git what has changed: install it, or run without
    ");
}

#[test]
fn a_shallow_clone_says_what_it_lacks() {
    let folder = repository(COMMANDS);
    git(&folder, &["checkout", "-q", "base"]);
    folder.write("docs/b.md", "");
    commit(&folder);
    git(&folder, &["checkout", "-q", "main"]);
    folder.write("src/c.py", "");
    commit(&folder);
    let clone = workspace("");
    std::fs::remove_file(clone.path("purlin.toml")).expect("it is there");
    let from = format!("file://{}", folder.root().display());
    git(&clone, &["clone", "-q", "--depth", "1", "--no-single-branch", &from, "."]);
    assert_snapshot!(clone.fail(2, &["run", "--since", "origin/base"]).stable_stderr(), @"
    error: git knows no commit that this branch and `origin/base` have in common
     |
     = The clone is shallow: the commit where they parted was not fetched.
     = help: `git fetch --unshallow`; in CI, check out the whole history
    ");
}

#[test]
fn what_is_kept_selects() {
    let folder = workspace(
        r#"
[caches.mine]
type = "local"
[commands.a]
exec = "true"
deps = ["a.txt"]
[commands.b]
exec = "true"
deps = ["b.txt"]
cache = "mine"
[commands.c]
exec = "true"
deps = ["command:a"]
cache = "none"
"#,
    );
    folder.write("a.txt", "");
    folder.write("b.txt", "");
    assert_eq!(listed(&folder, &["--cache-status", "cold"]), ["a", "b"]);
    folder.succeed(&["run", "a"]);
    assert_eq!(listed(&folder, &["--cache-status", "cold"]), ["b"]);
    assert_eq!(listed(&folder, &["--cache-status", "warm"]), ["a"]);
    assert_eq!(listed(&folder, &["--cache", "mine"]), ["b"]);
    assert_eq!(listed(&folder, &["--cache", "mine", "--cache", "local"]), ["a", "b"]);
    assert_eq!(listed(&folder, &["--cache", "mine", "--cache-status", "warm"]), [""; 0]);
    // What it depends on comes along.
    assert_eq!(listed(&folder, &["--cache", "none"]), ["a", "c"]);
    assert_snapshot!(folder.fail(2, &["run", "--cache", "mien"]).stable_stderr(), @"
    error: there is no cache `mien`
     |
     = help: did you mean `mine`?
    ");
}

#[test]
fn fail_runs_nothing_and_fails_where_something_is_selected() {
    let folder = workspace(
        "[commands]\na = { exec = 'echo run >> runs', deps = ['a.txt'] }\nb = { exec = 'echo run >> runs', deps = ['a.txt'] }\n",
    );
    folder.write("a.txt", "");
    let cold = ["run", "--cache-status", "cold", "--fail"];
    assert_snapshot!(folder.fail(1, &cold).stable_stderr(), @"
    error: 2 commands are selected, and `--fail` wants none
     |
     = a
       b
     = help: run them without `--fail`
    ");
    assert_eq!(folder.lines("runs"), 0);
    folder.succeed(&["run"]);
    folder.succeed(&cold);
    assert_eq!(folder.lines("runs"), 2);
}

#[test]
fn what_failed_is_run_again() {
    let folder = workspace(
        "[commands]\ngood = { exec = 'true', deps = ['x'] }\nbad = { exec = 'test -e x', deps = ['y'] }\nworse = 'test -e x'\n",
    );
    folder.fail(1, &["run"]);
    assert_eq!(listed(&folder, &["--failed"]), ["bad", "worse"]);
    folder.write("x", "");
    folder.succeed(&["run", "--failed"]);
    assert!(listed(&folder, &["--failed"]).is_empty());
    let said = folder.succeed(&["run", "--failed"]);
    assert!(said.stderr.contains("nothing to run"), "{said}");
}

#[test]
fn isolated_runs_only_what_was_asked_for_in_order() {
    let folder = workspace(
        r#"
[commands.first]
exec = "echo first >> order; cat in > first.txt"
deps = ["in"]
artifacts = ["first.txt"]
[commands.middle]
exec = "echo middle >> order; cat first.txt > middle.txt"
deps = ["first.txt", "command:first"]
artifacts = ["middle.txt"]
[commands.last]
exec = "echo last >> order; cat middle.txt"
deps = ["middle.txt", "command:middle"]
"#,
    );
    folder.write("in", "1");
    folder.write("middle.txt", "by hand");
    let alone = folder.succeed(&["run", "--json", "--isolated", "last", "first"]);
    assert_eq!(folder.read("order"), "first\nlast\n");
    assert_eq!(ids(&alone, "queued"), ["first", "last"]);
    assert_eq!(alone.json_lines().pop().expect("it has lines")["done"], 2);
    // What the one in between has made counts, so this is no stale hit.
    folder.write("middle.txt", "by another hand");
    let again = folder.succeed(&["run", "--json", "--isolated", "last"]);
    assert_eq!(again.settled("last").as_deref(), Some("finished"));
    let again = folder.succeed(&["run", "--json", "--isolated", "last"]);
    assert_eq!(again.settled("last").as_deref(), Some("cached"));
    assert_eq!(listed(&folder, &["--isolated", "last"]), ["last"]);
    // And the result is the one that a whole run finds when it comes to the same.
    folder.succeed(&["run"]);
    let whole = folder.succeed(&["run", "--json", "--isolated", "last"]);
    assert_eq!(whole.settled("last").as_deref(), Some("cached"));
}

#[test]
fn since_knows_what_else_is_in_keys_and_definitions() {
    let since = ["--since", "base"];
    let folder = workspace(
        r#"
[plugins]
tools = { path = "tools" }
[include]
files = ["more/*.toml"]
[spaces.docs]
dotenv = ["docs/.env"]
[defaults]
dotenv = [{ path = "all.env", optional = true }]
[commands.in-docs]
exec = "true"
space = "docs"
[commands.generate]
exec = "true"
deps = ["src/**"]
artifacts = ["generated/api.txt"]
[commands.use]
exec = "true"
deps = ["command:generate"]
[commands.other]
exec = "true"
"#,
    )
    .variable("PURLIN_TRUST", "workspace");
    folder.write("more/a.toml", "[commands.more]\nexec = 'true'\n[commands.most]\nexec = 'true'\n");
    folder.write("docs/.env", "A=1\n");
    folder.write("src/a", "");
    folder.write("generated/api.txt", "");
    folder.write(
        "tools/plugin.toml",
        "[plugin]\nname = \"tools\"\nversion = \"1.0.0\"\napi = \"1\"\ndescription = \"x\"\nlicense = \"MIT\"\n\
         [ships]\ncommands = \"commands.toml\"\n",
    );
    folder.write("tools/commands.toml", "[lint]\nexec = 'true'\n");
    folder.succeed(&["run", "-n", "1"]);
    git(&folder, &["init", "-q"]);
    commit(&folder);
    git(&folder, &["branch", "base"]);
    assert!(listed(&folder, &since).is_empty());
    let after = |path: &str, text: &str, arguments: &[&str]| {
        folder.write(path, text);
        let found = listed(&folder, &[&since, arguments].concat());
        git(&folder, &["checkout", "-q", "."]);
        git(&folder, &["clean", "-qfd"]);
        found
    };
    assert_eq!(after("docs/.env", "A=2\n", &[]), ["in-docs@docs"]);
    let all = ["generate", "use", "other", "more", "most"];
    assert_eq!(after("all.env", "A=2\n", &[]), all, "all but those of the space");
    let most = "[commands.more]\nexec = 'true'\n[commands.most]\nexec = 'false'\n";
    assert_eq!(after("more/a.toml", most, &[]), ["most"]);
    let new = "[commands.new]\nexec = 'true'\n";
    assert!(after("more/b.toml", new, &[]).contains(&"new".to_owned()));
    assert_eq!(after("generated/api.txt", "by hand", &["--isolated"]), ["use"]);
    let lint = "[lint]\nexec = 'false'\n";
    assert_eq!(after("tools/commands.toml", lint, &["tools.lint", "other"]), ["tools.lint"]);
}

#[test]
fn all_can_be_warm_behind_load_and_behind_what_is_never_kept() {
    let folder = workspace(
        r#"
[commands.scan]
exec = "cp list.json deps.json"
deps = ["list.json"]
artifacts = ["deps.json"]
[commands.load]
exec = "cat src/*"
deps = [{ type = "load", path = "deps.json" }, "command:scan"]
[commands.always]
exec = "cp src/a made"
artifacts = ["made"]
[commands.checked]
exec = "cp src/a also"
deps = ["src/*"]
artifacts = ["also"]
cache = "none"
[commands.use]
exec = "cat made also"
deps = ["command:always", "command:checked"]
"#,
    );
    folder.write("list.json", r#"["src/*"]"#);
    folder.write("src/a", "one");
    let gate = ["run", "--cache-status", "cold", "--fail"];
    folder.fail(1, &gate);
    folder.succeed(&["run"]);
    folder.succeed(&gate);
    let cold = || listed(&folder, &["--cache-status", "cold", "--isolated"]);
    assert!(cold().is_empty());
    folder.write("src/a", "two");
    assert_eq!(cold(), ["load", "use"]);
    folder.succeed(&["run"]);
    assert!(cold().is_empty());
    // What another file names, and what somebody did to an output.
    folder.write("deps.json", r#"["src/b"]"#);
    assert_eq!(cold(), ["load"]);
    folder.succeed(&["run"]);
    folder.write("made", "by hand");
    assert_eq!(cold(), ["use"]);
}

#[test]
fn what_was_skipped_is_run_again_too() {
    let folder = workspace(
        r#"
[commands.first]
exec = "cat fine"
deps = ["src/*"]
[commands.second]
exec = "true"
deps = ["command:first"]
[commands.third]
exec = "true"
deps = ["src/*"]
"#,
    );
    folder.write("src/a.py", "");
    folder.write("fine", "");
    folder.succeed(&["run"]);
    std::fs::remove_file(folder.path("fine")).expect("it is there");
    folder.write("src/a.py", "more");
    folder.fail(1, &["run"]);
    assert_eq!(listed(&folder, &["--failed"]), ["first", "second"]);
    folder.write("fine", "");
    folder.succeed(&["run", "--failed"]);
    assert_eq!(
        folder.succeed(&["run", "--failed", "--ls", "--json"]).json()["instances"],
        serde_json::json!([])
    );
}

#[test]
fn since_sees_what_changes_behind_links() {
    let folder = workspace(
        r#"
[commands.named]
exec = "true"
deps = ["link/x"]
[commands.found]
exec = "true"
deps = ["src/*.txt"]
[commands.other]
exec = "true"
deps = ["src/a"]
"#,
    );
    folder.write("real/x", "1");
    folder.write("shared/a.txt", "1");
    folder.write("src/a", "");
    std::os::unix::fs::symlink("real", folder.path("link")).expect("it is new");
    std::os::unix::fs::symlink("../shared/a.txt", folder.path("src/a.txt")).expect("it is new");
    git(&folder, &["init", "-q"]);
    commit(&folder);
    folder.write("real/x", "2");
    assert_eq!(listed(&folder, &["--since", "HEAD"]), ["named"]);
    folder.write("shared/a.txt", "2");
    assert_eq!(listed(&folder, &["--since", "HEAD"]), ["named", "found"]);
    // One that leads nowhere any more.
    std::fs::remove_file(folder.path("shared/a.txt")).expect("it is there");
    assert_eq!(listed(&folder, &["--since", "HEAD"]), ["named", "found"]);
}
