//! Who wrote a value, and what became of everything else at its path.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin};
use purlin_plugin::language::{Argument, Parameter, ParameterKind};
use serde_json::{Map, Value as Json, json};

use crate::board::Key;
use crate::engine::Engine;
use crate::entry::{Entry, Target};
use crate::force::Callable;
use crate::merge::{Standing, Verdict};
use crate::message::UNKNOWN_PATH;
use crate::names::ScopeNames;
use crate::scope::{Level, Supply};
use crate::{Content, Contribution, Name, Step, message, path_text};

/// The answer of `explain`.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The path that was asked for.
    pub path: String,
    /// The leaf type, where it is known without evaluating anything.
    pub kind: Option<String>,
    /// What counts; `None` for a conflict or a branch.
    pub winner: Option<Told>,
    /// What says the same, or is joined in the winner.
    pub agreeing: Vec<Told>,
    /// What lost.
    pub shadowed: Vec<Told>,
    /// What excludes each other.
    pub conflicts: Vec<Told>,
    /// What the parameters of the definition were filled with, by name.
    pub injected: Vec<(String, Told)>,
    /// The system that it is for, and further axes.
    pub axes: Vec<(String, String)>,
}

/// What fills a parameter, and where that was found.
type Filled = Option<(Level, Supply)>;

/// Who wrote one value.
#[derive(Debug, Clone)]
pub struct Told {
    /// `author`, `extension`, `child`, `base`, `passthru`; for arguments also `injected`, `reserved`,
    /// `conflict`, `failed` and `missing`.
    pub layer: &'static str,
    /// Its priority; the smallest counts.
    pub priority: Option<i64>,
    /// The place in a file.
    pub origin: Origin,
    /// What it is called where it was defined.
    pub path: String,
    /// The names that lead to its project; empty for the workspace's own.
    pub project: Vec<String>,
    /// The plugin that brought it into the definitions, or made the output without one.
    pub plugin: Option<String>,
    /// The plugins that it went through, in order.
    pub via: Vec<Arc<Step>>,
}

impl Engine {
    pub(crate) fn explanation(&self, path: &[String]) -> Result<Explanation, Diagnostic> {
        if path.is_empty() {
            return Err(message::no_value(path));
        }
        let place = match self.place(path) {
            Ok(place) => place,
            Err(diagnostic) => return self.definition(path).ok_or(diagnostic),
        };
        let node = place.node().ok_or_else(|| message::no_value(path))?;
        let mut explanation = Explanation::new(path);
        match place.tree.standing(node, None) {
            Standing::Nothing => return Err(message::no_value(path)),
            Standing::Branch(verdict) => self.add(&verdict, &mut explanation),
            Standing::Conflict(verdict) => self.add(&verdict, &mut explanation),
            Standing::Leaf(output, verdict) => {
                explanation.kind = self.type_of(&output);
                explanation.winner = Some(self.told(&output));
                self.add(&verdict, &mut explanation);
                self.add_definition(&output, &mut explanation);
            }
        }
        Ok(explanation)
    }

    /// What is known of the definition that an output was made of.
    fn add_definition(&self, output: &Contribution, explanation: &mut Explanation) {
        let Content::Lazy(lazy) = &output.content else { return };
        let Some(entry) = lazy.as_any().and_then(|any| any.downcast_ref::<Entry>()) else { return };
        self.add_key(entry.key(), output.through.as_ref(), explanation);
        if let Target::Conflict(key, _) = &entry.target {
            self.add_conflict(key, explanation);
        }
    }

    /// Definitions that exclude each other may stand at several paths, one below the other.
    fn add_conflict(&self, key: &Key, explanation: &mut Explanation) {
        explanation.winner = None;
        let Some((section, path)) = key.definition.path.split_first() else { return };
        let Ok(joined) = self.joined(key.world, section, None) else { return };
        let point = self.point(key.point);
        for length in 0..=path.len() {
            let Some(node) = joined.tree.at(&path[..length]) else { return };
            if let Standing::Conflict(verdict) = joined.tree.standing(node, point.system.as_deref())
            {
                explanation.conflicts = self.told_all(&verdict.conflict);
                return;
            }
        }
    }

