//! Sections written as data: tables become branches and typed leaves.

use std::sync::Arc;

use purlin_model::{Diagnostic, Entry, Kind, Origin, Source, Table, Value, fold, suggestion};
use purlin_plugin::language::{Argument, LeafType, WrittenLeaf};

use crate::catalogue::{Catalogue, LeafFeature};
use crate::file::{DefinitionFile, SourceFiles, read_text};
use crate::{Content, Contribution, Injected, Lineage, Name};

/// Deeper than any sensible definition. In outputs there is a system besides, and names of projects.
const LONGEST: usize = 48;

/// Turns data into contributions of one section.
pub(crate) struct SectionReader<'a> {
    catalogue: &'a Catalogue,
    /// The leaf types that the section holds.
    pub(crate) leaves: Vec<&'a LeafFeature>,
    pub(crate) common: Common,
    pub(crate) found: Vec<Arc<Contribution>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What contributions from one place have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) lineage: Lineage,
    /// What their priority is unless they say it.
    pub(crate) priority: i64,
    /// For one system alone.
    pub(crate) system: Option<Name>,
    /// What they bring for parameters.
    pub(crate) inject: Option<Arc<Injected>>,
}

impl Common {
    /// One of the contributions.
    pub(crate) fn contribution(
        &self,
        path: Vec<Name>,
        content: Content,
        origin: Origin,
    ) -> Contribution {
        Contribution {
            path,
            system: self.system.clone(),
            content,
            priority: self.priority,
            at_home: self.priority,
            lineage: Arc::new(Lineage { origin, ..self.lineage.clone() }),
            through: None,
            inject: self.inject.clone(),
        }
    }
}

impl<'a> SectionReader<'a> {
    pub(crate) fn new(
        catalogue: &'a Catalogue,
        section: &str,
        lineage: Lineage,
        priority: i64,
    ) -> Self {
        Self {
            catalogue,
            leaves: catalogue.leaves_of(section).collect(),
            common: Common { lineage, priority, system: None, inject: None },
            found: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads a value at a path, whose key stands at `key`. A table is a leaf if a mark says so, else a
    /// branch.
    pub(crate) fn read(&mut self, path: &[Name], value: &Value, key: &Origin) {
        let Some(table) = value.as_table() else {
            let content = Content::Data(value.clone());
            return self.add_at(path, content, value.origin.clone());
        };
        // A table with the priority of what is in it; where no leaves are, it is data like other.
        let outer = self.common.priority;
        let stated = if self.leaves.is_empty() { None } else { priority_in(table) };
        self.common.priority = stated.unwrap_or(outer);
        let rest = match stated {
            Some(_) => without_priority(value, table),
            None => value.clone(),
        };
        match leaf_of(&self.leaves, &rest).map(LeafFeature::leaf_type) {
            Some(Ok(leaf)) => {
                self.add_at(path, Content::Leaf(leaf, rest), key.clone());
            }
            Some(Err(mistakes)) => self.diagnostics.extend(mistakes),
            None => self.branch(path, rest.as_table()),
        }
        self.common.priority = outer;
    }

    fn branch(&mut self, path: &[Name], table: Option<&Table>) {
        let entries: Vec<(&str, &Entry)> = table.into_iter().flat_map(Table::iter).collect();
        self.warn_of_data(path, &entries);
        for (key, entry) in entries {
            let below: Vec<Name> = path.iter().cloned().chain([Name::from(key)]).collect();
            self.read(&below, &entry.value, &entry.key);
        }
    }

    /// Where leaves belong, a table with data in it was meant to be one.
    fn warn_of_data(&mut self, path: &[Name], entries: &[(&str, &Entry)]) {
        let Some(leaf) = self.leaves.first() else { return };
        let data = entries.iter().find(|(_, entry)| entry.value.as_table().is_none());
        let Some((key, entry)) = data else { return };
        // A mark with a value that does not fit is one in a folder of leaves.
        let is_mark = leaf.marks.iter().any(|mark| fold(mark) == fold(key));
        let marks = leaf.marks.iter().map(String::as_str).filter(|_| !is_mark);
        let near = suggestion(key, "keys that make a table one", marks);
        self.diagnostics.push(
            Diagnostic::warning(
                "data-definition",
                format!(
                    "`{}` is data where a {} was expected",
                    crate::path_text(path),
                    leaf.head.name
                ),
            )
            .label(entry.key.clone(), "this is a value, and not a definition")
            .detail(format!(
                "A table is a {} if it has one of these, with a value that fits: {}.",
                leaf.head.name,
                leaf.marks.iter().map(|mark| format!("`{mark}`")).collect::<Vec<_>>().join(", ")
            ))
            .help(near),
        );
    }

    /// Adds what somebody wrote at a place; a system in front of its path is taken off.
    pub(crate) fn add_at(&mut self, path: &[Name], content: Content, origin: Origin) {
        if !is_name(path) {
            return self.diagnostics.push(no_name(path, origin));
        }
        let (path, system) = self.split(path);
        let made = self.common.contribution(path, content, origin);
        self.found.push(Arc::new(Contribution { system, ..made }));
    }

    /// Whether a path counts as it is written: nothing is wrong with it, and no system stands in front.
    pub(crate) fn is_plain(&self, above: &[Name], name: &str) -> bool {
        let first = above.get(1).map_or(name, AsRef::as_ref);
        is_name(above)
            && above.len() < LONGEST
            && !name.is_empty()
            && (self.common.system.is_some() || !self.catalogue.is_system(first))
    }

    fn split(&self, path: &[Name]) -> (Vec<Name>, Option<Name>) {
        if let (None, [section, system, rest @ ..]) = (&self.common.system, path)
            && self.catalogue.is_system(system)
        {
            let mut path: Vec<Name> = [section].into_iter().chain(rest).cloned().collect();
            // What stands at the system itself is the section's `default` there, beside its others.
            if rest.is_empty() {
                path.push("default".into());
            }
            return (path, Some(system.clone()));
        }
        (path.to_vec(), self.common.system.clone())
    }
}

fn is_name(path: &[Name]) -> bool {
    path.len() <= LONGEST && path.iter().all(|name| !name.is_empty())
}

/// A path of a definition that cannot be one of an output.
fn no_name(path: &[Name], origin: Origin) -> Diagnostic {
    let is_long = path.len() > LONGEST;
    let shown = crate::path_text(&path[..path.len().min(6)]);
    let what = if is_long {
        format!("`{shown}.…` is more than {LONGEST} names deep")
    } else {
        format!("`{shown}` has an empty name in it")
    };
    Diagnostic::error("no-name", what).label(origin, "not defined").help("rename it".to_owned())
}

/// The name of what a table of definitions says about them.
const PRIORITY: &str = "priority";

fn priority_in(table: &Table) -> Option<i64> {
    table.get(PRIORITY)?.as_int()
}

fn without_priority(value: &Value, table: &Table) -> Value {
    let mut rest = table.clone();
    rest.remove(PRIORITY);
    Value::new(Kind::Table(rest), value.origin.clone())
}

/// The priority that a file of data says it has. What cannot be read is told when the definition is
/// evaluated.
pub(crate) fn stated_priority(file: &DefinitionFile) -> Option<i64> {
    let text = read_text(&file.path, &file.place.path).ok()?;
    // Most say none, and need not be parsed.
    if !text.contains(PRIORITY) {
        return None;
    }
    let (document, _) = purlin_model::parse_toml(&Source::new(&file.place.path, text));
    priority_in(document.as_table()?)
}

/// The leaf that a table is, if it is one.
pub(crate) fn leaf_of<'l>(leaves: &[&'l LeafFeature], value: &Value) -> Option<&'l LeafFeature> {
    let fitting = leaves.iter().find(|leaf| leaf.takes(value));
    fitting.or_else(|| leaves.iter().find(|leaf| leaf.is_meant(value))).copied()
}

