//! `purlin.lock`: read and written here and nowhere else.
//!
//! It is TOML, sorted, with a block for each subject: `[workspace]` has the workspace's id, and
//! `[plugins.NAME]`, `[projects.NAME]` and `[inputs.NAME]` pin a plugin, a project and an input,
//! `[packages.REQUEST]` the package that met a request. Blocks that this version does not know are kept
//! as they are. A pin says what a plugin was and what it asked for, for everybody who reviews the file.
//! It grants nothing.

mod input;
mod package;
mod pin;
mod project;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Kind, Origin, Severity, Source, Table, Value, parse_toml};
use purlin_store::{file_name, write_atomically};
use serde_json::{Map, Value as Json, json};

use crate::toml_text::toml_text;

pub use input::InputPin;
pub use package::PackagePin;
pub(crate) use pin::Pin;
pub use project::{ProjectPin, is_commit};

/// Name of the lock file.
pub const LOCK_FILE: &str = "purlin.lock";

const HEADER: &str = "# Written by Purlin. Commit this file; do not edit it.\n";
/// The folder of locks, beside the indexes.
const LOCKS: &str = "locks";
/// The version of its shape.
const VERSION: i64 = 1;

/// A lock file that was read.
#[derive(Debug, Clone)]
pub struct LockFile {
    path: PathBuf,
    document: Value,
    exists: bool,
}

impl LockFile {
    /// Reads the lock file of a workspace; where there is none, it is empty.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or was written by a newer Purlin.
    pub fn read(root: &Path) -> Result<Self, Diagnostic> {
        let path = root.join(LOCK_FILE);
        let (text, exists) = match std::fs::read_to_string(&path) {
            Ok(text) => (text, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), false),
            Err(error) => {
                return Err(unreadable("it cannot be read").detail(format!("{error}.")));
            }
        };
        let source = Source::new(LOCK_FILE, text);
        let (document, mistakes) = parse_toml(&source);
        if let Some(first) = mistakes.iter().find(|one| one.severity == Severity::Error) {
            let mut diagnostic = unreadable("it is not valid TOML").help(
                "undo the edit or the merge that broke it, then run the verb again".to_owned(),
            );
            diagnostic.labels.clone_from(&first.labels);
            return Err(diagnostic);
        }
        let version = document.get("version");
        if let Some(version) = version.filter(|version| version.as_int() != Some(VERSION)) {
            return Err(unreadable("it was written by another version of Purlin")
                .help("use that version".to_owned())
                .label(version.origin.clone(), format!("{VERSION} is known here")));
        }
        Ok(Self { path, document, exists })
    }

    /// Makes the lock file of a new workspace, with an id, unless there is one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(root: &Path) -> Result<(), Diagnostic> {
        let mut lock = Self::read(root)?;
        if lock.exists {
            return Ok(());
        }
        lock.write()
    }

    /// The pin of a plugin with the place of its name.
    pub(crate) fn pin(&self, plugin: &str) -> Option<(Pin, Origin)> {
        let pins = self.document.get("plugins").and_then(Value::as_table)?;
        let entry = pins.entry(plugin)?;
        Some((Pin::read(&entry.value)?, entry.key.clone()))
    }

    /// The plugins that have a block.
    pub(crate) fn pinned(&self) -> Vec<String> {
        let pins = self.document.get("plugins").and_then(Value::as_table);
        pins.into_iter().flat_map(Table::keys).map(str::to_owned).collect()
    }

    /// The names under which projects, inputs and packages are pinned, packages also by their own.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = self.keys(&["projects", "inputs", "packages"]);
        names.extend(self.packages().into_values().map(|(pin, _)| pin.name));
        names.sort();
        names.dedup();
        names
    }

    /// The names under which projects and inputs are pinned.
    #[must_use]
    pub fn names_of_sources(&self) -> Vec<String> {
        self.keys(&["projects", "inputs"])
    }

    fn keys(&self, blocks: &[&str]) -> Vec<String> {
        let tables = blocks.iter().filter_map(|block| self.document.get(block)?.as_table());
        tables.flat_map(Table::keys).map(str::to_owned).collect()
    }

    /// Sets the block of a plugin, or removes it.
    pub(crate) fn set_pin(&mut self, plugin: &str, pin: Option<&Pin>) {
        let mut pins = self.block("plugins");
        match pin {
            Some(pin) => pins.insert(plugin.to_owned(), pin.to_json()),
            None => pins.remove(plugin),
        };
        self.set_block("plugins", pins);
    }

    /// Writes it whole or not at all. A workspace without an id gets one.
    pub(crate) fn write(&mut self) -> Result<(), Diagnostic> {
        let mut workspace = self.block("workspace");
        if !workspace.contains_key("id") {
            let id = new_id().map_err(|error| unwritable(&error))?;
            workspace.insert("id".to_owned(), json!(id));
            self.set_block("workspace", workspace);
        }
        let mut document = self.json();
        document.insert("version".to_owned(), json!(VERSION));
        let text = format!("{HEADER}{}", toml_text(&document));
        write_atomically(&self.path, text.as_bytes(), "lock-file")
            .map_err(|error| unwritable(&error.to_string()))
    }

    fn block(&self, name: &str) -> Map<String, Json> {
        match self.json().remove(name) {
            Some(Json::Object(block)) => block,
            _ => Map::new(),
        }
    }

    fn set_block(&mut self, name: &str, block: Map<String, Json>) {
        let origin = self.document.origin.clone();
        let value = Value::from_json(&Json::Object(block), &origin);
        if let Kind::Table(document) = &mut self.document.kind {
            document.insert(name, origin, value);
        }
    }

    fn json(&self) -> Map<String, Json> {
        match self.document.to_json() {
            Json::Object(document) => document,
            _ => Map::new(),
        }
    }
}

