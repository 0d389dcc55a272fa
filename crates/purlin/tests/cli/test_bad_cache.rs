#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::workspace;

/// Two commands, one of which needs the other's output; each counts its runs.
const TWO: &str = r#"
[commands.first]
exec = "echo run >> first; echo said; cat in.txt > first.txt"
deps = ["in.txt"]
artifacts = ["first.txt"]
[commands.second]
exec = "echo run >> second; cat first.txt first.txt > second.txt"
deps = ["first.txt", "command:first"]
artifacts = ["second.txt"]
"#;

fn two() -> Workspace {
    let workspace = workspace(TWO);
    workspace.write("in.txt", "in");
    workspace
}

/// The outputs are right, whatever became of the cache.
#[track_caller]
fn right(workspace: &Workspace) {
    assert_eq!(workspace.read("first.txt"), "in");
    assert_eq!(workspace.read("second.txt"), "inin");
}

fn runs(workspace: &Workspace) -> (usize, usize) {
    (workspace.lines("first"), workspace.lines("second"))
}

fn remove_outputs(workspace: &Workspace) {
    for file in ["first.txt", "second.txt"] {
        fs::remove_file(workspace.path(file)).unwrap();
    }
}

fn warnings(run: &Finished) -> usize {
    run.stderr.lines().filter(|line| line.starts_with("warning")).count()
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.sort();
    found
}

/// Runs a script that may mount what it likes, if that is permitted.
pub(crate) fn with_mounts(workspace: &Workspace, script: &str) -> Option<Finished> {
    workspace.with_mounts(script)
}

