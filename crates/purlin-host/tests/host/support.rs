//! A folder with plugins, and messages as text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin_host::{Plugins, PluginsTable, Reserved, Search, Surroundings, Trust};
use purlin_model::{Diagnostic, Source, parse_toml};
use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ExpandContext, Expansion, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, PluginSet};
use serde_json::Value as Json;

pub(crate) struct Place {
    dir: tempfile::TempDir,
    pub(crate) table: String,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) bundled: PluginSet,
    pub(crate) index_dir: PathBuf,
    /// `None`: every plugin that is there may run.
    pub(crate) trust: Option<Trust>,
    /// `None`: no plugin is started.
    pub(crate) surroundings: Option<Surroundings>,
}

/// A dependency that answers with its configuration.
struct Echo;

impl Dependency for Echo {
    fn expand(
        &self,
        config: &Json,
        _: &ExpandContext,
        _: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        Ok(Expansion { values: vec![config.clone()], ..Expansion::default() })
    }
}

pub(crate) const FILES: NativePlugin = NativePlugin {
    folder: "files",
    files: &[
        (
            "plugin.toml",
            r#"[plugin]
name = "files"
version = "0.1.0"
api = "1"
description = "Files"

[runtime]
kind = "native"

[config]
schema = "config.json"

[provides.dependency.glob]
about = "Files by pattern"
schema = "glob.json"
key = "pattern"
default = true

[provides.cache.local]
about = "On this machine"
hot = "user"
default = true
"#,
        ),
        ("config.json", r#"{"type": "object", "properties": {"deep": {"type": "boolean"}}}"#),
        (
            "glob.json",
            r#"{"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]}"#,
        ),
    ],
    features: &[("glob", NativeFeature::Dependency(&Echo))],
};

impl Place {
    /// One bundled plugin, an empty user folder, and nothing else.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("user")).unwrap();
        Self {
            table: String::new(),
            folders: Vec::new(),
            python: None,
            bundled: PluginSet::new().with(FILES),
            trust: None,
            surroundings: None,
            index_dir: dir.path().join("index"),
            dir,
        }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A manifest with `rest` behind the `[plugin]` table, which ends in line 5.
    pub(crate) fn plugin(&self, folder: &str, rest: &str) {
        let name = Path::new(folder).file_name().unwrap().to_str().unwrap();
        self.named(folder, name, rest);
    }

    pub(crate) fn named(&self, folder: &str, name: &str, rest: &str) {
        self.write(
            &format!("{folder}/plugin.toml"),
            &format!(
                "[plugin]\nname = \"{name}\"\nversion = \"1.2.0\"\napi = \"1\"\n\
                 description = \"About {name}\"\n{rest}"
            ),
        );
    }

    /// Lets the clock of the file system move on, so that stamps are kept.
    pub(crate) fn rest(&self) {
        std::thread::sleep(Duration::from_millis(25));
    }

    pub(crate) fn open(&self) -> Plugins {
        let source = Source::new(self.path("purlin.toml"), self.table.clone());
        let (document, mistakes) = parse_toml(&source);
        assert_eq!(mistakes, []);
        let (workspace, mistakes) = PluginsTable::parse(document.get("plugins"), self.dir.path());
        assert_eq!(mistakes, []);
        Plugins::open(Search {
            workspace,
            root: Some(self.dir.path().to_owned()),
            trust: self
                .trust
                .clone()
                .unwrap_or_else(|| Trust { given: self.all(), ..Trust::default() }),
            surroundings: self.surroundings.clone(),
            folders: self.folders.clone(),
            user: Some(self.path("user")),
            python: self.python.clone(),
            bundled: &self.bundled,
            index_dir: self.index_dir.clone(),
            reserved: Reserved {
                verbs: [
                    ("run".to_owned(), vec!["force".to_owned()]),
                    ("env".to_owned(), Vec::new()),
                ]
                .into(),
                everywhere: vec!["json".to_owned()],
            },
            version: semver::Version::new(0, 1, 0),
        })
    }

    /// All folders with a manifest.
    fn all(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.dir.path().to_owned()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            open.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
            if folder.join("plugin.toml").exists() {
                found.push(folder);
            }
        }
        found
    }

    /// A message with everything in it.
    pub(crate) fn told(&self, diagnostic: &Diagnostic) -> String {
        let mut text = String::new();
        let Diagnostic { severity, code, summary, detail, help, labels } = diagnostic;
        writeln!(text, "{}[{code}]: {summary}", severity.as_str()).unwrap();
        for label in labels {
            let plugin =
                label.origin.plugin().map(|plugin| format!(" ({plugin})")).unwrap_or_default();
            writeln!(text, "  at {}{plugin}: {}", label.origin, label.text).unwrap();
        }
        for line in detail.lines() {
            writeln!(text, "  why: {line}").unwrap();
        }
        for line in help.lines() {
            writeln!(text, "  help: {line}").unwrap();
        }
        self.plain(&text)
    }

    pub(crate) fn all_told(&self, diagnostics: &[Diagnostic]) -> String {
        diagnostics.iter().map(|one| self.told(one)).collect()
    }

    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(self.dir.path().to_str().unwrap(), "[dir]")
    }
}

pub(crate) const HELLO: &str = "[runtime]\nkind = \"process\"\nentry = { module = \"hello\" }\n\
                         [provides.subcommand.hello]\nabout = \"Greets\"\n";
