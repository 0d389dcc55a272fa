//! Where definitions usually stand in outputs.

use std::sync::Arc;

use serde_json::Map;

use super::{Composition, DefinitionEntry, Fragment, Name, Payload};

impl Composition {
    /// Every entry with its system and the names that it has in outputs: its own definitions, and those
    /// of projects below the names of these.
    pub fn placed(self) -> impl Iterator<Item = (Option<Name>, Arc<[Name]>, DefinitionEntry)> {
        let here = self.own.into_iter().chain(self.adopted);
        let here = here.map(|entry| (entry.namespace.clone(), entry));
        let children = self.children.into_iter().flat_map(|(chain, entries)| {
            let below = move |entry: &DefinitionEntry| {
                chain.iter().chain(&*entry.namespace).cloned().collect::<Arc<[Name]>>()
            };
            entries.into_iter().map(move |entry| (below(&entry), entry))
        });
        here.chain(children).map(|(names, entry)| (entry.system.clone(), names, entry))
    }

    /// One fragment for each entry, in branches below an output root: `ROOT.SYSTEM.namespace`.
    #[must_use]
    pub fn nested(self, root: &str) -> Vec<Fragment> {
        let root = Name::from(root);
        self.placed().map(|(system, names, entry)| entry.fragment(&root, system, &names)).collect()
    }
}

impl DefinitionEntry {
    /// The entry as an output, at the names below a root and a system. Who wrote it, and its priority
    /// among others, stay what they are.
    #[must_use]
    pub fn fragment(self, root: &Name, system: Option<Name>, names: &[Name]) -> Fragment {
        let mut path = Vec::with_capacity(names.len() + 2);
        path.push(root.clone());
        path.extend(system);
        path.extend_from_slice(names);
        Fragment {
            path,
            system: None,
            priority: Some(self.priority),
            origin: Some(self.origin),
            inject: Map::new(),
            payload: Payload::Lazy(self.value),
        }
    }
}
