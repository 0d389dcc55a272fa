//! Does steps to workspaces on disk and to the model, and compares the two after each run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use purlin_test::{Finished, Workspace};

use super::definition::{COMMANDS, Definition, Slot};
use super::files::{self, Node, Saving, Tree};
use super::oracle::{Cache, Meanwhile, Place, Settled};
use super::step::{Moment, Run, SOURCES, Step, Tampering};

/// What git ignores here.
const IGNORED: &str = "gen/\n*.tmp\n";

/// The files that are not outputs.
const SOURCES_IN: [&str; 6] = ["src/", "doc/", "log/", "extra/", ".gitignore", "purlin.toml"];

/// Workspaces, and what they should be.
pub(crate) struct World {
    workspace: Workspace,
    places: [Place; 2],
    cache: Cache,
    branch: usize,
    branches: BTreeMap<usize, (Tree, Definition)>,
}

impl World {
    /// A repository with all sources in it, and a second, empty place. `defect` is seeded into each
    /// run.
    pub(crate) fn new(defect: &str) -> Self {
        let workspace =
            Workspace::new(env!("CARGO_BIN_EXE_purlin")).variable("PURLIN_DEFECT", defect);
        let definition = Definition::new();
        let mut sources = Tree::new();
        sources.insert(".gitignore".to_owned(), Node::file(IGNORED));
        sources.insert("purlin.toml".to_owned(), Node::file(definition.document()));
        for path in SOURCES.iter().flat_map(|group| group.iter().step_by(2)) {
            sources.insert((*path).to_owned(), source(path, 0));
        }
        let second = sources.get_key_value(".gitignore").into_iter();
        let second: Tree = second.map(|(path, node)| (path.clone(), node.clone())).collect();
        let places = [Place::new(sources, definition), Place::new(second, Definition::new())];
        let mut world = Self {
            workspace,
            places,
            cache: Cache::default(),
            branch: 0,
            branches: BTreeMap::new(),
        };
        for place in 0..2 {
            fs::create_dir_all(world.root(place)).expect("the folder is the test's own");
            let tree = world.places[place].files.clone();
            for (path, node) in &tree {
                files::save(&world.root(place), path, node, Saving::InPlace);
            }
        }
        world.define(1);
        world.git(&["init", "--quiet"]);
        world.git(&["config", "user.name", "test"]);
        world.git(&["config", "user.email", "test@example.org"]);
        world.git(&["checkout", "--quiet", "-b", "branch-0"]);
        world
    }

