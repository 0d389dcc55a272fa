//! The mistakes that show in a plugin's Starlark without evaluating it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Source, suggestion, to_snake};
use purlin_plugin::RuntimeKind;
use purlin_plugin::manifest::{Feature, Manifest, RuntimeEntry};
use purlin_starlark::NoSources;
use purlin_starlark::plugin::{Plugin, functions_of, plain_name};

/// Syntax errors, features that have no function, and definitions that cannot be shipped.
pub(super) fn check(manifest: &Manifest, source: &Arc<Source>, folder: &Path) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for feature in &manifest.features {
        let is_code = manifest.runtime_of(feature) == Some(RuntimeKind::Starlark);
        let Some(entry) = entry(manifest, feature).filter(|_| is_code) else { continue };
        let path = folder.join(entry);
        // That the file is not there is told elsewhere.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let file = Source::of_plugin(&manifest.name, path, Some(text));
        // What the entry loads does not matter for what it defines.
        let plugin = Plugin::new(file, Arc::new(NoSources));
        let wanted = functions_of(feature.point);
        match plugin.functions(feature.point, &feature.name) {
            Err(mistakes) => found.extend(mistakes),
            Ok(has) if has.is_empty() && !wanted.is_empty() => {
                let names: Vec<String> =
                    plugin.index().into_iter().flat_map(|index| names(&index)).collect();
                found.push(missing(feature, wanted, &names, source));
            }
            Ok(_) => {}
        }
    }
    for shipped in &manifest.ships.definitions {
        let place = shipped.place.origin(source);
        if !shipped.path.ends_with(".star") {
            let what = format!("`{}` cannot be shipped", shipped.path);
            let help =
                "definitions that plugins ship are functions and constants in files `*.star`";
            let mistake = Diagnostic::error("shipped-definitions", what).label(place, "named here");
            found.push(mistake.help(help.to_owned()));
            continue;
        }
        let path = folder.join(&shipped.path);
        if let Ok(text) = fs::read_to_string(&path) {
            let file = Source::of_plugin(&manifest.name, path, Some(text));
            let index = Plugin::new(file, Arc::new(NoSources)).index();
            found.extend(index.err().into_iter().flatten());
        }
    }
    // One file has the code of several features: it is told once.
    purlin_model::distinct(found)
}

fn entry<'a>(manifest: &'a Manifest, feature: &'a Feature) -> Option<&'a str> {
    let own = feature.entry.as_ref();
    match own.or_else(|| manifest.runtime.as_ref()?.entry.as_ref())? {
        RuntimeEntry::File(file) => Some(file),
        _ => None,
    }
}

fn names(index: &purlin_plugin::language::FileIndex) -> Vec<String> {
    index.functions.iter().map(|function| function.name.clone()).collect()
}

fn missing(
    feature: &Feature,
    wanted: &[&str],
    names: &[String],
    source: &Arc<Source>,
) -> Diagnostic {
    let own = |function: &&str| format!("{}_{function}", to_snake(&feature.name));
    let all: Vec<String> = wanted
        .iter()
        .flat_map(|function| [own(function), plain_name(function).to_owned()])
        .map(|name| format!("`{name}`"))
        .collect();
    let first = wanted.first().map(own).unwrap_or_default();
    Diagnostic::error("missing-function", format!("{} has no function", feature.id()))
        .label(feature.place.origin(source), "declared here")
        .detail(format!("It would be one of {}.", all.join(", ")))
        .help(suggestion(&first, "functions", names.iter().map(String::as_str)))
}
