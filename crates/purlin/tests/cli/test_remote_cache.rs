//! Caches that others share: the remote tier of a cache plugin, in `run`.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use purlin_test::{Finished, Workspace};

use crate::workspace;

const COMMANDS: &str = r#"
[commands.make]
exec = "echo run >> runs; echo said; echo warned >&2; mkdir -p out && cat in.txt > out/copy && ln -sf copy out/link && echo '#!/bin/sh' > out/tool && chmod +x out/tool"
deps = ["in.txt"]
artifacts = ["out"]

[commands.use]
exec = "echo run >> uses; cat out/copy out/copy > twice"
deps = ["command:make"]
artifacts = ["twice"]
"#;

/// A place that several workspaces share.
struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Self {
        let shelf = Self(tempfile::tempdir().unwrap());
        fs::create_dir(shelf.folder()).unwrap();
        shelf
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("shelf")
    }

    /// A workspace, with a user of its own, whose commands share what is on the shelf.
    fn workspace(&self, hot: &str, commands: &str) -> Workspace {
        self.with(hot, "", commands)
    }

    fn with(&self, hot: &str, more: &str, commands: &str) -> Workspace {
        let folder = self.folder();
        let folder = folder.display();
        let document = format!(
            "[workspace]\n[plugins.shelf]\npath = \"shelf\"\n[caches.team]\ntype = \"shelf\"\nfolder = \"{folder}\"\n\
             {more}\n[defaults]\ncache = \"team\"\n{commands}"
        );
        let workspace = workspace(&document).variable("PURLIN_TRUST", "workspace");
        write_plugin(&workspace, hot, &folder.to_string());
        workspace.write("in.txt", "in\n");
        workspace
    }

    /// How many processes were started since the last time.
    fn starts(&self) -> usize {
        let file = self.folder().join("starts");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text.lines().count()
    }

    /// What the plugin was asked since the last time.
    fn calls(&self) -> String {
        let file = self.folder().join("calls");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text
    }

    fn items(&self, kind: &str) -> Vec<PathBuf> {
        items(&self.folder(), kind)
    }

    fn set(&self, what: &str) {
        fs::write(self.folder().join(what), "").unwrap();
    }

    fn unset(&self, what: &str) {
        fs::remove_file(self.folder().join(what)).unwrap();
    }

    /// Every result on the shelf can be had whole.
    #[track_caller]
    fn check(&self) {
        check(&self.folder());
    }
}

/// The files of one kind on a shelf.
fn items(shelf: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(shelf).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut items: Vec<_> = entries.filter(|path| name(path).starts_with(kind)).collect();
    items.sort();
    items
}

/// Every result on a shelf can be had whole.
#[track_caller]
pub(crate) fn check(shelf: &Path) {
    for action in items(shelf, "action-") {
        let key = name(&action)["action-".len()..].parse().unwrap();
        let bytes = fs::read(&action).unwrap();
        let result = purlin_store::ActionResult::decode(&bytes, key).unwrap().unwrap();
        for (digest, size) in result.contents() {
            let blob = shelf.join(format!("blob-{digest}"));
            assert_eq!(fs::metadata(&blob).unwrap().len(), size, "{}", blob.display());
        }
    }
    for blob in items(shelf, "blob-") {
        let digest = purlin_model::Digest::of(&fs::read(&blob).unwrap());
        assert_eq!(name(&blob), format!("blob-{digest}"));
    }
}

