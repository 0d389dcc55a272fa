//! Names that definitions look up while they run: `pkgs`, folders, `self`, `context`.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use purlin_model::{Diagnostic, Kind, Origin, Value};
use purlin_plugin::language::{Argument, Namespace};

use crate::board::{Frame, Key};
use crate::engine::{Engine, Point};
use crate::entry::gone;
use crate::merge::{Standing, Tree};
use crate::read::{folds_alike, meant};
use crate::scope::{Asked, RESERVED, Supply, needs_system};
use crate::{Name, message, path_text};

/// Names of one folder, as one definition sees them.
#[derive(Clone)]
pub(crate) struct ScopeNames {
    pub(crate) shown: Shown,
    pub(crate) sections: Vec<Name>,
    pub(crate) folder: Vec<Name>,
    /// Who asks. It does not find itself there, but what it stands above.
    pub(crate) asker: Key,
    /// Where it asks for the names.
    pub(crate) asked: Origin,
}

/// How messages call the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// By section and folder.
    Folder,
    /// `pkgs`
    Packages,
    /// `lib`
    Lib,
}

/// The same, in the hands of the language.
struct Lookup {
    engine: Weak<Engine>,
    names: ScopeNames,
    frame: Option<Arc<Frame>>,
}

/// Outputs, as `self` shows them. Whoever is made for a system need not name it: `self.packages.hello`
/// is that of its own system.
struct OutputNames {
    engine: Weak<Engine>,
    project: usize,
    system: Option<Name>,
    path: Vec<Name>,
    frame: Option<Arc<Frame>>,
    asked: Origin,
}

/// Names with what they stand for.
pub(crate) struct FixedNames {
    described: String,
    names: Vec<(String, Result<Argument, Diagnostic>)>,
}

impl FixedNames {
    pub(crate) fn new(described: &str, names: Vec<(String, Result<Argument, Diagnostic>)>) -> Self {
        Self { described: described.to_owned(), names }
    }
}

impl Engine {
    /// Names for the language, asked for by a task.
    pub(crate) fn lookup(
        &self,
        names: ScopeNames,
        frame: Option<&Arc<Frame>>,
    ) -> Arc<dyn Namespace> {
        Arc::new(Lookup { engine: self.me.clone(), names, frame: frame.cloned() })
    }

    /// What a reserved name stands for in a definition.
    pub(crate) fn reserved(
        &self,
        name: &str,
        key: &Key,
        asked: &Origin,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Argument, Diagnostic> {
        let names = |shown, sections| {
            let (asker, asked) = (key.clone(), asked.clone());
            ScopeNames { shown, sections, folder: Vec::new(), asker, asked }
        };
        let point = self.point(key.point);
        let text = |text: &str| Argument::Data(Value::string(text, asked.clone()));
        Ok(match name {
            // A project stays a workspace of its own for these, whoever adopts what it defines.
            "self" => Argument::Namespace(self.outputs_names(
                key.home(),
                point.system.as_ref(),
                frame,
                asked,
            )),
            "pkgs" => {
                let names = names(Shown::Packages, self.packages.clone());
                Argument::Namespace(self.lookup(names, frame))
            }
            "lib" => {
                let asker = Key { point: self.point_number(&Point::default()), ..key.clone() };
                let names = ScopeNames { asker, ..names(Shown::Lib, self.shared.clone()) };
                Argument::Namespace(self.lookup(names, frame))
            }
            "system" => text(point.system.as_deref().unwrap_or_default()),
            "inputs" => Argument::Namespace(self.inputs(key.home())),
            _ => {
                let reserved = RESERVED.into_iter().filter(|one| *one != "context");
                let mut names: Vec<_> = reserved
                    .filter(|name| point.system.is_some() || !needs_system(name))
                    .map(|name| (name.to_owned(), self.reserved(name, key, asked, frame)))
                    .collect();
                let systems = self.systems.iter().map(|one| Value::string(&**one, asked.clone()));
                let systems = Value::new(Kind::List(systems.collect()), asked.clone());
                names.push(("systems".to_owned(), Ok(Argument::Data(systems))));
                if let Some(name) = &self.projects[key.home()].document.name {
                    names.push(("name".to_owned(), Ok(text(name))));
                }
                Argument::Namespace(Arc::new(FixedNames::new("context", names)))
            }
        })
    }

    pub(crate) fn outputs_names(
        &self,
        project: usize,
        system: Option<&Name>,
        frame: Option<&Arc<Frame>>,
        asked: &Origin,
    ) -> Arc<dyn Namespace> {
        Arc::new(OutputNames {
            engine: self.me.clone(),
            project,
            system: system.cloned(),
            path: Vec::new(),
            frame: frame.cloned(),
            asked: asked.clone(),
        })
    }
}

impl Namespace for Lookup {
    fn described(&self) -> String {
        let mut path: Vec<Name> = match self.names.shown {
            Shown::Packages => vec!["pkgs".into()],
            Shown::Lib => vec!["lib".into()],
            Shown::Folder => self.names.sections.iter().take(1).cloned().collect(),
        };
        path.extend(self.names.folder.iter().cloned());
        path_text(&path)
    }

