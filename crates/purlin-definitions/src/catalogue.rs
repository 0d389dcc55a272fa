//! What the enabled plugins provide for definitions, as their manifests say it. Nothing is loaded
//! before it is used.

mod plugins;

use std::fmt;
use std::sync::{Arc, OnceLock};

use purlin_model::{Diagnostic, Diagnostics, Entry, Origin, Source, Table, Value, fold};
use purlin_plugin::contract::Host;
use purlin_plugin::language::LeafType;
use purlin_plugin::transform::{Importer, Transform};
use purlin_plugin::{Property, Schema};

use crate::{Name, is_system};

/// Something that is loaded when it is first used.
pub type Load<T> = Box<dyn Fn() -> Result<Arc<T>, Diagnostics> + Send + Sync>;

/// Leaf types, transforms and importers of the enabled plugins, by name.
pub struct Catalogue {
    /// Types of leaves.
    pub leaves: Vec<LeafFeature>,
    /// Transforms.
    pub transforms: Vec<TransformFeature>,
    /// Importers.
    pub importers: Vec<ImporterFeature>,
    /// Files whose names are there before anybody defines anything.
    pub shipped: Vec<ShippedDefinitions>,
    /// The top-level tables that somebody reads.
    pub sections: Vec<String>,
    /// What workspaces say that they are for: systems, whatever they are called.
    pub(crate) systems: Vec<Name>,
    /// Host services, for code that is called.
    pub host: Arc<dyn Host>,
    /// What cannot be used, and why.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is said of every feature.
#[derive(Debug, Clone)]
pub struct FeatureHead {
    /// The name that it answers to.
    pub name: String,
    /// Its plugin.
    pub plugin: String,
    /// The line of the manifest that declares it.
    pub origin: Origin,
}

/// A type of leaves.
pub struct LeafFeature {
    /// Name, plugin and place.
    pub head: FeatureHead,
    /// Name of the constructor.
    pub constructor: String,
    /// Sections that hold it.
    pub sections: Vec<String>,
    /// Keys that make a table a leaf.
    pub marks: Vec<String>,
    /// What verbs look for.
    pub role: Option<String>,
    /// The type with its schema.
    pub load: Load<LeafType>,
    loaded: OnceLock<Result<Arc<LeafType>, Diagnostics>>,
}

/// A transform.
pub struct TransformFeature {
    /// Name, plugin and place.
    pub head: FeatureHead,
    /// Sections that it reads.
    pub reads: Vec<String>,
    /// Sections that it extends.
    pub extends: Vec<String>,
    /// Output roots that it owns.
    pub outputs: Vec<String>,
    /// Whether the sections that it reads have no system, and every definition may use them.
    pub is_shared: bool,
    /// A section that it reads whose schema it tells.
    pub section: Option<SectionFeature>,
    /// The schema of its options, if it has any.
    pub schema: Load<Option<Arc<Schema>>>,
    /// Its code.
    pub load: Load<dyn Transform>,
}

/// A section of data with its schema.
pub struct SectionFeature {
    /// Its name.
    pub name: String,
    /// What is said of it.
    pub schema: Load<Option<Arc<Schema>>>,
}

/// An importer.
pub struct ImporterFeature {
    /// Name, plugin and place.
    pub head: FeatureHead,
    /// Globs of the files that it reads.
    pub inputs: Vec<String>,
    /// Sections that receive them, separated by blanks; `{options.NAME}` stands for an option.
    pub into: String,
    /// The schema of its options, if it has any.
    pub schema: Load<Option<Arc<Schema>>>,
    /// Its code.
    pub load: Load<dyn Importer>,
}

/// A file of definitions that a plugin ships.
pub struct ShippedDefinitions {
    /// The plugin.
    pub plugin: String,
    /// The file's text.
    pub load: Load<Source>,
}

impl Catalogue {
    /// A catalogue without features.
    #[must_use]
    pub fn empty(host: Arc<dyn Host>) -> Self {
        Self {
            leaves: Vec::new(),
            transforms: Vec::new(),
            importers: Vec::new(),
            shipped: Vec::new(),
            sections: Vec::new(),
            systems: Vec::new(),
            host,
            diagnostics: Vec::new(),
        }
    }

    /// Whether a name at the beginning of a definition's path is that of a system.
    pub(crate) fn is_system(&self, name: &str) -> bool {
        is_system(name) || self.systems.iter().any(|system| **system == *name)
    }

    /// The leaf types that a section holds.
    pub fn leaves_of(&self, section: &str) -> impl Iterator<Item = &LeafFeature> {
        self.leaves.iter().filter(move |leaf| leaf.sections.iter().any(|one| one == section))
    }