    /// What is known of a definition. `through` made the output of it.
    fn add_key(&self, key: &Key, through: Option<&Arc<Step>>, explanation: &mut Explanation) {
        let point = self.point(key.point);
        if let Some(system) = &point.system {
            explanation.axes.push(("system".to_owned(), system.to_string()));
        }
        let axes = point.axes.iter().map(|(axis, value)| (axis.to_string(), value.to_string()));
        explanation.axes.extend(axes);
        let Some((section, path)) = key.definition.path.split_first() else { return };
        // What was joined is made anew each time.
        let is_other = |one: &&Arc<Contribution>| {
            !Arc::ptr_eq(one, &key.definition)
                && !Arc::ptr_eq(&one.lineage, &key.definition.lineage)
        };
        let is_adopted = key.home() != key.world;
        if let Ok(joined) = self.joined(key.world, section, None)
            && let Some(node) = joined.tree.at(path)
        {
            match joined.tree.standing(node, point.system.as_deref()) {
                Standing::Leaf(winner, verdict) if !is_adopted || !is_other(&&winner) => {
                    let all = std::iter::once(&winner).chain(&verdict.shadowed).filter(is_other);
                    explanation.shadowed.extend(all.map(|one| self.told(one)));
                    explanation.agreeing.extend(self.told_all(&verdict.agreeing));
                }
                // What an adopted project puts out counts there, whatever has its name here.
                _ if is_adopted => self.add_home(key, explanation),
                Standing::Conflict(verdict) => {
                    explanation.conflicts = self.told_all(&verdict.conflict);
                    explanation.shadowed.extend(self.told_all(&verdict.shadowed));
                    explanation.winner = None;
                }
                Standing::Leaf(..) | Standing::Nothing | Standing::Branch(_) => {}
            }
        }
        for (name, parameter, found) in self.parameters(key) {
            let told = match found {
                Some((level, supply)) => self.told_supply(key, through, &parameter, level, &supply),
                // It takes its default.
                None if parameter.kind == ParameterKind::Optional => continue,
                None => Told::bare("missing", &parameter.origin, name.clone()),
            };
            explanation.injected.push((name, told));
        }
    }

    /// What became of the others at the path of a definition in the project that it is of.
    fn add_home(&self, key: &Key, explanation: &mut Explanation) {
        let Some((section, path)) = key.definition.path.split_first() else { return };
        let Ok(joined) = self.joined(key.home(), section, None) else { return };
        let system = self.point(key.point).system.clone();
        let node = joined.tree.at(path);
        let standing = node.map(|node| joined.tree.standing(node, system.as_deref()));
        if let Some(Standing::Leaf(_, verdict) | Standing::Conflict(verdict)) = standing {
            self.add(&verdict, explanation);
        }
    }

    fn add(&self, verdict: &Verdict, explanation: &mut Explanation) {
        explanation.agreeing.extend(self.told_all(&verdict.agreeing));
        explanation.shadowed.extend(self.told_all(&verdict.shadowed));
        explanation.conflicts.extend(self.told_all(&verdict.conflict));
    }

    fn told_all(&self, all: &[Arc<Contribution>]) -> Vec<Told> {
        all.iter().map(|one| self.told(one)).collect()
    }

    /// Who wrote a contribution, down to the function: its file is parsed for that.
    fn told(&self, one: &Contribution) -> Told {
        let definition = match &one.content {
            Content::Lazy(lazy) => lazy.as_any().and_then(|any| any.downcast_ref::<Entry>()),
            _ => None,
        };
        let content = definition.map_or(&one.content, |entry| &entry.key().definition.content);
        if let Content::Prototype { file, .. } = content {
            // What is wrong with it is told by whoever evaluates it.
            let _ = file.index(&self.files, &*self.language);
        }
        Told::of(one)
    }

