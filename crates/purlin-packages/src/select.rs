//! Which packages of a graph have to be made.

use std::collections::HashMap;
use std::time::SystemTime;

use purlin_commands::Job;

use crate::build::name_of;
use crate::graph::PackageGraph;
use crate::store::{Brief, PackageStore};

/// What is there and what is not.
#[derive(Debug, Default)]
pub struct Selected {
    /// Packages that were asked for and are there, with all that they need to run, and when each was
    /// last used.
    pub there: Vec<(usize, Option<SystemTime>)>,
    /// Packages that have to be made, each behind what it needs.
    pub missing: Vec<usize>,
    /// The work that this is; the places are those of [`Selected::missing`].
    pub jobs: Vec<Job>,
}

/// Finds out what has to be made for these to be there, and to run. What is there already is not
/// asked what it was made of. `sound` tells whether a record is as it should be.
#[must_use]
pub fn select(
    graph: &PackageGraph,
    store: &PackageStore,
    roots: &[usize],
    sound: &dyn Fn(usize, &Brief) -> bool,
) -> Selected {
    let folders: HashMap<String, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.action.is_some())
        .filter_map(|(index, node)| Some((name_of(node.prefix.as_deref()?), index)))
        .collect();
    let mut needs: Vec<Option<Look>> = vec![None; graph.nodes.len()];
    let mut open: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(index) = open.pop() {
        if needs[index].is_some() {
            continue;
        }
        let found = look(graph, store, index, &folders, sound);
        open.extend(&found.needs);
        needs[index] = Some(found);
    }
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

fn look(
    graph: &PackageGraph,
    store: &PackageStore,
    index: usize,
    folders: &HashMap<String, usize>,
    sound: &dyn Fn(usize, &Brief) -> bool,
) -> Look {
    let node = &graph.nodes[index];
    let to_make = || {
        let all = node.built_with.iter().chain(&node.runs_with).chain(&node.passes_on);
        let all = all.chain(&node.tested_with);
        let mut all: Vec<usize> = all.copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let look = |missing, needs, used| Look { missing, needs, used };
    let Some(prefix) = node.prefix.as_deref() else {
        return look(false, node.runs_with.clone(), None);
    };
    if node.action.is_none() {
        return look(!prefix.is_dir(), node.runs_with.clone(), None);
    }
    let found = store.brief(&name_of(prefix)).filter(|record| sound(index, record));
    let Some(record) = found else { return look(true, to_make(), None) };
    let needed: Option<Vec<usize>> =
        record.needs().map(|folder| folders.get(folder).copied()).collect();
    // What it names and nobody here knows was made by an older definition; then everything is looked
    // at.
    let needs = match needed {
        Some(needed) => needed.into_iter().chain(node.runs_with.iter().copied()).collect(),
        None => to_make(),
    };
    look(false, needs, record.used)
}
