//! Everything that is wrong, at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, distinct};

use crate::board::{Key, lock};
use crate::engine::{Axes, Engine, Point};
use crate::merge::{Node, Standing, Tree};
use crate::missing::{MISSING_ARGUMENT, evaluated_for};
use crate::priority::CHOSEN;
use crate::project::{Exported, Project};
use crate::read::Choice;
use crate::scope::RESERVED;
use crate::{Content, Contribution, Layer, Name, message, path_text};

/// A missing argument among what was found, and the systems that lack it.
struct Lacking {
    place: usize,
    systems: Vec<Name>,
}

impl Engine {
    pub(crate) fn check(&self) -> Vec<Diagnostic> {
        let mut found = self.catalogue.diagnostics.clone();
        let mut keys = Vec::new();
        // Transforms say what definitions are evaluated for.
        let roots: Vec<_> = self.output_roots(0).into_iter().collect();
        let outputs: Vec<_> = roots.iter().map(|root| self.output_tree(0, root, None)).collect();
        for section in self.defined() {
            match self.joined(0, &section, None) {
                Ok(joined) => self.check_section(&section, &joined.tree, &mut keys, &mut found),
                Err(diagnostic) => found.push((*diagnostic).clone()),
            }
            self.add_homes(&section, &mut keys, &mut found);
        }
        let sound: Vec<Key> =
            keys.into_iter().filter(|key| self.check_leaf(key, &mut found)).collect();
        let mut missing: HashMap<String, Lacking> = HashMap::new();
        for (key, forced) in sound.iter().zip(self.force_all(&sound)) {
            let Some(diagnostic) = forced.err() else { continue };
            let system = self.point(key.point).system.clone();
            let (Some(system), MISSING_ARGUMENT) = (system, diagnostic.code.as_str()) else {
                found.push((*diagnostic).clone());
                continue;
            };
            // What several systems lack is told once.
            let lacking = missing.entry(diagnostic.to_string()).or_insert_with(|| {
                found.push((*diagnostic).clone());
                Lacking { place: found.len() - 1, systems: Vec::new() }
            });
            if !lacking.systems.contains(&system) {
                lacking.systems.push(system);
            }
        }
        for Lacking { place, systems } in missing.into_values() {
            let all: Vec<&str> = systems.iter().map(AsRef::as_ref).collect();
            let (one, all) = (evaluated_for(&all[..1]), evaluated_for(&all));
            found[place].detail = found[place].detail.replacen(&one, &all, 1);
        }
        for outputs in outputs {
            match outputs {
                Ok(tree) => check_outputs(&tree, &tree.root, &mut found),
                Err(diagnostic) => found.push((*diagnostic).clone()),
            }
        }
        self.check_choices(&mut found);
        self.check_overrides(&mut found);
        found.splice(0..0, lock(&self.problems).clone());
        distinct(found)
    }

    /// The sections that somebody may have defined something in.
    fn defined(&self) -> Vec<Name> {
        let mut sections: HashSet<Name> = HashSet::new();
        for index in 0..self.projects.len() {
            sections.extend(self.original(index).keys().cloned());
            let uses = &self.projects[index].document.uses;
            sections.extend(uses.iter().flat_map(|used| used.extends.iter().cloned()));
        }
        let mut sections: Vec<Name> = sections.into_iter().collect();
        sections.sort_unstable();
        sections
    }

    fn check_section(
        &self,
        section: &Name,
        tree: &Tree,
        keys: &mut Vec<Key>,
        found: &mut Vec<Diagnostic>,
    ) {
        for (system, point) in self.points_of(section) {
            self.check_node(tree, &tree.root, system.as_deref(), point, keys, found);
        }
        self.check_names(section, &tree.root, found);
    }

