//! Evaluation: what a definition needs is known from the syntax, so it is planned before anything
//! runs, and done in an order in which everything is there when it is asked for. Chains may be as long
//! as they like, and circles are found before anything runs.

mod plan;
mod workers;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use purlin_model::{Diagnostic, Kind, Origin, Value};
use purlin_plugin::language::{
    Argument, Function, FunctionRef, LeafType, ParameterKind, Sources, WrittenLeaf,
};

use crate::board::{Asker, Frame, Key, Outcome, Task, current};
use crate::catalogue::LeafFeature;
use crate::engine::Engine;
use crate::entry::{Entry, Target};
use crate::file::{DefinitionFile, Indexed};
use crate::mix::Mixing;
use crate::read::{read_toml_file, validated};
use crate::scope::Supply;
use crate::{Content, Contribution, message};
use plan::Plan;

/// A value, or why there is none. Those that need it share the reason.
pub(crate) type Forced = Result<Argument, Arc<Diagnostic>>;

/// How deeply evaluations may lie in each other. Parameters do not count: only what is looked up in
/// `pkgs`, `self` and folders while a definition runs. The language has the stack for it.
pub(crate) const DEEPEST: usize = 5_000;

/// So many are planned at once. Their files are syntax trees until they are evaluated, and those are
/// larger than what comes of them.
const AT_ONCE: usize = 500;

/// What a definition in the language is.
pub(crate) enum Callable<'a> {
    Function(Cow<'a, Function>),
    Constant(String),
}

impl Engine {
    /// Evaluates one definition and all that it needs.
    pub(crate) fn force(
        &self,
        key: &Key,
        frame: Option<&Arc<Frame>>,
        asked: Option<&Origin>,
    ) -> Forced {
        let task = Task::Definition(key.clone());
        if let Some(Outcome::Value(value)) = self.board.done(&task) {
            return value;
        }
        let frame = current(frame);
        if frame.as_ref().is_some_and(|frame| frame.depth > DEEPEST) {
            return Err(Arc::new(message::too_deep(key)));
        }
        let asker = Asker { frame, asked: asked.cloned(), between: None };
        let run = |is_in_order| {
            let plan = Plan::new(self, std::slice::from_ref(key), asker.frame.as_ref());
            Arc::new(plan.in_order(is_in_order)).run(self, &asker);
            self.outcome(key, &asker)
        };
        let forced = run(false);
        if asker.frame.is_some() || !forced.as_ref().is_err_and(|why| depends_on_order(why)) {
            return forced;
        }
        self.board.forget(depends_on_order);
        run(true)
    }

