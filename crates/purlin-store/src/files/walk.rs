//! The one walk of the tree.

use std::ffi::CString;
use std::sync::Arc;

use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::FilesError;
use super::pattern::NEVER;
use super::plan::{Active, Matching, NodeId, Plan};
use super::rules::{RuleCache, Rules};
use super::stamp::{Stamp, file_type, is_executable};
use super::work::share;
use crate::{RelativePath, defect};

/// Up to this many entries a second thread takes longer to start than it saves, as measured.
const ALONE: usize = 2_000;

/// Something that sets want.
pub(super) struct Found {
    pub(super) path: RelativePath,
    pub(super) kind: FoundKind,
    /// The sets, in order.
    pub(super) sets: Arc<[u32]>,
}

pub(super) enum FoundKind {
    /// A regular file, or a link to one.
    File { stamp: Stamp, executable: bool, link: bool },
    /// A link that is not followed or leads to no file, and its text.
    Link(Vec<u8>),
    /// A folder that belongs to an artifact.
    Directory,
    /// A pipe, socket or device among artifacts.
    Special,
}

/// What a walk is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Files, those of links too, without what git ignores.
    Inputs,
    /// Whatever is there: folders and links themselves too.
    Outputs,
}

/// Finds what the sets want below `root`, sorted by path.
pub(super) fn walk(
    root: BorrowedFd<'_>,
    plan: &Plan<'_>,
    purpose: Purpose,
    above: Rules,
    cache: &RuleCache,
) -> Result<Vec<Found>, FilesError> {
    let walk = Walk { root, plan, purpose, cache };
    let nothing = Arc::default();
    let task = Task {
        path: Vec::new(),
        node: Some(Plan::ROOT),
        active: plan.enter(&nothing, Some(Plan::ROOT), b""),
        ignored: false,
        follow: true,
        rules: above,
    };
    let state = || Walker { matching: Matching::new(plan), found: Vec::new(), entries: Vec::new() };
    let step = |walker: &mut Walker, task, stack: &mut Vec<_>| walker.visit(&walk, task, stack);
    let walkers = share(vec![task], ALONE, state, step)?;
    Ok(sorted(walkers.into_iter().map(|walker| walker.found).collect()))
}

/// What several threads have found, sorted: each part on a thread again, and then two runs are merged.
fn sorted(mut parts: Vec<Vec<Found>>) -> Vec<Found> {
    let by_path = |one: &Found, other: &Found| one.path.cmp(&other.path);
    std::thread::scope(|scope| {
        let mut parts = parts.iter_mut();
        let first = parts.next();
        for part in parts {
            scope.spawn(move || part.sort_unstable_by(by_path));
        }
        first.into_iter().for_each(|part| part.sort_unstable_by(by_path));
    });
    let mut parts = parts.into_iter();
    let mut found = parts.next().unwrap_or_default();
    let mut others = 0;
    for mut part in parts {
        others += 1;
        found.append(&mut part);
    }
    if others > 0 {
        found.sort_by(by_path);
    }
    found
}

struct Walk<'a> {
    root: BorrowedFd<'a>,
    plan: &'a Plan<'a>,
    purpose: Purpose,
    cache: &'a RuleCache,
}

/// A folder to visit.
struct Task<'a> {
    /// From the root, for which it is empty.
    path: Vec<u8>,
    node: Option<NodeId>,
    active: Arc<Vec<Active<'a>>>,
    /// Whether git ignores it, and so everything below.
    ignored: bool,
    /// Whether it may be a link: a pattern names it or something below it.
    follow: bool,
    /// Those of the folders above.
    rules: Rules,
}

/// One thread's part.
struct Walker {
    matching: Matching,
    found: Vec<Found>,
    entries: Vec<(CString, FileType)>,
}

/// An entry of a folder.
struct Item<'a> {
    folder: BorrowedFd<'a>,
    name: &'a CString,
    path: &'a [u8],
    node: Option<NodeId>,
}

