//! Packages stay where they are as long as somebody uses them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::bench::Bench;

/// `it` has a program that waits for a line before it reads its own data, and `user` is built with another
/// one of it, which takes its time.
fn bench(sandbox: &str) -> Bench {
    let bench = Bench::empty(&format!("[build]\nsandbox = \"{sandbox}\"\n"));
    bench.workspace.write("src/it", "#!/bin/sh\necho ready\nread line\ncat ${0%/bin/it}/data\n");
    bench.workspace.write("src/slow", "#!/bin/sh\nsleep 2\ncat ${0%/bin/slow}/data\n");
    bench.workspace.write(
        "purlin.star",
        r#"
def it(mk_package):
    return mk_package(version = "1", source = "src", install = "install -Dm755 -t $out/bin it slow; echo data > $out/data")

def user(mk_package, it):
    return mk_package(version = "1", build_requires = [it], install = "touch $out/begun; slow > $out/x")

def shell(mk_shell, it):
    return mk_shell(packages = [it])

definitions = {"packages": {"it": it, "user": user}, "devShells": {"default": shell}}
"#,
    );
    bench
}

/// A program that uses `it`, and waits.
struct Waiting(Child, BufReader<std::process::ChildStdout>);

impl Waiting {
    fn start(bench: &Bench, arguments: &[&str]) -> Self {
        let mut command = bench.workspace.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut waiting = Self(child, stdout);
        assert_eq!(waiting.line(), "ready\n");
        waiting
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }

    /// Lets it go on: what it has read.
    fn go_on(mut self) -> String {
        self.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        let line = self.line();
        assert!(self.0.wait().unwrap().success());
        line
    }
}

#[test]
fn what_an_app_or_shell_uses_stays() {
    let uses: [&[&str]; 2] = [&["app", "it"], &["shell", "--", "it"]];
    let removes: [&[&str]; 2] = [&["cache", "clear"], &["cache", "prune", "--older-than", "0s"]];
    for arguments in uses {
        let bench = bench("auto");
        let waiting = Waiting::start(&bench, arguments);
        let root = bench.root_of("it");
        // Nobody would know of it but for its being used.
        fs::remove_dir_all(bench.workspace.cache().join("packages/roots")).unwrap();
        for arguments in removes {
            let told = bench.workspace.succeed(arguments);
            assert!(told.stderr.contains("1 package is in use, and stays"), "{told}");
            assert!(root.join("bin/it").is_file());
        }
        assert_eq!(waiting.go_on(), "data\n");
        let told = bench.workspace.succeed(removes[1]);
        assert!(!told.stderr.contains("in use") && !root.exists(), "{told}");
    }
}

#[test]
fn what_a_killed_purlin_has_started_keeps_its_packages() {
    let bench = bench("auto");
    let mut waiting = Waiting::start(&bench, &["app", "it"]);
    let root = bench.root_of("it");
    let mut stdin = waiting.0.stdin.take().unwrap();
    waiting.0.kill().unwrap();
    waiting.0.wait().unwrap();
    bench.workspace.succeed(&["cache", "clear"]);
    assert!(root.is_dir());
    stdin.write_all(b"\n").unwrap();
    assert_eq!(waiting.line(), "data\n");
    // Its pipe ends when it has ended.
    assert_eq!(waiting.line(), "");
    let end = Instant::now() + Duration::from_secs(30);
    while root.is_dir() {
        assert!(Instant::now() < end, "nobody uses it");
        bench.workspace.succeed(&["cache", "clear"]);
    }
}

#[test]
fn a_forced_build_takes_the_place_of_what_is_used_when_it_is_whole() {
    let bench = bench("strict");
    let waiting = Waiting::start(&bench, &["app", "it"]);
    assert_eq!(bench.built_by(&["build", "-f", "it"]), ["it-1"]);
    let replaced = bench.workspace.cache().join("packages/replaced");
    assert_eq!(fs::read_dir(&replaced).unwrap().count(), 1);
    bench.workspace.succeed(&["cache", "prune"]);
    assert_eq!(fs::read_dir(&replaced).unwrap().count(), 1);
    assert_eq!(waiting.go_on(), "data\n");
    bench.workspace.succeed(&["cache", "prune"]);
    assert_eq!(fs::read_dir(&replaced).unwrap().count(), 0);
    bench.workspace.succeed(&["cache", "verify"]);
}

#[test]
fn a_build_keeps_what_it_is_built_with() {
    let bench = bench("strict");
    bench.workspace.succeed(&["build", "it"]);
    let mut build = bench.workspace.command(&["build", "user"]);
    let build = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bench.wait_until_written("begun");
    bench.workspace.succeed(&["build", "-f", "it"]);
    let built = build.wait_with_output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let text = String::from_utf8(built.stdout).unwrap();
    let root = PathBuf::from(text.lines().next().unwrap());
    assert_eq!(fs::read_to_string(root.join("x")).unwrap(), "data\n");
}

#[test]
fn without_a_sandbox_what_is_used_is_not_built_again() {
    let bench = bench("off");
    let waiting = Waiting::start(&bench, &["app", "it"]);
    let refused = bench.workspace.fail(1, &["build", "-f", "it"]);
    assert!(refused.stderr.contains("`it-1` is in use, and stays"), "{refused}");
    assert_eq!(waiting.go_on(), "data\n");
    assert_eq!(bench.built_by(&["build", "-f", "it"]), ["it-1"]);
}

/// Who waits to build a package has not got it before it, and who builds with it is waited for.
#[test]
fn without_a_sandbox_builds_wait_for_each_other() {
    let bench = bench("off");
    let root = bench.root_of("it");
    let start = |arguments: &[&str]| {
        let mut command = bench.workspace.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let user = start(&["build", "user"]);
    let packages = root.parent().unwrap();
    let has_begun = |entry: fs::DirEntry| entry.path().join("begun").is_file();
    let end = Instant::now() + Duration::from_secs(60);
    while !fs::read_dir(packages).unwrap().flatten().any(has_begun) {
        assert!(Instant::now() < end, "the build has not begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    let forced: Vec<Child> = (0..3).map(|_| start(&["build", "-f", "it"])).collect();
    for child in forced.into_iter().chain([user]) {
        let built = child.wait_with_output().unwrap();
        assert!(built.status.success(), "{built:?}");
    }
    assert_eq!(fs::read_to_string(root.join("data")).unwrap(), "data\n");
    let used: Vec<_> = fs::read_dir(packages.join("users")).unwrap().collect();
    assert!(used.is_empty(), "{used:?}");
}

#[test]
fn a_forced_build_that_fails_leaves_what_was_there() {
    let bench = bench("off");
    let flag = bench.workspace.base().join("flag");
    let text = bench.workspace.read("purlin.star");
    let text =
        text.replace("install -Dm755", &format!("test ! -e {}; install -Dm755", flag.display()));
    bench.workspace.write("purlin.star", text);
    let root = bench.root_of("it");
    fs::write(&flag, "").unwrap();
    bench.workspace.fail(1, &["build", "-f", "it"]);
    assert_eq!(fs::read_to_string(root.join("data")).unwrap(), "data\n");
    assert_eq!(bench.built_by(&["build", "it"]), [""; 0]);
    bench.workspace.succeed(&["cache", "verify"]);
}
