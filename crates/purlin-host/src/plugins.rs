//! The plugins of one search path and one workspace.

mod candidate;
mod check;
mod consent;
mod find;
mod lines;
mod list;
mod load;
mod message;
mod natives;
mod pins;
mod processes;
mod services;
mod ships;
mod starlark;
mod words;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use purlin_model::{Diagnostic, Digest, Hasher};
use purlin_plugin::Schema;

use crate::index::{Damaged, Index, PluginRow, Store};
use crate::process::Log;
use crate::scan::{Files, Folder, SearchPath, scan};
use crate::{LockFile, PluginsTable, Reserved, Search, Surroundings, Trust};
use processes::Processes;
use starlark::StarlarkPlugins;

pub use pins::{PinChange, PinChangeKind, Pinning};
pub use processes::{Canceller, Memo};
pub use ships::ShippedFile;
pub use starlark::{language, starlark_plugin};

/// Everything that is known about plugins, without running any of them.
///
/// It can be shared between threads, and is meant to live as long as one run: what was checked
/// once is not checked again.
pub struct Plugins {
    table: PluginsTable,
    root: Option<PathBuf>,
    trust: Trust,
    surroundings: Option<Surroundings>,
    reserved: Reserved,
    path: SearchPath,
    store: Store,
    files: Files,
    state: RwLock<Arc<State>>,
    unwritten: Mutex<Option<Diagnostic>>,
    schemas: Mutex<HashMap<(Digest, String), Arc<Schema>>>,
    contents: Mutex<HashMap<PathBuf, Result<Digest, String>>>,
    lock: OnceLock<Result<LockFile, Diagnostic>>,
    log: Arc<Log>,
    processes: Arc<Processes>,
    starlark: StarlarkPlugins,
}

/// One index and how far it is known to be true.
struct State {
    index: Index,
    /// True when it was made by this process: it is whole and true.
    made_here: bool,
    /// True when all stamps were found to hold.
    checked: AtomicBool,
    /// Positions of the plugins whose stamps were found to hold.
    seen: Mutex<HashSet<usize>>,
}

/// Why an answer cannot be given from this index.
#[derive(Debug)]
enum Interrupt {
    /// It is not whole.
    Damaged,
    /// A file has changed since.
    Stale,
}

impl From<Damaged> for Interrupt {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

impl Plugins {
    /// Opens the index of a search path, and makes it first when there is none or when a search
    /// folder has changed. Manifests are looked at when they are used.
    #[must_use]
    pub fn open(search: Search<'_>) -> Self {
        let workspace = search.workspace.paths();
        let path = SearchPath {
            workspace: workspace.map(|(name, path)| (name.to_owned(), path.to_owned())).collect(),
            folders: search.folders,
            user: search.user,
            python: search.python,
            bundled: search.bundled.clone(),
            version: search.version,
        };
        let store = Store::new(search.index_dir, digest(&path));
        let files = Files::default();
        let kept = store.open().filter(|index| {
            index.search().all(|stamp| stamp.is_ok_and(|(path, stamp)| stamp.holds(path)))
        });
        let (state, unwritten) = match kept {
            Some(index) => (State::new(index, false), None),
            None => make(&path, &store, &files),
        };
        Self {
            table: search.workspace,
            root: search.root,
            trust: search.trust,
            surroundings: search.surroundings,
            reserved: search.reserved,
            path,
            store,
            files,
            state: RwLock::new(Arc::new(state)),
            unwritten: Mutex::new(unwritten),
            schemas: Mutex::default(),
            contents: Mutex::default(),
            lock: OnceLock::new(),
            log: Arc::default(),
            processes: Arc::default(),
            starlark: StarlarkPlugins::default(),
        }
    }

    /// Makes sure that every plugin is as the index says, and makes the index anew if not. Look-ups
    /// of unknown words and lists do so by themselves.
    pub fn refresh(&self) {
        self.with(|state| {
            if state.checked.load(Ordering::Acquire) {
                return Ok(());
            }
            for stamp in state.index.search().chain(state.index.candidates()) {
                let (path, stamp) = stamp?;
                if !stamp.holds(path) {
                    return Err(Interrupt::Stale);
                }
            }
            for position in 0..state.index.plugin_count() {
                if !state.index.plugin(position)?.holds()? {
                    return Err(Interrupt::Stale);
                }
            }
            state.checked.store(true, Ordering::Release);
            Ok(())
        });
    }