fn new_id() -> Result<String, String> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| error.to_string())?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unreadable(why: &str) -> Diagnostic {
    Diagnostic::error("lock-file", format!("{LOCK_FILE} cannot be used: {why}"))
}

/// Held until it is dropped: the only one to write the lock file of a workspace. `index` is the folder
/// of indexes.
pub(crate) fn alone(index: &Path, root: &Path) -> io::Result<File> {
    let folder = index.join(LOCKS);
    std::fs::create_dir_all(&folder)?;
    let name = format!("{}.lock", file_name(&root.to_string_lossy()));
    let file = File::options().create(true).append(true).open(folder.join(name))?;
    file.lock()?;
    Ok(file)
}

pub(crate) fn unlockable(error: &io::Error) -> Diagnostic {
    Diagnostic::error("lock-unwritten", format!("{LOCK_FILE} cannot be written"))
        .detail(format!("Whether another process writes it cannot be told: {error}."))
}

fn unwritable(why: &str) -> Diagnostic {
    Diagnostic::error("lock-unwritten", format!("{LOCK_FILE} cannot be written")).detail(why)
}

#[cfg(test)]
mod tests {
    use purlin_plugin::manifest::Permissions;

    use super::*;

    fn pin() -> Pin {
        Pin {
            version: "1.2.0".to_owned(),
            source: "path:plugins/tools".to_owned(),
            content: None,
            permissions: Permissions {
                read: vec!["{workspace}".to_owned()],
                ..Permissions::default()
            },
        }
    }

    #[test]
    fn a_new_one_has_an_id_and_an_old_one_stays() {
        let root = tempfile::tempdir().unwrap();
        LockFile::create(root.path()).unwrap();
        let text = std::fs::read_to_string(root.path().join(LOCK_FILE)).unwrap();
        LockFile::create(root.path()).unwrap();
        assert_eq!(std::fs::read_to_string(root.path().join(LOCK_FILE)).unwrap(), text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..4], [HEADER.trim_end(), "version = 1", "", "[workspace]"]);
        let id = lines[4].strip_prefix("id = \"").unwrap().strip_suffix('"').unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }

    #[test]
    fn pins_are_written_sorted_and_what_is_not_known_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let text = "version = 1\n[workspace]\nid = \"x\"\n[inputs.zlib]\ndigest = \"y\"\n[plugins.zed]\nnew = 1\n";
        std::fs::write(root.path().join(LOCK_FILE), text).unwrap();
        let mut lock = LockFile::read(root.path()).unwrap();
        assert_eq!(lock.pin("tools"), None);
        assert_eq!(lock.pin("zed"), None, "it pins nothing that is known here");
        lock.set_pin("tools", Some(&pin()));
        lock.write().unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(root.path().join(LOCK_FILE)).unwrap(), @r#"
        # Written by Purlin. Commit this file; do not edit it.
        version = 1

        [inputs.zlib]
        digest = "y"

        [plugins.tools]
        source = "path:plugins/tools"
        version = "1.2.0"

        [plugins.tools.permissions]
        read = ["{workspace}"]

        [plugins.zed]
        new = 1

        [workspace]
        id = "x"
        "#);
        let mut lock = LockFile::read(root.path()).unwrap();
        let (read, origin) = lock.pin("tools").unwrap();
        assert_eq!((read, origin.line), (pin(), 7));
        assert_eq!(lock.pinned(), ["tools", "zed"]);
        lock.set_pin("tools", None);
        lock.write().unwrap();
        assert_eq!(LockFile::read(root.path()).unwrap().pinned(), ["zed"]);
    }

    #[test]
    fn a_conflict_of_a_merge_and_a_newer_shape_are_told() {
        let root = tempfile::tempdir().unwrap();
        let told = |text: &str| {
            std::fs::write(root.path().join(LOCK_FILE), text).unwrap();
            LockFile::read(root.path()).unwrap_err().to_string()
        };
        assert_eq!(
            told("version = 1\n<<<<<<< ours\n"),
            "purlin.lock cannot be used: it is not valid TOML (purlin.lock:2:1)"
        );
        assert_eq!(
            told("version = 2\n"),
            "purlin.lock cannot be used: it was written by another version of Purlin (purlin.lock:1:11)"
        );
    }
}
