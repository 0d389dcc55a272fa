//! Where definitions usually stand in outputs.

use super::{Composition, DefinitionEntry, Fragment, Payload};

impl Composition {
    /// Every entry with its system and the names that it has in outputs: its own definitions, and those
    /// of projects below the names of these, with the packages of who uses them.
    pub fn placed(self) -> impl Iterator<Item = (Option<String>, Vec<String>, DefinitionEntry)> {
        self.own
            .into_iter()
            .chain(self.adopted)
            .map(|entry| (entry.system.clone(), entry.namespace.clone(), entry))
    }

    /// One fragment for each entry, in branches below an output root: `ROOT.SYSTEM.namespace`.
    #[must_use]
    pub fn nested(self, root: &str) -> Vec<Fragment> {
        self.placed().map(|(system, names, entry)| entry.fragment(root, system, names)).collect()
    }
}

impl DefinitionEntry {
    /// The entry as an output, at the names below a root and a system. Who wrote it, and its priority
    /// among others, stay what they are.
    #[must_use]
    pub fn fragment(self, root: &str, system: Option<String>, names: Vec<String>) -> Fragment {
        let path = std::iter::once(root.to_owned()).chain(system).chain(names).collect();
        Fragment {
            priority: Some(self.priority),
            origin: Some(self.origin),
            ..Fragment::new(path, Payload::Lazy(self.value))
        }
    }
}
