//! Sudden deaths at the points that the runs of `test_faults` do not pass, and that none is left out.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use purlin_test::Workspace;

use crate::folder;
use crate::test_bad_cache::with_mounts;
use crate::test_faults::{self, AHEAD};
use crate::{test_inputs, test_projects_from_git};

/// Writes a folder, a link and a file that is named after the input.
const DOCUMENT: &str = r#"[workspace]
[commands.make]
exec = "rm -rf out; mkdir -p out/$(cat in.txt).d; ln -s $(cat in.txt).d out/link; cp in.txt out/$(cat in.txt).d/file"
deps = ["in.txt"]
artifacts = ["out"]
"#;

fn settled(inputs: &[&str]) -> Workspace {
    let workspace = folder();
    workspace.write("purlin.toml", DOCUMENT);
    for input in inputs {
        workspace.write("in.txt", input);
        workspace.succeed(&["run"]);
    }
    workspace
}

/// Folders and links of one result make place for those of another.
fn replaced() -> Workspace {
    let workspace = settled(&["a", "b"]);
    workspace.write("in.txt", "a");
    workspace
}

/// The result is kept in the repository, where nothing is yet.
fn in_repository() -> Workspace {
    let workspace = folder();
    workspace.write("purlin.toml", format!("{DOCUMENT}cache = \"repo\"\n"));
    workspace.write("in.txt", "a");
    workspace
}

/// Every file in a part of the cache is damaged, and what it holds is needed.
fn damaged(part: &str) -> Workspace {
    let workspace = settled(&["a"]);
    fs::remove_dir_all(workspace.path("out")).unwrap();
    let damage = "find \"$1\" -type f -exec sh -c 'echo damaged > \"$1\"' sh {} \\;";
    let cache = workspace.cache().join("store/v1").join(part);
    assert!(Command::new("sh").args(["-c", damage, "sh"]).arg(cache).status().unwrap().success());
    workspace
}

fn copy(of: &Workspace) -> Workspace {
    let copy = folder();
    for part in ["workspace", "cache"] {
        let from = of.base().join(part).join(".");
        let done = Command::new("cp").arg("-a").arg(from).arg(copy.base().join(part)).status();
        assert!(done.unwrap().success());
    }
    copy
}

/// The names of the points that a verb passes.
fn points(beginning: &Workspace, verb: &[&str]) -> Vec<String> {
    points_to(0, beginning, verb)
}

/// The same of a verb that ends with this status.
fn points_to(status: i32, beginning: &Workspace, verb: &[&str]) -> Vec<String> {
    let clean = copy(beginning);
    let log = clean.base().join("points");
    let run = clean.finish(clean.command(verb).env("PURLIN_FAULT_LOG", &log).env(AHEAD.0, AHEAD.1));
    assert_eq!(run.code, Some(status), "{run}");
    fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Dies at each of the first points in turn; the next run puts everything right, and the one after
/// does nothing. The names of the points.
fn die_at_first(count: usize, beginning: &Workspace, verb: &[&str]) -> Vec<String> {
    // What is damaged is told in the status, too.
    let mut points = points_to(i32::from(verb == VERIFY), beginning, verb);
    points.truncate(count);
    let next = AtomicUsize::new(0);
    // Several at once, because they mostly wait.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(number) else { break };
                    die(number + 1, point, beginning, verb);
                }
            });
        }
    });
    points
}

fn die(number: usize, point: &str, beginning: &Workspace, verb: &[&str]) {
    let input = beginning.read("in.txt");
    let workspace = copy(beginning);
    let mut command = workspace.command(verb);
    let died =
        workspace.finish(command.env("PURLIN_FAULT", number.to_string()).env(AHEAD.0, AHEAD.1));
    assert_eq!(died.signal, Some(9), "at {point}: {died}");
    let run = workspace.succeed(&["run"]);
    let names = fs::read_dir(workspace.path("out")).unwrap();
    let names: BTreeSet<_> = names.map(|one| one.unwrap().file_name()).collect();
    assert_eq!(names, ["link".into(), format!("{input}.d").into()].into(), "{point}: {run}");
    assert_eq!(workspace.read("out/link/file"), input, "after {point}: {run}");
    let again = workspace.succeed(&["run", "--json"]);
    assert_eq!(again.settled("make").as_deref(), Some("cached"), "after {point}: {again}");
}

#[test]
fn a_death_while_folders_and_links_make_place_for_others() {
    let points = die_at_first(usize::MAX, &replaced(), &["run"]);
    for point in ["restore.link-created", "restore.folder-removed", "restore.folder-made"] {
        assert!(points.iter().any(|one| one == point), "{point} is not passed: {points:?}");
    }
}

#[test]
fn a_death_while_something_damaged_is_dropped() {
    for (part, point) in [("blobs", "blob-drop.removed"), ("actions", "action-drop.removed")] {
        // What comes after it is that of a first run.
        let points = die_at_first(25, &damaged(part), &["run"]);
        assert!(points.iter().any(|one| one == point), "{point} is not passed: {points:?}");
    }
}

