//! Files of definitions: found by name, read and parsed when something in them is needed.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use purlin_model::{Diagnostic, Diagnostics, Source};
use purlin_plugin::language::{FileIndex, Function, Language, Sources};
use purlin_store::{Patterns, RelativePath};

use crate::mix::Mixing;

/// Deeper than any sensible tree.
const DEEPEST: usize = 32;

/// A file of definitions that was found and perhaps not opened yet.
#[derive(Debug)]
pub struct DefinitionFile {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// The file for origins, as long as it was not read.
    pub place: Arc<Source>,
    /// Boxed, as mistakes are: most files are never opened, and many have none.
    source: OnceLock<Result<Arc<Source>, Box<Diagnostic>>>,
    index: OnceLock<Result<Arc<Indexed>, Box<Diagnostics>>>,
}

/// What a file defines, by name: a file may hold all definitions of a workspace.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) index: Arc<FileIndex>,
    functions: HashMap<String, usize>,
    constants: HashSet<String>,
}

/// The files of a workspace and of its projects, each read once and shared with the language.
#[derive(Debug, Default)]
pub struct SourceFiles {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    roots: Vec<SourceRoot>,
    sources: HashMap<PathBuf, Arc<Source>>,
    /// Where the file of a source is, by the address of that.
    places: HashMap<usize, PathBuf, Mixing>,
}

/// The root of a workspace or project.
#[derive(Debug, Clone)]
pub(crate) struct SourceRoot {
    /// The folder, absolute.
    pub(crate) folder: PathBuf,
    /// The folder as users are shown it; empty where they stand.
    pub(crate) shown: PathBuf,
    /// The folder without symbolic links.
    pub(crate) real: PathBuf,
}

impl DefinitionFile {
    pub(crate) fn new(path: PathBuf, root: &SourceRoot) -> Arc<Self> {
        let shown = root.show(&path);
        Self::shown(path, shown)
    }

    /// A file whose path as users are shown it is known.
    pub(crate) fn shown(path: PathBuf, shown: PathBuf) -> Arc<Self> {
        let place = Source::unread(shown);
        Arc::new(Self { path, place, source: OnceLock::new(), index: OnceLock::new() })
    }

    /// What a definition in it is called that has no name of its own there: the file's name, or that
    /// of the folder whose `default` it is.
    #[must_use]
    pub fn own_name(&self) -> Option<String> {
        let stem = self.path.file_stem()?.to_str()?;
        let name = match stem {
            "default" => self.path.parent()?.file_name()?.to_str()?,
            stem => stem,
        };
        Some(purlin_model::to_snake(name))
    }

    /// Its text.
    pub(crate) fn source(&self, files: &SourceFiles) -> Result<Arc<Source>, Diagnostic> {
        let source =
            self.source.get_or_init(|| files.read(&self.path, &self.place.path).map_err(Box::new));
        source.clone().map_err(|mistake| *mistake)
    }

    /// What it defines.
    pub(crate) fn index(
        &self,
        files: &SourceFiles,
        language: &dyn Language,
    ) -> Result<Arc<Indexed>, Diagnostics> {
        let index = self.index.get_or_init(|| {
            let source = self.source(files).map_err(|diagnostic| Box::new(vec![diagnostic]))?;
            Ok(Arc::new(Indexed::new(language.index(&source).map_err(Box::new)?)))
        });
        index.clone().map_err(|mistakes| *mistakes)
    }

    /// The index, if somebody has needed it already.
    pub(crate) fn known_index(&self) -> Option<&Indexed> {
        self.index.get()?.as_ref().ok().map(AsRef::as_ref)
    }
}

impl Indexed {
    fn new(index: Arc<FileIndex>) -> Self {
        let mut functions = HashMap::new();
        for (place, function) in index.functions.iter().enumerate() {
            functions.entry(function.name.clone()).or_insert(place);
        }
        let constants = index.constants.iter().map(|(name, _)| name.clone()).collect();
        Self { index, functions, constants }
    }

    /// The function of a name.
    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name).map(|place| &self.index.functions[*place])
    }

    /// Whether a name is bound to something else.
    pub(crate) fn has_constant(&self, name: &str) -> bool {
        self.constants.contains(name)
    }
}

