//! The folder mapping: files become names, and none is opened for that.
//!
//! `n.star` and `n.toml` are the definition `n`. A folder with a `default.star` or `default.toml` is
//! one definition that is called like the folder; any other folder is a namespace. What else lies
//! there is ignored. A folder with a `purlin.toml` is a project of its own and is not entered.
//! Symbolic links are followed inside the workspace.

mod listing;
mod mapped;

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, harmless_line};

use crate::Name;
use crate::file::SourceRoot;
use listing::{Listed, Listing};
use mapped::child;

pub use mapped::Mapped;
pub(crate) use mapped::{MappedFile, MappedFolder};

/// More than anybody writes: links that multiply folders end here.
const MOST: usize = 200_000;

/// Folders that are reached through symbolic links; those that link to each other multiply.
const MOST_LINKED: usize = 10_000;

/// Deeper than any sensible tree.
const DEEPEST: usize = 32;

/// Maps a folder of a workspace. `root` is the workspace's folder, and `folder` is relative to it.
///
/// ```
/// let workspace = tempfile::tempdir()?;
/// std::fs::create_dir_all(workspace.path().join("pkgs/games"))?;
/// std::fs::write(workspace.path().join("pkgs/games/ants.star"), "")?;
///
/// let mapped = purlin_definitions::map_folder(workspace.path(), "pkgs");
/// let names: Vec<String> = mapped.files().iter().map(|(path, _)| path.join(".")).collect();
/// assert_eq!(names, ["games.ants"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn map_folder(root: &Path, folder: &str) -> Mapped {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    map(&SourceRoot { folder: root.to_owned(), shown: PathBuf::new(), real }, folder, &[])
}

/// The same for names below a path.
pub(crate) fn map(root: &SourceRoot, folder: &str, above: &[Name]) -> Mapped {
    let mut walk = Walk {
        root,
        prefix: above,
        mapped: Mapped::default(),
        count: 0,
        above: Vec::new(),
        linked: 0,
        is_deep: false,
        names: Vec::new(),
    };
    let path = plain(root, folder);
    match path.canonicalize() {
        Ok(real) if !real.starts_with(&root.real) => walk.report(&path, "leads-out", LEADS_OUT),
        Ok(real) if real != root.real && real.join("purlin.toml").exists() => {
            let project = ("is a project of its own", "name it in `[projects]`");
            walk.report(&path, "project-folder", project);
        }
        Ok(real) if real.is_dir() => walk.enter(&path, real),
        Ok(_) => walk.report(&path, "no-folder", ("is not a folder", "a folder belongs here")),
        Err(_) => walk.mapped.is_missing = true,
    }
    walk.mapped
}

/// A folder under one spelling: `./pkgs` is `pkgs`, and what is in it the same files. Only the system
/// knows where `..` leads.
fn plain(root: &SourceRoot, folder: &str) -> PathBuf {
    let is_plain = |part: &Component<'_>| *part != Component::CurDir;
    let path: PathBuf = root.folder.join(folder).components().filter(is_plain).collect();
    if !path.components().any(|part| part == Component::ParentDir) {
        return path;
    }
    let real = path.canonicalize().ok();
    let below = real.as_deref().and_then(|real| real.strip_prefix(&root.real).ok());
    below.map_or_else(|| path.clone(), |below| root.folder.join(below))
}

pub(crate) const LEADS_OUT: (&str, &str) =
    ("leads out of the workspace", "symbolic links are followed inside the workspace only");

struct Walk<'a> {
    root: &'a SourceRoot,
    /// What stands before all names.
    prefix: &'a [Name],
    mapped: Mapped,
    /// How many definitions were found.
    count: usize,
    /// The folders above without symbolic links: one that comes again is a circle.
    above: Vec<PathBuf>,
    /// How many folders were reached through symbolic links.
    linked: usize,
    /// Whether one that lies too deep was told.
    is_deep: bool,
    names: Vec<Name>,
}

/// What a name in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    File,
    Folder,
}

