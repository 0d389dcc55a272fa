//! What becomes of the store when things go wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use purlin_fetch::server::Manner;

use super::bench::Bench;

/// Lets a file of a package be written, as its owner can.
fn edit(path: &std::path::Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, "edited by hand\n").unwrap();
}

#[test]
fn an_entry_edited_by_hand_is_found_and_put_back() {
    let bench = Bench::new("");
    let root = bench.root_of("packbits");
    edit(&root.join("include/packbits.h"));
    let found = bench.workspace.fail(1, &["cache", "verify"]);
    assert!(
        found
            .stdout
            .contains("package packbits-1.0: its files are not those that were recorded; dropped"),
        "{found:?}"
    );
    // It comes out of the cache: nothing is built.
    assert_eq!(bench.built_by(&["build", "packbits"]), [""; 0]);
    assert!(fs::read_to_string(root.join("include/packbits.h")).unwrap().contains("PACKBITS_H"));
    bench.workspace.succeed(&["cache", "verify"]);
}

#[test]
fn pruning_keeps_what_a_workspace_used_last() {
    let bench = Bench::new("");
    let (crunch, report) = (bench.root_of("crunch"), bench.root_of("report"));
    bench.workspace.succeed(&["cache", "prune", "--older-than", "0h"]);
    // The last build asked for the report, which needs the greeter; nobody needs the other.
    assert!(report.is_dir() && !crunch.exists());
    assert_eq!(bench.workspace.succeed(&["app", "report"]).stdout, "hello, nobody\n");
    assert_eq!(bench.built_by(&["build", "crunch"]), ["crunch-0.2", "packbits-1.0"]);
    let listed = bench.workspace.succeed(&["cache", "list"]).stdout;
    assert!(listed.contains("the package crunch-0.2"), "{listed}");
    bench.workspace.succeed(&["cache", "clear"]);
    assert!(!crunch.exists() && !report.exists());
}

/// Records are not read when they are as they were. What they are then is always what counts.
#[test]
fn what_is_remembered_of_packages_is_true_or_not_believed() {
    let bench = Bench::new("");
    let root = bench.root_of("packbits");
    let memory = bench.workspace.path(".purlin/package-records");
    let rest = || std::thread::sleep(std::time::Duration::from_millis(50));
    let build = || {
        let told = bench.workspace.succeed(&["build", "packbits", "--json"]).stdout;
        let counts = told.lines().find(|line| line.contains("\"event\":\"summary\"")).unwrap();
        let counts: serde_json::Value = serde_json::from_str(counts).unwrap();
        assert_eq!((&counts["done"], &counts["cached"]), (&0.into(), &1.into()), "{told}");
        told.contains("\"restored\":true")
    };
    rest();
    assert!(!build());
    let text = fs::read_to_string(&memory).unwrap();
    let name = root.file_name().unwrap().to_str().unwrap();
    assert!(text.contains(&format!("\n{name} ")), "{text}");
    for damaged in ["", "damage", &text.replace(name, "other"), &text[..text.len() / 2]] {
        fs::write(&memory, damaged).unwrap();
        assert!(!build(), "{damaged}");
        assert_eq!(fs::read_to_string(&memory).unwrap(), text);
    }

    // A package without a record, or a record without its package, is not there.
    let record = bench.workspace.cache().join("packages/records").join(&name[..32]);
    fs::remove_file(&record).unwrap();
    assert!(build() && record.is_file());
    rest();
    assert!(!build() && !build());
    fs::rename(&root, root.with_extension("away")).unwrap();
    assert!(build() && root.is_dir());
    rest();
    assert!(!build() && !build());
    let newer = fs::read_to_string(&record).unwrap().replace("\"version\":1", "\"version\":2");
    fs::write(&record, newer).unwrap();
    assert!(build(), "a record of another version is none");
}

#[test]
fn without_a_network_what_is_there_serves() {
    let bench = Bench::new("");
    bench.workspace.succeed(&["build", "crunch"]);
    bench.workspace.succeed(&["--offline", "build", "crunch"]);
    let missing = bench.workspace.fail(1, &["--offline", "build", "report"]);
    assert!(missing.stderr.contains("greeter.tar.gz"), "{missing:?}");
    // What was fetched is enough to build again.
    assert_eq!(bench.built_by(&["--offline", "build", "-f", "crunch"]), ["crunch-0.2"]);
}

