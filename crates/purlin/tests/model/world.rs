//! Does steps to workspaces on disk and to the model, and compares the two after each run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use purlin_test::Workspace;

use super::definition::{Definition, INSTALLED};
use super::files::{self, Node, Saving, Tree};
use super::oracle::{Cache, Place};
use super::step::{SOURCES, Step, Tampering};

/// What git ignores here.
const IGNORED: &str = "gen/\nparts/\n*.tmp\n.place/\npurlin.lock\n";

/// The folder that instances share.
const SHARED: &str = "parts/";

/// The files that are not outputs.
const SOURCES_IN: [&str; 13] = [
    "src/",
    "doc/",
    "log/",
    "extra/",
    "mod/",
    "left.env",
    "right.env",
    "shelf/",
    "linked",
    "real/keep",
    "more/",
    ".gitignore",
    "purlin.toml",
];

/// The plugin: a cache that is a folder, for which stands `FOLDER`, and an environment.
const SHELF: [(&str, &str); 3] = [
    ("shelf/plugin.py", include_str!("plugin.py")),
    (
        "shelf/plugin.toml",
        "[plugin]\nname = \"shelf\"\nversion = \"1.0.0\"\napi = \"1\"\n[runtime]\nkind = \"process\"\n\
         entry = [\"python3\", \"-S\", \"plugin.py\"]\n[provides.environment.place]\n[provides.cache.shelf]\nhot = \"user\"\n\
         schema = \"shelf.json\"\n[permissions]\nwrite = [\"FOLDER\"]\n",
    ),
    (
        "shelf/shelf.json",
        r#"{ "type": "object", "properties": { "folder": { "type": "string" } }, "required": ["folder"] }"#,
    ),
];

/// Workspaces, and what they should be.
pub(crate) struct World {
    pub(super) workspace: Workspace,
    pub(super) places: [Place; 2],
    pub(super) cache: Cache,
    branch: usize,
    branches: BTreeMap<usize, (Tree, Definition)>,
    /// What was committed last.
    pub(super) head: Option<(Tree, Definition)>,
    /// A run was killed: what is kept and on record is not known any more.
    pub(super) is_shaken: bool,
}