    /// What definitions of a section are evaluated for.
    fn points_of(&self, section: &Name) -> Vec<(Option<Name>, usize)> {
        let systems: Vec<Option<Name>> = match self.shared.contains(section) {
            true => vec![None],
            false => self.systems.iter().cloned().map(Some).collect(),
        };
        let axes = lock(&self.composed).get(section).cloned();
        let mut axes: Vec<Axes> =
            axes.unwrap_or_else(|| [Axes::new()].into()).into_iter().collect();
        axes.sort_unstable();
        let with = |system: Option<Name>| {
            axes.iter().map(move |axes| {
                let point = Point { system: system.clone(), axes: axes.clone() };
                (system.clone(), self.point_number(&point))
            })
        };
        systems.into_iter().flat_map(with).collect()
    }

    /// What projects put out here, adopted or as it is at home: what stands above it here does not keep
    /// it from being put out. What excludes each other there does so here.
    fn add_homes(&self, section: &Name, keys: &mut Vec<Key>, found: &mut Vec<Diagnostic>) {
        for Exported { index, world, .. } in self.exported(0) {
            let (Ok(tree), Ok(joined)) =
                (self.extended(index, section, None), self.joined(world, section, None))
            else {
                continue;
            };
            let mut there = Vec::new();
            for (system, point) in self.points_of(section) {
                let mut told = Vec::new();
                self.check_node(&tree, &tree.root, system.as_deref(), point, &mut there, &mut told);
                // Unless it does so here, too, where it has another priority.
                told.retain(|one| !found.iter().any(|other| is_same_conflict(one, other)));
                found.extend(told);
            }
            keys.extend(there.into_iter().map(|key| {
                let definition =
                    if world == index { key.definition } else { joined.of(&key.definition) };
                Key { world, definition, ..key }
            }));
        }
    }

    fn check_node(
        &self,
        tree: &Tree,
        node: &Node,
        system: Option<&str>,
        point: usize,
        keys: &mut Vec<Key>,
        found: &mut Vec<Diagnostic>,
    ) {
        match tree.standing(node, system) {
            Standing::Leaf(definition, _) => {
                keys.push(Key { world: 0, point, definition });
                return;
            }
            Standing::Conflict(verdict) => {
                let first = &verdict.conflict[0];
                let shortest = verdict.conflict.iter().map(|one| &one.path).min_by_key(|p| p.len());
                found.push(message::conflict(shortest.unwrap_or(&first.path), &verdict.conflict));
                return;
            }
            Standing::Nothing | Standing::Branch(_) => {}
        }
        for (_, below) in node.below() {
            self.check_node(tree, below, system, point, keys, found);
        }
    }

    /// Leaves that are data tell all their mistakes. The others are evaluated.
    fn check_leaf(&self, key: &Key, found: &mut Vec<Diagnostic>) -> bool {
        let mistakes = match &key.definition.content {
            Content::Leaf(leaf, value) => leaf.schema.validate(value).diagnostics,
            Content::Toml(file) => {
                let section = key.definition.path.first().map_or("", |section| section);
                let read = crate::read::read_toml_file(&self.catalogue, &self.files, section, file);
                read.err().unwrap_or_default()
            }
            _ => return true,
        };
        let is_sound = mistakes.is_empty();
        found.extend(mistakes);
        is_sound
    }

    /// Names that mean something else where they are asked for, or that two definitions share.
    fn check_names(&self, section: &Name, node: &Node, found: &mut Vec<Diagnostic>) {
        if self.packages.contains(section) {
            for name in RESERVED {
                let Some(one) = node.get(name).and_then(|node| node.here().first()) else {
                    continue;
                };
                found.push(
                    Diagnostic::warning("reserved-name", format!("`{name}` is a reserved name"))
                        .label(one.origin(), "defined here")
                        .detail("A parameter of this name does not stand for the definition.")
                        .help("rename it".to_owned()),
                );
            }
        }
        for (name, below) in node.below() {
            let alike = node.folded(name);
            if alike.len() > 1 && alike[0] == name {
                let origin = |name: &Name| Some(node.get(name)?.here().first()?.origin());
                let two = [(alike[0], origin(alike[0])), (alike[1], origin(alike[1]))];
                found.push(message::names_fold_alike(two));
            }
            self.check_names(section, below, found);
        }
        let mut told: HashSet<&Name> = HashSet::new();
        for one in node.here() {
            if let Some(system) = &one.system
                && !self.is_restricted
                && !self.systems.contains(system)
                && told.insert(system)
            {
                found.push(message::other_system(one, system));
            }
            let is_odd = one.system.is_none()
                && one.path.get(1).is_some_and(|name| self.catalogue.is_system(name));
            if is_odd {
                found.push(message::other_system(one, &one.path[1]));
            }
        }
    }