    fn names(&self) -> Vec<String> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        let mut names = BTreeSet::new();
        let system = engine.point(self.names.asker.point).system.clone();
        for section in &self.names.sections {
            let joined = engine.joined(self.names.asker.world, section, self.frame.as_ref());
            let Ok(joined) = joined else { continue };
            let Some(node) = joined.tree.at(&self.names.folder) else { continue };
            let there = node.below().filter(|(_, node)| node.has(system.as_deref()));
            names.extend(there.map(|(name, _)| name.to_string()));
        }
        if let (true, Some(base)) = (self.has_base(), engine.base_folder(&self.names.folder)) {
            names.extend(base.names());
        }
        names.into_iter().collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let Some(engine) = self.engine.upgrade() else { return Some(Err(gone())) };
        let names = &self.names;
        let asked = Asked { key: &names.asker, name, origin: &names.asked };
        let frame = self.frame.as_ref();
        let own = engine.own(&asked, &names.sections, &names.folder, frame);
        let supply = own.or_else(|| {
            let base =
                self.has_base().then(|| engine.supplied_by_base(&names.folder, &asked, true));
            base.flatten()
        });
        match supply {
            Some(supply) => Some(engine.argument(supply, &names.asker, &names.asked, frame)),
            None => self.is_asker(name).then(|| Err(message::own_name(&names.asker, &names.asked))),
        }
    }
}

impl Lookup {
    fn has_base(&self) -> bool {
        self.names.shown != Shown::Lib
    }

    /// Whether who asks is what has the name.
    fn is_asker(&self, name: &str) -> bool {
        let path = &self.names.asker.definition.path;
        let is_there = |section| {
            path.first() == Some(section)
                && path.len() == self.names.folder.len() + 2
                && path[1..].starts_with(&self.names.folder)
        };
        self.names.sections.iter().any(is_there)
            && path.last().is_some_and(|own| folds_alike(own, name))
    }
}

impl OutputNames {
    fn tree(&self, engine: &Engine) -> Option<Result<Arc<Tree>, Arc<Diagnostic>>> {
        let root = self.path.first()?;
        engine
            .output_roots(self.project)
            .contains(root)
            .then(|| engine.output_tree(self.project, root, self.frame.as_ref()))
    }

    /// The system that need not be named, directly below a root that has it.
    fn own_system(&self, node: &crate::merge::Node) -> Option<&str> {
        let system = self.system.as_deref().filter(|_| self.path.len() == 1)?;
        node.get(system).map(|_| system)
    }

    fn folds_alike(&self, name: &str, two: [&str; 2]) -> Diagnostic {
        message::folds_alike(name, Some(&self.asked), two.map(|one| (one, None)))
    }

    fn below(&self, name: &str) -> Arc<dyn Namespace> {
        Arc::new(Self {
            engine: self.engine.clone(),
            project: self.project,
            system: self.system.clone(),
            path: self.path.iter().cloned().chain([name.into()]).collect(),
            frame: self.frame.clone(),
            asked: self.asked.clone(),
        })
    }
}

impl Namespace for OutputNames {
    fn described(&self) -> String {
        let names = [Name::from("self")].into_iter().chain(self.path.iter().cloned());
        path_text(&names.collect::<Vec<_>>())
    }