#[test]
fn a_source_that_is_another_is_refused() {
    let bench = Bench::new("");
    let source = bench.source("packbits/packbits.c");
    fs::write(&source, "int other;\n").unwrap();
    bench.serve("packbits", "packbits.tar.gz", Manner::Well);
    let refused = bench.workspace.fail(1, &["build", "packbits"]);
    assert!(refused.stderr.contains("is not what was asked for"), "{refused:?}");
    assert!(refused.stderr.contains("the source of `packbits-1.0`"), "{refused:?}");
}

#[test]
fn two_at_once_build_once() {
    let bench = Bench::new("");
    let children: Vec<_> = (0..2)
        .map(|_| {
            let mut command = bench.workspace.command(&["--json", "build", "crunch"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> =
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let mut started = 0;
    for output in &outputs {
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        started += text.lines().filter(|line| line.contains("\"started\"")).count();
    }
    assert_eq!(started, 2, "packbits and crunch, each once: {outputs:?}");
}

#[test]
fn a_pipe_in_an_entry_is_found_and_waited_for_by_nobody() {
    let bench = Bench::new("");
    let root = bench.root_of("packbits");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status();
    assert!(made.unwrap().success());
    let found = bench.workspace.fail(1, &["cache", "verify"]);
    assert!(found.stdout.contains("it is neither a file, a folder nor a link"), "{found}");
    assert_eq!(bench.built_by(&["build", "packbits"]), [""; 0]);
    assert!(!root.join("pipe").exists());
}

#[test]
fn a_store_that_can_only_be_read_gives_what_it_has() {
    let bench = Bench::new("");
    bench.workspace.succeed(&["build", "crunch"]);
    let script = r#"
        mount --bind "$CACHE" "$CACHE"
        mount -o remount,ro,bind "$CACHE"
        "$PURLIN" app crunch
        "$PURLIN" build crunch
        ! "$PURLIN" build greeter
    "#;
    let Some(finished) = bench.workspace.with_mounts(script) else { return };
    assert!(finished.stdout.starts_with("6 -> 4 -> 6 with 1.0\n"), "{finished}");
    assert!(finished.stderr.contains("Read-only file system"), "{finished}");
}

/// A store that is part of an image lies on a file system that can rename none of its folders.
#[test]
fn what_is_part_of_an_image_is_replaced() {
    for sandbox in ["auto", "off"] {
        let bench = Bench::empty(&format!("[build]\nsandbox = \"{sandbox}\"\n"));
        bench.workspace.write(
            "purlin.star",
            r#"
def it(mk_package):
    return mk_package(version = "1", source = "src", install = "cp text $out/text; ! test -e $out/../../fail")

definitions = {"packages": {"it": it}}
"#,
        );
        bench.workspace.write("src/text", "text\n");
        bench.root_of("it");
        let repository = bench.workspace.cache().join("repository");
        bench.workspace.succeed(&["build", "it", "--install", repository.to_str().unwrap()]);
        let script = r#"
            mkdir "$CACHE.image"
            mount -t tmpfs none "$CACHE.image"
            mkdir "$CACHE.image/upper" "$CACHE.image/work"
            mount -t overlay none "$CACHE" \
                -o "lowerdir=$CACHE,upperdir=$CACHE.image/upper,workdir=$CACHE.image/work"
            touch "$CACHE/fail"
            if test @SANDBOX@ = off; then
                # What fails leaves what was there.
                if "$PURLIN" build -f it; then exit 1; fi
                "$PURLIN" --json build it | grep -c '"restored":false'
            fi
            rm "$CACHE/fail"
            "$PURLIN" build -f it
            "$PURLIN" --json build it | grep -c '"restored":false'
            "$PURLIN" build it --install "$CACHE/repository"
            cat "$CACHE/repository/it/1/root/text"
            "$PURLIN" cache verify
        "#;
        let script = script.replace("@SANDBOX@", sandbox);
        let Some(finished) = bench.workspace.with_mounts(&script) else { return };
        assert!(finished.stdout.contains("text\n"), "{finished}");
    }
}
