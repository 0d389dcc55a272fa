//! Removing what was fetched and nobody needs any more. What a workspace has used last stays as long as
//! the workspace is there; `roots/` tells what that is, a file for each workspace.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use purlin_model::Digest;
use purlin_store::{Hold, Scratch, StoreError, fault, write_atomically};
use serde::{Deserialize, Serialize};

use super::Kept;

/// The folder of what workspaces have used last.
const ROOTS: &str = "roots";

/// How much of a name is a digest.
const DIGITS: usize = 64;

/// How often it is noted that something is used.
const NOTED: Duration = Duration::from_secs(60 * 60);

/// What a workspace has used last.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    /// The file that tells that the workspace is there.
    workspace: PathBuf,
    /// What is kept under which name, by what the workspace calls it.
    names: BTreeMap<String, String>,
}

/// Something that is kept.
#[derive(Debug)]
pub(crate) struct KeptTree {
    /// The name that it is kept under.
    pub(crate) name: String,
    /// What workspaces call it.
    pub(crate) called: Vec<String>,
    pub(crate) bytes: u64,
    /// When it was last used, as far as it was noted.
    pub(crate) used: SystemTime,
}

/// Which of them go.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// What was last used before that, and no workspace has used last.
    pub(crate) unused_since: Option<SystemTime>,
    /// What all that stays may take: of the others those go that were used longest ago.
    pub(crate) most_bytes: Option<u64>,
}

/// What has gone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pruned {
    pub(crate) trees: u64,
    pub(crate) bytes: u64,
    pub(crate) busy: bool,
}

impl Kept {
    /// Notes what a workspace calls something that is kept; what it called so before is let go.
    pub(crate) fn note(&self, workspace: &Path, called: &str, name: &str) {
        let file = self.folder.join(ROOTS);
        let file = file.join(Digest::of(workspace.as_os_str().as_encoded_bytes()).short());
        let mut used = read(&file).filter(|used| used.workspace == workspace).unwrap_or_default();
        used.workspace = workspace.to_owned();
        let before = used.names.insert(called.to_owned(), name.to_owned());
        if before.as_deref() != Some(name) {
            // What is not noted goes when it was not used for long.
            let text = serde_json::to_vec(&used).unwrap_or_default();
            let _ = write_atomically(&file, &text, "kept-roots");
        }
    }

    /// What is here, by name.
    pub(crate) fn trees(&self) -> Vec<KeptTree> {
        let roots = self.roots();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let tree = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let used = entry.path().join("digest").metadata().ok()?.modified().ok()?;
            let all = roots.iter().flat_map(|used| &used.names);
            let called = all.filter(|(_, one)| **one == name).map(|(called, _)| called.clone());
            Some(KeptTree { called: called.collect(), bytes: size(&entry.path()), used, name })
        };
        let mut trees: Vec<KeptTree> = entries.filter_map(tree).collect();
        trees.sort_by(|one, two| one.name.cmp(&two.name));
        trees
    }

    /// The digests that names begin with of what workspaces have used last.
    pub(crate) fn used_last(&self) -> HashSet<Digest> {
        let digest = |name: &String| name.get(..DIGITS)?.parse().ok();
        self.roots().iter().flat_map(|used| used.names.values()).filter_map(digest).collect()
    }

    /// Removes what is beyond the limits. `patience` is how long somebody who uses it is waited for.
    pub(crate) fn prune(&self, limits: &Limits, patience: Duration) -> Result<Pruned, StoreError> {
        self.remove(patience, &|tree, total| {
            let old = limits.unused_since.is_some_and(|since| tree.used < since);
            tree.called.is_empty() && (old || limits.most_bytes.is_some_and(|most| total > most))
        })
    }

    /// Removes everything.
    pub(crate) fn clear(&self, patience: Duration) -> Result<Pruned, StoreError> {
        self.remove(patience, &|_, _| true)
    }

    fn remove(
        &self,
        patience: Duration,
        goes: &dyn Fn(&KeptTree, u64) -> bool,
    ) -> Result<Pruned, StoreError> {
        if !self.folder.is_dir() {
            return Ok(Pruned::default());
        }
        let Some(_alone) = Hold::alone(&self.folder, patience) else {
            return Ok(Pruned { busy: true, ..Pruned::default() });
        };
        // What others have left who were killed goes with it.
        let scratch = Scratch::new_in(&self.folder)?;
        let mut trees = self.trees();
        trees.sort_by_key(|tree| tree.used);
        let mut total: u64 = trees.iter().map(|tree| tree.bytes).sum();
        let mut pruned = Pruned::default();
        for tree in &trees {
            if !goes(tree, total) {
                continue;
            }
            let from = self.folder.join(&tree.name);
            fault::point("kept.prune");
            // It is there whole or not at all, whatever happens while it is taken to pieces.
            fs::rename(&from, scratch.folder().join(&tree.name))
                .map_err(|source| StoreError::Io { action: "remove", path: from, source })?;
            fault::point("kept.pruned");
            total -= tree.bytes;
            pruned.trees += 1;
            pruned.bytes += tree.bytes;
        }
        Ok(pruned)
    }

    /// What workspaces have used last that are still there. What others have is forgotten.
    fn roots(&self) -> Vec<Used> {
        let entries = fs::read_dir(self.folder.join(ROOTS)).into_iter().flatten().flatten();
        let mut all = Vec::new();
        for entry in entries {
            match read(&entry.path()) {
                Some(used) if used.workspace.is_file() => all.push(used),
                _ => {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        all
    }
}

fn read(file: &Path) -> Option<Used> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Notes that what is in a folder is used.
pub(super) fn touch(folder: &Path) {
    let Ok(file) = File::open(folder.join("digest")) else { return };
    let noted = file.metadata().and_then(|metadata| metadata.modified());
    if !noted.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < NOTED)) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn size(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}