    /// The sections that hold leaves of a role.
    #[must_use]
    pub fn sections_with_role(&self, role: &str) -> Vec<Name> {
        let leaves = self.leaves.iter().filter(|leaf| leaf.role.as_deref() == Some(role));
        let mut sections: Vec<Name> =
            leaves.flat_map(|leaf| &leaf.sections).map(|s| s.as_str().into()).collect();
        sections.sort_unstable();
        sections.dedup();
        sections
    }

    /// The sections without a system that every definition may use, sorted.
    #[must_use]
    pub fn shared_sections(&self) -> Vec<Name> {
        let shared = self.transforms.iter().filter(|transform| transform.is_shared);
        let mut sections: Vec<Name> =
            shared.flat_map(|one| &one.reads).map(|section| section.as_str().into()).collect();
        sections.sort_unstable();
        sections.dedup();
        sections
    }

    /// The first leaf type of packages, if there is one.
    #[must_use]
    pub fn package_leaf(&self) -> Option<&LeafFeature> {
        self.leaves.iter().find(|leaf| leaf.role.as_deref() == Some(crate::engine::PACKAGE_ROLE))
    }

    /// The leaf type whose constructor has this name; `-` and `_` are the same.
    #[must_use]
    pub fn constructor(&self, name: &str) -> Option<&LeafFeature> {
        self.leaves.iter().find(|leaf| fold(&leaf.constructor) == fold(name))
    }

    /// The output roots that transforms own, sorted.
    #[must_use]
    pub fn output_roots(&self) -> Vec<Name> {
        let roots = self.transforms.iter().flat_map(|transform| &transform.outputs);
        let mut roots: Vec<Name> = roots.map(|root| root.as_str().into()).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }
}

impl LeafFeature {
    /// A type whose schema is read when it is first needed.
    #[must_use]
    pub fn new(
        head: FeatureHead,
        constructor: String,
        sections: Vec<String>,
        marks: Vec<String>,
        role: Option<String>,
        load: Load<LeafType>,
    ) -> Self {
        Self { head, constructor, sections, marks, role, load, loaded: OnceLock::new() }
    }

    /// The type.
    ///
    /// # Errors
    /// Its schema cannot be read any more.
    pub fn leaf_type(&self) -> Result<Arc<LeafType>, Diagnostics> {
        self.loaded.get_or_init(|| (self.load)()).clone()
    }

    /// Whether a table is a leaf of this type: one of the marks is in it with a value that the schema
    /// accepts there. So a package may be called `version`.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        let mut marked = self.marked(value).peekable();
        if marked.peek().is_none() {
            return false;
        }
        let Ok(leaf) = self.leaf_type() else { return false };
        let properties = leaf.schema.properties();
        let property = |key: &str| -> Option<&Property<'_>> {
            properties.iter().find(|property| fold(property.name) == fold(key))
        };
        marked.any(|(key, entry)| property(key).is_some_and(|one| one.accepts(&entry.value)))
    }

    /// Whether a table was meant to be a leaf of this type: one of the marks is in it, and is no table
    /// that could be called so. If it does not fit, whoever reads the leaf is told. Where other tables are
    /// in it that a leaf does not have, it is a folder of leaves with something else in it.
    pub(crate) fn is_meant(&self, value: &Value) -> bool {
        if !self.marked(value).any(|(_, entry)| entry.value.as_table().is_none()) {
            return false;
        }
        let Ok(leaf) = self.leaf_type() else { return false };
        let properties = leaf.schema.properties();
        let is_known = |key: &str| properties.iter().any(|one| fold(one.name) == fold(key));
        let mut tables = value.as_table().into_iter().flat_map(Table::iter);
        tables.all(|(key, entry)| entry.value.as_table().is_none() || is_known(key))
    }

    fn marked<'v>(&self, value: &'v Value) -> impl Iterator<Item = (&'v str, &'v Entry)> {
        let entries = value.as_table().into_iter().flat_map(Table::iter);
        entries.filter(|(key, _)| self.marks.iter().any(|mark| fold(mark) == fold(key)))
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |heads: Vec<&FeatureHead>| -> Vec<String> {
            heads.iter().map(|head| head.name.clone()).collect()
        };
        formatter
            .debug_struct("Catalogue")
            .field("leaves", &names(self.leaves.iter().map(|one| &one.head).collect()))
            .field("transforms", &names(self.transforms.iter().map(|one| &one.head).collect()))
            .field("importers", &names(self.importers.iter().map(|one| &one.head).collect()))
            .finish_non_exhaustive()
    }
}
