//! Sudden deaths at every durable step.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use purlin_model::Digest;
use purlin_store::{
    ActionResult, Chunk, Node, RelativePath, Store, Stream, Tree, capture, compare, fault, restore,
    write_atomically,
};

const FOLDER: &str = "PURLIN_STORE_TEST_FOLDER";
const KILL_AT: &str = "PURLIN_STORE_TEST_KILL_AT";
const LOG: &str = "PURLIN_STORE_TEST_LOG";

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

fn key() -> Digest {
    Digest::of(b"key")
}

const ARTIFACTS: [&str; 5] = ["out", "out/big", "out/kind/inner", "out/link", "out/small"];
const OLD: [&str; 5] = ["out", "out/gone", "out/gone/stale", "out/kind", "out/small"];

/// What a command would have made, and a workspace in which an older result stands.
fn prepare(folder: &Path) {
    let (made, root) = (folder.join("made"), folder.join("root"));
    fs::create_dir_all(made.join("out/kind")).unwrap();
    fs::write(made.join("out/big"), vec![7; 200_000]).unwrap();
    fs::write(made.join("out/small"), "new").unwrap();
    fs::write(made.join("out/kind/inner"), "inner").unwrap();
    std::os::unix::fs::symlink("small", made.join("out/link")).unwrap();

    fs::create_dir_all(root.join("out/gone")).unwrap();
    fs::write(root.join("out/small"), "old").unwrap();
    fs::write(root.join("out/kind"), "a file before").unwrap();
    fs::write(root.join("out/gone/stale"), "stale").unwrap();
    fs::write(root.join("out/users"), "own").unwrap();
    let before = capture(&Store::open(folder.join("old")), &root, &OLD.map(path)).unwrap();
    fs::write(folder.join("before"), serde_json::to_string(&before).unwrap()).unwrap();
    fs::write(folder.join("record"), "old record").unwrap();
}

fn before(folder: &Path) -> Tree {
    serde_json::from_str(&fs::read_to_string(folder.join("before")).unwrap()).unwrap()
}

/// Stores what was made, restores it over the older result, and writes a record.
fn work(folder: &Path) {
    let store = Store::open(folder.join("cache"));
    let tree = capture(&store, &folder.join("made"), &ARTIFACTS.map(path)).unwrap();
    let result = ActionResult {
        version: ActionResult::VERSION,
        instance: "make".to_owned(),
        exit_code: Some(0),
        signal: None,
        stdout: store.put_bytes(b"said").unwrap(),
        stderr: store.put_bytes(b"").unwrap(),
        chunks: vec![Chunk { ms: 1, stream: Stream::Stdout, bytes: 4 }],
        tree,
        created: 1,
        duration_ms: 1,
    };
    store.put_result(key(), &result).unwrap();
    let before = before(folder);
    let known = &|_: &RelativePath| None;
    restore(&store, &folder.join("root"), &folder.join("staging"), &result.tree, [&before], known)
        .unwrap();
    write_atomically(&folder.join("record"), b"new record", "record").unwrap();
}

/// Not a test by itself: what the other tests run in a process of its own.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let kill_at = std::env::var(KILL_AT).ok().map(|number| number.parse().unwrap());
    fault::arm(kill_at, std::env::var_os(LOG).map(PathBuf::from));
    work(Path::new(&folder));
}

fn run(folder: &Path, kill_at: Option<usize>, log: &Path) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "faults::child"]).env(FOLDER, folder).env(LOG, log);
    if let Some(number) = kill_at {
        command.env(KILL_AT, number.to_string());
    }
    command.output().unwrap().status
}

/// The entry is absent or whole, and every content is what its name says.
fn check_store(folder: &Path) {
    let store = Store::open(folder.join("cache"));
    let result = store.result(key()).expect("an entry is never torn");
    if let Some(result) = result {
        assert_eq!(store.bytes(result.stdout).unwrap().unwrap(), b"said");
        assert_eq!(store.bytes(result.stderr).unwrap().unwrap(), b"");
        for (path, node) in result.tree.entries() {
            if let Node::File { digest, .. } = node {
                assert!(store.bytes(*digest).unwrap().is_some(), "{path}");
            }
        }
    }
    for outer in fs::read_dir(folder.join("cache/v1/blobs")).into_iter().flatten() {
        for blob in fs::read_dir(outer.unwrap().path()).unwrap() {
            let blob = blob.unwrap();
            let digest = Digest::of(&fs::read(blob.path()).unwrap());
            assert_eq!(blob.file_name().to_str().unwrap(), digest.to_hex());
        }
    }
}

