//! Pinning the workspace's plugins in `purlin.lock`, and comparing them with their pins.

use std::path::Path;

use purlin_model::{Diagnostic, fold};

use super::check::winner;
use super::{Interrupt, Plugins, State, message};
use crate::index::PluginRow;
use crate::lock_file::{LockFile, Pin, alone, unlockable};
use crate::workspace_table::TableEntry;
use crate::{PluginSource, PluginStatus};

/// What may become of `purlin.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinning<'a> {
    /// It must be as it would be written.
    Locked,
    /// Missing pins are added, and those of `path` plugins follow the plugin. A pin of content that
    /// differs is left alone: using that plugin is an error.
    Follow,
    /// The pins of these plugins (of all, when none is named) become what is there, and pins of
    /// plugins that the workspace no longer names go.
    Renew(&'a [String]),
}

/// One change of `purlin.lock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinChange {
    /// The plugin.
    pub plugin: String,
    /// What became, would become, or should become of its pin.
    pub kind: PinChangeKind,
    /// What is different, as phrases; empty for a new or removed pin.
    pub what: Vec<String>,
}

/// What becomes of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinChangeKind {
    /// It is new.
    Added,
    /// It is another.
    Changed,
    /// It is gone.
    Removed,
}

impl Plugins {
    /// Brings the pins of the workspace's plugins up to date, as far as `how` allows; returns what
    /// was changed. Bundled plugins go with the binary, and those of `PURLIN_PLUGIN_PATH` are the
    /// user's own affair: neither are pinned. Nothing is read or written where the workspace names
    /// no others.
    ///
    /// # Errors
    /// `locked` when something would have to change and must not; `unknown-plugin` when the
    /// workspace does not name a plugin that is to be pinned anew; `lock-file` when the file cannot
    /// be read, and `lock-unwritten` when it cannot be written.
    pub fn pin(&self, how: Pinning<'_>) -> Result<Vec<PinChange>, Diagnostic> {
        let Some(root) = &self.root else { return Ok(Vec::new()) };
        let idle = self.table.iter().next().is_none() && !matches!(how, Pinning::Renew(_));
        if idle {
            return Ok(Vec::new());
        }
        let (_, changes) = self.pinned(root, how)?;
        if changes.is_empty() {
            return Ok(changes);
        }
        if how == Pinning::Locked {
            return Err(message::locked(&changes));
        }
        // Nobody else may write between reading and writing.
        let _alone = alone(self.store.folder(), root).map_err(|error| unlockable(&error))?;
        let (mut lock, changes) = self.pinned(root, how)?;
        if !changes.is_empty() {
            lock.write()?;
        }
        Ok(changes)
    }

    /// The lock file as it should be, and how that differs from what it is.
    fn pinned(
        &self,
        root: &Path,
        how: Pinning<'_>,
    ) -> Result<(LockFile, Vec<PinChange>), Diagnostic> {
        let mut lock = LockFile::read(root)?;
        let renewed = match how {
            Pinning::Renew(names) => self.renewed(names)?,
            _ => Vec::new(),
        };
        let mut changes = Vec::new();
        for (name, entry) in self.table.iter() {
            let old = lock.pin(name).map(|(pin, _)| pin);
            let renew = renewed.iter().any(|one| one == name);
            if matches!(how, Pinning::Renew(_)) && !renew {
                continue;
            }
            let new =
                self.with(|state| self.wanted_pin(state, name, entry, old.as_ref(), renew))?;
            let Some(new) = new else { continue };
            if old.as_ref() == Some(&new) {
                continue;
            }
            let kind = match old {
                Some(_) => PinChangeKind::Changed,
                None => PinChangeKind::Added,
            };
            let what = old.map_or_else(Vec::new, |old| differences(&old, &new));
            lock.set_pin(name, Some(&new));
            changes.push(PinChange { plugin: name.to_owned(), kind, what });
        }
        if how == Pinning::Renew(&[]) {
            for plugin in lock.pinned().into_iter().filter(|one| !self.table.names(one)) {
                lock.set_pin(&plugin, None);
                changes.push(PinChange { plugin, kind: PinChangeKind::Removed, what: Vec::new() });
            }
        }
        Ok((lock, changes))
    }

