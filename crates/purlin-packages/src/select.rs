//! Which packages of a graph have to be made.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use purlin_commands::Job;
use purlin_model::Digest;

use crate::graph::{Node, PackageGraph};
use crate::remembered::{self, Known, Line, Memory};
use crate::store::{Brief, Looked, PackageStore};

/// What is there and what is not.
#[derive(Debug, Default)]
pub struct Selected {
    /// Packages that were asked for and are there, with all that they need to run, and when each was
    /// last used.
    pub there: Vec<(usize, Option<SystemTime>)>,
    /// All that are there of what has to be: the same, and what the missing are made with.
    pub present: Vec<usize>,
    /// Packages that have to be made, each behind what it needs.
    pub missing: Vec<usize>,
    /// The work that this is; the places are those of [`Selected::missing`].
    pub jobs: Vec<Job>,
}

/// Finds out what has to be made for these to be there, and to run. What is there already is not
/// asked what it was made of. `sound` tells whether a record is as it should be, by the tests that the
/// package has passed and whether nothing kept its build apart. Records that are as they were are not
/// read: what they said is in the file `memory`.
#[must_use]
pub fn select(
    graph: &PackageGraph,
    store: &PackageStore,
    memory: &Path,
    roots: &[usize],
    sound: &dyn Fn(usize, Option<Digest>, bool) -> bool,
) -> Selected {
    let text = remembered::read(memory);
    let mut search = Search::new(graph, store, sound, remembered::lines(&text));
    let mut needs: Vec<Option<Look>> = vec![None; graph.nodes.len()];
    let mut open: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(index) = open.pop() {
        if needs[index].is_some() {
            continue;
        }
        let found = search.look(index);
        open.extend(&found.needs);
        needs[index] = Some(found);
    }
    search.remember(store, memory);
    // Each stands behind what it needs, so what those wait for is known when it is looked at.
    let mut waits_for: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut selected = Selected::default();
    let mut places = HashMap::new();
    for index in 0..graph.nodes.len() {
        let Some(look) = &needs[index] else { continue };
        let mut before: Vec<usize> =
            look.needs.iter().flat_map(|one| waits_for[*one].iter().copied()).collect();
        before.sort_unstable();
        before.dedup();
        if look.missing {
            let place = selected.missing.len();
            places.insert(index, place);
            selected.missing.push(index);
            selected.jobs.push(Job { id: graph.nodes[index].id.clone(), before });
            waits_for[index] = vec![place];
        } else {
            selected.present.push(index);
            waits_for[index] = before;
        }
    }
    let there = |index: &usize| {
        let look = needs[*index].as_ref().filter(|look| !look.missing)?;
        Some((*index, look.used))
    };
    selected.there = roots.iter().filter_map(there).collect();
    selected
}

/// What was seen of one package.
#[derive(Debug, Clone)]
struct Look {
    missing: bool,
    /// What has to be there for it to be made or, if it is there, to run.
    needs: Vec<usize>,
    used: Option<SystemTime>,
}

/// What a record says.
struct Recorded {
    tests: Option<Digest>,
    is_open: bool,
    /// What has to be there for it to run, if all of that is in the graph.
    needs: Option<Vec<usize>>,
    used: SystemTime,
}

/// A look at the packages of a graph.
struct Search<'s> {
    graph: &'s PackageGraph,
    store: Option<Looked>,
    sound: &'s dyn Fn(usize, Option<Digest>, bool) -> bool,
    /// The packages that are built, by the names of their folders.
    folders: HashMap<&'s str, usize>,
    lines: Vec<Line<'s>>,
    /// For each line the package, and the other way round.
    of_line: Vec<Option<usize>>,
    of_package: Vec<Option<usize>>,
    /// Packages whose records are as they were.
    same: Vec<usize>,
    /// What was read.
    read: Vec<(&'s str, Brief)>,
    began: SystemTime,
}

