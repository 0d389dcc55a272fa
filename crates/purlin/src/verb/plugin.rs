//! `purlin plugin`

mod author;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod docs;
pub(crate) mod lock;
mod permissions;
pub(crate) mod test;
pub(crate) mod trust;
mod waiting;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use purlin_host::{FeatureStatus, PluginEntry, PluginStatus};
use serde_json::json;

use crate::arguments::Global;
use crate::context::{self, Context};
use crate::draw;
use crate::failure::{Failure, Outcome};

/// Lists plugins and what they provide.
pub(crate) fn list(context: &Context) -> Outcome {
    let plugins = context.plugins.list();
    draw::diagnostics(&context.global, &context.plugins.warnings());
    if context.global.json {
        let list: Vec<_> = plugins.iter().map(PluginEntry::to_json).collect();
        draw::json(&json!({ "plugins": list }));
        return Ok(ExitCode::SUCCESS);
    }
    let width = |text: &dyn Fn(&PluginEntry) -> String| {
        plugins.iter().map(|plugin| text(plugin).len()).max().unwrap_or(0)
    };
    let version = |plugin: &PluginEntry| {
        plugin.version.as_ref().map(ToString::to_string).unwrap_or_else(|| "-".to_owned())
    };
    let runtime =
        |plugin: &PluginEntry| plugin.runtime.map_or("-", |runtime| runtime.as_str()).to_owned();
    let name_width = width(&|plugin| plugin.name.clone());
    let version_width = width(&version);
    for plugin in &plugins {
        let line = format!(
            "{:name_width$}  {:version_width$}  {:8}  {:9}  {}",
            plugin.name,
            version(plugin),
            runtime(plugin),
            plugin.source.as_str(),
            summary(plugin),
        );
        draw::out(format_args!("{}\n", draw::harmless_line(&line)));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a plugin provides, or why it does not.
fn summary(plugin: &PluginEntry) -> String {
    if !matches!(plugin.status, PluginStatus::Ok | PluginStatus::Ungranted) {
        let path =
            plugin.path.as_ref().map(|path| format!(" ({})", path.display())).unwrap_or_default();
        return format!("{}: {}{path}", plugin.status.as_str(), first_reason(plugin));
    }
    if plugin.features.is_empty() && plugin.status == PluginStatus::Ok {
        return plugin.reason.clone();
    }
    let feature = |feature: &purlin_host::FeatureEntry| {
        let note = match feature.status {
            FeatureStatus::Ok => String::new(),
            status => format!(" ({})", status.as_str()),
        };
        format!("{}/{}{note}", feature.point, feature.name)
    };
    let features = plugin.features.iter().map(feature).collect::<Vec<_>>().join(", ");
    match plugin.status {
        PluginStatus::Ungranted => format!("ungranted: {}: {features}", plugin.reason),
        _ => features,
    }
}

/// The reason, short enough for a list: of many mistakes the first one.
fn first_reason(plugin: &PluginEntry) -> String {
    match plugin.diagnostics.as_slice() {
        [first, _, ..] => {
            let place = first.labels.first().map_or_else(String::new, |label| {
                let file = label.origin.path().file_name().unwrap_or_default();
                format!(" ({}:{})", file.display(), label.origin.line)
            });
            let more = plugin.diagnostics.len() - 1;
            let name = &plugin.name;
            format!("{}{place} and {more} more: see `purlin plugin info {name}`", first.summary)
        }
        _ => plugin.reason.clone(),
    }
}

/// Tells everything about one plugin.
pub(crate) fn info(context: &Context, name: &str) -> Outcome {
    let info = context.plugins.info(name)?;
    if context.global.json {
        let mut document = info.entry.to_json();
        if let (Some(manifest), Some(document)) = (&info.manifest, document.as_object_mut()) {
            document.insert("description".into(), manifest.description.clone().into());
            document.insert("license".into(), json!(manifest.license));
            document.insert("permissions".into(), json!(manifest.permissions));
            document.insert(
                "enforced".into(),
                permissions::document(manifest.processes().next().is_some()),
            );
        }
        draw::json(&document);
        return Ok(ExitCode::SUCCESS);
    }
    let entry = &info.entry;
    let version = entry.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let mut lines = vec![format!("{}{version}", entry.name)];
    if !entry.description.is_empty() {
        lines.push(entry.description.clone());
    }
    let mut row = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{label:12} {value}"));
        }
    };
    let status = entry.status.as_str();
    row(
        "status",
        match entry.diagnostics.len() {
            // The mistakes follow, each with its place.
            count @ 2.. => format!("{status}: {count} mistakes"),
            _ if entry.reason.is_empty() => status.to_owned(),
            _ => format!("{status}: {}", entry.reason),
        },
    );
    row("source", entry.source.as_str().to_owned());
    row("path", entry.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default());
    if let Some(manifest) = &info.manifest {
        let runtime = entry.runtime.map_or("none: it is only files", |runtime| runtime.as_str());
        row("runtime", runtime.to_owned());
        row("licence", manifest.license.clone().unwrap_or_default());
        if let Some(python) = manifest.runtime.as_ref().and_then(|one| one.python.as_ref()) {
            row("needs Python", python.requires.join(", "));
        }
        let process = manifest.processes().next().is_some();
        if process || !manifest.permissions.is_empty() {
            for (label, value) in permissions::rows(&manifest.permissions, process) {
                row(label, value);
            }
        }
    }
    for feature in &entry.features {
        let about = info
            .manifest
            .as_ref()
            .and_then(|manifest| {
                manifest
                    .features
                    .iter()
                    .find(|one| one.point == feature.point && one.name == feature.name)
            })
            .map(|one| one.about.clone())
            .unwrap_or_default();
        let status = match feature.status {
            FeatureStatus::Ok => String::new(),
            status => format!("  {}: {}", status.as_str(), feature.reason),
        };
        lines.push(format!("  {}/{}  {about}{status}", feature.point, feature.name));
    }
    for line in lines {
        draw::out(format_args!("{}\n", draw::harmless_line(&line)));
    }
    draw::diagnostics(&context.global, &entry.diagnostics);
    Ok(ExitCode::SUCCESS)
}

/// The folder that an author means: the one that was named, or the one that they stand in.
fn folder(global: &Global, given: Option<&Path>) -> Result<PathBuf, Failure> {
    let directory = context::directory(global)?;
    let folder = given.map_or_else(|| directory.clone(), |given| directory.join(given));
    // What is not there is told by whoever looks for a plugin in it.
    Ok(folder.canonicalize().unwrap_or(folder))
}
