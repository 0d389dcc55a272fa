//! The outputs phase: what transforms make of the definitions, merged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use purlin_model::{Diagnostic, Kind, Origin, Table, Value};
use purlin_plugin::language::{Argument, Datum};
use purlin_plugin::transform::{Fragment, Payload};
use serde_json::{Map, Value as Json};

use crate::board::{Added, Asker, Frame, Outcome, Task, current, lock};
use crate::compose::Context;
use crate::engine::Engine;
use crate::entry::Entry;
use crate::force::first;
use crate::fragment::{LONG_PATH, checked, of_system, says_system};
use crate::merge::Tree;
use crate::message::CYCLE;
use crate::priority::{EXTENSION, PASSTHRU};
use crate::read::Used;
use crate::{Content, Contribution, Layer, Lineage, Name, Phase, Step, message};

impl Engine {
    /// The output roots that there may be, sorted.
    pub(crate) fn output_roots(&self, project: usize) -> Vec<Name> {
        let mut roots = self.catalogue.output_roots();
        let passthru = self.projects[project].document.passthru.as_ref();
        let passthru = passthru.and_then(Value::as_table).into_iter().flat_map(Table::keys);
        roots.extend(passthru.map(Name::from));
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    /// Everything below one output root. Only the transforms that own it are run.
    pub(crate) fn output_tree(
        &self,
        project: usize,
        root: &Name,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<Tree>, Arc<Diagnostic>> {
        let key = (project, root.clone());
        if let Some(tree) = lock(&self.outputs).get(&key) {
            return Ok(tree.clone());
        }
        let mut tree = Tree::new(self.rules(root));
        let mut failed = None;
        for number in self.owners(root) {
            match self.made(project, number, frame) {
                Ok(made) => tree.extend(made.of_root(root)),
                // What comes of a circle would depend on who asks first.
                Err(why) if why.code == CYCLE => return Err(why),
                Err(why) => {
                    failed.get_or_insert(why);
                }
            }
        }
        tree.extend(self.passed_through(project, root));
        if let Some(why) = failed {
            self.report([(*why).clone()]);
            lock(&self.failed).insert(key.clone(), why);
        }
        Ok(lock(&self.outputs).entry(key).or_insert_with(|| Arc::new(tree)).clone())
    }

    /// What is at and below one output path of the workspace, and above it, where the transforms that
    /// own its root can tell which definitions that is made of. Nobody is told what is wrong with it:
    /// where there is nothing, whoever asks looks at all.
    pub(crate) fn narrow_tree(&self, path: &[Name]) -> Option<Tree> {
        let root = path.first()?;
        if lock(&self.outputs).contains_key(&(0, root.clone())) {
            return None;
        }
        let owners: Vec<usize> = self.owners(root).collect();
        let mut calls = Vec::new();
        for number in owners {
            let code = (self.catalogue.transforms[number].load)().ok()?;
            for (options, _) in self.calls(0, number).ok()? {
                code.made_of(&options, path)?;
            }
            calls.push(number);
        }
        let question = self.questions.fetch_add(1, Ordering::Relaxed);
        let mut tree = Tree::new(self.rules(root));
        for transform in calls {
            let task = Task::Output { transform, question };
            let asker = Asker { frame: current(None), ..Asker::default() };
            let outcome = self.board.run(&task, &asker, |frame| {
                let made = self.make(0, transform, Some(path), frame);
                Outcome::Fragments(made.map(Arc::new).map_err(Arc::new))
            });
            let Ok(Outcome::Fragments(Ok(made))) = outcome else { return None };
            tree.extend(made.of_root(root));
        }
        tree.extend(self.passed_through(0, root));
        Some(tree)
    }

    /// The transforms that own an output root.
    fn owners(&self, root: &Name) -> impl Iterator<Item = usize> {
        let transforms = self.catalogue.transforms.iter().enumerate();
        let owners = transforms.filter(|(_, one)| one.outputs.iter().any(|own| **own == **root));
        owners.map(|(number, _)| number)
    }

    /// What the document says of an output root itself.
    fn passed_through(&self, project: usize, root: &Name) -> Vec<Arc<Contribution>> {
        let here = &self.projects[project];
        let passthru = here.document.passthru.as_ref().and_then(|table| table.get(root));
        let Some(value) = passthru else { return Vec::new() };
        let lineage = Lineage {
            project: here.place.clone(),
            layer: Layer::Passthru,
            origin: value.origin.clone(),
            step: None,
        };
        let mut making = Making { priority: PASSTHRU, lineage, through: None, found: Vec::new() };
        making.data(&mut vec![root.clone()], value);
        making.found
    }

    /// Why something may be missing below an output root.
    pub(crate) fn output_failure(&self, project: usize, root: &Name) -> Option<Arc<Diagnostic>> {
        lock(&self.failed).get(&(project, root.clone())).cloned()
    }

    /// What a transform makes; it is called once.
    fn made(
        &self,
        project: usize,
        transform: usize,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<Added>, Arc<Diagnostic>> {
        let task = Task::Outputs { project, transform };
        let asker = Asker { frame: current(frame), ..Asker::default() };
        let outcome = self.board.run(&task, &asker, |frame| {
            let made = self.make(project, transform, None, frame);
            Outcome::Fragments(made.map(Arc::new).map_err(Arc::new))
        });
        match outcome {
            Ok(Outcome::Fragments(made)) => made,
            Ok(Outcome::Value(value)) => Err(value.err().unwrap_or_else(|| {
                Arc::new(Diagnostic::error("internal", "a transform gave a value"))
            })),
            Err(circle) => Err(Arc::new(message::circle(self, &circle))),
        }
    }

    /// How a transform is called: by each `[[use]]` of it, or with its defaults.
    fn calls(&self, project: usize, number: usize) -> Result<Vec<(Json, Origin)>, Diagnostic> {
        let uses = self.projects[project].document.uses.iter();
        let mut calls: Vec<(Json, Origin)> = uses
            .filter(|used| used.what == Used::Transform(number))
            .map(|used| (used.options.clone(), used.origin.clone()))
            .collect();
        if calls.is_empty() {
            // Nobody names it: it works with its defaults, if it can.
            let head = &self.catalogue.transforms[number].head;
            let options = self.default_options(number)?;
            calls.extend(options.map(|options| (options, head.origin.clone())));
        }
        Ok(calls)
    }

    /// What a transform makes; only what may be at `path`, if one is asked for.
    fn make(
        &self,
        project: usize,
        number: usize,
        path: Option<&[Name]>,
        frame: &Arc<Frame>,
    ) -> Result<Added, Diagnostic> {
        let transform = &self.catalogue.transforms[number];
        let head = &transform.head;
        let code = (transform.load)().map_err(first)?;
        let calls = self.calls(project, number)?;
        let mut found = Vec::new();
        for (options, origin) in calls {
            let only = path.and_then(|path| code.made_of(&options, path));
            let context = Context::outputs(self, project, number, only, frame);
            let fragments = code.outputs(&context, &options, &*self.catalogue.host);
            let fragments = fragments.map_err(|error| {
                message::plugin_failed(&head.plugin, &head.name, "outputs", &error, &origin)
            })?;
            let step = Arc::new(Step {
                phase: Phase::Outputs,
                plugin: Name::from(head.plugin.as_str()),
                feature: Name::from(head.name.as_str()),
                origin: origin.clone(),
            });
            for mut fragment in fragments {
                let owns = |root: &str| transform.outputs.iter().any(|one| one == root);
                of_system(&self.catalogue, &fragment, head)?;
                let is_said = says_system(&self.catalogue, &fragment, head)?;
                // What is made for one system stands below its name, where definitions of systems stand, too.
                if let Some(system) = fragment.system.take().filter(|_| !is_said) {
                    fragment.path.insert(1.min(fragment.path.len()), system);
                }
                match checked(&fragment, head, Phase::Outputs, owns) {
                    Ok(()) => {}
                    // One name spoils itself.
                    Err(why) if why.code == LONG_PATH => {
                        self.report([why]);
                        continue;
                    }
                    Err(why) => return Err(why),
                }
                self.add_output(project, fragment, &step, &mut found)?;
            }
        }
        Ok(Added { found, ..Added::default() })
    }

    fn default_options(&self, transform: usize) -> Result<Option<Json>, Diagnostic> {
        let transform = &self.catalogue.transforms[transform];
        let schema = (transform.schema)().map_err(first)?;
        let empty = Value::new(Kind::Table(Table::default()), transform.head.origin.clone());
        Ok(match &*schema {
            Some(schema) => schema.validate(&empty).value.map(|value| value.to_json()),
            None => Some(Json::Object(Map::new())),
        })
    }

    fn add_output(
        &self,
        project: usize,
        fragment: Fragment,
        step: &Arc<Step>,
        found: &mut Vec<Arc<Contribution>>,
    ) -> Result<(), Diagnostic> {
        let mut path = fragment.path;
        let entry = match &fragment.payload {
            Payload::Lazy(lazy) => lazy.as_any().and_then(|any| any.downcast_ref::<Entry>()),
            _ => None,
        };
        let priority = fragment.priority.or(entry.map(|entry| entry.priority));
        let through = Some(step.clone());
        if let Some(entry) = entry {
            found.push(Arc::new(Contribution {
                path,
                system: None,
                priority: priority.unwrap_or(EXTENSION),
                at_home: entry.key().definition.at_home,
                lineage: put_out(&entry.key().definition.lineage, project),
                content: Content::Lazy(match fragment.payload {
                    Payload::Lazy(lazy) => lazy,
                    _ => return Ok(()),
                }),
                through,
                inject: None,
            }));
            return Ok(());
        }
        let origin = fragment.origin.unwrap_or_else(|| step.origin.clone());
        let lineage = Lineage {
            project: self.projects[project].place.clone(),
            layer: Layer::Extension,
            origin: origin.clone(),
            step: None,
        };
        let priority = priority.unwrap_or(EXTENSION);
        let mut making = Making { priority, lineage, through, found: Vec::new() };
        match fragment.payload {
            Payload::Data(data) => making.data(&mut path, &Value::from_json(&data, &origin)),
            Payload::Value(Argument::Data(data)) => making.data(&mut path, &data),
            Payload::Value(Argument::Value(handle)) => match handle.datum() {
                datum @ Datum::Table(_) => making.datum(&mut path, datum, &origin),
                _ => making.add(&path, Content::Value(Argument::Value(handle))),
            },
            Payload::Value(value) => making.add(&path, Content::Value(value)),
            Payload::Lazy(lazy) => making.add(&path, Content::Lazy(lazy)),
            Payload::File(_) | Payload::Folder { .. } => return Err(message::no_output(&path)),
        }
        found.append(&mut making.found);
        Ok(())
    }
}

/// Who wrote an output, to the project that puts it out.
fn put_out(lineage: &Arc<Lineage>, project: usize) -> Arc<Lineage> {
    if lineage.project.index == project || lineage.layer == Layer::Child {
        return lineage.clone();
    }
    Arc::new(Lineage { layer: Layer::Child, ..(**lineage).clone() })
}

/// Values on their way into outputs: tables become branches.
struct Making {
    priority: i64,
    lineage: Lineage,
    through: Option<Arc<Step>>,
    found: Vec<Arc<Contribution>>,
}

impl Making {
    fn data(&mut self, path: &mut Vec<Name>, value: &Value) {
        let Some(table) = value.as_table() else {
            self.lineage.origin = value.origin.clone();
            return self.add(path, Content::Data(value.clone()));
        };
        for (name, entry) in table.iter() {
            path.push(name.into());
            self.data(path, &entry.value);
            path.pop();
        }
    }

    fn datum(&mut self, path: &mut Vec<Name>, datum: Datum, origin: &Origin) {
        let content = match datum {
            Datum::Table(entries) => {
                for (name, datum) in entries {
                    path.push(name.into());
                    self.datum(path, datum, origin);
                    path.pop();
                }
                return;
            }
            Datum::Leaf(handle) | Datum::Function(handle) => {
                Content::Value(Argument::Value(handle))
            }
            datum => Content::Data(Value::from_json(&crate::show::datum_json(&datum), origin)),
        };
        self.add(path, content);
    }

    fn add(&mut self, path: &[Name], content: Content) {
        self.found.push(Arc::new(Contribution {
            path: path.to_vec(),
            system: None,
            content,
            priority: self.priority,
            at_home: self.priority,
            lineage: Arc::new(self.lineage.clone()),
            through: self.through.clone(),
            inject: None,
        }));
    }
}
