//! Files that come, and are kept.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use purlin_fetch::{Fetcher, Progress, Settings, Watch};
use purlin_model::Digest;

use crate::support::{fetcher, files, noise, settings};
use purlin_fetch::server::{Manner, Server};

#[test]
fn a_file_is_fetched_once() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(300_000);
    let url = server.serve("/a.tar.gz", &bytes, Manner::Well);
    let seen = Mutex::new(Vec::new());
    let progress = |progress| seen.lock().unwrap().push(progress);
    let watch = Watch { progress: &progress, ..Watch::silent() };
    let path = fetcher(folder.path()).fetch(&url, Digest::of(&bytes), &watch).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
    let last = Progress { done: 300_000, total: Some(300_000) };
    assert_eq!(seen.lock().unwrap().last(), Some(&last));

    let again = fetcher(folder.path()).fetch(&url, Digest::of(&bytes), &watch).unwrap();
    assert_eq!(again, path);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(files(folder.path()), [path]);
}

#[test]
fn what_was_changed_in_the_folder_is_fetched_again() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let url = server.serve("/a", b"right", Manner::Well);
    let digest = Digest::of(b"right");
    let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "wrong").unwrap();
    let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"right");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_empty_file_is_a_file() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let url = server.serve("/empty", b"", Manner::Well);
    let path = fetcher(folder.path()).fetch(&url, Digest::of(b""), &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"");
}

#[test]
fn redirects_are_followed() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    server.serve("/there/a", b"here it is", Manner::Well);
    server.serve("/there/b", b"", Manner::Redirects("a".to_owned()));
    let url = server.serve("/a", b"", Manner::Redirects("/there/b".to_owned()));
    let digest = Digest::of(b"here it is");
    let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"here it is");
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let url = server.serve("/a", b"patience", Manner::Answers(vec![503, 429, 500]));
    let digest = Digest::of(b"patience");
    fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn what_is_not_pinned_yet_is_kept_by_its_digest() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(100_000);
    let url = server.serve("/a", &bytes, Manner::Stops(2));
    let (digest, path) = fetcher(folder.path()).pin(&url, &Watch::silent()).unwrap();
    assert_eq!((digest, fs::read(&path).unwrap()), (Digest::of(&bytes), bytes));
    let offline = Settings { offline: true, ..settings() };
    let offline = Fetcher::new(folder.path().to_owned(), offline);
    assert_eq!(offline.fetch(&url, digest, &Watch::silent()).unwrap(), path);
    assert_eq!(files(folder.path()), [path]);
}