impl Walk<'_> {
    /// Maps what is in a folder. `real` is the folder without symbolic links.
    fn enter(&mut self, folder: &Path, real: PathBuf) {
        if self.above.contains(&real) {
            let circle = ("leads back to a folder above it", "take the link away");
            return self.report(folder, "folder-circle", circle);
        }
        if self.names.len() >= DEEPEST {
            let deep = ("lies too deep", "folders of definitions may be 32 deep");
            // One tells for all: links may have multiplied them.
            if !std::mem::replace(&mut self.is_deep, true) {
                self.report(folder, "folder-depth", deep);
            }
            return;
        }
        if folder != self.root.folder.join(real.strip_prefix(&self.root.real).unwrap_or(&real)) {
            self.linked += 1;
            if self.linked == MOST_LINKED {
                let many =
                    ("is one of too many folders that links lead to", "take some links away");
                self.report(folder, "folder-size", many);
            }
            if self.linked >= MOST_LINKED {
                return;
            }
        }
        let mut listing = Listing::default();
        match fs::read_dir(folder) {
            Ok(found) => {
                for entry in found.flatten() {
                    match entry.file_name().to_str() {
                        Some(name) => listing.add(name, entry.file_type().ok()),
                        None => self.odd_name(folder, Path::new(&entry.file_name())),
                    }
                }
            }
            // Somebody took it away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let why = format!("cannot be read: {error}");
                return self.report(folder, "unreadable", (&why, "see who may read it"));
            }
        }
        let is_top = self.names.is_empty();
        if !is_top && listing.entries.iter().any(|one| listing.name(one) == "purlin.toml") {
            return;
        }
        listing.sort();
        if !is_top && self.take_default(folder, &mut listing) {
            return;
        }
        self.above.push(real);
        // Those above come before those below, which are found meanwhile.
        let place = self.begin(folder);
        let mut files = Vec::with_capacity(listing.entries.len());
        for one in &listing.entries {
            let name = listing.name(one);
            if is_top && matches!(name, "purlin.toml" | "purlin.star") {
                continue;
            }
            match self.what(folder, name, one) {
                Some(Found::File) if self.has_room(folder) => files.push(one.file),
                Some(Found::Folder) if self.count <= MOST => {
                    self.descend(name, &child(folder, name));
                }
                Some(_) | None => {}
            }
        }
        self.end(place, listing.names, files);
        self.above.pop();
    }

    /// Counts one more, if there may be one.
    fn has_room(&mut self, folder: &Path) -> bool {
        self.count += 1;
        if self.count == MOST + 1 {
            let many = ("holds too many definitions", "links may have multiplied them");
            self.report(folder, "folder-size", many);
        }
        self.count <= MOST
    }

    fn descend(&mut self, name: &str, path: &Path) {
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.root.real) => {
                self.names.push(Arc::from(name));
                self.enter(path, real);
                self.names.pop();
            }
            Ok(_) => self.report(path, "leads-out", LEADS_OUT),
            Err(_) => {}
        }
    }

    /// Whether the folder is one definition.
    fn take_default(&mut self, folder: &Path, listing: &mut Listing) -> bool {
        let mut files = Vec::new();
        for one in listing.entries.iter().filter(|one| is_default(listing.name(one))) {
            if self.what(folder, listing.name(one), one) == Some(Found::File)
                && self.has_room(folder)
            {
                // It has no name but the folder's.
                files.push(MappedFile { stem: 0, ..one.file });
            }
        }
        let is_one = !files.is_empty();
        if is_one {
            let place = self.begin(folder);
            self.end(place, std::mem::take(&mut listing.names), files);
        }
        is_one
    }

    /// Takes a place for the definitions of a folder.
    fn begin(&mut self, folder: &Path) -> usize {
        self.mapped.folders.push(MappedFolder {
            folder: folder.to_owned(),
            shown: self.root.show(folder),
            above: self.prefix.iter().chain(&self.names).cloned().collect(),
            names: String::new(),
            files: Vec::new(),
        });
        self.mapped.folders.len() - 1
    }

    /// Puts the definitions of a folder into their place.
    fn end(&mut self, place: usize, names: String, files: Vec<MappedFile>) {
        let found = &mut self.mapped.folders[place];
        (found.names, found.files) = (names, files);
    }

    fn what(&mut self, folder: &Path, name: &str, listed: &Listed) -> Option<Found> {
        if name.starts_with('.') {
            return None;
        }
        let has_stem = listed.file.stem < listed.file.length;
        let mut kind = listed.kind?;
        if kind.is_symlink() {
            let path = child(folder, name);
            kind = match fs::metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                Err(_) if has_stem => {
                    let broken = ("is a link to nothing", "take the link away");
                    self.report(&path, "broken-link", broken);
                    return None;
                }
                Err(_) => return None,
            };
            if kind.is_file() && has_stem {
                let real = path.canonicalize().ok()?;
                if !real.starts_with(&self.root.real) {
                    self.report(&path, "leads-out", LEADS_OUT);
                    return None;
                }
            }
        }
        if kind.is_dir() {
            return Some(Found::Folder);
        }
        (kind.is_file() && has_stem).then_some(Found::File)
    }

    fn odd_name(&mut self, folder: &Path, name: &Path) {
        let is_definition =
            name.extension().is_some_and(|ending| ending == "star" || ending == "toml");
        let path = folder.join(name);
        if is_definition || path.is_dir() {
            let odd = ("has a name that is not UTF-8", "rename it");
            self.report(&path, "not-utf-8", odd);
        }
    }

    fn report(&mut self, path: &Path, code: &str, (what, help): (&str, &str)) {
        let shown = self.root.show(path);
        let summary = format!("{} {what}", harmless_line(&shown.to_string_lossy()));
        // It is not to be read, not even to show a line of it.
        let origin = Origin::whole(&Source::new(shown, ""));
        self.mapped.diagnostics.push(
            Diagnostic::error(code, summary).label(origin, "not mapped").help(help.to_owned()),
        );
    }
}

fn is_default(name: &str) -> bool {
    matches!(name, "default.star" | "default.toml")
}
