//! What a user is told when it does not work.

use std::time::Duration;

use purlin_fetch::{FetchError, Fetcher, Settings, Watch};
use purlin_model::Digest;

use crate::support::{fetcher, files, noise, settings};
use purlin_fetch::server::{Manner, Server};

/// Summary, detail and help, with the server's address left out.
fn told(server: &Server, error: &FetchError) -> String {
    let diagnostic = error.diagnostic();
    let text = format!("{}\n{}\n{}", diagnostic.summary, diagnostic.detail, diagnostic.help);
    text.replace(&server.url(""), "SERVER").trim_end().to_owned()
}

fn refused(server: &Server, url: &str, settings: Settings) -> String {
    let folder = tempfile::tempdir().unwrap();
    let fetcher = Fetcher::new(folder.path().to_owned(), settings);
    let error = fetcher.fetch(url, Digest::of(b"right"), &Watch::silent()).unwrap_err();
    told(server, &error)
}

#[test]
fn another_content_is_told_with_both_digests_and_not_kept() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let url = server.serve("/a", b"wrong", Manner::Well);
    let fetcher = fetcher(folder.path());
    let error = fetcher.fetch(&url, Digest::of(b"right"), &Watch::silent()).unwrap_err();
    let (right, wrong) = (Digest::of(b"right"), Digest::of(b"wrong"));
    assert_eq!(
        told(&server, &error),
        format!(
            "what is at `SERVER/a` is not what was asked for\n\
             expected {right}\nactual   {wrong}\n\
             if the new content is right, write sha256 = \"{wrong}\""
        )
    );
    assert_eq!(files(folder.path()), <[std::path::PathBuf; 0]>::default());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_missing_file_is_asked_for_once() {
    let server = Server::start();
    assert_eq!(
        refused(&server, &server.url("/a"), settings()),
        "`SERVER/a` could not be fetched\nSERVER/a: The server answered 404 (Not Found)."
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_is_always_busy_is_given_up() {
    let server = Server::start();
    let url = server.serve("/a", b"right", Manner::Answers(vec![503; 9]));
    assert_eq!(
        refused(&server, &url, settings()),
        "`SERVER/a` could not be fetched\nSERVER/a: The server answered 503 (Service Unavailable)."
    );
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn redirects_without_end_are_ended() {
    let server = Server::start();
    let url = server.serve("/a", b"", Manner::Redirects("/a".to_owned()));
    assert_eq!(
        refused(&server, &url, settings()),
        "`SERVER/a` could not be fetched\nSERVER/a: It redirects more than 10 times."
    );
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn a_redirect_to_what_is_no_web_address_is_not_followed() {
    let server = Server::start();
    let url = server.serve("/a", b"", Manner::Redirects("file:///etc/passwd".to_owned()));
    let text = refused(&server, &url, settings());
    assert!(text.starts_with("`SERVER/a` could not be fetched\nSERVER/a: "), "{text}");
}

#[test]
fn promises_of_more_are_noticed() {
    let server = Server::start();
    let url = server.serve("/a", b"wrong", Manner::Promises(10));
    assert_eq!(
        refused(&server, &url, settings()),
        "`SERVER/a` could not be fetched\n\
         SERVER/a: The connection ended before the file did: 15 bytes were promised, and 5 came."
    );
}

#[test]
fn promises_of_less_are_noticed() {
    let server = Server::start();
    let url = server.serve("/a", b"right", Manner::Withholds(2));
    let text = refused(&server, &url, settings());
    assert!(text.starts_with("what is at `SERVER/a` is not what was asked for"), "{text}");
    assert!(text.contains(&format!("actual   {}", Digest::of(b"rig"))), "{text}");
}

#[test]
fn silence_is_ended() {
    let server = Server::start();
    let url = server.serve("/a", b"right", Manner::Hangs(0));
    let settings = Settings { silence: Duration::from_millis(200), attempts: 2, ..settings() };
    assert_eq!(
        refused(&server, &url, settings),
        "`SERVER/a` could not be fetched\nSERVER/a: It sent nothing for 0.2 s."
    );
}

#[test]
fn a_file_that_is_too_large_is_not_begun() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let url = server.serve("/a", &noise(5000), Manner::Well);
    let settings = Settings { largest: 4999, ..settings() };
    let fetcher = Fetcher::new(folder.path().to_owned(), settings);
    let error = fetcher.fetch(&url, Digest::of(b"right"), &Watch::silent()).unwrap_err();
    assert_eq!(told(&server, &error), "`SERVER/a` is larger than 4999 bytes");
    assert_eq!(files(folder.path()), <[std::path::PathBuf; 0]>::default());
}

#[test]
fn nothing_is_asked_offline() {
    let server = Server::start();
    let url = server.serve("/a", b"right", Manner::Well);
    let digest = Digest::of(b"right");
    assert_eq!(
        refused(&server, &url, Settings { offline: true, ..settings() }),
        format!(
            "`SERVER/a` is not here, and nothing is fetched offline\n\
             sha256 = \"{digest}\"\nrun the verb once without `--offline`"
        )
    );
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn nobody_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // The port is free again, and nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/a");
    let error = fetcher(folder.path()).fetch(&url, Digest::of(b""), &Watch::silent()).unwrap_err();
    let detail = error.diagnostic().detail;
    assert!(detail.contains("Connection refused"), "{detail}");
}

#[test]
fn proxies_that_cannot_be_used_are_errors() {
    let server = Server::start();
    let url = server.serve("/a", b"right", Manner::Well);
    let mut settings = settings();
    settings.proxies.http = Some("socks5://127.0.0.1:1".to_owned());
    let text = refused(&server, &url, settings);
    assert!(text.contains("The proxy `socks5://127.0.0.1:1` is none"), "{text}");
}

#[test]
fn a_full_disk_is_told_and_left_as_it_was() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "small"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: a small disk cannot be mounted here");
        return;
    }
    let bytes = noise(2_000_000);
    let url = server.serve("/a", &bytes, Manner::Well);
    let result = fetcher(&disk).fetch(&url, Digest::of(&bytes), &Watch::silent());
    let left = files(&disk);
    let unmounted = std::process::Command::new("umount").arg(&disk).status().unwrap();
    let error = result.unwrap_err().to_string();
    assert!(error.contains("No space left on device"), "{error}");
    assert_eq!(left, <[std::path::PathBuf; 0]>::default());
    assert!(unmounted.success());
}
