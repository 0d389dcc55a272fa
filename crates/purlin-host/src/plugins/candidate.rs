//! The features that may be meant by a name, each with what the workspace says about it.

use purlin_model::Origin;
use purlin_plugin::Point;
use purlin_plugin::manifest::Feature;

use super::{Interrupt, Plugins, State};
use crate::index::{FeatureRecord, FeatureRow, Head, PluginRow, feature_key, point_prefix};
use crate::workspace_table::TableEntry;
use crate::{FeatureRef, Need, PluginStatus};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) point: Point,
    /// The verb that a flag belongs to.
    pub(super) verb: Option<&'a str>,
    /// The name, a flag's without `--`.
    pub(super) name: &'a str,
    /// The plugin that it must come from.
    pub(super) plugin: Option<&'a str>,
    pub(super) need: Need,
    /// Names that were possible, too, and that are none of plugins.
    pub(super) others: &'a [&'a str],
}

impl Asked<'_> {
    fn key(&self, name: &str) -> String {
        match self.verb {
            Some(verb) => feature_key(self.point, &format!("{verb} --{name}")),
            None => feature_key(self.point, name),
        }
    }
}

/// A feature that answers to the name.
pub(super) struct Candidate<'a> {
    pub(super) plugin: PluginRow<'a>,
    pub(super) head: Head,
    pub(super) record: FeatureRecord,
    /// The name that it answers to.
    pub(super) name: String,
    /// Bundled, or named in `[plugins]`.
    pub(super) enabled: bool,
    /// Where the workspace switches it off.
    pub(super) disabled: Option<&'a Origin>,
    pub(super) entry: Option<&'a TableEntry>,
}

impl Candidate<'_> {
    pub(super) fn id(&self) -> String {
        self.record.feature.id()
    }

    pub(super) fn counts(&self, need: Need) -> bool {
        need == Need::Any || self.enabled
    }

    pub(super) fn live(&self, need: Need) -> bool {
        self.counts(need) && self.disabled.is_none() && self.head.status == PluginStatus::Ok
    }
}

impl Plugins {
    /// The features that answer to a name. The stamps of their plugins are checked.
    pub(super) fn candidates<'a>(
        &'a self,
        state: &'a State,
        asked: &Asked<'_>,
    ) -> Result<Vec<Candidate<'a>>, Interrupt> {
        let mut found = Vec::new();
        for row in state.index.features(&asked.key(asked.name))? {
            found.extend(self.candidate(state, &row)?);
        }
        for (plugin, entry) in self.table.iter() {
            for rename in entry.rename.iter().filter(|rename| rename.to == asked.name) {
                let Some((point, name)) = rename.id.split_once('/') else { continue };
                if point != asked.point.as_str() || name == asked.name {
                    continue;
                }
                for row in state.index.features(&asked.key(name))? {
                    let candidate = self.candidate(state, &row)?;
                    found.extend(candidate.filter(|one| one.plugin.name == plugin));
                }
            }
        }
        found.retain(|one| {
            one.name == asked.name && asked.plugin.is_none_or(|plugin| plugin == one.plugin.name)
        });
        Ok(found)
    }

    /// All features of enabled plugins that can be used.
    pub(super) fn enabled<'a>(&'a self, state: &'a State) -> Result<Vec<Candidate<'a>>, Interrupt> {
        let mut found = Vec::new();
        for point in Point::ALL {
            for row in state.index.features_from(&point_prefix(point))? {
                let candidate = self.candidate(state, &row)?;
                found.extend(candidate.filter(|one| one.live(Need::Enabled)));
            }
        }
        Ok(found)
    }

    /// A feature of the index together with its plugin.
    pub(super) fn candidate<'a>(
        &'a self,
        state: &'a State,
        row: &FeatureRow<'a>,
    ) -> Result<Option<Candidate<'a>>, Interrupt> {
        let plugin = state.index.plugin(row.plugin)?;
        if plugin.shadowed {
            return Ok(None);
        }
        self.ensure(state, &plugin)?;
        let record = row.record()?;
        let entry = self.table.get(plugin.name);
        let id = record.feature.id();
        let name = entry.and_then(|entry| entry.renamed(&id)).unwrap_or(&record.feature.name);
        Ok(Some(Candidate {
            name: name.to_owned(),
            head: plugin.head()?,
            enabled: plugin.bundled || entry.is_some(),
            disabled: entry.and_then(|entry| entry.disabled(&id)),
            entry,
            plugin,
            record,
        }))
    }

    /// Where the manifest declares a feature.
    pub(super) fn origin(
        &self,
        plugin: &PluginRow<'_>,
        head: &Head,
        feature: &Feature,
    ) -> Result<Origin, Interrupt> {
        let folder = self.folder(plugin, head.bundled)?;
        let source = folder.source(plugin.name, purlin_plugin::manifest::MANIFEST_FILE);
        Ok(feature.place.origin(&source))
    }

    /// What a caller gets of a candidate that can be used.
    pub(super) fn feature_ref(&self, candidate: Candidate<'_>) -> Result<FeatureRef, Interrupt> {
        let Candidate { plugin, head, record, name, .. } = candidate;
        Ok(FeatureRef {
            origin: self.origin(&plugin, &head, &record.feature)?,
            plugin: plugin.name.to_owned(),
            version: head.version.ok_or(Interrupt::Damaged)?,
            folder: head.bundled.is_none().then(|| plugin.folder.to_path_buf()),
            source: head.source,
            digest: head.digest,
            name,
            feature: record.feature,
            runtime: record.runtime,
            bundled: head.bundled,
        })
    }
}
