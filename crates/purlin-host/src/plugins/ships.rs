//! Static files that plugins ship.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source};
use purlin_plugin::manifest::MANIFEST_FILE;

use super::check::winner;
use super::{Interrupt, Plugins, State, message};
use crate::PluginStatus;
use crate::index::{COMMANDS_KEY, DEFINITIONS_KEY};

/// A file of definitions that a plugin ships.
#[derive(Debug, Clone)]
pub struct ShippedFile {
    /// The plugin.
    pub plugin: String,
    /// The file, relative to the plugin's folder.
    pub file: String,
    /// The manifest's line that names it.
    pub origin: Origin,
}

impl Plugins {
    /// The files of definitions that enabled plugins ship, sorted by plugin. None of them is read.
    pub fn definition_files(&self) -> Vec<ShippedFile> {
        self.with(|state| {
            let mut files = Vec::new();
            for row in state.index.features(DEFINITIONS_KEY)? {
                let plugin = state.index.plugin(row.plugin)?;
                if !plugin.bundled && !self.table.names(plugin.name) {
                    continue;
                }
                self.ensure(state, &plugin)?;
                let head = plugin.head()?;
                if head.status != PluginStatus::Ok {
                    continue;
                }
                let file = row.shipped()?;
                let folder = self.folder(&plugin, head.bundled)?;
                let source = folder.source(plugin.name, MANIFEST_FILE);
                let origin = file.place.origin(&source);
                files.push(ShippedFile { plugin: plugin.name.to_owned(), file: file.path, origin });
            }
            files.sort_by(|one, other| (&one.plugin, &one.file).cmp(&(&other.plugin, &other.file)));
            Ok(files)
        })
    }

    /// The text of such a file. It needs no consent: all that a definition can do is to answer.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn definition_file(&self, shipped: &ShippedFile) -> Result<Arc<Source>, Diagnostic> {
        let ShippedFile { plugin, file, origin } = shipped;
        self.with(|state| {
            let Some(row) = winner(state, plugin)? else {
                return Ok(Err(message::unknown_plugin(plugin, &self.plugin_names(state)?)));
            };
            let folder = self.folder(&row, row.head()?.bundled)?;
            let path = folder.shown().join(file);
            let read = folder.read(file, &self.files);
            Ok(match read {
                Ok(text) => Ok(Source::of_plugin(plugin, path, Some(text.into_owned()))),
                Err(error) => Err(message::unreadable_file(plugin, file, &error, origin.clone())),
            })
        })
    }

    /// The names of the enabled plugins that ship commands, sorted. No file is read.
    pub fn command_plugins(&self) -> Vec<String> {
        self.with(|state| {
            let mut names = Vec::new();
            for row in state.index.features(COMMANDS_KEY)? {
                let plugin = state.index.plugin(row.plugin)?;
                if !plugin.bundled && !self.table.names(plugin.name) {
                    continue;
                }
                self.ensure(state, &plugin)?;
                if plugin.head()?.status == PluginStatus::Ok {
                    names.push(plugin.name.to_owned());
                }
            }
            Ok(names)
        })
    }

    /// The commands that a plugin ships, in the shape of a table `[commands]`; `None` when it ships
    /// none.
    ///
    /// # Errors
    /// There is no enabled plugin of that name that can be used, the user has not consented to it
    /// (its commands make code run as much as a process does), or the file cannot be read.
    pub fn shipped_commands(&self, plugin: &str) -> Result<Option<Arc<Source>>, Diagnostic> {
        self.with(|state| self.shipped(state, plugin))
    }

    fn shipped(
        &self,
        state: &State,
        name: &str,
    ) -> Result<Result<Option<Arc<Source>>, Diagnostic>, Interrupt> {
        let Some(row) = winner(state, name)? else {
            return Ok(Err(message::unknown_plugin(name, &self.plugin_names(state)?)));
        };
        self.ensure(state, &row)?;
        let head = row.head()?;
        let entry = self.table.get(name);
        let folder = self.folder(&row, head.bundled)?;
        let thing = format!("the commands of `{name}`");
        if head.status != PluginStatus::Ok {
            let mistakes = self.restored(&row, &head)?;
            return Ok(Err(message::failed(&thing, name, &head, &mistakes, entry)));
        }
        let source = folder.source(name, MANIFEST_FILE);
        if !row.bundled && entry.is_none() {
            let origin = head.place.origin(&source);
            return Ok(Err(message::not_enabled(&thing, name, &head, origin)));
        }
        if let Some(entry) = entry
            && let Some(mistake) = self.entry_mistakes(name, entry, &row)?.into_iter().next()
        {
            return Ok(Err(mistake));
        }
        let mut found = None;
        for shipped in state.index.features(COMMANDS_KEY)? {
            if shipped.plugin == row.position {
                found = Some(shipped.shipped()?);
            }
        }
        let Some(file) = found else { return Ok(Ok(None)) };
        if let Err(refused) = self.consent_of(&row)? {
            return Ok(Err(refused));
        }
        Ok(match folder.read(&file.path, &self.files) {
            Ok(text) => {
                let path = folder.shown().join(&file.path);
                Ok(Some(Source::of_plugin(name, path, Some(text.into_owned()))))
            }
            Err(error) => {
                let origin = file.place.origin(&source);
                Err(message::unreadable_file(name, &file.path, &error, origin))
            }
        })
    }
}