impl World {
    /// A repository with all sources in it, and a second, empty place. `defect` is seeded into each
    /// run.
    pub(crate) fn new(defect: &str) -> Self {
        let workspace = Workspace::new(env!("CARGO_BIN_EXE_purlin"))
            .variable("PURLIN_DEFECT", defect)
            .variable("PURLIN_TRUST", "workspace");
        let shelf = workspace.base().join("shelf");
        fs::create_dir(&shelf).expect("the folder is the test's own");
        let definition = Definition::new();
        let mut sources = Tree::new();
        sources.insert(".gitignore".to_owned(), Node::file(IGNORED));
        sources.extend(SHELF.map(|(path, text)| {
            let text = text.replace("FOLDER", &shelf.to_string_lossy());
            (path.to_owned(), Node::file(text))
        }));
        sources.insert("linked".to_owned(), Node::Link("real".to_owned()));
        sources.insert("real/keep".to_owned(), Node::file(""));
        let second = sources.clone();
        for path in SOURCES.iter().flat_map(|group| group.iter().step_by(2)) {
            sources.insert((*path).to_owned(), source(path, 0));
        }
        let places = [Place::new(sources, definition), Place::new(second, Definition::new())];
        let mut world = Self {
            workspace,
            places,
            cache: Cache::default(),
            branch: 0,
            branches: BTreeMap::new(),
            head: None,
            is_shaken: false,
        };
        for place in 0..2 {
            fs::create_dir_all(world.root(place)).expect("the folder is the test's own");
            let tree = world.places[place].files.clone();
            for (path, node) in &tree {
                files::save(&world.root(place), path, node, Saving::InPlace);
            }
        }
        world.define(0);
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
                self.remove_all(*place, |path| !is_source(path));
            }
            Step::Uninstall(place) => self.remove(*place, INSTALLED),
            Step::Own { place, path, value } => {
                self.put(*place, path, Node::file(format!("own {value}\n")), Saving::InPlace);
            }
            Step::Define { place, slot, change, value } => {
                self.places[*place].definition.change(*slot, *change, *value);
                self.define(*place);
            }
            Step::Branch(branch) => self.switch(*branch),
            Step::Since => self.since()?,
            Step::Clone => self.copy(),
            Step::DropPrivate(place) => {
                let _ = fs::remove_dir_all(self.root(*place).join(".purlin"));
                self.places[*place].forget_records();
                // What lies in a shared folder and is on nobody's record may be anybody's.
                let is_shared = |path: &String| path.starts_with(SHARED);
                self.remove_all(*place, is_shared);
            }
            Step::DropIndex(place) => files::remove(&self.root(*place), ".purlin/index"),
            Step::DropCache(user) => {
                let mut clear = self.workspace.command(&["cache", "clear"]);
                clear.env("PURLIN_CACHE_DIR", self.cache_of(*user));
                let cleared = self.workspace.finish(&mut clear);
                assert_eq!(cleared.code, Some(0), "{cleared}");
                self.cache.clear(*user);
            }
            Step::TruncateCache(user) => self.truncate_cache(*user),
            Step::DamageShelf => self.damage_shelf(),
            Step::Run { place, run } => self.run(*place, run, None)?,
            Step::Watch { place, slots, edits } => self.watch(*place, slots, edits)?,
            Step::Kill { place, run, death } => self.kill(*place, run, *death)?,
            Step::RunMeanwhile { place, slot, path, value, moment, force } => {
                let node = source(path, *value);
                self.run_meanwhile(*place, *force, *slot, path, &node, *moment)?;
            }
        }
        Ok(())
    }

    pub(super) fn root(&self, place: usize) -> PathBuf {
        self.workspace.base().join(["workspace", "second"][place])
    }

    /// The cache folder of a user.
    pub(super) fn cache_of(&self, user: usize) -> PathBuf {
        self.workspace.base().join(["cache", "cache-of-second"][user])
    }

    /// The folder of what all users share.
    pub(super) fn shelf(&self) -> PathBuf {
        self.workspace.base().join("shelf")
    }

    pub(super) fn put(&mut self, place: usize, path: &str, node: Node, saving: Saving) {
        files::save(&self.root(place), path, &node, saving);
        self.places[place].files.insert(path.to_owned(), node);
    }

    fn remove(&mut self, place: usize, path: &str) {
        files::remove(&self.root(place), path);
        self.places[place].files.remove(path);
    }

    fn remove_all(&mut self, place: usize, which: impl Fn(&String) -> bool) {
        let paths = self.places[place].files.keys();
        let paths: Vec<String> = paths.filter(|path| which(path)).cloned().collect();
        paths.iter().for_each(|path| self.remove(place, path));
    }

    fn turn_mode(&mut self, place: usize, path: &str) {
        if let Some(Node::File { text, executable }) = self.places[place].files.get(path).cloned() {
            self.put(place, path, Node::File { text, executable: !executable }, Saving::InPlace);
        }
    }

    fn define(&mut self, place: usize) {
        let shelf = self.shelf();
        for (path, text) in self.places[place].definition.documents(&shelf.to_string_lossy()) {
            self.put(place, path, Node::file(text), Saving::InPlace);
        }
    }

    pub(super) fn git(&self, arguments: &[&str]) {
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
        // Git takes a file of the same size and second for the same: have it read everything.
        let _ = fs::remove_file(self.root(0).join(".git/index"));
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "all"]);
        let place = &mut self.places[0];
        let mut tracked = place.files.clone();
        tracked.retain(|path, _| !is_ignored(path));
        place.files.retain(|path, _| is_ignored(path));
        self.branches.insert(self.branch, (tracked.clone(), place.definition.clone()));
        self.branch = branch;
        let known = self.branches.get(&branch).cloned();
        let is_new = known.is_none();
        let (there, definition) = known.unwrap_or_else(|| (tracked, place.definition.clone()));
        self.head = Some((there.clone(), definition.clone()));
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
        sources.retain(|path, _| is_source(path));
        for (path, node) in &sources {
            files::save(&root, path, node, Saving::InPlace);
        }
        self.places[1] = Place::new(sources, self.places[0].definition.clone());
    }

    /// Takes the end off all contents in the cache, and puts one on those that have none.
    fn truncate_cache(&mut self, user: usize) {
        for path in files_below(&self.cache_of(user).join("store/v1/blobs")) {
            let file = fs::File::options().write(true).open(&path).expect("it is the test's own");
            let length = file.metadata().expect("it is open").len();
            let length = if length == 0 { 1 } else { length - 1 };
            file.set_len(length).expect("it is the test's own");
        }
        self.cache.doubt(user);
    }

    /// Changes a byte of all contents that all users share.
    fn damage_shelf(&mut self) {
        for path in files_below(&self.shelf()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let mut bytes = fs::read(&path).expect("it is the test's own");
            if name.starts_with("blob-") && !bytes.is_empty() {
                bytes[0] ^= 1;
                fs::write(&path, bytes).expect("it is the test's own");
            }
        }
        self.cache.doubt_shelf();
    }
}

/// Whether git ignores it.
pub(super) fn is_ignored(path: &str) -> bool {
    ["gen/", SHARED, ".place/"].iter().any(|one| path.starts_with(one)) || path.ends_with(".tmp")
}

fn is_source(path: &str) -> bool {
    SOURCES_IN.iter().any(|one| path.starts_with(one)) && !path.contains("/out/")
}

/// The content of a source. Most are equally long.
pub(super) fn source(path: &str, value: u8) -> Node {
    Node::file(if path.ends_with(".md") {
        format!("v{}   \nw\n", value % 2)
    } else if path.ends_with(".env") {
        format!("WORD=v{value}\n")
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
