//! Sudden deaths of the binary at every durable step that a run takes.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use purlin_test::{Finished, Workspace};

use crate::folder;
use crate::test_remote_cache::{check, write_plugin};

/// Writes one file that is named after the input and one that is always there.
const DOCUMENT: &str = r#"[workspace]
[commands.make]
exec = "echo run >> runs; echo said; mkdir -p out; cat in.txt > out/always; cat in.txt > out/of-$(cat in.txt)"
deps = ["in.txt"]
artifacts = ["out/*"]
"#;

/// A clock that is far ahead: no stamp is too new to be remembered, and every run passes the same
/// points.
pub(crate) const AHEAD: (&str, &str) = ("PURLIN_CLOCK", "now=5000000000");

/// A state of workspace and cache from which every attempt begins.
struct Beginning {
    state: Workspace,
    /// What has to be in `out` in the end, by name.
    outputs: Vec<(&'static str, &'static str)>,
}

/// Nothing was done yet.
fn fresh() -> Beginning {
    let state = folder();
    state.write("purlin.toml", DOCUMENT);
    state.write("in.txt", "a");
    Beginning { state, outputs: vec![("always", "a"), ("of-a", "a")] }
}

/// The outputs were deleted, and the cache has them.
fn deleted() -> Beginning {
    let beginning = fresh();
    beginning.state.succeed(&["run"]);
    fs::remove_dir_all(beginning.state.path("out")).unwrap();
    beginning
}

/// The cache has the result for the input as it is, the workspace the outputs of another; one of
/// them is to go. A file that is the user's own is not.
fn updated() -> Beginning {
    let state = folder();
    state.write("purlin.toml", DOCUMENT);
    for input in ["b", "a"] {
        state.write("in.txt", input);
        state.succeed(&["run"]);
        if input == "b" {
            fs::remove_dir_all(state.path("out")).unwrap();
        }
    }
    state.write("out/deep/own", "own");
    state.write("in.txt", "b");
    Beginning { state, outputs: vec![("always", "b"), ("of-b", "b")] }
}

/// Results go to a shelf, too, and nothing was done yet.
fn shared() -> Beginning {
    let beginning = fresh();
    let state = &beginning.state;
    state.write(
        "purlin.toml",
        format!("{DOCUMENT}cache = \"team\"\n[caches.team]\ntype = \"shelf\"\nfolder = \".shelf\"\n[plugins.shelf]\npath = \"shelf\"\n"),
    );
    write_plugin(state, "user", "{workspace}/.shelf");
    fs::create_dir(state.path(".shelf")).unwrap();
    beginning
}

/// The shelf has the result, and nothing else.
fn offered() -> Beginning {
    let mut beginning = shared();
    beginning.state = beginning.state.variable("PURLIN_TRUST", "workspace");
    let state = &beginning.state;
    state.succeed(&["run"]);
    for folder in [state.path("out"), state.path(".purlin"), state.cache().join("store")] {
        fs::remove_dir_all(folder).unwrap();
    }
    beginning
}

/// All files and folders below a folder, but for logs and locks.
fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = entry.path();
            let shown = path.strip_prefix(folder).unwrap();
            let passed_over = [".purlin/log", ".purlin/locks", ".purlin/uploads", ".shelf"];
            if passed_over.iter().any(|folder| shown.starts_with(folder)) {
                continue;
            }
            found.insert(shown.to_owned());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            }
        }
    }
    found
}

impl Beginning {
    fn copy(&self) -> Workspace {
        let copy = folder().variable("PURLIN_TRUST", "workspace");
        for part in ["workspace", "cache"] {
            let from = self.state.base().join(part).join(".");
            let done = Command::new("cp").arg("-a").arg(from).arg(copy.base().join(part)).status();
            assert!(done.unwrap().success());
        }
        copy
    }

    #[track_caller]
    fn check_outputs(&self, workspace: &Workspace, run: &Finished) {
        let found = names(&workspace.path("out"));
        let own = ["deep", "deep/own"].into_iter().filter(|_| self.state.path("out/deep").exists());
        let wanted = self.outputs.iter().map(|(name, _)| *name).chain(own);
        assert_eq!(found, wanted.map(PathBuf::from).collect(), "{run}");
        for (name, text) in &self.outputs {
            assert_eq!(workspace.read(format!("out/{name}")), *text, "{run}");
        }
    }

    /// The names of all points that a run from here passes, and what it leaves behind.
    fn points(&self) -> (Vec<String>, [BTreeSet<PathBuf>; 2]) {
        let clean = self.copy();
        let log = clean.base().join("points");
        let run = clean
            .finish(clean.command(&["run"]).env("PURLIN_FAULT_LOG", &log).env(AHEAD.0, AHEAD.1));
        assert_eq!(run.code, Some(0), "{run}");
        self.check_outputs(&clean, &run);
        self.cached(&clean);
        let points = fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
        (points, left(&clean))
    }

