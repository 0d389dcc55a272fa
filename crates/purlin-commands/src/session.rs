//! What a run works with: the workspace's folders, its files, its caches, and the user's variables.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use purlin_host::Plugins;
use purlin_model::{Diagnostic, Digest};
use purlin_plugin::manifest::Hot;
use purlin_store::Files;
use purlin_store::{Store, StoreError, TemporaryStore};

use crate::attributes::lacks_attributes;
use crate::cancel::Cancel;
use crate::dependency::Packages;
use crate::execute::LogFiles;
use crate::graph::{CacheChoice, Graph};
use crate::record::Record;
use crate::remote::{Pending, Tier, Upload, Uploads};
use crate::skipped::Skipped;
use crate::step::{Elsewhere, Orphans, orphans};
use crate::variables::ProcessVariables;

/// Tells what the instances of a workspace are called.
pub type Ids<'a> = dyn Fn() -> Option<HashSet<String>> + Sync + 'a;

/// What a run works with.
pub struct Session<'a> {
    /// The workspace's root, absolute.
    pub root: PathBuf,
    /// Contents of files, remembered between runs.
    pub files: Files,
    /// Where features come from.
    pub plugins: &'a Plugins,
    /// Who knows what requests for packages mean.
    pub packages: Option<&'a dyn Packages>,
    /// The user's process variables.
    pub variables: ProcessVariables,
    /// How the run is stopped.
    pub cancel: Cancel,
    /// True where stdout of this process says something of its own: a program that owns the
    /// terminal writes to stderr in its place.
    pub keeps_stdout: bool,
    /// False where nobody sees notes: what is said once is then said by another run.
    pub shows_notes: bool,
    /// Names the run: sorts by time.
    pub run: String,
    /// What the instances of the workspace are called, those too that take no part in the run; `None`
    /// where it cannot be told.
    ids: Option<&'a Ids<'a>>,
    /// The cache by which jobs that are no commands share their results.
    pub(crate) shared: Option<CacheChoice>,
    orphans: OnceLock<Orphans>,
    attributes: Once,
    /// Records of those that have no part in the run.
    pub(crate) elsewhere: Elsewhere,
    troubled: Mutex<BTreeSet<String>>,
    /// Of a run that watches, what programs were started with, by instance: their keys but for what
    /// they may change in place.
    begun: Mutex<BTreeMap<String, Digest>>,
    private: PathBuf,
    user: Store,
    workspace: Store,
    temporary: OnceLock<TemporaryStore>,
    offline: bool,
    tiers: Mutex<BTreeMap<String, Arc<Tier>>>,
    pub(crate) uploads: Uploads,
}

impl<'a> Session<'a> {
    /// A session in a workspace. Nothing is written before it is needed.
    ///
    /// `cache` is the user's cache folder.
    #[must_use]
    pub fn new(
        root: &Path,
        cache: &Path,
        plugins: &'a Plugins,
        variables: ProcessVariables,
        cancel: Cancel,
    ) -> Self {
        let private = private_folder(root);
        Self {
            files: Files::open(root.to_owned(), file_index(&private)),
            plugins,
            packages: None,
            variables,
            cancel,
            keeps_stdout: false,
            shows_notes: true,
            run: run_name(),
            ids: None,
            shared: None,
            orphans: OnceLock::new(),
            attributes: Once::new(),
            elsewhere: Elsewhere::default(),
            troubled: Mutex::default(),
            begun: Mutex::default(),
            user: Store::open(user_store(cache)),
            workspace: Store::open(workspace_store(root)),
            root: root.to_owned(),
            private,
            temporary: OnceLock::new(),
            offline: false,
            tiers: Mutex::default(),
            uploads: Uploads::default(),
        }
    }

    /// The same, or one that uses of each cache only what is kept on this machine.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The same, or one whose jobs share their results by a cache.
    #[must_use]
    pub fn sharing(mut self, cache: Option<CacheChoice>) -> Self {
        self.shared = cache;
        self
    }

