//! The enumerate phase: what a transform sees of the definitions.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use purlin_model::Diagnostic;
use purlin_plugin::language::{Argument, Namespace};
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::{Compose, Composition, DefinitionEntry, TransformContext};

use crate::board::{Frame, Key, lock};
use crate::engine::{Axes, Engine, Point};
use crate::entry::{Entry, Target, gone};
use crate::merge::{Node, Standing, Tree};
use crate::priority::CHILD;
use crate::project::{Exported, JoinedTree};
use crate::read::meant;
use crate::{Contribution, Name, message};

/// What a transform may ask for while it runs.
pub(crate) struct Context<'a> {
    engine: &'a Engine,
    project: usize,
    transform: usize,
    /// The `[[use]]` that extends definitions; it does not see what it adds itself.
    position: Option<usize>,
    /// The paths of the definitions that are asked for, where not all are.
    only: Option<Vec<Vec<Name>>>,
    frame: &'a Arc<Frame>,
}

impl<'a> Context<'a> {
    pub(crate) fn extending(
        engine: &'a Engine,
        project: usize,
        transform: usize,
        position: usize,
        frame: &'a Arc<Frame>,
    ) -> Self {
        Self { engine, project, transform, position: Some(position), only: None, frame }
    }

    pub(crate) fn outputs(
        engine: &'a Engine,
        project: usize,
        transform: usize,
        only: Option<Vec<Vec<Name>>>,
        frame: &'a Arc<Frame>,
    ) -> Self {
        Self { engine, project, transform, position: None, only, frame }
    }

    fn section(&self, project: usize, section: &Name) -> Result<Arc<Tree>, PluginError> {
        let without = self.position.filter(|_| project == self.project);
        let tree = match without {
            None => self.engine.extended(project, section, Some(self.frame)),
            without => self.engine.extended_without(project, section, without, Some(self.frame)),
        };
        tree.map_err(|diagnostic| failed(&diagnostic))
    }
}

impl TransformContext for Context<'_> {
    fn systems(&self) -> Vec<String> {
        self.engine.systems.iter().map(ToString::to_string).collect()
    }

    fn compose(&self, section: &str, how: &Compose) -> Result<Composition, PluginError> {
        let transform = &self.engine.catalogue.transforms[self.transform];
        if !transform.reads.iter().any(|one| one == section) {
            let what = format!("the manifest does not say that it reads `{section}`");
            return Err(PluginError::new(ErrorCode::Refused, what));
        }
        let section = Name::from(section);
        if self.position.is_none() && self.project == 0 {
            self.note_axes(&section, &how.axes);
        }
        let tree = self.section(self.project, &section)?;
        let mut composition =
            Composition { own: self.walk(how, self.project).tree(&tree), ..Composition::default() };
        for Exported { chain, index, world } in self.engine.exported(self.project) {
            let tree = self.section(index, &section)?;
            if tree.root.is_end() && tree.root.here().is_empty() {
                continue;
            }
            let is_adopted = world == self.project;
            // What it extends itself it cannot see as others will.
            if is_adopted && self.position.is_some() {
                continue;
            }
            let joined = (world != index)
                .then(|| self.engine.joined(world, &section, Some(self.frame)))
                .transpose()
                .map_err(|diagnostic| failed(&diagnostic))?;
            let walk = Walk {
                joined: joined.as_deref(),
                priority: Some(CHILD),
                prefix: if is_adopted { &chain } else { &[] },
                only: if is_adopted { self.only.clone() } else { self.only_of(&chain) },
                ..self.walk(how, world)
            };
            let entries = walk.tree(&tree);
            if is_adopted {
                composition.adopted.extend(entries);
            } else {
                composition.children.push((chain, entries));
            }
        }
        Ok(composition)
    }

    fn original(&self) -> Arc<dyn Namespace> {
        self.definitions(false)
    }

    fn extended(&self) -> Arc<dyn Namespace> {
        self.definitions(true)
    }
}

