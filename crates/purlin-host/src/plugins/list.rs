//! `plugin list` and `plugin info`.

use std::collections::BTreeSet;

use purlin_model::{Diagnostic, fold};
use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, Feature};
use purlin_plugin::message::FeatureSummary;

use super::candidate::Asked;
use super::check::winner;
use super::find::{ProblemKind, need_of};
use super::{Interrupt, Plugins, State, message};
use crate::index::PluginRow;
use crate::{FeatureEntry, FeatureRef, FeatureStatus, Need, PluginEntry, PluginInfo, PluginStatus};

impl Plugins {
    /// Every plugin on the search path, by name, shadowed and broken ones too. All stamps are
    /// checked.
    pub fn list(&self) -> Vec<PluginEntry> {
        self.refresh();
        self.with(|state| {
            (0..state.index.plugin_count())
                .map(|position| self.plugin_entry(state, &state.index.plugin(position)?))
                .collect()
        })
    }

    /// Everything about the plugin that a name means.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn info(&self, name: &str) -> Result<PluginInfo, Diagnostic> {
        self.refresh();
        let name = fold(name);
        self.with(|state| {
            Ok(match winner(state, &name)? {
                Some(row) => Ok(PluginInfo {
                    entry: self.plugin_entry(state, &row)?,
                    manifest: row.manifest()?,
                }),
                None => Err(message::unknown_plugin(&name, &self.plugin_names(state)?)),
            })
        })
    }

    /// What one plugin provides, in the order of its manifest, whether or not other plugins or the
    /// workspace stand in the way.
    ///
    /// # Errors
    /// There is none of that name, or it is broken.
    pub fn provided(&self, plugin: &str) -> Result<Vec<FeatureRef>, Diagnostic> {
        self.refresh();
        let name = fold(plugin);
        self.with(|state| {
            let Some(row) = winner(state, &name)? else {
                return Ok(Err(message::unknown_plugin(&name, &self.plugin_names(state)?)));
            };
            let head = row.head()?;
            let (PluginStatus::Ok, Some(manifest)) = (head.status, row.manifest()?) else {
                let mistakes = self.restored(&row, &head)?;
                let entry = self.table.get(&name);
                let what = format!("`{name}`");
                return Ok(Err(message::failed(&what, &name, &head, &mistakes, entry)));
            };
            let mut found = Vec::new();
            for feature in &manifest.features {
                found.push(FeatureRef {
                    origin: self.origin(&row, &head, feature)?,
                    plugin: row.name.to_owned(),
                    version: manifest.version.clone(),
                    folder: head.bundled.is_none().then(|| row.folder.to_path_buf()),
                    source: head.source,
                    digest: head.digest,
                    name: feature.name.clone(),
                    feature: feature.clone(),
                    runtime: manifest.runtime_of(feature),
                    bundled: head.bundled,
                });
            }
            Ok(Ok(found))
        })
    }

    /// What plugins see of each other: the features of enabled plugins that can be used, by point
    /// and name.
    pub fn features(&self) -> Vec<FeatureSummary> {
        self.with(|state| {
            let found: BTreeSet<_> = self
                .enabled(state)?
                .into_iter()
                .map(|one| (one.record.feature.point, one.name, one.plugin.name.to_owned()))
                .collect();
            let summaries = found.into_iter().map(|(point, name, plugin)| FeatureSummary {
                plugin,
                point,
                name,
            });
            Ok(summaries.collect())
        })
    }

    fn plugin_entry(&self, state: &State, row: &PluginRow<'_>) -> Result<PluginEntry, Interrupt> {
        let head = row.head()?;
        let manifest = row.manifest()?;
        let mut features = Vec::new();
        for feature in manifest.iter().flat_map(|manifest| &manifest.features) {
            let (status, reason) = if head.status == PluginStatus::Ok {
                self.feature_status(state, row, feature)?
            } else {
                (FeatureStatus::Ok, String::new())
            };
            features.push(FeatureEntry {
                point: feature.point,
                name: feature.name.clone(),
                status,
                reason,
            });
        }
        let diagnostics = self.restored(row, &head)?;
        let refusal = match &manifest {
            Some(manifest) if head.status == PluginStatus::Ok => {
                self.verdict(row, &head, manifest).err()
            }
            _ => None,
        };
        let (status, reason) = match refusal {
            Some(refusal) => (PluginStatus::Ungranted, message::refused(row.name, &refusal)),
            None => (head.status, head.reason),
        };
        Ok(PluginEntry {
            name: row.name.to_owned(),
            diagnostics,
            version: head.version,
            runtime: head.runtime,
            source: head.source,
            path: head.bundled.is_none().then(|| row.folder.to_path_buf()),
            status,
            reason,
            description: head.description,
            enabled: !row.shadowed && (row.bundled || self.table.names(row.name)),
            features,
        })
    }

    fn feature_status(
        &self,
        state: &State,
        row: &PluginRow<'_>,
        feature: &Feature,
    ) -> Result<(FeatureStatus, String), Interrupt> {
        let entry = self.table.get(row.name);
        let id = feature.id();
        if let Some(origin) = entry.and_then(|entry| entry.disabled(&id)) {
            return Ok((FeatureStatus::Disabled, format!("switched off in {origin}")));
        }
        let need = need_of(feature.point);
        if need == Need::Enabled && !row.bundled && entry.is_none() {
            return Ok((FeatureStatus::Ok, String::new()));
        }
        let name = entry.and_then(|entry| entry.renamed(&id)).unwrap_or(&feature.name);
        let verbs: Vec<Option<&str>> = match &feature.detail {
            Detail::Argument { on, .. } => on.iter().map(|verb| Some(verb.as_str())).collect(),
            _ if feature.point == Point::Hook => Vec::new(),
            _ => vec![None],
        };
        let mut reasons = Vec::new();
        for verb in verbs {
            let asked = Asked { point: feature.point, verb, name, plugin: None, need, others: &[] };
            if let Err(problem) = self.settle(state, &asked)?
                && problem.kind == ProblemKind::Contested
            {
                reasons.push(problem.diagnostic.summary);
            }
        }
        Ok(match reasons.is_empty() {
            true => (FeatureStatus::Ok, String::new()),
            false => (FeatureStatus::Contested, reasons.join("; ")),
        })
    }
}
