//! A disk that is full: nothing is lost, and nothing is half done.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace;

/// A small disk in a folder, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None`, with a line that says so, where this user may not mount one.
    fn mount(folder: &Path, kilobytes: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("the folder is the test's own");
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(folder.to_owned())),
            _ => {
                eprintln!("SKIPPED: a full disk cannot be tried, because no tmpfs can be mounted");
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

const DOCUMENT: &str = r#"
[commands.a]
exec = "mkdir -p out; head -c 300000 /dev/zero >out/big; cat in >>out/big; echo ran >>ran"
deps = ["in"]
artifacts = ["out/big"]
"#;

#[test]
fn a_full_cache_keeps_nothing_and_fails_no_run() {
    let workspace = workspace(DOCUMENT);
    workspace.write("in", "one");
    let Some(disk) = Disk::mount(&workspace.cache(), 200) else { return };
    for count in 1..3 {
        let finished = workspace.succeed(&["run"]);
        assert!(finished.stderr.contains("results are not kept"), "{finished}");
        assert!(finished.stderr.contains("make room there"), "{finished}");
        assert_eq!(workspace.lines("ran"), count);
    }
    drop(disk);
    workspace.succeed(&["run"]);
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("cached"));
}

#[test]
fn outputs_on_a_full_disk_are_the_old_ones_or_the_new_ones() {
    let workspace = workspace(DOCUMENT);
    for text in ["one", "two"] {
        workspace.write("in", text);
        workspace.succeed(&["run"]);
    }
    let new = std::fs::read(workspace.path("out/big")).expect("it was written");
    std::fs::rename(workspace.path("out"), workspace.path("old")).expect("it is there");
    let Some(disk) = Disk::mount(&workspace.path("out"), 400) else { return };
    std::fs::copy(workspace.path("old/big"), workspace.path("out/big")).expect("there is room");
    workspace.write("in", "one");
    let finished = workspace.fail(1, &["run"]);
    assert!(finished.stderr.contains("the outputs of `a` cannot be put back"), "{finished}");
    assert_eq!(std::fs::read(workspace.path("out/big")).ok(), Some(new));
    let left = std::fs::read_dir(workspace.path("out")).into_iter().flatten().count();
    assert_eq!(left, 1, "nothing is left beside it");
    drop(disk);
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("cached"));
    assert!(workspace.read("out/big").ends_with("one"));
}
