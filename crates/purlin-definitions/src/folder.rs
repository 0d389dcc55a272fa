//! The folder mapping: files become names, and none is opened for that.
//!
//! `n.star` and `n.toml` are the definition `n`. A folder with a `default.star` or `default.toml` is
//! one definition that is called like the folder; any other folder is a namespace. What else lies
//! there is ignored. A folder with a `purlin.toml` is a project of its own and is not entered.
//! Symbolic links are followed inside the workspace.

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, harmless_line};

use crate::Name;
use crate::file::{DefinitionFile, SourceRoot};

/// More than anybody writes: links that multiply folders end here.
const MOST: usize = 200_000;

/// Folders that are reached through symbolic links; those that link to each other multiply.
const MOST_LINKED: usize = 10_000;

/// Deeper than any sensible tree.
const DEEPEST: usize = 32;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Mapped {
    /// The definitions: paths of names with their files, sorted.
    pub files: Vec<(Vec<Name>, Arc<DefinitionFile>)>,
    /// Whether there is no such folder.
    pub is_missing: bool,
    /// What cannot be mapped.
    pub diagnostics: Vec<Diagnostic>,
}

/// Maps a folder of a workspace. `root` is the workspace's folder, and `folder` is relative to it.
///
/// ```
/// let workspace = tempfile::tempdir()?;
/// std::fs::create_dir_all(workspace.path().join("pkgs/games"))?;
/// std::fs::write(workspace.path().join("pkgs/games/ants.star"), "")?;
///
/// let mapped = purlin_definitions::map_folder(workspace.path(), "pkgs");
/// let names: Vec<String> = mapped.files.iter().map(|(path, _)| path.join(".")).collect();
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
        above: Vec::new(),
        linked: 0,
        is_deep: false,
        names: Vec::new(),
    };
    let path = root.folder.join(folder);
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
    // It was walked in order, but for what has one name.
    let order = |one: &(Vec<Name>, Arc<DefinitionFile>),
                 other: &(Vec<Name>, Arc<DefinitionFile>)| {
        (&one.0, &one.1.path).cmp(&(&other.0, &other.1.path))
    };
    if !walk.mapped.files.is_sorted_by(|one, other| order(one, other).is_le()) {
        walk.mapped.files.sort_unstable_by(order);
    }
    walk.mapped
}

pub(crate) const LEADS_OUT: (&str, &str) =
    ("leads out of the workspace", "symbolic links are followed inside the workspace only");

struct Walk<'a> {
    root: &'a SourceRoot,
    /// What stands before all names.
    prefix: &'a [Name],
    mapped: Mapped,
    /// The folders above without symbolic links: one that comes again is a circle.
    above: Vec<PathBuf>,
    /// How many folders were reached through symbolic links.
    linked: usize,
    /// Whether one that lies too deep was told.
    is_deep: bool,
    names: Vec<Name>,
}

