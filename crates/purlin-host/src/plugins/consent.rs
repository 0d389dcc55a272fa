//! Whether a plugin may run code: asked before anything of it is started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use purlin_model::{Diagnostic, Digest, fold};
use purlin_plugin::manifest::{MANIFEST_FILE, Manifest, Permissions};

use super::check::winner;
use super::{Interrupt, Plugins, lock, message};
use crate::consent::{Asking, Coverage, Granted, GrantedBy, Records, real, runs};
use crate::content::content_digest;
use crate::index::{Head, PluginRow};
use crate::{FeatureRef, PluginSource, PluginStatus};

/// The folder of known digests, beside the indexes.
const CONTENT: &str = "content";

/// Why a plugin may not run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no consent.
    Never,
    /// There is consent to something else of that name.
    Other,
    /// It asks for more than there is consent to.
    Wider(Permissions),
    /// What it is cannot be told.
    Unknown(String),
}

impl Plugins {
    /// Whether a feature's plugin may run code, and with which permissions. To be asked before a
    /// process is started for it; nothing that a workspace says can make the answer yes.
    ///
    /// # Errors
    /// `plugin-ungranted` with what the plugin asks for and the way out.
    pub fn consent(&self, feature: &FeatureRef) -> Result<Granted, Diagnostic> {
        self.with(|state| {
            let row = match winner(state, &feature.plugin)? {
                Some(row) => row,
                None => return Ok(Err(message::changed_meanwhile(&feature.plugin))),
            };
            self.ensure(state, &row)?;
            // Consent is about the manifest that the feature was found in.
            if row.head()?.digest != feature.digest {
                return Ok(Err(message::changed_meanwhile(&feature.plugin)));
            }
            self.consent_of(&row)
        })
    }

    /// The user's process variables that a feature's plugin may see, as far as they are text.
    ///
    /// # Errors
    /// Those of [`Plugins::consent`].
    pub fn granted_variables(
        &self,
        feature: &FeatureRef,
    ) -> Result<BTreeMap<String, String>, Diagnostic> {
        let granted = self.consent(feature)?;
        let Some(surroundings) = &self.surroundings else { return Ok(BTreeMap::new()) };
        let variables = crate::process::variables(&granted.permissions, surroundings);
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Ok(variables.into_iter().filter_map(text).collect())
    }

    /// What a plugin asks for, and whether it has it.
    ///
    /// # Errors
    /// There is no plugin of that name, or it is broken, or consent to it could not be recorded.
    pub fn asking(&self, plugin: &str) -> Result<Asking, Diagnostic> {
        self.refresh();
        let name = fold(plugin);
        self.with(|state| {
            let Some(row) = winner(state, &name)? else {
                return Ok(Err(match self.table.get(&name) {
                    Some(entry) => {
                        message::missing_plugin(&name, entry, &self.plugin_names(state)?)
                    }
                    None => message::unknown_plugin(&name, &self.plugin_names(state)?),
                }));
            };
            let head = row.head()?;
            let (PluginStatus::Ok, Some(manifest)) = (head.status, row.manifest()?) else {
                let mistakes = self.restored(&row, &head)?;
                let entry = self.table.get(&name);
                return Ok(Err(message::failed(
                    &format!("`{name}`"),
                    &name,
                    &head,
                    &mistakes,
                    entry,
                )));
            };
            let answer = self.verdict(&row, &head, &manifest);
            let covers = match answer {
                Ok(GrantedBy::Binary | GrantedBy::Nature) => None,
                _ => match self.coverage(&row, &head) {
                    Ok(covers) => Some(covers),
                    Err(why) => return Ok(Err(message::unpinnable(&name, &why))),
                },
            };
            Ok(Ok(Asking {
                plugin: name.clone(),
                version: head.version,
                source: head.source,
                folder: head.bundled.is_none().then(|| row.folder.to_path_buf()),
                process: manifest.processes().next().is_some(),
                commands: manifest.ships.commands.is_some(),
                runs: runs(&manifest),
                permissions: manifest.permissions.clone().canonical(),
                beyond: match &answer {
                    Err(Refusal::Wider(more)) => Some(more.clone()),
                    _ => None,
                },
                granted: answer.ok(),
                covers,
            }))
        })
    }

    /// The plugins of the workspace that may not run yet, by name.
    pub fn ungranted(&self) -> Vec<String> {
        let list = self.list().into_iter();
        list.filter(|one| one.enabled && one.status == PluginStatus::Ungranted)
            .map(|one| one.name)
            .collect()
    }

    /// Why a plugin may not run; `None` when it may, or when there is none of that name.
    pub fn refused(&self, plugin: &str) -> Option<Diagnostic> {
        self.with(|state| {
            let Some(row) = winner(state, plugin)? else { return Ok(None) };
            self.ensure(state, &row)?;
            if row.head()?.status != PluginStatus::Ok {
                return Ok(None);
            }
            Ok(self.consent_of(&row)?.err())
        })
    }

