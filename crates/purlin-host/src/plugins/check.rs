//! Whether what the workspace says about plugins can be true.

use purlin_model::{Diagnostic, Value};
use purlin_plugin::manifest::FileRef;

use super::{Interrupt, Plugins, State, message};
use crate::PluginStatus;
use crate::index::{Damaged, Head, PluginRow};
use crate::scan::Folder;
use crate::workspace_table::TableEntry;

impl Plugins {
    /// Everything that is wrong with the workspace's `[plugins]` and with the search path itself:
    /// names, versions and features that do not exist, values that the plugins' schemas refuse,
    /// plugins that are named and broken. All stamps are checked.
    pub fn problems(&self) -> Vec<Diagnostic> {
        self.refresh();
        self.with(|state| {
            let warnings = state.index.warnings()?.into_iter();
            let mut found: Vec<Diagnostic> = warnings
                .map(|warning| warning.restore(|file| purlin_model::Source::new(file, "")))
                .collect();
            for (name, entry) in self.table.iter() {
                found.extend(self.entry_problems(state, name, entry)?);
            }
            Ok(found)
        })
    }

    /// The workspace's `config` for a plugin, validated and with its defaults; `None` when the
    /// plugin has no schema for it.
    ///
    /// # Errors
    /// The plugin is unknown, its schema cannot be read, or the values are refused: all of them.
    pub fn config(&self, plugin: &str) -> Result<Option<Value>, Vec<Diagnostic>> {
        self.with(|state| {
            let Some(row) = winner(state, plugin)? else {
                return Ok(Err(vec![message::unknown_plugin(plugin, &self.plugin_names(state)?)]));
            };
            self.ensure(state, &row)?;
            self.config_of(&row, self.table.get(plugin))
        })
    }

    /// What is wrong with the entry of a plugin that is there, the pin in `purlin.lock` included.
    pub(super) fn entry_mistakes(
        &self,
        name: &str,
        entry: &TableEntry,
        row: &PluginRow<'_>,
    ) -> Result<Vec<Diagnostic>, Interrupt> {
        let mut mistakes = self.unfit(name, entry, row)?;
        mistakes.extend(self.mispinned(name, row)?);
        Ok(mistakes)
    }

    /// What of the entry of a plugin that is there does not fit it.
    pub(super) fn unfit(
        &self,
        name: &str,
        entry: &TableEntry,
        row: &PluginRow<'_>,
    ) -> Result<Vec<Diagnostic>, Interrupt> {
        let mut mistakes = Vec::new();
        if let Some((way, origin)) = &entry.later {
            mistakes.push(message::later(name, way, origin.clone()));
        }
        if let Some((wanted, origin)) = &entry.version {
            let head = row.head()?;
            if !head.version.as_ref().is_some_and(|version| wanted.matches(version)) {
                let wanted = wanted.to_string();
                mistakes.push(message::wrong_version(name, &head, &wanted, origin.clone()));
            }
        }
        if !entry.disable.is_empty() || !entry.rename.is_empty() {
            let manifest = row.manifest()?;
            let features = manifest.iter().flat_map(|manifest| &manifest.features);
            let ids: Vec<String> = features.map(purlin_plugin::manifest::Feature::id).collect();
            let disabled = entry.disable.iter().map(|(id, origin)| (id, origin));
            let renamed = entry.rename.iter().map(|rename| (&rename.id, &rename.origin));
            for (id, origin) in disabled.chain(renamed) {
                if manifest.is_some() && !ids.contains(id) {
                    mistakes.push(message::unknown_feature(name, id, &ids, origin.clone()));
                }
            }
        }
        Ok(mistakes)
    }

    pub(super) fn plugin_names(&self, state: &State) -> Result<Vec<String>, Interrupt> {
        let mut names = Vec::new();
        for position in 0..state.index.plugin_count() {
            names.push(state.index.plugin(position)?.name.to_owned());
        }
        names.dedup();
        Ok(names)
    }

    /// What the index knows to be wrong with a plugin.
    pub(super) fn restored(
        &self,
        row: &PluginRow<'_>,
        head: &Head,
    ) -> Result<Vec<Diagnostic>, Damaged> {
        let folder = self.folder(row, head.bundled)?;
        let stored = row.diagnostics()?.into_iter();
        Ok(stored.map(|one| one.restore(|file| folder.source(row.name, file))).collect())
    }

    fn entry_problems(
        &self,
        state: &State,
        name: &str,
        entry: &TableEntry,
    ) -> Result<Vec<Diagnostic>, Interrupt> {
        let Some(row) = winner(state, name)? else {
            let later = entry.later.as_ref();
            return Ok(vec![match later {
                Some((way, origin)) => message::later(name, way, origin.clone()),
                None => message::missing_plugin(name, entry, &self.plugin_names(state)?),
            }]);
        };
        let head = row.head()?;
        if head.status != PluginStatus::Ok {
            let mistakes = self.restored(&row, &head)?;
            let thing = format!("`{name}`");
            return Ok(vec![message::failed(&thing, name, &head, &mistakes, Some(entry))]);
        }
        let mut mistakes = self.entry_mistakes(name, entry, &row)?;
        mistakes.extend(self.config_of(&row, Some(entry))?.err().unwrap_or_default());
        Ok(mistakes)
    }

    fn config_of(
        &self,
        row: &PluginRow<'_>,
        entry: Option<&TableEntry>,
    ) -> Result<Result<Option<Value>, Vec<Diagnostic>>, Interrupt> {
        let head = row.head()?;
        let Some(manifest) = row.manifest()? else { return Ok(Ok(None)) };
        let folder = self.folder(row, head.bundled)?;
        let given = entry.and_then(|entry| entry.config.clone());
        let source = folder.source(row.name, purlin_plugin::manifest::MANIFEST_FILE);
        let Some(FileRef { path, place }) = &manifest.config else {
            return Ok(match given {
                Some(value) => Err(vec![
                    Diagnostic::error(
                        "unknown-field",
                        format!("the plugin `{}` has no configuration", row.name),
                    )
                    .label(value.origin, "nobody reads this"),
                ]),
                None => Ok(None),
            });
        };
        let origin = place.origin(&source);
        let empty = Value::new(
            purlin_model::Kind::Table(purlin_model::Table::default()),
            entry.map_or_else(|| origin.clone(), |entry| entry.key.clone()),
        );
        Ok(self.parsed_schema(&folder, row.name, head.digest, path, &origin).and_then(|schema| {
            let validated = schema.validate(&given.unwrap_or(empty));
            match validated.value {
                Some(value) => Ok(Some(value)),
                None => Err(validated.diagnostics),
            }
        }))
    }
}

/// The plugin that a name means.
pub(super) fn winner<'a>(state: &'a State, name: &str) -> Result<Option<PluginRow<'a>>, Interrupt> {
    Ok(state.index.plugins_named(name)?.into_iter().find(|row| !row.shadowed))
}

/// The folder of a feature that was found.
pub(super) fn folder_of<'a>(
    plugins: &'a Plugins,
    feature: &'a crate::FeatureRef,
) -> Option<Folder<'a>> {
    match (feature.bundled, &feature.folder) {
        (Some(position), _) => {
            plugins.path.bundled.iter().nth(position).map(|one| Folder::Bundled(position, one))
        }
        (None, Some(folder)) => Some(Folder::Disk(folder)),
        (None, None) => None,
    }
}
