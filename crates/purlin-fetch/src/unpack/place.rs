//! The tree that an archive becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use purlin_store::{RelativePath, fault};

use super::guard::{Guard, reading};
use super::links::{Links, leads_out};
use super::{UnpackError, path};
use crate::time;

/// A folder in which entries are written. There are no links in it before all files are there.
pub(super) struct Place<'a> {
    root: PathBuf,
    pub(super) guard: &'a Guard<'a>,
    files: BTreeSet<RelativePath>,
    folders: BTreeSet<RelativePath>,
    links: Links,
}

impl<'a> Place<'a> {
    pub(super) fn new(root: PathBuf, guard: &'a Guard<'a>) -> Result<Self, UnpackError> {
        make(&root)?;
        let (files, folders) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { root, guard, files, folders, links: BTreeMap::new() })
    }

    /// A folder. Nothing is done for the place itself.
    pub(super) fn folder(&mut self, name: &[u8]) -> Result<(), UnpackError> {
        self.guard.entry()?;
        match self.clean(name)? {
            Some(path) => self.make(&path, name),
            None => Ok(()),
        }
    }

    /// A file with what `input` has. The bytes are counted by whoever made the input.
    pub(super) fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        input: &mut impl Read,
    ) -> Result<(), UnpackError> {
        self.guard.entry()?;
        let path = self.named(name)?;
        self.above(&path, name)?;
        self.free(&path, name)?;
        let full = self.root.join(&path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if executable { 0o755 } else { 0o644 })
            .open(&full)
            .map_err(UnpackError::io("create", &full))?;
        let mut buffer = [0; 64 * 1024];
        loop {
            let count = input.read(&mut buffer).map_err(reading(self.guard))?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(UnpackError::io("write", &full))?;
        }
        // The mask of this process took bits away.
        let mode = Permissions::from_mode(if executable { 0o755 } else { 0o644 });
        file.set_permissions(mode).map_err(UnpackError::io("write", &full))?;
        self.files.insert(path);
        fault::point("unpack.file");
        Ok(())
    }

    /// A symbolic link, made when everything else is there.
    pub(super) fn link(&mut self, name: &[u8], text: &[u8]) -> Result<(), UnpackError> {
        self.guard.entry()?;
        let path = self.named(name)?;
        if text.is_empty() || text.contains(&0) {
            return Err(self.guard.refused(name, "is a link without a target"));
        }
        self.above(&path, name)?;
        self.free(&path, name)?;
        self.links.insert(path, text.to_vec());
        Ok(())
    }

    /// Another name for a file that is there already.
    pub(super) fn same(&mut self, name: &[u8], as_name: &[u8]) -> Result<(), UnpackError> {
        self.guard.entry()?;
        let path = self.named(name)?;
        let other = self.clean(as_name).ok().flatten();
        self.above(&path, name)?;
        if other.as_ref() == Some(&path) {
            return Ok(());
        }
        if let Some(text) = other.as_ref().and_then(|other| self.links.get(other)).cloned() {
            self.free(&path, name)?;
            self.links.insert(path, text);
            return Ok(());
        }
        let Some(other) = other.filter(|other| self.files.contains(other)) else {
            return Err(self.guard.refused(name, "is a link to a file that is not in the archive"));
        };
        self.free(&path, name)?;
        let full = self.root.join(&path);
        fs::hard_link(self.root.join(&other), &full).map_err(UnpackError::io("create", &full))?;
        self.files.insert(path);
        Ok(())
    }

    /// Makes the links, gives everything its time, and the tree its place.
    pub(super) fn finish(mut self, into: &Path) -> Result<(), UnpackError> {
        let top = self.only_top();
        if let Some(top) = &top {
            self.strip(top);
        }
        let from = top.map_or(self.root.clone(), |top| self.root.join(top));
        for (path, text) in &self.links {
            if leads_out(&self.links, path) {
                let to = String::from_utf8_lossy(text);
                let reason = format!("is a link that leads out, to `{to}`");
                return Err(self.guard.refused(path.as_bytes(), reason));
            }
            let full = from.join(path);
            symlink(OsStr::from_bytes(text), &full).map_err(UnpackError::io("create", &full))?;
        }
        let inner_first = self.folders.iter().rev();
        for path in self.links.keys().chain(&self.files).chain(inner_first) {
            let path = from.join(path);
            time::set(&path).map_err(UnpackError::io("write", &path))?;
        }
        time::set(&from).map_err(UnpackError::io("write", &from))?;
        fault::point("unpack.finish");
        fs::rename(&from, into).map_err(UnpackError::io("write", into))?;
        fault::point("unpack.finished");
        Ok(())
    }

    /// The one folder in which everything is.
    fn only_top(&self) -> Option<RelativePath> {
        let mut tops = self.folders.iter().filter(|path| path.parent().is_none());
        let top = tops.next()?;
        let mut others = self.files.iter().chain(self.links.keys());
        let only = tops.next().is_none() && !others.any(|path| path.parent().is_none());
        only.then(|| top.clone())
    }

    /// Has the paths begin below `top`.
    fn strip(&mut self, top: &RelativePath) {
        let rest = |path: &RelativePath| {
            let rest = path.as_bytes().get(top.as_bytes().len() + 1..)?;
            RelativePath::from_bytes(rest).ok()
        };
        self.files = self.files.iter().filter_map(rest).collect();
        self.folders = self.folders.iter().filter_map(rest).collect();
        let links = std::mem::take(&mut self.links).into_iter();
        self.links = links.filter_map(|(path, text)| Some((rest(&path)?, text))).collect();
    }

    fn clean(&self, name: &[u8]) -> Result<Option<RelativePath>, UnpackError> {
        path::clean(name).map_err(|reason| self.guard.refused(name, reason))
    }

    fn named(&self, name: &[u8]) -> Result<RelativePath, UnpackError> {
        self.clean(name)?.ok_or_else(|| self.guard.refused(name, "is no name of a file"))
    }

    /// Makes the folders above something.
    fn above(&mut self, path: &RelativePath, name: &[u8]) -> Result<(), UnpackError> {
        match path.parent() {
            Some(parent) if !self.folders.contains(&parent) => self.make(&parent, name),
            _ => Ok(()),
        }
    }

    fn make(&mut self, path: &RelativePath, name: &[u8]) -> Result<(), UnpackError> {
        for folder in path.ancestors().chain([path.clone()]) {
            if self.folders.contains(&folder) {
                continue;
            }
            if self.files.contains(&folder) || self.links.contains_key(&folder) {
                return Err(self.guard.refused(name, "lies below something that is no folder"));
            }
            self.guard.entry()?;
            make(&self.root.join(&folder))?;
            self.folders.insert(folder);
        }
        Ok(())
    }

    /// Has nothing be at a path: of two entries of one name the later one counts.
    fn free(&mut self, path: &RelativePath, name: &[u8]) -> Result<(), UnpackError> {
        if self.folders.contains(path) {
            return Err(self.guard.refused(name, "is a folder and something else as well"));
        }
        self.links.remove(path);
        if self.files.remove(path) {
            let full = self.root.join(path);
            fs::remove_file(&full).map_err(UnpackError::io("write", &full))?;
        }
        Ok(())
    }
}

fn make(folder: &Path) -> Result<(), UnpackError> {
    DirBuilder::new()
        .mode(0o755)
        .create(folder)
        .map_err(UnpackError::io("make the folder", folder))?;
    let mode = Permissions::from_mode(0o755);
    let set = File::open(folder).and_then(|folder| folder.set_permissions(mode));
    set.map_err(UnpackError::io("make the folder", folder))
}
