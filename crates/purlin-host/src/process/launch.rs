//! What is started for a plugin.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use purlin_model::{Digest, Hasher};
use purlin_plugin::manifest::{Feature, Manifest, Permissions, PythonEnvironment, RuntimeEntry};
use purlin_plugin::{Point, RuntimeKind};
use purlin_process::{Launch, Limits, Process, Programs, Sandbox};
use semver::Version;
use serde_json::Value as Json;

use super::scratch::Scratch;
use super::services::Given;
use super::{
    Code, FeatureList, Log, MemoFolder, Services, grants, installed, program, python, requirements,
    sdk,
};
use crate::Surroundings;

/// Everything that decides how a plugin runs. Nothing is started and nothing is written before
/// [`Starter::process`].
pub(crate) struct Starter<'a> {
    pub(crate) manifest: &'a Manifest,
    /// The entry of the process: that of the plugin, or of a feature.
    pub(crate) entry: &'a RuntimeEntry,
    pub(crate) folder: &'a Path,
    /// The Python environment that it is installed in.
    pub(crate) environment: Option<&'a Path>,
    /// Digest of everything in the folder.
    pub(crate) content: Digest,
    /// Where digests of contents are kept.
    pub(crate) digests: PathBuf,
    pub(crate) config: Json,
    /// What the user has consented to.
    pub(crate) permissions: &'a Permissions,
    pub(crate) root: Option<&'a Path>,
    pub(crate) surroundings: &'a Surroundings,
    /// Purlin's own version.
    pub(crate) purlin: &'a Version,
}

/// For how many contents of plugins compiled modules are kept.
const COMPILED: usize = 256;

/// Why there is nothing to be started, as a sentence without its end.
pub(crate) type Cause = String;

/// What a program needs to be found.
struct Entry {
    argv: Vec<OsString>,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Starter<'_> {
    /// Stands for everything that an answer of the plugin depends on, but for the question.
    pub(crate) fn identity(&self) -> Digest {
        let mut hasher = Hasher::new("plugin-identity");
        hasher.field(self.content.to_hex().as_bytes());
        hasher.field(self.purlin.to_string().as_bytes());
        hasher.field(self.config.to_string().as_bytes());
        // All that it sees, but for where its own files are in this run.
        for (name, value) in self.variables(Path::new("")) {
            hasher.field(name.as_encoded_bytes()).field(value.as_encoded_bytes());
        }
        match self.entry {
            RuntimeEntry::Module(_) => {
                let found = python::interpreter(
                    self.environment,
                    self.folder,
                    self.root,
                    self.surroundings,
                );
                if let Ok(python) = found {
                    installed::program(&mut hasher, &python.program);
                    installed::distributions(&mut hasher, &python.program);
                }
            }
            RuntimeEntry::Command(words) => {
                let name = words.first().map_or("", String::as_str);
                if let Some(path) = program::find(name, self.folder, self.surroundings) {
                    installed::program(&mut hasher, &path);
                }
            }
            RuntimeEntry::File(_) => {}
        }
        hasher.finish()
    }

    /// Where answers are kept between runs; see [`MemoFolder::new`] for `kind`.
    pub(crate) fn memo(&self, kind: &str) -> MemoFolder {
        let code = Code {
            folder: self.folder.to_owned(),
            content: self.content,
            digests: self.digests.clone(),
        };
        MemoFolder::new(&self.surroundings.cache, kind, self.identity()).of_code(code)
    }

    /// The process, not started yet, and what the host does for it.
    pub(crate) fn process(
        &self,
        features: FeatureList,
        log: Arc<Log>,
    ) -> Result<(Process, Arc<Services>), Cause> {
        let Self { manifest, folder, surroundings, permissions, .. } = *self;
        let entry = self.entry()?;
        let scratch = Scratch::new(&surroundings.cache)
            .map_err(|error| unwritable("a folder for its files", &surroundings.cache, &error))?;
        let variables = self.variables(scratch.path());
        let places = grants::Places::new(self.root, surroundings);
        places.make(&permissions.write);
        let mut sandbox =
            Sandbox { read: entry.read, write: entry.write, ports: grants::ports(permissions) };
        sandbox.read.push(folder.to_owned());
        sandbox.read.extend(places.granted(&permissions.read));
        sandbox.write.push(scratch.path().to_owned());
        sandbox.write.extend(places.granted(&permissions.write));
        let programs = Programs::default();
        let launch = Launch {
            plugin: manifest.name.clone(),
            version: manifest.version.clone(),
            purlin: self.purlin.clone(),
            folder: folder.to_owned(),
            argv: entry.argv,
            environment: variables.clone(),
            config: self.config.clone(),
            root: self.root.map(Path::to_owned),
            provides: provides(manifest, self.entry),
            exchange: Some(scratch.path().to_owned()),
            programs: programs.clone(),
            limits: limits(manifest),
            sandbox,
        };
        let given = Given {
            plugin: manifest.name.clone(),
            folder: folder.to_owned(),
            permissions: permissions.clone(),
            programs,
            variables,
            surroundings: surroundings.clone(),
            memo: self.memo("own"),
            features,
            log,
        };
        let services = Arc::new(Services::new(given, scratch));
        Ok((Process::new(launch, services.clone()), services))
    }

