//! A workspace whose packages come from a server on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use purlin_fetch::server::{Manner, Server};
use purlin_model::Digest;
use purlin_test::Workspace;

/// What is served, by the folder that it is made of.
const ARCHIVES: [(&str, &str); 10] = [
    ("packbits", "packbits.tar.gz"),
    ("crunch", "crunch.tar.bz2"),
    ("shapes", "shapes.tar.xz"),
    ("drawing", "drawing.zip"),
    ("greeter", "greeter.tar.gz"),
    ("report", "report.tar.gz"),
    ("tally", "tally.tar.gz"),
    ("codec", "codec.tar.gz"),
    ("sfml", "sfml.tar.gz"),
    ("antsimulator", "antsimulator-3.1.tar.gz"),
];

/// Where the sources of this test lie.
fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages")
}

/// A workspace and its server.
pub(crate) struct Bench {
    pub(crate) workspace: Workspace,
    pub(crate) server: Server,
}

impl Bench {
    /// All packages of `purlin.star`, none of them built. `document` stands in `purlin.toml`.
    pub(crate) fn new(document: &str) -> Self {
        let bench = Self::empty(document);
        let sources = bench.workspace.base().join("sources");
        copy(&own().join("sources"), &sources);
        bench.publish();
        bench
    }

    /// A workspace of which nothing is there but the document.
    pub(crate) fn empty(document: &str) -> Self {
        let workspace = Workspace::with(env!("CARGO_BIN_EXE_purlin"), document);
        // What rustup puts on PATH finds its programs in the user's home, which is another one here.
        let asked = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
        let root = String::from_utf8(asked.stdout).unwrap();
        let path = format!("{}/bin:{}", root.trim(), std::env::var("PATH").unwrap());
        Self { workspace: workspace.variable("PATH", path), server: Server::start() }
    }

    /// Packs all sources as they are now, and fills `purlin.star` in.
    pub(crate) fn publish(&self) {
        let mut text = fs::read_to_string(own().join("purlin.star")).unwrap();
        text = text.replace("@URL@", self.server.url("").trim_end_matches('/'));
        for (folder, archive) in ARCHIVES {
            let (_, digest) = self.serve(folder, archive, Manner::Well);
            text = text.replace(&format!("@SHA256:{archive}@"), &digest.to_hex());
        }
        self.workspace.write("purlin.star", text);
    }

    /// Packs one source, and serves it in a certain way.
    pub(crate) fn serve(&self, folder: &str, archive: &str, manner: Manner) -> (String, Digest) {
        let bytes = self.pack(folder, archive);
        (self.server.serve(&format!("/{archive}"), &bytes, manner), Digest::of(&bytes))
    }

    fn pack(&self, folder: &str, archive: &str) -> Vec<u8> {
        let base = self.workspace.base();
        let file = base.join(archive);
        let _ = fs::remove_file(&file);
        let (file_text, sources) = (file.to_str().unwrap(), base.join("sources"));
        let mut command = if archive.ends_with(".zip") {
            let mut command = Command::new("python3");
            command.args(["-m", "zipfile", "-c", file_text, folder]);
            command
        } else {
            let mut command = Command::new("tar");
            // The same files are the same archive.
            command.args([
                "--sort=name",
                "--mtime=@0",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
            ]);
            command.args(["-caf", file_text, folder]);
            command
        };
        assert!(command.current_dir(sources).status().unwrap().success(), "{archive}");
        fs::read(file).unwrap()
    }

    /// A source, to be edited before [`Bench::publish`].
    pub(crate) fn source(&self, path: &str) -> PathBuf {
        self.workspace.base().join("sources").join(path)
    }

    /// The ids of packages whose programs run when these arguments are given.
    pub(crate) fn built_by(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = [&["--json"], arguments].concat();
        let finished = self.workspace.succeed(&arguments);
        let mut ids: Vec<String> = finished
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["event"] == "started")
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Waits until a build under way has written a file with this name right into its `$out`.
    pub(crate) fn wait_until_written(&self, name: &str) {
        let folder = self.workspace.cache().join("packages/tmp");
        let below = |folder: &Path| -> Vec<PathBuf> {
            fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.path()).collect()
        };
        let end = Instant::now() + Duration::from_secs(60);
        let is_in = |folder: &PathBuf| folder.join(name).is_file();
        let is_written = |one: &PathBuf| is_in(one) || is_in(&one.join("out"));
        while !below(&folder).iter().any(is_written) {
            assert!(Instant::now() < end, "no build has written `{name}`");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where the package with this name is.
    pub(crate) fn root_of(&self, name: &str) -> PathBuf {
        let finished = self.workspace.succeed(&["build", name]);
        PathBuf::from(finished.stdout.lines().next().unwrap_or_else(|| panic!("{finished:?}")))
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
