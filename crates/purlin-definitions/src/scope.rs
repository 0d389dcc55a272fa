//! Injection: what a name stands for, to the definition that asks for it.
//!
//! Injected arguments come first, then reserved names, then folder by folder, the innermost first: what
//! the workspace defines there, and what the base has there. A definition that asks for its own name
//! gets what it stands above: the next layer at its path, or the next folder's.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Value};
use purlin_plugin::language::{Argument, Namespace};
use serde_json::Value as Json;

use crate::board::{Frame, Key};
use crate::engine::{Engine, Point};
use crate::merge::{Standing, Tree};
use crate::names::{ScopeNames, Shown};
use crate::read::folds_alike;
use crate::{Contribution, Name, message, parse_path};

/// Names that mean the same in every definition.
pub const RESERVED: [&str; 6] = ["self", "pkgs", "lib", "system", "inputs", "context"];

/// Whether a reserved name stands for nothing where something is made for no system.
pub(crate) fn needs_system(reserved: &str) -> bool {
    matches!(reserved, "system" | "pkgs")
}

/// What fills a parameter.
#[derive(Clone)]
pub(crate) enum Supply {
    /// Another definition.
    Definition(Key),
    /// Something that is there already.
    Ready(Argument),
    /// Names, looked up when they are used.
    Names(ScopeNames),
    /// One of the reserved names.
    Reserved(&'static str),
    /// Something stands in the way.
    Failed(Arc<Diagnostic>),
}

/// Where a name was found, for `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An injected argument, or a value of an axis.
    Injected,
    /// A reserved name.
    Reserved,
    /// What the workspace defines, at so many folders deep.
    Own(usize),
    /// The base, at so many folders deep.
    Base(usize),
}

/// Looks for a name from the innermost folder outwards. At each depth `own` is asked before `base`;
/// both are given the folder.
///
/// This is the order in which definitions find what their parameters name, as a function of its own.
pub fn search<T>(
    folder: &[Name],
    mut own: impl FnMut(&[Name]) -> Option<T>,
    mut base: impl FnMut(&[Name]) -> Option<T>,
) -> Option<(Level, T)> {
    (0..=folder.len()).rev().find_map(|depth| {
        let folder = &folder[..depth];
        let found = own(folder).map(|found| (Level::Own(depth), found));
        found.or_else(|| base(folder).map(|found| (Level::Base(depth), found)))
    })
}

impl Engine {
    /// What fills a parameter of a definition; `None` where nothing has the name.
    pub(crate) fn supply(
        &self,
        key: &Key,
        name: &str,
        origin: &Origin,
        frame: Option<&Arc<Frame>>,
    ) -> Option<(Level, Supply)> {
        if let Some(supply) = self.injected(key, name, origin, frame) {
            return Some((Level::Injected, supply));
        }
        let has_system = self.point(key.point).system.is_some();
        if let Some(reserved) = RESERVED.into_iter().find(|one| *one == name)
            && (has_system || !needs_system(reserved))
        {
            return Some((Level::Reserved, Supply::Reserved(reserved)));
        }
        let path = &key.definition.path;
        let folder = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
        let sections = self.scopes(key);
        let asked = Asked { key, name, origin };
        search(
            folder,
            |folder| self.own(&asked, &sections, folder, frame),
            |folder| self.supplied_by_base(folder, &asked, has_system),
        )
    }

    /// The sections where a definition's names are looked up, folder by folder: those of packages, and
    /// its own.
    pub(crate) fn scopes(&self, key: &Key) -> Vec<Name> {
        let own = key.definition.path.first();
        if self.point(key.point).system.is_none() {
            return own.cloned().into_iter().collect();
        }
        let own = own.filter(|own| !self.packages.contains(own));
        self.packages.iter().chain(own).cloned().collect()
    }

    fn injected(
        &self,
        key: &Key,
        name: &str,
        origin: &Origin,
        frame: Option<&Arc<Frame>>,
    ) -> Option<Supply> {
        if let Some(inject) = &key.definition.inject {
            let mut alike = inject.arguments.iter().filter(|(one, _)| folds_alike(one, name));
            match (alike.next(), alike.next()) {
                (Some((one, value)), None) => {
                    return Some(self.injected_value(key, value, inject.place(one), frame));
                }
                // No parameter can be written so that it is the one and not the other.
                (Some((one, _)), Some((other, _))) => {
                    let place = |name: &str| Some(inject.place(name).clone());
                    let two = [(one.as_str(), place(one)), (other.as_str(), place(other))];
                    let diagnostic = message::folds_alike(name, Some(origin), two);
                    return Some(Supply::Failed(Arc::new(diagnostic)));
                }
                (None, _) => {}
            }
        }
        let point = self.point(key.point);
        let axis = point.axes.iter().find(|(axis, _)| folds_alike(axis, name));
        axis.map(|(_, value)| {
            let origin = key.definition.lineage.origin.clone();
            Supply::Ready(Argument::Data(Value::string(&**value, origin)))
        })
    }

    /// An injected argument: a text that is one whole reference stands for a definition.
    fn injected_value(
        &self,
        key: &Key,
        value: &Json,
        origin: &Origin,
        frame: Option<&Arc<Frame>>,
    ) -> Supply {
        let text = value.as_str().unwrap_or_default();
        let reference = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(reference) = reference.filter(|inner| may_be_path(inner)) else {
            return Supply::Ready(Argument::Data(Value::from_json(value, origin)));
        };
        let path = match parse_path(reference) {
            Ok(path) if path.len() > 1 => path,
            _ => return Supply::Failed(Arc::new(message::no_reference(text, origin))),
        };
        let path: Vec<Name> = path.into_iter().map(Name::from).collect();
        let is_shared = self.shared.contains(&path[0]);
        let point = if is_shared { self.point_number(&Point::default()) } else { key.point };
        match self.at_path(key, &path, point, frame) {
            Some(supply) => supply,
            None => Supply::Failed(Arc::new(message::no_reference(text, origin))),
        }
    }