impl Walker {
    /// Visits a folder; returns how many entries it has.
    fn visit<'a>(
        &mut self,
        walk: &Walk<'a>,
        mut task: Task<'a>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<usize, FilesError> {
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if !task.follow {
            flags |= OFlags::NOFOLLOW;
        }
        let path: &[u8] = if task.path.is_empty() { b"." } else { &task.path };
        let folder = match openat(walk.root, path, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(error) if is_gone(error) => return Ok(1),
            Err(error) => return Err(FilesError::read(path, error)),
        };
        let failed = |error| FilesError::read(path, error);
        let mut folder = Dir::new(folder).map_err(failed)?;
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        let mut has_rules = true;
        if task.active.is_empty() {
            // Only what is named matters, so the folder need not be read.
            for (name, _) in task.node.into_iter().flat_map(|node| walk.plan.children(node)) {
                entries.extend(CString::new(name).ok().map(|name| (name, FileType::Unknown)));
            }
        } else {
            has_rules = false;
            while let Some(entry) = folder.read() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) if is_gone(error) => break,
                    Err(error) => return Err(failed(error)),
                };
                let name = entry.file_name().to_bytes();
                if name == b"." || name == b".." {
                    continue;
                }
                has_rules |= name == b".gitignore";
                entries.push((entry.file_name().to_owned(), entry.file_type()));
            }
        }
        let folder = folder.fd().map_err(failed)?;
        if has_rules && !task.ignored && walk.purpose == Purpose::Inputs {
            let text = read_rules(folder).map_err(failed)?;
            task.rules = match text {
                Some(text) => task.rules.below(&task.path, &text, walk.cache),
                None => task.rules,
            };
        }
        let mut path = task.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        let length = path.len();
        for (name, kind) in &entries {
            // A repository inside an artifact is content like any other; the workspace's own is not.
            let is_content =
                walk.purpose == Purpose::Outputs && length > 0 && name.as_bytes() == b".git";
            if NEVER.contains(&name.as_bytes()) && !is_content {
                continue;
            }
            path.truncate(length);
            path.extend_from_slice(name.as_bytes());
            let node = walk.plan.child(task.node, name.as_bytes());
            let item = Item { folder, name, path: &path, node };
            self.entry(walk, &task, &item, *kind, stack)
                .map_err(|error| FilesError::read(&path, error))?;
        }
        let count = entries.len() + 1;
        self.entries = entries;
        Ok(count)
    }

    fn entry<'a>(
        &mut self,
        walk: &Walk<'a>,
        task: &Task<'a>,
        item: &Item<'_>,
        kind: FileType,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<(), Errno> {
        let kind = match kind {
            FileType::Unknown => match item.stat(AtFlags::SYMLINK_NOFOLLOW)? {
                Some(stat) => file_type(&stat),
                None => return Ok(()),
            },
            kind => kind,
        };
        match kind {
            FileType::Directory => {
                if walk.purpose == Purpose::Outputs
                    && let Some(sets) = self.sets(walk, task, item, true)
                {
                    self.push(item, FoundKind::Directory, sets);
                }
                stack.extend(task.below(walk, item));
            }
            FileType::RegularFile => {
                if let Some(sets) = self.sets(walk, task, item, false)
                    && let Some(stat) = item.stat(AtFlags::SYMLINK_NOFOLLOW)?
                    // Something else may stand there by now: then it is a file that is gone.
                    && file_type(&stat) == FileType::RegularFile
                {
                    self.push(item, file(&stat, false), sets);
                }
            }
            FileType::Symlink => {
                if walk.purpose == Purpose::Outputs {
                    return self.output_link(walk, task, item, stack);
                }
                let target = item.stat(AtFlags::empty()).unwrap_or(None);
                let leads_to = target.as_ref().map(file_type);
                if leads_to == Some(FileType::Directory) && item.node.is_some() {
                    stack.extend(task.beyond(walk, item));
                }
                let named = item.node.filter(|_| leads_to != Some(FileType::Directory));
                let item = Item { node: named, ..*item };
                let Some(sets) = self.sets(walk, task, &item, false) else { return Ok(()) };
                match target {
                    Some(stat) if leads_to == Some(FileType::RegularFile) => {
                        self.push(&item, file(&stat, true), sets);
                    }
                    _ => self.link(&item, sets)?,
                }
            }
            _ if walk.purpose == Purpose::Outputs => {
                if let Some(sets) = self.sets(walk, task, item, false) {
                    self.push(item, FoundKind::Special, sets);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A link among artifacts is one itself. What a pattern names beyond it is found there.
    fn output_link<'a>(
        &mut self,
        walk: &Walk<'a>,
        task: &Task<'a>,
        item: &Item<'_>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<(), Errno> {
        if !defect::seeded("outputs-beyond-links-missed")
            && walk.plan.names_beyond(item.node)
            && let Some(target) = item.stat(AtFlags::empty()).unwrap_or(None)
            && file_type(&target) == FileType::Directory
            && !leads_up(walk.root, item.path, &target)
        {
            stack.extend(task.beyond_output(walk, item));
        }
        match self.sets(walk, task, item, false) {
            Some(sets) => self.link(item, sets),
            None => Ok(()),
        }
    }

    fn link(&mut self, item: &Item<'_>, sets: Arc<[u32]>) -> Result<(), Errno> {
        match readlinkat(item.folder, item.name, Vec::new()) {
            Ok(text) => self.push(item, FoundKind::Link(text.into_bytes()), sets),
            Err(error) if is_gone(error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The sets that an entry is in.
    fn sets(
        &mut self,
        walk: &Walk<'_>,
        task: &Task<'_>,
        item: &Item<'_>,
        is_folder: bool,
    ) -> Option<Arc<[u32]>> {
        let mut of = |active: &[Active<'_>]| {
            self.matching.sets(walk.plan, active, item.node, item.path, is_folder)
        };
        let sets = of(&task.active)?;
        if walk.purpose == Purpose::Outputs
            || !task.ignored && !task.rules.ignore(item.path, is_folder)
        {
            return Some(sets);
        }
        let waiving: Vec<_> = task.active.iter().filter(|active| active.waives).cloned().collect();
        of(&waiving)
    }

    fn push(&mut self, item: &Item<'_>, kind: FoundKind, sets: Arc<[u32]>) {
        if let Ok(path) = RelativePath::from_bytes(item.path) {
            self.found.push(Found { path, kind, sets });
        }
    }
}

impl<'a> Task<'a> {
    /// The visit of a folder in this one, if anything in it can be wanted.
    fn below(&self, walk: &Walk<'a>, item: &Item<'_>) -> Option<Self> {
        let mut active = walk.plan.enter(&self.active, item.node, item.path);
        if active.is_empty() && !walk.plan.leads_on(item.node) {
            return None;
        }
        let ignored =
            walk.purpose == Purpose::Inputs && (self.ignored || self.rules.ignore(item.path, true));
        if ignored {
            active = walk.plan.enter_ignored(&self.active, item.node);
        }
        self.visit(walk, item, active, ignored, false)
    }

    /// The visit of a folder that a link leads to, for the patterns that name the link or
    /// something beyond it: a wildcard does not go through links, so there are no loops.
    fn beyond(&self, walk: &Walk<'a>, item: &Item<'_>) -> Option<Self> {
        let nothing = Arc::default();
        let ignored = self.ignored || self.rules.ignore(item.path, false);
        let active = if ignored {
            walk.plan.enter_ignored(&nothing, item.node)
        } else {
            walk.plan.enter(&nothing, item.node, item.path)
        };
        self.visit(walk, item, active, ignored, true)
    }

    /// The same for artifacts: a pattern that names the link means the link.
    fn beyond_output(&self, walk: &Walk<'a>, item: &Item<'_>) -> Option<Self> {
        self.visit(walk, item, walk.plan.wild_below(item.node), false, true)
    }

    fn visit(
        &self,
        walk: &Walk<'a>,
        item: &Item<'_>,
        active: Arc<Vec<Active<'a>>>,
        ignored: bool,
        follow: bool,
    ) -> Option<Self> {
        (!active.is_empty() || walk.plan.leads_on(item.node)).then(|| Self {
            path: item.path.to_vec(),
            node: item.node,
            active,
            ignored,
            follow,
            rules: self.rules.clone(),
        })
    }
}

impl Item<'_> {
    /// `None` where nothing is there any more.
    fn stat(&self, flags: AtFlags) -> Result<Option<Stat>, Errno> {
        match statat(self.folder, self.name, flags) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if is_gone(error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn file(stat: &Stat, link: bool) -> FoundKind {
    FoundKind::File { stamp: Stamp::of(stat), executable: is_executable(stat), link }
}

/// Whether a link leads to a folder that it is in itself: beyond it is all that is beside it.
fn leads_up(root: BorrowedFd<'_>, link: &[u8], target: &Stat) -> bool {
    let ends = (0..link.len()).filter(|place| link[*place] == b'/');
    let mut above = std::iter::once(&b"."[..]).chain(ends.map(|end| &link[..end]));
    above.any(|folder| {
        let stat = statat(root, folder, AtFlags::empty());
        stat.is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (target.st_dev, target.st_ino))
    })
}

/// Whether a path was removed or replaced while the walk went on.
pub(super) fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}

/// The ignore file of a folder. As in git, a link is not one.
fn read_rules(folder: BorrowedFd<'_>) -> Result<Option<Vec<u8>>, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match openat(folder, c".gitignore", flags, Mode::empty()) {
        Ok(file) => file,
        Err(error) if is_gone(error) || error == Errno::NXIO => return Ok(None),
        Err(error) => return Err(error),
    };
    if file_type(&rustix::fs::fstat(&file)?) != FileType::RegularFile {
        return Ok(None);
    }
    let mut text = Vec::new();
    loop {
        text.reserve(4096);
        match rustix::io::read(file.as_fd(), rustix::buffer::spare_capacity(&mut text)) {
            Ok(0) => return Ok(Some(text)),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
