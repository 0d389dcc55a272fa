//! Seeing files change.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use purlin_model::Diagnostic;
use purlin_store::RelativePath;

/// How long nothing may happen before what happened is told: a save is several changes, and a
/// switch of branches is many.
const QUIET: Duration = Duration::from_millis(60);
/// How long it is waited for quiet.
const PATIENCE: Duration = Duration::from_millis(500);
/// Folders of the root that are never looked into.
const NEVER: [&str; 3] = [".git", ".purlin", ".purlin-cache"];

/// Watches a workspace.
pub struct Watch {
    /// Ends the watch when it goes.
    _watcher: RecommendedWatcher,
    receiver: Receiver<notify::Result<notify::Event>>,
    root: PathBuf,
}

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) paths: BTreeSet<RelativePath>,
    /// More than could be told: anything may have changed.
    pub(crate) all: bool,
}

impl Watch {
    /// Begins to watch the workspace at `root`, all folders but those that no input can be in.
    ///
    /// # Errors
    /// The system does not watch that many folders, or one cannot be read.
    pub fn new(root: &Path) -> Result<Self, Diagnostic> {
        let (sender, receiver) = channel();
        let mut watcher = notify::recommended_watcher(move |event| {
            // Nobody listens any more only when the watch is over.
            let _ = sender.send(event);
        })
        .map_err(|error| trouble(&error))?;
        watcher.watch(root, RecursiveMode::NonRecursive).map_err(|error| trouble(&error))?;
        let mut watch = Self { _watcher: watcher, receiver, root: root.to_owned() };
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                watch.enter(&entry.path()).map_err(|error| trouble(&error))?;
            }
        }
        Ok(watch)
    }

    /// Watches a folder of the root, with all below it.
    fn enter(&mut self, folder: &Path) -> notify::Result<()> {
        let name = folder.file_name().unwrap_or_default();
        if folder.parent() != Some(&self.root) || NEVER.iter().any(|never| name == *never) {
            return Ok(());
        }
        match self._watcher.watch(folder, RecursiveMode::Recursive) {
            // It may be gone again.
            Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => Ok(()),
            other => other,
        }
    }

    /// Waits for the next changes, but not longer than `limit`. Paths from the root; none where more
    /// has changed than could be told.
    pub fn changes(&mut self, limit: Duration) -> Option<Vec<PathBuf>> {
        let batch = self.next(limit)?;
        let paths = if batch.all { BTreeSet::new() } else { batch.paths };
        Some(paths.iter().map(|path| path.to_path().to_owned()).collect())
    }

    /// Waits for the next changes, but not longer than `limit`.
    pub(crate) fn next(&mut self, limit: Duration) -> Option<Batch> {
        let first = self.receiver.recv_timeout(limit).ok()?;
        let end = Instant::now() + PATIENCE;
        let mut batch = Batch::default();
        self.add(first, &mut batch);
        while Instant::now() < end {
            match self.receiver.recv_timeout(QUIET) {
                Ok(event) => self.add(event, &mut batch),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        // What was put into a new folder before it was watched was told by nobody.
        for path in std::mem::take(&mut batch.paths) {
            let place = self.root.join(&path);
            if fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_dir()) {
                below(&self.root, &place, &mut batch.paths);
            }
            batch.paths.insert(path);
        }
        (batch.all || !batch.paths.is_empty()).then_some(batch)
    }

    fn add(&mut self, event: notify::Result<notify::Event>, batch: &mut Batch) {
        let Ok(event) = event else {
            batch.all = true;
            return;
        };
        batch.all |= event.need_rescan();
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths {
            let Ok(relative) = path.strip_prefix(&self.root) else { continue };
            let hidden = relative
                .components()
                .next()
                .is_some_and(|first| NEVER.iter().any(|never| first.as_os_str() == *never));
            let Ok(relative) = RelativePath::parse(relative) else { continue };
            // Of a folder, only that it comes or goes counts.
            let is_folder = path.is_dir();
            let of_itself = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
            if hidden || (is_folder && of_itself) {
                continue;
            }
            // That it cannot be watched is found out by the next run.
            if is_folder && self.enter(&path).is_err() {
                batch.all = true;
            }
            batch.paths.insert(relative);
        }
    }
}

fn below(root: &Path, folder: &Path, found: &mut BTreeSet<RelativePath>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(root, &path, found);
        }
        found.extend(path.strip_prefix(root).ok().and_then(|path| RelativePath::parse(path).ok()));
    }
}

fn trouble(error: &notify::Error) -> Diagnostic {
    let diagnostic = Diagnostic::error("watch", "the workspace cannot be watched");
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => diagnostic
            .detail("The system watches no more folders for this user.")
            .help("on Linux, raise fs.inotify.max_user_watches".to_owned()),
        _ => diagnostic.detail(error.to_string()),
    }
}
