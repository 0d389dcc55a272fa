//! One project's block of `purlin.lock`: the commit that a repository's revision stood for.

use std::path::Path;

use purlin_model::{Diagnostic, Origin, Table, Value};
use serde_json::{Map, json};

use super::{LockFile, alone, unlockable};

/// The table of these blocks.
const TABLE: &str = "projects";

/// A project from a repository, and the commit that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPin {
    /// The repository as it is written.
    pub url: String,
    /// The revision as it is written; `None` for what the repository itself calls its head.
    pub rev: Option<String>,
    /// The commit's whole name, in hexadecimal digits.
    pub commit: String,
}

impl ProjectPin {
    /// Whether it is about this revision of this repository.
    #[must_use]
    pub fn is_of(&self, url: &str, rev: Option<&str>) -> bool {
        self.url == url && self.rev.as_deref() == rev
    }

    /// `None` for a block that is not one of this version. What is no commit's name is none: it
    /// becomes part of a path.
    fn read(block: &Value) -> Option<Self> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
        let commit = text("commit").filter(|commit| is_commit(commit))?;
        Some(Self { url: text("git")?, rev: text("rev"), commit })
    }

    fn to_json(&self) -> serde_json::Value {
        let mut block = Map::new();
        block.insert("git".to_owned(), json!(self.url));
        if let Some(rev) = &self.rev {
            block.insert("rev".to_owned(), json!(rev));
        }
        block.insert("commit".to_owned(), json!(self.commit));
        block.into()
    }
}

/// Whether a text is the whole name of a commit.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    digits && matches!(text.len(), 40 | 64)
}

impl LockFile {
    /// The pin of a project, by the names that lead to it, with the place of its name.
    #[must_use]
    pub fn project(&self, chain: &str) -> Option<(ProjectPin, Origin)> {
        let pins = self.document.get(TABLE).and_then(Value::as_table)?;
        let entry = pins.entry(chain)?;
        Some((ProjectPin::read(&entry.value)?, entry.key.clone()))
    }

    /// The commit that this revision of this repository is pinned to under whatever name. A relative
    /// path means different repositories in different projects.
    #[must_use]
    pub fn commit_of(&self, url: &str, rev: Option<&str>) -> Option<String> {
        if !url.contains(':') && !url.starts_with('/') {
            return None;
        }
        let pins = self.document.get(TABLE).and_then(Value::as_table);
        let mut pins = pins.into_iter().flat_map(Table::iter);
        pins.find_map(|(_, entry)| ProjectPin::read(&entry.value).filter(|pin| pin.is_of(url, rev)))
            .map(|pin| pin.commit)
    }

    /// Pins a project, in place of `old`, unless somebody has pinned the same revision meanwhile; returns
    /// the pin that counts. What else is pinned to `old` follows it: one revision is one commit. `index` is
    /// the folder of indexes, where those who write take turns.
    ///
    /// # Errors
    /// `lock-file` when the file cannot be read, and `lock-unwritten` when it cannot be written.
    pub fn pin_project(
        root: &Path,
        index: &Path,
        chain: &str,
        pin: &ProjectPin,
        old: Option<&ProjectPin>,
    ) -> Result<ProjectPin, Diagnostic> {
        let _alone = alone(index, root).map_err(|error| unlockable(&error))?;
        let mut lock = Self::read(root)?;
        if let Some((there, _)) = lock.project(chain)
            && there.is_of(&pin.url, pin.rev.as_deref())
            && Some(&there) != old
        {
            return Ok(there);
        }
        let mut pin = pin.clone();
        if let Some(old) = old.filter(|old| old.is_of(&pin.url, pin.rev.as_deref())) {
            let mut pins = lock.block(TABLE);
            for other in pins.values_mut().filter(|other| **other == old.to_json()) {
                *other = pin.to_json();
            }
            lock.set_block(TABLE, pins);
        } else if let Some(commit) = lock.commit_of(&pin.url, pin.rev.as_deref()) {
            pin.commit = commit;
        }
        let mut pins = lock.block(TABLE);
        pins.insert(chain.to_owned(), pin.to_json());
        lock.set_block(TABLE, pins);
        lock.write()?;
        Ok(pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(rev: Option<&str>, digit: &str) -> ProjectPin {
        let url = "https://example.com/lib".to_owned();
        ProjectPin { url, rev: rev.map(str::to_owned), commit: digit.repeat(40) }
    }

    #[test]
    fn the_first_pin_of_a_revision_counts_under_every_name() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join("index");
        let made = |chain: &str, pin: &ProjectPin| {
            LockFile::pin_project(root.path(), &index, chain, pin, None).unwrap()
        };
        let first = pin(Some("main"), "a");
        assert_eq!(made("lib", &first), first);
        assert_eq!(made("lib", &pin(Some("main"), "b")), first, "somebody was faster");
        assert_eq!(made("other.lib", &pin(Some("main"), "b")), first, "one revision, one commit");
        let changed = pin(None, "c");
        assert_eq!(made("lib", &changed), changed);
        let lock = LockFile::read(root.path()).unwrap();
        assert_eq!(lock.project("lib").unwrap().0, changed);
        assert_eq!(lock.project("other.lib").unwrap().0, first);
        let text = std::fs::read_to_string(root.path().join(super::super::LOCK_FILE)).unwrap();
        let blocks = text.split("[workspace]").next().unwrap();
        insta::assert_snapshot!(blocks, @r#"
        # Written by Purlin. Commit this file; do not edit it.
        version = 1

        [projects.lib]
        commit = "cccccccccccccccccccccccccccccccccccccccc"
        git = "https://example.com/lib"

        [projects."other.lib"]
        commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        git = "https://example.com/lib"
        rev = "main"
        "#);
    }

    #[test]
    fn what_is_pinned_anew_takes_its_other_names_along() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join("index");
        let set = |chain: &str, pin: &ProjectPin, old: Option<&ProjectPin>| {
            LockFile::pin_project(root.path(), &index, chain, pin, old).unwrap()
        };
        let (first, second) = (pin(Some("main"), "a"), pin(Some("main"), "b"));
        set("lib", &first, None);
        set("other.lib", &first, None);
        set("stays", &pin(Some("v1"), "a"), None);
        assert_eq!(set("lib", &second, Some(&first)), second);
        let lock = LockFile::read(root.path()).unwrap();
        let commit = |chain: &str| lock.project(chain).unwrap().0.commit;
        assert_eq!(
            ["lib", "other.lib", "stays"].map(commit),
            ["b", "b", "a"].map(|one| one.repeat(40))
        );
        assert_eq!(
            set("lib", &pin(Some("main"), "c"), Some(&first)),
            second,
            "somebody was faster"
        );
    }

    #[test]
    fn what_is_no_commit_is_no_pin() {
        let root = tempfile::tempdir().unwrap();
        for commit in ["../../../etc", "main", "-x", &"A".repeat(40), &"a".repeat(39), ""] {
            let text = format!(
                "version = 1\n[projects.lib]\ngit = \"https://x\"\ncommit = \"{commit}\"\n"
            );
            std::fs::write(root.path().join(super::super::LOCK_FILE), text).unwrap();
            let lock = LockFile::read(root.path()).unwrap();
            assert_eq!(lock.project("lib"), None, "{commit}");
            assert_eq!(lock.commit_of("https://x", None), None, "{commit}");
        }
    }
}
