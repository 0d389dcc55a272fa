//! What belongs to a plugin besides its features: texts for people, and the program that is started.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Source};
use purlin_plugin::RuntimeKind;
use purlin_plugin::manifest::{Detail, Feature, Manifest, RuntimeEntry};

/// Checks what the manifest says for people, and what it says is started.
pub(super) fn check(manifest: &Manifest, source: &Arc<Source>, folder: &Path) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let plugin = |diagnostic: Diagnostic| diagnostic.label(manifest.place.origin(source), "here");
    if manifest.description.is_empty() {
        let summary = format!("`{}` has no description", manifest.name);
        let help = "`description` is one line in `plugin list`";
        found.push(plugin(Diagnostic::warning("no-description", summary).help(help.to_owned())));
    }
    if manifest.license.is_none() {
        let summary =
            format!("`{}` does not say under which licence it may be used", manifest.name);
        let help = "`license` takes an SPDX expression, such as \"MIT OR Apache-2.0\"";
        found.push(plugin(Diagnostic::warning("no-licence", summary).help(help.to_owned())));
    }
    if let Some(docs) = &manifest.docs
        && !has_pages(&folder.join(docs))
    {
        let summary = format!("`docs` names `{docs}`, and there is no page in it");
        let help = "pages end in `.md`; `purlin plugin docs` shows them";
        found.push(plugin(Diagnostic::error("missing-file", summary).help(help.to_owned())));
    }
    for feature in &manifest.features {
        let at = |diagnostic: Diagnostic| diagnostic.label(feature.place.origin(source), "here");
        let is_told = !matches!(feature.detail, Detail::None) || feature.about.is_empty();
        if is_told && feature.about.is_empty() && feature.point != purlin_plugin::Point::Hook {
            let summary = format!("{} does not say what it is", feature.id());
            let help = "`about` is one line in help and lists";
            found.push(at(Diagnostic::warning("no-about", summary).help(help.to_owned())));
        }
        if let Some(mistake) = entry_mistake(manifest, feature, folder) {
            let summary = format!("{} cannot be started", feature.id());
            found.push(at(Diagnostic::error("bad-entry", summary).detail(mistake)));
        }
    }
    // One program serves all features: it is told once.
    found.dedup_by(|one, other| one.code == "bad-entry" && one.detail == other.detail);
    found
}

fn has_pages(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.into_iter().any(|file| file.path().extension().is_some_and(|ending| ending == "md"))
}

/// Why what a feature starts is not there.
fn entry_mistake(manifest: &Manifest, feature: &Feature, folder: &Path) -> Option<String> {
    if !matches!(manifest.runtime_of(feature), Some(RuntimeKind::Process | RuntimeKind::Starlark)) {
        return None;
    }
    let own = feature.entry.as_ref();
    let entry = own.or_else(|| manifest.runtime.as_ref().and_then(|one| one.entry.as_ref()))?;
    match entry {
        RuntimeEntry::Module(module) => (!has_module(folder, module))
            .then(|| format!("There is no Python module `{module}` in {}.", folder.display())),
        RuntimeEntry::Command(command) => {
            let program = command.first().filter(|program| program.contains('/'))?;
            let path = folder.join(program);
            let mode = path.metadata().map(|file| file.permissions().mode());
            match mode {
                Ok(mode) if mode & 0o111 != 0 => None,
                Ok(_) => Some(format!("`{program}` is not executable.")),
                Err(error) => Some(format!("`{program}`: {error}.")),
            }
        }
        RuntimeEntry::File(file) => {
            (!folder.join(file).is_file()).then(|| format!("There is no file `{file}`."))
        }
    }
}

/// Whether a folder on Python's search path has a module.
pub(super) fn has_module(folder: &Path, module: &str) -> bool {
    let path = folder.join(module.replace('.', "/"));
    path.with_extension("py").is_file() || path.is_dir()
}
