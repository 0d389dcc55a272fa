//! Building one package: from its record, from the cache, or from its source.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_commands::{
    Action, Done, Ended, Event, JobProgram, ProcessVariables, Reporter, Text, not_started,
};
use purlin_model::{Diagnostic, Digest, Hasher};
use purlin_store::{
    ActionResult, InstanceLock, Obstacle, RelativePath, RestoreError, Store, StoreError, Tree,
    capture, fault, restore,
};

use crate::graph::{Node, PackageGraph, Surroundings};
use crate::profile::{Profile, SYSTEM_PATH};
use crate::references::references;
use crate::sandbox::{INSIDE, Sandbox, View};
use crate::store::{PackageStore, Record, make_read_only, remove_tree};
use crate::text::with_own_root;

/// What builds work with.
pub struct Builder<'a> {
    /// The packages.
    pub graph: &'a PackageGraph,
    /// Where they are put.
    pub store: &'a PackageStore,
    /// Where results are kept.
    pub cache: &'a Store,
    /// Whoever has sources.
    pub surroundings: &'a dyn Surroundings,
    /// How builds are kept apart.
    pub sandbox: Sandbox,
    /// How many processes one build may use.
    pub jobs: usize,
    /// Builds again what was asked for, whatever there is.
    pub force: Vec<usize>,
}

/// Why a package was not made.
enum Failure {
    /// The run was stopped.
    Stopped,
    /// Something is in the way.
    Told(Vec<Diagnostic>),
    /// Its program failed.
    Program(Box<Ended>, Vec<Diagnostic>),
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Told(vec![diagnostic])
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Diagnostic::error("package-store", "the store of packages cannot be used")
            .detail(error.to_string())
            .help("make room there, or give access to it".to_owned())
            .into()
    }
}

