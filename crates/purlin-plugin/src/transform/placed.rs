//! Where definitions usually stand in outputs.

use super::{Composition, DefinitionEntry, Fragment, Payload};

impl Composition {
    /// Every entry with the path that it has below an output root: its system where it has one, the
    /// name of its project where it is of one, and its namespace. A project that was adopted is
    /// there once, as it was adopted.
    pub fn placed(self) -> Vec<(Option<String>, Vec<String>, DefinitionEntry)> {
        let Self { own, adopted, children } = self;
        let is_adopted = |project: &String| {
            adopted.iter().any(|entry| entry.namespace.first() == Some(project))
        };
        let mut placed = Vec::with_capacity(own.len() + adopted.len());
        let mut place = |project: Option<&String>, entry: DefinitionEntry| {
            let names = project.into_iter().chain(&entry.namespace).cloned().collect();
            placed.push((entry.system.clone(), names, entry));
        };
        let children: Vec<_> =
            children.into_iter().filter(|(project, _)| !is_adopted(project)).collect();
        for entry in own.into_iter().chain(adopted) {
            place(None, entry);
        }
        for (project, entries) in children {
            for entry in entries {
                place(Some(&project), entry);
            }
        }
        placed
    }

    /// One fragment for each entry, in branches below an output root: `ROOT.SYSTEM.namespace`.
    #[must_use]
    pub fn nested(self, root: &str) -> Vec<Fragment> {
        let placed = self.placed().into_iter();
        placed.map(|(system, names, entry)| entry.fragment(root, system, names)).collect()
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