    /// Evaluates many at once, on all processors. The results are in the order of the keys.
    pub(crate) fn force_all(&self, keys: &[Key]) -> Vec<Forced> {
        let asker = Asker::default();
        // One definition for one system after the other: its file is at hand then.
        let mut first: HashMap<usize, usize, Mixing> = HashMap::default();
        let mut order: Vec<(usize, &Key)> = Vec::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            let definition = Arc::as_ptr(&key.definition).addr();
            order.push((*first.entry(definition).or_insert(place), key));
        }
        order.sort_by_key(|(place, _)| *place);
        let order: Vec<Key> = order.into_iter().map(|(_, key)| key.clone()).collect();
        let run = |is_in_order| {
            for some in order.chunks(AT_ONCE) {
                let plan = Plan::new(self, some, None).of_many().in_order(is_in_order);
                Arc::new(plan).run(self, &asker);
            }
            keys.iter().map(|key| self.outcome(key, &asker)).collect::<Vec<_>>()
        };
        let forced = run(false);
        if !forced.iter().any(|one| one.as_ref().is_err_and(|why| depends_on_order(why))) {
            return forced;
        }
        self.board.forget(depends_on_order);
        run(true)
    }

    fn outcome(&self, key: &Key, asker: &Asker) -> Forced {
        let task = Task::Definition(key.clone());
        if let Some(Outcome::Value(value)) = self.board.done(&task) {
            return value;
        }
        // It was just done, unless it needs itself.
        let internal = || Err(Arc::new(message::nothing_came_of(key)));
        match self.board.run(&task, asker, |_| Outcome::Value(internal())) {
            Ok(Outcome::Value(value)) => value,
            Ok(Outcome::Fragments(_)) => internal(),
            Err(circle) => Err(Arc::new(message::circle(self, &circle))),
        }
    }

    /// What a definition in the language is, from the syntax of its file.
    pub(crate) fn callable<'a>(
        &self,
        index: &'a Indexed,
        file: &DefinitionFile,
        name: Option<&str>,
    ) -> Result<Callable<'a>, Diagnostic> {
        let own = file.own_name();
        let names = match name {
            Some(name) => vec![name],
            None => ["default"].into_iter().chain(own.as_deref()).collect(),
        };
        for name in &names {
            if let Some(function) = index.function(name) {
                return Ok(Callable::Function(Cow::Borrowed(function)));
            }
        }
        for name in &names {
            if index.has_constant(name) {
                return Ok(match self.loaded(index, file, name)? {
                    Some(function) => Callable::Function(Cow::Owned(function)),
                    None => Callable::Constant((*name).to_owned()),
                });
            }
        }
        Err(message::no_prototype(file, &names))
    }

    /// A function of another file that this one loads, under the name that it has here.
    fn loaded(
        &self,
        index: &Indexed,
        file: &DefinitionFile,
        name: &str,
    ) -> Result<Option<Function>, Diagnostic> {
        let Some(loaded) = index.index.loaded.get(name) else { return Ok(None) };
        let from = file.source(&self.files)?;
        // What cannot be loaded is told with its place when the file is evaluated.
        let Ok(there) = Sources::load(&*self.files, &loaded.label, &from) else { return Ok(None) };
        let there = self.language.index(&there).map_err(first)?;
        let function = there.functions.iter().find(|function| function.name == loaded.name);
        Ok(function.map(|function| Function { name: name.to_owned(), ..function.clone() }))
    }

    /// Evaluates a definition whose parameters are filled. Where it is one of few, no more of its file
    /// is looked at than it needs. A leaf that says no name of its own has that of the definition.
    pub(crate) fn evaluate(
        &self,
        key: &Key,
        supplies: &[(String, Origin, Supply)],
        is_among_few: bool,
        frame: &Arc<Frame>,
    ) -> Forced {
        let value = self.evaluated(key, supplies, is_among_few, frame)?;
        let Some(name) = key.definition.path.last().filter(|_| key.definition.path.len() > 1)
        else {
            return Ok(value);
        };
        Ok(named(value, name))
    }

    fn evaluated(
        &self,
        key: &Key,
        supplies: &[(String, Origin, Supply)],
        is_among_few: bool,
        frame: &Arc<Frame>,
    ) -> Forced {
        let definition = &key.definition;
        match &definition.content {
            Content::Prototype { file, name } => {
                let source = file.source(&self.files)?;
                let index = file.index(&self.files, &*self.language).map_err(first)?;
                match self.callable(&index, file, name.as_deref())? {
                    Callable::Constant(name) => {
                        let value = self.language.constant(&source, &name)?;
                        if value.is_function() {
                            return Err(Arc::new(message::no_def(key, &name, &*value)));
                        }
                        self.fitting(key, Argument::Value(value))
                    }
                    Callable::Function(function) => {
                        let mut arguments = Vec::with_capacity(supplies.len());
                        for (name, asked, supply) in supplies {
                            let argument = self.filled(supply, key, asked, frame)?;
                            arguments.push((name.clone(), argument));
                        }
                        let function = FunctionRef { source, name: function.name.clone() };
                        let value = match is_among_few {
                            true => self.language.call_alone(&function, &arguments)?,
                            false => self.language.call(&function, &arguments)?,
                        };
                        self.fitting(key, Argument::Value(value))
                    }
                }
            }
            Content::Toml(file) => {
                let section = definition.path.first().map_or("", |section| section);
                Ok(read_toml_file(&self.catalogue, &self.files, section, file).map_err(first)?)
            }
            Content::Data(value) => Ok(Argument::Data(value.clone())),
            Content::Leaf(leaf, value) => Ok(validated(leaf, value).map_err(first)?),
            Content::Lazy(lazy) => self.fitting(key, lazy.force()?),
            Content::Value(argument) => Ok(argument.clone()),
        }
    }

    /// A value, if its section holds such: where leaves of a type are, nothing else is but functions that
    /// make them.
    fn fitting(&self, key: &Key, value: Argument) -> Forced {
        let section = key.definition.path.first().map_or("", |section| section);
        let mut leaves = self.catalogue.leaves_of(section).peekable();
        if leaves.peek().is_none() {
            return Ok(value);
        }
        let made = match &value {
            Argument::Value(handle) => handle.leaf(),
            Argument::Leaf(written) => Some(written.leaf.clone()),
            Argument::Data(_) | Argument::Constructor(_) | Argument::Namespace(_) => None,
        };
        let fits = match (&made, &value) {
            (Some(made), _) => leaves.any(|leaf| leaf.head.name == made.name),
            (None, Argument::Value(handle)) => handle.is_function(),
            (None, argument) => matches!(argument, Argument::Constructor(_)),
        };
        if fits {
            return Ok(value);
        }
        let wanted: Vec<&LeafFeature> = self.catalogue.leaves_of(section).collect();
        Err(Arc::new(message::misfit(key, &wanted, &value, made.as_deref())))
    }

    /// What fills a parameter. Other definitions are done by now.
    fn filled(&self, supply: &Supply, key: &Key, asked: &Origin, frame: &Arc<Frame>) -> Forced {
        match supply {
            Supply::Definition(needed) => {
                let (frame, asked) = (Some(frame.clone()), Some(asked.clone()));
                self.outcome(needed, &Asker { frame, asked, between: None })
            }
            supply => Ok(self.argument(supply.clone(), key, asked, Some(frame))?),
        }
    }

    /// What a definition needs before it can run, by parameter.
    pub(crate) fn needs(
        &self,
        key: &Key,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Vec<(String, Origin, Supply)>, Arc<Diagnostic>> {
        let (file, name) = match &key.definition.content {
            Content::Prototype { file, name } => (file, name),
            Content::Lazy(lazy) => {
                let entry = lazy.as_any().and_then(|any| any.downcast_ref::<Entry>());
                let origin = key.definition.lineage.origin.clone();
                let needed = entry.and_then(|entry| match &entry.target {
                    Target::Definition(key) => Some(Supply::Definition(key.clone())),
                    Target::Conflict(..) => None,
                });
                return Ok(needed.map(|one| (String::new(), origin, one)).into_iter().collect());
            }
            _ => return Ok(Vec::new()),
        };
        let index = file.index(&self.files, &*self.language).map_err(first)?;
        let Callable::Function(function) = self.callable(&index, file, name.as_deref())? else {
            return Ok(Vec::new());
        };
        let mut needs = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            if parameter.kind == ParameterKind::Rest {
                continue;
            }
            let found = self.supply(key, &parameter.name, &parameter.origin, frame);
            match found {
                Some((_, supply)) => {
                    needs.push((parameter.name.clone(), parameter.origin.clone(), supply));
                }
                None if parameter.kind == ParameterKind::Optional => {}
                None => return Err(Arc::new(self.missing(key, parameter))),
            }
        }
        Ok(needs)
    }

    /// What an output is, evaluated.
    pub(crate) fn output_value(
        &self,
        output: &Contribution,
        frame: Option<&Arc<Frame>>,
        asked: Option<&Origin>,
    ) -> Forced {
        match &output.content {
            Content::Lazy(lazy) => match lazy.as_any().and_then(|any| any.downcast_ref()) {
                Some(Entry { target: Target::Definition(key), .. }) => {
                    self.force(key, frame, asked)
                }
                _ => Ok(lazy.force()?),
            },
            Content::Data(value) => Ok(Argument::Data(value.clone())),
            Content::Value(argument) => Ok(argument.clone()),
            Content::Leaf(leaf, value) => Ok(validated(leaf, value).map_err(first)?),
            Content::Prototype { .. } | Content::Toml(_) => {
                Err(Arc::new(message::no_output(&output.path)))
            }
        }
    }
}

