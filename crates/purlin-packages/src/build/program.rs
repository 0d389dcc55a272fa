//! The programs of a build: what they see, what is set, and its tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use purlin_commands::{
    Action, Ended, Inherits, JobProgram, ProcessVariables, Reporter, Text, not_started,
};
use purlin_model::Diagnostic;
use purlin_store::InstanceLock;

use super::{Builder, Failure, name_of};
use crate::graph::Node;
use crate::profile::{Profile, SYSTEM_PATH};
use crate::sandbox::{INSIDE, Sandbox, Shown, View};
use crate::store::PackageStore;
use crate::text::with_own_root;

impl Builder<'_> {
    #[expect(clippy::too_many_arguments, reason = "each is another thing that a program has")]
    pub(super) fn run(
        &self,
        index: usize,
        action: &Action,
        (made, writable): (&Path, bool),
        work: &Path,
        lock: &InstanceLock,
        reporter: &Reporter<'_>,
        part: Option<&str>,
    ) -> Result<Ended, Failure> {
        let node = &self.graph.nodes[index];
        let prefix = node.prefix.clone().unwrap_or_default();
        // What tests a package uses it as others do.
        let tested = (!writable).then_some((index, Some(made)));
        let with = self.graph.to_build(&node.built_with).into_iter().map(|index| (index, None));
        let profile = Profile::among(self.graph, tested.into_iter().chain(with));
        let mut reads = self.visible(index, !writable);
        reads.extend(profile.elsewhere.clone());
        let (inside, argv, cwd, inherits) = match &self.sandbox {
            Sandbox::Bubblewrap(program) => {
                let out = Shown { from: made, to: &prefix, writable };
                let view = View { folder: work, out, reads: &reads };
                (PathBuf::from(INSIDE), view.arguments(program), "", Inherits::Nothing)
            }
            Sandbox::Nothing(_) => (work.to_owned(), Vec::new(), "src", Inherits::Locks),
        };
        let argv = argv.into_iter().chain(action.argv.iter().map(|text| text.value.clone()));
        let plain = |value: String| Text { keyed: value.clone(), value };
        let mut run = Action::of_program(argv.map(plain).collect(), BTreeMap::new());
        run.cwd = cwd.to_owned();
        let variables = self.variables(node, &profile, action, &inside, &prefix);
        let (action, variables) = (&run, &variables);
        let program = JobProgram { action, root: work, variables, lock, inherits, part };
        let ended = reporter.run(&program).map_err(|error| {
            not_started(&format!("the build of `{}`", node.id), &run.argv[0].value, &error)
        })?;
        if inherits == Inherits::Locks {
            // Whatever has left the group could still write into what is kept.
            lock.end_heirs();
        }
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

    /// Runs the tests of a package that is whole, and is at `made` now: they see it in its place.
    pub(super) fn test(
        &self,
        index: usize,
        (work, made): (&Path, &Path),
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
            let ended =
                self.run(index, &action, (made, false), work, lock, reporter, Some(&part))?;
            if !ended.exit.succeeded() {
                let told = Diagnostic::error(
                    "package-test",
                    format!("the test `{name}` of `{}` failed", node.id),
                )
                .label(node.package.origin.clone(), "this package");
                let folder = node.prefix.as_deref().map(name_of).unwrap_or_default();
                // One that is in its place stays there.
                let made = if node.prefix.as_deref() == Some(made) { work } else { made };
                let told = told.detail(self.keep_folder(&folder, work, made));
                return Err(Failure::Program(Box::new(ended), vec![told]));
            }
            last = Some(ended);
        }
        Ok(last)
    }

    /// Whether a build in a sandbox has seen packages of which nobody knows that they were built in one.
    /// With `strict` those that matter were built again.
    pub(super) fn is_tainted(&self, index: usize) -> bool {
        let is_open = |path: &PathBuf| {
            self.store.record(&name_of(path)).is_some_and(|record| record.is_open())
        };
        let is_apart = matches!(self.sandbox, Sandbox::Bubblewrap(_));
        is_apart && !self.strict && self.visible(index, false).iter().any(is_open)
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
}

/// The name of the file beside an installed package's root that tells what its files refer to, a path
/// in each line.
pub const CLOSURE: &str = "closure";

/// The folders that an installed package's files refer to, where it tells, and they are there: packages,
/// and nothing else that somebody may have written there.
fn remembered(root: &Path) -> Vec<PathBuf> {
    let file = root.parent().map(|folder| folder.join(CLOSURE));
    let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    text.lines().map(PathBuf::from).filter(|path| is_package(path)).collect()
}

/// Whether a path is that of a package in a store, and of none that leads elsewhere.
fn is_package(path: &Path) -> bool {
    let is_plain = path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(hash) = name.and_then(PackageStore::hash_of) else { return false };
    let record = path.with_file_name("records").join(hash);
    is_plain && path.symlink_metadata().is_ok_and(|there| there.is_dir()) && record.is_file()
}