    /// The same as far as words go, which manifests alone decide: that a schema has a mistake now is
    /// seen when its feature is used.
    pub fn refresh_manifests(&self) {
        self.with(|state| {
            if state.checked.load(Ordering::Acquire) {
                return Ok(());
            }
            for stamp in state.index.search().chain(state.index.candidates()) {
                let (path, stamp) = stamp?;
                if !stamp.holds(path) {
                    return Err(Interrupt::Stale);
                }
            }
            for position in 0..state.index.plugin_count() {
                if !state.index.plugin(position)?.manifest_holds()? {
                    return Err(Interrupt::Stale);
                }
            }
            Ok(())
        });
    }

    /// How many files of plugins (manifests, schemas) this process has opened.
    pub fn files_read(&self) -> u64 {
        self.files.opened()
    }

    /// What every run should say: that the index cannot be kept.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        lock(&self.unwritten).iter().cloned().collect()
    }

    /// Answers from the index, with a new one when this one turns out damaged or stale.
    fn with<T>(&self, answer: impl Fn(&State) -> Result<T, Interrupt>) -> T {
        loop {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
            match answer(&state) {
                Ok(answer) => return answer,
                Err(interrupt) if state.made_here => {
                    unreachable!("an index made by this process is whole and true: {interrupt:?}")
                }
                Err(_) => self.replace(&state),
            }
        }
    }

    /// Makes the index anew, unless another thread has done so meanwhile.
    fn replace(&self, old: &Arc<State>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&state, old) {
            let (new, unwritten) = make(&self.path, &self.store, &self.files);
            *state = Arc::new(new);
            *lock(&self.unwritten) = unwritten;
        }
    }

    /// Makes sure that the plugin and those that it needs are as the index says.
    fn ensure(&self, state: &State, plugin: &PluginRow<'_>) -> Result<(), Interrupt> {
        if state.checked.load(Ordering::Acquire) {
            return Ok(());
        }
        // Held until the stamps are compared: nobody takes a plugin for checked before it is.
        let mut seen = lock(&state.seen);
        let mut waiting = vec![*plugin];
        while let Some(plugin) = waiting.pop() {
            if !seen.insert(plugin.position) {
                continue;
            }
            if !plugin.holds()? {
                return Err(Interrupt::Stale);
            }
            for name in plugin.head()?.requires {
                waiting.extend(state.index.plugins_named(&name)?);
            }
        }
        Ok(())
    }

    /// The folder of a plugin of the index.
    fn folder<'a>(
        &'a self,
        plugin: &PluginRow<'a>,
        bundled: Option<usize>,
    ) -> Result<Folder<'a>, Damaged> {
        match bundled {
            Some(position) => {
                let native = self.path.bundled.iter().nth(position).ok_or(Damaged)?;
                Ok(Folder::Bundled(position, native))
            }
            None => Ok(Folder::Disk(plugin.folder)),
        }
    }
}

impl State {
    fn new(index: Index, made_here: bool) -> Self {
        Self { index, made_here, checked: AtomicBool::new(made_here), seen: Mutex::default() }
    }
}

fn make(path: &SearchPath, store: &Store, files: &Files) -> (State, Option<Diagnostic>) {
    let mut contents = scan(path, files);
    let (index, written) = store.replace(&mut contents);
    let index = index.unwrap_or_else(|Damaged| unreachable!("its header was just written"));
    let unwritten = written.err().map(|error| message::unwritten_index(store.folder(), &error));
    (State::new(index, true), unwritten)
}

/// Tells search paths apart: each has an index of its own.
fn digest(path: &SearchPath) -> Digest {
    let mut hasher = Hasher::new("plugin-search-path");
    hasher.field(path.version.to_string().as_bytes());
    for (name, folder) in &path.workspace {
        hasher.field(name.as_bytes()).field(folder.as_os_str().as_encoded_bytes());
    }
    hasher.field(b"folders");
    for folder in &path.folders {
        hasher.field(folder.as_os_str().as_encoded_bytes());
    }
    hasher.field(b"user");
    if let Some(folder) = &path.user {
        hasher.field(folder.as_os_str().as_encoded_bytes());
    }
    hasher.field(b"python");
    if let Some(folder) = &path.python {
        hasher.field(folder.as_os_str().as_encoded_bytes());
    }
    hasher.field(b"bundled");
    for plugin in path.bundled.iter() {
        hasher.field(plugin.folder.as_bytes());
        for (name, text) in plugin.files {
            // Every run pays for this, and nobody attacks a binary's own files: a fast checksum
            // tells one build of the binary from another.
            let checksum = crc32fast::hash(text.as_bytes());
            hasher.field(name.as_bytes()).field(&checksum.to_le_bytes());
        }
        for (name, _) in plugin.features {
            hasher.field(name.as_bytes());
        }
    }
    hasher.finish()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
