//! `purlin build --install`: a package in a folder repository.

use std::fs;
use std::path::Path;

use purlin_model::Diagnostic;
use purlin_packages::{CLOSURE, Node, PackageGraph, Roots, Used, name_of, remove_tree};
use serde_json::{Map, Value as Json};

use super::Packages;

/// Fields of a leaf that tell how it is built, which does not matter any more.
const OF_BUILDING: [&str; 9] = [
    "source",
    "build",
    "install",
    "builder",
    "build-requires",
    "private-build-requires",
    "tests",
    "variants",
    "root",
];

impl Packages<'_> {
    /// Writes a package into a folder repository, with all that it needs to run: `DIR/name/version/`.
    /// What is there is replaced when the new one is whole.
    pub(crate) fn install(
        &self,
        graph: &PackageGraph,
        index: usize,
        folder: &Path,
    ) -> Result<(), Diagnostic> {
        let node = &graph.nodes[index];
        let package = &node.package;
        let Some(prefix) = node.prefix.as_ref().filter(|_| node.variant.is_none()) else {
            let why = match node.variant {
                Some(_) => "A folder of packages holds one of each version, and this has variants.",
                None => "It has only needs, and nothing that could be written there.",
            };
            return Err(cannot(node).detail(why.to_owned()));
        };
        // What is installed already is not looked at; what is installed elsewhere stays there.
        for needed in node.runs_with.iter().copied() {
            if graph.nodes[needed].action.is_some() {
                self.install(graph, needed, folder)?;
            }
        }
        let version = package.version.clone().unwrap_or_else(|| "0".to_owned());
        let place = folder.join(&package.name).join(version);
        let closure = self.store.closure(&[name_of(prefix)]);
        let paths: Vec<String> =
            closure.iter().map(|one| self.store.folder().join(one).display().to_string()).collect();
        let above = place.parent().unwrap_or(folder);
        let made = above.join(format!(".installing-{}", std::process::id()));
        let written = || -> Result<(), std::io::Error> {
            fs::create_dir_all(above)?;
            remove_tree(&made).map_err(std::io::Error::other)?;
            fs::create_dir(&made)?;
            copy(prefix, &made.join("root"))?;
            let text = toml_text(&document(graph, node));
            fs::write(made.join(CLOSURE), paths.join("\n") + "\n")?;
            fs::write(made.join("package.toml"), text)?;
            fs::File::open(made.join("package.toml"))?.sync_all()?;
            remove_tree(&place).map_err(std::io::Error::other)?;
            fs::rename(&made, &place)
        };
        written().map_err(|error| {
            let _ = remove_tree(&made);
            cannot(node)
                .detail(format!("{}: {error}.", place.display()))
                .help("give access to the folder, or name another".to_owned())
        })?;
        // Its files remember where they were built, so that stays as long as it is installed.
        let kept = Used {
            workspace: place.join("package.toml"),
            what: "install".to_owned(),
            folders: closure,
        };
        self.store.put_profile(&kept).map_err(|error| cannot(node).detail(error.to_string()))
    }
}

fn cannot(node: &Node) -> Diagnostic {
    Diagnostic::error("install", format!("`{}` cannot be installed", node.id))
        .label(node.package.origin.clone(), "this package")
}

/// What an installed package says: what it needs to run, by name and version.
fn document(graph: &PackageGraph, node: &Node) -> Map<String, Json> {
    let mut document = node.package.fields.as_object().cloned().unwrap_or_default();
    document.retain(|field, value| !OF_BUILDING.contains(&field.as_str()) && !value.is_null());
    for value in document.values_mut() {
        fill(value, &node.roots);
    }
    document.insert("name".to_owned(), node.package.name.clone().into());
    document.insert("root".to_owned(), "root".into());
    let requires = node.runs_with.iter().map(|needed| &graph.nodes[*needed].package);
    let requires: Vec<Json> = requires
        .map(|needed| match &needed.version {
            Some(version) => format!("{}-{version}", needed.name).into(),
            None => needed.name.clone().into(),
        })
        .collect();
    if !requires.is_empty() {
        document.insert("requires".to_owned(), requires.into());
    }
    document
}

/// Puts roots in place of what stands for them.
fn fill(value: &mut Json, roots: &Roots) {
    match value {
        Json::String(text) => *text = roots.fill(text).value,
        Json::Array(items) => items.iter_mut().for_each(|item| fill(item, roots)),
        Json::Object(entries) => entries.values_mut().for_each(|value| fill(value, roots)),
        _ => {}
    }
}

/// JSON as TOML: tables behind values.
fn toml_text(document: &Map<String, Json>) -> String {
    let mut text = String::new();
    let is_table = |value: &Json| value.is_object();
    for (name, value) in document.iter().filter(|(_, value)| !is_table(value)) {
        text.push_str(&format!("{name} = {}\n", toml_value(value)));
    }
    for (name, value) in document.iter().filter(|(_, value)| is_table(value)) {
        text.push_str(&format!("\n[{name}]\n"));
        for (key, value) in value.as_object().into_iter().flatten() {
            text.push_str(&format!("{} = {}\n", Json::from(key.as_str()), toml_value(value)));
        }
    }
    text
}

/// Strings, numbers, truths and lists are written alike in both.
fn toml_value(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{} = {}", Json::from(key.as_str()), toml_value(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_value).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    if !metadata.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
