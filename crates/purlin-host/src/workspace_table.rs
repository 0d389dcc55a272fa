//! The workspace's `[plugins]`: which plugins are enabled, and how conflicts between them end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Kind, Origin, Table, Value, fold, is_kebab, suggestion};
use semver::VersionReq;

/// `[plugins]` of `purlin.toml`, parsed. Which of its names, features and versions exist is only
/// known when plugins are looked up.
#[derive(Debug, Clone, Default)]
pub struct PluginsTable {
    entries: BTreeMap<String, TableEntry>,
}

/// What the workspace says about one plugin.
#[derive(Debug, Clone)]
pub(crate) struct TableEntry {
    /// Where the plugin's name stands.
    pub(crate) key: Origin,
    /// The versions that will do, and where that is written.
    pub(crate) version: Option<(VersionReq, Origin)>,
    /// The plugin's folder, absolute, and where it is written.
    pub(crate) path: Option<(PathBuf, Origin)>,
    /// The folder as it is written.
    pub(crate) written_path: Option<String>,
    /// Values for the plugin's configuration schema.
    pub(crate) config: Option<Value>,
    /// Features (`point/name`) that are switched off.
    pub(crate) disable: Vec<(String, Origin)>,
    /// Features (`point/name`) and the names that they answer to instead.
    pub(crate) rename: Vec<Rename>,
    /// A way of getting the plugin that is understood but not built.
    pub(crate) later: Option<(String, Origin)>,
}

/// One entry of `rename`.
#[derive(Debug, Clone)]
pub(crate) struct Rename {
    /// `point/name`.
    pub(crate) id: String,
    /// The name that it answers to.
    pub(crate) to: String,
    /// Where the id stands.
    pub(crate) origin: Origin,
}

const LATER: [&str; 4] = ["git", "pypi", "url", "package"];
const KEYS: [&str; 9] =
    ["version", "path", "config", "disable", "rename", "git", "pypi", "url", "package"];

impl PluginsTable {
    /// Reads the value of `[plugins]`; `root` is the workspace's folder, absolute, which `path`
    /// entries are relative to. Entries with mistakes are reported and left out.
    #[must_use]
    pub fn parse(value: Option<&Value>, root: &Path) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut entries: BTreeMap<String, TableEntry> = BTreeMap::new();
        let Some(value) = value else { return (Self::default(), diagnostics) };
        let Some(table) = value.as_table() else {
            diagnostics.push(wrong_type("plugins", "a table of plugin names", value));
            return (Self::default(), diagnostics);
        };
        for (name, written) in table.iter() {
            let folded = fold(name);
            if !is_kebab(&folded) {
                diagnostics.push(
                    Diagnostic::error("plugin-name", format!("`{name}` cannot be a plugin's name"))
                        .help("a name has lower-case letters, digits and `-`".to_owned())
                        .label(written.key.clone(), "this name"),
                );
                continue;
            }
            if let Some(first) = entries.get(&folded) {
                diagnostics.push(
                    Diagnostic::error(
                        "duplicate-plugin",
                        format!("the plugin `{folded}` is named twice"),
                    )
                    .detail("`-` and `_` are one character in declared names.")
                    .label(written.key.clone(), "again here")
                    .label(first.key.clone(), "first here"),
                );
                continue;
            }
            let entry = parse_entry(&folded, written.key.clone(), &written.value, root);
            match entry {
                Ok(entry) => {
                    entries.insert(folded, entry);
                }
                Err(mistakes) => diagnostics.extend(mistakes),
            }
        }
        (Self { entries }, diagnostics)
    }

    /// True when the workspace names the plugin, which enables it.
    #[must_use]
    pub fn names(&self, plugin: &str) -> bool {
        self.entries.contains_key(plugin)
    }

    pub(crate) fn get(&self, plugin: &str) -> Option<&TableEntry> {
        self.entries.get(plugin)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &TableEntry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// Names and absolute folders of the entries with `path`.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.iter().filter_map(|(name, entry)| Some((name, entry.path.as_ref()?.0.as_path())))
    }
}

impl TableEntry {
    /// Where the workspace switches a feature off.
    pub(crate) fn disabled(&self, id: &str) -> Option<&Origin> {
        self.disable.iter().find(|(one, _)| one == id).map(|(_, origin)| origin)
    }

