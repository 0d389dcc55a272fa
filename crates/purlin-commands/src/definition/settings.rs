//! Small tables: defaults and caches.

use purlin_model::{Kind, Origin, Value};

use super::command::{CacheWhen, cache_when};
use super::named::{list, named};
use super::space::dotenv_files;
use super::{DotenvFile, Named};

/// `[defaults]`: what commands have that say nothing else, and whose space says nothing else.
#[derive(Debug, Default)]
pub struct Defaults {
    /// The cache, if the workspace says one.
    pub cache: Option<Named>,
    /// Which results are kept.
    pub cache_when: CacheWhen,
    /// The environment as it is written.
    pub environment: Option<Value>,
    /// Files with process variables; the last one wins.
    pub dotenv: Vec<DotenvFile>,
    /// Folders, from the root, that Python imports from.
    pub python_path: Vec<Named>,
}

/// One table of `[caches]`.
#[derive(Debug, Clone)]
pub struct CacheDefinition {
    /// The feature that it is of.
    pub kind: Named,
    /// The rest of the table: the feature's configuration.
    pub config: Value,
    /// Where it says that runs fail without it.
    pub required: Option<Origin>,
    /// Outputs are put back as links to what is kept.
    pub links: bool,
}

impl Defaults {
    /// Reads a table that the schema has accepted.
    pub(super) fn read(table: &Value) -> Self {
        Self {
            cache: table.get("cache").and_then(named),
            cache_when: table.get("cache-when").map(cache_when).unwrap_or_default(),
            environment: table.get("environment").cloned(),
            dotenv: table.get("dotenv").map(dotenv_files).unwrap_or_default(),
            python_path: table
                .get("python-path")
                .map(list)
                .unwrap_or_default()
                .iter()
                .filter_map(named)
                .collect(),
        }
    }
}

impl CacheDefinition {
    /// Reads a table that the schema has accepted.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let mut config = value.clone();
        let (kind, required, restore) = match &mut config.kind {
            Kind::Table(table) => {
                (table.remove("type"), table.remove("required"), table.remove("restore"))
            }
            _ => (None, None, None),
        };
        let required = required.filter(|entry| entry.value.as_bool() == Some(true));
        let required = required.map(|entry| entry.key);
        let links = restore.is_some_and(|entry| entry.value.as_str() == Some("hardlink"));
        Some(Self { kind: named(&kind?.value)?, config, required, links })
    }
}
