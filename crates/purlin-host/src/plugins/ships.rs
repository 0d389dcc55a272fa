//! Static files that plugins ship.

use std::sync::Arc;

use purlin_model::{Diagnostic, Source};
use purlin_plugin::manifest::MANIFEST_FILE;

use super::check::winner;
use super::{Interrupt, Plugins, State, message};
use crate::PluginStatus;
use crate::index::COMMANDS_KEY;

impl Plugins {
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
                found = Some(shipped.commands()?);
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
