//! Definitions that are files of one folder, each made when somebody needs it: of thousands most are
//! never asked for.

use std::sync::{Arc, OnceLock};

use purlin_model::Origin;

use crate::folder::{MappedFile, MappedFolder};
use crate::read::Common;
use crate::{Content, Contribution, Name};

#[derive(Debug)]
pub(crate) struct ListedFiles {
    folder: MappedFolder,
    common: Common,
    made: Box<[OnceLock<Arc<Contribution>>]>,
}

impl ListedFiles {
    /// All files of the folder have names of their own, which are unlike each other, and are written
    /// in the language: nothing in them says how they count.
    pub(crate) fn new(folder: MappedFolder, common: Common) -> Arc<Self> {
        let made = folder.files.iter().map(|_| OnceLock::new()).collect();
        Arc::new(Self { folder, common, made })
    }

    /// The names that lead to the folder, its section first.
    pub(crate) fn above(&self) -> &[Name] {
        &self.folder.above
    }

    pub(crate) fn len(&self) -> usize {
        self.made.len()
    }

    /// The names of the definitions, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.folder.files.iter().map(|file| self.folder.stem(*file))
    }

    /// The one system that they are for.
    pub(crate) fn system(&self) -> Option<&Name> {
        self.common.system.as_ref()
    }

    pub(crate) fn priority(&self) -> i64 {
        self.common.priority
    }

    /// The definition of the name at a place; the same each time.
    pub(crate) fn get(&self, place: usize) -> &Arc<Contribution> {
        self.made[place].get_or_init(|| self.make(self.folder.files[place]))
    }

    fn make(&self, file: MappedFile) -> Arc<Contribution> {
        let path = self.folder.path(file);
        let file = self.folder.definition(file);
        let origin = Origin::whole(&file.place);
        let content = Content::Prototype { file, name: None };
        Arc::new(self.common.contribution(path, content, origin))
    }
}
