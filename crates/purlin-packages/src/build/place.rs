//! Where a package is made, and how what was made comes to its place.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use purlin_commands::{Event, Reporter};
use purlin_model::Diagnostic;
use purlin_store::{StoreError, fault, put_in_place};

use super::{Builder, Failure, name_of};
use crate::aside::RecordAside;
use crate::graph::Node;
use crate::sandbox::Sandbox;
use crate::store::{make_read_only, remove_tree};
use crate::tree::{copy_tree, special, sync};
use crate::users::{Use, token};

/// How long a build that uses a package is waited for: two that use what the other one wants to build
/// would wait for each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at who uses a package.
const PAUSE: Duration = Duration::from_millis(20);

/// A package that makes room for itself to be built again where it is.
pub(super) struct Aside {
    folder: PathBuf,
    record: Option<RecordAside>,
}

impl Builder<'_> {
    /// An empty folder for one build.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.store.temporary().join(name);
        self.clear_away(&folder)?;
        for part in ["src", "build", "home"] {
            make(&folder.join(part))?;
        }
        Ok(folder)
    }

    /// An empty folder that a build in a sandbox writes to: outside of the folder that it works in, where
    /// it could put something else in its place.
    pub(super) fn out(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.store.temporary().join(format!("{name}.out"));
        self.clear_away(&folder)?;
        make(&folder)?;
        Ok(folder)
    }

    /// Sees to it that nothing is at a path. What is there may belong to a build whose purlin was killed
    /// and which is still about to end, so it loses its name first.
    fn clear_away(&self, path: &Path) -> Result<(), StoreError> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        let gone = self.unused(&self.store.temporary(), &name_of(path));
        match fs::rename(path, &gone) {
            Ok(()) => {
                let _ = remove_tree(&gone);
                Ok(())
            }
            Err(_) => remove_tree(path),
        }
    }

    /// A path that nobody else uses.
    fn unused(&self, folder: &Path, name: &str) -> PathBuf {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        folder.join(format!("{name}.{}-{number}", token()))
    }

    /// Why what a build has made is no package, if so.
    pub(super) fn wrong(&self, node: &Node, made: &Path) -> Option<Diagnostic> {
        let kind = made.symlink_metadata().map(|metadata| metadata.file_type());
        let Ok(kind) = kind else { return Some(wrote_nothing(node)) };
        if !kind.is_dir() {
            let kind = if kind.is_symlink() { "link" } else { "file" };
            return Some(put_elsewhere(node, kind));
        }
        if let Some((path, kind)) = special(made) {
            return Some(wrote_special(node, &path, kind));
        }
        let is_empty = fs::read_dir(made).map_or(true, |mut entries| entries.next().is_none());
        is_empty.then(|| wrote_nothing(node))
    }

    /// Puts in its place what is whole and read-only. What was there is removed when nobody uses it; if
    /// this fails, it is there still, and counts.
    pub(super) fn move_into_place(&self, made: &Path, prefix: &Path) -> Result<(), StoreError> {
        let name = name_of(prefix);
        sync(made)?;
        let before = self.record_aside(&name)?;
        fault::point("package.replace");
        // Who is not root can move a folder to another only if it may be written to.
        writable(made);
        writable(prefix);
        fault::point("package.place");
        let mut is_cleared = false;
        let placed = put_in_place(made, prefix, |prefix| {
            if self.store.is_used(&name) {
                let why = "somebody uses it, and this file system cannot keep it elsewhere";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
            }
            is_cleared = true;
            remove_tree(prefix).map_err(io::Error::other)
        });
        if let Err(source) = placed {
            if let Some(before) = before.filter(|_| !is_cleared) {
                read_only(prefix)?;
                before.put_back()?;
            }
            let path = prefix.to_owned();
            return Err(StoreError::Io { action: "put in place", path, source });
        }
        if let Some(before) = before {
            before.forget();
        }
        fault::point("package.placed");
        read_only(prefix)?;
        self.let_go(made, &name)
    }

    /// Takes back that a package is whole, for a while.
    fn record_aside(&self, name: &str) -> Result<Option<RecordAside>, StoreError> {
        let folder = self.store.temporary();
        make(&folder)?;
        self.store.put_aside(name, &self.unused(&folder, &format!("{name}.record")))
    }

    /// Makes room for a package that is built where it is to stay, if there is one. Builds of others that
    /// use it are waited for.
    ///
    /// # Errors
    /// Somebody else uses it, or a build for too long.
    pub(super) fn make_room(
        &self,
        node: &Node,
        prefix: &Path,
        reporter: &Reporter<'_>,
    ) -> Result<Option<Aside>, Failure> {
        let Sandbox::Nothing(_) = self.sandbox else { return Ok(None) };
        let name = name_of(prefix);
        loop {
            if prefix.symlink_metadata().is_ok() {
                self.wait_for_builds(node, &name, reporter)?;
            }
            if self.store.record(&name).is_none() {
                self.clear_away(prefix)?;
                return Ok(None);
            }
            let aside = self.aside(prefix, &name)?;
            if !self.store.is_used(&name) {
                return Ok(Some(aside));
            }
            // Somebody has come meanwhile.
            self.put_back(aside, prefix)?;
        }
    }

    /// Waits until no build of others uses a package.
    fn wait_for_builds(
        &self,
        node: &Node,
        name: &str,
        reporter: &Reporter<'_>,
    ) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        let mut told = false;
        while let Some(used) = self.store.use_of(name) {
            if reporter.stops() {
                return Err(Failure::Stopped);
            }
            if used == Use::Program || Instant::now() > end {
                return Err(in_use(node).into());
            }
            if !std::mem::replace(&mut told, true) {
                reporter.event(Event::Notice(Diagnostic::note(
                    "waiting",
                    format!("`{}` waits for another purlin that uses it", node.id),
                )));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Takes a package elsewhere.
    fn aside(&self, prefix: &Path, name: &str) -> Result<Aside, StoreError> {
        let folder = self.unused(&self.store.temporary(), name);
        let aside = Aside { record: self.record_aside(name)?, folder };
        if let Err(source) = away(prefix, &aside.folder) {
            let _ = remove_tree(&aside.folder);
            read_only(prefix)?;
            aside.record.map_or(Ok(()), RecordAside::put_back)?;
            let path = prefix.to_owned();
            return Err(StoreError::Io { action: "make room at", path, source });
        }
        // It is there in full only where it could not be renamed.
        remove_tree(prefix)?;
        Ok(aside)
    }

    /// Puts back what made room for a build that failed.
    pub(super) fn put_back(&self, aside: Aside, prefix: &Path) -> Result<(), StoreError> {
        self.move_into_place(&aside.folder, prefix)?;
        aside.record.map_or(Ok(()), RecordAside::put_back)
    }

    /// Removes what made room, since something else is there.
    pub(super) fn forget(aside: Aside) {
        let _ = remove_tree(&aside.folder);
        if let Some(record) = aside.record {
            record.forget();
        }
    }

    /// Removes a package that has lost its place. As long as somebody uses it, who may have its files
    /// before them still, it is kept elsewhere, until something is pruned.
    fn let_go(&self, old: &Path, name: &str) -> Result<(), StoreError> {
        if old.symlink_metadata().is_err() {
            return Ok(());
        }
        if !self.store.is_used(name) {
            return remove_tree(old);
        }
        let folder = self.store.replaced();
        make(&folder)?;
        let kept = self.unused(&folder, name);
        writable(old);
        fs::rename(old, &kept).map_err(|source| StoreError::Io {
            action: "put away",
            path: old.to_owned(),
            source,
        })?;
        read_only(&kept)
    }
}

fn make(folder: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(|source| StoreError::Io {
        action: "make the folder",
        path: folder.to_owned(),
        source,
    })
}

/// Takes a folder to an unused path. Where it cannot be renamed, as overlayfs cannot with folders of an
/// image, it is copied, and is still there.
fn away(folder: &Path, aside: &Path) -> io::Result<()> {
    writable(folder);
    match fs::rename(folder, aside) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy_tree(folder, aside)?;
            make_read_only(aside).map_err(io::Error::other)
        }
        done => done,
    }
}

