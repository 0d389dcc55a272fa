//! Records of consent in the user's data folder: a file for each.

use std::path::{Path, PathBuf};

use purlin_model::{Digest, Source, Value, parse_toml};
use purlin_plugin::manifest::Permissions;
use purlin_store::{StoreError, file_name, write_atomically};
use serde_json::{Map, json};

use super::Coverage;
use crate::toml_text::toml_text;

/// The folder of records within the user's data folder.
const FOLDER: &str = "consent";
const HEADER: &str =
    "# What you have consented to. Written by Purlin; remove this file to take it back.\n";

/// The records in a user's data folder.
pub(crate) struct Records(PathBuf);

impl Records {
    /// The records of a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    /// What was consented to; `None` when nothing was. A record that cannot be read is none.
    pub(crate) fn read(&self, coverage: &Coverage, plugin: &str) -> Option<Permissions> {
        let path = self.path(coverage, plugin);
        let text = std::fs::read_to_string(&path).ok()?;
        let (record, mistakes) = parse_toml(&Source::new(path, text));
        let about = Self::about(coverage, plugin);
        let same = about
            .iter()
            .all(|(key, value)| record.get(key).is_some_and(|written| written.to_json() == *value));
        (mistakes.is_empty() && same).then(|| read_permissions(record.get("permissions")))
    }

    /// True when some content of a plugin was consented to. Spares hashing where there is none.
    pub(crate) fn knows_content_of(&self, plugin: &str) -> bool {
        self.0.join("content").join(plugin).is_dir()
    }

    /// Records consent, in place of what was recorded for the same before.
    pub(crate) fn write(
        &self,
        coverage: &Coverage,
        plugin: &str,
        permissions: &Permissions,
    ) -> Result<(), StoreError> {
        let mut record = Self::about(coverage, plugin);
        if !matches!(coverage, Coverage::Folder(_)) {
            record.insert("permissions".to_owned(), permissions_json(permissions));
        }
        let text = format!("{HEADER}{}", toml_text(&record));
        write_atomically(&self.path(coverage, plugin), text.as_bytes(), "consent")
    }

    /// What a record says about what it is for. It is compared when it is read: the name of the
    /// file alone has only a part of a digest.
    fn about(coverage: &Coverage, plugin: &str) -> Map<String, serde_json::Value> {
        let mut about = Map::new();
        about.insert("version".to_owned(), json!(1));
        // What this record is about has the names that it has in JSON.
        if let serde_json::Value::Object(covered) = coverage.to_json() {
            about.extend(covered);
        }
        if !matches!(coverage, Coverage::Folder(_)) {
            about.insert("plugin".to_owned(), json!(plugin));
        }
        about
    }

    fn path(&self, coverage: &Coverage, plugin: &str) -> PathBuf {
        match coverage {
            Coverage::Content(digest) => {
                self.0.join("content").join(plugin).join(format!("{digest}.toml"))
            }
            Coverage::Environment(digest, environment) => {
                let file = format!("{digest}-{}.toml", place(environment));
                self.0.join("content").join(plugin).join(file)
            }
            // One for each plugin of a workspace: that it lies elsewhere now takes the earlier back.
            Coverage::Workspace { root, .. } => {
                self.0.join("workspace").join(place(root)).join(format!("{plugin}.toml"))
            }
            Coverage::Folder(folder) => {
                self.0.join("folder").join(format!("{}.toml", place(folder)))
            }
        }
    }
}

/// The permissions as consent and `purlin.lock` write them: kinds of which nothing is asked for are
/// left out.
pub(crate) fn permissions_json(permissions: &Permissions) -> serde_json::Value {
    let asked = permissions.lists().into_iter().filter(|(_, list)| !list.is_empty());
    asked.map(|(kind, list)| (kind.to_owned(), json!(list))).collect::<Map<_, _>>().into()
}

/// The permissions in their one spelling. What is not written is not granted.
pub(crate) fn read_permissions(written: Option<&Value>) -> Permissions {
    let mut permissions = Permissions::default();
    for (kind, list) in permissions.lists_mut() {
        let items = written.and_then(|table| table.get(kind)).and_then(Value::as_list);
        let texts = items.into_iter().flatten().filter_map(Value::as_str);
        list.extend(texts.map(str::to_owned));
    }
    permissions.canonical()
}