impl Builder<'_> {
    /// Sees to it that a package is there.
    pub fn work(&self, index: usize, reporter: &Reporter<'_>) -> Done {
        let node = &self.graph.nodes[index];
        match self.try_work(index, reporter) {
            Ok(done) => done,
            Err(Failure::Stopped) => Done::Stopped,
            Err(Failure::Told(diagnostics)) => {
                reporter.event(Event::Failed {
                    id: node.id.clone(),
                    how: "could not be built".to_owned(),
                    exit: None,
                    logs: None,
                    cached: false,
                    duration: Duration::ZERO,
                    diagnostics,
                });
                Done::Failed
            }
            Err(Failure::Program(ended, diagnostics)) => {
                reporter.event(Event::Failed {
                    id: node.id.clone(),
                    how: ended.exit.described(),
                    duration: ended.duration,
                    exit: Some(ended.exit),
                    logs: Some(ended.logs),
                    cached: false,
                    diagnostics,
                });
                Done::Failed
            }
        }
    }

    fn try_work(&self, index: usize, reporter: &Reporter<'_>) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let (Some(action), Some(prefix)) = (&node.action, &node.prefix) else {
            return self.described(node);
        };
        let folder = name_of(prefix);
        let lock = self.lock(node, &folder, reporter)?;
        let force = self.force.contains(&index);
        let record = self.store.record(&folder).filter(|_| !force);
        let tests = node.tests_digest();
        if let Some(record) = &record
            && record.tests == tests
        {
            self.store.touch(&folder);
            reporter.event(Event::Cached { id: node.id.clone(), key: node.key, restored: false });
            return Ok(Done::Cached);
        }
        let mut record = match record {
            Some(record) => record,
            None => match self.out_of_cache(index, prefix).filter(|_| !force) {
                Some(record) if tests.is_none() => {
                    self.store.put_record(&record)?;
                    reporter.event(Event::Cached {
                        id: node.id.clone(),
                        key: node.key,
                        restored: true,
                    });
                    return Ok(Done::Cached);
                }
                Some(record) => record,
                None => return self.build(index, action, prefix, &lock, reporter),
            },
        };
        // It is whole; only its tests are others now.
        let work = self.folder(&folder)?;
        self.place_source(node, &work, reporter)?;
        let begun = std::time::Instant::now();
        reporter
            .event(Event::Started { id: node.id.clone(), reason: "its tests changed".to_owned() });
        let logs = self.test(index, &work, &lock, reporter)?;
        record.tests = tests;
        self.store.put_record(&record)?;
        let _ = remove_tree(&work);
        self.finished(node, begun.elapsed(), logs, reporter);
        Ok(Done::Ran)
    }

    fn finished(
        &self,
        node: &Node,
        duration: Duration,
        ended: Option<Ended>,
        reporter: &Reporter<'_>,
    ) {
        if let Some(ended) = ended {
            let key = Some(node.key);
            reporter.event(Event::Finished {
                id: node.id.clone(),
                key,
                logs: ended.logs,
                duration,
            });
        }
    }

    /// One that is installed elsewhere has to be there.
    fn described(&self, node: &Node) -> Result<Done, Failure> {
        match &node.prefix {
            Some(root) if !root.is_dir() => Err(Diagnostic::error(
                "no-root",
                format!("`{}` is not installed", node.package.shown()),
            )
            .label(node.package.origin.clone(), "this package")
            .detail(format!("Its `root` is {}, and there is no such folder.", root.display()))
            .help("install it, or give it a `source` and a `build`".to_owned())
            .into()),
            _ => Ok(Done::Cached),
        }
    }

    fn lock(
        &self,
        node: &Node,
        folder: &str,
        reporter: &Reporter<'_>,
    ) -> Result<InstanceLock, Failure> {
        let mut told = false;
        let lock = self.store.lock(folder, |obstacle| {
            if obstacle == Obstacle::Held && !std::mem::replace(&mut told, true) {
                reporter.event(Event::Notice(Diagnostic::note(
                    "waiting",
                    format!("`{}` waits for another purlin that builds it", node.id),
                )));
            }
            obstacle != Obstacle::Within && !reporter.stops()
        })?;
        lock.ok_or(Failure::Stopped)
    }

    /// The package out of the cache, in its place. Damage there counts as absence.
    fn out_of_cache(&self, index: usize, prefix: &Path) -> Option<Record> {
        let node = &self.graph.nodes[index];
        let _held = self.cache.hold();
        let result = self.cache.result(node.key).ok()??;
        if result.exit_code != Some(0) {
            return None;
        }
        self.realise(&result.tree, prefix).ok()?;
        let candidates = self.candidates(index);
        let references = references(prefix, &candidates).ok()?;
        self.cache.touch(node.key);
        Some(Record {
            tree: result.tree.digest(),
            references: without(references, prefix),
            sandbox: "unknown: it comes from the cache".to_owned(),
            built: result.created,
            duration_ms: result.duration_ms,
            ..self.record(index, prefix)
        })
    }

    /// Puts a tree in its place, read-only: beside it first, and renamed when it is whole.
    fn realise(&self, tree: &Tree, prefix: &Path) -> Result<(), RestoreError> {
        let work = self.folder(&name_of(prefix))?;
        let made = work.join("out");
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        restore(self.cache, &made, &work.join("staging"), tree, None, &|_| None)?;
        self.move_into_place(&made, prefix)?;
        let _ = remove_tree(&work);
        Ok(())
    }

    fn move_into_place(&self, made: &Path, prefix: &Path) -> Result<(), StoreError> {
        let error = |action, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { action, path, source }
        };
        self.store.drop_record(&name_of(prefix))?;
        fault::point("package.replace");
        remove_tree(prefix)?;
        fault::point("package.place");
        fs::rename(made, prefix).map_err(error("put in place", prefix))?;
        fault::point("package.placed");
        make_read_only(prefix)?;
        sync(prefix)
    }

    /// An empty folder for one build.
    fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.store.temporary().join(name);
        remove_tree(&folder)?;
        for part in ["src", "build", "home"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|source| StoreError::Io {
                action: "make the folder",
                path,
                source,
            })?;
        }
        Ok(folder)
    }

    fn place_source(
        &self,
        node: &Node,
        work: &Path,
        reporter: &Reporter<'_>,
    ) -> Result<(), Failure> {
        if let Some(source) = &node.package.source {
            let stops = || reporter.stops();
            let place = work.join("src");
            let io = |source| StoreError::Io { action: "make", path: place.clone(), source };
            // Whoever puts it there makes the folder, whole if need be.
            fs::remove_dir(&place).map_err(io)?;
            self.surroundings.place(source, &node.package, &place, &stops)?;
            fs::create_dir_all(&place).map_err(io)?;
        }
        if reporter.stops() { Err(Failure::Stopped) } else { Ok(()) }
    }

    fn build(
        &self,
        index: usize,
        action: &Action,
        prefix: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Done, Failure> {
        let node = &self.graph.nodes[index];
        let folder = name_of(prefix);
        let reason = self.reason(node);
        let work = self.folder(&folder)?;
        self.place_source(node, &work, reporter)?;
        reporter.event(Event::Started { id: node.id.clone(), reason });
        self.store.drop_record(&folder)?;
        remove_tree(prefix)?;
        // With a sandbox, what is written to the final path is in a folder beside it until it is
        // whole; without one it is written there, and counts once it is recorded.
        let made = match self.sandbox {
            Sandbox::Bubblewrap(_) => work.join("out"),
            Sandbox::Nothing(_) => prefix.to_owned(),
        };
        fs::create_dir_all(&made).map_err(|source| StoreError::Io {
            action: "make the folder",
            path: made.clone(),
            source,
        })?;
        fault::point("package.build");
        let out = Some((made.as_path(), prefix));
        let ended = self.run(index, action, out, &work, lock, reporter, None)?;
        if !ended.exit.succeeded() {
            return Err(self.failed(node, &folder, &work, &made, ended));
        }
        fault::point("package.built");
        let nothing = fs::read_dir(&made).map_or(true, |mut entries| entries.next().is_none());
        let wrong = match special(&made) {
            _ if nothing => Some(wrote_nothing(node)),
            special => special.map(|(path, kind)| wrote_special(node, &path, kind)),
        };
        if let Some(wrong) = wrong {
            let wrong = wrong.detail(self.keep_folder(&folder, &work, &made));
            return Err(Failure::Program(Box::new(ended), vec![wrong]));
        }
        if made != prefix {
            self.move_into_place(&made, prefix)?;
        } else {
            make_read_only(prefix)?;
            sync(prefix)?;
        }
        let duration = ended.duration;
        let mut record = self.record(index, prefix);
        record.references = without(references(prefix, &self.candidates(index))?, prefix);
        record.duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        record.tree = self.keep(node, prefix, &ended)?;
        if !node.package.tests.is_empty() {
            // A test may look at the tree as it was built.
            self.test(index, &work, lock, reporter)?;
        }
        self.store.put_record(&record)?;
        let _ = remove_tree(&work);
        let _ = remove_tree(&self.store.failed(&folder));
        self.finished(node, duration, Some(ended), reporter);
        Ok(Done::Ran)
    }

    /// Keeps the tree in the cache, where other machines and workspaces find it.
    fn keep(&self, node: &Node, prefix: &Path, ended: &Ended) -> Result<Digest, Failure> {
        let _held = self.cache.begin()?;
        let mut paths = Vec::new();
        paths_below(prefix, &PathBuf::new(), &mut paths)?;
        let tree = capture(self.cache, prefix, &paths)?;
        let result = ActionResult {
            version: ActionResult::VERSION,
            instance: format!("package {}", node.id),
            exit_code: ended.exit.code,
            signal: ended.exit.signal,
            stdout: self.cache.put_file(&ended.logs.stdout)?.0,
            stderr: self.cache.put_file(&ended.logs.stderr)?.0,
            chunks: ended.chunks().to_vec(),
            created: now(),
            duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
            tree,
        };
        self.cache.put_result(node.key, &result)?;
        Ok(result.tree.digest())
    }

    fn record(&self, index: usize, prefix: &Path) -> Record {
        let node = &self.graph.nodes[index];
        let requires = self.graph.to_run(&node.runs_with);
        let requires = requires.iter().map(|one| &self.graph.nodes[*one]);
        Record {
            version: Record::VERSION,
            id: node.id.clone(),
            folder: name_of(prefix),
            key: node.key,
            tree: Digest::of(b""),
            references: Vec::new(),
            requires: requires
                .filter(|one| one.action.is_some())
                .filter_map(|one| one.prefix.as_deref().map(name_of))
                .collect(),
            sandbox: self.sandbox.name().to_owned(),
            parts: node.parts.clone(),
            tests: node.tests_digest(),
            built: now(),
            duration_ms: 0,
        }
    }

    /// The folders whose names may stand in what a package is built to: of all that it is made of.
    fn candidates(&self, index: usize) -> Vec<String> {
        let made_of = self.graph.made_of(index);
        let nodes = made_of.iter().map(|one| &self.graph.nodes[*one]);
        nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of))
            .collect()
    }

    /// The folders that a package may see while it is built.
    fn visible(&self, index: usize, tests: bool) -> Vec<PathBuf> {
        let node = &self.graph.nodes[index];
        let of_tests = node.tested_with.iter().filter(|_| tests);
        let with: Vec<usize> = node.built_with.iter().chain(of_tests).copied().collect();
        let with = self.graph.to_build(&with);
        let nodes = with.iter().map(|one| &self.graph.nodes[*one]);
        let direct: Vec<String> = nodes
            .filter(|node| node.action.is_some())
            .filter_map(|node| node.prefix.as_deref().map(name_of))
            .collect();
        let folder = self.store.folder();
        let mut all: Vec<PathBuf> =
            self.store.closure(&direct).iter().map(|one| folder.join(one)).collect();
        // What is installed elsewhere may remember where it was built.
        for node in
            with.iter().map(|one| &self.graph.nodes[*one]).filter(|one| one.action.is_none())
        {
            all.extend(node.prefix.as_deref().into_iter().flat_map(remembered));
        }
        all
    }

    /// Why it is built, in words.
    fn reason(&self, node: &Node) -> String {
        let older = self.store.records().into_iter().map(|(record, _)| record);
        let last = older.filter(|one| one.id == node.id).max_by_key(|one| one.built);
        match last {
            Some(last) if last.key == node.key => "it was forced, or was removed".to_owned(),
            Some(last) => changes(&last.parts, &node.parts),
            None => "it was not built before".to_owned(),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is another thing that a program has")]
    fn run(
        &self,
        index: usize,
        action: &Action,
        out: Option<(&Path, &Path)>,
        work: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
        part: Option<&str>,
    ) -> Result<Ended, Failure> {
        let node = &self.graph.nodes[index];
        let prefix = node.prefix.clone().unwrap_or_default();
        let with = self.graph.to_build(&node.built_with);
        let profile = Profile::of(self.graph, &with);
        let mut reads = self.visible(index, out.is_none());
        reads.extend(profile.elsewhere.clone());
        if out.is_none() {
            reads.push(prefix.clone());
        }
        let (inside, argv, cwd) = match &self.sandbox {
            Sandbox::Bubblewrap(program) => {
                let view = View { folder: work, out, reads: &reads };
                (PathBuf::from(INSIDE), view.arguments(program), "")
            }
            Sandbox::Nothing(_) => (work.to_owned(), Vec::new(), "src"),
        };
        let argv = argv.into_iter().chain(action.argv.iter().map(|text| text.value.clone()));
        let plain = |value: String| Text { keyed: value.clone(), value };
        let mut run = Action::of_program(argv.map(plain).collect(), BTreeMap::new());
        run.cwd = cwd.to_owned();
        let variables = self.variables(node, &profile, action, &inside, &prefix);
        let ended = reporter
            .run(&JobProgram { action: &run, root: work, variables: &variables, lock, part })
            .map_err(|error| {
                not_started(&format!("the build of `{}`", node.id), &run.argv[0].value, &error)
            })?;
        // Whatever has left the group could still write into what is kept.
        lock.end_heirs();
        if reporter.stops() { Err(Failure::Stopped) } else { Ok(ended) }
    }

    /// All process variables of a build: nothing of the user's is in them.
    fn variables(
        &self,
        node: &Node,
        profile: &Profile,
        action: &Action,
        inside: &Path,
        prefix: &Path,
    ) -> BTreeMap<OsString, OsString> {
        let before = |name: &str| (name == "PATH").then(|| SYSTEM_PATH.to_owned());
        let mut all: BTreeMap<OsString, OsString> = ProcessVariables::default()
            .base()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut set = |name: &str, value: OsString| {
            all.insert(name.into(), value);
        };
        set("PATH", SYSTEM_PATH.into());
        for (name, value) in profile.texts(&before) {
            set(&name, value.into());
        }
        for (name, text) in &action.variables {
            if let Some(text) = text {
                set(name, with_own_root(&text.value, Some(prefix)).into());
            }
        }
        for (name, part) in [("src", "src"), ("build", "build"), ("HOME", "home")] {
            set(name, inside.join(part).into());
        }
        let temporary =
            if inside == Path::new(INSIDE) { "/tmp".into() } else { inside.join("build") };
        set("TMPDIR", temporary.into());
        set("out", prefix.into());
        set("PURLIN_JOBS", self.jobs.to_string().into());
        set("PURLIN_PACKAGE", node.package.name.clone().into());
        // Programs that write the time into what they make write the same one each time.
        set("SOURCE_DATE_EPOCH", "315532800".into());
        all
    }

    /// Runs the tests of a package that is in its place.
    fn test(
        &self,
        index: usize,
        work: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
    ) -> Result<Option<Ended>, Failure> {
        let node = &self.graph.nodes[index];
        let mut last = None;
        for (name, text) in &node.package.tests {
            let plain = |value: &str| Text { keyed: value.to_owned(), value: value.to_owned() };
            let script = node.roots.fill(&format!("set -e\nPATH=$out/bin:$PATH\n{text}"));
            let argv = vec![plain("/bin/sh"), plain("-c"), script];
            let action = Action::of_program(argv, BTreeMap::new());
            let part = format!("test.{name}");
            let ended = self.run(index, &action, None, work, lock, reporter, Some(&part))?;
            if !ended.exit.succeeded() {
                let told = Diagnostic::error(
                    "package-test",
                    format!("the test `{name}` of `{}` failed", node.id),
                )
                .label(node.package.origin.clone(), "this package");
                let folder = node.prefix.as_deref().map(name_of).unwrap_or_default();
                let told = told.detail(self.keep_folder(&folder, work, work));
                return Err(Failure::Program(Box::new(ended), vec![told]));
            }
            last = Some(ended);
        }
        Ok(last)
    }

    /// Keeps the folder of a failed build, and says where it is.
    fn failed(&self, node: &Node, folder: &str, work: &Path, made: &Path, ended: Ended) -> Failure {
        let told = Diagnostic::error("build-failed", format!("`{}` could not be built", node.id))
            .label(node.package.origin.clone(), "this package")
            .detail(self.keep_folder(folder, work, made));
        Failure::Program(Box::new(ended), vec![told])
    }

    /// Keeps the folder of what failed, with what was made so far, and says where it is.
    fn keep_folder(&self, folder: &str, work: &Path, made: &Path) -> String {
        let kept = self.store.failed(folder);
        let moved = || -> Result<(), StoreError> {
            remove_tree(&kept)?;
            let error =
                |source| StoreError::Io { action: "keep the folder", path: kept.clone(), source };
            fs::create_dir_all(kept.parent().unwrap_or(&kept)).map_err(error)?;
            if !made.starts_with(work) {
                // What is in the final path could be taken for a package.
                fs::rename(made, work.join("out")).map_err(error)?;
            }
            fs::rename(work, &kept).map_err(error)
        };
        match moved() {
            Ok(()) => format!("Its folder is kept: {}", kept.display()),
            Err(error) => format!("Its folder could not be kept: {error}"),
        }
    }
}

fn wrote_nothing(node: &Node) -> Diagnostic {
    Diagnostic::error("nothing-built", format!("`{}` has put nothing into `$out`", node.id))
        .label(node.package.origin.clone(), "this package")
        .help("its `install` has to write there: `install -Dm755 tool $out/bin/tool`".to_owned())
}

fn wrote_special(node: &Node, path: &Path, kind: &str) -> Diagnostic {
    Diagnostic::error("package-file", format!("`{}` has put a {kind} into `$out`", node.id))
        .label(node.package.origin.clone(), format!("{}", path.display()))
        .help("a package has files, folders and links alone".to_owned())
}

/// Something that is neither a file, a folder nor a link, if there is one.
fn special(path: &Path) -> Option<(PathBuf, &'static str)> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    if kind.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        return entries.into_iter().find_map(|entry| special(&entry.path()));
    }
    let name = if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    };
    (!kind.is_file() && !kind.is_symlink()).then(|| (path.to_owned(), name))
}

