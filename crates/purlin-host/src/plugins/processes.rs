//! The processes of one run: one for each plugin that is used, started by the first call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use purlin_model::{Diagnostic, Digest};
use purlin_plugin::contract::LogLevel;
use purlin_plugin::manifest::Manifest;
use purlin_process::{Process, ProcessFeature};
use serde_json::Value as Json;

use super::check::winner;
use super::{Plugins, lock, message};
use crate::process::{Cause, FeatureList, MemoFolder, Services, Starter, entry_of};
use crate::{FeatureRef, PluginSource, Search};

/// One plugin's process, and what is done for it.
type Pair = (Process, Arc<Services>);

/// Those that were used so far.
#[derive(Default)]
pub(super) struct Processes(pub(super) Mutex<Used>);

#[derive(Default)]
pub(super) struct Used {
    /// By plugin and entry.
    pairs: HashMap<(String, String), Pair>,
    /// What is done for those that are compiled in.
    pub(super) natives: Vec<Arc<Services>>,
    /// True when calls are wanted no more, those of plugins that were not used so far included.
    pub(super) cancelled: bool,
}

/// Ends the calls of plugins from elsewhere, such as a thread that sees signals. It does not keep
/// the plugins alive.
#[derive(Clone)]
pub struct Canceller(Weak<Processes>);

impl Canceller {
    /// Asks all calls of all plugins to end, for good. Returns when none is under way, 2 seconds
    /// later at most.
    pub fn cancel(&self) {
        let Some(processes) = self.0.upgrade() else { return };
        let pairs: Vec<Pair> = {
            let mut used = lock(&processes.0);
            used.cancelled = true;
            used.natives.iter().for_each(|services| services.end());
            used.pairs.values().cloned().collect()
        };
        drop(processes);
        at_once(&pairs, cancel);
    }
}

fn cancel((process, services): &Pair) {
    services.end();
    process.cancel_all();
}

/// Answers that are kept between runs, as they cost a process.
pub struct Memo(MemoFolder);

impl Memo {
    /// What was kept under a key; damage counts as absent.
    #[must_use]
    pub fn get(&self, key: &Json) -> Option<Json> {
        self.0.get(key)
    }

    /// Keeps an answer. That it cannot be kept costs time, and nothing else.
    pub fn put(&self, key: &Json, value: &Json) {
        let _ = self.0.put(key, value);
    }
}

impl Plugins {
    /// The code of a feature whose runtime is a process. Nothing is started yet.
    pub(super) fn process_feature(
        &self,
        feature: &FeatureRef,
    ) -> Result<ProcessFeature, Diagnostic> {
        Ok(self.process(feature)?.feature(&feature.feature.name))
    }

    /// The process that runs a feature, for tools that speak the protocol themselves. Nothing is
    /// started yet; it is ended when these plugins are dropped.
    ///
    /// # Errors
    /// The user has not consented to the plugin, or there is nothing to be started.
    pub fn process(&self, feature: &FeatureRef) -> Result<Process, Diagnostic> {
        // The one way to a process: no consent, no process.
        let granted = self.consent(feature)?;
        self.started(feature, &granted.permissions, |starter, key| {
            if let Some((process, _)) = lock(&self.processes.0).pairs.get(&key) {
                return Ok(process.clone());
            }
            if let Some(before) = &starter.surroundings.before_plugins {
                before();
            }
            let pair = starter.process(self.feature_list(), self.log.clone())?;
            let mut used = lock(&self.processes.0);
            let pair = used.pairs.entry(key).or_insert(pair).clone();
            let cancelled = used.cancelled;
            drop(used);
            if cancelled {
                // It does not run yet: its calls will be told.
                cancel(&pair);
            }
            Ok(pair.0)
        })
    }

    /// Where answers of a feature are kept between runs: they hold as long as the plugin, its
    /// configuration and the variables that it sees are what they are now. `None` for those that
    /// are asked at no cost.
    ///
    /// # Errors
    /// The user has not consented to the plugin, or it cannot be read.
    pub fn memo(&self, feature: &FeatureRef) -> Result<Option<Memo>, Diagnostic> {
        if feature.runtime != Some(purlin_plugin::RuntimeKind::Process) {
            return Ok(None);
        }
        let granted = self.consent(feature)?;
        self.started(feature, &granted.permissions, |starter, _| {
            Ok(Some(Memo(starter.memo("expansions"))))
        })
    }

