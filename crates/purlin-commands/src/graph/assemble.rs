//! From what was read to the instances of a graph.

use std::collections::HashMap;

use super::builder::{Builder, Found};
use super::catalogue::Node;
use super::instance::{Instance, Outside};

/// The instances in an order in which they could run.
pub(super) fn assemble(builder: Builder<'_>, order: &[usize]) -> Vec<Instance> {
    let Builder { found, selected, mut written, mut installs, .. } = builder;
    let mut position = vec![0; found.len()];
    for (place, node) in order.iter().enumerate() {
        position[*node] = place;
    }
    let places: HashMap<Node, usize> =
        found.keys().enumerate().map(|(node, key)| (key.clone(), position[node])).collect();
    // What is only looked at, also where it runs.
    for edge in found.values().flat_map(|found| &found.edges).filter(|edge| edge.isolated) {
        if let Some(other) = found.get(&edge.target) {
            written.entry(edge.target.clone()).or_insert_with(|| Some(other.written()));
        }
    }
    let mut instances: Vec<Option<Instance>> = found.iter().map(|_| None).collect();
    for (node, (key, found)) in found.into_iter().enumerate() {
        let of = |choose: &dyn Fn(&super::builder::Edge) -> bool| -> Vec<usize> {
            let chosen = found.edges.iter().filter(|edge| choose(edge));
            let mut all: Vec<usize> =
                chosen.filter_map(|edge| places.get(&edge.target).copied()).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let producers = of(&|edge| !edge.isolated);
        let strict = of(&|edge| edge.strict);
        let mut outside = Vec::new();
        for edge in found.edges.iter().filter(|edge| edge.isolated) {
            let place = places.get(&edge.target).copied();
            let pulled = place.is_some_and(|place| producers.binary_search(&place).is_ok());
            let Some(Some(other)) = written.get(&edge.target).filter(|_| !pulled) else { continue };
            outside.push(Outside {
                id: other.id.clone(),
                position: place,
                artifacts: other.artifacts.clone(),
                outputs: other.outputs.clone(),
            });
        }
        outside.sort_by(|one, other| one.id.cmp(&other.id));
        outside.dedup_by(|one, other| one.id == other.id);
        let Found { id, command, slot, environment, args, action, dependencies, cache, .. } = found;
        let installs = installs.remove(&key).unwrap_or_default();
        instances[position[node]] = Some(Instance {
            id,
            command,
            space: slot.space,
            module: slot.module.map(|module| module.name.clone()),
            environment,
            installs: installs.into_iter().collect(),
            args,
            action,
            dependencies,
            producers,
            strict,
            outside,
            cache,
            selected: selected.contains(&key),
            inputs: None,
        });
    }
    instances.into_iter().flatten().collect()
}