    /// Runs once more, and nothing is done.
    #[track_caller]
    fn cached(&self, workspace: &Workspace) {
        let runs = workspace.lines("runs");
        let run = workspace.succeed(&["run"]);
        assert!(run.stderr.ends_with(" s\n") && run.stderr.contains("\n1 cached ·"), "{run}");
        assert!(!run.stderr.contains("restored") && !run.stderr.contains("warning"), "{run}");
        assert_eq!(workspace.lines("runs"), runs, "{run}");
        self.check_outputs(workspace, &run);
    }

    /// Dies at one point, and recovers.
    fn die(&self, number: usize, point: &str, wanted: &[BTreeSet<PathBuf>; 2]) {
        let workspace = self.copy();
        let mut command = workspace.command(&["run"]);
        let died =
            workspace.finish(command.env("PURLIN_FAULT", number.to_string()).env(AHEAD.0, AHEAD.1));
        assert_eq!(died.signal, Some(9), "at {point}: {died}");
        // What is in place under its own name is whole, and what others can get.
        check(&workspace.path(".shelf"));
        for name in ["always", "of-a", "of-b"] {
            let text = fs::read_to_string(workspace.path("out").join(name));
            assert!(text.map_or(true, |text| text == "a" || text == "b"), "{name} at {point}");
        }
        let run = workspace.succeed(&["run"]);
        assert!(!run.stderr.contains("warning"), "after {point}: {run}");
        self.check_outputs(&workspace, &run);
        self.cached(&workspace);
        for (found, wanted) in left(&workspace).iter().zip(wanted) {
            assert_eq!(found, wanted, "after {point}: {run}");
        }
    }

    /// Dies at every point in turn. The names of the points.
    fn die_everywhere(&self) -> Vec<String> {
        self.die_where(|_| true)
    }

    /// Dies in turn at every point that is chosen by its name. The names of all.
    fn die_where(&self, choose: impl Fn(&str) -> bool + Sync) -> Vec<String> {
        let (points, wanted) = self.points();
        let next = AtomicUsize::new(0);
        // Several at once, because they mostly wait.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(point) = points.get(index) else { break };
                        if choose(point) {
                            self.die(index + 1, point, &wanted);
                        }
                    }
                });
            }
        });
        points
    }
}

/// What is left in the workspace and in the store, without what somebody who died left there and
/// whoever writes there next takes away.
fn left(workspace: &Workspace) -> [BTreeSet<PathBuf>; 2] {
    if workspace.path(".shelf").exists() {
        workspace.succeed(&["cache", "prune"]);
    }
    [names(&workspace.root()), names(&workspace.cache().join("store"))]
}

/// The names of all points that are passed from one of the beginnings.
pub(crate) fn all_points() -> Vec<String> {
    let beginnings = [fresh(), deleted(), updated(), shared(), offered()];
    beginnings.iter().flat_map(|beginning| beginning.points().0).collect()
}

#[track_caller]
fn passes(points: &[String], expected: &[&str]) {
    for point in expected {
        assert!(points.iter().any(|one| one == point), "{point} is not passed: {points:?}");
    }
}

#[test]
fn a_death_at_any_point_of_a_first_run() {
    let points = fresh().die_everywhere();
    let written = ["private", "blob", "action", "record", "index"];
    for what in written {
        for step in ["create", "created", "half-written", "written", "renamed"] {
            passes(&points, &[&format!("{what}.{step}")]);
        }
    }
    passes(&points, &["folder.make", "folder.made", "action.folder-synced", "record.synced"]);
}

#[test]
fn a_death_at_any_point_of_a_restore() {
    let beginning = deleted();
    let points = beginning.die_everywhere();
    passes(
        &points,
        &[
            "record.half-written",
            "restore.staging-make",
            "fetch.created",
            "fetch.written",
            "restore.fetched",
            "restore.folder-make",
            "restore.folder-made",
            "restore.replace",
            "restore.replaced",
            "restore.staging-remove",
            "restore.staging-removed",
            "index.renamed",
        ],
    );
}

#[test]
fn a_death_at_any_point_of_a_restore_that_removes() {
    let beginning = updated();
    let points = beginning.die_everywhere();
    passes(
        &points,
        &[
            "restore.fetched",
            "restore.remove",
            "restore.removed",
            "restore.replaced",
            "record.renamed",
        ],
    );
}

#[test]
fn a_death_at_any_point_of_an_upload() {
    let of_uploads = ["scratch.", "remote."];
    let points =
        shared().die_where(|point| of_uploads.iter().any(|start| point.starts_with(start)));
    passes(
        &points,
        &[
            "scratch.made",
            "remote.put-contents",
            "remote.contents-put",
            "remote.put-results",
            "remote.results-put",
            "scratch.remove",
        ],
    );
}

#[test]
fn a_death_at_any_point_of_a_fetch() {
    let of_fetches = ["scratch.", "remote.", "adopt.", "action."];
    let points =
        offered().die_where(|point| of_fetches.iter().any(|start| point.starts_with(start)));
    passes(
        &points,
        &[
            "scratch.made",
            "remote.action-fetched",
            "remote.fetched",
            "adopt.made",
            "adopt.synced",
            "adopt.renamed",
            "action.renamed",
            "remote.stored",
            "restore.replaced",
        ],
    );
}
