//! Instances that share a folder do not run at once: those that come too soon stand aside,
//! where they keep nobody else from running.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use purlin_store::folders_above as above;

use crate::graph::Graph;

/// Who stands aside, and for what.
pub(super) struct Apart {
    /// The workspace's.
    root: PathBuf,
    folders: HashMap<Vec<u8>, Folder>,
}

#[derive(Default)]
struct Folder {
    /// One that runs has it to itself.
    is_taken: bool,
    /// How many run that have something below it to themselves.
    below: usize,
    aside: Vec<usize>,
}

impl Apart {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folders: HashMap::new() }
    }

    /// Takes the folders of an instance; false where it has to stand aside until another one ends.
    pub(super) fn take(&mut self, graph: &Graph, index: usize) -> bool {
        let wanted = graph.shared_folders(&self.root, index);
        for folder in wanted.clone() {
            let busy = |place: &Folder| place.is_taken || place.below > 0;
            let here = self.folders.get(folder).is_some_and(busy).then_some(folder);
            let is_taken = |above: &&[u8]| self.folders.get(*above).is_some_and(|one| one.is_taken);
            if let Some(obstacle) = here.or_else(|| above(folder).find(is_taken)) {
                self.folders.entry(obstacle.to_vec()).or_default().aside.push(index);
                return false;
            }
        }
        for folder in wanted {
            self.folders.entry(folder.to_vec()).or_default().is_taken = true;
            for above in above(folder) {
                self.folders.entry(above.to_vec()).or_default().below += 1;
            }
        }
        true
    }

    /// Gives back the folders of an instance that has run; those who may try again.
    pub(super) fn release(&mut self, graph: &Graph, index: usize) -> Vec<usize> {
        let mut freed = Vec::new();
        for folder in graph.shared_folders(&self.root, index) {
            if let Some(place) = self.folders.get_mut(folder) {
                place.is_taken = false;
                freed.append(&mut place.aside);
            }
            for above in above(folder) {
                if let Some(place) = self.folders.get_mut(above) {
                    place.below -= 1;
                    freed.append(&mut place.aside);
                }
            }
        }
        freed
    }

    /// Everybody who stands aside.
    pub(super) fn drain(&mut self) -> Vec<usize> {
        self.folders.values_mut().flat_map(|folder| std::mem::take(&mut folder.aside)).collect()
    }
}
