//! A plugin with a feature of every point, and with one fault or none.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Host, OpenCache, Repository,
    Subcommand,
};
use purlin_plugin::message::{
    ArgumentContext, BuildContext, BuildPlan, CacheItem, CommandReference, Edit,
    EnvironmentContext, EnvironmentDescription, ErrorCode, ExpandContext, Expansion, PackageKey,
    PackageVariant, PackageVersion, PluginError, RepositoryContext, SubcommandContext,
    VariableChange,
};
use purlin_plugin::transform::{Compose, Fragment, Importer, Payload, Transform, TransformContext};
use purlin_plugin::{NativeFeature, NativePlugin, literal_glob, text_field};
use serde_json::{Value as Json, json};

use super::super::{Code, Subject};
use purlin_model::Source;

/// A process in Python without any SDK, whose fault is its first argument.
pub(super) const VIOLATOR: &str = include_str!("violator.py");

/// The manifest of [`VIOLATOR`].
pub(super) const VIOLATOR_MANIFEST: &str = "
plugin = { name = 'violator', version = '1.0.0', api = '1' }
runtime = { kind = 'process', entry = ['./violator'] }
[[provides.hook]]
on = 'run.finished'
";

const MANIFEST: &str = "
plugin = { name = 'model', version = '1.0.0', api = '1' }
runtime = { kind = 'native' }
[provides.dependency.file]
schema = 'schemas/file.json'
key = 'path'
[provides.environment.home]
schema = 'schemas/file.json'
[provides.builder.copy]
[provides.cache.shelf]
[provides.repository.pile]
[provides.subcommand.end]
args = [
  { name = 'status', kind = 'option', type = 'int' },
  { name = 'word', kind = 'option', type = 'string' },
]
[[provides.argument]]
on = ['run']
name = 'slow'
type = 'int'
stage = 'parsed'
edits = ['/jobs']
[[provides.hook]]
on = 'run.finished'
[provides.transform.versions]
reads = ['packages']
extends = ['notes']
outputs = ['versions']
[provides.importer.folder]
inputs = ['**/*.note']
into = '{options.section}'
";

const SCHEMA: &str =
    r#"{"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}"#;

const CASES: &str = "
[[dependency.file]]
config = { path = 'a.txt' }
files = { 'a.txt' = 'of a', 'b/c.txt' = 'of c' }
expect = { values = ['of a'] }
[[dependency.file]]
config = { path = 'gone.txt' }
error = { code = 'INVALID_CONFIG', path = '/path' }
[[environment.home]]
config = { path = 'a.txt' }
variables = { VIRTUAL_ENV = '/venv' }
files = { 'a.txt' = 'of a', 'b/c.txt' = 'of c' }
expect = { root = '.home', changes = [
  { operation = 'set', name = 'HOME', value = '{root}/.home' }, { operation = 'unset', name = 'of a' },
] }
[[environment.home]]
config = { path = 'gone.txt' }
error = { code = 'NOT_FOUND', path = '/path' }
[[builder.copy]]
leaf = { version = '1', builder = { from = '@purlin:package:ab@/share' } }
expect = { install = 'cp -R @purlin:package:ab@/share $out', packages = ['coreutils-8+'] }
[[builder.copy]]
leaf = { builder = { from = 'free' } }
[[builder.copy]]
error = { code = 'INVALID_CONFIG', path = '/builder/from' }
[[cache.shelf]]
[[repository.pile]]
files = { 'six' = 'for two and three' }
families = ['six']
packages = [{ description = 'for two and three' }]
[[subcommand.end]]
args = { status = 7 }
status = 7
[[argument.slow]]
value = 1
request = { jobs = 4, other = 1 }
edits = [{ path = '/jobs', value = 1 }]
[[argument.slow]]
value = 2
request = { jobs = 4, other = 1 }
[[hook.'run.finished']]
payload = { succeeded = 3 }
[[transform.versions]]
systems = ['x86_64-linux']
definitions.packages = [
  { path = ['a'], value = { version = '1' } },
  { path = ['n', 'b'], system = 'x86_64-linux', value = { version = '2' } },
]
extend = [{ path = ['notes', 'all'], data = ['a', 'b'] }]
outputs = [
  { path = ['versions', 'a'], system = 'x86_64-linux', data = { '$definition' = 'packages.a' } },
  { path = ['versions', 'n', 'b'], system = 'x86_64-linux', data = { '$definition' = 'packages.n.b' } },
]
[[transform.versions]]
options = { free = true }
systems = ['x86_64-linux']
definitions.packages = [{ path = ['a'] }, { path = ['b'] }]
[[importer.folder]]
options = { section = 'free' }
sources = ['x.note']
[[importer.folder]]
options = { section = 'notes' }
sources = ['x.note']
fragments = [{ path = ['notes', 'x.note'], data = { '$file' = 'x.note' } }]
";