/// The files of the plugin, with its manifest and what it may write.
pub(crate) fn write_plugin(workspace: &Workspace, hot: &str, writes: &str) {
    let manifest = format!(
        "[plugin]\nname = \"shelf\"\nversion = \"1.0.0\"\napi = \"1\"\n[runtime]\nkind = \"process\"\n\
         entry = [\"python3\", \"-S\", \"shelf.py\"]\n[provides.cache.shelf]\nabout = \"A folder\"\nhot = \"{hot}\"\n\
         schema = \"shelf.json\"\n[permissions]\nwrite = [\"{writes}\"]\n"
    );
    workspace.write("shelf/plugin.toml", manifest);
    workspace.write("shelf/shelf.py", include_str!("remote_cache/shelf.py"));
    let schema = r#"{ "type": "object", "properties": { "folder": { "type": "string" } }, "required": ["folder"] }"#;
    workspace.write("shelf/shelf.json", schema);
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn runs(workspace: &Workspace) -> (usize, usize) {
    (workspace.lines("runs"), workspace.lines("uses"))
}

#[track_caller]
fn right(workspace: &Workspace) {
    assert_eq!(workspace.read("out/copy"), "in\n");
    assert_eq!(fs::read_link(workspace.path("out/link")).unwrap(), Path::new("copy"));
    assert_eq!(workspace.read("twice"), "in\nin\n");
    let tool = std::process::Command::new(workspace.path("out/tool")).status();
    assert!(tool.unwrap().success());
}

fn warnings(run: &Finished) -> usize {
    run.stderr.lines().filter(|line| line.starts_with("warning")).count()
}

#[test]
fn results_are_shared_and_a_warm_run_starts_nothing() {
    for hot in ["user", "workspace"] {
        let shelf = Shelf::new();
        let one = shelf.workspace(hot, COMMANDS);
        let first = one.succeed(&["run"]);
        assert!(first.stderr.contains("2 done") && warnings(&first) == 0, "{first}");
        assert_eq!(shelf.starts(), 1);
        shelf.check();
        assert_eq!(shelf.items("action-").len(), 2);
        let again = one.succeed(&["run"]);
        assert!(again.stderr.contains("2 cached"), "{again}");
        assert_eq!(shelf.starts(), 0);

        let two = shelf.workspace(hot, COMMANDS);
        shelf.calls();
        let second = two.succeed(&["run"]);
        assert!(second.stderr.contains("2 cached") && warnings(&second) == 0, "{second}");
        assert_eq!((runs(&two), shelf.starts()), ((0, 0), 1));
        right(&two);
        // One question for each result and one for its contents; nothing is put.
        assert_eq!(
            shelf.calls(),
            "cache/fetch 1 action\ncache/fetch 4 blob\ncache/fetch 1 action\ncache/fetch 2 blob\n"
        );
        let again = two.succeed(&["run"]);
        assert!(again.stderr.contains("2 cached"), "{again}");
        assert_eq!(shelf.starts(), 0);

        // And back.
        two.write("in.txt", "other\n");
        two.succeed(&["run"]);
        one.write("in.txt", "other\n");
        let back = one.succeed(&["run"]);
        assert!(back.stderr.contains("2 cached"), "{back}");
        assert_eq!(one.read("twice"), "other\nother\n");
        shelf.check();
    }
}

#[test]
fn without_a_hot_copy_nothing_is_kept_here() {
    let shelf = Shelf::new();
    let one = shelf.workspace("none", COMMANDS);
    one.succeed(&["run"]);
    let two = shelf.workspace("none", COMMANDS);
    for _ in 0..2 {
        let run = two.succeed(&["run"]);
        assert!(run.stderr.contains("2 cached") && warnings(&run) == 0, "{run}");
        right(&two);
    }
    assert_eq!(runs(&two), (0, 0));
    for workspace in [&one, &two] {
        assert!(!workspace.cache().join("store").exists());
        assert!(!workspace.path(".purlin-cache").exists());
        assert_eq!(fs::read_dir(workspace.path(".purlin/tmp")).unwrap().count(), 0);
    }
}

#[test]
fn failures_and_what_they_said_are_shared() {
    let commands = "[commands.bad]\nexec = 'echo out; echo err >&2; echo run >> runs; exit 3'\ndeps = ['in.txt']\ncache-when = 'finished'\n";
    let shelf = Shelf::new();
    shelf.workspace("user", commands).fail(1, &["run"]);
    let two = shelf.workspace("user", commands);
    let run = two.fail(1, &["run"]);
    assert_eq!(two.lines("runs"), 0);
    assert!(run.stderr.contains("ended with status 3 (kept from an earlier run)"), "{run}");
    assert_eq!(run.stdout, "out\n");
    assert!(run.stderr.contains("err\n"), "{run}");
}

#[test]
fn a_cache_that_cannot_be_reached_is_told_once_and_left_alone() {
    let shelf = Shelf::new();
    let one = shelf.workspace("user", COMMANDS);
    shelf.set("down");
    let run = one.succeed(&["run"]);
    assert_eq!(warnings(&run), 1, "{run}");
    assert_snapshot!(run.stderr.split("\n\n").next().unwrap(), @"
    warning: the cache `team` cannot be used; this run goes on without it
     --> purlin.toml:4:1
      |
    4 | [caches.team]
      | ^^^^^^^^^^^^^ the shelf has fallen down
      |
      = plugin `shelf` 1.0.0, call `cache/open`
      = help: results are kept on this machine alone; with `required = true` in its table this would be an error
    ");
    assert_eq!((shelf.starts(), shelf.calls()), (1, String::new()));
    right(&one);
    // What was made meanwhile is kept here.
    let again = one.succeed(&["run"]);
    assert!(again.stderr.contains("2 cached") && warnings(&again) == 0, "{again}");
    shelf.unset("down");

    // One that goes away in between.
    shelf.set("deaf");
    one.write("in.txt", "other\n");
    let run = one.succeed(&["run"]);
    assert_eq!(warnings(&run), 1, "{run}");
    assert!(run.stderr.contains("the shelf is full") && run.stderr.contains("2 done"), "{run}");
    assert!(shelf.items("action-").is_empty());
}

#[test]
fn who_may_only_read_reads_on_after_one_warning() {
    let commands = "[commands.first]\nexec = 'cat own.txt'\ndeps = ['own.txt']\n\
        [commands.pause]\nexec = 'sleep 1'\ndeps = ['command:first']\ncache = 'none'\n\
        [commands.make]\nexec = 'cat in.txt > copy'\ndeps = ['in.txt', 'command:pause']\nartifacts = ['copy']\n";
    let shelf = Shelf::new();
    let one = shelf.workspace("user", commands);
    one.write("own.txt", "1");
    one.succeed(&["run"]);
    shelf.set("deaf");
    let two = shelf.workspace("user", commands);
    two.write("own.txt", "2");
    let run = two.succeed(&["run"]);
    assert!(run.stderr.contains("2 done · 1 cached") && warnings(&run) == 1, "{run}");
    assert_eq!(two.read("copy"), "in\n");
}

#[test]
fn offline_uses_what_is_here_and_says_nothing() {
    let shelf = Shelf::new();
    shelf.workspace("user", COMMANDS).succeed(&["run"]);
    shelf.starts();
    let two = shelf.with("user", "required = true", COMMANDS);
    let run = two.succeed(&["run", "--offline"]);
    assert!(run.stderr.contains("2 done") && warnings(&run) == 0, "{run}");
    assert!(two.succeed(&["run", "--offline"]).stderr.contains("2 cached"));
    assert_eq!(shelf.starts(), 0);
}

#[test]
fn a_required_cache_that_cannot_be_opened_ends_the_run_before_anything_runs() {
    let shelf = Shelf::new();
    let commands = format!("{COMMANDS}[commands.other]\nexec = 'echo run >> runs'\n");
    let one = shelf.with("user", "required = true", &commands);
    shelf.set("down");
    let run = one.fail(3, &["run"]);
    assert_eq!(runs(&one), (0, 0));
    let (before, told) = run.stderr.split_at(run.stderr.find("error:").unwrap());
    assert!(
        before.contains("other  skipped   a cache that is required cannot be used\n3 skipped"),
        "{run}"
    );
    assert_snapshot!(told, @"
    error: the cache `team` cannot be used, and it is required
     --> purlin.toml:4:1
      |
    4 | [caches.team]
      | ^^^^^^^^^^^^^ the shelf has fallen down
      |
      = plugin `shelf` 1.0.0, call `cache/open`
      = help: without `required = true` in its table, runs go on with what is kept here
    ");
    shelf.unset("down");
    one.succeed(&["run", "make", "use"]);
    // When all is here, it is not needed.
    shelf.set("down");
    shelf.starts();
    one.succeed(&["run", "make", "use"]);
    assert_eq!(shelf.starts(), 0);
}

#[test]
fn a_required_cache_that_goes_away_fails_the_run() {
    let shelf = Shelf::new();
    let one = shelf.with("user", "required = true", COMMANDS);
    shelf.set("deaf");
    let run = one.fail(3, &["run", "make"]);
    assert!(run.stderr.contains("make  done"), "{run}");
    assert!(
        run.stderr.contains("error: the cache `team` cannot be used, and it is required"),
        "{run}"
    );
    // The result itself is good, and kept here.
    shelf.unset("deaf");
    assert!(one.succeed(&["run", "make"]).stderr.contains("1 cached"));

    let commands = format!(
        "[commands.a]\nexec = 'touch {}/down'\ndeps = ['in.txt']\ncache = 'none'\n[commands.b]\nexec = 'true'\ndeps = ['command:a', 'in.txt']\n",
        shelf.folder().display()
    );
    let two = shelf.with("user", "required = true", &commands);
    let run = two.fail(3, &["run"]);
    let skipped = "b  skipped   a cache that is required cannot be used\n1 done · 1 skipped";
    assert!(run.stderr.contains(skipped), "{run}");
    assert_eq!(run.stderr.matches("it is required").count(), 1, "{run}");
}

#[test]
fn requiring_a_cache_that_is_here_is_a_mistake() {
    let one = workspace(
        "[caches.mine]\ntype = 'local'\nrequired = true\n[commands.a]\nexec = 'true'\ndeps = ['const:1']\ncache = 'mine'\n",
    );
    assert_snapshot!(one.fail(2, &["run"]).stderr, @"
    error: only a cache elsewhere can be required
     --> purlin.toml:4:1
      |
    4 | required = true
      | ^^^^^^^^ written here
      |
      = All that `mine` keeps is on this machine.
      = help: take `required` out
    ");
}

/// Damages the shelf, and sees that the damage is noticed, never used, and put right.
#[track_caller]
fn damaged(what: &str, damage: impl Fn(&Shelf)) {
    let shelf = Shelf::new();
    shelf.workspace("user", COMMANDS).succeed(&["run", "make"]);
    damage(&shelf);
    let two = shelf.workspace("user", COMMANDS);
    let run = two.succeed(&["run", "make"]);
    assert_eq!((warnings(&run), two.lines("runs")), (1, 1), "{what}: {run}");
    assert_eq!(two.read("out/copy"), "in\n", "{what}");
    let again = two.succeed(&["run", "make"]);
    assert!(again.stderr.contains("1 cached") && warnings(&again) == 0, "{what}: {again}");
    two.succeed(&["cache", "list"]);
    shelf.check();
    let three = shelf.workspace("user", COMMANDS);
    let run = three.succeed(&["run", "make"]);
    assert!(run.stderr.contains("1 cached") && warnings(&run) == 0, "{what}: {run}");
}

/// The blob of `out/copy`.
fn content(shelf: &Shelf) -> PathBuf {
    shelf.folder().join(format!("blob-{}", purlin_model::Digest::of(b"in\n")))
}

fn action(shelf: &Shelf) -> PathBuf {
    shelf.items("action-").remove(0)
}

/// Puts another result in the place of the one that is there.
fn forge(shelf: &Shelf, change: impl Fn(&mut purlin_store::ActionResult)) {
    let path = action(shelf);
    let key = name(&path)["action-".len()..].parse().unwrap();
    let mut result =
        purlin_store::ActionResult::decode(&fs::read(&path).unwrap(), key).unwrap().unwrap();
    change(&mut result);
    fs::write(path, result.encode(key).unwrap()).unwrap();
}

#[test]
fn damage_is_a_miss_and_does_not_spread() {
    damaged("other bytes", |shelf| fs::write(content(shelf), "iN\n").unwrap());
    damaged("cut off", |shelf| fs::write(content(shelf), "in").unwrap());
    damaged("too long", |shelf| fs::write(content(shelf), "in\nin").unwrap());
    damaged("missing content", |shelf| fs::remove_file(content(shelf)).unwrap());
    damaged("empty result", |shelf| fs::write(action(shelf), "").unwrap());
    damaged("half a result", |shelf| {
        let bytes = fs::read(action(shelf)).unwrap();
        fs::write(action(shelf), &bytes[..bytes.len() / 2]).unwrap();
    });
    damaged("no result at all", |shelf| fs::write(action(shelf), "{}\n").unwrap());
}

#[test]
fn a_result_that_cannot_be_of_the_command_is_not_used() {
    use purlin_store::{Node, RelativePath, Tree};
    let path = |text: &str| RelativePath::parse(text).unwrap();
    let with = |shelf: &Shelf, at: &str| {
        forge(shelf, |result| {
            let mut entries = result.tree.entries().to_vec();
            let file = entries.iter().find(|(one, _)| *one == path("out/copy")).unwrap().1.clone();
            entries.push((path(at), file));
            result.tree = Tree::new(entries).unwrap();
        });
    };
    for place in ["elsewhere", "in.txt", ".git/hooks/pre-commit", ".purlin/x", "outside/x"] {
        damaged(place, |shelf| with(shelf, place));
    }
    damaged("a failure", |shelf| forge(shelf, |result| result.exit_code = Some(1)));
    damaged("no end", |shelf| forge(shelf, |result| result.exit_code = None));
    damaged("two ends", |shelf| forge(shelf, |result| result.signal = Some(9)));
    damaged("other lengths", |shelf| {
        forge(shelf, |result| {
            let entries = result.tree.entries().iter().cloned().map(|(path, node)| match node {
                Node::File { digest, executable, size } => {
                    (path, Node::File { digest, executable, size: size + 1 })
                }
                node => (path, node),
            });
            result.tree = Tree::new(entries.collect()).unwrap();
        });
    });
    damaged("more output", |shelf| forge(shelf, |result| result.chunks[0].bytes = u64::MAX));
    // A path that leads out of the workspace cannot even be read.
    damaged("outside", |shelf| {
        let path = action(shelf);
        let text = fs::read_to_string(&path).unwrap();
        let json = text.lines().next().unwrap().replace("out/copy", "../copy");
        let digest = purlin_model::Digest::of(json.as_bytes());
        fs::write(path, format!("{json}\n{digest}\n")).unwrap();
    });
    // The result of another key.
    damaged("another key", |shelf| {
        let path = action(shelf);
        let other = purlin_model::Digest::of(b"other");
        let key = name(&path)["action-".len()..].parse().unwrap();
        let result = purlin_store::ActionResult::decode(&fs::read(&path).unwrap(), key);
        fs::write(path, result.unwrap().unwrap().encode(other).unwrap()).unwrap();
    });
}

#[test]
fn what_damage_looks_like() {
    let shelf = Shelf::new();
    shelf.workspace("user", COMMANDS).succeed(&["run", "make"]);
    fs::remove_file(content(&shelf)).unwrap();
    let run = shelf.workspace("user", COMMANDS).succeed(&["run", "make"]);
    assert_snapshot!(run.stderr.split("\n\n").next().unwrap(), @"
    warning: the result of `make` in the cache `team` is damaged, so it runs
     |
     = The content ab5080369a968a3638a5a5e0df9932a3656766bec904667f72438fd49cd515b0 is missing.
     = help: when it has run, its result is put there anew
    ");
}

#[test]
fn contents_that_are_lost_here_are_fetched_again() {
    let shelf = Shelf::new();
    let one = shelf.workspace("user", COMMANDS);
    one.succeed(&["run", "make"]);
    let hex = purlin_model::Digest::of(b"in\n").to_hex();
    fs::remove_file(one.cache().join("store/v1/blobs").join(&hex[..2]).join(&hex)).unwrap();
    fs::remove_dir_all(one.path("out")).unwrap();
    let run = one.succeed(&["run", "make"]);
    assert!(run.stderr.contains("1 cached") && warnings(&run) == 0, "{run}");
    assert_eq!(one.read("out/copy"), "in\n");
}

#[test]
fn a_forced_run_replaces_what_is_there() {
    let shelf = Shelf::new();
    let commands =
        "[commands.now]\nexec = 'date +%N > now'\ndeps = ['in.txt']\nartifacts = ['now']\n";
    let one = shelf.workspace("user", commands);
    one.succeed(&["run"]);
    one.succeed(&["run", "--force"]);
    let two = shelf.workspace("user", commands);
    two.succeed(&["run"]);
    assert_eq!(one.read("now"), two.read("now"));
    shelf.check();
}

#[test]
fn many_small_files_take_few_calls() {
    let commands = "[commands.many]\nexec = 'mkdir -p out && cd out && seq 2500 | split -l 1 -a 3 -'\ndeps = ['in.txt']\nartifacts = ['out']\n";
    let shelf = Shelf::new();
    shelf.workspace("user", commands).succeed(&["run"]);
    assert_eq!(shelf.calls().lines().count(), 7, "fetch, contains twice, put four times");
    let two = shelf.workspace("user", commands);
    two.succeed(&["run"]);
    assert_eq!(shelf.calls().lines().count(), 4, "the result, and three batches");
    assert_eq!(fs::read_dir(two.path("out")).unwrap().count(), 2500);
}

#[test]
fn a_run_that_is_stopped_does_not_wait_for_its_uploads() {
    let shelf = Shelf::new();
    let one = shelf.workspace("user", COMMANDS);
    shelf.set("slow");
    let mut command = one.command(&["run", "make"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !shelf.folder().join("putting").exists() {
        assert!(std::time::Instant::now() < end, "nothing is put");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let begin = std::time::Instant::now();
    let process = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-INT", &process]).status().unwrap().success()
    );
    let run = one.finished(child);
    assert_eq!((run.code, warnings(&run)), (Some(130), 0), "{run}");
    assert!(begin.elapsed() < std::time::Duration::from_secs(20));
    assert_eq!(shelf.items("action-").len() + shelf.items("blob-").len(), 0);
    // It is kept here all the same, and put when there is something to do.
    shelf.unset("slow");
    assert!(one.succeed(&["run"]).stderr.contains("1 done · 1 cached"));
    assert_eq!(shelf.items("action-").len(), 2);
}

#[test]
fn a_run_that_waits_for_its_uploads_says_so() {
    let shelf = Shelf::new();
    let one = shelf.workspace("user", COMMANDS);
    fs::write(shelf.folder().join("slow"), "2.5").unwrap();
    let run = one.succeed(&["run", "make"]);
    let note = "note: all commands are done; results are still being put into a cache elsewhere";
    assert_eq!(run.stderr.matches(note).count(), 1, "{run}");
    shelf.check();
    assert_eq!(shelf.items("action-").len(), 1);
}

#[test]
fn what_could_not_be_put_is_put_by_the_next_run_that_does_something() {
    let shelf = Shelf::new();
    let commands =
        format!("{COMMANDS}[commands.other]\nexec = 'cat other.txt'\ndeps = ['other.txt']\n");
    let one = shelf.workspace("user", &commands);
    one.write("other.txt", "1");
    one.succeed(&["run", "make", "--offline"]);
    shelf.set("down");
    one.succeed(&["run", "use"]);
    shelf.unset("down");
    // Nothing is started for it.
    shelf.starts();
    assert!(one.succeed(&["run", "use"]).stderr.contains("2 cached"));
    assert_eq!((shelf.starts(), shelf.items("action-").len()), (0, 0));
    one.succeed(&["run", "other"]);
    shelf.check();
    assert_eq!(shelf.items("action-").len(), 3);
    let two = shelf.workspace("user", &commands);
    two.write("other.txt", "1");
    let run = two.succeed(&["run"]);
    assert!(run.stderr.contains("3 cached"), "{run}");
    // Once.
    one.write("other.txt", "2");
    shelf.calls();
    one.succeed(&["run", "other"]);
    assert_eq!(shelf.calls().lines().next(), Some("cache/fetch 1 action"));
    assert!(
        !one.path(".purlin/uploads")
            .read_dir()
            .unwrap()
            .any(|folder| { folder.unwrap().path().read_dir().unwrap().next().is_some() })
    );
}

/// A package that may lie anywhere, and one that is built with it.
const PACKAGES: &str = "\
def base(mk_package):\n    return mk_package(version = '1', relocatable = True, install = 'echo base > $out/a; ln -s a $out/b')\n\
def user(mk_package, base):\n    return mk_package(version = '1', relocatable = True, requires = [base], install = 'cat ${CMAKE_PREFIX_PATH%%:*}/b > $out/c; echo more > $out/d')\n\
definitions = {'packages': {'base': base, 'user': user}}\n";

fn packages(shelf: &Shelf) -> Workspace {
    let workspace = shelf.workspace("user", "");
    workspace.write("purlin.star", PACKAGES);
    workspace
}

/// The packages that are built when all of them are wanted.
fn built(workspace: &Workspace) -> (Vec<String>, Finished) {
    let run = workspace.succeed(&["build"]);
    let names = ["base-1", "user-1"].map(str::to_owned).into_iter();
    let is_built = |name: &String| run.stderr.contains(&format!("{name}  done"));
    let built = names.filter(is_built).collect();
    let root = run.stdout.lines().find(|line| line.ends_with("-user-1")).unwrap();
    assert_eq!(fs::read_to_string(Path::new(root).join("c")).unwrap(), "base\n");
    (built, run)
}

#[test]
fn a_package_of_one_user_is_there_for_another() {
    let shelf = Shelf::new();
    let (first, run) = built(&packages(&shelf));
    assert_eq!((first.len(), warnings(&run)), (2, 0), "{run}");
    shelf.check();
    assert_eq!(shelf.items("action-").len(), 2);
    let another = packages(&shelf);
    let (second, run) = built(&another);
    assert_eq!((second.len(), warnings(&run)), (0, 0), "{run}");
    another.succeed(&["cache", "verify"]);
    // What is there needs no cache.
    shelf.starts();
    built(&another);
    assert_eq!(shelf.starts(), 0);
}

#[test]
fn a_damaged_package_on_the_shelf_is_built_and_put_there_anew() {
    let shelf = Shelf::new();
    built(&packages(&shelf));
    for blob in shelf.items("blob-") {
        fs::write(blob, "damaged").unwrap();
    }
    let (names, run) = built(&packages(&shelf));
    assert_eq!(names.len(), 2, "{run}");
    assert!(run.stderr.contains("the result of `base-1` in the cache `team` is damaged"), "{run}");
    shelf.check();
    let (names, run) = built(&packages(&shelf));
    assert_eq!((names.len(), warnings(&run)), (0, 0), "{run}");
}

#[test]
fn packages_are_built_where_the_shelf_cannot_be_reached() {
    let shelf = Shelf::new();
    let workspace = packages(&shelf);
    fs::remove_dir_all(shelf.folder()).unwrap();
    let (names, run) = built(&workspace);
    assert_eq!((names.len(), warnings(&run)), (2, 1), "{run}");
    assert!(run.stderr.contains("the cache `team` cannot be used"), "{run}");
    let shelf = Shelf::new();
    packages(&shelf).succeed(&["--offline", "build"]);
    assert_eq!(shelf.starts(), 0);
}

#[test]
fn no_package_is_built_without_a_shelf_that_is_required() {
    let shelf = Shelf::new();
    let workspace = shelf.with("user", "required = true", "");
    workspace.write("purlin.star", PACKAGES);
    fs::remove_dir_all(shelf.folder()).unwrap();
    let failed = workspace.fail(1, &["build"]);
    assert!(
        failed.stderr.contains("the cache `team` cannot be used, and it is required"),
        "{failed}"
    );
    assert!(!failed.stderr.contains("started"), "{failed}");
}