/// Of circles that go through each other, the thread that comes first closes one; and how deep something
/// lies depends on where it was begun. Done in order, that is told alike each time.
fn depends_on_order(why: &Diagnostic) -> bool {
    why.code == message::CYCLE || why.code == message::TOO_DEEP
}

/// A leaf with a name, unless it has one or may have none.
fn named(value: Argument, name: &str) -> Argument {
    match value {
        Argument::Value(handle) => Argument::Value(handle.named(name).unwrap_or(handle)),
        Argument::Leaf(written)
            if written.leaf.has_name && written.fields.get(LeafType::NAME).is_none() =>
        {
            let mut data = written.fields.clone();
            let origin = data.origin.clone();
            if let Kind::Table(table) = &mut data.kind {
                let text = Value::new(Kind::String(name.to_owned()), origin.clone());
                table.insert(LeafType::NAME.to_owned(), origin, text);
            }
            Argument::Leaf(WrittenLeaf::new(written.leaf.clone(), data))
        }
        value => value,
    }
}

/// The first of several mistakes, which says how many there are.
pub(crate) fn first(mut mistakes: Vec<Diagnostic>) -> Diagnostic {
    let more = mistakes.len() - 1;
    let mut first = mistakes.remove(0);
    if more > 0 {
        let others = mistakes.iter().map(|one| format!("- {one}"));
        let others = others.collect::<Vec<_>>().join("\n");
        let separator = if first.detail.is_empty() { "" } else { "\n" };
        first.detail.push_str(&format!("{separator}There is more:\n{others}"));
    }
    first
}
