//! What is merged: a value for a path, with its priority and its lineage.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use purlin_model::{Kind, Origin, Value};
use purlin_plugin::language::{Argument, LeafType};
use purlin_plugin::transform::Lazy;
use serde_json::{Map, Value as Json};

use crate::entry::Entry;
use crate::file::DefinitionFile;
use crate::read::folds_alike;
use crate::{Lineage, Name, Step};

/// A value for a path.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Where it belongs, its section or output root first, without a system.
    pub path: Vec<Name>,
    /// The one system that it is for.
    pub system: Option<Name>,
    /// What it is.
    pub content: Content,
    /// Of several for one path, the one with the smallest wins.
    pub priority: i64,
    /// Its priority in the project that it comes from, where that is a child's.
    pub at_home: i64,
    /// Who wrote it.
    pub lineage: Arc<Lineage>,
    /// The plugin that made an output of it.
    pub through: Option<Arc<Step>>,
    /// What its parameters get before anything else is looked up.
    pub inject: Option<Arc<Injected>>,
}

/// Arguments that a `[[use]]` gives to the definitions that it brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Injected {
    /// The arguments by name.
    pub arguments: Map<String, Json>,
    /// What brought them.
    pub origin: Origin,
    /// Where each of them is written, as far as that is known.
    pub places: BTreeMap<String, Origin>,
}

impl Injected {
    /// Whether a parameter of this name gets one of the arguments.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.arguments.keys().any(|one| folds_alike(one, name))
    }

    /// Where an argument is written.
    #[must_use]
    pub fn place(&self, name: &str) -> &Origin {
        let alike = || self.places.iter().find(|(one, _)| folds_alike(one, name));
        let found = self.places.get(name).or_else(|| alike().map(|(_, place)| place));
        found.unwrap_or(&self.origin)
    }
}

/// What a contribution is.
#[derive(Clone)]
pub enum Content {
    /// Data.
    Data(Value),
    /// A leaf that is written as data.
    Leaf(Arc<LeafType>, Value),
    /// A definition in the language: a function, or a constant.
    Prototype {
        /// The file that it is in.
        file: Arc<DefinitionFile>,
        /// Its name there; `None` means `default`, or what is called like the file.
        name: Option<Name>,
    },
    /// A file of data that is one definition.
    Toml(Arc<DefinitionFile>),
    /// What is only known once somebody asks.
    Lazy(Arc<dyn Lazy>),
    /// A value of the language.
    Value(Argument),
}

impl Contribution {
    /// The name at the end of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or("", |name| name)
    }

    /// The place where it is written: the function itself, where its file was parsed already.
    #[must_use]
    pub fn origin(&self) -> Origin {
        if let Content::Lazy(lazy) = &self.content
            && let Some(entry) = lazy.as_any().and_then(|any| any.downcast_ref::<Entry>())
        {
            return entry.key().definition.origin();
        }
        if let Content::Prototype { file, name } = &self.content
            && let Some(index) = file.known_index()
        {
            let own = file.own_name();
            let names = match name {
                Some(name) => vec![&**name],
                None => ["default"].into_iter().chain(own.as_deref()).collect(),
            };
            for name in names {
                if let Some(function) = index.function(name) {
                    return function.origin.clone();
                }
            }
        }
        self.lineage.origin.clone()
    }

    /// Whether it counts for a system; `None` are values without one.
    #[must_use]
    pub fn is_for(&self, system: Option<&str>) -> bool {
        self.system.is_none() || self.system.as_deref() == system
    }

    /// An order of contributions that does not depend on who came first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let place = |one: &Self| {
            let origin = &one.lineage.origin;
            (one.lineage.project.index, origin.source.path.clone(), origin.start, origin.end)
        };
        let made = |one: &Self| {
            let step = |step: &Option<Arc<Step>>| {
                step.as_ref().map(|step| (step.phase, step.plugin.clone(), step.feature.clone()))
            };
            (step(&one.lineage.step), step(&one.through))
        };
        (self.priority, self.at_home, self.system.is_none())
            .cmp(&(other.priority, other.at_home, other.system.is_none()))
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| made(self).cmp(&made(other)))
            .then_with(|| self.path.cmp(&other.path))
            .then_with(|| self.identity().cmp(&other.identity()))
    }

    /// What makes two contributions the same: equal data, or one definition reached twice.
    pub(crate) fn identity(&self) -> String {
        let mut identity = self.content.identity();
        if let Some(inject) = &self.inject {
            identity.push_str(&Json::Object(inject.arguments.clone()).to_string());
        }
        identity
    }
}

impl Content {
    fn identity(&self) -> String {
        match self {
            Self::Data(value) => format!("data {}", value.to_json()),
            Self::Leaf(leaf, value) => format!("leaf {} {}", leaf.name, value.to_json()),
            Self::Prototype { file, name } => {
                format!("function {} {}", name.as_deref().unwrap_or_default(), file.path.display())
            }
            Self::Toml(file) => format!("file {}", file.path.display()),
            Self::Lazy(lazy) => match lazy.as_any().and_then(|any| any.downcast_ref::<Entry>()) {
                Some(entry) => entry.identity(),
                None => format!("lazy {:p}", Arc::as_ptr(lazy).cast::<()>()),
            },
            Self::Value(Argument::Data(value)) => format!("data {}", value.to_json()),
            Self::Value(Argument::Leaf(written)) => {
                format!("leaf {} {}", written.leaf.name, written.fields.to_json())
            }
            Self::Value(Argument::Value(handle)) => {
                format!("value {:p}", Arc::as_ptr(handle).cast::<()>())
            }
            Self::Value(Argument::Constructor(leaf)) => format!("constructor {}", leaf.name),
            Self::Value(Argument::Namespace(names)) => {
                format!("names {:p}", Arc::as_ptr(names).cast::<()>())
            }
        }
    }

    /// The elements, for values that may be joined.
    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::Data(value) | Self::Value(Argument::Data(value)) => value.as_list(),
            _ => None,
        }
    }

    /// The text, for values that may be joined.
    pub(crate) fn as_text(&self) -> Option<&Value> {
        match self {
            Self::Data(value) | Self::Value(Argument::Data(value)) => {
                value.as_str().is_some().then_some(value)
            }
            _ => None,
        }
    }

    /// As messages call it.
    pub(crate) fn described(&self) -> &'static str {
        match self {
            Self::Data(value) | Self::Value(Argument::Data(value)) => match value.kind {
                Kind::Table(_) => "an empty table",
                _ => value.described(),
            },
            Self::Leaf(..) | Self::Toml(_) | Self::Value(Argument::Leaf(..)) => "a leaf",
            Self::Prototype { .. } => "a definition",
            Self::Lazy(lazy) => match lazy.as_any().and_then(|any| any.downcast_ref::<Entry>()) {
                Some(entry) => entry.key().definition.content.described(),
                None => "a value",
            },
            Self::Value(_) => "a value",
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.identity())
    }
}
