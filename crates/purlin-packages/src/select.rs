//! Which packages of a graph have to be made.

use std::collections::HashMap;

use purlin_commands::Job;

use crate::build::name_of;
use crate::graph::PackageGraph;
use crate::store::{PackageStore, Record};

/// What is there and what is not.
#[derive(Debug, Default)]
pub struct Selected {
    /// Packages that were asked for and are there, with all that they need to run.
    pub there: Vec<usize>,
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
    sound: &dyn Fn(usize, &Record) -> bool,
) -> Selected {
    let folders: HashMap<String, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.action.is_some())
        .filter_map(|(index, node)| Some((name_of(node.prefix.as_deref()?), index)))
        .collect();
    let mut needs: Vec<Option<(bool, Vec<usize>)>> = vec![None; graph.nodes.len()];
    let mut open: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(index) = open.pop() {
        if needs[index].is_some() {
            continue;
        }
        let (missing, found) = look(graph, store, index, &folders, sound);
        open.extend(&found);
        needs[index] = Some((missing, found));
    }
    // Each stands behind what it needs, so what those wait for is known when it is looked at.
    let mut waits_for: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut selected = Selected::default();
    let mut places = HashMap::new();
    for index in 0..graph.nodes.len() {
        let Some((missing, needed)) = &needs[index] else { continue };
        let mut before: Vec<usize> =
            needed.iter().flat_map(|one| waits_for[*one].iter().copied()).collect();
        before.sort_unstable();
        before.dedup();
        if *missing {
            let place = selected.missing.len();
            places.insert(index, place);
            selected.missing.push(index);
            selected.jobs.push(Job { id: graph.nodes[index].id.clone(), before });
            waits_for[index] = vec![place];
        } else {
            waits_for[index] = before;
        }
    }
    let is_there = |index: &usize| needs[*index].as_ref().is_some_and(|(missing, _)| !missing);
    selected.there = roots.iter().copied().filter(is_there).collect();
    selected
}

fn look(
    graph: &PackageGraph,
    store: &PackageStore,
    index: usize,
    folders: &HashMap<String, usize>,
    sound: &dyn Fn(usize, &Record) -> bool,
) -> (bool, Vec<usize>) {
    let node = &graph.nodes[index];
    let to_make = || {
        let all = node.built_with.iter().chain(&node.runs_with).chain(&node.passes_on);
        let all = all.chain(&node.tested_with);
        let mut all: Vec<usize> = all.copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let Some(prefix) = node.prefix.as_deref() else { return (false, node.runs_with.clone()) };
    if node.action.is_none() {
        return (!prefix.is_dir(), node.runs_with.clone());
    }
    match store.record(&name_of(prefix)).filter(|record| sound(index, record)) {
        None => (true, to_make()),
        Some(record) => {
            let needed: Option<Vec<usize>> =
                record.needs().map(|folder| folders.get(folder).copied()).collect();
            // What it names and nobody here knows was made by an older definition; then everything
            // is looked at.
            match needed {
                Some(needed) => {
                    (false, needed.into_iter().chain(node.runs_with.iter().copied()).collect())
                }
                None => (false, to_make()),
            }
        }
    }
}