const CLEAR: &[&str] = &["cache", "clear"];
const PRUNE: &[&str] = &["cache", "prune", "--max-size", "0"];
const VERIFY: &[&str] = &["cache", "verify"];

#[test]
fn a_death_while_the_cache_is_cleared_or_looked_through() {
    for (beginning, verb, point) in [
        (settled(&["a"]), CLEAR, "clear.removed"),
        (settled(&["a"]), PRUNE, "prune.removed"),
        (damaged("blobs"), VERIFY, "verify.removed"),
    ] {
        let points = die_at_first(usize::MAX, &beginning, verb);
        assert!(points.iter().any(|one| one == point), "{verb:?}: {points:?}");
    }
}

#[test]
fn a_death_while_the_repository_gets_its_cache() {
    let points = die_at_first(usize::MAX, &in_repository(), &["run"]);
    assert!(points.iter().any(|one| one == "workspace-store.renamed"), "{points:?}");
}

#[test]
fn a_death_while_outputs_are_put_on_another_file_system() {
    let workspace = folder();
    workspace.write("purlin.toml", DOCUMENT.replace("rm -rf out; ", "rm -rf out/*; "));
    let script = r#"
        mkdir out; mount -t tmpfs none out
        for input in a b; do echo $input > in.txt; "$PURLIN" run -q; done
        number=0; input=b
        while :; do
            number=$((number + 1))
            [ $input = a ] && input=b || input=a
            echo $input > in.txt
            rm -f "$CACHE/points"
            PURLIN_FAULT=$number PURLIN_FAULT_LOG="$CACHE/points" "$PURLIN" run -q && break || true
            cat "$CACHE/points" >> points
            "$PURLIN" run -q
            [ "$(ls out | tr '\n' ' ')" = "$input.d link " ]
            [ "$(cat out/link/file)" = $input ]
        done
        echo $number
    "#;
    let Some(run) = with_mounts(&workspace, script) else { return };
    assert!(run.stdout.trim().parse::<u32>().unwrap() > 20, "{run}");
    assert!(workspace.read("points").contains("restore.copied-near"), "{run}");
}

/// Files in the host's keeping, a file that is written once, and one that builds write: their tests are
/// elsewhere.
const ELSEWHERE: [&str; 5] = ["consent", "content", "lock-file", "package-last", "workspace"];

#[test]
fn every_point_of_the_sources_is_passed_by_one_of_these_runs() {
    let mut passed = test_faults::all_points();
    passed.extend(points(&replaced(), &["run"]));
    passed.extend(points(&in_repository(), &["run"]));
    passed.extend(points(&settled(&["a"]), &["cache", "clear"]));
    passed.extend(points(&settled(&["a"]), &["cache", "prune", "--max-size", "1B"]));
    for part in ["blobs", "actions"] {
        passed.extend(points(&damaged(part), &["run"]));
        passed.extend(points_to(1, &damaged(part), &["cache", "verify"]));
    }
    passed.extend(test_projects_from_git::points());
    passed.extend(test_inputs::points());
    // Passed where there is a second file system, which not every machine has.
    passed.push("restore.copied-near".to_owned());
    let mut named = 0;
    for text in sources() {
        for name in quoted(&text, "fault::point(") {
            named += 1;
            assert!(passed.contains(&name), "{name} is passed by no run");
        }
        for begin in
            ["Temporary::create(", "Temporary::create_at(", "write_atomically(", "atomic::remove("]
        {
            for what in quoted(&text, begin) {
                if ELSEWHERE.contains(&what.as_str()) {
                    continue;
                }
                named += 1;
                let begins = |point: &String| point.starts_with(&format!("{what}."));
                assert!(passed.iter().any(begins), "no point of {what} is passed by any run");
            }
        }
    }
    assert!(named > 20, "the sources are read");
}

/// The last text in the arguments of each call that begins so.
fn quoted(text: &str, begin: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in text.split(begin).skip(1) {
        let (mut depth, mut last, mut texts) = (1, None, rest.split('"').enumerate());
        // Every other piece is the inside of a text.
        while let Some((number, piece)) = texts.next().filter(|_| depth > 0) {
            if number % 2 == 1 {
                last = Some(piece.to_owned());
                continue;
            }
            for letter in piece.chars() {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                if depth == 0 {
                    break;
                }
            }
        }
        names.extend(last);
    }
    names
}

/// The sources without their tests.
fn sources() -> Vec<String> {
    let mut texts = Vec::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut open: Vec<_> =
        ["purlin", "purlin-commands", "purlin-fetch", "purlin-host", "purlin-store"]
            .map(|name| crates.join(name).join("src"))
            .into();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                texts.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
            }
        }
    }
    texts
}