impl Context<'_> {
    /// The paths that are asked for of a project that stands below these names, as they are at its home.
    fn only_of(&self, chain: &[Name]) -> Option<Vec<Vec<Name>>> {
        let only = self.only.as_deref()?;
        if only.iter().any(|path| chain.starts_with(path)) {
            return None;
        }
        Some(only.iter().filter_map(|path| Some(path.strip_prefix(chain)?.to_vec())).collect())
    }

    fn walk<'b>(&'b self, how: &'b Compose, world: usize) -> Walk<'b> {
        Walk {
            engine: self.engine,
            frame: self.frame,
            how,
            world,
            joined: None,
            priority: None,
            prefix: &[],
            only: self.only.clone(),
            axes: combinations(&how.axes),
            systems: match &how.systems {
                Some(systems) if systems.is_empty() => vec![None],
                Some(systems) => {
                    systems.iter().map(|system| Some(Name::from(system.as_str()))).collect()
                }
                None => self.engine.systems.iter().cloned().map(Some).collect(),
            },
            points: Vec::new(),
            path: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Notes for `check` what definitions of a section are evaluated for.
    fn note_axes(&self, section: &Name, axes: &[(String, Vec<String>)]) {
        let shared = |(axis, value): (String, String)| {
            (Name::from(axis.as_str()), Name::from(value.as_str()))
        };
        let all = combinations(axes).into_iter();
        let all = all.map(|one| one.into_iter().map(shared).collect());
        lock(&self.engine.composed)
            .entry(section.clone())
            .or_default()
            .extend::<Vec<Axes>>(all.collect());
    }

    fn definitions(&self, is_extended: bool) -> Arc<dyn Namespace> {
        Arc::new(Definitions {
            engine: self.engine.me.clone(),
            project: self.project,
            is_extended,
            reads: self.engine.catalogue.transforms[self.transform].reads.clone(),
            without: self.position,
            path: Vec::new(),
            frame: self.frame.clone(),
        })
    }
}

fn failed(diagnostic: &Diagnostic) -> PluginError {
    PluginError::new(ErrorCode::Internal, diagnostic.to_string())
}

/// A walk through the definitions of one section.
struct Walk<'a> {
    engine: &'a Engine,
    frame: &'a Arc<Frame>,
    how: &'a Compose,
    world: usize,
    /// Where definitions of a project stand among those that adopt them.
    joined: Option<&'a JoinedTree>,
    /// The priority of the entries, where it is not their own.
    priority: Option<i64>,
    prefix: &'a [Name],
    only: Option<Vec<Vec<Name>>>,
    axes: Vec<Vec<(String, String)>>,
    /// The systems that there is something for unless a definition says otherwise.
    systems: Vec<Option<Name>>,
    /// The points that were needed so far: few, and asked for again with each definition.
    points: Vec<(Point, usize)>,
    path: Vec<Name>,
    found: Vec<DefinitionEntry>,
}