    fn names(&self) -> Vec<String> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        if self.path.is_empty() {
            return engine.output_roots(self.project).iter().map(ToString::to_string).collect();
        }
        let Some(Ok(tree)) = self.tree(&engine) else { return Vec::new() };
        let Some(node) = tree.at(&self.path[1..]) else { return Vec::new() };
        let own = self.own_system(node).and_then(|system| node.get(system));
        let below = own.into_iter().chain([node]).flat_map(|node| node.below());
        let names: BTreeSet<String> = below.map(|(name, _)| name.to_string()).collect();
        names.into_iter().collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let Some(engine) = self.engine.upgrade() else { return Some(Err(gone())) };
        if self.path.is_empty() {
            let roots = engine.output_roots(self.project);
            let root = match meant(roots.iter().map(AsRef::as_ref), name) {
                Ok(root) => root?,
                Err(two) => return Some(Err(self.folds_alike(name, two))),
            };
            return Some(Ok(Argument::Namespace(self.below(root))));
        }
        let tree = match self.tree(&engine)? {
            Ok(tree) => tree,
            Err(diagnostic) => return Some(Err(Arc::unwrap_or_clone(diagnostic))),
        };
        let missing = || {
            let why = engine.output_failure(self.project, self.path.first()?)?;
            Some(Err((*why).clone()))
        };
        let Some(node) = tree.at(&self.path[1..]) else { return missing() };
        // Users' own names are not folded; where nobody wrote it so, `_` may stand for `-`.
        let found = match node.get(name) {
            Some(_) => Some(Name::from(name)),
            None => match node.folded(name).as_slice() {
                [one, other, ..] => return Some(Err(self.folds_alike(name, [*one, *other]))),
                alike => alike.first().copied().cloned(),
            },
        };
        let Some(name) = found else {
            let own = self.own_system(node).and_then(|system| self.below(system).get(name));
            return own.or_else(missing);
        };
        let child = node.get(&name)?;
        match tree.standing(child, None) {
            Standing::Nothing => None,
            Standing::Branch(_) => Some(Ok(Argument::Namespace(self.below(&name)))),
            Standing::Leaf(output, _) => {
                let value = engine.output_value(&output, self.frame.as_ref(), Some(&self.asked));
                Some(value.map_err(Arc::unwrap_or_clone))
            }
            Standing::Conflict(verdict) => {
                let mut path = self.path.clone();
                path.push(name);
                Some(Err(message::conflict(&path, &verdict.conflict)))
            }
        }
    }
}

/// A table as names, `inputs.self.revision`; anything else as it is.
pub(crate) fn as_names(described: &str, value: Value) -> Argument {
    let Some(table) = value.as_table() else { return Argument::Data(value) };
    let names =
        table.iter().map(|(key, entry)| (key.to_owned(), Ok(Argument::Data(entry.value.clone()))));
    Argument::Namespace(Arc::new(FixedNames::new(described, names.collect())))
}

impl Namespace for FixedNames {
    fn described(&self) -> String {
        self.described.clone()
    }

    fn names(&self) -> Vec<String> {
        self.names.iter().map(|(name, _)| name.clone()).collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        match meant(self.names.iter().map(|(one, _)| one.as_str()), name) {
            Ok(found) => {
                let found = found?;
                self.names.iter().find(|(one, _)| one == found).map(|(_, value)| value.clone())
            }
            Err(two) => Some(Err(message::folds_alike(name, None, two.map(|one| (one, None))))),
        }
    }
}

impl Engine {
    /// What fills a parameter, evaluated.
    pub(crate) fn argument(
        &self,
        supply: Supply,
        asker: &Key,
        asked: &Origin,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Argument, Diagnostic> {
        match supply {
            Supply::Ready(argument) => Ok(argument),
            Supply::Definition(key) => {
                self.force(&key, frame, Some(asked)).map_err(Arc::unwrap_or_clone)
            }
            Supply::Names(names) => Ok(Argument::Namespace(self.lookup(names, frame))),
            Supply::Reserved(name) => self.reserved(name, asker, asked, frame),
            Supply::Failed(diagnostic) => Err(Arc::unwrap_or_clone(diagnostic)),
        }
    }
}
