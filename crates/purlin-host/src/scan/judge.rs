//! What only shows when all plugins are known: shadowing, and needs that are not met.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use purlin_model::{Diagnostic, Source};
use purlin_plugin::manifest::MANIFEST_FILE;

use crate::index::{PluginRecord, StoredDiagnostic};
use crate::{PluginSource, PluginStatus};

/// Settles the status of plugins that stand in the order of the search path.
pub(super) fn judge(plugins: &mut [PluginRecord]) {
    let winners = shadow(plugins);
    settle_needs(plugins, &winners);
}

/// Marks all but the first plugin of each name, and returns the first ones.
fn shadow(plugins: &mut [PluginRecord]) -> BTreeMap<String, usize> {
    let mut winners: BTreeMap<String, usize> = BTreeMap::new();
    for (position, plugin) in plugins.iter().enumerate() {
        let winner = winners.entry(plugin.name.clone()).or_insert(position);
        let bundled = plugin.head.source == PluginSource::Bundled;
        let first = plugins[*winner].head.source;
        if bundled && !matches!(first, PluginSource::Workspace | PluginSource::Bundled) {
            *winner = position;
        }
    }
    let reasons: Vec<Option<String>> = plugins
        .iter()
        .enumerate()
        .map(|(position, plugin)| {
            let winner = winners[&plugin.name];
            (winner != position).then(|| shadow_reason(plugin, &plugins[winner]))
        })
        .collect();
    for (plugin, reason) in plugins.iter_mut().zip(reasons) {
        if let Some(reason) = reason {
            plugin.head.status = PluginStatus::Shadowed;
            plugin.head.reason = reason;
        }
    }
    winners
}

fn shadow_reason(plugin: &PluginRecord, winner: &PluginRecord) -> String {
    if winner.head.source == PluginSource::Bundled {
        return format!(
            "`{}` is a bundled plugin, and only `path` in `[plugins]` can put another in its place",
            plugin.name
        );
    }
    format!("`{}` comes first on the search path", winner.folder.display())
}

/// Breaks the plugins that need another one which is missing, too old or broken itself.
fn settle_needs(plugins: &mut [PluginRecord], winners: &BTreeMap<String, usize>) {
    let mut settled: BTreeSet<usize> = BTreeSet::new();
    loop {
        let ready: Vec<usize> = winners
            .values()
            .copied()
            .filter(|position| !settled.contains(position))
            .filter(|position| plugins[*position].head.status == PluginStatus::Ok)
            .filter(|position| {
                needs(&plugins[*position]).all(|(name, wanted)| {
                    winners.get(name).is_some_and(|other| {
                        settled.contains(other) && suits(&plugins[*other], wanted)
                    })
                })
            })
            .collect();
        if ready.is_empty() {
            break;
        }
        settled.extend(ready);
    }
    let broken: Vec<(usize, Vec<Diagnostic>)> = winners
        .values()
        .filter(|position| !settled.contains(position))
        .filter(|position| plugins[**position].head.status == PluginStatus::Ok)
        .map(|position| {
            let plugin = &plugins[*position];
            let unmet = needs(plugin).filter_map(|(name, wanted)| {
                let other = winners.get(name).copied();
                let fine = other.is_some_and(|other| {
                    settled.contains(&other) && suits(&plugins[other], wanted)
                });
                (!fine).then(|| {
                    let circle = reaches(plugins, winners, name, &plugin.name);
                    unmet(plugin, name, wanted, other.map(|other| &plugins[other]), circle)
                })
            });
            (*position, unmet.collect())
        })
        .collect();
    for (position, unmet) in broken {
        let plugin = &mut plugins[position];
        plugin.head.status = PluginStatus::Broken;
        let lines: Vec<&str> = unmet.iter().map(|one| one.summary.as_str()).collect();
        plugin.head.reason = lines.join("; ");
        plugin
            .diagnostics
            .extend(unmet.iter().map(|one| StoredDiagnostic::new(one, Path::new(""))));
    }
}

fn needs(plugin: &PluginRecord) -> impl Iterator<Item = (&String, &semver::VersionReq)> {
    plugin.manifest.iter().flat_map(|manifest| &manifest.requires.plugins)
}

fn suits(plugin: &PluginRecord, wanted: &semver::VersionReq) -> bool {
    plugin.head.version.as_ref().is_some_and(|version| wanted.matches(version))
}

/// True when a plugin needs another one, by itself or through others.
fn reaches(
    plugins: &[PluginRecord],
    winners: &BTreeMap<String, usize>,
    from: &str,
    to: &str,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(name) = waiting.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name)
            && let Some(position) = winners.get(name)
        {
            waiting.extend(needs(&plugins[*position]).map(|(name, _)| name.as_str()));
        }
    }
    false
}

fn unmet(
    plugin: &PluginRecord,
    name: &str,
    wanted: &semver::VersionReq,
    other: Option<&PluginRecord>,
    circle: bool,
) -> Diagnostic {
    let summary = match other {
        None => format!("it needs the plugin `{name}`, which is not there"),
        Some(other) => match &other.head.version {
            Some(version) if !wanted.matches(version) => {
                format!("it needs the plugin `{name}` {wanted}, and {version} is there")
            }
            _ if circle => format!("it needs the plugin `{name}`, which needs it in turn"),
            _ if other.head.status == PluginStatus::Ok => {
                format!("it needs the plugin `{name}`, whose own needs are not met")
            }
            _ => format!("it needs the plugin `{name}`, which is {}", other.head.status.as_str()),
        },
    };
    let source = Source::new(MANIFEST_FILE, "");
    Diagnostic::error("unmet-need", summary).label(plugin.head.place.origin(&source), "this plugin")
}