    /// The Python distributions that its manifest requires.
    fn required(&self) -> Option<&PythonEnvironment> {
        self.manifest.runtime.as_ref()?.python.as_ref()
    }

    fn entry(&self) -> Result<Entry, Cause> {
        let Self { folder, surroundings, .. } = *self;
        match self.entry {
            RuntimeEntry::Module(module) => {
                let python =
                    python::interpreter(self.environment, folder, self.root, surroundings)?;
                if let Some(required) = self.required() {
                    requirements::check(required, &python.program)?;
                }
                let sdk = sdk::folder(&surroundings.cache)
                    .map_err(|error| unwritable("the Python SDK", &surroundings.cache, &error))?;
                let compiled = compiled(&surroundings.cache, folder, self.content);
                let keeps = std::fs::create_dir_all(&compiled).is_ok();
                let mut argv: Vec<OsString> = vec![python.program.clone().into(), "-I".into()];
                // Also where nothing can be kept: what lies compiled beside the source is never run,
                // because consent to a content leaves it out.
                let mut option = OsString::from("pycache_prefix=");
                option.push(&compiled);
                argv.extend(["-X".into(), option]);
                if !keeps {
                    argv.push("-B".into());
                }
                argv.extend([sdk.join("purlin/_run.py").into(), module.into(), folder.into()]);
                let mut read = program::parts(&python.program, folder, surroundings);
                for prefix in python.prefixes.iter().filter_map(|one| one.canonicalize().ok()) {
                    read.extend(program::installed(&prefix, surroundings));
                }
                read.push(sdk);
                Ok(Entry { argv, read, write: keeps.then_some(compiled).into_iter().collect() })
            }
            RuntimeEntry::Command(_) if self.required().is_some() => {
                Err(requirements::not_of_a_program())
            }
            RuntimeEntry::Command(words) => {
                let name = words.first().map_or("", String::as_str);
                let program = program::find(name, folder, surroundings)
                    .ok_or_else(|| format!("there is no program `{name}` on PATH"))?;
                let read = program::parts(&program, folder, surroundings);
                let mut argv = vec![program.into_os_string()];
                argv.extend(words.iter().skip(1).map(Into::into));
                Ok(Entry { argv, read, write: Vec::new() })
            }
            RuntimeEntry::File(file) => Err(format!("`{file}` is not a program")),
        }
    }

    fn variables(&self, scratch: &Path) -> Vec<(OsString, OsString)> {
        let mut variables = grants::variables(self.permissions, self.surroundings);
        let mut set = |name: &str, value: OsString| {
            variables.retain(|(one, _)| one != name);
            variables.push((name.into(), value));
        };
        for name in ["PATH", "HOME"] {
            if let Some(value) = self.surroundings.variable(name) {
                set(name, value.to_owned());
            }
        }
        set("TMPDIR", scratch.into());
        set("LANG", "C.UTF-8".into());
        set("LC_ALL", "C.UTF-8".into());
        set("PURLIN_PLUGIN_PROTOCOL", "1".into());
        variables
    }
}

/// What cannot be made in the user's cache folder, which no plugin runs without.
fn unwritable(what: &str, cache: &Path, error: &io::Error) -> Cause {
    format!("{what} cannot be made in the cache folder `{}`: {error}", cache.display())
}

/// What runs a feature, when that is a process.
pub(crate) fn entry_of<'a>(
    manifest: &'a Manifest,
    feature: &'a Feature,
) -> Option<&'a RuntimeEntry> {
    if manifest.runtime_of(feature) != Some(RuntimeKind::Process) {
        return None;
    }
    feature.entry.as_ref().or(manifest.runtime.as_ref()?.entry.as_ref())
}

/// The features that one process runs.
fn provides(manifest: &Manifest, entry: &RuntimeEntry) -> Vec<(Point, String)> {
    let run = manifest
        .features
        .iter()
        .filter(|one| one.point != Point::Leaf && entry_of(manifest, one) == Some(entry));
    run.map(|one| (one.point, one.name.clone())).collect()
}

fn limits(manifest: &Manifest) -> Limits {
    let Some(runtime) = &manifest.runtime else { return Limits::default() };
    let default = Limits::default();
    Limits {
        startup: runtime.startup_timeout_ms.map_or(default.startup, Duration::from_millis),
        call: runtime.call_timeout_ms.map(Duration::from_millis),
        concurrency: runtime.max_concurrency,
        memory: runtime.memory.or(default.memory),
        ..default
    }
}

/// Where Python keeps what it has compiled for one content of one plugin: whoever writes what is
/// loaded there has the permissions of whoever loads it, and a plugin writes its own.
fn compiled(cache: &Path, folder: &Path, content: Digest) -> PathBuf {
    let above = cache.join("python");
    let mut hasher = Hasher::new("compiled-for-plugin");
    hasher.field(folder.as_os_str().as_encoded_bytes()).field(&content.0);
    let place = above.join(hasher.finish().to_hex());
    if !place.is_dir() {
        super::memo::prune(&above, COMPILED);
    }
    place
}