    /// What ends the calls that are under way.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::downgrade(&self.processes))
    }

    /// Ends all processes of plugins. What one of them did wrong that no call was told of goes to the
    /// log.
    pub fn end(&self) {
        self.processes.end(|told| self.log.add(LogLevel::Warning, told));
    }

    /// How many processes of plugins were started so far.
    pub fn processes_started(&self) -> u32 {
        lock(&self.processes.0).pairs.values().map(|(process, _)| process.starts()).sum()
    }

    /// Does something with what decides how a feature's plugin runs.
    fn started<T>(
        &self,
        feature: &FeatureRef,
        permissions: &purlin_plugin::manifest::Permissions,
        act: impl Fn(&Starter<'_>, (String, String)) -> Result<T, Cause>,
    ) -> Result<T, Diagnostic> {
        let not_here = |why: Cause| message::not_startable(feature, &why);
        let surroundings = self
            .surroundings
            .as_ref()
            .ok_or_else(|| not_here("this program does not start plugins".to_owned()))?;
        let folder =
            feature.folder.as_deref().ok_or_else(|| not_here("it has no folder".to_owned()))?;
        let (manifest, content) = self.manifest_and_content(&feature.plugin).map_err(not_here)?;
        let entry = entry_of(&manifest, &feature.feature)
            .ok_or_else(|| not_here("its manifest names no `entry`".to_owned()))?;
        let mut mistakes = Vec::new();
        let config = match self.config(&feature.plugin) {
            Ok(config) => config.map_or(Json::Null, |config| config.to_json()),
            Err(found) => {
                mistakes = found;
                Json::Null
            }
        };
        if let Some(mistake) = mistakes.into_iter().next() {
            return Err(mistake);
        }
        let starter = Starter {
            manifest: &manifest,
            entry,
            folder,
            environment: self
                .path
                .python
                .as_deref()
                .filter(|_| feature.source == PluginSource::Python),
            content,
            digests: self.digests(),
            config,
            permissions,
            root: self.root.as_deref(),
            surroundings,
            purlin: &self.path.version,
        };
        act(&starter, (feature.plugin.clone(), format!("{entry:?}"))).map_err(not_here)
    }

    fn manifest_and_content(&self, plugin: &str) -> Result<(Manifest, Digest), Cause> {
        self.with(|state| {
            let Some(row) = winner(state, plugin)? else {
                return Ok(Err("it is gone".to_owned()));
            };
            let Some(manifest) = row.manifest()? else {
                return Ok(Err("its manifest is broken".to_owned()));
            };
            Ok(self.content(&row).map(|content| (manifest, content)))
        })
    }

    /// For a plugin that asks what else is there: it outlives no run, but it cannot borrow from one.
    pub(super) fn feature_list(&self) -> FeatureList {
        let (table, root, trust) = (self.table.clone(), self.root.clone(), self.trust.clone());
        let (reserved, bundled) = (self.reserved.clone(), self.path.bundled.clone());
        let (folders, user) = (self.path.folders.clone(), self.path.user.clone());
        let python = self.path.python.clone();
        let (index_dir, version) = (self.store.folder().to_owned(), self.path.version.clone());
        Box::new(move || {
            let again = Self::open(Search {
                workspace: table.clone(),
                root: root.clone(),
                trust: trust.clone(),
                folders: folders.clone(),
                user: user.clone(),
                python: python.clone(),
                bundled: &bundled,
                index_dir: index_dir.clone(),
                reserved: reserved.clone(),
                version: version.clone(),
                surroundings: None,
            });
            again.features()
        })
    }
}

impl Processes {
    fn end(&self, tell: impl Fn(String) + Sync) {
        let mut used = lock(&self.0);
        used.natives.drain(..).for_each(|services| services.end());
        let pairs: Vec<Pair> = used.pairs.drain().map(|(_, pair)| pair).collect();
        drop(used);
        at_once(&pairs, |(process, services)| {
            services.end();
            if let Some(error) = process.shut_down() {
                tell(error.to_string());
            }
            services.clean_up();
        });
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.end(drop);
    }
}

/// Does something for all, so that the slowest decides how long it takes.
fn at_once(pairs: &[Pair], act: impl Fn(&Pair) + Sync) {
    if let [one] = pairs {
        return act(one);
    }
    std::thread::scope(|scope| {
        for pair in pairs {
            scope.spawn(|| act(pair));
        }
    });
}
