//! Files of this machine, mirrors, proxies, and servers that prove who they are.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use purlin_fetch::{Fetcher, Settings, Watch};
use purlin_model::Digest;

use crate::support::{fetcher, settings};
use purlin_fetch::server::{Manner, Server};

#[test]
fn files_of_this_machine_are_copied_offline_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a b"), "content").unwrap();
    let url = format!("file://{}/a%20b", folder.path().display());
    let kept = folder.path().join("kept");
    let fetcher = Fetcher::new(kept, Settings { offline: true, ..settings() });
    let path = fetcher.fetch(&url, Digest::of(b"content"), &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"content");
    let error = fetcher.fetch(&url, Digest::of(b"other"), &Watch::silent()).unwrap_err();
    assert!(error.to_string().contains("is not what was asked for"), "{error}");
    let missing = format!("{url}c");
    let error = fetcher.fetch(&missing, Digest::of(b"other"), &Watch::silent()).unwrap_err();
    assert!(error.diagnostic().detail.contains("No such file"), "{error}");
}

#[test]
fn mirrors_are_asked_in_order_and_not_believed() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let digest = Digest::of(b"right");
    let url = server.serve("/origin/a.zip", b"right", Manner::Well);
    server.serve("/second/a.zip", b"wrong", Manner::Well);
    server.serve(&format!("/third/{digest}"), b"right", Manner::Well);
    let mirrors = ["/first", "/second", "/third/{sha256}"].map(|path| server.url(path));
    let settings = Settings { mirrors: mirrors.to_vec(), ..settings() };
    let fetcher = Fetcher::new(folder.path().to_owned(), settings);
    fetcher.fetch(&url, digest, &Watch::silent()).unwrap();
    let asked: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/first/a.zip", "/second/a.zip", &format!("/third/{digest}")]);

    let error = fetcher.fetch(&url, Digest::of(b"new"), &Watch::silent()).unwrap_err();
    let detail = error.diagnostic().detail;
    assert!(detail.contains("/first/a.zip: The server answered 404"), "{detail}");
    assert!(detail.contains("/second/a.zip: It has another file of this name"), "{detail}");
}

#[test]
fn a_proxy_is_asked_in_place_of_the_server() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    server.serve("/a", b"content", Manner::Well);
    let mut settings = settings();
    settings.proxies.http = Some(server.url(""));
    settings.proxies.except = vec!["127.0.0.1".to_owned()];
    let fetcher = Fetcher::new(folder.path().to_owned(), settings);
    let digest = Digest::of(b"content");
    fetcher.fetch("http://files.example/a", digest, &Watch::silent()).unwrap();
    let direct = server.serve("/b", b"direct", Manner::Well);
    fetcher.fetch(&direct, Digest::of(b"direct"), &Watch::silent()).unwrap();
    let asked = server.requests().into_iter().map(|it| format!("{} {}", it.method, it.path));
    assert_eq!(asked.collect::<Vec<_>>(), ["CONNECT files.example:80", "GET /a", "GET /b"]);
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Python's own server, which is not ours, with a certificate of its own.
const PYTHON: &str = r#"
import http.server, os, ssl, sys
os.chdir(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

#[test]
fn only_servers_with_a_trusted_certificate_are_believed() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(&folder)
        .output();
    let started = Command::new("python3")
        .args(["-c", PYTHON])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let (Ok(_), Ok(server)) = (made, started) else {
        println!("skipped: this machine has no openssl or no python3");
        return;
    };
    let mut server = Running(server);
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let url = format!("https://localhost:{}/a", port.trim());
    fs::write(folder.path().join("a"), "content").unwrap();
    let digest = Digest::of(b"content");

    let kept = folder.path().join("kept");
    let error = fetcher(&kept).fetch(&url, digest, &Watch::silent()).unwrap_err();
    let detail = error.diagnostic().detail;
    assert!(detail.contains("The connection is not safe: "), "{detail}");

    let certificates = Some(folder.path().join("certificate.pem"));
    let trusting = Fetcher::new(kept, Settings { certificates, ..settings() });
    let path = trusting.fetch(&url, digest, &Watch::silent()).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"content");
}