/// Lets the owner write to a folder, if it is one. That it cannot be is told by whoever needs it.
pub(super) fn writable(folder: &Path) {
    if let Ok(metadata) = folder.symlink_metadata()
        && metadata.is_dir()
    {
        let mode = metadata.permissions().mode() | 0o700;
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(mode));
    }
}

/// Takes back from the owner what [`writable`] gave.
fn read_only(folder: &Path) -> Result<(), StoreError> {
    if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let mode = fs::Permissions::from_mode(0o555);
    fs::set_permissions(folder, mode).map_err(|source| StoreError::Io {
        action: "protect",
        path: folder.to_owned(),
        source,
    })
}

fn in_use(node: &Node) -> Diagnostic {
    Diagnostic::error("package-in-use", format!("`{}` is in use, and stays", node.id))
        .label(node.package.origin.clone(), "this package")
        .detail("A program, a shell or a build has it before it now.".to_owned())
        .help(
            "run it again when that has ended; in a sandbox it is built beside what is there"
                .to_owned(),
        )
}

fn wrote_nothing(node: &Node) -> Diagnostic {
    Diagnostic::error("nothing-built", format!("`{}` has put nothing into `$out`", node.id))
        .label(node.package.origin.clone(), "this package")
        .help("its `install` has to write there: `install -Dm755 tool $out/bin/tool`".to_owned())
}

fn put_elsewhere(node: &Node, kind: &str) -> Diagnostic {
    let summary = format!("`{}` has put a {kind} in the place of `$out`", node.id);
    Diagnostic::error("package-file", summary)
        .label(node.package.origin.clone(), "this package")
        .help("`$out` is a folder, which is there already: write into it".to_owned())
}

fn wrote_special(node: &Node, path: &Path, kind: &str) -> Diagnostic {
    Diagnostic::error("package-file", format!("`{}` has put a {kind} into `$out`", node.id))
        .label(node.package.origin.clone(), format!("{}", path.display()))
        .help("a package has files, folders and links alone".to_owned())
}
