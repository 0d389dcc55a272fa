//! Removing what was fetched.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use purlin_fetch::server::{Manner, Server};
use purlin_fetch::{FetchedFile, Shelf, ShelfLimits, Watch};
use purlin_model::Digest;

use crate::support::{fetcher, noise};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PATIENCE: Duration = Duration::from_millis(50);

/// Three files that were last used 1, 2 and 3 days ago; the oldest is the largest.
fn shelf(folder: &Path) -> (Shelf, [Digest; 3]) {
    let server = Server::start();
    let digests = [1, 2, 3].map(|age| {
        let bytes = noise(age * 1000);
        let url = server.serve(&format!("/{age}"), &bytes, Manner::Well);
        let digest = Digest::of(&bytes);
        let path = fetcher(folder).fetch(&url, digest, &Watch::silent()).unwrap();
        let used = SystemTime::now() - DAY * u32::try_from(age).unwrap();
        File::open(path).unwrap().set_modified(used).unwrap();
        digest
    });
    (Shelf::open(folder.to_owned()), digests)
}

fn left(shelf: &Shelf) -> HashSet<Digest> {
    shelf.files().into_iter().map(|file| file.digest).collect()
}

#[test]
fn what_was_not_used_for_long_goes_but_for_what_somebody_names() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, [one, two, three]) = shelf(folder.path());
    let limits =
        ShelfLimits { unused_since: Some(SystemTime::now() - DAY - DAY / 2), most_bytes: None };
    let pruned = shelf.prune(&limits, &HashSet::from([three]), PATIENCE).unwrap();
    assert_eq!((pruned.files, pruned.bytes, pruned.busy), (1, 2000, false));
    assert_eq!(left(&shelf), HashSet::from([one, three]));
    // To use one is to keep it.
    fetcher(folder.path()).kept(three).unwrap().unwrap();
    let FetchedFile { used, .. } =
        shelf.files().into_iter().find(|file| file.digest == three).unwrap();
    assert!(used.elapsed().unwrap() < DAY);
    assert_eq!(shelf.prune(&limits, &HashSet::new(), PATIENCE).unwrap().files, 0);
    assert!(!left(&shelf).contains(&two));
}

#[test]
fn what_is_too_much_goes_the_longest_unused_first() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, [one, two, _]) = shelf(folder.path());
    let limits = ShelfLimits { unused_since: None, most_bytes: Some(3500) };
    assert_eq!(shelf.prune(&limits, &HashSet::new(), PATIENCE).unwrap().bytes, 3000);
    assert_eq!(left(&shelf), HashSet::from([one, two]));
    assert_eq!(shelf.clear(PATIENCE).unwrap().unwrap().files, 2);
    assert_eq!(left(&shelf), HashSet::new());
}

#[test]
fn nothing_is_pulled_away_from_whoever_fetches() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(200_000);
    let url = server.serve("/a", &bytes, Manner::Slowly(4_000, 20));
    let digest = Digest::of(&bytes);
    let partial = folder.path().join("partial").join(digest.to_hex());
    let shelf = Shelf::open(folder.path().to_owned());
    let everything =
        ShelfLimits { unused_since: Some(SystemTime::now() + DAY), most_bytes: Some(0) };
    thread::scope(|scope| {
        let fetching = scope.spawn(|| {
            let one = fetcher(folder.path());
            let held = one.hold();
            let path = one.fetch(&url, digest, &Watch::silent()).unwrap();
            // It is still needed.
            thread::sleep(Duration::from_millis(300));
            let content = fs::read(path).unwrap();
            drop(held);
            content
        });
        while fs::metadata(&partial).map_or(0, |one| one.len()) == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        assert!(shelf.prune(&everything, &HashSet::new(), PATIENCE).unwrap().busy);
        assert_eq!(shelf.clear(PATIENCE).unwrap(), None);
        assert_eq!(fetching.join().unwrap(), bytes);
    });
    let pruned = shelf.prune(&everything, &HashSet::new(), PATIENCE).unwrap();
    assert_eq!((pruned.files, pruned.busy), (1, false));
}