    /// The parameters of a definition with what fills them.
    pub(crate) fn parameters(&self, key: &Key) -> Vec<(String, Parameter, Filled)> {
        let Content::Prototype { file, name } = &key.definition.content else { return Vec::new() };
        let Ok(index) = file.index(&self.files, &*self.language) else { return Vec::new() };
        let Ok(Callable::Function(function)) = self.callable(&index, file, name.as_deref()) else {
            return Vec::new();
        };
        let parameters = function.parameters.iter().filter(|one| one.kind != ParameterKind::Rest);
        let filled = parameters.map(|parameter| {
            let found = self.supply(key, &parameter.name, &parameter.origin, None);
            (parameter.name.clone(), parameter.clone(), found)
        });
        filled.collect()
    }

    fn told_supply(
        &self,
        key: &Key,
        through: Option<&Arc<Step>>,
        parameter: &Parameter,
        level: Level,
        supply: &Supply,
    ) -> Told {
        let bare = Told::bare;
        let name = &parameter.name;
        match (level, supply) {
            (_, Supply::Definition(key)) => self.told(&key.definition),
            (_, Supply::Names(names)) => {
                let path = names.sections.iter().take(1).chain(&names.folder).cloned();
                let path = path_text(&path.collect::<Vec<Name>>());
                match self.first_in(names) {
                    Some(first) => Told { priority: None, path, ..self.told(&first) },
                    None => bare("author", &parameter.origin, path),
                }
            }
            (_, Supply::Failed(why)) => {
                let layer = if why.code == "conflict" { "conflict" } else { "failed" };
                let origin = why.labels.first().map(|label| &label.origin);
                bare(layer, origin.unwrap_or(&parameter.origin), name.clone())
            }
            (Level::Injected, _) => match (key.definition.inject.as_ref(), through) {
                (Some(inject), _) if inject.has(name) => {
                    bare("injected", inject.place(name), name.clone())
                }
                // An axis of whoever made the output.
                (_, Some(step)) => {
                    let plugin = Some(step.plugin.to_string());
                    Told { plugin, ..bare("injected", &step.origin, name.clone()) }
                }
                (_, None) => bare("injected", &parameter.origin, name.clone()),
            },
            (Level::Reserved, _) => bare("reserved", &parameter.origin, name.clone()),
            (_, Supply::Ready(Argument::Constructor(leaf))) => {
                let feature = self.catalogue.constructor(&leaf.constructor);
                let origin = feature.map_or(&parameter.origin, |feature| &feature.head.origin);
                let plugin = Some(leaf.plugin.clone());
                Told { plugin, ..bare("base", origin, leaf.constructor.clone()) }
            }
            (_, _) => bare("base", &parameter.origin, name.clone()),
        }
    }

    /// One of the definitions in a folder, the same each time.
    fn first_in(&self, names: &ScopeNames) -> Option<Arc<Contribution>> {
        let joined = self.joined(names.asker.world, names.sections.first()?, None).ok()?;
        let mut all = Vec::new();
        joined.tree.at(&names.folder)?.each(&mut |one| all.push(one.clone()));
        // What stands above the folder is not in it.
        all.retain(|one| one.path.len() > names.folder.len() + 1);
        all.into_iter().min_by(|one, other| one.order(other))
    }

    /// The explanation of a path of definitions: for the first system that has something there.
    fn definition(&self, path: &[String]) -> Option<Explanation> {
        let mut explanation = Explanation::new(path);
        match self.first_standing(path)? {
            (_, Standing::Nothing) => return None,
            (_, Standing::Branch(verdict) | Standing::Conflict(verdict)) => {
                self.add(&verdict, &mut explanation);
            }
            (point, Standing::Leaf(definition, _)) => {
                explanation.winner = Some(self.told(&definition));
                self.add_key(&Key { world: 0, point, definition }, None, &mut explanation);
            }
        }
        Some(explanation)
    }