impl<'s> Search<'s> {
    fn new(
        graph: &'s PackageGraph,
        store: &PackageStore,
        sound: &'s dyn Fn(usize, Option<Digest>, bool) -> bool,
        lines: Vec<Line<'s>>,
    ) -> Self {
        let mut folders = HashMap::with_capacity(graph.nodes.len());
        for (index, node) in graph.nodes.iter().enumerate() {
            let prefix = node.prefix.as_deref().filter(|_| node.action.is_some());
            folders.extend(prefix.and_then(folder_of).map(|folder| (folder, index)));
        }
        let of_line: Vec<Option<usize>> =
            lines.iter().map(|line| folders.get(line.folder).copied()).collect();
        let mut of_package = vec![None; graph.nodes.len()];
        for (number, index) in of_line.iter().enumerate() {
            if let Some(index) = index {
                of_package[*index] = Some(number);
            }
        }
        Self {
            graph,
            store: store.looked_at(),
            sound,
            folders,
            lines,
            of_line,
            of_package,
            same: Vec::new(),
            read: Vec::new(),
            began: SystemTime::now(),
        }
    }

    fn look(&mut self, index: usize) -> Look {
        let node = &self.graph.nodes[index];
        let look = |missing, needs, used| Look { missing, needs, used };
        let Some(prefix) = node.prefix.as_deref() else {
            return look(false, node.runs_with.clone(), None);
        };
        if node.action.is_none() {
            return look(!prefix.is_dir(), node.runs_with.clone(), None);
        }
        let sound = self.sound;
        let record =
            self.record(index, prefix).filter(|record| sound(index, record.tests, record.is_open));
        let Some(Recorded { needs, used, .. }) = record else {
            return look(true, to_make(node), None);
        };
        // What it names and nobody here knows was made by an older definition; then everything is looked
        // at.
        let needs = match needs {
            Some(mut needs) => {
                needs.extend(&node.runs_with);
                needs
            }
            None => to_make(node),
        };
        look(false, needs, Some(used))
    }

    /// What the record of a package says, read or remembered.
    fn record(&mut self, index: usize, prefix: &'s Path) -> Option<Recorded> {
        let folder = folder_of(prefix)?;
        let store = self.store.as_ref()?;
        let line = self.of_package[index].and_then(|line| self.lines[line].known.as_ref());
        if let Some(known) = line
            && store.marks(folder)? == known.marks
        {
            self.same.push(index);
            let place = |line: &usize| self.of_line.get(*line).copied().flatten();
            let needs = known.needs.iter().map(place).collect();
            let Known { marks, tests, is_open, .. } = known;
            return Some(Recorded { tests: *tests, is_open: *is_open, needs, used: marks.used() });
        }
        let brief = store.brief(folder)?;
        let needs = brief.needs().map(|folder| self.folders.get(folder).copied()).collect();
        let Brief { marks, tests, is_open, .. } = &brief;
        let found = Recorded { tests: *tests, is_open: *is_open, needs, used: marks.used() };
        self.read.push((folder, brief));
        Some(found)
    }

    /// Remembers what was read, and what was remembered and is still true.
    fn remember(&self, store: &PackageStore, file: &Path) {
        let mut memory = Memory::default();
        for (folder, brief) in &self.read {
            memory.add(folder, brief, self.began);
        }
        if memory.is_empty() {
            return;
        }
        let same = self.same.iter().filter_map(|index| Some(&self.lines[self.of_package[*index]?]));
        for Line { folder, known } in same {
            if let Some(known) = known {
                memory.keep(folder, known, &self.lines);
            }
        }
        memory.keep_others(&self.lines, store);
        memory.save(file);
    }
}

/// All that takes part in making one.
fn to_make(node: &Node) -> Vec<usize> {
    let all = node.built_with.iter().chain(&node.runs_with).chain(&node.passes_on);
    let mut all: Vec<usize> = all.chain(&node.tested_with).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn folder_of(prefix: &Path) -> Option<&str> {
    prefix.file_name()?.to_str()
}
