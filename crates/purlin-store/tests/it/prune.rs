//! Pruning: what goes, what stays, and what sudden deaths and others at work make of it.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use purlin_model::Digest;
use purlin_store::{ActionResult, Limits, Node, RelativePath, Store, Tree, fault};

const FOLDER: &str = "PURLIN_PRUNE_TEST_FOLDER";
const KILL_AT: &str = "PURLIN_PRUNE_TEST_KILL_AT";
const LOG: &str = "PURLIN_PRUNE_TEST_LOG";
const DAY: Duration = Duration::from_secs(86_400);
const PATIENCE: Duration = Duration::from_secs(30);

fn key(number: u8) -> Digest {
    Digest::of(&[number])
}

/// Keeps a result with a content that all share and one of its own.
fn keep(store: &Store, number: u8) {
    let _held = store.begin().unwrap();
    let file = |name: &str, content: &[u8]| {
        let node = Node::File {
            digest: store.put_bytes(content).unwrap(),
            size: content.len() as u64,
            executable: false,
        };
        (RelativePath::parse(name).unwrap(), node)
    };
    let tree = Tree::new(vec![file("shared", b"shared"), file("own", &[number; 1000])]).unwrap();
    let empty = store.put_bytes(b"").unwrap();
    let result = ActionResult {
        version: ActionResult::VERSION,
        instance: format!("instance-{number}"),
        exit_code: Some(0),
        signal: None,
        stdout: empty,
        stderr: empty,
        chunks: Vec::new(),
        tree,
        created: 1,
        duration_ms: 1,
    };
    store.put_result(key(number), &result).unwrap();
}

fn action(folder: &Path, number: u8) -> PathBuf {
    let name = key(number).to_hex();
    folder.join("v1/actions").join(&name[..2]).join(name)
}

fn set_age(folder: &Path, number: u8, age: Duration) {
    let file = fs::File::open(action(folder, number)).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn used(folder: &Path, number: u8) -> SystemTime {
    fs::metadata(action(folder, number)).unwrap().modified().unwrap()
}

fn older_than(days: u32) -> Limits {
    Limits { unused_since: Some(SystemTime::now() - DAY * days), most_bytes: None }
}

/// Results 0 to 3, each a day older than the one before.
fn prepare(folder: &Path) -> Store {
    let store = Store::open(folder.to_owned());
    for number in 0..4 {
        keep(&store, number);
        set_age(folder, number, DAY * u32::from(number) + DAY / 2);
    }
    store
}

fn there(store: &Store) -> Vec<u8> {
    (0..4).filter(|number| store.result(key(*number)).unwrap().is_some()).collect()
}

#[test]
fn the_oldest_go_and_shared_contents_stay_as_long_as_somebody_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = prepare(folder.path());
    let pruned = store.prune(&older_than(2), PATIENCE).unwrap();
    assert_eq!((pruned.results, pruned.blobs, pruned.left_results), (2, 2, 2));
    assert_eq!(there(&store), [0, 1]);
    assert_eq!(store.verify(false).unwrap().damage, []);

    let most = Limits { unused_since: None, most_bytes: Some(pruned.left_bytes - 1) };
    let again = store.prune(&most, PATIENCE).unwrap();
    assert_eq!((again.results, again.blobs), (1, 1));
    assert_eq!(again.bytes + again.left_bytes, pruned.left_bytes);
    assert_eq!(there(&store), [0]);
    let rest = store.prune(&Limits { most_bytes: Some(0), ..Limits::default() }, PATIENCE).unwrap();
    assert_eq!((rest.results, rest.blobs, rest.left_bytes), (1, 3, 0));
}

#[test]
fn to_use_a_result_is_noted_once_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let store = prepare(folder.path());
    store.touch(key(3));
    assert!(used(folder.path(), 3).elapsed().unwrap() < Duration::from_secs(60));
    let recent = Duration::from_secs(50 * 60);
    set_age(folder.path(), 2, recent);
    let before = used(folder.path(), 2);
    store.touch(key(2));
    assert_eq!(used(folder.path(), 2), before);
    store.prune(&older_than(1), PATIENCE).unwrap();
    assert_eq!(there(&store), [0, 2, 3]);
}