/// What a file of data defines: a leaf, or data.
pub(crate) fn read_toml_file(
    catalogue: &Catalogue,
    files: &SourceFiles,
    section: &str,
    file: &DefinitionFile,
) -> Result<Argument, Vec<Diagnostic>> {
    let source = file.source(files).map_err(|diagnostic| vec![diagnostic])?;
    let (document, mistakes) = purlin_model::parse_toml(&source);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let leaves: Vec<&LeafFeature> = catalogue.leaves_of(section).collect();
    let stated = document.as_table().filter(|table| priority_in(table).is_some());
    let document = match stated.filter(|_| !leaves.is_empty()) {
        Some(table) => without_priority(&document, table),
        None => document,
    };
    let leaf = match leaves.as_slice() {
        // The file is a definition, and there is one thing only that it can be.
        [leaf] => Some(*leaf),
        leaves => leaf_of(leaves, &document),
    };
    let Some(leaf) = leaf else { return Ok(Argument::Data(document)) };
    validated(&leaf.leaf_type()?, &document)
}

/// A leaf that fits its type, with its defaults.
pub(crate) fn validated(leaf: &Arc<LeafType>, value: &Value) -> Result<Argument, Vec<Diagnostic>> {
    let checked = leaf.schema.validate(value);
    match checked.value {
        Some(value) => Ok(Argument::Leaf(WrittenLeaf::new(leaf.clone(), value))),
        None => Err(checked.diagnostics),
    }
}

/// The one of several that a name means: what is called so, or else what is where `-` and `_` are the
/// same.
///
/// # Errors
/// Two are, and it is none of the two.
pub(crate) fn meant<'n>(
    names: impl IntoIterator<Item = &'n str>,
    name: &str,
) -> Result<Option<&'n str>, [&'n str; 2]> {
    let mut alike = Vec::new();
    for one in names {
        if one == name {
            return Ok(Some(one));
        }
        if folds_alike(one, name) {
            alike.push(one);
        }
    }
    match alike.as_slice() {
        [one, other, ..] => Err([*one, *other]),
        alike => Ok(alike.first().copied()),
    }
}

/// Whether two names are one where `-` and `_` are the same.
pub(crate) fn folds_alike(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}
