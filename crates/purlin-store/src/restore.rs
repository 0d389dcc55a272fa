//! Making the outputs of a command equal to a stored result.

mod apply;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};

use crate::compare::Known;
use crate::{
    Node, RelativePath, RestoreError, Store, StoreError, Tree, atomic, defect, fault, parallel,
    temporary,
};

/// What [`restore`] did, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Entries of the tree that were not so before.
    pub written: Vec<RelativePath>,
    /// Recorded outputs that the tree lacks and that are gone now.
    pub removed: Vec<RelativePath>,
    /// Recorded outputs that the tree lacks, but that somebody changed: they stay.
    pub kept: Vec<RelativePath>,
}

/// Makes everything that `tree` names under `root` equal to it, and removes what `previous` names
/// and `tree` does not.
///
/// All contents are fetched into `staging` (a folder on the file system of `root`, made where it
/// is missing) and proven before anything is touched. Then each file is replaced by a rename, so
/// that it is the old one or the new one at every moment. What is equal already is not touched.
/// Of the permissions only the executable bit is set; the rest follows the process's mask.
///
/// `previous` is what this instance is recorded to have written: the tree of its last run or
/// restore, and that of any restore that did not finish. Only what is recorded there is replaced,
/// and only what still is as recorded there is removed: never what a user made.
///
/// Nothing is written through a symbolic link that leads out of `root`.
///
/// # Errors
/// See [`RestoreError`]. After an interruption or an error, calling it again completes the work.
pub fn restore<'t>(
    store: &Store,
    root: &Path,
    staging: &Path,
    tree: &Tree,
    previous: impl IntoIterator<Item = &'t Tree>,
    known: Known<'_>,
) -> Result<Restored, RestoreError> {
    let root = &*defect::place(store.folder(), root);
    let previous: Vec<&Tree> = previous.into_iter().collect();
    let plan = plan::plan(root, tree, &previous, known)?;
    let staged = Staged::fetch(store, staging, &plan.steps)?;
    apply::apply(root, &plan, &staged)
}

/// A folder with everything that is to be put in place, numbered as the steps are.
struct Staged(Option<PathBuf>);

impl Staged {
    fn fetch(
        store: &Store,
        staging: &Path,
        steps: &[plan::Step<'_>],
    ) -> Result<Self, RestoreError> {
        if steps.iter().all(|step| *step.node == Node::Directory) {
            // Whoever died when everything was in place has left nothing to stage, only garbage.
            temporary::collect(staging);
            return Ok(Self(None));
        }
        atomic::make_folders(staging)?;
        let folder = temporary::new_in(staging);
        fault::point("restore.staging-make");
        fs::create_dir(&folder).map_err(io_error("make the folder", &folder))?;
        fault::point("restore.staging-made");
        let staged = Self(Some(folder));

        let numbered: Vec<_> = steps.iter().enumerate().collect();
        parallel::map(&numbered, |(number, step)| staged.fetch_one(store, *number, step))?;
        fault::point("restore.fetched");
        Ok(staged)
    }

    fn fetch_one(
        &self,
        store: &Store,
        number: usize,
        step: &plan::Step<'_>,
    ) -> Result<(), RestoreError> {
        let Node::File { digest, executable, .. } = step.node else { return Ok(()) };
        let incomplete = |damaged| RestoreError::Incomplete {
            path: step.path.clone(),
            digest: *digest,
            damaged,
        };
        match store.fetch(*digest, &self.place(number), *executable) {
            Ok(true) => Ok(()),
            Ok(false) => Err(incomplete(false)),
            Err(StoreError::Damaged { .. }) => Err(incomplete(true)),
            Err(error) => Err(error.into()),
        }
    }

    fn place(&self, number: usize) -> PathBuf {
        self.0.as_deref().unwrap_or(Path::new("")).join(number.to_string())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            fault::point("restore.staging-remove");
            // What stays is collected after the end of this process.
            let _ = fs::remove_dir_all(folder);
            fault::point("restore.staging-removed");
        }
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RestoreError {
    move |source| RestoreError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