/// The text of one of its files.
pub(super) fn text_of(path: &str) -> Option<String> {
    match path {
        "schemas/file.json" => Some(SCHEMA.to_owned()),
        "tests/cases.toml" => Some(CASES.to_owned()),
        _ => None,
    }
}

/// The plugin with the fault that a check is about; without one for an empty id.
pub(super) fn subject(fault: &'static str) -> Subject<'static> {
    let model: &'static Model = Box::leak(Box::new(Model { fault, ..Model::default() }));
    let features = Box::leak(Box::new([
        ("file", NativeFeature::Dependency(model)),
        ("home", NativeFeature::Environment(model)),
        ("copy", NativeFeature::Builder(model)),
        ("shelf", NativeFeature::Cache(model)),
        ("pile", NativeFeature::Repository(model)),
        ("end", NativeFeature::Subcommand(model)),
        ("slow", NativeFeature::Argument(model)),
        ("run.finished", NativeFeature::Hook(model)),
        ("versions", NativeFeature::Transform(model)),
        ("folder", NativeFeature::Importer(model)),
    ]));
    let more = if fault == "manifest" { "ships.commands = 'gone.toml'\n" } else { "" };
    Subject {
        manifest: Source::new("model/plugin.toml", format!("{more}{MANIFEST}")),
        text_of: Box::new(move |path| {
            let more = if fault == "cases" { "[[dependency.none]]\n" } else { "" };
            let more = if path == "tests/cases.toml" { more } else { "" };
            text_of(path).map(|text| format!("{text}{more}"))
        }),
        folder: None,
        places: None,
        code: Some(Code::Native(NativePlugin { folder: "model", files: &[], features })),
        variables: std::collections::BTreeMap::new(),
    }
}

#[derive(Default)]
struct Model {
    fault: &'static str,
    count: AtomicU32,
    active: AtomicU32,
    shelf: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Model {
    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    /// Fails when it is done at the same time as another, if that is the fault.
    fn alone<T>(
        &self,
        fault: &str,
        work: impl FnOnce() -> Result<T, PluginError>,
    ) -> Result<T, PluginError> {
        if !self.has(fault) {
            return work();
        }
        let others = self.active.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        self.active.fetch_sub(1, Ordering::SeqCst);
        if others > 0 { Err(PluginError::new(ErrorCode::Transient, "it is busy")) } else { work() }
    }

    fn words(&self, point: &str, prefix: &str) -> Vec<String> {
        if self.has(&format!("{point}.completion-time")) {
            std::thread::sleep(Duration::from_millis(170));
        }
        let all = ["alpha", "beta"].map(str::to_owned).into_iter();
        let sloppy = self.has(&format!("{point}.completion"));
        all.filter(|word| sloppy || word.starts_with(prefix)).collect()
    }
}

fn internal(message: &str) -> PluginError {
    PluginError::new(ErrorCode::Internal, message)
}

impl Dependency for Model {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let path = text_field(config, "path")?;
        let text = match fs::read_to_string(Path::new(&context.root).join(path)) {
            Ok(text) => text,
            Err(_) if self.has("dependency.refuses") => return Err(internal("no file")),
            Err(error) => {
                let error = PluginError::new(ErrorCode::InvalidConfig, error.to_string());
                return Err(error.at("/path"));
            }
        };
        let mut answer = Expansion {
            inputs: vec![literal_glob(path)],
            values: vec![Json::from(text)],
            ..Expansion::default()
        };
        match self.fault {
            "dependency.answers" => answer.values = vec![json!("something else")],
            "dependency.well-formed" => answer.globs = vec!["../outside".to_owned()],
            "dependency.same-answer" => {
                answer.packages = vec![self.count.fetch_add(1, Ordering::SeqCst).to_string()];
            }
            "dependency.names-its-inputs" => answer.inputs = Vec::new(),
            "dependency.any-checkout" => answer.packages = vec![context.root.clone()],
            _ => {}
        }
        self.alone("dependency.at-once", || Ok(answer))
    }
}

impl Environment for Model {
    fn describe(
        &self,
        _name: &str,
        config: &Json,
        context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        let path = text_field(config, "path")?;
        let text = match fs::read_to_string(Path::new(&context.root).join(path)) {
            Ok(text) => text,
            Err(_) if self.has("environment.refuses") => return Err(internal("no file")),
            Err(error) => {
                return Err(PluginError::new(ErrorCode::NotFound, error.to_string()).at("/path"));
            }
        };
        let inputs = vec![literal_glob(path)];
        let set = |value: &str| VariableChange::Set { name: "HOME".into(), value: value.into() };
        let mut answer = EnvironmentDescription {
            expansion: Expansion { inputs, ..Expansion::default() },
            changes: vec![set("{root}/.home"), VariableChange::Unset { name: text }],
            root: Some(".home".to_owned()),
            installed_when: vec![".home".to_owned()],
            after: vec![CommandReference { name: "install".into(), ..CommandReference::default() }],
            ..EnvironmentDescription::default()
        };
        match self.fault {
            "environment.answers" => answer.root = Some("elsewhere".to_owned()),
            "environment.well-formed" => answer.after = Vec::new(),
            "environment.same-answer" => {
                let count = self.count.fetch_add(1, Ordering::SeqCst);
                answer.site_packages = Some(count.to_string());
            }
            "environment.names-its-inputs" => answer.expansion.inputs = Vec::new(),
            "environment.any-checkout" => {
                answer.installed_when = vec![format!("{}/.home", context.root)];
            }
            _ => {}
        }
        self.alone("environment.at-once", || Ok(answer))
    }
}

impl Builder for Model {
    fn plan(
        &self,
        leaf: &Json,
        context: &BuildContext,
        _host: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        let Ok(from) = text_field(&leaf["builder"], "from") else {
            let path = if self.has("builder.refuses") { "/nowhere" } else { "/builder/from" };
            return Err(PluginError::new(ErrorCode::InvalidConfig, "from where?").at(path));
        };
        let mut plan = BuildPlan {
            install: Some(format!("cp -R {from} $out")),
            env: [("SYSTEM".to_owned(), context.system.clone())].into(),
            packages: vec!["coreutils-8+".to_owned()],
            ..BuildPlan::default()
        };
        match (self.fault, from) {
            ("builder.answers", "free") => return Err(internal("it does not know how")),
            ("builder.well-formed", "free") => plan.packages = vec!["coreutils-8..2".to_owned()],
            ("builder.placeholders", "free") => plan.build = Some("ls @purlin:package:cd@".into()),
            ("builder.same-answer", "free") => {
                plan.build = Some(self.count.fetch_add(1, Ordering::SeqCst).to_string());
            }
            _ => {}
        }
        self.alone("builder.at-once", || Ok(plan))
    }
}

impl Cache for Model {
    fn open(
        &self,
        _name: &str,
        _config: &Json,
        _host: &dyn Host,
    ) -> Result<Box<dyn OpenCache>, PluginError> {
        if self.has("cache.opens") {
            return Err(internal("it is closed"));
        }
        if self.has("cache.stays") {
            self.shelf.lock().unwrap().clear();
        }
        let model = Self { fault: self.fault, shelf: self.shelf.clone(), ..Self::default() };
        Ok(Box::new(model))
    }
}

impl Model {
    fn key(&self, item: &CacheItem) -> String {
        if self.has("cache.kinds") { item.digest.to_string() } else { item.file_name() }
    }
}

impl OpenCache for Model {
    fn contains(&self, items: &[CacheItem]) -> Result<Vec<bool>, PluginError> {
        if self.has("cache.contains") && items.is_empty() {
            return Ok(vec![true]);
        }
        let shelf = self.shelf.lock().unwrap();
        Ok(items.iter().map(|item| shelf.contains_key(&self.key(item))).collect())
    }

    fn fetch(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError> {
        let shelf = self.shelf.lock().unwrap();
        for item in items {
            match shelf.get(&self.key(item)) {
                Some(content) => {
                    let length = if self.has("cache.round-trip") { 1 << 19 } else { usize::MAX };
                    let content = &content[..content.len().min(length)];
                    fs::write(dir.join(item.file_name()), content).unwrap();
                }
                None if self.has("cache.absent") => return Err(internal("it is not there")),
                None => {}
            }
        }
        if self.has("cache.only-its-files") {
            fs::write(dir.join("log"), "fetched").unwrap();
        }
        Ok(())
    }

    fn put(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError> {
        self.alone("cache.at-once", || {
            let mut shelf = self.shelf.lock().unwrap();
            for item in items {
                let content = fs::read(dir.join(item.file_name())).unwrap();
                let old = shelf.insert(self.key(item), content);
                if old.is_some() && self.has("cache.put-twice") {
                    return Err(internal("it is there already"));
                }
            }
            Ok(())
        })
    }
}

impl Repository for Model {
    fn families(
        &self,
        _config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let files = fs::read_dir(context.root.as_deref().unwrap()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        self.alone("repository.at-once", || Ok(names.collect()))
    }

    fn versions(
        &self,
        names: &[String],
        _config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let root = Path::new(context.root.as_deref().unwrap());
        let all = if self.has("repository.asked") { &["six".to_owned()] } else { names };
        let there = all.iter().filter(|name| root.join(name).is_file());
        let ask_unknown = names.iter().any(|name| name.starts_with("purlin-kit"));
        let there = there.filter(|_| !ask_unknown);
        let digest = if self.has("repository.well-formed") { "" } else { "d1" };
        Ok(there
            .map(|name| PackageVersion {
                name: name.clone(),
                version: "1.16".to_owned(),
                digest: digest.to_owned(),
                timestamp: self
                    .has("repository.same-answer")
                    .then(|| self.count.fetch_add(1, Ordering::SeqCst).into()),
                ignored: None,
            })
            .collect())
    }

    fn packages(
        &self,
        versions: &[PackageKey],
        _config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<Json>, PluginError> {
        let root = Path::new(context.root.as_deref().unwrap());
        let document = |key: &PackageKey| {
            let text = match fs::read_to_string(root.join(&key.name)) {
                Ok(_) if self.has("repository.answers") => "something else".to_owned(),
                Ok(text) => text,
                Err(_) if self.has("repository.unknown") => String::new(),
                Err(error) => {
                    return Err(PluginError::new(ErrorCode::NotFound, error.to_string()));
                }
            };
            let version = if self.has("repository.documents") { "2" } else { &key.version };
            Ok(json!({ "name": key.name, "version": version, "description": text }))
        };
        versions.iter().map(document).collect()
    }

    fn fetch(
        &self,
        _variant: &PackageVariant,
        dir: &Path,
        _config: &Json,
        _context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<(), PluginError> {
        let text = match self.has("repository.fetch") {
            true => self.count.fetch_add(1, Ordering::SeqCst).to_string(),
            false => "six".to_owned(),
        };
        fs::write(dir.join("six.py"), text).unwrap();
        Ok(())
    }
}

impl Subcommand for Model {
    fn run(
        &self,
        _name: &str,
        args: &Json,
        _context: &SubcommandContext,
        _host: &dyn Host,
    ) -> Result<i32, PluginError> {
        if self.has("subcommand.unknown-argument") && args.get("purlin_kit").is_some() {
            return Err(internal("what is that?"));
        }
        let more = if self.has("subcommand.status") { 256 } else { 0 };
        Ok(args["status"].as_i64().unwrap_or(0) as i32 + more)
    }

    fn complete(
        &self,
        _name: &str,
        _argument: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        Ok(self.words("subcommand", prefix))
    }
}

impl Argument for Model {
    fn apply(
        &self,
        _name: &str,
        value: &Json,
        _request: &Json,
        _context: &ArgumentContext,
        _host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        let edit = |path: &str, value: Json| Edit { path: path.to_owned(), value };
        let edits = match (self.fault, value.as_i64()) {
            ("argument.answers", Some(1)) => vec![edit("/jobs", json!(9))],
            ("argument.edits", Some(2)) => vec![edit("/other", json!(2))],
            ("argument.fits", Some(2)) => vec![edit("/jobs", json!(2)), edit("/jobs", json!(3))],
            ("argument.same-answer", Some(2)) => {
                vec![edit("/jobs", json!(self.count.fetch_add(1, Ordering::SeqCst)))]
            }
            _ => vec![edit("/jobs", value.clone())],
        };
        Ok(edits)
    }

    fn complete(
        &self,
        _name: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        Ok(self.words("argument", prefix))
    }
}

impl Hook for Model {
    fn event(&self, _name: &str, payload: &Json, _host: &dyn Host) -> Result<(), PluginError> {
        if self.has("hook.never-fails") && payload.get("succeeded").is_none() {
            return Err(internal("how many succeeded?"));
        }
        Ok(())
    }
}

impl Transform for Model {
    fn extend(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let free = options.get("free").is_some();
        let found = context.compose("packages", &Compose::default())?;
        let names = found.own.iter().map(|one| one.namespace.last().cloned());
        let mut names: Vec<_> = names.map(|name| name.unwrap_or_default().to_string()).collect();
        if !self.has("transform.any-order") {
            names.sort();
        }
        let section = if free && self.has("transform.declared") { "others" } else { "notes" };
        let path = vec![section.to_owned(), "all".to_owned()];
        Ok(vec![Fragment::new(path, Payload::Data(json!(names)))])
    }

    fn outputs(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let free = options.get("free").is_some();
        let found = context.compose("packages", &Compose::default())?;
        let made = found.own.into_iter().map(|entry| {
            let path = ["versions".into()].into_iter().chain(entry.path.iter().cloned());
            let mut fragment = Fragment::new(path, Payload::Lazy(entry.value));
            fragment.system = entry.system;
            match self.fault {
                "transform.answers" => fragment.priority = Some(1),
                "transform.same-answer" if free => {
                    fragment.priority = Some(self.count.fetch_add(1, Ordering::SeqCst).into());
                }
                _ => {}
            }
            fragment
        });
        self.alone("transform.at-once", || Ok(made.collect()))
    }
}

impl Importer for Model {
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let section = text_field(options, "section")?;
        let free = section == "free";
        let section = if free && self.has("importer.into") { "others" } else { section };
        let fragment = |source: &String| {
            let path = vec![section.to_owned(), source.clone()];
            let mut fragment = Fragment::new(path, Payload::File(source.clone()));
            match self.fault {
                "importer.answers" => fragment.system = Some("x86_64-linux".into()),
                "importer.same-answer" if free => {
                    fragment.priority = Some(self.count.fetch_add(1, Ordering::SeqCst).into());
                }
                _ => {}
            }
            fragment
        };
        Ok(sources.iter().map(fragment).collect())
    }
}
