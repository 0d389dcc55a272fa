//! Parts of a graph: what is kept of what was asked for.

use std::collections::BTreeSet;
use std::path::Path;

use purlin_store::{Patterns, RelativePath};

use super::{Graph, Instance};
use crate::links;
use crate::record::Record;
use crate::session::Session;

impl Graph {
    /// Whether an instance takes part in the run. Of an isolated graph, those that were not asked
    /// for only tell what they have made before.
    #[must_use]
    pub fn runs(&self, index: usize) -> bool {
        !self.isolated || self.instances[index].selected
    }

    /// The instances that take part in the run.
    pub fn running(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| !self.isolated || instance.selected)
    }

    /// Keeps those that are asked for and all that they depend on. `wanted` has an element for each
    /// instance.
    pub fn keep(&mut self, wanted: &[bool]) {
        self.writers.take();
        let mut needed = wanted.to_vec();
        // Producers come before those who depend on them.
        for index in (0..self.instances.len()).rev() {
            let instance = &mut self.instances[index];
            instance.selected = wanted[index];
            if needed[index] {
                for producer in &instance.producers {
                    needed[*producer] = true;
                }
            }
        }
        let mut position = Vec::with_capacity(needed.len());
        let mut kept = 0;
        for needed in &needed {
            position.push(kept);
            kept += usize::from(*needed);
        }
        let mut stays = needed.iter().copied();
        self.instances.retain(|_| stays.next().unwrap_or_default());
        for instance in &mut self.instances {
            for producer in &mut instance.producers {
                *producer = position[*producer];
            }
            instance.strict.retain(|one| needed[*one]);
            for one in &mut instance.strict {
                *one = position[*one];
            }
            for outside in &mut instance.outside {
                outside.position =
                    outside.position.filter(|one| needed[*one]).map(|one| position[one]);
            }
        }
    }

    /// The instances that changed files concern: those that depend on one of them, those that
    /// `redefined` names, and whoever depends strictly on one of these.
    #[must_use]
    pub fn concerned(
        &self,
        changed: &[RelativePath],
        redefined: &dyn Fn(&Instance) -> bool,
        session: &Session<'_>,
    ) -> Vec<bool> {
        let linked = links::linked(self, session);
        let files: BTreeSet<&Path> = changed.iter().map(|path| path.to_path()).collect();
        let mut changed = changed.to_vec();
        changed.extend(links::aliases(self, session, &changed));
        let folders: Vec<RelativePath> =
            changed.iter().filter(|path| session.root.join(path).is_dir()).cloned().collect();
        let mut concerned = vec![false; self.instances.len()];
        for (index, instance) in self.instances.iter().enumerate() {
            concerned[index] = redefined(instance)
                || instance.reads(&changed, &folders, session)
                || self.reads_artifacts(instance, &changed)
                || linked[index].iter().any(|file| files.contains(file.as_path()))
                || instance.strict.iter().any(|producer| concerned[*producer]);
        }
        concerned
    }

    /// Whether one of the changed paths is an artifact of a producer: those that are committed change
    /// without anybody having run.
    fn reads_artifacts(&self, instance: &Instance, changed: &[RelativePath]) -> bool {
        let producers = instance.producers.iter().map(|one| &self.instances[*one].action.outputs);
        let outside = instance.outside.iter().map(|outside| &outside.outputs);
        let mut outputs = producers.chain(outside);
        outputs.any(|outputs| changed.iter().any(|path| outputs.matches(path)))
    }
}

impl Instance {
    /// Whether one of the changed paths is an input. A changed folder is a repository in this one,
    /// of whose files nothing is known.
    fn reads(
        &self,
        changed: &[RelativePath],
        folders: &[RelativePath],
        session: &Session<'_>,
    ) -> bool {
        let of = |inputs: &Patterns| {
            changed.iter().any(|path| inputs.matches(path))
                || folders.iter().any(|folder| inputs.may_overlap(&Patterns::of_paths([folder])))
        };
        if let Some(inputs) = &self.inputs {
            return of(inputs);
        }
        // What it depends on is told by a file that another command writes: what that told the last
        // time counts, and without it nobody can know.
        let known: Vec<_> =
            self.dependencies.iter().filter_map(|one| one.expansion.clone()).collect();
        if self.compile(&known).is_ok_and(|inputs| of(&inputs)) {
            return true;
        }
        let Some(record) = Record::read(&session.records(), &self.id) else { return true };
        let files: BTreeSet<&RelativePath> = record.files.iter().map(|(path, _)| path).collect();
        changed.iter().any(|path| files.contains(path))
    }
}
