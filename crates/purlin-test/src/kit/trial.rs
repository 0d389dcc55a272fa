//! What a check has to work with.

use std::collections::BTreeMap;

use purlin_model::Value;
use purlin_plugin::manifest::{Feature, Manifest};
use purlin_plugin::message::PluginError;
use serde_json::Value as Json;

use super::Subject;
use super::cases::{Cases, nowhere, schema};
use super::code::{Started, runs};
use super::place::Place;

/// What a check finds.
pub(super) type Finding = Result<(), Problem>;

/// Why a check was not passed.
#[derive(Debug, Clone)]
pub(super) enum Problem {
    /// Nothing can be said.
    Skipped(String),
    /// The plugin does not hold to it.
    Failed(String),
}

/// A plugin, and for a check of a point one of its features.
pub(super) struct Trial<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) manifest: &'a Manifest,
    pub(super) cases: &'a Cases,
    pub(super) mistakes: &'a [String],
    pub(super) feature: Option<&'a Feature>,
}

impl<'a> Trial<'a> {
    /// The feature that the check is about.
    pub(super) fn feature(&self) -> &'a Feature {
        self.feature.expect("checks of a point are made for features of that point")
    }

    /// The plugin, running anew: it knows nothing of earlier starts.
    pub(super) fn start(&self) -> Result<Started, Problem> {
        if let Some(why) = &self.cases.unset {
            return Err(Problem::Skipped(why.clone()));
        }
        self.try_start().map_err(Problem::Skipped)
    }

    /// Whether the host would let a configuration of the feature through.
    pub(super) fn fits_schema(&self, config: &Json) -> bool {
        let schema = schema(self.subject, self.feature());
        schema.is_none_or(|schema| {
            schema.validate(&Value::from_json(config, &nowhere())).value.is_some()
        })
    }

    /// The workspace of a case. `folder` is one of the plugin's.
    pub(super) fn place(
        &self,
        folder: Option<&str>,
        files: &BTreeMap<String, String>,
    ) -> Result<Place, Problem> {
        let folder = match (folder, &self.subject.folder) {
            (None, _) => None,
            (Some(path), Some(folder)) => Some(folder.join(path)),
            (Some(path), None) => {
                let why = format!("there is no folder to take `{path}` from");
                return Err(Problem::Skipped(why));
            }
        };
        Ok(Place::new(self.subject.places.as_deref(), folder.as_deref(), files)?)
    }

    /// Writes files into what the plugin was told to be the workspace as it started.
    pub(super) fn lay(&self, files: &BTreeMap<String, String>) -> Finding {
        let Some(root) = &self.subject.places else {
            let why = "this plugin has no workspace for the files of a case";
            let ok = files.is_empty();
            return if ok { Ok(()) } else { Err(Problem::Skipped(why.to_owned())) };
        };
        for (path, text) in files {
            super::place::write(root, path, text.as_bytes())?;
        }
        Ok(())
    }

    /// [`Trial::start`] for the check that is about starting. The error is a sentence.
    pub(super) fn try_start(&self) -> Result<Started, String> {
        let code = self.subject.code.as_ref().ok_or("it has no code")?;
        let mut all = self.manifest.features.iter();
        let feature = self
            .feature
            .or_else(|| all.find(|feature| runs(self.subject, self.manifest, feature)))
            .ok_or("none of its features has code")?;
        Started::new(code, self.manifest, feature, &self.cases.config)
    }
}

impl From<PluginError> for Problem {
    /// That a call fails is what one check of its point is about; the others say nothing then.
    fn from(error: PluginError) -> Self {
        Self::Skipped(format!("a call failed: {error}"))
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Skipped(format!("the kit cannot write its files: {error}"))
    }
}

/// The check fails, and this is how it shows.
pub(super) fn failed(how: impl Into<String>) -> Problem {
    Problem::Failed(how.into())
}

/// The check fails unless something holds.
pub(super) fn ensure(holds: bool, how: impl FnOnce() -> String) -> Finding {
    if holds { Ok(()) } else { Err(Problem::Failed(how())) }
}

/// A failed call as it stands in reports.
pub(super) fn told(error: &PluginError) -> String {
    let code = serde_json::to_value(error.code).unwrap_or_default();
    let code = code.as_str().unwrap_or_default();
    let path = error.path.as_deref().map(|path| format!(" at `{path}`")).unwrap_or_default();
    let detail =
        if error.detail.is_empty() { String::new() } else { format!("\n{}", error.detail) };
    format!("{code}{path}: {}{detail}", error.message)
}
