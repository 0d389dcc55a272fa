//! Sudden deaths at every durable step of a build, and what is left.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bench::Bench;

/// Two packages that are made in no time, one of which needs the other.
const DEFINITIONS: &str = r#"
def base(mk_package):
    return mk_package(version = "1", source = "src", install = "cp a.txt $out/; ln -s a.txt $out/b.txt")

def user(mk_package, base):
    return mk_package(version = "1", install = "cat %s/b.txt > $out/c.txt; echo %s > $out/d.txt" % (base, base))

definitions = {"packages": {"base": base, "user": user}}
"#;

/// A state from which every attempt begins.
fn beginning(sandbox: &str) -> Bench {
    let bench = Bench::empty(&format!("[build]\nsandbox = \"{sandbox}\"\n"));
    bench.workspace.write("src/a.txt", "content\n");
    bench.workspace.write("purlin.star", DEFINITIONS);
    bench
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(done.unwrap().success());
}

/// Dies at every point that a verb passes; after each death, a build is as if nothing had happened.
fn die_everywhere(make: impl Fn() -> Bench + Sync, arguments: &[&str]) {
    let clean = make();
    let log = clean.workspace.base().join("points");
    let mut command = clean.workspace.command(arguments);
    let ran = clean.workspace.finish(command.env("PURLIN_FAULT_LOG", &log));
    assert_eq!(ran.code, Some(0), "{ran}");
    let points: Vec<String> =
        fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    assert!(points.iter().any(|point| point.starts_with("package")), "{points:?}");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(index) else { break };
                    die(&make(), arguments, index + 1, point);
                }
            });
        }
    });
}

fn die(bench: &Bench, arguments: &[&str], number: usize, point: &str) {
    let workspace = &bench.workspace;
    let mut command = workspace.command(arguments);
    let died = workspace.finish(command.env("PURLIN_FAULT", number.to_string()));
    // Some points are passed by several threads, whose order is not always the same.
    assert!(died.signal == Some(9) || died.code == Some(0), "at {point}: {died}");
    let root = bench.root_of("user");
    assert_eq!(fs::read_to_string(root.join("c.txt")).unwrap(), "content\n", "after {point}");
    let base = fs::read_to_string(root.join("d.txt")).unwrap();
    assert!(Path::new(base.trim()).join("a.txt").is_file(), "after {point}");
    let verified = workspace.run(&["cache", "verify"]);
    assert_eq!(verified.code, Some(0), "after {point}: {verified}");
    assert_eq!(bench.built_by(&["build"]), [""; 0], "after {point}");
}

#[test]
fn a_build_dies_anywhere() {
    die_everywhere(|| beginning("off"), &["build", "user"]);
}

#[test]
fn a_build_in_a_sandbox_dies_anywhere() {
    die_everywhere(|| beginning("strict"), &["build", "user"]);
}

#[test]
fn a_package_comes_out_of_the_cache_and_dies_anywhere() {
    let state = beginning("off");
    state.workspace.succeed(&["build"]);
    // The results are kept; the packages are gone.
    for entry in fs::read_dir(state.workspace.cache().join("packages")).unwrap() {
        let path = entry.unwrap().path();
        let _ = Command::new("rm").arg("-rf").arg(path).status();
    }
    let make = || {
        let bench = Bench::empty("");
        for part in ["workspace", "cache"] {
            copy(&state.workspace.base().join(part), &bench.workspace.base().join(part));
        }
        bench
    };
    die_everywhere(make, &["build", "user"]);
}

#[test]
fn pruning_dies_anywhere() {
    let state = beginning("off");
    state.workspace.succeed(&["build", "user"]);
    let base = state.root_of("base");
    assert!(base.is_dir());
    fs::remove_dir_all(state.workspace.cache().join("packages/roots")).unwrap();
    let make = || {
        let bench = Bench::empty("");
        // Where packages are is part of what they are, so they are built here.
        copy(&state.workspace.root(), &bench.workspace.root());
        bench.workspace.succeed(&["build", "user"]);
        fs::remove_dir_all(bench.workspace.cache().join("packages/roots")).unwrap();
        bench
    };
    die_everywhere(make, &["cache", "prune", "--older-than", "0h"]);
}
