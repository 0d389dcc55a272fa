//! Connections that break, and processes that die.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use purlin_fetch::Watch;
use purlin_model::Digest;

use crate::support::{fetcher, files, noise};
use purlin_fetch::server::{Manner, Server};

#[test]
fn what_is_here_is_not_fetched_again() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(1_000_000);
    let url = server.serve("/a", &bytes, Manner::Stops(6));
    let path = fetcher(folder.path()).fetch(&url, Digest::of(&bytes), &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), bytes);
    let requests = server.requests();
    assert_eq!(requests.len(), 7, "more than the attempts without a byte more");
    assert_eq!(requests[0].range, None);
    let ranges: Vec<_> = requests[1..3].iter().map(|one| one.range.clone().unwrap()).collect();
    assert_eq!(ranges, ["bytes=500000-", "bytes=750000-"]);
    assert!(requests[1].if_range.is_some());
}

#[test]
fn a_server_without_ranges_sends_the_whole() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(200_000);
    let url = server.serve("/a", &bytes, Manner::Whole);
    let digest = Digest::of(&bytes);
    let partial = folder.path().join("partial").join(digest.to_hex());
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, &bytes[..70_000]).unwrap();
    let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), bytes);
    assert_eq!(server.requests()[0].range.as_deref(), Some("bytes=70000-"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_part_of_something_else_is_dropped() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(200_000);
    let digest = Digest::of(&bytes);
    let url = server.serve("/a", &bytes, Manner::Well);
    for wrong in [vec![7; 1000], vec![7; 200_000], vec![7; 300_000]] {
        let partial = folder.path().join("partial").join(digest.to_hex());
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        fs::write(&partial, wrong).unwrap();
        let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(files(folder.path()), std::slice::from_ref(&path));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_whole_part_needs_no_more_bytes() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let digest = Digest::of(b"all of it");
    let url = server.serve("/a", b"all of it", Manner::Well);
    let partial = folder.path().join("partial").join(digest.to_hex());
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, b"all of it").unwrap();
    fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_file_that_changes_meanwhile_is_fetched_whole() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let (old, new) = (noise(400_000), vec![1; 300_000]);
    let url = server.serve("/a", &old, Manner::Stops(1));
    let cancelled = || server.requests().len() == 1;
    let (digest, silent) = (Digest::of(&new), Watch::silent());
    let watch = Watch { cancelled: &cancelled, ..silent };
    fetcher(folder.path()).fetch(&url, digest, &watch).unwrap_err();
    server.serve("/a", &new, Manner::Well);
    let path = fetcher(folder.path()).fetch(&url, digest, &silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), new);
}

/// Not a test: what the one below runs in a process of its own.
#[test]
#[ignore = "it is run by another test"]
fn fetches_until_killed() {
    let told = |name: &str| std::env::var(name).unwrap();
    let digest = told("FETCH_DIGEST").parse().unwrap();
    let folder = told("FETCH_FOLDER");
    fetcher(folder.as_ref()).fetch(&told("FETCH_URL"), digest, &Watch::silent()).unwrap();
}

#[test]
fn a_killed_process_leaves_what_it_had() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise(2_000_000);
    let digest = Digest::of(&bytes);
    let url = server.serve("/a", &bytes, Manner::Slowly(20_000, 10));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "test_resume::fetches_until_killed"])
        .env("FETCH_URL", &url)
        .env("FETCH_DIGEST", digest.to_hex())
        .env("FETCH_FOLDER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let partial = folder.path().join("partial").join(digest.to_hex());
    let length = || fs::metadata(&partial).map_or(0, |metadata| metadata.len());
    let begun = Instant::now();
    while length() < 100_000 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing came");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = length();
    assert!((100_000..2_000_000).contains(&left), "{left}");

    server.serve("/a", &bytes, Manner::Well);
    let path = fetcher(folder.path()).fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.range, Some(format!("bytes={left}-")));
    assert_eq!(files(folder.path()), [path]);
}
