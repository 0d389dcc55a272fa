//! What look-ups return.

use std::path::PathBuf;

use purlin_model::{Diagnostic, Digest, Origin};
use purlin_plugin::manifest::{Detail, Feature, FileRef, Manifest};
use purlin_plugin::{Point, RuntimeKind};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::PluginSource;

/// One feature of one plugin, found and fit for use as far as the manifest tells.
#[derive(Debug, Clone)]
pub struct FeatureRef {
    /// The plugin.
    pub plugin: String,
    /// The plugin's version.
    pub version: Version,
    /// The plugin's folder; `None` for a bundled one.
    pub folder: Option<PathBuf>,
    /// Where the plugin was found.
    pub source: PluginSource,
    /// SHA-256 over the manifest and the files that it names.
    pub digest: Digest,
    /// The name that it answers to: the workspace's `rename`, else the manifest's.
    pub name: String,
    /// What the manifest says about it.
    pub feature: Feature,
    /// How it runs; `None` when it is only described.
    pub runtime: Option<RuntimeKind>,
    /// The line of the manifest that declares it.
    pub origin: Origin,
    pub(crate) bundled: Option<usize>,
}

impl FeatureRef {
    /// True when it is compiled in: its answers are what the user wrote, and so are mistakes in them.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        self.bundled.is_some()
    }

    /// Where it is added.
    #[must_use]
    pub fn point(&self) -> Point {
        self.feature.point
    }

    /// One line about it.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.feature.about
    }

    /// What only features of its point say.
    #[must_use]
    pub fn detail(&self) -> &Detail {
        &self.feature.detail
    }

    /// The file with the schema of its configuration.
    #[must_use]
    pub fn schema(&self) -> Option<&FileRef> {
        self.feature.schema.as_ref()
    }
}

/// A flag that a plugin adds to a verb, or a verb that it adds: what the parser and `--help` need,
/// and what running it needs.
#[derive(Debug, Clone)]
pub struct WordRef {
    /// The flag without `--` or the verb, as the workspace may have renamed it.
    pub name: String,
    /// The plugin; the first one when several claim the word.
    pub plugin: String,
    /// What the manifest says. Of a broken manifest only the name, and for a flag whether it takes
    /// a value, are to be trusted.
    pub feature: Feature,
    /// The feature, or why using it fails: it is contested, or its plugin is broken.
    pub usable: Result<FeatureRef, Diagnostic>,
}

/// A [`WordRef`] as far as help shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordLine {
    /// See [`WordRef::name`].
    pub name: String,
    /// See [`WordRef::plugin`].
    pub plugin: String,
    /// One line.
    pub about: String,
    /// Of a flag that takes a value: the values of a choice, empty for all others.
    pub values: Option<Vec<String>>,
    /// What to do instead, where it is deprecated.
    pub deprecated: Option<String>,
    /// The code of the diagnostic that says why it cannot be used.
    pub trouble: Option<String>,
}

/// How a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginStatus {
    /// It can be used.
    Ok,
    /// Its manifest or its files have mistakes, or a plugin that it needs is missing.
    Broken,
    /// Another plugin of the same name comes first.
    Shadowed,
    /// It was written for another contract or another version of Purlin.
    Incompatible,
    /// The user has not consented to it.
    Ungranted,
}

/// How a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureStatus {
    /// Nothing stands in its way.
    Ok,
    /// Something else claims the name.
    Contested,
    /// The workspace has switched it off.
    Disabled,
}

/// One line of `plugin list`.
#[derive(Debug, Clone)]
pub struct PluginEntry {
    /// Its name; that of its folder when the manifest tells none.
    pub name: String,
    /// Its version, where the manifest could be read that far.
    pub version: Option<Version>,
    /// How it runs; `None` when it is only files.
    pub runtime: Option<RuntimeKind>,
    /// Where it was found.
    pub source: PluginSource,
    /// Its folder; `None` for a bundled one.
    pub path: Option<PathBuf>,
    /// How it is.
    pub status: PluginStatus,
    /// Why it is not `ok`, or what is odd about it; may be empty.
    pub reason: String,
    /// One line, as the manifest says.
    pub description: String,
    /// True when it is bundled or named in `[plugins]`, and not shadowed.
    pub enabled: bool,
    /// What it provides, in the order of the manifest.
    pub features: Vec<FeatureEntry>,
    /// Everything that is wrong with it, with lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// A feature in `plugin list`.
#[derive(Debug, Clone)]
pub struct FeatureEntry {
    /// Where it is added.
    pub point: Point,
    /// Its name in the manifest.
    pub name: String,
    /// How it is.
    pub status: FeatureStatus,
    /// Why it is not `ok`; may be empty.
    pub reason: String,
}

/// What `plugin info` shows.
#[derive(Debug, Clone)]
pub struct PluginInfo {
    /// Its line of `plugin list`.
    pub entry: PluginEntry,
    /// Its manifest, where it could be read.
    pub manifest: Option<Manifest>,
}

impl PluginStatus {
    /// Its name in `plugin list`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Shadowed => "shadowed",
            Self::Incompatible => "incompatible",
            Self::Ungranted => "ungranted",
        }
    }
}

impl FeatureStatus {
    /// Its name in `plugin list`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Contested => "contested",
            Self::Disabled => "disabled",
        }
    }
}

impl PluginEntry {
    /// The documented JSON shape.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let features: Vec<_> = self.features.iter().map(FeatureEntry::to_json).collect();
        let diagnostics: Vec<_> = self.diagnostics.iter().map(Diagnostic::to_json).collect();
        serde_json::json!({
            "name": self.name,
            "version": self.version,
            "runtime": self.runtime,
            "source": self.source,
            "path": self.path.as_ref().map(|path| path.to_string_lossy()),
            "status": self.status,
            "reason": self.reason,
            "description": self.description,
            "enabled": self.enabled,
            "features": features,
            "diagnostics": diagnostics,
        })
    }
}

impl FeatureEntry {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "point": self.point,
            "name": self.name,
            "status": self.status,
            "reason": self.reason,
        })
    }
}