#[test]
fn what_somebody_uses_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = prepare(folder.path());
    let held = store.hold();
    let pruned = store.prune(&older_than(0), Duration::from_millis(50)).unwrap();
    assert!(pruned.busy);
    assert_eq!((pruned.results, pruned.blobs, there(&store)), (0, 0, vec![0, 1, 2, 3]));
    drop(held);
    assert_eq!(store.prune(&older_than(0), PATIENCE).unwrap().results, 4);
}

#[test]
fn whoever_stores_meanwhile_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_owned());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            let all = Limits { unused_since: None, most_bytes: Some(0) };
            while !done.load(Ordering::Relaxed) {
                store.prune(&all, PATIENCE).unwrap();
            }
        });
        let workers: Vec<_> = (0..3_u8)
            .map(|worker| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..60 {
                        let number = 10 + worker * 60 + round;
                        keep(store, number);
                        // What is found is whole as long as it is held.
                        let _held = store.hold();
                        let Some(result) = store.result(key(number)).unwrap() else { continue };
                        for (digest, size) in result.contents() {
                            assert!(store.contains(digest, size), "{number} in {round}");
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        pruner.join().unwrap();
    });
    assert_eq!(store.verify(false).unwrap().damage, []);
}

#[test]
fn damage_is_found_and_dropped_only_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let store = prepare(folder.path());
    let blob = |digest: Digest| {
        let name = digest.to_hex();
        folder.path().join("v1/blobs").join(&name[..2]).join(name)
    };
    fs::write(blob(Digest::of(&[1; 1000])), "cut").unwrap();
    fs::remove_file(blob(Digest::of(&[2; 1000]))).unwrap();
    fs::write(action(folder.path(), 3), "nonsense").unwrap();
    let seen = store.verify(false).unwrap();
    let found: Vec<_> =
        seen.damage.iter().map(|one| (one.is_result, one.instance.as_deref())).collect();
    let results =
        [(true, Some("instance-1")), (true, Some("instance-2")), (true, None)].into_iter();
    assert_eq!(found.len(), 4, "{seen:?}");
    assert!(!found[0].0 && results.into_iter().all(|one| found.contains(&one)), "{seen:?}");
    assert_eq!(store.verify(false).unwrap(), seen);
    assert!(store.verify(true).unwrap().damage.iter().all(|one| one.dropped));
    let rest = store.verify(true).unwrap();
    assert_eq!((rest.results, rest.damage), (1, Vec::new()));
    assert_eq!(there(&store), [0]);
}

/// Not a test by itself: what the next one runs in a process of its own.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let kill_at = std::env::var(KILL_AT).ok().map(|number| number.parse().unwrap());
    fault::arm(kill_at, std::env::var_os(LOG).map(PathBuf::from));
    Store::open(PathBuf::from(folder)).prune(&older_than(2), PATIENCE).unwrap();
}

fn run(folder: &Path, kill_at: Option<usize>, log: &Path) -> std::process::ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "prune::child"]).env(FOLDER, folder).env(LOG, log);
    if let Some(number) = kill_at {
        command.env(KILL_AT, number.to_string());
    }
    command.output().unwrap().status
}

#[test]
fn a_death_at_any_point_leaves_a_sound_store_and_a_repetition_completes_it() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let first = scratch.path().join("first");
    prepare(&first);
    assert!(run(&first, None, &log).success());
    let text = fs::read_to_string(&log).unwrap();
    let points: Vec<&str> = text.lines().collect();
    for expected in ["prune.alone", "prune.remove", "prune.removed"] {
        assert!(points.contains(&expected), "{expected} is not passed: {points:?}");
    }
    for (number, point) in points.iter().enumerate() {
        let folder = scratch.path().join(number.to_string());
        let store = prepare(&folder);
        assert_eq!(run(&folder, Some(number + 1), &log).signal(), Some(9), "at {point}");
        assert_eq!(store.verify(false).unwrap().damage, [], "at {point}");
        assert!(there(&store).starts_with(&[0, 1]), "at {point}");
        assert!(run(&folder, None, &log).success(), "after {point}");
        assert_eq!(there(&store), [0, 1], "after {point}");
        let verified = store.verify(false).unwrap();
        assert_eq!((verified.results, verified.blobs), (2, 4), "after {point}");
    }
}