    /// What a path of definitions stands for, its section first.
    fn at_path(
        &self,
        key: &Key,
        path: &[Name],
        point: usize,
        frame: Option<&Arc<Frame>>,
    ) -> Option<Supply> {
        let (name, folder) = path[1..].split_last()?;
        let key = Key { world: key.world, point, definition: key.definition.clone() };
        let origin = key.definition.lineage.origin.clone();
        let asked = Asked { key: &key, name, origin: &origin };
        self.own(&asked, &path[..1], folder, frame)
    }

    /// What the workspace defines in a folder under a name.
    pub(crate) fn own(
        &self,
        asked: &Asked<'_>,
        sections: &[Name],
        folder: &[Name],
        frame: Option<&Arc<Frame>>,
    ) -> Option<Supply> {
        let point = self.point(asked.key.point);
        let system = point.system.as_deref();
        for section in sections {
            let joined = match self.joined(asked.key.world, section, frame) {
                Ok(joined) => joined,
                Err(diagnostic) => return Some(Supply::Failed(diagnostic)),
            };
            let Some(node) = joined.tree.at(folder) else { continue };
            let mut names = node.folded(asked.name);
            names.retain(|name| node.get(name).is_some_and(|node| node.has(system)));
            let name = match names.as_slice() {
                [] => continue,
                [name] => *name,
                [one, other, ..] => {
                    let origin = |name: &Name| first_origin(node.get(name)?.here().first()?);
                    let two = [(one.as_ref(), origin(one)), (other.as_ref(), origin(other))];
                    let diagnostic = message::folds_alike(asked.name, Some(asked.origin), two);
                    return Some(Supply::Failed(Arc::new(diagnostic)));
                }
            };
            let child = node.get(name)?;
            let standing = joined.tree.standing(child, system);
            let asker = &asked.key.definition;
            let is_own = child.here().iter().any(|one| Arc::ptr_eq(one, asker));
            let standing = if is_own { joined.tree.under(child, system, asker) } else { standing };
            match standing {
                Standing::Nothing => {}
                Standing::Leaf(definition, _) => {
                    let key = Key { definition, ..asked.key.clone() };
                    return Some(Supply::Definition(key));
                }
                Standing::Branch(_) => {
                    let folder = folder.iter().chain([name]).cloned().collect();
                    return Some(Supply::Names(ScopeNames {
                        shown: Shown::Folder,
                        sections: vec![section.clone()],
                        folder,
                        asker: asked.key.clone(),
                        asked: asked.origin.clone(),
                    }));
                }
                Standing::Conflict(verdict) => {
                    let mut path = vec![section.clone()];
                    path.extend(folder.iter().chain([name]).cloned());
                    let diagnostic = message::conflict(&path, &verdict.conflict)
                        .label(asked.origin.clone(), "asked for here");
                    return Some(Supply::Failed(Arc::new(diagnostic)));
                }
            }
        }
        None
    }

    /// What is there before anybody defines anything, in a folder under a name.
    /// Packages are for a system: without one, constructors alone.
    pub(crate) fn supplied_by_base(
        &self,
        folder: &[Name],
        asked: &Asked<'_>,
        has_system: bool,
    ) -> Option<Supply> {
        let name = asked.name;
        if folder.is_empty() {
            if let Some(leaf) = self.catalogue.constructor(name) {
                return Some(match leaf.leaf_type() {
                    Ok(leaf) => Supply::Ready(Argument::Constructor(leaf)),
                    Err(mut mistakes) => Supply::Failed(Arc::new(mistakes.remove(0))),
                });
            }
            if let Some(supply) = self.supplied_by_plugins(name) {
                return Some(supply);
            }
        }
        let base = self.base_folder(folder).filter(|_| has_system)?;
        Some(match base.get(name)? {
            Ok(argument) => Supply::Ready(argument),
            Err(diagnostic) => {
                Supply::Failed(Arc::new(diagnostic.at(asked.origin.clone(), "asked for here")))
            }
        })
    }

    pub(crate) fn base_folder(&self, folder: &[Name]) -> Option<Arc<dyn Namespace>> {
        let base = self.base.clone()?;
        folder.iter().try_fold(base, |names, name| names.below(name))
    }
}

/// Whether a text in braces is meant as a reference; `{a,b}` is a text like others.
fn may_be_path(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_alphanumeric() || "._-+/\"".contains(one))
}

/// A name that a definition asks for.
pub(crate) struct Asked<'a> {
    pub(crate) key: &'a Key,
    pub(crate) name: &'a str,
    /// Where it stands.
    pub(crate) origin: &'a Origin,
}

fn first_origin(one: &Arc<Contribution>) -> Option<Origin> {
    Some(one.lineage.origin.clone())
}

impl Tree {
    /// What counts at a node below one of its contributions: what an override stands above.
    pub(crate) fn under(
        &self,
        node: &crate::merge::Node,
        system: Option<&str>,
        asker: &Arc<Contribution>,
    ) -> Standing {
        crate::merge::under(node, system, asker, &self.rules)
    }
}