    /// The name that the workspace gives a feature.
    pub(crate) fn renamed(&self, id: &str) -> Option<&str> {
        self.rename.iter().find(|one| one.id == id).map(|one| one.to.as_str())
    }
}

fn parse_entry(
    name: &str,
    key: Origin,
    value: &Value,
    root: &Path,
) -> Result<TableEntry, Vec<Diagnostic>> {
    let mut entry = TableEntry {
        key,
        version: None,
        path: None,
        written_path: None,
        config: None,
        disable: Vec::new(),
        rename: Vec::new(),
        later: None,
    };
    let mut mistakes = Vec::new();
    match &value.kind {
        Kind::String(_) => entry.version = version(name, value, &mut mistakes),
        Kind::Table(table) => {
            entry.later = LATER
                .iter()
                .find_map(|way| Some(((*way).to_owned(), table.entry(way)?.key.clone())));
            for (field, written) in table.iter() {
                let value = &written.value;
                match fold(field).as_str() {
                    "version" => entry.version = version(name, value, &mut mistakes),
                    "path" => match value.as_str() {
                        Some(path) => {
                            entry.written_path = Some(path.to_owned());
                            entry.path = Some((normal(&root.join(path)), value.origin.clone()));
                        }
                        None => mistakes.push(wrong_type("path", "a string", value)),
                    },
                    "config" => match value.as_table() {
                        Some(_) => entry.config = Some(value.clone()),
                        None => mistakes.push(wrong_type("config", "a table", value)),
                    },
                    "disable" => disable(value, &mut entry, &mut mistakes),
                    "rename" => match value.as_table() {
                        Some(names) => rename(names, &mut entry, &mut mistakes),
                        None => mistakes.push(wrong_type("rename", "a table", value)),
                    },
                    // What else such an entry may say is not settled before it is built.
                    _ if entry.later.is_some() => {}
                    _ => mistakes.push(
                        Diagnostic::error(
                            "unknown-field",
                            format!("`{field}` is not a field of a plugin's entry"),
                        )
                        .help(suggestion(field, "fields", KEYS))
                        .label(written.key.clone(), "this field"),
                    ),
                }
            }
        }
        _ => mistakes.push(wrong_type(name, "a version requirement or a table", value)),
    }
    if mistakes.is_empty() { Ok(entry) } else { Err(mistakes) }
}

fn version(
    name: &str,
    value: &Value,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<(VersionReq, Origin)> {
    let Some(text) = value.as_str() else {
        mistakes.push(wrong_type("version", "a string", value));
        return None;
    };
    match text.parse() {
        Ok(requirement) => Some((requirement, value.origin.clone())),
        Err(error) => {
            mistakes.push(
                Diagnostic::error(
                    "version-requirement",
                    format!("the version requirement of `{name}` cannot be read"),
                )
                .detail(format!("{error}."))
                .help("write it as in `1`, `^1.2` or `>=1.2, <2`".to_owned())
                .label(value.origin.clone(), "this requirement"),
            );
            None
        }
    }
}

fn disable(value: &Value, entry: &mut TableEntry, mistakes: &mut Vec<Diagnostic>) {
    let Some(items) = value.as_list() else {
        mistakes.push(wrong_type("disable", "a list of features", value));
        return;
    };
    for item in items {
        match item.as_str() {
            Some(id) => entry.disable.push((fold(id), item.origin.clone())),
            None => mistakes.push(wrong_type("disable", "a list of strings", item)),
        }
    }
}

fn rename(names: &Table, entry: &mut TableEntry, mistakes: &mut Vec<Diagnostic>) {
    for (id, written) in names.iter() {
        let to = written.value.as_str().map(fold);
        match to {
            Some(to) if to.split('.').all(is_kebab) => {
                entry.rename.push(Rename { id: fold(id), to, origin: written.key.clone() });
            }
            Some(to) => mistakes.push(
                Diagnostic::error("feature-name", format!("`{to}` cannot be a feature's name"))
                    .help("a name has lower-case letters, digits and `-`".to_owned())
                    .label(written.value.origin.clone(), "this name"),
            ),
            None => mistakes.push(wrong_type("rename", "a table of names", &written.value)),
        }
    }
}

fn wrong_type(field: &str, wanted: &str, value: &Value) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("`{field}` must be {wanted}"))
        .label(value.origin.clone(), format!("this is {}", value.described()))
}

/// Takes `.` and `..` out without looking at the disk, so that one folder has one spelling in the
/// index's name and in messages.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
