//! A plugin to start, and what is left of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use purlin_plugin::Point;
use purlin_plugin::contract::QuietHost;
use purlin_process::{CallError, Launch, Limits, Process, Programs, Sandbox};
use semver::Version;
use serde_json::{Value as Json, json};

/// A plugin whose processes can be told from all others.
pub(crate) struct Plugin {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) launch: Launch,
    mark: String,
}

/// The real interpreter, which a shim would start.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-I", "-c", "import os, sys; print(os.path.realpath(sys.executable))"])
            .output()
            .expect("the tests need python3");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

impl Plugin {
    /// The misbehaving plugin in one of its modes.
    pub(crate) fn new(mode: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/plugin.py");
        let program = ["-I", "-S", "-B"].map(Into::into);
        let mut argv = vec![python().into()];
        argv.extend(program);
        argv.extend([script.clone().into(), mode.into()]);
        let mut plugin = Self::program(argv);
        plugin.launch.sandbox.read.push(script);
        plugin
    }

    pub(crate) fn program(argv: Vec<std::ffi::OsString>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("PURLIN_TEST_MARK=<{}-{count}>", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let dir = tempfile::tempdir().unwrap();
        let prefix = python().ancestors().nth(2).unwrap().to_owned();
        Self {
            launch: Launch {
                plugin: "bad".into(),
                version: Version::new(1, 2, 0),
                purlin: Version::new(0, 1, 0),
                folder: dir.path().to_owned(),
                argv,
                environment: vec![(name.into(), value.into())],
                config: Json::Null,
                root: None,
                provides: vec![(Point::Dependency, "echo".into())],
                exchange: None,
                programs: Programs::default(),
                limits: Limits { grace: Duration::from_millis(300), ..Limits::default() },
                sandbox: Sandbox {
                    read: vec![prefix, dir.path().to_owned()],
                    ..Sandbox::default()
                },
            },
            dir,
            mark,
        }
    }

    pub(crate) fn process(&self) -> Process {
        Process::new(self.launch.clone(), Arc::new(QuietHost))
    }

    /// Calls once, and tells what came of it after making sure that nothing runs any more.
    pub(crate) fn failure(&self) -> String {
        let process = self.process();
        let error = call(&process, json!(null)).unwrap_err();
        assert_eq!(self.running(), [0; 0], "after {error}");
        self.told(&error)
    }

    /// The processes of this plugin.
    pub(crate) fn running(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|one| one == self.mark.as_bytes()) {
                found.push(pid);
            }
        }
        found
    }

    /// A failure as the user sees it.
    pub(crate) fn told(&self, error: &CallError) -> String {
        let diagnostic = error.diagnostic();
        let mut text = format!("[{}] {}", diagnostic.code, diagnostic.summary);
        for line in diagnostic.detail.lines() {
            text.push_str(&format!("\n{line}"));
        }
        if !diagnostic.help.is_empty() {
            text.push_str(&format!("\nhelp: {}", diagnostic.help));
        }
        text.replace(self.dir.path().to_str().unwrap(), "[dir]")
    }
}

/// Asks for an expansion.
pub(crate) fn call(process: &Process, config: impl Into<Json>) -> Result<Json, CallError> {
    let config = config.into();
    let params = json!({
        "name": "echo", "config": config,
        "context": { "root": "/w", "space": null, "module": null, "context": {} },
    });
    process.call("dependency/expand", &params)
}

/// Waits until something holds.
pub(crate) fn soon(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