#[test]
fn a_cache_folder_that_cannot_be_written() {
    let workspace = two();
    let script = r#"
        mount -t tmpfs -o size=1m,ro none "$CACHE"
        "$PURLIN" run -n 1
        "$PURLIN" run -n 1
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    right(&workspace);
    assert_eq!(runs(&workspace), (2, 2), "{run}");
    assert_snapshot!(run.stable_stderr(), @"
    warning: the index of plugins cannot be kept
     |
     = Every run reads all manifests anew, because `[TEST]/cache/index` cannot be written: Read-only file system (os error 30).
     = help: make the folder writable

    first   started   it has not run here before
    warning: the cache `local` has a problem; results are not kept
     |
     = Could not make the folder `[TEST]/cache/store/v1/tmp`: Read-only file system (os error 30).
     = help: make room there or give access to it; this run goes on without

    first   done      [SECONDS]
    second  started   it has not run here before
    second  done      [SECONDS]
    2 done · [SECONDS]
    warning: the index of plugins cannot be kept
     |
     = Every run reads all manifests anew, because `[TEST]/cache/index` cannot be written: Read-only file system (os error 30).
     = help: make the folder writable

    first   started   nothing changed, but its result is not in the cache
    warning: the cache `local` has a problem; results are not kept
     |
     = Could not make the folder `[TEST]/cache/store/v1/tmp`: Read-only file system (os error 30).
     = help: make room there or give access to it; this run goes on without

    first   done      [SECONDS]
    second  started   nothing changed, but its result is not in the cache
    second  done      [SECONDS]
    2 done · [SECONDS]
    ");
}

#[test]
fn a_cache_folder_that_can_only_be_read_gives_what_it_has() {
    let workspace = two();
    let script = r#"
        mount -t tmpfs -o size=1m none "$CACHE"
        "$PURLIN" run -q
        mount -o remount,ro "$CACHE"
        "$PURLIN" run
        rm first.txt second.txt
        "$PURLIN" run
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    right(&workspace);
    assert_eq!(runs(&workspace), (1, 1), "{run}");
    assert_snapshot!(run.stable_stderr(), @"
    first   cached
    second  cached
    2 cached · [SECONDS]
    first   cached    outputs restored
    second  cached    outputs restored
    2 cached · [SECONDS]
    ");
}

#[test]
fn a_cache_folder_that_is_full() {
    let workspace = workspace(
        r#"
[commands.large]
exec = "echo run >> large; head -c 600000 /dev/zero > large.bin"
deps = ["in.txt"]
artifacts = ["large.bin"]
[commands.small]
exec = "echo run >> small; echo small > small.txt"
deps = ["in.txt"]
artifacts = ["small.txt"]
"#,
    );
    workspace.write("in.txt", "in");
    let script = r#"
        mount -t tmpfs -o size=300k none "$CACHE"
        "$PURLIN" run large
        "$PURLIN" run small
        "$PURLIN" run large
        rm small.txt
        "$PURLIN" run small
        find "$CACHE/store/v1/tmp" -type f >&2
        # Not a byte is left.
        head -c 600000 /dev/zero > "$CACHE/fill" 2>/dev/null || true
        echo changed > in.txt
        "$PURLIN" run small
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    assert_eq!(fs::metadata(workspace.path("large.bin")).unwrap().len(), 600_000);
    assert_eq!(workspace.read("small.txt"), "small\n");
    assert_eq!((workspace.lines("large"), workspace.lines("small")), (2, 2), "{run}");
    assert_snapshot!(run.stable_stderr(), @"
    warning: the cache `local` has a problem; results are not kept
     |
     = Could not write `[TEST]/cache/store/v1/tmp/.purlin-[TEMPORARY]`: No space left on device (os error 28).
     = help: make room there or give access to it; this run goes on without

    large  done      [SECONDS]
    1 done · [SECONDS]
    small  done      [SECONDS]
    1 done · [SECONDS]
    warning: the cache `local` has a problem; results are not kept
     |
     = Could not write `[TEST]/cache/store/v1/tmp/.purlin-[TEMPORARY]`: No space left on device (os error 28).
     = help: make room there or give access to it; this run goes on without

    large  done      [SECONDS]
    1 done · [SECONDS]
    small  cached    outputs restored
    1 cached · [SECONDS]
    warning: the cache `local` has a problem; results are not kept
     |
     = Could not write `[TEST]/cache/store/v1/tmp/.purlin-[TEMPORARY]`: No space left on device (os error 28).
     = help: make room there or give access to it; this run goes on without

    small  done      [SECONDS]
    1 done · [SECONDS]
    ");
}

#[test]
fn a_file_in_the_place_of_the_cache_folder() {
    let workspace = two();
    fs::remove_dir(workspace.cache()).unwrap();
    fs::write(workspace.cache(), "a file").unwrap();
    let run = workspace.succeed(&["run", "-n", "1"]);
    right(&workspace);
    assert_snapshot!(run.stable_stderr(), @"
    warning: the index of plugins cannot be kept
     |
     = Every run reads all manifests anew, because `[TEST]/cache/index` cannot be written: Not a directory (os error 20).
     = help: make the folder writable

    warning: the cache `local` has a problem; commands run as if nothing were kept
     |
     = Could not read `[TEST]/cache/store/v1/actions/bd/[HASH]`: Not a directory (os error 20).
     = help: make room there or give access to it; this run goes on without

    first   started   it has not run here before
    first   done      [SECONDS]
    second  started   it has not run here before
    second  done      [SECONDS]
    2 done · [SECONDS]
    ");
    workspace.succeed(&["run"]);
    assert_eq!(runs(&workspace), (2, 2));
    assert_snapshot!(workspace.run(&["cache", "list"]).stable_stderr(), @"
    error: the cache cannot be used
     |
     = Could not read `[TEST]/cache/store/v1/actions`: Not a directory (os error 20).
    ");
    assert_snapshot!(workspace.run(&["cache", "clear"]).stable_stderr(), @"
    error: the cache cannot be used
     |
     = Could not read `[TEST]/cache/store/v1/actions`: Not a directory (os error 20).
    ");
}

/// What becomes of a file's bytes.
type Damage = fn(Vec<u8>) -> Vec<u8>;

/// Ways to damage a file.
const DAMAGES: [(&str, Damage); 5] = [
    ("emptied", |_| Vec::new()),
    ("cut in half", |mut bytes| {
        bytes.truncate(bytes.len() / 2);
        bytes
    }),
    ("cut by two", |mut bytes| {
        bytes.truncate(bytes.len() - 2);
        bytes
    }),
    ("one bit flipped", |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        bytes
    }),
    ("longer", |mut bytes| {
        bytes.extend(b"more");
        bytes
    }),
];

/// Damages each file that `choose` finds after a run, a fresh workspace for each and for each way,
/// and runs again without outputs: the results have to be right, and right again after that.
fn damaged(
    choose: impl Fn(&Workspace) -> Vec<PathBuf>,
    mut check: impl FnMut(&Workspace, &Finished, &str),
) {
    let mut number = 0;
    loop {
        for (how, damage) in DAMAGES {
            let workspace = two();
            workspace.succeed(&["run"]);
            let found = choose(&workspace);
            assert!(!found.is_empty());
            let Some(file) = found.get(number) else { return };
            let bytes = fs::read(file).unwrap();
            if bytes.is_empty() {
                continue;
            }
            fs::write(file, damage(bytes)).unwrap();
            remove_outputs(&workspace);
            let run = workspace.succeed(&["run", "-n", "1"]);
            right(&workspace);
            check(&workspace, &run, &format!("{} {how}", file.display()));
            // The damage is mended: everything is there again.
            let before = runs(&workspace);
            remove_outputs(&workspace);
            let again = workspace.succeed(&["run"]);
            right(&workspace);
            assert_eq!(runs(&workspace), before, "{again}");
            assert_eq!(warnings(&again), 0, "{again}");
        }
        number += 1;
    }
}

#[test]
fn a_damaged_content_is_a_miss_with_one_warning() {
    let blobs = |workspace: &Workspace| files(&workspace.cache().join("store/v1/blobs"));
    let mut said = None;
    damaged(blobs, |workspace, run, how| {
        if runs(workspace) == (1, 1) {
            // The output of a program is not needed as long as nobody wants to see it.
            assert_eq!(warnings(run), 0, "{how}: {run}");
        } else {
            assert_eq!(warnings(run), 1, "{how}: {run}");
            said = Some(run.stable_stderr());
        }
    });
    assert_snapshot!(said.unwrap(), @"
    first   cached    outputs restored
    warning: the kept result of `second` is damaged, so it runs again
     |
     = Some of its files are missing from the cache or were changed there.

    second  started   nothing changed, but its result is not in the cache
    second  done      [SECONDS]
    1 done · 1 cached · [SECONDS]
    ");
}

#[test]
fn a_damaged_output_is_a_miss_when_it_is_to_be_shown() {
    let workspace = two();
    workspace.succeed(&["run"]);
    for blob in files(&workspace.cache().join("store/v1/blobs")) {
        if fs::read(&blob).unwrap() == b"said\n" {
            fs::write(&blob, "sai").unwrap();
        }
    }
    let run = workspace.succeed(&["run", "first"]);
    assert_eq!(run.stdout, "said\n");
    assert_snapshot!(run.stable_stderr(), @"
    warning: the kept result of `first` is damaged, so it runs again
     |
     = Its output is missing from the cache or was changed there.

    first  done      [SECONDS]
    1 done · [SECONDS]
    ");
    let run = workspace.succeed(&["run", "first"]);
    assert_eq!(run.stdout, "said\n");
    assert_eq!((runs(&workspace), warnings(&run)), ((2, 1), 0), "{run}");
}

#[test]
fn a_damaged_entry_is_a_miss_with_one_warning() {
    let actions = |workspace: &Workspace| files(&workspace.cache().join("store/v1/actions"));
    let mut said = None;
    damaged(actions, |workspace, run, how| {
        assert_ne!(runs(workspace), (1, 1), "{how}: {run}");
        assert_eq!(warnings(run), 1, "{how}: {run}");
        said = Some(run.stable_stderr());
    });
    assert_snapshot!(said.unwrap(), @"
    warning: the kept result of `first` is damaged, so it runs again
     |
     = The cache entry `[TEST]/cache/store/v1/actions/bd/[HASH]` is damaged: its digest is cut off.

    first   started   nothing changed, but its result is not in the cache
    first   done      [SECONDS]
    second  cached    outputs restored
    1 done · 1 cached · [SECONDS]
    ");
}

#[test]
fn a_damaged_entry_is_told_though_the_outputs_are_there() {
    let workspace = two();
    workspace.succeed(&["run"]);
    let entry = files(&workspace.cache().join("store/v1/actions")).remove(0);
    fs::write(&entry, "").unwrap();
    let run = workspace.succeed(&["run"]);
    assert_eq!(warnings(&run), 1, "{run}");
    right(&workspace);
}

#[test]
fn an_entry_without_contents_is_a_miss() {
    let workspace = two();
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.cache().join("store/v1/blobs")).unwrap();
    // As long as the outputs are there, nothing is missed.
    workspace.succeed(&["run"]);
    assert_eq!(runs(&workspace), (1, 1));
    remove_outputs(&workspace);
    let run = workspace.succeed(&["run"]);
    right(&workspace);
    assert_eq!((runs(&workspace), warnings(&run)), ((2, 2), 1), "{run}");
}

#[test]
fn a_damaged_index_of_files_costs_time_only() {
    let index = |workspace: &Workspace| vec![workspace.path(".purlin/index")];
    damaged(index, |workspace, run, how| {
        assert_eq!((runs(workspace), warnings(run)), ((1, 1), 0), "{how}: {run}");
    });
}

#[test]
fn damaged_records_cost_time_only() {
    let records = |workspace: &Workspace| files(&workspace.path(".purlin/instances"));
    damaged(records, |workspace, run, how| {
        assert_eq!((runs(workspace), warnings(run)), ((1, 1), 0), "{how}: {run}");
    });
}

#[test]
fn a_damaged_index_of_plugins_is_made_anew() {
    let index = |workspace: &Workspace| files(&workspace.cache().join("index"));
    damaged(index, |workspace, run, how| {
        assert_eq!((runs(workspace), warnings(run)), ((1, 1), 0), "{how}: {run}");
        workspace.succeed(&["plugin", "list"]);
    });
}

#[test]
fn a_private_folder_that_cannot_be_written() {
    let workspace = two();
    workspace.write(".purlin", "a file");
    assert_snapshot!(workspace.fail(1, &["run", "-n", "1"]).stable_stderr(), @"
    first   FAILED    could not run
    second  skipped   `first` did not succeed
    error: the workspace's private folder cannot be written
     |
     = Could not make the folder `[TEST]/workspace/.purlin`: File exists (os error 17).
     = help: make [TEST]/workspace/.purlin a folder that you can write to

    1 failed · 1 skipped · [SECONDS]
    ");
    workspace.succeed(&["run", "--ls"]);
    workspace.succeed(&["check"]);
}

#[test]
fn a_workspace_that_can_only_be_read() {
    let workspace = two();
    workspace.succeed(&["run"]);
    let script = r#"
        mount --bind . . && mount -o remount,bind,ro . && cd "$PWD"
        "$PURLIN" run --ls >&2
        "$PURLIN" check >&2
        "$PURLIN" run >&2
        "$PURLIN" run --force && exit 9
        "$PURLIN" init && exit 9
        true
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    assert_snapshot!(run.stable_stderr(), @"
    first   warm      echo run >> first; echo said; cat in.txt > first.txt
    second  warm      echo run >> second; cat first.txt first.txt > second.txt
    2 commands, no errors
    first   cached
    second  cached
    2 cached · [SECONDS]
    first   FAILED    could not run
    second  skipped   `first` did not succeed
    error: the lock of a command cannot be taken
     |
     = Could not create `[TEST]/workspace/.purlin/locks/first-[HASH].lock`: Read-only file system (os error 30).
     = help: `.purlin` in the workspace has to be a folder that can be written

    1 failed · 1 skipped · [SECONDS]
    error: there is a purlin.toml here already
     |
     = It was left as it is.
     = help: edit it, or run `purlin init` in another folder
    ");
}
