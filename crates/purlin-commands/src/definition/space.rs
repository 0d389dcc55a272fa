//! `[spaces]`: groups of modules with what their commands run in.

mod inherit;
mod module;

use indexmap::IndexMap;
use purlin_model::{Diagnostic, Origin, Table, Value, fold, to_kebab};
use purlin_plugin::message;

use super::Named;
use super::named::{fold_alike, is_name, list, named};

pub(super) use inherit::inherit;
pub(crate) use inherit::unknown_space;
pub use module::Module;

/// A space, with what it takes over from others already in place.
#[derive(Debug, Clone)]
pub struct Space {
    /// Kebab-case name.
    pub name: String,
    /// Where its key stands.
    pub origin: Origin,
    /// The folder, from the root, that selects this space for those who stand in it; empty for the
    /// root itself.
    pub root: Option<Named>,
    /// Its modules; those taken over from other spaces are marked so.
    pub modules: Vec<Module>,
    /// What its modules may import.
    pub fence: Fence,
    /// The environment as it is written.
    pub environment: Option<Value>,
    /// Files with process variables, the last one wins; `None` where it says nothing of them.
    pub dotenv: Option<Vec<DotenvFile>>,
    /// The spaces whose modules it takes over.
    pub(super) bases: Vec<Named>,
    /// The space whose environment it takes over.
    pub(super) environment_base: Option<Named>,
}

/// The boundary around the modules of a space.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    /// Whether there is one.
    pub closed: bool,
    /// Paths outside the space that its modules may import all the same.
    pub paths: Vec<Named>,
    /// Spaces whose modules they may import.
    pub spaces: Vec<Named>,
}

/// A file with process variables.
#[derive(Debug, Clone)]
pub struct DotenvFile {
    /// Path from the root.
    pub path: Named,
    /// True when it is no error that it is missing.
    pub optional: bool,
}

impl super::Definitions {
    /// The environment of a space, and the space that it is of: one may take it over from another.
    pub(crate) fn environment_of(&self, space: &str) -> Option<(&str, &Value)> {
        let mut space = self.spaces.get(space)?;
        let environment = space.environment.as_ref()?;
        // Circles are told when the file is read; one ends here all the same.
        for _ in 0..self.spaces.len() {
            let base = space.environment_base.as_ref();
            let Some(base) = base.and_then(|base| self.spaces.get(&fold(&base.name))) else {
                break;
            };
            space = base;
        }
        Some((&space.name, environment))
    }

    /// The boundary around the modules of a space, with the paths that other spaces stand for.
    pub(crate) fn fence_of(&self, space: &str) -> Option<message::Fence> {
        let space = self.spaces.get(space).filter(|space| space.fence.closed)?;
        let paths = |space: &Space| -> Vec<String> {
            space.modules.iter().map(|module| module.path.clone()).collect()
        };
        let mut open: Vec<String> =
            space.fence.paths.iter().map(|path| path.name.clone()).collect();
        let others = space.fence.spaces.iter();
        let others = others.filter_map(|named| self.spaces.get(&fold(&named.name)));
        open.extend(others.flat_map(paths));
        Some(message::Fence { modules: paths(space), open })
    }
}

impl Space {
    /// The module of a name; `-` and `_` are one in names.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&Module> {
        let name = fold(name);
        self.modules.iter().find(|module| module.folded == name)
    }
}

/// Reads a table that the schema has accepted, without what spaces take over from each other;
/// `broken` takes the names of those with mistakes.
pub(super) fn spaces(
    table: &Value,
    diagnostics: &mut Vec<Diagnostic>,
    mut broken: impl FnMut(String),
) -> IndexMap<String, Space> {
    let mut spaces: IndexMap<String, Space> = IndexMap::new();
    for (key, entry) in table.as_table().into_iter().flat_map(Table::iter) {
        let name = to_kebab(key);
        if !is_name(&name, key, "a space", &entry.key, diagnostics) {
            broken(name);
        } else if let Some(other) = spaces.get(&name) {
            diagnostics.push(fold_alike("spaces", &name, &entry.key, &other.origin));
        } else {
            let space = read(name.clone(), &entry.key, &entry.value, diagnostics);
            diagnostics.extend(same_root(&spaces, &space));
            spaces.insert(name, space);
        }
    }
    spaces
}

fn read(name: String, origin: &Origin, value: &Value, diagnostics: &mut Vec<Diagnostic>) -> Space {
    let mut space = Space {
        name,
        origin: origin.clone(),
        root: None,
        modules: Vec::new(),
        fence: value.get("fence").map(|value| fence(value, diagnostics)).unwrap_or_default(),
        environment: value.get("environment").cloned(),
        dotenv: value.get("dotenv").map(dotenv_files),
        bases: Vec::new(),
        environment_base: value.get("environment").and_then(other_space),
    };
    if let Some(written) = value.get("root").and_then(named) {
        match crate::action::inside(&written.name, &written) {
            Ok(path) => space.root = Some(Named { name: path, origin: written.origin }),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    for written in value.get("modules").map(list).unwrap_or_default() {
        match other_space(written) {
            Some(base) => space.bases.push(base),
            None => space.modules.extend(Module::read(written, diagnostics)),
        }
    }
    space
}

/// Standing in a folder has to mean one space.
fn same_root(spaces: &IndexMap<String, Space>, space: &Space) -> Option<Diagnostic> {
    let root = space.root.as_ref()?;
    let roots = spaces.values().filter_map(|other| other.root.as_ref());
    let other = roots.into_iter().find(|other| other.name == root.name)?;
    Some(
        Diagnostic::error("same-root", "two spaces have the same root")
            .label(root.origin.clone(), "this one")
            .label(other.origin.clone(), "and this one")
            .detail("Standing in the root of a space selects it.")
            .help("take one of them out".to_owned()),
    )
}

fn fence(value: &Value, diagnostics: &mut Vec<Diagnostic>) -> Fence {
    if let Some(closed) = value.as_bool() {
        return Fence { closed, ..Fence::default() };
    }
    let mut fence = Fence { closed: true, ..Fence::default() };
    for written in list(value) {
        match other_space(written) {
            Some(space) => fence.spaces.push(space),
            None => {
                let Some(path) = named(written) else { continue };
                match crate::action::inside(&path.name, &path) {
                    Ok(name) => fence.paths.push(Named { name, ..path }),
                    Err(diagnostic) => diagnostics.push(diagnostic),
                }
            }
        }
    }
    fence
}

/// The space that `{ type = "space", name = "…" }` names.
pub(crate) fn other_space(value: &Value) -> Option<Named> {
    let is_space = value.get("type").and_then(Value::as_str) == Some("space");
    is_space.then(|| value.get("name").and_then(named)).flatten()
}

/// The files that `dotenv` names.
pub(super) fn dotenv_files(value: &Value) -> Vec<DotenvFile> {
    let file = |value: &Value| {
        let path = named(value).or_else(|| value.get("path").and_then(named))?;
        let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
        Some(DotenvFile { path, optional })
    };
    match value.as_list() {
        Some(files) => files.iter().filter_map(file).collect(),
        None => file(value).into_iter().collect(),
    }
}