/// Each file is the old one or the new one; where the kind changes it may be missing in between.
fn check_workspace(folder: &Path) {
    let read = |name: &str| fs::read(folder.join("root").join(name));
    assert_eq!(read("out/users").unwrap(), b"own");
    assert!(matches!(&*read("out/small").unwrap(), b"old" | b"new"));
    assert!(read("out/big").map_or(true, |bytes| bytes == vec![7; 200_000]));
    assert!(read("out/gone/stale").map_or(true, |bytes| bytes == b"stale"));
    assert!(read("out/kind").map_or(true, |bytes| bytes == b"a file before"));
    assert!(read("out/kind/inner").map_or(true, |bytes| bytes == b"inner"));
    let record = fs::read_to_string(folder.join("record")).unwrap();
    assert!(["old record", "new record"].contains(&&*record), "{record}");
}

fn check_finished(folder: &Path) {
    let store = Store::open(folder.join("cache"));
    let result = store.result(key()).unwrap().unwrap();
    let root = folder.join("root");
    assert!(compare(&root, &result.tree, &|_| None).is_empty());
    assert!(!root.join("out/gone").exists());
    assert_eq!(fs::read_to_string(folder.join("record")).unwrap(), "new record");
}

fn names(folder: &Path) -> BTreeSet<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(0, Iterator::count) == 0
}

#[test]
fn a_death_at_any_point_leaves_whole_things_and_a_repetition_succeeds() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let first = scratch.path().join("first");
    prepare(&first);
    assert!(run(&first, None, &log).success());
    check_finished(&first);
    let points: Vec<String> =
        fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    for expected in [
        "folder.made",
        "blob.create",
        "blob.created",
        "blob.half-written",
        "blob.written",
        "blob.synced",
        "blob.renamed",
        "action.half-written",
        "action.renamed",
        "action.folder-synced",
        "fetch.written",
        "restore.fetched",
        "restore.remove",
        "restore.removed",
        "restore.link-created",
        "restore.replace",
        "restore.replaced",
        "restore.folder-made",
        "restore.folder-removed",
        "restore.staging-remove",
        "record.renamed",
    ] {
        assert!(points.iter().any(|point| point == expected), "{expected} is not passed");
    }

    // Several at once, because they mostly wait for the disk.
    let numbers: Vec<usize> = (1..=points.len()).collect();
    std::thread::scope(|scope| {
        for share in numbers.chunks(numbers.len().div_ceil(6)) {
            let (points, first, log) = (&points, &first, &log);
            scope.spawn(move || {
                for number in share {
                    let folder = first.with_file_name(number.to_string());
                    die_and_repeat(&folder, *number, &points[number - 1], first, log);
                }
            });
        }
    });
}

fn die_and_repeat(folder: &Path, number: usize, point: &str, first: &Path, log: &Path) {
    prepare(folder);
    assert_eq!(run(folder, Some(number), log).signal(), Some(9), "at {point}");
    check_store(folder);
    check_workspace(folder);

    assert!(run(folder, None, log).success(), "after {point}");
    check_finished(folder);
    assert!(is_empty(&folder.join("cache/v1/tmp")), "after {point}");
    // What was left in the staging folder goes with the next restore that stages something.
    fs::write(folder.join("root/out/small"), "edited").unwrap();
    assert!(run(folder, None, log).success(), "after {point}");
    assert!(is_empty(&folder.join("staging")), "after {point}");
    assert_eq!(names(folder), names(first), "after {point}");
    assert_eq!(names(&folder.join("root/out")), names(&first.join("root/out")));
}

#[test]
fn several_processes_may_store_the_same_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let cache = scratch.path().join("cache");
    let folders: Vec<PathBuf> =
        (0..6).map(|number| scratch.path().join(number.to_string())).collect();
    for folder in &folders {
        prepare(folder);
        std::os::unix::fs::symlink(&cache, folder.join("cache")).unwrap();
    }
    fs::create_dir(&cache).unwrap();
    std::thread::scope(|scope| {
        for folder in &folders {
            let log = &log;
            scope.spawn(move || assert!(run(folder, None, log).success()));
        }
    });
    for folder in &folders {
        check_store(folder);
        check_finished(folder);
    }
    assert!(is_empty(&cache.join("v1/tmp")));
}
