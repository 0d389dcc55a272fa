//! The Python project around a plugin, and the mistakes that packaging invites.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, Value, fold, parse_toml, suggestion};
use purlin_plugin::manifest::{MANIFEST_FILE, Manifest};

use super::files::has_module;

/// The entry points that make a distribution a plugin.
const GROUP: &str = "purlin.plugins";

/// A folder with `pyproject.toml`.
pub(super) struct Project {
    folder: PathBuf,
    document: Value,
    mistakes: Vec<Diagnostic>,
}

/// The plugin's folder and its project. A folder that has only `pyproject.toml` stands for the
/// package that its entry point names.
pub(super) fn find(folder: &Path) -> (PathBuf, Option<Project>) {
    if folder.join(MANIFEST_FILE).is_file() {
        // A package lies below its project: `PROJECT/src/PACKAGE` at most.
        let around = folder.ancestors().take(3).find_map(read);
        let around = around.filter(|project| {
            // Somebody else's project further up is not this plugin's.
            project.folder == folder || !project.entries().is_empty()
        });
        return (folder.to_owned(), around);
    }
    let Some(project) = read(folder) else { return (folder.to_owned(), None) };
    let packages = project.entries();
    let package = packages.iter().find_map(|(_, value, _)| {
        let path = module_of(value).replace('.', "/");
        let places = [folder.join(&path), folder.join("src").join(&path)];
        places.into_iter().find(|place| place.join(MANIFEST_FILE).is_file())
    });
    (package.unwrap_or_else(|| folder.to_owned()), Some(project))
}

fn read(folder: &Path) -> Option<Project> {
    let path = folder.join("pyproject.toml");
    let text = purlin_store::read_regular_text(&path).ok()?;
    let (document, mistakes) = parse_toml(&Source::new(path, text));
    Some(Project { folder: folder.to_owned(), document, mistakes })
}

impl Project {
    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.document, |value, key| value.get(key))
    }

    /// Name, value and place of each entry point that is a plugin.
    fn entries(&self) -> Vec<(&str, &str, Origin)> {
        let table = self.at(&["project", "entry-points", GROUP]).and_then(Value::as_table);
        let entries = table.into_iter().flat_map(|table| table.iter());
        entries
            .filter_map(|(name, entry)| {
                Some((name, entry.value.as_str()?, entry.value.origin.clone()))
            })
            .collect()
    }
}

/// The module of `module:attribute`.
fn module_of(entry: &str) -> &str {
    entry.split(':').next().unwrap_or(entry).trim()
}

/// Checks that the project ships this plugin and calls it by its name.
pub(super) fn check(
    manifest: &Manifest,
    source: &Arc<Source>,
    folder: &Path,
    project: &Project,
) -> Vec<Diagnostic> {
    let mut found = project.mistakes.clone();
    if project.folder.join("setup.py").exists() {
        found.push(
            Diagnostic::warning("leftover-setup", "there is a `setup.py` beside `pyproject.toml`")
                .label(Origin::whole(&project.document.origin.source), "this says the same")
                .help("delete it: it is code that runs at install".to_owned()),
        );
    }
    found.extend(check_name(manifest, source, folder, project));
    let entries = project.entries();
    if entries.is_empty() {
        found.push(
            Diagnostic::error("no-entry-point", "the distribution has no plugin")
                .label(Origin::whole(&project.document.origin.source), "this project")
                .help(format!(
                    "add `[project.entry-points.\"{GROUP}\"]` with `{} = \"MODULE\"`",
                    manifest.name
                )),
        );
    }
    for (name, value, origin) in entries {
        found.extend(check_entry(manifest, folder, project, name, value, &origin));
    }
    found.extend(check_data(project));
    found
}

/// The distribution may be called as the plugin, or as the plugin and `purlin`.
fn check_name(
    manifest: &Manifest,
    source: &Arc<Source>,
    folder: &Path,
    project: &Project,
) -> Option<Diagnostic> {
    let name = project.at(&["project", "name"])?;
    let written = name.as_str()?;
    let plain = written.to_lowercase().replace(['_', '.'], "-");
    let own = plain.strip_prefix("purlin-").unwrap_or(&plain);
    let own = own.strip_suffix("-purlin").unwrap_or(own);
    if own != manifest.name {
        let summary =
            format!("the plugin is `{}` and its distribution is `{written}`", manifest.name);
        return Some(
            Diagnostic::error("other-name", summary)
                .label(name.origin.clone(), "the distribution")
                .label(manifest.place.origin(source), "the plugin")
                .help(format!("call it `{0}` or `purlin-{0}`", manifest.name)),
        );
    }
    let last = project.folder.file_name().or(folder.file_name())?.to_str()?;
    let last = fold(&last.to_lowercase());
    let is_same = [manifest.name.as_str(), &plain].iter().any(|name| fold(name) == last);
    (!is_same).then(|| {
        let summary = format!("the folder is `{last}` and the distribution is `{written}`");
        Diagnostic::warning("other-name", summary)
            .label(name.origin.clone(), "the distribution")
            .help("one name for both is easier to find".to_owned())
    })
}

fn check_entry(
    manifest: &Manifest,
    folder: &Path,
    project: &Project,
    name: &str,
    value: &str,
    origin: &Origin,
) -> Option<Diagnostic> {
    let at = |code: &str, summary: String| {
        Diagnostic::error(code, summary).label(origin.clone(), "this entry point")
    };
    if fold(name) != manifest.name {
        let summary = format!("the entry point is `{name}` and the plugin is `{}`", manifest.name);
        return Some(at("bad-entry-point", summary));
    }
    let module = module_of(value);
    let places = [project.folder.clone(), project.folder.join("src")];
    let Some(place) = places.iter().find(|place| has_module(place, module)) else {
        let modules = places.iter().flat_map(|place| modules_in(place)).collect::<Vec<_>>();
        let summary = format!("the entry point names `{module}`, and there is no such module");
        let known = modules.iter().map(String::as_str);
        return Some(at("bad-entry-point", summary).help(suggestion(module, "modules", known)));
    };
    let package = place.join(module.replace('.', "/"));
    (package != folder).then(|| {
        let summary = format!("`{MANIFEST_FILE}` is not in the package `{module}`");
        at("data-outside", summary)
            .detail("Files outside the package are not installed with it.".to_owned())
            .help(format!("move it, and the files that it names, to {}", package.display()))
    })
}

fn modules_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.filter_map(|file| {
        let path = file.path();
        let is_module = path.join("__init__.py").is_file()
            || path.extension().is_some_and(|ending| ending == "py");
        let name = path.file_stem()?.to_str()?.to_owned();
        is_module.then_some(name)
    });
    names.collect()
}

/// setuptools installs code only, unless it is told of the rest.
fn check_data(project: &Project) -> Option<Diagnostic> {
    let backend = project.at(&["build-system", "build-backend"])?;
    let is_setuptools = backend.as_str()?.starts_with("setuptools");
    let is_told = project.at(&["tool", "setuptools", "package-data"]).is_some()
        || project.folder.join("MANIFEST.in").is_file();
    (is_setuptools && !is_told).then(|| {
        Diagnostic::error("data-outside", "the distribution leaves `plugin.toml` out")
            .label(backend.origin.clone(), "this installs nothing but code")
            .help(
                "add `[tool.setuptools.package-data]` with `\"*\" = [\"plugin.toml\", \"schemas/*.json\"]`"
                    .to_owned(),
            )
    })
}
