//! A workspace of its own for one test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Finished;

/// A workspace with its own home, cache and data folder. Gone when dropped.
pub struct Workspace {
    folder: TempDir,
    binary: PathBuf,
    variables: Vec<(String, String)>,
}

impl Workspace {
    /// An empty folder in which the binary will work.
    ///
    /// # Panics
    /// If there is no place for temporary files.
    pub fn new(binary: impl AsRef<Path>) -> Self {
        let folder = tempfile::Builder::new().prefix("purlin-test-").tempdir();
        let workspace = Self {
            folder: folder.expect("there is a place for temporary files"),
            binary: binary.as_ref().to_owned(),
            variables: Vec::new(),
        };
        for name in ["workspace", "home", "cache", "data"] {
            let made = fs::create_dir(workspace.base().join(name));
            made.expect("a new temporary folder can be written to");
        }
        workspace
    }

    /// A workspace with this `purlin.toml`; `[workspace]` is put in front unless it is there.
    pub fn with(binary: impl AsRef<Path>, document: &str) -> Self {
        let workspace = Self::new(binary);
        let head = if document.contains("[workspace]") { "" } else { "[workspace]\n" };
        workspace.write("purlin.toml", format!("{head}{document}"));
        workspace
    }

    /// Sets a process variable for all runs of the binary.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_string_lossy().into_owned()));
        self
    }

    /// The temporary folder that holds everything.
    #[must_use]
    pub fn base(&self) -> &Path {
        self.folder.path()
    }

    /// The workspace's root.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.base().join("workspace")
    }

    /// The user's cache folder.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.base().join("cache")
    }

    /// A path in the workspace.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file in the workspace, with its folders.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("folders of a temporary folder can be made");
        }
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Reads a file in the workspace.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Waits until a command of the test has made a file in the workspace.
    ///
    /// # Panics
    /// If it is not there after a minute.
    #[track_caller]
    pub fn wait_for(&self, path: impl AsRef<Path>) {
        let path = self.path(path);
        let end = Instant::now() + Duration::from_secs(60);
        while path.symlink_metadata().is_err() {
            assert!(Instant::now() < end, "{} was not made", path.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many lines a file has; 0 when it is not there. Commands of tests count their runs so.
    pub fn lines(&self, path: impl AsRef<Path>) -> usize {
        fs::read_to_string(self.path(path)).map_or(0, |text| text.lines().count())
    }

    /// The binary with arguments, ready to be started in the root. Of the process variables it sees
    /// only `PATH` and what the test set.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.base().join("home"))
            .env("PURLIN_CACHE_DIR", self.cache())
            .env("PURLIN_DATA_DIR", self.base().join("data"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a script in which `$PURLIN` is the binary and `$CACHE` its cache folder, and which may
    /// mount what it likes: nobody else sees it, and it is gone in the end. `None`, with a line that
    /// says so, where that is not permitted; in CI it has to be.
    ///
    /// # Panics
    /// If the script fails.
    #[track_caller]
    pub fn with_mounts(&self, script: &str) -> Option<Finished> {
        let namespace = ["-m", "-rm"].into_iter().find(|how| {
            let probe = "mount -t tmpfs none /tmp";
            let asked = Command::new("unshare").args([how, "sh", "-c", probe]).output();
            asked.is_ok_and(|output| output.status.success())
        });
        let Some(namespace) = namespace else {
            assert!(std::env::var_os("CI").is_none(), "in CI mounting has to be permitted");
            #[expect(clippy::print_stdout, reason = "what is not tested is told")]
            {
                println!("SKIPPED: mounting is not permitted here");
            }
            return None;
        };
        let plain = self.command(&[]);
        let variables = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut command = Command::new("unshare");
        command
            .args([namespace, "sh", "-ec", script])
            .current_dir(self.root())
            .env_clear()
            .envs(variables)
            .env("PURLIN", &self.binary)
            .env("CACHE", self.cache());
        let finished = self.finish(&mut command);
        assert_eq!(finished.code, Some(0), "{finished}");
        Some(finished)
    }

    /// Runs the binary in the root to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.finish(&mut self.command(arguments))
    }

    /// Runs the binary and expects it to end with 0.
    ///
    /// # Panics
    /// If it ends otherwise; the message has all that it said.
    #[track_caller]
    pub fn succeed(&self, arguments: &[&str]) -> Finished {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        finished
    }

    /// Runs the binary and expects it to end with a certain status.
    ///
    /// # Panics
    /// If it ends otherwise; the message has all that it said.
    #[track_caller]
    pub fn fail(&self, code: i32, arguments: &[&str]) -> Finished {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(code), "{finished}");
        finished
    }

    /// Runs a command made by [`Workspace::command`] to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn finish(&self, command: &mut Command) -> Finished {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Finished::new(&output, self.base())
    }

    /// Waits for the end of a started command of [`Workspace::command`].
    ///
    /// # Panics
    /// If its output cannot be read.
    #[must_use]
    pub fn finished(&self, child: Child) -> Finished {
        let output = child.wait_with_output().unwrap_or_else(|error| panic!("{error}"));
        Finished::new(&output, self.base())
    }
}