impl SourceFiles {
    /// No files yet; opening a workspace adds its root and those of its projects.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn add_root(&self, folder: &Path, shown: &Path) -> SourceRoot {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let root = SourceRoot { folder: folder.to_owned(), shown: shown.to_owned(), real };
        self.known().roots.push(root.clone());
        root
    }

    /// A file's text; the same source each time.
    pub(crate) fn read(&self, path: &Path, shown: &Path) -> Result<Arc<Source>, Diagnostic> {
        if let Some(source) = self.known().sources.get(path) {
            return Ok(source.clone());
        }
        let source = Source::new(shown, read_text(path, shown)?);
        let mut known = self.known();
        let source = known.sources.entry(path.to_owned()).or_insert(source).clone();
        known.places.insert(Arc::as_ptr(&source).addr(), path.to_owned());
        Ok(source)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files below a root that patterns match, sorted, as paths from there. Folders that no pattern can
/// lead into are not entered: `ci/*.toml` reads `ci` alone. Those with a dot in front are left out.
pub(crate) fn matching(root: &Path, patterns: &Patterns) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), 0)];
    while let Some((below, depth)) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&below)) else { continue };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let Ok(relative) = RelativePath::parse(&path) else { continue };
            if kind.is_dir() {
                if depth < DEEPEST && !name.starts_with('.') && leads_into(patterns, &relative) {
                    waiting.push((path, depth + 1));
                }
            } else if patterns.matches(&relative) {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    found
}

fn leads_into(patterns: &Patterns, folder: &RelativePath) -> bool {
    let folder = folder.as_bytes();
    patterns.bases().any(|base| base.starts_with(folder) || folder.starts_with(base))
}

/// The text of a file, for a user who is shown `shown`.
pub(crate) fn read_text(path: &Path, shown: &Path) -> Result<String, Diagnostic> {
    let bytes = purlin_store::read_regular(path).map_err(|error| {
        let what = format!("{} cannot be read", shown.display());
        Diagnostic::error("unreadable", what).detail(format!("{error}."))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error("not-utf-8", format!("{} is not UTF-8", shown.display()))
            .detail(format!("There is a byte on line {line} that is no character."))
            .help("save the file as UTF-8".to_owned())
    })
}

impl SourceFiles {
    /// The workspace or project that a file belongs to, and where the file is.
    fn root_of(&self, from: &Source) -> Option<(SourceRoot, PathBuf)> {
        let known = self.known();
        let place = known.places.get(&std::ptr::from_ref(from).addr())?.clone();
        let roots = known.roots.iter().filter(|root| place.starts_with(&root.folder));
        let root = roots.max_by_key(|root| root.folder.as_os_str().len())?;
        Some((root.clone(), place))
    }

    /// The folder of the workspace or project that a file belongs to; the paths in its definitions
    /// are from there.
    #[must_use]
    pub fn root_folder(&self, source: &Source) -> Option<PathBuf> {
        self.root_of(source).map(|(root, _)| root.folder)
    }
}

impl Sources for SourceFiles {
    fn resolve(&self, path: &str, from: &Arc<Source>) -> Result<String, Diagnostic> {
        let nowhere = |why: &str| {
            let what = format!("`{path}` is no path in the workspace");
            Diagnostic::error("outside", what).detail(why.to_owned())
        };
        let (root, place) =
            self.root_of(from).ok_or_else(|| nowhere("The file is in no workspace."))?;
        let folder = place.parent().unwrap_or(&root.folder);
        let outside = || nowhere("It leads out of it.");
        let path = inside(&root.folder, folder, Path::new(path)).ok_or_else(outside)?;
        let path = path.strip_prefix(&root.folder).ok().ok_or_else(outside)?;
        match path.to_str() {
            Some("") => Ok(".".to_owned()),
            Some(path) => Ok(path.to_owned()),
            None => Err(nowhere("It is not UTF-8.")),
        }
    }

    fn load(&self, label: &str, from: &Arc<Source>) -> Result<Arc<Source>, Diagnostic> {
        let nowhere = |why: &str| {
            Diagnostic::error("load-failed", format!("`{label}` cannot be loaded"))
                .detail(why.to_owned())
        };
        let (root, place) = self
            .root_of(from)
            .ok_or_else(|| nowhere("The file that loads it is in no workspace."))?;
        let is_near = label.starts_with("./") || label.starts_with("../");
        let folder = if is_near { place.parent().map(Path::to_owned) } else { None };
        let folder = folder.unwrap_or_else(|| root.folder.clone());
        let outside = || {
            nowhere("It lies outside of the workspace.")
                .help("a file can load those of its own workspace".to_owned())
        };
        let path = inside(&root.folder, &folder, Path::new(label)).ok_or_else(outside)?;
        if path.canonicalize().is_ok_and(|real| !real.starts_with(&root.real)) {
            return Err(outside());
        }
        self.read(&path, &root.show(&path))
    }
}

/// The path without `.` and `..`, if it stays inside the root.
pub(crate) fn inside(root: &Path, folder: &Path, label: &Path) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in label.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if path == root || !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    path.starts_with(root).then_some(path)
}

impl SourceRoot {
    /// A path inside the root as users are shown it.
    pub(crate) fn show(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.folder) {
            Ok(relative) => self.shown.join(relative),
            Err(_) => path.to_owned(),
        }
    }
}