    /// What stands at a path of definitions for the first system that has something there.
    fn first_standing(&self, path: &[String]) -> Option<(usize, Standing)> {
        let (section, rest) = path.split_first()?;
        let joined = self.joined(0, &Name::from(section.as_str()), None).ok()?;
        let node = joined.tree.at(rest)?;
        let mut systems = self.systems.iter().map(Some).chain([None]);
        systems.find_map(|system| match joined.tree.standing(node, system.map(AsRef::as_ref)) {
            Standing::Nothing => None,
            standing => Some((self.point_of(system), standing)),
        })
    }

    /// The value that [`Engine::explanation`] tells of.
    pub(crate) fn explained(&self, path: &[String]) -> Result<Argument, Diagnostic> {
        let found = match self.value(path) {
            Err(diagnostic) if diagnostic.code == UNKNOWN_PATH => {
                (self.first_standing(path), diagnostic)
            }
            value => return value,
        };
        match found {
            (Some((point, Standing::Leaf(definition, _))), _) => {
                let forced = self.force(&Key { world: 0, point, definition }, None, None);
                forced.map_err(Arc::unwrap_or_clone)
            }
            (Some(_), _) => Err(message::no_value(path)),
            (None, diagnostic) => Err(diagnostic),
        }
    }
}

impl Explanation {
    fn new(path: &[String]) -> Self {
        Self {
            path: path_text(path),
            kind: None,
            winner: None,
            agreeing: Vec::new(),
            shadowed: Vec::new(),
            conflicts: Vec::new(),
            injected: Vec::new(),
            axes: Vec::new(),
        }
    }

    /// The documented JSON shape.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let all = |told: &[Told]| told.iter().map(Told::to_json).collect::<Vec<_>>();
        let injected = self.injected.iter().map(|(name, told)| (name.clone(), told.to_json()));
        let axes = self.axes.iter().map(|(axis, value)| (axis.clone(), value.clone().into()));
        json!({
            "path": self.path,
            "type": self.kind,
            "winner": self.winner.as_ref().map(Told::to_json),
            "agreeing": all(&self.agreeing),
            "shadowed": all(&self.shadowed),
            "conflicts": all(&self.conflicts),
            "injected": injected.collect::<Map<String, Json>>(),
            "axes": axes.collect::<Map<String, Json>>(),
        })
    }
}

impl Told {
    /// Who wrote a contribution.
    #[must_use]
    pub fn of(one: &Contribution) -> Self {
        let lineage = &one.lineage;
        let via: Vec<Arc<Step>> = lineage.step.iter().chain(&one.through).cloned().collect();
        let made = if lineage.layer == crate::Layer::Extension {
            via.first()
        } else {
            lineage.step.as_ref()
        };
        Self {
            layer: lineage.layer.as_str(),
            priority: Some(one.priority),
            origin: one.origin(),
            path: path_text(&one.path),
            project: lineage.project.chain.iter().map(ToString::to_string).collect(),
            plugin: made.map(|step| step.plugin.to_string()),
            via,
        }
    }

    fn bare(layer: &'static str, origin: &Origin, path: String) -> Self {
        Self {
            layer,
            priority: None,
            origin: origin.clone(),
            path,
            project: Vec::new(),
            plugin: None,
            via: Vec::new(),
        }
    }

    /// The documented JSON shape.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let via = self.via.iter().map(|step| {
            json!({
                "phase": step.phase.as_str(),
                "plugin": &*step.plugin,
                "feature": &*step.feature,
            })
        });
        json!({
            "layer": self.layer,
            "priority": self.priority,
            "file": self.origin.path().to_string_lossy(),
            "line": self.origin.line,
            "column": self.origin.column,
            "path": self.path,
            "project": self.project,
            "plugin": self.plugin,
            "via": via.collect::<Vec<_>>(),
        })
    }
}
