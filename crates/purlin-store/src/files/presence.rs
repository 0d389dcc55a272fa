//! What there is that patterns take, without reading files.

use rustix::fd::AsFd as _;

use super::walk::{self, FoundKind, Purpose};
use crate::RelativePath;

use super::{Files, FilesError, Patterns, Plan, RuleCache, Rules};

impl Files {
    /// For each set, whether [`Files::inputs`] would list anything for it. No file is read.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn present(&self, sets: &[&Patterns]) -> Result<Vec<bool>, FilesError> {
        let plan = Plan::new(sets);
        let root = self.root()?;
        let cache = RuleCache::default();
        let rules = Rules::above(&self.root, &cache);
        let found = walk::walk(root.as_fd(), &plan, Purpose::Inputs, rules, &cache)?;
        let mut present = vec![false; sets.len()];
        for one in found.iter().filter(|one| !matches!(one.kind, FoundKind::Directory)) {
            for set in one.sets.iter() {
                present[*set as usize] = true;
            }
        }
        Ok(present)
    }

    /// For each set, the links among what [`Files::inputs`] would list for it, wherever they lead. No
    /// file is read.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn links(&self, sets: &[&Patterns]) -> Result<Vec<Vec<RelativePath>>, FilesError> {
        let plan = Plan::new(sets);
        let root = self.root()?;
        let cache = RuleCache::default();
        let rules = Rules::above(&self.root, &cache);
        let found = walk::walk(root.as_fd(), &plan, Purpose::Inputs, rules, &cache)?;
        let mut links = vec![Vec::new(); sets.len()];
        for one in found {
            if matches!(one.kind, FoundKind::Link(_) | FoundKind::File { link: true, .. }) {
                for set in one.sets.iter() {
                    links[*set as usize].push(one.path.clone());
                }
            }
        }
        Ok(links)
    }
}