/// What a name in a folder is.
enum Found<'n> {
    File { stem: &'n str },
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
        let mut entries: Vec<Listed> = Vec::new();
        match fs::read_dir(folder) {
            Ok(found) => {
                for entry in found.flatten() {
                    match entry.file_name().into_string() {
                        Ok(name) => entries.extend(Listed::of(name, &entry)),
                        Err(name) => self.odd_name(folder, Path::new(&name)),
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
        if !is_top && entries.iter().any(|one| one.name == "purlin.toml") {
            return;
        }
        let entries = in_order(entries);
        if !is_top && self.take_default(folder, &entries) {
            return;
        }
        self.above.push(real);
        let shown = self.root.show(folder);
        self.mapped.files.reserve(entries.len());
        for one in &entries {
            let name = &one.name;
            if self.mapped.files.len() >= MOST {
                let many = ("holds too many definitions", "links may have multiplied them");
                self.report(folder, "folder-size", many);
                break;
            }
            if is_top && matches!(name.as_str(), "purlin.toml" | "purlin.star") {
                continue;
            }
            match self.what(folder, one) {
                Some(Found::File { stem }) => self.found(folder, &shown, name, Some(stem)),
                Some(Found::Folder) => self.descend(name, &child(folder, name)),
                None => {}
            }
        }
        self.above.pop();
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
    fn take_default(&mut self, folder: &Path, entries: &[Listed]) -> bool {
        let mut is_one = false;
        for one in entries.iter().filter(|one| is_default(&one.name)) {
            if let Some(Found::File { .. }) = self.what(folder, one) {
                is_one = true;
                self.found(folder, &self.root.show(folder), &one.name, None);
            }
        }
        is_one
    }

    /// A file of a folder, which is one of a name there, or the folder's own.
    fn found(&mut self, folder: &Path, shown: &Path, file: &str, name: Option<&str>) {
        let mut path = Vec::with_capacity(self.prefix.len() + self.names.len() + 1);
        path.extend_from_slice(self.prefix);
        path.extend_from_slice(&self.names);
        path.extend(name.map(Arc::from));
        let file = DefinitionFile::shown(child(folder, file), child(shown, file));
        self.mapped.files.push((path, file));
    }

    fn what<'n>(&mut self, folder: &Path, listed: &'n Listed) -> Option<Found<'n>> {
        let name = listed.name.as_str();
        if name.starts_with('.') {
            return None;
        }
        let stem = stem(name);
        let mut kind = listed.kind?;
        if kind.is_symlink() {
            let path = child(folder, name);
            kind = match fs::metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                Err(_) if stem.is_some() => {
                    let broken = ("is a link to nothing", "take the link away");
                    self.report(&path, "broken-link", broken);
                    return None;
                }
                Err(_) => return None,
            };
            if kind.is_file() && stem.is_some() {
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
        let stem = stem.filter(|_| kind.is_file())?;
        Some(Found::File { stem })
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

/// A name in a folder.
struct Listed {
    name: String,
    /// How much of the name is what a file of definitions defines; all of it for anything else.
    stem: usize,
    kind: Option<fs::FileType>,
}

/// Sorted by name. How names begin is sorted, as numbers, with their places: most are told apart by
/// that, and what is moved while they are is small.
fn in_order(entries: Vec<Listed>) -> Vec<Listed> {
    let starts = entries.iter().map(Listed::start).enumerate();
    let mut places: Vec<(u64, usize)> = starts.map(|(place, start)| (start, place)).collect();
    places.sort_unstable_by(|one, other| {
        let names = || entries[one.1].order(&entries[other.1]);
        one.0.cmp(&other.0).then_with(names)
    });
    let mut entries: Vec<Option<Listed>> = entries.into_iter().map(Some).collect();
    places.into_iter().filter_map(|(_, place)| entries[place].take()).collect()
}

impl Listed {
    /// `None` for files that are nothing to definitions: many may lie between those that are.
    fn of(name: String, entry: &fs::DirEntry) -> Option<Self> {
        let stem = stem(&name).map(str::len);
        let kind = entry.file_type().ok();
        let may_count = stem.is_some() || !kind.is_some_and(|kind| kind.is_file());
        let stem = stem.unwrap_or(name.len());
        may_count.then_some(Self { name, stem, kind })
    }

    /// How what it defines begins, as a number in the order of names.
    fn start(&self) -> u64 {
        let mut start = [0; 8];
        let known = self.stem.min(start.len());
        start[..known].copy_from_slice(&self.name.as_bytes()[..known]);
        u64::from_be_bytes(start)
    }

    fn stem(&self) -> &[u8] {
        &self.name.as_bytes()[..self.stem]
    }

    fn order(&self, other: &Self) -> Ordering {
        self.stem().cmp(other.stem()).then_with(|| self.name.cmp(&other.name))
    }
}

/// A file in a folder, as [`Path::join`] makes it of a plain name, which is not looked at again.
fn child(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.as_os_str();
    let mut path = OsString::with_capacity(folder.len() + 1 + name.len());
    path.push(folder);
    if !matches!(folder.as_encoded_bytes().last(), None | Some(b'/')) {
        path.push("/");
    }
    path.push(name);
    path.into()
}

fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".star").or_else(|| name.strip_suffix(".toml"))
}

fn is_default(name: &str) -> bool {
    matches!(name, "default.star" | "default.toml")
}
