//! What a restore will do, decided before anything is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::io_error;
use crate::compare::{Known, matches};
use crate::error::Outside;
use crate::{Node, RelativePath, RestoreError, Tree, defect};

/// Everything that will be done, in this order: the steps, the stale files, the stale folders.
pub(super) struct Plan<'t> {
    pub(super) steps: Vec<Step<'t>>,
    /// Recorded files and links that the tree lacks.
    pub(super) stale: Vec<Removal>,
    /// Recorded directories that the tree lacks, the innermost first: removed if empty then.
    pub(super) folders: Vec<RelativePath>,
    pub(super) kept: Vec<RelativePath>,
}

/// One entry of the tree that is not so yet.
pub(super) struct Step<'t> {
    pub(super) path: &'t RelativePath,
    pub(super) node: &'t Node,
    /// What must go first, in this order.
    pub(super) clear: Vec<Removal>,
}

/// Something to be removed, if it still is what it was when it was looked at.
pub(super) struct Removal {
    pub(super) path: RelativePath,
    pub(super) is_folder: bool,
    /// Whether the tree lacks it. Otherwise it makes room for another kind at the same path.
    pub(super) is_stale: bool,
    stamp: Stamp,
}

type Stamp = (u64, u64, i64, i64);

impl Removal {
    pub(super) fn is_unchanged(&self, metadata: &Metadata) -> bool {
        self.stamp == stamp(metadata)
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

pub(super) fn plan<'t>(
    root: &Path,
    tree: &'t Tree,
    previous: &[&Tree],
    known: Known<'_>,
) -> Result<Plan<'t>, RestoreError> {
    let real_root = root.canonicalize().map_err(io_error("read", root))?;
    let mut planner = Planner {
        root,
        real_root,
        tree,
        previous,
        known,
        ways: BTreeMap::new(),
        clear: Vec::new(),
        cleared: BTreeSet::new(),
    };
    let mut steps = Vec::new();
    let old_links = planner.old_links();
    for (path, node) in tree.entries() {
        if matches(root, path, node, known) && !path.ancestors().any(|up| old_links.contains(&up)) {
            continue;
        }
        if planner.way_to(path)? == Way::Open {
            planner.make_room(path, node)?;
        }
        steps.push(Step { path, node, clear: std::mem::take(&mut planner.clear) });
    }
    let mut plan = Plan { steps, stale: Vec::new(), folders: Vec::new(), kept: Vec::new() };
    if !defect::seeded("extra-outputs-stay") {
        planner.find_stale(&mut plan)?;
    }
    Ok(plan)
}

/// Why what stands in the way of an entry stays.
const NOT_RECORDED: &str = "no run here is recorded to have written it";

/// Whether a folder is there when the step comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Missing,
}

struct Planner<'a, 't> {
    root: &'a Path,
    real_root: PathBuf,
    tree: &'t Tree,
    previous: &'a [&'a Tree],
    known: Known<'a>,
    ways: BTreeMap<RelativePath, Way>,
    /// What the step being planned must remove first.
    clear: Vec<Removal>,
    /// Everything that some step removes first.
    cleared: BTreeSet<RelativePath>,
}