    /// Records that the user consents to what was shown. Whatever the plugin may have come to ask
    /// for since is not consented to.
    ///
    /// # Errors
    /// There is no folder for records, or the record cannot be written.
    pub fn trust(&self, shown: &Asking) -> Result<(), Diagnostic> {
        let Some(covers) = &shown.covers else { return Ok(()) };
        let Some(data) = &self.trust.folder else {
            return Err(message::unrecorded(&shown.plugin, "There is no folder to keep it in."));
        };
        Records::new(data)
            .write(covers, &shown.plugin, &shown.permissions)
            .map_err(|error| message::unrecorded(&shown.plugin, &error.to_string()))
    }

    /// [`Plugins::consent`] for a plugin whose stamps are checked.
    pub(super) fn consent_of(
        &self,
        row: &PluginRow<'_>,
    ) -> Result<Result<Granted, Diagnostic>, Interrupt> {
        let head = row.head()?;
        let manifest = row.manifest()?.ok_or(Interrupt::Damaged)?;
        let answer = self.verdict(row, &head, &manifest);
        let permissions = manifest.permissions.canonical();
        Ok(match answer {
            Ok(by) => Ok(Granted { permissions, by }),
            Err(refusal) => {
                let source = self.folder(row, head.bundled)?.source(row.name, MANIFEST_FILE);
                let origin = head.place.origin(&source);
                let entry = self.table.get(row.name);
                let folder = self.listed_folder(row, &head);
                Err(message::ungranted(
                    row.name,
                    &permissions,
                    &refusal,
                    folder.as_deref(),
                    entry,
                    origin,
                ))
            }
        })
    }

    /// Whether a plugin may run code.
    pub(super) fn verdict(
        &self,
        row: &PluginRow<'_>,
        head: &Head,
        manifest: &Manifest,
    ) -> Result<GrantedBy, Refusal> {
        if head.bundled.is_some() {
            return Ok(GrantedBy::Binary);
        }
        if runs(manifest).is_empty() {
            return Ok(GrantedBy::Nature);
        }
        let same = |given: &PathBuf| {
            given == row.folder || real(given).is_ok_and(|one| real(row.folder) == Ok(one))
        };
        if self.trust.given.iter().any(same) {
            return Ok(GrantedBy::Call);
        }
        if self.trust.workspace && head.source == PluginSource::Workspace {
            return Ok(GrantedBy::Process);
        }
        let Some(data) = &self.trust.folder else { return Err(Refusal::Never) };
        let records = Records::new(data);
        let by_content = matches!(head.source, PluginSource::User | PluginSource::Python);
        let known = by_content && records.knows_content_of(row.name);
        if by_content && !known {
            return Err(Refusal::Never);
        }
        let covers = self.coverage(row, head).map_err(Refusal::Unknown)?;
        let Some(recorded) = records.read(&covers, row.name) else {
            return Err(if known { Refusal::Other } else { Refusal::Never });
        };
        let beyond = manifest.permissions.clone().canonical().beyond(&recorded);
        match covers {
            Coverage::Folder(_) => Ok(GrantedBy::Record),
            _ if beyond.is_empty() => Ok(GrantedBy::Record),
            _ => Err(Refusal::Wider(beyond)),
        }
    }

    /// What consent to a plugin on the disk is about.
    fn coverage(&self, row: &PluginRow<'_>, head: &Head) -> Result<Coverage, String> {
        match head.source {
            PluginSource::Workspace => {
                let root = self.root.as_deref().ok_or("there is no workspace")?;
                Ok(Coverage::Workspace { root: real(root)?, folder: real(row.folder)? })
            }
            PluginSource::Path => {
                let folder = self.listed_folder(row, head);
                real(&folder.ok_or("no folder of the plugin path holds it")?).map(Coverage::Folder)
            }
            PluginSource::Python => {
                let environment = self.path.python.as_deref().ok_or("there is no environment")?;
                Ok(Coverage::Environment(self.content(row)?, real(environment)?))
            }
            PluginSource::User | PluginSource::Bundled => self.content(row).map(Coverage::Content),
        }
    }

    /// The folder of the plugin path that a plugin was found in.
    fn listed_folder(&self, row: &PluginRow<'_>, head: &Head) -> Option<PathBuf> {
        let holds =
            |folder: &&PathBuf| **folder == row.folder || row.folder.parent() == Some(folder);
        let listed = (head.source == PluginSource::Path).then_some(&self.path.folders)?;
        listed.iter().find(holds).cloned()
    }

    /// The folder of known digests.
    pub(super) fn digests(&self) -> PathBuf {
        self.store.folder().join(CONTENT)
    }

    /// The digest of everything in a plugin's folder, computed once in a process.
    pub(super) fn content(&self, row: &PluginRow<'_>) -> Result<Digest, String> {
        if let Some(known) = lock(&self.contents).get(row.folder) {
            return known.clone();
        }
        let digest = content_digest(row.folder, &self.digests()).map_err(|error| error.to_string());
        lock(&self.contents).insert(row.folder.to_path_buf(), digest.clone());
        digest
    }
}
