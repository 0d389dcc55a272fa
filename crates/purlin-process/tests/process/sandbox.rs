//! What the kernel refuses. Where it cannot, these tests fail under CI and are skipped with a line
//! elsewhere.

use std::net::TcpListener;
use std::os::fd::AsRawFd;

use purlin_process::enforced;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use serde_json::{Value as Json, json};

use crate::support::{Plugin, call};

/// True when the kernel enforces what the test is about.
fn able(able: bool) -> bool {
    if !able {
        assert!(std::env::var_os("CI").is_none(), "Landlock is needed: {:?}", enforced().reason);
        eprintln!("SKIPPED: {:?}", enforced().reason);
    }
    able
}

/// What the system says to the plugin's attempt.
fn look(plugin: &Plugin, what: &Json) -> Json {
    call(&plugin.process(), what.clone()).unwrap()["values"][0].clone()
}

#[test]
fn files_beyond_the_grant_are_refused() {
    if !able(enforced().files) {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    let (secret, new) = (outside.path().join("secret"), outside.path().join("new"));
    std::fs::write(&secret, "secret").unwrap();
    let mut plugin = Plugin::new("look");
    let own = plugin.dir.path().join("own");
    std::fs::write(&own, "own").unwrap();
    assert_eq!(look(&plugin, &json!({ "read": secret })), "EACCES");
    assert_eq!(look(&plugin, &json!({ "read": "/etc/shadow" })), "EACCES");
    assert_eq!(look(&plugin, &json!({ "write": new })), "EACCES");
    assert_eq!(look(&plugin, &json!({ "read": own })), "own");
    assert_eq!(look(&plugin, &json!({ "write": own })), "EACCES");
    // Nor by a program that it starts.
    let run = json!({ "run": ["cat", secret] });
    assert_eq!(look(&plugin, &run)[1], "", "{run}");

    plugin.launch.sandbox.read.push(secret.clone());
    assert_eq!(look(&plugin, &json!({ "read": secret })), "secret");
    assert_eq!(look(&plugin, &json!({ "write": secret })), "EACCES");
    plugin.launch.sandbox.write.push(outside.path().to_owned());
    assert_eq!(look(&plugin, &json!({ "write": new })), 7);
}

#[test]
fn ports_beyond_the_grant_are_refused() {
    if !able(enforced().ports) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut plugin = Plugin::new("look");
    assert_eq!(look(&plugin, &json!({ "connect": port })), "EACCES");
    plugin.launch.sandbox.ports.push(port);
    assert_eq!(look(&plugin, &json!({ "connect": port })), "connected");
}

#[test]
fn other_processes_are_out_of_reach() {
    if !able(enforced().files) {
        return;
    }
    let plugin = Plugin::new("look");
    let environment = format!("/proc/{}/environ", std::process::id());
    assert_eq!(look(&plugin, &json!({ "read": environment })), "EACCES");
}

#[test]
fn nothing_is_inherited() {
    let mut plugin = Plugin::new("look");
    plugin.launch.environment.push(("GRANTED".into(), "yes".into()));
    let Json::Object(mut seen) = look(&plugin, &json!({ "environment": true })) else { panic!() };
    assert!(seen.remove("PURLIN_TEST_MARK").is_some());
    // The interpreter sets this one itself.
    seen.remove("LC_CTYPE");
    assert_eq!(Json::Object(seen), json!({ "GRANTED": "yes" }));
}

#[test]
fn open_files_are_not_inherited() {
    let file = std::fs::File::open("/dev/null").unwrap();
    // A copy that stays open on exec, as those are that this process has inherited itself.
    let copy = fcntl_dupfd_cloexec(&file, 200).unwrap();
    fcntl_setfd(&copy, FdFlags::empty()).unwrap();
    let seen = look(&Plugin::new("look"), &json!({ "open": copy.as_raw_fd() }));
    assert_eq!(seen, "EBADF");
}