/// A file name for a folder, from all bytes of its path.
fn place(folder: &Path) -> String {
    let shown = folder.to_string_lossy();
    match folder.to_str() {
        Some(text) => file_name(text),
        None => format!(
            "{}-{}",
            file_name(&shown),
            Digest::of(folder.as_os_str().as_encoded_bytes()).short()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(read: &[&str]) -> Permissions {
        let read = read.iter().map(|folder| (*folder).to_owned()).collect();
        Permissions { read, ..Permissions::default() }
    }

    fn workspace(root: &str) -> Coverage {
        Coverage::Workspace { root: root.into(), folder: "/home/me/tools".into() }
    }

    fn coverages() -> [Coverage; 4] {
        [
            Coverage::Content(Digest::of(b"one")),
            workspace("/home/me/one"),
            Coverage::Folder("/home/me/plugins".into()),
            Coverage::Environment(Digest::of(b"one"), "/home/me/venv".into()),
        ]
    }

    #[test]
    fn what_is_recorded_is_read_and_nothing_else_is() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::new(data.path());
        for coverage in coverages() {
            assert_eq!(records.read(&coverage, "tools"), None);
            records.write(&coverage, "tools", &permissions(&["/b"])).unwrap();
            let wanted = match coverage {
                // It covers whatever the plugins in it ask for.
                Coverage::Folder(_) => permissions(&[]),
                _ => permissions(&["/b"]),
            };
            assert_eq!(records.read(&coverage, "tools"), Some(wanted));
        }
        assert_eq!(records.read(&Coverage::Content(Digest::of(b"two")), "tools"), None);
        assert_eq!(records.read(&workspace("/home/me/two"), "tools"), None);
        assert_eq!(records.read(&workspace("/home/me/one"), "others"), None);
        let moved =
            Coverage::Workspace { root: "/home/me/one".into(), folder: "/home/me/other".into() };
        assert_eq!(records.read(&moved, "tools"), None);
        let elsewhere = Coverage::Environment(Digest::of(b"one"), "/home/me/clone/.venv".into());
        assert_eq!(records.read(&elsewhere, "tools"), None);
        assert_eq!(records.read(&Coverage::Folder("/home/me".into()), "tools"), None);
        assert!(records.knows_content_of("tools") && !records.knows_content_of("others"));
        // A later consent replaces the earlier one, also by a narrower.
        let one = &coverages()[1];
        records.write(one, "tools", &permissions(&[])).unwrap();
        assert_eq!(records.read(one, "tools"), Some(permissions(&[])));
    }

    #[test]
    fn a_record_in_the_place_of_another_or_damaged_counts_for_nothing() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::new(data.path());
        let workspace = coverages()[1].clone();
        let elsewhere = self::workspace("/home/me/elsewhere");
        records.write(&elsewhere, "tools", &permissions(&["/b"])).unwrap();
        records.write(&workspace, "tools", &permissions(&["/b"])).unwrap();
        let path = records.path(&workspace, "tools");
        std::fs::copy(records.path(&elsewhere, "tools"), &path).unwrap();
        assert_eq!(records.read(&workspace, "tools"), None);
        std::fs::write(&path, "version = 1\n[").unwrap();
        assert_eq!(records.read(&workspace, "tools"), None);
    }

    #[test]
    fn a_record_tells_people_what_it_is() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::new(data.path());
        let workspace = coverages()[1].clone();
        records.write(&workspace, "tools", &permissions(&["/b", "{workspace}"])).unwrap();
        let text = std::fs::read_to_string(records.path(&workspace, "tools")).unwrap();
        insta::assert_snapshot!(text, @r#"
        # What you have consented to. Written by Purlin; remove this file to take it back.
        path = "/home/me/tools"
        plugin = "tools"
        version = 1
        workspace = "/home/me/one"

        [permissions]
        read = ["/b", "{workspace}"]
        "#);
    }
}
