//! Files as dependencies: every edit is seen, and nothing else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use purlin_test::Workspace;

use crate::workspace;

/// A workspace whose one command depends on these patterns and counts its runs.
fn depending_on(patterns: &str) -> Workspace {
    workspace(&format!("[commands.count]\nexec = 'echo run >> runs'\ndeps = [{patterns}]"))
}

/// Runs, and tells how often the command has run since it was asked the last time.
#[track_caller]
fn runs(workspace: &Workspace) -> usize {
    workspace.succeed(&["run"]);
    let runs = workspace.lines("runs");
    let _ = fs::remove_file(workspace.path("runs"));
    runs
}

#[test]
fn every_change_of_a_file_counts_and_going_back_hits() {
    let workspace = depending_on("'src/**'");
    let path = workspace.path("src/a.sh");
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    workspace.write("src/a.sh", "one");
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 0));
    workspace.write("src/a.sh", "two");
    assert_eq!(runs(&workspace), 1, "content");
    workspace.write("src/a.sh", "one");
    assert_eq!(runs(&workspace), 0, "back");
    mode(0o755);
    assert_eq!(runs(&workspace), 1, "executable");
    mode(0o644);
    assert_eq!(runs(&workspace), 0, "back");
    mode(0o600);
    assert_eq!(runs(&workspace), 0, "only the executable bit counts");
    workspace.write("src/sub/b.txt", "");
    assert_eq!(runs(&workspace), 1, "added");
    fs::rename(workspace.path("src/sub/b.txt"), workspace.path("src/sub/c.txt")).unwrap();
    assert_eq!(runs(&workspace), 1, "renamed");
    fs::remove_file(workspace.path("src/sub/c.txt")).unwrap();
    assert_eq!(runs(&workspace), 0, "removed, an empty folder is nothing");
    fs::remove_file(&path).unwrap();
    assert_eq!(runs(&workspace), 1, "all removed");
    workspace.write("src/a.sh", "one");
    assert_eq!(runs(&workspace), 0, "back");
    workspace.write("elsewhere.txt", "");
    assert_eq!(runs(&workspace), 0, "not named");
}

#[test]
fn a_new_time_alone_is_no_change() {
    let workspace = depending_on("'src/**'");
    workspace.write("src/a.txt", "one");
    assert_eq!(runs(&workspace), 1);
    let file = fs::File::options().write(true).open(workspace.path("src/a.txt")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(runs(&workspace), 0);
    workspace.write("src/a.txt", "one");
    assert_eq!(runs(&workspace), 0);
}

#[test]
fn edits_of_the_same_size_in_quick_succession_are_all_seen() {
    let workspace = depending_on("'src/**'");
    for content in ["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff"] {
        workspace.write("src/a.txt", content);
        assert_eq!(runs(&workspace), 1, "{content}");
    }
}

#[test]
fn the_second_edit_of_a_file_with_any_name_is_seen() {
    let names: [&OsStr; 4] = [
        OsStr::new("größe.txt"),
        OsStr::new("日本語 with space.txt"),
        OsStr::new("quo\"te'\n\\.txt"),
        OsStr::from_bytes(b"not-utf8-\xff.txt"),
    ];
    for name in names {
        let workspace = depending_on("'src/**'");
        let path = Path::new("src").join(name);
        for content in ["one", "two", "three"] {
            workspace.write(&path, content);
            assert_eq!((runs(&workspace), runs(&workspace)), (1, 0), "{name:?} {content}");
        }
    }
}

#[test]
fn a_link_counts_with_what_it_leads_to() {
    let workspace = depending_on("'src/**'");
    workspace.write("one.txt", "one");
    workspace.write("two.txt", "two");
    fs::create_dir(workspace.path("src")).unwrap();
    let link = workspace.path("src/link");
    symlink("../one.txt", &link).unwrap();
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 0));
    fs::remove_file(&link).unwrap();
    symlink("../two.txt", &link).unwrap();
    assert_eq!(runs(&workspace), 1);
}

#[test]
fn patterns_take_files_out_again() {
    let workspace = depending_on("'src/**/*.txt', '!src/generated/**'");
    workspace.write("src/a.txt", "one");
    workspace.write("src/generated/b.txt", "one");
    assert_eq!(runs(&workspace), 1);
    workspace.write("src/generated/b.txt", "two");
    workspace.write("src/c.md", "two");
    assert_eq!(runs(&workspace), 0);
    workspace.write("src/deep/er/d.txt", "");
    assert_eq!(runs(&workspace), 1);
}

/// Makes the workspace a repository as far as reading goes: no git process is needed for it.
fn repository(workspace: &Workspace) {
    workspace.write(".git/HEAD", "ref: refs/heads/main\n");
    workspace.write(".git/info/exclude", "*.excluded\n");
    workspace.write(".gitignore", "*.log\nbuild/\n");
}

#[test]
fn what_git_ignores_counts_only_when_it_is_named() {
    let ignored = ["src/a.log", "src/build/b.txt", "src/c.excluded"];
    let wild = depending_on("'src/**'");
    repository(&wild);
    wild.write("src/main.txt", "");
    assert_eq!(runs(&wild), 1);
    for path in ignored {
        wild.write(path, "one");
        assert_eq!(runs(&wild), 0, "{path}");
    }
    // A file that begins to be ignored is out, as if it had been removed.
    wild.write(".gitignore", "*.txt\n*.log\nbuild/\n");
    assert_eq!(runs(&wild), 1);

    for path in ignored {
        let named = depending_on(&format!("'{path}'"));
        repository(&named);
        for content in ["one", "two"] {
            named.write(path, content);
            assert_eq!((runs(&named), runs(&named)), (1, 0), "{path} {content}");
        }
    }
}

#[test]
fn git_is_not_needed() {
    let workspace = depending_on("'src/**'").variable("PATH", "/nowhere");
    workspace.write("src/a.txt", "one");
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 0));
    workspace.write("src/a.txt", "two");
    assert_eq!(runs(&workspace), 1);
}

#[test]
fn the_private_folders_are_no_inputs() {
    let workspace = depending_on("'**', '!runs'");
    workspace.write("src/a.txt", "one");
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 0));
}