impl Walk<'_> {
    fn tree(mut self, tree: &Tree) -> Vec<DefinitionEntry> {
        if let Some(node) = tree.at(&self.how.path_prefix) {
            self.node(tree, node, &[]);
        }
        self.found
    }

    /// `taken` are the systems for which something above has taken all that is below it.
    fn node(&mut self, tree: &Tree, node: &Node, taken: &[Option<Name>]) {
        let mut taken = std::borrow::Cow::Borrowed(taken);
        if !node.here().is_empty() {
            let mut more: Vec<Option<Name>> = Vec::new();
            for one in node.here().iter().filter(|one| one.system.is_some()) {
                let is_free = self.how.systems.is_none() && !self.engine.is_restricted;
                if is_free && !self.systems.contains(&one.system) && !more.contains(&one.system) {
                    more.push(one.system.clone());
                }
            }
            let wanted = self.systems.len();
            for number in 0..wanted + more.len() {
                let system = self.systems.get(number).unwrap_or_else(|| &more[number - wanted]);
                let system = system.clone();
                if taken.contains(&system) {
                    continue;
                }
                match tree.standing(node, system.as_deref()) {
                    Standing::Nothing | Standing::Branch(_) => continue,
                    Standing::Leaf(definition, _) => self.add(system.as_ref(), definition, None),
                    Standing::Conflict(verdict) => {
                        let path = self.conflict_path(&verdict.conflict[0]);
                        let why = Arc::new(message::conflict(&path, &verdict.conflict));
                        self.add_conflict(system.as_ref(), &verdict.conflict, &why);
                    }
                }
                if !node.is_end() {
                    taken.to_mut().push(system);
                }
            }
        }
        match self.wanted_below() {
            None => {
                for (name, below) in node.below() {
                    self.path.push(name.clone());
                    self.node(tree, below, &taken);
                    self.path.pop();
                }
            }
            Some(names) => {
                for name in names {
                    let Some(below) = node.get(&name) else { continue };
                    self.path.push(name);
                    self.node(tree, below, &taken);
                    self.path.pop();
                }
            }
        }
    }

    /// The names that lead to what is asked for; `None` where all do.
    fn wanted_below(&self) -> Option<BTreeSet<Name>> {
        let only = self.only.as_deref()?;
        let here = || self.prefix.iter().chain(&self.path);
        let depth = self.prefix.len() + self.path.len();
        let mut names = BTreeSet::new();
        for path in only.iter().filter(|path| path.iter().zip(here()).all(|(one, two)| one == two))
        {
            names.insert(path.get(depth)?.clone());
        }
        Some(names)
    }

    /// All names that take part in a conflict are listed.
    fn add_conflict(
        &mut self,
        system: Option<&Name>,
        conflict: &[Arc<Contribution>],
        why: &Arc<Diagnostic>,
    ) {
        let mut listed: Vec<&[Name]> = Vec::new();
        let here = self.path.clone();
        for one in conflict {
            let path = &one.path[(1 + self.how.path_prefix.len()).min(one.path.len())..];
            if !listed.contains(&path) {
                listed.push(path);
                self.path = path.to_vec();
                self.add(system, one.clone(), Some(why));
            }
        }
        self.path = here;
    }

    fn conflict_path(&self, one: &Contribution) -> Vec<Name> {
        let section = one.path.first().cloned();
        let prefix = self.how.path_prefix.iter().map(|name| Name::from(name.as_str()));
        section.into_iter().chain(prefix).chain(self.path.iter().cloned()).collect()
    }

    fn point(&mut self, system: Option<&Name>, axes: &[(String, String)]) -> usize {
        let shared = |(axis, value): &(String, String)| {
            (Name::from(axis.as_str()), Name::from(value.as_str()))
        };
        let is_same = |point: &Point| {
            let same = |(one, other): (&(Name, Name), &(String, String))| {
                *one.0 == *other.0 && *one.1 == *other.1
            };
            point.system.as_ref() == system
                && point.axes.len() == axes.len()
                && point.axes.iter().zip(axes).all(same)
        };
        if let Some((_, number)) = self.points.iter().find(|(point, _)| is_same(point)) {
            return *number;
        }
        let point = Point { system: system.cloned(), axes: axes.iter().map(shared).collect() };
        let number = self.engine.point_number(&point);
        self.points.push((point, number));
        number
    }

    fn add(
        &mut self,
        system: Option<&Name>,
        definition: Arc<Contribution>,
        conflict: Option<&Arc<Diagnostic>>,
    ) {
        let names = |path: &[Name]| -> Arc<[Name]> {
            match self.prefix {
                [] => path.into(),
                prefix => [prefix, path].concat().into(),
            }
        };
        let path = names(&self.path);
        let namespace =
            if self.path.is_empty() { names(&["default".into()]) } else { path.clone() };
        let priority = self.priority.unwrap_or(definition.priority);
        let origin = definition.lineage.origin.clone();
        let definition = match self.joined {
            Some(joined) => joined.of(&definition),
            None => definition,
        };
        for number in 0..self.axes.len() {
            let axes = self.axes[number].clone();
            let point = self.point(system, &axes);
            let key = Key { world: self.world, point, definition: definition.clone() };
            let target = match conflict {
                Some(why) => Target::Conflict(key, why.clone()),
                None => Target::Definition(key),
            };
            let frame = Some(self.frame.clone());
            self.found.push(DefinitionEntry {
                path: path.clone(),
                namespace: namespace.clone(),
                system: system.cloned(),
                axes,
                origin: origin.clone(),
                priority,
                value: Arc::new(Entry { engine: self.engine.me.clone(), target, priority, frame }),
            });
        }
    }
}

