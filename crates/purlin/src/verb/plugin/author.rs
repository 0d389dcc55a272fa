//! A plugin as its author runs it: alone, in a workspace of its own. That it was named is consent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_host::{Console, FeatureRef, Plugins, PluginsTable, Search, Surroundings, Trust};
use purlin_model::{Diagnostic, Kind, Origin, Severity, Source, Table, Value};
use purlin_plugin::PluginSet;
use purlin_plugin::manifest::Manifest;
use purlin_test::lint::{Linted, lint};
use serde_json::Value as Json;

use crate::arguments::reserved;
use crate::failure::Failure;
use crate::{environment, signals};

/// A plugin's folder, and what is there.
#[derive(Clone)]
pub(crate) struct Author {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) source: Arc<Source>,
    /// Its `[plugins.NAME.config]`, or null.
    config: Json,
}

/// Where a plugin runs.
#[derive(Clone)]
pub(crate) struct Place {
    /// What it is told to be the workspace.
    pub(crate) root: PathBuf,
    pub(crate) cache: PathBuf,
    pub(crate) console: Arc<dyn Console>,
}

impl Author {
    /// The plugin of a folder, if its manifest has no mistakes.
    pub(crate) fn find(given: &Path) -> Result<Self, Failure> {
        let Linted { folder, manifest, source, diagnostics } = lint(given);
        let errors: Vec<Diagnostic> =
            diagnostics.into_iter().filter(|one| one.severity == Severity::Error).collect();
        match manifest {
            Some(manifest) if errors.is_empty() => {
                Ok(Self { folder, manifest, source, config: Json::Null })
            }
            _ => Err(errors.into()),
        }
    }

    /// The same with a configuration of its own.
    pub(crate) fn with(self, config: &Json) -> Self {
        Self { config: config.clone(), ..self }
    }

    /// Plugins in which this one is found first, and may run.
    pub(crate) fn plugins(&self, place: &Place, bundled: &PluginSet) -> Result<Plugins, Failure> {
        let origin = Origin::whole(&self.source);
        let value = |kind| Value::new(kind, origin.clone());
        let table = |key: &str, inner: Value| {
            let mut table = Table::default();
            table.insert(key, origin.clone(), inner);
            value(Kind::Table(table))
        };
        let path = self.folder.to_str().ok_or_else(|| {
            Diagnostic::error("bad-path", "the path of the plugin is not UTF-8")
                .detail(format!("It is {}.", self.folder.display()))
        })?;
        let mut entry = Table::default();
        entry.insert("path", origin.clone(), Value::string(path, origin.clone()));
        if !self.config.is_null() {
            entry.insert("config", origin.clone(), Value::from_json(&self.config, &origin));
        }
        let entry = value(Kind::Table(entry));
        let named = table(&self.manifest.name, entry);
        let (workspace, mistakes) = PluginsTable::parse(Some(&named), &place.root);
        if !mistakes.is_empty() {
            return Err(mistakes.into());
        }
        let plugins = Plugins::open(Search {
            workspace,
            root: Some(place.root.clone()),
            trust: Trust { folder: None, workspace: false, given: vec![self.folder.clone()] },
            surroundings: Some(Surroundings {
                variables: environment::all().collect(),
                cache: place.cache.clone(),
                console: Some(place.console.clone()),
                before_plugins: Some(Arc::new(signals::watch)),
            }),
            folders: Vec::new(),
            user: None,
            python: environment::python_environment(),
            bundled,
            index_dir: place.cache.join("index"),
            reserved: reserved(),
            version: semver::Version::parse(env!("CARGO_PKG_VERSION"))
                .expect("cargo has checked the version"),
        });
        signals::end(plugins.canceller());
        Ok(plugins)
    }

    /// What it provides.
    pub(crate) fn features(&self, plugins: &Plugins) -> Result<Vec<FeatureRef>, Failure> {
        Ok(plugins.provided(&self.manifest.name)?)
    }
}