/// What differs between two keys, in words.
#[must_use]
pub fn changes(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let labels: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let told: Vec<String> = labels
        .into_iter()
        .filter_map(|label| match (then.get(label), now.get(label)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(_), Some(_)) => Some(format!("{label} changed")),
            (None, _) => Some(format!("{label} added")),
            (_, None) => Some(format!("{label} removed")),
        })
        .collect();
    if told.is_empty() { "nothing that is recorded".to_owned() } else { told.join(", ") }
}

impl Node {
    /// What its tests are, if it has any.
    #[must_use]
    pub fn tests_digest(&self) -> Option<Digest> {
        if self.package.tests.is_empty() || self.action.is_none() {
            return None;
        }
        let mut hasher = Hasher::new("purlin-package-tests");
        for (name, text) in &self.package.tests {
            hasher.field(name.as_bytes()).field(self.roots.fill(text).keyed.as_bytes());
        }
        Some(hasher.finish())
    }
}

/// The name of the file beside an installed package's root that tells what its files refer to, a path
/// in each line.
pub const CLOSURE: &str = "closure";

/// The folders that an installed package's files refer to, where it tells, and they are there.
fn remembered(root: &Path) -> Vec<PathBuf> {
    let file = root.parent().map(|folder| folder.join(CLOSURE));
    let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    text.lines().map(PathBuf::from).filter(|path| path.is_dir()).collect()
}