    /// Does one step.
    ///
    /// # Errors
    /// What Purlin did otherwise than it should.
    pub(crate) fn perform(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Edit { place, path, value, saving } => {
                let executable =
                    self.places[*place].files.get(*path).is_some_and(Node::is_executable);
                let Node::File { text, .. } = source(path, *value) else { return Ok(()) };
                self.put(*place, path, Node::File { text, executable }, *saving);
            }
            Step::Delete { place, path } => self.remove(*place, path),
            Step::Rename { place, from, to } => {
                if from != to
                    && let Some(node) = self.places[*place].files.remove(*from)
                {
                    let root = self.root(*place);
                    fs::create_dir_all(root.join(to).parent().expect("it has one"))
                        .and_then(|()| fs::rename(root.join(from), root.join(to)))
                        .expect("the files are the test's own");
                    self.places[*place].files.insert((*to).to_owned(), node);
                }
            }
            Step::Mode { place, path } => self.turn_mode(*place, path),
            Step::Tamper { place, path, how } => {
                if self.places[*place].files.contains_key(*path) {
                    match how {
                        Tampering::Edit => {
                            self.put(*place, path, Node::file("tampered\n"), Saving::InPlace);
                        }
                        Tampering::Delete => self.remove(*place, path),
                        Tampering::Mode => self.turn_mode(*place, path),
                        Tampering::Link => {
                            self.put(
                                *place,
                                path,
                                Node::Link("nowhere".to_owned()),
                                Saving::InPlace,
                            );
                        }
                    }
                }
            }
            Step::Clean(place) => {
                let is_source = |path: &String| SOURCES_IN.iter().any(|one| path.starts_with(one));
                let tree = self.places[*place].files.keys();
                let outputs: Vec<String> = tree.filter(|path| !is_source(path)).cloned().collect();
                for path in outputs {
                    self.remove(*place, &path);
                }
            }
            Step::Own { place, path, value } => {
                self.put(*place, path, Node::file(format!("own {value}\n")), Saving::InPlace);
            }
            Step::Define { place, slot, change, value } => {
                self.places[*place].definition.change(*slot, *change, *value);
                self.define(*place);
            }
            Step::Branch(branch) => self.switch(*branch),
            Step::Clone => self.copy(),
            Step::DropPrivate(place) => {
                let _ = fs::remove_dir_all(self.root(*place).join(".purlin"));
                self.places[*place].forget_records();
            }
            Step::DropIndex(place) => files::remove(&self.root(*place), ".purlin/index"),
            Step::DropCache => {
                let cleared = self.workspace.run(&["cache", "clear"]);
                assert_eq!(cleared.code, Some(0), "{cleared}");
                self.cache.clear();
            }
            Step::TruncateCache => self.truncate_cache(),
            Step::Run { place, run } => self.run(*place, run, None)?,
            Step::RunMeanwhile { place, slot, path, value, moment, force } => {
                let node = source(path, *value);
                self.run_meanwhile(*place, *force, *slot, path, &node, *moment)?;
            }
        }
        Ok(())
    }

    fn root(&self, place: usize) -> PathBuf {
        self.workspace.base().join(["workspace", "second"][place])
    }

    fn put(&mut self, place: usize, path: &str, node: Node, saving: Saving) {
        files::save(&self.root(place), path, &node, saving);
        self.places[place].files.insert(path.to_owned(), node);
    }

    fn remove(&mut self, place: usize, path: &str) {
        files::remove(&self.root(place), path);
        self.places[place].files.remove(path);
    }

    fn turn_mode(&mut self, place: usize, path: &str) {
        if let Some(Node::File { text, executable }) = self.places[place].files.get(path).cloned() {
            self.put(place, path, Node::File { text, executable: !executable }, Saving::InPlace);
        }
    }

    fn define(&mut self, place: usize) {
        let document = self.places[place].definition.document();
        self.put(place, "purlin.toml", Node::file(document), Saving::InPlace);
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.root(0)).env_clear();
        command.env("HOME", self.workspace.base().join("home"));
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let done = command.output().expect("git is installed");
        assert!(
            done.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Commits all that git does not ignore, and checks out another branch, or a new one.
    fn switch(&mut self, branch: usize) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "all"]);
        let place = &mut self.places[0];
        let is_ignored = |path: &String| path.starts_with("gen/") || path.ends_with(".tmp");
        let mut tracked = place.files.clone();
        tracked.retain(|path, _| !is_ignored(path));
        place.files.retain(|path, _| is_ignored(path));
        self.branches.insert(self.branch, (tracked.clone(), place.definition.clone()));
        self.branch = branch;
        let known = self.branches.get(&branch).cloned();
        let is_new = known.is_none();
        let (there, definition) = known.unwrap_or_else(|| (tracked, place.definition.clone()));
        place.files.extend(there);
        place.definition = definition;
        let name = format!("branch-{branch}");
        let arguments = ["checkout", "--quiet", if is_new { "-b" } else { "--" }, &name];
        let arguments: Vec<&str> = arguments.into_iter().filter(|one| *one != "--").collect();
        self.git(&arguments);
    }

    fn copy(&mut self) {
        let root = self.root(1);
        fs::remove_dir_all(&root).expect("the folder is the test's own");
        let mut sources = self.places[0].files.clone();
        sources.retain(|path, _| SOURCES_IN.iter().any(|one| path.starts_with(one)));
        for (path, node) in &sources {
            files::save(&root, path, node, Saving::InPlace);
        }
        self.places[1] = Place::new(sources, self.places[0].definition.clone());
    }

    /// Takes the end off all contents in the cache, and puts one on those that have none.
    fn truncate_cache(&mut self) {
        for path in files_below(&self.workspace.cache().join("store/v1/blobs")) {
            let file = fs::File::options().write(true).open(&path).expect("it is the test's own");
            let length = file.metadata().expect("it is open").len();
            let length = if length == 0 { 1 } else { length - 1 };
            file.set_len(length).expect("it is the test's own");
        }
        self.cache.doubt();
    }

    fn run_meanwhile(
        &mut self,
        place: usize,
        force: bool,
        slot: Slot,
        path: &'static str,
        node: &Node,
        moment: Moment,
    ) -> Result<(), String> {
        let old = self.places[place].files.get(path).cloned();
        if moment == Moment::Meanwhile && old.is_none() {
            // A file that came and went leaves no trace. The guide on caching tells so.
            return Ok(());
        }
        let executable = old.as_ref().is_some_and(Node::is_executable);
        let text = node.text().to_owned();
        let node = Node::File { text: text.clone(), executable };
        let base = self.workspace.base();
        let hook = |when: &str, text: String| {
            fs::write(base.join(format!("{when}-{slot}")), text).expect("it is the test's own");
        };
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let put = |text: &str| {
            format!(
                "mkdir -p {folder}; printf '%s\\n' '{}' > '{path}'\n",
                text.trim_end_matches('\n')
            )
        };
        let write = put(&text);
        let back = put(old.as_ref().map_or("", Node::text));
        match moment {
            Moment::Before => hook("before", write),
            Moment::After => hook("after", write),
            Moment::Meanwhile => {
                hook("before", write);
                hook("after", back);
            }
        }
        // Clocks of file systems move in ticks: what was written before the run was so before it.
        std::thread::sleep(Duration::from_millis(12));
        let run =
            Run { slots: vec![slot], force, json: true, alone: true, region: 0, frozen: false };
        let result = self.run(place, &run, Some(&Meanwhile { slot, path, node, moment }));
        for when in ["before", "after"] {
            let _ = fs::remove_file(self.workspace.base().join(format!("{when}-{slot}")));
        }
        result
    }

    fn run(
        &mut self,
        place: usize,
        run: &Run,
        meanwhile: Option<&Meanwhile>,
    ) -> Result<(), String> {
        let counter = self.workspace.base().join("runs");
        let _ = fs::remove_file(&counter);
        let region = format!("r{}", run.region);
        let names: Vec<String> =
            run.slots.iter().map(|slot| self.places[place].definition.name(*slot)).collect();
        let mut arguments = vec!["run"];
        arguments.extend(run.force.then_some("--force"));
        arguments.extend(run.json.then_some("--json"));
        arguments.extend(run.alone.then_some("-n1"));
        arguments.extend(names.iter().map(String::as_str));
        let mut command = self.workspace.command(&arguments);
        command.current_dir(self.root(place)).env("REGION", &region);
        if run.frozen {
            command.env("PURLIN_CLOCK", "stamps=1000,now=1000");
        }
        let finished = self.workspace.finish(&mut command);
        let context = |problem: String| format!("{problem}\n{arguments:?}\n{finished}");

        let counted = fs::read_to_string(&counter).unwrap_or_default();
        let mut ran = BTreeSet::new();
        for line in counted.lines() {
            let slot: Slot = line.parse().expect("commands write their number");
            if !ran.insert(slot) {
                return Err(context(format!("needless: {} ran twice", COMMANDS[slot].name)));
            }
        }
        let slots = Place::closure(&run.slots);
        let here = &mut self.places[place];
        let settled = here.run(&mut self.cache, &slots, run.force, &region, &ran, meanwhile);
        let settled = settled.map_err(&context)?;
        let failed = settled.values().any(|one| one.how == "failed");
        if finished.code != Some(i32::from(failed)) {
            return Err(context("wrong: the status".to_owned()));
        }
        if run.json {
            self.compare_events(place, &finished, &settled).map_err(&context)?;
        }
        for place in 0..2 {
            let told =
                files::differences(&self.places[place].files, &files::read(&self.root(place)));
            if !told.is_empty() {
                let place = ["", "the second place: "][place];
                return Err(context(format!("files: {place}{}", told.join("\n"))));
            }
        }
        Ok(())
    }

    /// Whether each command was settled as it should, and said what it should.
    fn compare_events(
        &self,
        place: usize,
        finished: &Finished,
        settled: &BTreeMap<Slot, Settled>,
    ) -> Result<(), String> {
        let events = finished.json_lines();
        for (slot, wanted) in settled {
            let id = self.places[place].definition.name(*slot);
            let how = finished.settled(&id).unwrap_or_default();
            if how != wanted.how {
                return Err(format!("wrong: {id} is {how}, not {}", wanted.how));
            }
            let own = events.iter().filter(|event| {
                event["id"] == *id && event["event"] == "output" && event["stream"] == "stdout"
            });
            let said: String = own.filter_map(|event| event["text"].as_str()).collect();
            if said != wanted.said {
                return Err(format!("stale: {id} said {said:?}, not {:?}", wanted.said));
            }
        }
        Ok(())
    }
}

/// The content of a source. Most are equally long.
fn source(path: &str, value: u8) -> Node {
    Node::file(if path.ends_with(".md") {
        format!("v{}   \nw\n", value % 2)
    } else {
        format!("v{value}\n")
    })
}

fn files_below(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
