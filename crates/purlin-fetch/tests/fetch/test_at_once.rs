//! Several who want the same.

use std::thread;
use std::time::{Duration, Instant};

use purlin_fetch::{FetchError, Watch};
use purlin_model::Digest;

use crate::support::{fetcher, noise};
use purlin_fetch::server::{Manner, Server};

#[test]
fn one_fetches_and_the_others_wait() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(400_000);
    let url = server.serve("/a", &bytes, Manner::Slowly(40_000, 20));
    let digest = Digest::of(&bytes);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let one = fetcher(folder.path());
                one.fetch(&url, digest, &Watch::silent()).unwrap();
            });
        }
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn whoever_cancels_does_not_wait_for_a_server_that_says_nothing() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(400_000);
    let url = server.serve("/a", &bytes, Manner::Hangs(1000));
    let begun = Instant::now();
    let cancelled = || begun.elapsed() > Duration::from_millis(300);
    let watch = Watch { cancelled: &cancelled, ..Watch::silent() };
    let error = fetcher(folder.path()).fetch(&url, Digest::of(&bytes), &watch).unwrap_err();
    assert!(matches!(error, FetchError::Cancelled { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn whoever_cancels_does_not_wait_for_others() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(400_000);
    let url = server.serve("/a", &bytes, Manner::Hangs(1000));
    let digest = Digest::of(&bytes);
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let cancelled = || begun.elapsed() > Duration::from_millis(300);
                let watch = Watch { cancelled: &cancelled, ..Watch::silent() };
                fetcher(folder.path()).fetch(&url, digest, &watch).unwrap_err();
            });
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(server.requests().len(), 1);
}
