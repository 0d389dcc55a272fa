//! One package's block of `purlin.lock`: what met a request against the repositories.

use std::collections::BTreeMap;
use std::path::Path;

use purlin_model::{Diagnostic, Origin, Table, Value};
use serde_json::{Map, json};

use super::{LockFile, alone, unlockable};

/// The table of these blocks.
const TABLE: &str = "packages";

/// A package that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The repository that it is from, as the workspace calls it.
    pub repository: String,
    /// What tells its content from any other.
    pub digest: String,
}

impl PackagePin {
    /// `None` for a block that is not one of this version.
    fn read(block: &Value) -> Option<Self> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            name: text("name")?,
            version: text("version")?,
            repository: text("repository")?,
            digest: text("digest")?,
        })
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "name": self.name, "version": self.version,
            "repository": self.repository, "digest": self.digest,
        })
    }
}

impl LockFile {
    /// The pins of packages by request, each with the place of its name.
    #[must_use]
    pub fn packages(&self) -> BTreeMap<String, (PackagePin, Origin)> {
        let pins = self.document.get(TABLE).and_then(Value::as_table);
        let pins = pins.into_iter().flat_map(Table::iter);
        pins.filter_map(|(request, entry)| {
            let pin = PackagePin::read(&entry.value)?;
            Some((request.to_owned(), (pin, entry.key.clone())))
        })
        .collect()
    }

    /// Sets the pins of some requests in the lock file of a workspace; others stay. `index` is the folder
    /// of indexes, where writers take turns.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn pin_packages(
        root: &Path,
        index: &Path,
        pins: &[(String, PackagePin)],
    ) -> Result<(), Diagnostic> {
        let _alone = alone(index, root).map_err(|error| unlockable(&error))?;
        let mut lock = Self::read(root)?;
        let mut block: Map<String, serde_json::Value> = lock.block(TABLE);
        for (request, pin) in pins {
            block.insert(request.clone(), pin.to_json());
        }
        lock.set_block(TABLE, block);
        lock.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_by_request_and_others_stay() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join("index");
        let pin = |version: &str| PackagePin {
            name: "cmake".to_owned(),
            version: version.to_owned(),
            repository: "host".to_owned(),
            digest: "ab".repeat(32),
        };
        let set = |request: &str, version: &str| {
            let pins = [(request.to_owned(), pin(version))];
            LockFile::pin_packages(root.path(), &index, &pins).unwrap();
        };
        set("cmake", "3.27.1");
        set("cmake-3.20+<4", "3.27.1");
        set("cmake", "4.0");
        let pins = LockFile::read(root.path()).unwrap().packages();
        assert_eq!(pins["cmake"].0, pin("4.0"));
        assert_eq!(pins["cmake-3.20+<4"].0, pin("3.27.1"));
        assert_eq!(pins["cmake"].1.line, 4);
    }
}
