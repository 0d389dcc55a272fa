//! The parts of an index that are JSON, parsed only when they are used.

use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Digest, Label, Severity, Source};
use purlin_plugin::RuntimeKind;
use purlin_plugin::manifest::{Feature, Manifest, Place};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;
use crate::{PluginSource, PluginStatus};

/// What every use of a plugin needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) version: Option<Version>,
    pub(crate) runtime: Option<RuntimeKind>,
    pub(crate) source: PluginSource,
    pub(crate) status: PluginStatus,
    pub(crate) reason: String,
    pub(crate) description: String,
    /// The plugins that it needs.
    pub(crate) requires: Vec<String>,
    pub(crate) digest: Digest,
    /// Where the manifest tells its name.
    pub(crate) place: Place,
    /// Its position among the compiled-in plugins.
    pub(crate) bundled: Option<usize>,
}

/// One feature as the feature table keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FeatureRecord {
    pub(crate) feature: Feature,
    pub(crate) runtime: Option<RuntimeKind>,
}

/// A diagnostic whose origins lost their sources.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredDiagnostic {
    severity: u8,
    code: String,
    summary: String,
    detail: String,
    help: String,
    labels: Vec<StoredLabel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredLabel {
    /// Relative to the plugin's folder.
    file: String,
    place: Place,
    text: String,
}

/// A plugin on its way into an index.
#[derive(Debug, Clone)]
pub(crate) struct PluginRecord {
    pub(crate) name: String,
    /// Empty for a bundled plugin.
    pub(crate) folder: std::path::PathBuf,
    pub(crate) head: Head,
    pub(crate) manifest: Option<Manifest>,
    /// Those of the manifest, or what can be told of those of a broken one.
    pub(crate) features: Vec<Feature>,
    pub(crate) diagnostics: Vec<StoredDiagnostic>,
    /// The files that this record was made from, relative to the folder.
    pub(crate) stamps: Vec<(String, Stamp)>,
}

impl StoredDiagnostic {
    /// Takes the sources off a diagnostic about files in `folder`.
    pub(crate) fn new(diagnostic: &Diagnostic, folder: &Path) -> Self {
        let labels = diagnostic.labels.iter().map(|label| {
            let path = label.origin.path();
            let file = path.strip_prefix(folder).unwrap_or(path);
            StoredLabel {
                file: file.to_string_lossy().into_owned(),
                place: Place::of(&label.origin),
                text: label.text.clone(),
            }
        });
        Self {
            severity: match diagnostic.severity {
                Severity::Error => 0,
                Severity::Warning => 1,
                Severity::Note => 2,
            },
            code: diagnostic.code.clone(),
            summary: diagnostic.summary.clone(),
            detail: diagnostic.detail.clone(),
            help: diagnostic.help.clone(),
            labels: labels.collect(),
        }
    }

    /// True for errors, as opposed to warnings and notes.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == 0
    }

    /// The code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// What and where in one line: `summary (plugin.toml:3)`.
    pub(crate) fn line(&self) -> String {
        match self.labels.first() {
            Some(label) => format!("{} ({}:{})", self.summary, label.file, label.place.line),
            None => self.summary.clone(),
        }
    }

    /// The diagnostic again; `source` makes the source of a file of the plugin.
    pub(crate) fn restore(self, source: impl Fn(&str) -> Arc<Source>) -> Diagnostic {
        let labels = self.labels.into_iter().map(|label| Label {
            origin: label.place.origin(&source(&label.file)),
            text: label.text,
        });
        Diagnostic {
            severity: match self.severity {
                0 => Severity::Error,
                1 => Severity::Warning,
                _ => Severity::Note,
            },
            code: self.code,
            summary: self.summary,
            detail: self.detail,
            help: self.help,
            labels: labels.collect(),
        }
    }
}
