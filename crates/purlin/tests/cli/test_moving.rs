//! Clocks that go backwards, disks that are full, and files that do not stand still.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::test_bad_cache::with_mounts;
use crate::{folder, workspace};

const COPY: &str =
    "[commands.copy]\nexec = 'cp in.txt out.txt'\ndeps = ['in.txt']\nartifacts = ['out.txt']";

const SAY: &str = "[commands.say]\nexec = 'cat in.txt'\ndeps = ['in.txt']";

/// Edits the input, which keeps its size and inode, and runs with the clocks set. What is said.
fn edit_and_run(workspace: &Workspace, text: &str, clocks: &str) -> String {
    workspace.write("in.txt", text);
    let run = workspace.finish(workspace.command(&["run"]).env("PURLIN_CLOCK", clocks));
    assert_eq!(run.code, Some(0), "{run}");
    run.stdout
}

#[test]
fn a_clock_that_goes_backwards_hides_no_edit() {
    let workspace = workspace(SAY);
    // All stamps are alike, as they can be when a clock shows the same time twice.
    assert_eq!(edit_and_run(&workspace, "one", "stamps=1000,now=2000"), "one");
    assert_eq!(edit_and_run(&workspace, "two", "stamps=1000,now=1900"), "two");
    assert_eq!(edit_and_run(&workspace, "six", "stamps=1000,now=1800"), "six");
    // What would be missed if it went on: the stamps really hide it.
    assert_eq!(edit_and_run(&workspace, "ten", "stamps=1000,now=1900"), "six");
}

#[test]
fn stamps_of_this_very_moment_and_of_the_future_are_not_trusted() {
    for clocks in ["stamps=1000,now=1000", "stamps=5000,now=1000"] {
        let workspace = workspace(SAY);
        for text in ["one", "two", "six"] {
            assert_eq!(edit_and_run(&workspace, text, clocks), text, "{clocks}");
        }
    }
}

#[test]
fn a_workspace_that_is_full_keeps_its_old_outputs() {
    let workspace = folder();
    workspace.write(
        "purlin.toml",
        r#"[workspace]
[commands.make]
exec = '''rm -rf out; mkdir out; for f in 1 2 3; do tr '\0' $(cat in.txt) < ../zeros > out/$f; done'''
deps = ["in.txt"]
artifacts = ["out"]
"#,
    );
    let script = r#"
        head -c 100000 /dev/zero > zeros
        mkdir full; mount -t tmpfs -o size=800k none full
        cp purlin.toml full; cd full
        for input in a b; do printf $input > in.txt; "$PURLIN" run -q; done
        printf a > in.txt
        head -c 900000 /dev/zero > fill 2>/dev/null || true
        # There is no place for what was kept, and the old outputs are whole.
        "$PURLIN" run && exit 1 || true
        for f in 1 2 3; do [ $(tr -d b < out/$f | wc -c) = 0 ]; [ $(wc -c < out/$f) = 100000 ]; done
        rm fill
        "$PURLIN" run
        for f in 1 2 3; do [ $(tr -d a < out/$f | wc -c) = 0 ]; [ $(wc -c < out/$f) = 100000 ]; done
        "$PURLIN" run
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    assert_snapshot!(run.stable_stderr(), @"
    warning: what `make` did could not be remembered
     |
     = Could not write `[TEST]/workspace/full/.purlin/instances/.purlin-[TEMPORARY]`: No space left on device (os error 28).

    make  FAILED    could not run
    warning: the digests of files could not be remembered
     |
     = Could not write `[TEST]/workspace/full/.purlin/.purlin-[TEMPORARY]`: No space left on device (os error 28).

    error: the outputs of `make` cannot be put back
     --> purlin.toml:2:11
      |
    2 | [commands.make]
      |           ^^^^ this command
      |
      = Could not write `[TEST]/workspace/full/.purlin/tmp/.purlin-[TEMPORARY]/0`: No space left on device (os error 28).
      = help: make room there or give access to it

    1 failed · [SECONDS]
    make  cached    outputs restored
    1 cached · [SECONDS]
    make  cached
    1 cached · [SECONDS]
    ");
}

#[test]
fn a_file_that_changes_while_it_is_hashed_is_never_taken_for_another() {
    let workspace = workspace(COPY);
    let text = |letter: &str| letter.repeat(3_000_000);
    let stop = AtomicBool::new(false);
    workspace.write("in.txt", text("a"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for letter in ["b", "a"].iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                workspace.write("in.txt", text(letter));
            }
        });
        for _ in 0..8 {
            let run = workspace.run(&["run"]);
            let told = run.stderr.contains("the inputs of `copy` cannot be read");
            assert!(run.code == Some(0) || told, "{run}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    for letter in ["a", "b", "a"] {
        workspace.write("in.txt", text(letter));
        workspace.succeed(&["run"]);
        assert!(workspace.read("out.txt") == text(letter), "{letter}");
    }
}

#[test]
fn a_tree_that_changes_while_runs_walk_it_is_right_in_the_end() {
    let workspace = workspace(
        r#"
[commands.list]
exec = '''find src -type f | while read f; do echo "$f $(cat "$f" 2>/dev/null)"; done > list.txt'''
deps = ["src/**"]
artifacts = ["list.txt"]
"#,
    );
    for number in 0..30 {
        workspace.write(format!("src/{}/{number}.txt", number % 5), "0");
    }
    let stop = AtomicBool::new(false);
    // Folders move, files come, go and change.
    let change = |round: u32| {
        let (from, to) = if round.is_multiple_of(2) { ("0", "moved") } else { ("moved", "0") };
        let moved = fs::rename(workspace.path("src").join(from), workspace.path("src").join(to));
        moved.expect("nobody else moves it");
        workspace.write(format!("src/1/new-{}.txt", round % 7), round.to_string());
        let _ = fs::remove_file(workspace.path(format!("src/1/new-{}.txt", (round + 3) % 7)));
        workspace.write("src/2/2.txt", round.to_string());
    };
    let run_often = || {
        for _ in 0..10 {
            let run = workspace.run(&["run"]);
            assert!(run.code == Some(0) || run.stderr.contains("cannot be read"), "{run}");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(change));
        let overlapping = [scope.spawn(run_often), scope.spawn(run_often)];
        let ended = overlapping.map(|one| one.join());
        stop.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "a run went wrong");
    });
    workspace.succeed(&["run"]);
    let mut wanted = BTreeSet::new();
    for folder in fs::read_dir(workspace.path("src")).expect("it is there") {
        for file in fs::read_dir(folder.expect("it is there").path()).expect("it is a folder") {
            let path = file.expect("it is there").path();
            let shown = path.strip_prefix(workspace.root()).expect("it is below the root");
            wanted.insert(format!("{} {}", shown.display(), workspace.read(shown)));
        }
    }
    let found: BTreeSet<_> = workspace.read("list.txt").lines().map(str::to_owned).collect();
    assert_eq!(found, wanted);
    let again = workspace.succeed(&["run", "--json"]);
    assert_eq!(again.settled("list").as_deref(), Some("cached"), "{again}");
}