    fn check_choices(&self, found: &mut Vec<Diagnostic>) {
        for project in &self.projects {
            for choice in &project.document.choices {
                let shown = path_text(&choice.path);
                let target = project.chosen(&self.projects, choice);
                let defines = target.is_some_and(|target| {
                    let section = choice.path.first();
                    let tree = section
                        .and_then(|section| self.joined(target.place.index, section, None).ok());
                    tree.is_some_and(|joined| joined.tree.at(&choice.path[1..]).is_some())
                });
                if !defines {
                    let what = format!("no `{shown}` comes from `{}`", path_text(&choice.project));
                    found.push(
                        Diagnostic::error("no-choice", what)
                            .label(choice.origin.clone(), "chosen here")
                            .detail("A choice names a project that defines the path.".to_owned())
                            .help(
                                "choose a definition by its path, or a folder of them".to_owned(),
                            ),
                    );
                } else if let Some(own) = self.counts_more(project, choice) {
                    found.push(message::idle_choice(&own, &shown, &choice.origin));
                }
            }
        }
    }

    /// What the project that chooses defines there itself: that counts, whatever it chooses.
    fn counts_more(&self, project: &Project, choice: &Choice) -> Option<Arc<Contribution>> {
        let (section, path) = choice.path.split_first()?;
        let joined = self.joined(project.place.index, section, None).ok()?;
        let here = joined.tree.at(path)?.here().iter();
        let mut own = here.filter(|one| {
            one.lineage.project.index == project.place.index && one.priority < CHOSEN
        });
        own.find(|one| one.system.is_none()).cloned()
    }

    /// Definitions of projects that the project above defines anew without saying so.
    fn check_overrides(&self, found: &mut Vec<Diagnostic>) {
        // What is accepted and overridden, by project, child and name.
        let mut needed: HashSet<(usize, usize, String)> = HashSet::new();
        // Only where names are looked up does an override reach anybody.
        let is_shared =
            |section: &Name| self.packages.contains(section) || self.shared.contains(section);
        for section in self.defined().into_iter().filter(is_shared) {
            for project in &self.projects {
                if project.children.is_empty() {
                    continue;
                }
                let Ok(joined) = self.joined(project.place.index, &section, None) else { continue };
                let index = project.place.index;
                let mut overridden = Vec::new();
                overrides(&joined.tree.root, index, &mut overridden);
                for (own, theirs) in overridden {
                    // One of the two may be a value over names below it.
                    let shorter = own.path.len().min(theirs.path.len());
                    let name = path_text(&own.path[1..shorter]);
                    let mut accepted = false;
                    for (place, child) in project.children.iter().enumerate() {
                        let whose = theirs.lineage.project.index;
                        let is_theirs = child.index == whose
                            || self.projects[child.index].place.uses.contains(&whose);
                        if is_theirs && child.accept_override.iter().any(|(one, _)| *one == name) {
                            accepted = true;
                            needed.insert((index, place, name.clone()));
                        }
                    }
                    if !accepted {
                        found.push(message::overridden(&own, &theirs, &name));
                    }
                }
            }
        }
        for project in &self.projects {
            for (place, child) in project.children.iter().enumerate() {
                for (name, origin) in &child.accept_override {
                    if !needed.contains(&(project.place.index, place, name.clone())) {
                        found.push(message::idle_accept(name, &child.name, origin));
                    }
                }
            }
        }
    }
}