    fn renewed(&self, names: &[String]) -> Result<Vec<String>, Diagnostic> {
        let all = || self.table.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        if names.is_empty() {
            return Ok(all());
        }
        let named = names.iter().map(|name| fold(name));
        named
            .map(|name| match self.table.names(&name) {
                true => Ok(name),
                false => Err(message::not_named(&name, &all())),
            })
            .collect()
    }

    /// The pin that a plugin should have; `None` when it should keep what it has. A plugin that
    /// cannot be used is not pinned.
    fn wanted_pin(
        &self,
        state: &State,
        name: &str,
        entry: &TableEntry,
        old: Option<&Pin>,
        renew: bool,
    ) -> Result<Result<Option<Pin>, Diagnostic>, Interrupt> {
        let Some(row) = winner(state, name)? else { return Ok(Ok(None)) };
        self.ensure(state, &row)?;
        let head = row.head()?;
        let usable = head.status == PluginStatus::Ok && self.unfit(name, entry, &row)?.is_empty();
        let (Some(manifest), true) = (row.manifest()?, usable) else { return Ok(Ok(None)) };
        let (source, content) = match head.source {
            // What is in a Python environment is pinned by those who make it.
            PluginSource::Bundled | PluginSource::Path | PluginSource::Python => {
                return Ok(Ok(None));
            }
            PluginSource::Workspace => {
                (format!("path:{}", entry.written_path.as_deref().unwrap_or_default()), None)
            }
            // Compared where it is used: a plugin that nobody uses is not hashed.
            PluginSource::User if !renew && old.is_some_and(|pin| pin.content.is_some()) => {
                return Ok(Ok(None));
            }
            PluginSource::User => match self.content(&row) {
                Ok(content) => ("installed".to_owned(), Some(content)),
                Err(why) => return Ok(Err(message::unpinnable(name, &why))),
            },
        };
        Ok(Ok(Some(Pin {
            version: manifest.version.to_string(),
            source,
            content,
            permissions: manifest.permissions.canonical(),
        })))
    }

    /// What is wrong where a plugin in the user's folder is not the one that is pinned.
    pub(super) fn mispinned(
        &self,
        name: &str,
        row: &PluginRow<'_>,
    ) -> Result<Option<Diagnostic>, Interrupt> {
        let head = row.head()?;
        let Some(root) = self.root.as_deref().filter(|_| head.source == PluginSource::User) else {
            return Ok(None);
        };
        let lock = match self.lock.get_or_init(|| LockFile::read(root)) {
            Ok(lock) => lock,
            Err(diagnostic) => return Ok(Some(diagnostic.clone())),
        };
        let Some((pin, origin)) = lock.pin(name) else { return Ok(None) };
        let (Some(content), Some(manifest)) = (pin.content, row.manifest()?) else {
            return Ok(None);
        };
        let found = match self.content(row) {
            Ok(found) => found,
            Err(why) => return Ok(Some(message::unpinnable(name, &why))),
        };
        let there = Pin {
            version: manifest.version.to_string(),
            source: pin.source.clone(),
            content: Some(found),
            permissions: manifest.permissions.canonical(),
        };
        if there == pin {
            return Ok(None);
        }
        let what = differences(&pin, &there);
        Ok(Some(message::mispinned(name, content, found, &what, row.folder, origin)))
    }
}

/// What is different between two pins of one plugin, as phrases.
fn differences(old: &Pin, new: &Pin) -> Vec<String> {
    let mut what = Vec::new();
    if old.version != new.version {
        what.push(format!("version {} → {}", old.version, new.version));
    }
    if old.source != new.source {
        what.push(format!("source {} → {}", old.source, new.source));
    }
    if old.content != new.content {
        what.push("content".to_owned());
    }
    let (more, less) =
        (new.permissions.beyond(&old.permissions), old.permissions.beyond(&new.permissions));
    what.extend(message::asked_for(&more).map(|list| format!("asks for {list}")));
    what.extend(message::asked_for(&less).map(|list| format!("no longer asks for {list}")));
    what
}
