//! The files that definitions are read from besides those that define commands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Definitions;
use crate::action::{below, inside};

impl Definitions {
    /// Paths, from the root, of the files that set process variables, whether they are there or not.
    #[must_use]
    pub fn dotenv_files(&self, root: &str) -> BTreeSet<PathBuf> {
        let spaces = self.spaces.values().filter_map(|space| space.dotenv.as_deref());
        let all = spaces.flatten().chain(&self.defaults.dotenv);
        let path = |named: &super::Named| inside(&below(root, named.name.clone()), named);
        all.filter_map(|file| path(&file.path).ok()).map(PathBuf::from).collect()
    }
}
