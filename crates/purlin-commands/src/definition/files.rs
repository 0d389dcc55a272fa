//! The files that definitions are read from besides those that define commands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Definitions, DotenvFile, Named};
use crate::action::{below, inside};

impl Definitions {
    /// Paths, from the root, of the files that set process variables, whether they are there or not.
    #[must_use]
    pub fn dotenv_files(&self, root: &str) -> BTreeSet<PathBuf> {
        let spaces = self.spaces.values().filter_map(|space| space.dotenv.as_deref());
        paths(spaces.flatten().chain(&self.defaults.dotenv), root)
    }

    /// The same for the commands of one space, or for those without one.
    #[must_use]
    pub fn dotenv_of(&self, space: Option<&str>, root: &str) -> BTreeSet<PathBuf> {
        let own = space.and_then(|space| self.spaces.get(space)?.dotenv.as_ref());
        paths(own.unwrap_or(&self.defaults.dotenv), root)
    }
}

fn paths<'f>(files: impl IntoIterator<Item = &'f DotenvFile>, root: &str) -> BTreeSet<PathBuf> {
    let path = |named: &Named| inside(&below(root, named.name.clone()), named);
    files.into_iter().filter_map(|file| path(&file.path).ok()).map(PathBuf::from).collect()
}
