//! `purlin plugin docs`

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use purlin_plugin::PluginSet;
use purlin_plugin::manifest::Manifest;
use purlin_store::read_regular_text;
use purlin_test::lint::lint;
use serde_json::json;

use crate::arguments::Global;
use crate::context::Context;
use crate::draw;
use crate::failure::{Failure, Outcome};
use crate::plugin_page::{Files, page};
use crate::verb::plugin::folder;

/// Prints the page about a plugin that is installed, or of one in a folder.
pub(crate) fn perform(global: &Global, bundled: &PluginSet, given: Option<&str>) -> Outcome {
    let text = match given {
        Some(name) if !is_folder(global, name)? => of_installed(global, bundled, name)?,
        given => of_folder(&folder(global, given.map(Path::new))?)?,
    };
    if global.json {
        draw::json(&json!({ "markdown": text }));
    } else {
        draw::out(format_args!("{}", draw::harmless(&text)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A name is a name, unless it is written as a path or only a folder is called so.
fn is_folder(global: &Global, name: &str) -> Result<bool, Failure> {
    let path = crate::context::directory(global)?.join(name);
    let has_plugin = ["plugin.toml", "pyproject.toml"].iter().any(|file| path.join(file).is_file());
    Ok(name.contains('/') || name == "." || has_plugin)
}

fn of_folder(given: &Path) -> Result<String, Failure> {
    let linted = lint(given);
    let Some(manifest) = &linted.manifest else {
        return Err(linted.diagnostics.into());
    };
    Ok(of_disk(manifest, &linted.folder))
}

fn of_disk(manifest: &Manifest, folder: &Path) -> String {
    let text_of = |path: &str| text_in(folder, path);
    let docs = manifest.docs.as_ref().map(|docs| folder.join(docs));
    let entries = docs.and_then(|docs| fs::read_dir(docs).ok()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    // The page that leads to the others comes first.
    pages.sort_by_key(|name| (name != "index.md" && name != "README.md", name.clone()));
    page(manifest, &Files { text_of: &text_of, pages })
}

/// The text of a file of the plugin. One that a link takes out of its folder is not the plugin's.
fn text_in(folder: &Path, path: &str) -> Option<String> {
    let file = folder.join(path).canonicalize().ok()?;
    file.starts_with(folder.canonicalize().ok()?).then(|| read_regular_text(&file).ok())?
}

fn of_installed(global: &Global, bundled: &PluginSet, name: &str) -> Result<String, Failure> {
    let context = Context::new(global, bundled)?;
    let info = context.plugins.info(name)?;
    let Some(manifest) = &info.manifest else {
        return Err(info.entry.diagnostics.into());
    };
    if let Some(folder) = &info.entry.path {
        return Ok(of_disk(manifest, folder));
    }
    let plugin = bundled.iter().find(|plugin| plugin.folder == info.entry.name);
    let text_of = |path: &str| plugin.and_then(|plugin| plugin.file(path)).map(str::to_owned);
    Ok(page(manifest, &Files { text_of: &text_of, pages: Vec::new() }))
}