    /// The same, or one in which instances come into what those have left that are not defined any
    /// more. `ids` is asked when that matters.
    #[must_use]
    pub fn with_ids(mut self, ids: &'a Ids<'a>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// Records of instances that are not defined any more, as the run has found them.
    pub(crate) fn orphans(&self) -> &Orphans {
        self.orphans.get_or_init(|| {
            let ids = self.ids.and_then(|ids| ids());
            ids.map(|ids| orphans(&self.records(), ids)).unwrap_or_default()
        })
    }

    /// Whether to tell now that git is to be told of kept results. True once in a workspace.
    pub(crate) fn tells_of_attributes(&self) -> bool {
        let mut tells = false;
        self.attributes.call_once(|| {
            let told = self.private.join("told-of-attributes");
            tells = self.shows_notes && !told.exists() && lacks_attributes(&self.root);
            if tells {
                // If that fails it is told again.
                let _ = std::fs::write(&told, "");
            }
        });
        tells
    }

    /// The store that a cache keeps results in, if it keeps any.
    #[must_use]
    pub fn store(&self, cache: &CacheChoice) -> Option<&Store> {
        match cache {
            CacheChoice::Local { hot: Hot::User, .. } => Some(&self.user),
            CacheChoice::Local { hot: Hot::Workspace, .. } => Some(&self.workspace),
            CacheChoice::Local { hot: Hot::None, .. } => {
                let make = || TemporaryStore::new_in(&self.staging());
                Some(self.temporary.get_or_init(make).store())
            }
            CacheChoice::NoDependencies | CacheChoice::Nothing { .. } => None,
        }
    }

    /// The remote tier of a cache, if it has one that may be used.
    pub(crate) fn tier(&self, cache: &CacheChoice) -> Option<Arc<Tier>> {
        let CacheChoice::Local { name, remote: Some(remote), .. } = cache else { return None };
        if self.offline {
            return None;
        }
        let mut tiers = self.tiers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Tier::new(remote.clone(), self.cancel.clone()));
        Some(tiers.entry(name.clone()).or_insert_with(new).clone())
    }

    /// Where it is noted which results of a cache are not elsewhere yet; `None` for one that is here
    /// alone, or that keeps nothing here.
    pub(crate) fn pending(&self, cache: &CacheChoice) -> Option<Pending> {
        match cache {
            CacheChoice::Local {
                name, hot: Hot::User | Hot::Workspace, remote: Some(_), ..
            } => Some(Pending::new(&self.private, name)),
            _ => None,
        }
    }

    /// Takes up what earlier runs have not put into the caches of a graph.
    pub(crate) fn resume_uploads(&self, graph: &Graph) {
        let mut seen = BTreeSet::new();
        for cache in graph.instances.iter().map(|instance| &instance.cache) {
            if !seen.insert(cache.name()) {
                continue;
            }
            if let (Some(tier), Some(pending), Some(store)) =
                (self.tier(cache), self.pending(cache), self.store(cache))
            {
                for key in pending.keys() {
                    let (tier, store) = (tier.clone(), store.clone());
                    let pending = Some(pending.clone());
                    self.uploads.add(Upload { tier, store, key, replaces: false, pending });
                }
            }
        }
    }

    /// Opens the caches elsewhere without which the run fails.
    pub(crate) fn open_required(&self, graph: &Graph) {
        let tiers = graph.instances.iter().filter_map(|instance| self.tier(&instance.cache));
        for tier in tiers.filter(|tier| tier.is_required()) {
            tier.open(self.plugins);
        }
    }

    /// Why a cache cannot be used without which the run fails.
    #[must_use]
    pub fn lost(&self) -> Option<Diagnostic> {
        let tiers = self.tiers.lock().unwrap_or_else(PoisonError::into_inner);
        tiers.values().filter(|tier| tier.is_required()).find_map(|tier| tier.failed())
    }

    /// True the first time that the place of a cache is at fault: once is enough to say so.
    pub(crate) fn tells_trouble_of(&self, cache: &str) -> bool {
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        troubled.insert(cache.to_owned())
    }