impl Planner<'_, '_> {
    /// Recorded links that the tree lacks. What seems to be right behind one of them is not, since
    /// the link goes.
    fn old_links(&self) -> BTreeSet<RelativePath> {
        self.previous
            .iter()
            .flat_map(|tree| tree.entries())
            .filter(|(path, node)| {
                matches!(node, Node::Symlink { .. })
                    && !matches!(self.tree.get(path), Some(Node::Symlink { .. }))
                    && self.is_recorded(path)
            })
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Looks at every folder above `path`.
    fn way_to(&mut self, path: &RelativePath) -> Result<Way, RestoreError> {
        for folder in path.ancestors() {
            let way = match self.ways.get(&folder) {
                Some(way) => *way,
                None => {
                    let way = self.look_at(&folder, path)?;
                    self.ways.insert(folder, way);
                    way
                }
            };
            if way == Way::Missing {
                return Ok(Way::Missing);
            }
        }
        Ok(Way::Open)
    }

    fn look_at(&mut self, folder: &RelativePath, path: &RelativePath) -> Result<Way, RestoreError> {
        let Some(metadata) = self.metadata(folder)? else { return Ok(Way::Missing) };
        if metadata.is_dir() {
            return Ok(Way::Open);
        }
        // The tree has a step of its own for a directory that it names.
        if self.tree.get(folder) == Some(&Node::Directory) {
            return Ok(Way::Missing);
        }
        if self.is_recorded(folder) {
            self.remove_first(folder, &metadata);
            return Ok(Way::Missing);
        }
        if !metadata.is_symlink() {
            let reason = "it is not a directory, and no run is recorded to have written it";
            return Err(blocked(path, folder, reason));
        }
        match self.root.join(folder).canonicalize() {
            Ok(target) if !target.starts_with(&self.real_root) => {
                Err(Outside { path: path.clone(), link: folder.clone(), target }.into())
            }
            Ok(target) if target.is_dir() => Ok(Way::Open),
            _ => Err(blocked(path, folder, "it is a symbolic link to no directory")),
        }
    }

    /// Sees to it that an entry can be put at `path`, where another kind of thing may stand.
    fn make_room(&mut self, path: &RelativePath, node: &Node) -> Result<(), RestoreError> {
        let Some(metadata) = self.metadata(path)? else { return Ok(()) };
        let kind = metadata.file_type();
        if kind.is_dir() {
            self.clear_folder(path, path)?;
        } else if !kind.is_file() && !kind.is_symlink() {
            return Err(blocked(path, path, "it is neither a file, a link nor a directory"));
        } else if *node == Node::Directory {
            if !self.is_recorded(path) {
                self.refuse_link_to_outside(path)?;
                return Err(blocked(path, path, NOT_RECORDED));
            }
            self.remove_first(path, &metadata);
        } else if !self.wrote(path, &metadata) {
            return Err(blocked(path, path, NOT_RECORDED));
        }
        Ok(())
    }

    /// Whether this instance is recorded to have written a file or link at `path`, whatever has
    /// become of it: an output that was edited by hand is put back, a user's file is not replaced.
    fn wrote(&self, path: &RelativePath, metadata: &Metadata) -> bool {
        let mut recorded = self.previous.iter().filter_map(|tree| tree.get(path));
        !metadata.is_dir()
            && (recorded.any(|node| *node != Node::Directory)
                || defect::seeded("own-files-replaced"))
    }

    /// A user who keeps outputs elsewhere would be surprised to find the link gone.
    fn refuse_link_to_outside(&self, path: &RelativePath) -> Result<(), RestoreError> {
        match self.root.join(path).canonicalize() {
            Ok(target) if !target.starts_with(&self.real_root) => {
                Err(Outside { path: path.clone(), link: path.clone(), target }.into())
            }
            _ => Ok(()),
        }
    }

    /// Plans the removal of `folder`, in the place of which `path` belongs, with all that is in it.
    fn clear_folder(
        &mut self,
        folder: &RelativePath,
        path: &RelativePath,
    ) -> Result<(), RestoreError> {
        let full = self.root.join(folder);
        let children = fs::read_dir(&full).map_err(io_error("read", &full))?;
        for child in children {
            let child = child.map_err(io_error("read", &full))?;
            let child = folder.join(&child.file_name());
            let Some(metadata) = self.metadata(&child)? else { continue };
            if metadata.is_dir() {
                self.clear_folder(&child, path)?;
            } else if self.is_recorded(&child) {
                self.remove_first(&child, &metadata);
            } else {
                let reason = "no run is recorded to have written it as it is now";
                return Err(blocked(path, &child, reason));
            }
        }
        if let Some(metadata) = self.metadata(folder)? {
            self.remove_first(folder, &metadata);
        }
        Ok(())
    }

    fn remove_first(&mut self, path: &RelativePath, metadata: &Metadata) {
        self.cleared.insert(path.clone());
        let is_stale = self.tree.get(path).is_none();
        self.clear.push(Removal::new(path, metadata, is_stale));
    }

    fn find_stale(&mut self, plan: &mut Plan<'_>) -> Result<(), RestoreError> {
        let recorded: BTreeSet<&RelativePath> = self
            .previous
            .iter()
            .flat_map(|tree| tree.entries().iter().map(|(path, _)| path))
            .filter(|path| self.tree.get(path).is_none() && !self.cleared.contains(path))
            .collect();
        let needed: BTreeSet<RelativePath> =
            self.tree.entries().iter().flat_map(|(path, _)| path.ancestors()).collect();
        let mut homes = BTreeMap::new();
        for path in recorded {
            if needed.contains(path) {
                continue;
            }
            let Some(metadata) = self.metadata(path)? else { continue };
            let home =
                homes.entry(path.parent()).or_insert_with_key(|folder| self.home(folder.as_ref()));
            match home {
                Home::Here => {}
                // It is a file of the tree by another name, or nobody's who can be asked.
                Home::Within(real) if self.names(real, path) => continue,
                Home::Within(_) => {}
                Home::Elsewhere => continue,
            }
            if metadata.is_dir() {
                if self.is_recorded(path) {
                    plan.folders.push(path.clone());
                }
            } else if self.is_recorded(path) {
                plan.stale.push(Removal::new(path, &metadata, true));
            } else {
                plan.kept.push(path.clone());
            }
        }
        plan.folders.reverse();
        Ok(())
    }

    /// Where the things in `folder` really are.
    fn home(&self, folder: Option<&RelativePath>) -> Home {
        let Some(folder) = folder else { return Home::Here };
        // What lies beneath a file or link of the tree, or beneath what makes room for one, is no
        // longer reached by its path.
        let gone = |path: &RelativePath| {
            self.tree.get(path).is_some_and(|node| *node != Node::Directory)
                || self.cleared.contains(path)
        };
        if gone(folder) || folder.ancestors().any(|path| gone(&path)) {
            return Home::Elsewhere;
        }
        let Ok(real) = self.root.join(folder).canonicalize() else { return Home::Elsewhere };
        match real.strip_prefix(&self.real_root) {
            Ok(within) if within == folder.to_path() => Home::Here,
            Ok(within) => Home::Within(within.to_owned()),
            Err(_) => Home::Elsewhere,
        }
    }

    /// Whether the tree names, as something in `real`, what has the last name of `path`.
    fn names(&self, real: &Path, path: &RelativePath) -> bool {
        let Some(name) = path.to_path().file_name() else { return false };
        RelativePath::parse(real.join(name)).is_ok_and(|path| self.tree.get(&path).is_some())
    }

    /// Whether what stands at `path` is what this instance is recorded to have written there.
    fn is_recorded(&self, path: &RelativePath) -> bool {
        self.previous
            .iter()
            .filter_map(|tree| tree.get(path))
            .any(|node| matches(self.root, path, node, self.known))
    }

    fn metadata(&self, path: &RelativePath) -> Result<Option<Metadata>, RestoreError> {
        let full = self.root.join(path);
        match fs::symlink_metadata(&full) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(io_error("read", &full)(error)),
        }
    }
}

enum Home {
    Here,
    /// Inside the workspace, but in another folder, through a symbolic link.
    Within(PathBuf),
    Elsewhere,
}

impl Removal {
    fn new(path: &RelativePath, metadata: &Metadata, is_stale: bool) -> Self {
        let is_folder = metadata.is_dir();
        Self { path: path.clone(), is_folder, is_stale, stamp: stamp(metadata) }
    }
}

fn blocked(path: &RelativePath, by: &RelativePath, reason: &'static str) -> RestoreError {
    RestoreError::Blocked { path: path.clone(), by: by.clone(), reason }
}