/// Each value of each axis with each value of the others.
fn combinations(axes: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    axes.iter().fold(vec![Vec::new()], |found, (axis, values)| {
        let with = |one: &Vec<(String, String)>| {
            let one = one.clone();
            values.iter().map(move |value| {
                one.iter().cloned().chain([(axis.clone(), value.clone())]).collect()
            })
        };
        found.iter().flat_map(with).collect()
    })
}

/// The sections that a transform reads, with their definitions: `ctx.original`, `ctx.final`. What is
/// for all systems is there under its name, and evaluated without one.
struct Definitions {
    engine: Weak<Engine>,
    project: usize,
    is_extended: bool,
    reads: Vec<String>,
    without: Option<usize>,
    path: Vec<Name>,
    frame: Arc<Frame>,
}

impl Definitions {
    fn tree(&self, engine: &Engine) -> Result<Arc<Tree>, Arc<Diagnostic>> {
        let Some(section) = self.path.first() else { return Ok(Arc::default()) };
        let frame = Some(&self.frame);
        match (self.is_extended, self.without) {
            (false, _) => {
                Ok(engine.original(self.project).get(section).cloned().unwrap_or_default())
            }
            (true, None) => engine.extended(self.project, section, frame),
            (true, without) => engine.extended_without(self.project, section, without, frame),
        }
    }
}

impl Namespace for Definitions {
    fn described(&self) -> String {
        let first = if self.is_extended { "final" } else { "original" };
        let names = [Name::from(first)].into_iter().chain(self.path.iter().cloned());
        crate::path_text(&names.collect::<Vec<_>>())
    }

    fn names(&self) -> Vec<String> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        if self.path.is_empty() {
            return self.reads.clone();
        }
        let Ok(tree) = self.tree(&engine) else { return Vec::new() };
        let node = tree.at(&self.path[1..]);
        node.into_iter().flat_map(Node::below).map(|(name, _)| name.to_string()).collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let Some(engine) = self.engine.upgrade() else { return Some(Err(gone())) };
        let below = |name: &str| {
            Argument::Namespace(Arc::new(Self {
                engine: self.engine.clone(),
                project: self.project,
                is_extended: self.is_extended,
                reads: self.reads.clone(),
                without: self.without,
                path: self.path.iter().cloned().chain([name.into()]).collect(),
                frame: self.frame.clone(),
            }))
        };
        if self.path.is_empty() {
            return match meant(self.reads.iter().map(String::as_str), name) {
                Ok(section) => Some(Ok(below(section?))),
                Err(two) => Some(Err(message::folds_alike(name, None, two.map(|one| (one, None))))),
            };
        }
        let tree = match self.tree(&engine) {
            Ok(tree) => tree,
            Err(diagnostic) => return Some(Err(Arc::unwrap_or_clone(diagnostic))),
        };
        let node = tree.at(&self.path[1..])?;
        let name = match node.get(name) {
            Some(_) => name.into(),
            None => match node.folded(name).as_slice() {
                [one, other, ..] => {
                    let two = [*one, *other].map(|one| (one.as_ref(), None));
                    return Some(Err(message::folds_alike(name, None, two)));
                }
                alike => alike.first().copied()?.clone(),
            },
        };
        match tree.standing(node.get(&name)?, None) {
            Standing::Nothing => None,
            Standing::Branch(_) => Some(Ok(below(&name))),
            Standing::Leaf(definition, _) => {
                let point = engine.point_of(None);
                let key = Key { world: self.project, point, definition };
                let value = engine.force(&key, Some(&self.frame), None);
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