    /// Notes what a program is started with.
    pub(crate) fn runs_with(&self, id: &str, key: Digest) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), key);
    }

    /// What the program of an instance was last started with.
    pub(crate) fn run_with(&self, id: &str) -> Option<Digest> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// Where records of instances are.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.private.join("instances")
    }

    /// What was skipped and did not run since.
    pub(crate) fn skipped(&self) -> Skipped {
        Skipped::open(&self.private)
    }

    /// For each instance of a graph, whether it did not succeed the last time that it was to run.
    #[must_use]
    pub fn failed(&self, graph: &Graph) -> Vec<bool> {
        let (records, skipped) = (self.records(), self.skipped());
        let failed = |id: &str| {
            let last = Record::header(&records, id);
            last.is_some_and(|last| !last.succeeded) || skipped.has(id)
        };
        graph.instances.iter().map(|instance| failed(&instance.id)).collect()
    }

    /// Where locks of instances are.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.private.join("locks")
    }

    /// Where files are put together before they take their place.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.private.join("tmp")
    }

    /// The folder of this run's logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.private.join("log").join(&self.run)
    }

    /// The files that the output of something is written to.
    pub(crate) fn log_files(&self, id: &str) -> std::io::Result<LogFiles> {
        let folder = self.logs();
        let name = purlin_store::file_name(id);
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        let logs = LogFiles { stdout: file("stdout"), stderr: file("stderr") };
        crate::log::prepare(&folder)?;
        Ok(logs)
    }

    /// The store in the user's cache folder.
    #[must_use]
    pub fn user_store(&self) -> &Store {
        &self.user
    }

    /// Makes the private folder, which ignores itself.
    ///
    /// # Errors
    /// It could not be made.
    pub fn prepare(&self) -> Result<(), Diagnostic> {
        prepare_private(&self.private).map_err(|error| {
            Diagnostic::error("private-folder", "the workspace's private folder cannot be written")
                .detail(error.to_string())
                .help(format!("make {} a folder that you can write to", self.private.display()))
        })
    }
}

/// The workspace's private, disposable folder.
#[must_use]
pub fn private_folder(root: &Path) -> PathBuf {
    root.join(".purlin")
}

/// Where the contents of files are remembered, below the private folder.
pub(crate) fn file_index(private: &Path) -> PathBuf {
    private.join("index")
}

/// The store in the user's cache folder.
#[must_use]
pub fn user_store(cache: &Path) -> PathBuf {
    cache.join("store")
}

/// The store in a workspace.
#[must_use]
pub fn workspace_store(root: &Path) -> PathBuf {
    root.join(".purlin-cache")
}

/// What git is not to see of the store in a workspace: files in the making.
const IGNORED: &[u8] = b"tmp/\n";

/// Sees to it that nothing of a store that is committed is committed by mistake.
pub(crate) fn prepare_workspace_store(root: &Path) -> Result<(), StoreError> {
    let file = workspace_store(root).join(".gitignore");
    if file.symlink_metadata().is_ok() {
        return Ok(());
    }
    purlin_store::write_atomically(&file, IGNORED, "workspace-store")
}

fn prepare_private(folder: &Path) -> Result<(), StoreError> {
    let ignore = folder.join(".gitignore");
    if ignore.symlink_metadata().is_ok() {
        return Ok(());
    }
    purlin_store::write_atomically(&ignore, b"*\n", "private")
}

/// The current time in seconds since 1970.
#[must_use]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A name for a run that sorts by time: `20260131T235959.123Z-4711`.
fn run_name() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(time.as_secs() / 86_400);
    let second = time.as_secs() % 86_400;
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}.{:03}Z-{}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        time.subsec_millis(),
        std::process::id()
    )
}

/// The date of a day counted from 1970, by the usual arithmetic on 400-year eras.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// A time as people write it: `2026-01-31 23:59 UTC`.
#[must_use]
pub fn time_text(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let second = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", second / 3600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_777), (2026, 11, 20));
        assert_eq!(time_text(951_782_399), "2000-02-28 23:59 UTC");
    }
}