/// Whether two conflicts are between the same definitions.
fn is_same_conflict(one: &Diagnostic, other: &Diagnostic) -> bool {
    let is_in = |diagnostic: &Diagnostic, origin: &Origin| {
        diagnostic.labels.iter().any(|label| label.origin == *origin)
    };
    one.code == other.code && one.labels.iter().all(|label| is_in(other, &label.origin))
}

/// What a project defines itself over what a project of its defines: at the same path, or a value over
/// names below it and the other way round.
fn overrides(node: &Node, project: usize, found: &mut Vec<(Arc<Contribution>, Arc<Contribution>)>) {
    let is_own = |one: &&Arc<Contribution>| one.lineage.project.index == project;
    let mut all: Vec<&Arc<Contribution>> = node.here().iter().collect();
    let mut own: Vec<&Arc<Contribution>> = all.iter().filter(|one| is_own(one)).copied().collect();
    if !all.is_empty() {
        let mut below = Vec::new();
        node.each(&mut |one| below.push(one));
        below.drain(..all.len());
        below.sort_by(|one, other| one.order(other));
        match own.is_empty() {
            false => all.extend(below),
            true => own = below.into_iter().filter(is_own).collect(),
        }
    }
    if !own.is_empty() {
        let mut told = vec![project];
        // What one of them has overridden already is nobody else's any more.
        let is_over = |one: &Contribution| {
            let mut others = all.iter().map(|other| &other.lineage.project);
            let whose = one.lineage.project.index;
            others.any(|other| other.index != project && other.uses.contains(&whose))
        };
        // What is for different systems never meets.
        let stands_over = |own: &Contribution, one: &Contribution| {
            own.priority <= one.priority
                && (own.is_for(one.system.as_deref()) || one.is_for(own.system.as_deref()))
        };
        for theirs in all.iter().filter(|one| !is_over(one)) {
            let index = theirs.lineage.project.index;
            let over = own.iter().find(|own| !told.contains(&index) && stands_over(own, theirs));
            if let Some(own) = over {
                told.push(index);
                found.push(((*own).clone(), (*theirs).clone()));
            }
        }
    }
    for (_, below) in node.below() {
        overrides(below, project, found);
    }
}

/// Conflicts between outputs, and passthru that nobody sees.
fn check_outputs(tree: &Tree, node: &Node, found: &mut Vec<Diagnostic>) {
    let (winner, shadowed) = match tree.standing(node, None) {
        Standing::Conflict(verdict) => {
            let shortest =
                verdict.conflict.iter().map(|one| &one.path).min_by_key(|path| path.len());
            let path = shortest.cloned().unwrap_or_default();
            found.push(message::conflict(&path, &verdict.conflict));
            return;
        }
        Standing::Leaf(winner, verdict) => (Some(winner), verdict.shadowed),
        Standing::Branch(verdict) => (None, verdict.shadowed),
        Standing::Nothing => return,
    };
    if let Some(winner) = &winner {
        // What is below is lost with the names that lead to it: one tells for all.
        if let Some(lost) = shadowed.iter().find(|one| one.path.len() > winner.path.len()) {
            found.push(message::hidden(winner, lost));
        }
    } else if let Some(lost) = shadowed.iter().find(|one| one.lineage.layer != Layer::Passthru) {
        let mut below = Vec::new();
        node.each(&mut |one| below.push(one.clone()));
        below.retain(|one| one.path.len() > lost.path.len());
        below.sort_by(|one, other| one.order(other));
        found.extend(below.first().map(|winner| message::hidden(winner, lost)));
    }
    for one in shadowed.iter().filter(|one| one.lineage.layer == Layer::Passthru) {
        found.push(message::shadowed_passthru(one));
    }
    if winner.is_none() {
        for (_, below) in node.below() {
            check_outputs(tree, below, found);
        }
    }
}