/// The name of a package's folder.
#[must_use]
pub fn name_of(prefix: &Path) -> String {
    prefix.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn without(mut folders: Vec<String>, prefix: &Path) -> Vec<String> {
    let own = name_of(prefix);
    folders.retain(|folder| *folder != own);
    folders
}

fn paths_below(root: &Path, below: &Path, paths: &mut Vec<RelativePath>) -> Result<(), Failure> {
    let folder = root.join(below);
    let error = |source| StoreError::Io { action: "read", path: folder.clone(), source };
    for entry in fs::read_dir(&folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        let path = below.join(entry.file_name());
        let relative = RelativePath::from_bytes(path.as_os_str().as_encoded_bytes())
            .map_err(|error| Diagnostic::error("package-file", error.to_string()))?;
        paths.push(relative);
        if entry.file_type().map_err(error)?.is_dir() {
            paths_below(root, &path, paths)?;
        }
    }
    Ok(())
}

/// More files than that are written to the disk by one request for all that is not there yet.
const MANY: usize = 64;

/// Sees to it that a package is on the disk before a record says that it is whole.
fn sync(folder: &Path) -> Result<(), StoreError> {
    let mut paths = Vec::new();
    collect(folder, &mut paths);
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { action: "write", path, source }
    };
    if paths.len() > MANY {
        let file = fs::File::open(folder).map_err(error(folder))?;
        return rustix::fs::syncfs(file).map_err(|code| error(folder)(code.into()));
    }
    for path in paths {
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(error(&path))?;
    }
    Ok(())
}

/// Files and folders of a tree, those above first; links are part of their folder.
fn collect(path: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_symlink() || paths.len() > MANY {
        return;
    }
    paths.push(path.to_owned());
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), paths);
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
