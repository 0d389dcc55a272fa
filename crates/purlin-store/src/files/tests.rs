use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A workspace in a folder that no repository is above, and its index.
struct Workspace(TempDir);

impl Workspace {
    fn new(files: &[&str]) -> Self {
        let workspace = Self(TempDir::new().unwrap());
        for file in files {
            workspace.write(file, file);
        }
        workspace
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn open(&self) -> Files {
        Files::open(self.0.path().to_path_buf(), self.index())
    }

    fn index(&self) -> PathBuf {
        self.path(".purlin/files")
    }

    fn listing(&self, list: &[&str]) -> Listing {
        self.open().inputs(&[&patterns(list)]).unwrap().remove(0)
    }

    /// The paths that patterns list, for people.
    fn inputs(&self, list: &[&str]) -> Vec<String> {
        let files = self.listing(list).files;
        files.into_iter().map(|(path, _)| path.to_string()).collect()
    }

    fn outputs(&self, list: &[&str]) -> Vec<String> {
        let outputs = self.open().outputs(&[&patterns(list)]).unwrap().remove(0);
        let text = |OutputPath { path, kind }| match kind {
            OutputKind::File(_) => path.to_string(),
            OutputKind::Symlink => format!("{path}@"),
            OutputKind::Directory => format!("{path}/"),
            OutputKind::Special => format!("{path}|"),
        };
        outputs.into_iter().map(text).collect()
    }
}

fn patterns(list: &[&str]) -> Patterns {
    Patterns::new(list).unwrap()
}

fn relative(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

/// Until what was just written is old enough to be remembered.
fn settle() {
    std::thread::sleep(Duration::from_millis(40));
}

#[test]
fn the_walk_finds_what_the_patterns_match() {
    let all = ["a.py", "b/c.py", "b/d/e.py", "b/d/f.txt", "b.d/g.py", "x.py/h", ".i/.j"];
    let workspace = Workspace::new(&all);
    let lists: &[&[&str]] = &[
        &["**"],
        &["."],
        &["*.py"],
        &["b"],
        &["b/"],
        &["b/*.py"],
        &["b/**/*.py"],
        &["b/d/e.py", "a.py"],
        &["b/?/*", "!*.txt"],
        &["**", "!b"],
        &["**", "!b", "b/d/f.txt"],
        &["!b", "b"],
        &[".i"],
        &["nothing", "b/nothing/*"],
        &["b", "b/d", "b/d/**"],
        &["{a,b/d/e}.py"],
        &["**/d/*"],
        &["b*/"],
        &[],
    ];
    let sets: Vec<_> = lists.iter().map(|list| patterns(list)).collect();
    let listings = workspace.open().inputs(&sets.iter().collect::<Vec<_>>()).unwrap();
    for ((list, set), listing) in lists.iter().zip(&sets).zip(&listings) {
        let found: Vec<_> = listing.files.iter().map(|(path, _)| path.clone()).collect();
        let mut expected: Vec<_> = all.map(relative).to_vec();
        expected.retain(|path| set.matches(path));
        expected.sort();
        assert_eq!(found, expected, "{list:?} beside others");
        assert_eq!(workspace.listing(list), *listing, "{list:?} alone");
    }
}

#[test]
fn the_walk_agrees_with_matching() {
    use proptest::collection::vec;
    use proptest::test_runner::{Config, TestRunner};

    let workspace = Workspace::new(&[]);
    let mut all = Vec::new();
    for one in ["a", "b", "ab"] {
        for two in ["a", "b", "ba"] {
            all.extend([
                format!("{one}/{two}/a"),
                format!("{one}/{two}/b"),
                format!("{one}/{two}b"),
            ]);
        }
        all.push(format!("{one}{one}b"));
    }
    for path in &all {
        workspace.write(path, path);
    }
    let mut all: Vec<_> = all.iter().map(|path| relative(path)).collect();
    all.sort();
    let files = workspace.open();
    let list = vec("!?/?(\\*\\*|[ab*?]{1,2})(/(\\*\\*|[ab*?]{1,2})){0,2}/?", 1..5);
    let config = Config { failure_persistence: None, ..Config::with_cases(100) };
    let run = TestRunner::new(config).run(&vec(list, 1..10), |lists| {
        let sets: Vec<_> = lists.iter().map(|list| Patterns::new(list).unwrap()).collect();
        let references: Vec<_> = sets.iter().collect();
        let inputs = files.inputs(&references).unwrap();
        let outputs = files.outputs(&references).unwrap();
        for ((set, inputs), outputs) in sets.iter().zip(inputs).zip(outputs) {
            let expected: Vec<_> = all.iter().filter(|path| set.matches(path)).collect();
            let inputs: Vec<_> = inputs.files.iter().map(|(path, _)| path).collect();
            let outputs = outputs.iter().filter(|output| output.kind != OutputKind::Directory);
            let outputs: Vec<_> = outputs.map(|output| &output.path).collect();
            proptest::prop_assert_eq!(&inputs, &expected, "{:?}", set);
            proptest::prop_assert_eq!(&outputs, &expected, "{:?}", set);
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

#[test]
fn what_git_ignores_counts_only_when_it_is_named() {
    let workspace = Workspace::new(&[
        "a.py",
        "a.pyc",
        "keep.pyc",
        "build/x/y",
        "build/z.py",
        "b/c.py",
        "b/d.log",
        "b/e/f.log",
        "b/e/g.tmp",
        "deep/.venv/bin/python",
        "deep/other",
    ]);
    workspace.write(".gitignore", "\u{feff}*.pyc\n!keep.pyc\n/build/\n*.log\n# comment\n[broken\n");
    workspace.write("b/e/.gitignore", "!f.log\n*.tmp\n");
    workspace.write("deep/.venv/.gitignore", "*\n");
    let ignore_files = ["**", "!**/.gitignore"];
    assert_eq!(
        workspace.inputs(&ignore_files),
        ["a.py", "b/c.py", "b/e/f.log", "deep/other", "keep.pyc"]
    );
    // A wildcard does not name.
    assert_eq!(workspace.inputs(&["build/*", "*.pyc", "b/*.log"]), ["keep.pyc"]);
    // A file, a file in an ignored folder, an ignored folder.
    assert_eq!(workspace.inputs(&["a.pyc"]), ["a.pyc"]);
    assert_eq!(workspace.inputs(&["build/x/y", "build/z*"]), ["build/x/y"]);
    assert_eq!(workspace.inputs(&["build", "!*.py"]), ["build/x/y"]);
    assert_eq!(workspace.inputs(&["build/x"]), ["build/x/y"]);
    assert_eq!(workspace.inputs(&["b/d.log", "**/*.log"]), ["b/d.log", "b/e/f.log"]);
    // A folder that is not ignored does not bring in what is ignored below it.
    assert_eq!(workspace.inputs(&["b"]), ["b/c.py", "b/e/.gitignore", "b/e/f.log"]);
    // The rules of the folder itself hold where it is not ignored.
    assert_eq!(workspace.inputs(&["deep"]), ["deep/other"]);
    assert_eq!(workspace.inputs(&["deep/.venv/bin"]), ["deep/.venv/bin/python"]);
    // Another set's name changes nothing.
    let (named, wild) = (patterns(&["build"]), patterns(&["**/*.py"]));
    let listings = workspace.open().inputs(&[&named, &wild]).unwrap();
    assert_eq!(listings[0].files.len(), 2);
    assert_eq!(listings[1], workspace.listing(&["**/*.py"]));
}

#[test]
fn rules_of_the_repository_above_the_root_hold() {
    let workspace =
        Workspace::new(&["w/a", "w/a.log", "w/b.tmp", "w/s/c", "w/s/c.log", "w/excluded"]);
    workspace.write(".gitignore", "/w/s/c\n*.tmp\n");
    workspace.write(".git/info/exclude", "excluded\n");
    workspace.write("w/.gitignore", "*.log\n");
    let root = workspace.path("w");
    let paths = |root: &Path, list: &[&str]| {
        let files = Files::open(root.to_path_buf(), workspace.index());
        let listing = files.inputs(&[&patterns(list)]).unwrap().remove(0);
        listing.files.into_iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&root, &["**"]), [".gitignore", "a"]);
    // A worktree's `.git` is a file that leads to the repository.
    fs::rename(workspace.path(".git"), workspace.path("repository")).unwrap();
    workspace.write("private/commondir", "../repository\n");
    workspace.write(".git", "gitdir: private\n");
    assert_eq!(paths(&root, &["**"]), [".gitignore", "a"]);
    // A root that is ignored itself is asked for nevertheless.
    workspace.write(".gitignore", "/w\n*.tmp\n");
    assert_eq!(paths(&root, &["**"]), [".gitignore", "a", "b.tmp", "excluded", "s/c"]);
    // Without a repository what is above does not matter.
    fs::remove_file(workspace.path(".git")).unwrap();
    workspace.write(".gitignore", "*.tmp\n");
    assert_eq!(paths(&root, &["*.tmp"]), ["b.tmp"]);
}

#[test]
fn the_folders_of_git_and_purlin_are_never_entered() {
    let workspace =
        Workspace::new(&[".git/config", ".purlin/log", "a/.git", "a/b/.purlin/x", "a/c"]);
    assert_eq!(workspace.inputs(&["**"]), ["a/c"]);
    assert_eq!(workspace.inputs(&["a"]), ["a/c"]);
    // A repository below an artifact is content like any other.
    assert_eq!(workspace.outputs(&["*"]), ["a/", "a/.git", "a/b/", "a/c"]);
}

#[test]
fn links_to_files_have_their_content_and_wildcards_enter_no_links() {
    let workspace = Workspace::new(&["d/file", "d/e/other", "outside"]);
    fs::rename(workspace.path("outside"), workspace.path("../").join(unique(&workspace))).unwrap();
    let outside = workspace.path("..").join(unique(&workspace));
    symlink("d/file", workspace.path("to-file")).unwrap();
    symlink("d", workspace.path("to-folder")).unwrap();
    symlink("nowhere", workspace.path("dangling")).unwrap();
    symlink("..", workspace.path("d/loop")).unwrap();
    symlink("self", workspace.path("self")).unwrap();
    symlink(&outside, workspace.path("to-outside")).unwrap();
    let all = workspace.listing(&["**"]);
    let state =
        |path: &str| all.files.iter().find(|(found, _)| *found == relative(path)).unwrap().1;
    assert_eq!(all.files.len(), 8);
    let (link, file) = (state("to-file"), state("d/file"));
    assert!(link.symlink && !file.symlink);
    assert_eq!((link.digest, link.size), (file.digest, 6));
    assert_eq!(state("to-outside").digest, Digest::of(b"outside"));
    assert_ne!(state("dangling").digest, Digest::of(b"nowhere"));
    assert!(state("to-folder").symlink && state("d/loop").symlink && state("self").symlink);
    // What is named is gone through, for that set only.
    assert_eq!(
        workspace.inputs(&["to-folder"]),
        ["to-folder/e/other", "to-folder/file", "to-folder/loop"]
    );
    assert_eq!(workspace.inputs(&["to-folder/*/other"]), ["to-folder/e/other"]);
    assert_eq!(workspace.inputs(&["d/loop/d/file"]), ["d/loop/d/file"]);
    let (named, wild) = (patterns(&["to-folder/file"]), patterns(&["**"]));
    let both = workspace.open().inputs(&[&named, &wild]).unwrap();
    assert_eq!(both[0].files.len(), 1);
    assert_eq!(both[1], all);
    // Where a link leads is seen.
    fs::remove_file(workspace.path("dangling")).unwrap();
    symlink("elsewhere", workspace.path("dangling")).unwrap();
    assert_ne!(workspace.listing(&["dangling"]), workspace.listing(&["to-file"]));
    assert_ne!(workspace.listing(&["**"]).digest(), all.digest());
    assert_eq!(
        workspace.outputs(&["d", "to-*"]),
        ["d/", "d/e/", "d/e/other", "d/file", "d/loop@", "to-file@", "to-folder@", "to-outside@"]
    );
    // A link is what it is; what is named beyond it is there, but for the folder that it is in.
    assert_eq!(workspace.outputs(&["to-folder/file"]), ["to-folder/file"]);
    assert_eq!(
        workspace.outputs(&["to-folder/**", "to-folder"]),
        ["to-folder@", "to-folder/e/", "to-folder/e/other", "to-folder/file", "to-folder/loop@"]
    );
    assert!(workspace.outputs(&["d/loop/**"]).is_empty());
    fs::remove_file(outside).unwrap();
}

fn unique(workspace: &Workspace) -> String {
    format!("{}-outside", workspace.0.path().file_name().unwrap().display())
}

#[test]
fn artifacts_are_folders_and_ignored_files_too() {
    let workspace = Workspace::new(&["dist/a.log", "dist/b/c", "src/d.log", "e"]);
    fs::create_dir_all(workspace.path("dist/empty")).unwrap();
    workspace.write(".gitignore", "dist\n*.log\n");
    assert_eq!(
        workspace.outputs(&["dist"]),
        ["dist/", "dist/a.log", "dist/b/", "dist/b/c", "dist/empty/"]
    );
    assert_eq!(workspace.outputs(&["dist/*", "!dist/b"]), ["dist/a.log", "dist/empty/"]);
    assert_eq!(workspace.outputs(&["*.log"]), ["dist/a.log", "src/d.log"]);
    assert_eq!(workspace.outputs(&["dist/*/"]), ["dist/b/", "dist/b/c", "dist/empty/"]);
    assert!(workspace.outputs(&["missing", "e/f"]).is_empty());
}

#[test]
fn contents_are_read_once() {
    let workspace = Workspace::new(&["a", "b/c", "b/d"]);
    settle();
    let files = workspace.open();
    let first = files.inputs(&[&patterns(&["**"]), &patterns(&["b"])]).unwrap();
    assert_eq!(files.hashed(), 3);
    assert_eq!(files.inputs(&[&patterns(&["**"])]).unwrap()[0], first[0]);
    assert_eq!(files.hashed(), 3);
    files.save().unwrap();
    let again = workspace.open();
    assert_eq!(again.inputs(&[&patterns(&["**"])]).unwrap()[0], first[0]);
    assert_eq!(again.outputs(&[&patterns(&["b"])]).unwrap()[0].len(), 3);
    assert_eq!(again.state(&relative("a")).unwrap().digest, Digest::of(b"a"));
    assert_eq!(again.hashed(), 0);
    // Nothing was learnt, so nothing is written.
    fs::remove_file(workspace.index()).unwrap();
    again.save().unwrap();
    assert!(!workspace.index().exists());
}

#[test]
fn every_change_is_seen() {
    let odd = OsStr::from_bytes(b"odd\xff\n");
    let workspace = Workspace::new(&["ä/ö.txt"]);
    workspace.write(odd, "1");
    let check = || {
        settle();
        let files = workspace.open();
        let digest = files.inputs(&[&patterns(&["**"])]).unwrap()[0].digest();
        files.save().unwrap();
        (digest, files.hashed())
    };
    let (mut last, hashed) = check();
    assert_eq!(hashed, 2);
    assert_eq!(check(), (last, 0));
    let mut differs = |hashed| {
        let now = check();
        assert_ne!(now.0, last);
        assert_eq!(now.1, hashed);
        last = now.0;
    };
    for text in ["2", "3", "4"] {
        workspace.write("ä/ö.txt", text);
        workspace.write(odd, text);
        differs(2);
    }
    fs::set_permissions(workspace.path("ä/ö.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    differs(1);
    fs::rename(workspace.path("ä"), workspace.path("å")).unwrap();
    differs(1);
    fs::remove_file(workspace.path(odd)).unwrap();
    differs(0);
}

#[test]
fn an_edit_that_keeps_size_and_times_is_seen() {
    let workspace = Workspace::new(&["a"]);
    settle();
    let files = workspace.open();
    let read = || files.inputs(&[&patterns(&["a"])]).unwrap()[0].files[0].1.digest;
    read();
    files.save().unwrap();
    let before = fs::metadata(workspace.path("a")).unwrap();
    workspace.write("a", "b");
    let file = fs::File::options().write(true).open(workspace.path("a")).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(read(), Digest::of(b"b"));
    assert_eq!(workspace.listing(&["a"]).files[0].1.digest, Digest::of(b"b"));
}

#[test]
fn an_edit_within_a_tick_of_the_clock_is_seen() {
    let workspace = Workspace::new(&["a"]);
    for turn in 0..300_u32 {
        let text = format!("{turn:08}");
        workspace.write("a", &text);
        let files = workspace.open();
        let found = files.state(&relative("a")).unwrap();
        files.save().unwrap();
        assert_eq!(found.digest, Digest::of(text.as_bytes()));
    }
    // What is not older than its reading is not remembered.
    let later = std::time::SystemTime::now() + Duration::from_secs(60);
    let file = fs::File::options().write(true).open(workspace.path("a")).unwrap();
    file.set_modified(later).unwrap();
    let files = workspace.open();
    files.state(&relative("a")).unwrap();
    files.state(&relative("a")).unwrap();
    assert_eq!(files.hashed(), 2);
}

#[test]
fn a_clock_that_was_set_back_makes_the_index_worthless() {
    let workspace = Workspace::new(&["a"]);
    settle();
    let files = workspace.open();
    files.state(&relative("a")).unwrap();
    files.save().unwrap();
    let mut bytes = fs::read(workspace.index()).unwrap();
    let later =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 60;
    bytes[24..32].copy_from_slice(&later.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..36]);
    bytes[36..40].copy_from_slice(&sum.to_le_bytes());
    fs::write(workspace.index(), bytes).unwrap();
    let files = workspace.open();
    files.state(&relative("a")).unwrap();
    assert_eq!(files.hashed(), 1);
}

#[test]
fn one_state_is_as_in_a_listing() {
    let workspace = Workspace::new(&["a", "d/x"]);
    symlink("a", workspace.path("link")).unwrap();
    symlink("d", workspace.path("folder")).unwrap();
    let files = workspace.open();
    let all = workspace.listing(&["**"]);
    for (path, state) in &all.files {
        assert_eq!(files.state(path), Some(*state), "{path}");
    }
    for path in ["d", "missing", "a/below"] {
        assert_eq!(files.state(&relative(path)), None, "{path}");
    }
}

#[test]
fn files_may_vanish_and_change_during_the_walk() {
    let workspace = Workspace::new(&["keep"]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0_u32;
            while !done.load(Ordering::Relaxed) {
                for place in 0..20 {
                    workspace.write(format!("d{place}/f"), &turn.to_string());
                }
                for place in 0..20 {
                    fs::remove_dir_all(workspace.path(format!("d{place}"))).unwrap();
                    symlink("keep", workspace.path(format!("d{place}"))).unwrap();
                    fs::remove_file(workspace.path(format!("d{place}"))).unwrap();
                }
                turn += 1;
            }
        });
        for _ in 0..200 {
            let files = workspace.open();
            let listing = files.inputs(&[&patterns(&["**", "d1/f"])]);
            let outputs = files.outputs(&[&patterns(&["**", "d1/f"])]);
            let problem = listing.as_ref().err().or(outputs.as_ref().err());
            let kept = listing.as_ref().is_ok_and(|listings| {
                listings[0].files.iter().any(|(path, _)| *path == relative("keep"))
            });
            if problem.is_some() || !kept {
                done.store(true, Ordering::Relaxed);
                panic!("{problem:?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_that_never_stands_still_is_an_error() {
    let workspace = Workspace::new(&["log"]);
    let done = AtomicBool::new(false);
    let text = vec![b'x'; 1 << 24];
    fs::write(workspace.path("log"), &text).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write as _;
            let mut log = fs::File::options().append(true).open(workspace.path("log")).unwrap();
            while !done.load(Ordering::Relaxed) {
                log.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let result = workspace.open().inputs(&[&patterns(&["log"])]);
        done.store(true, Ordering::Relaxed);
        assert_eq!(
            result.unwrap_err().to_string(),
            "`log` is being written all the time, so its content cannot be told."
        );
    });
}

#[test]
fn only_regular_files_are_read() {
    let workspace = Workspace::new(&["a"]);
    let pipe = workspace.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .unwrap();
    symlink("pipe", workspace.path("link")).unwrap();
    assert_eq!(workspace.inputs(&["**", "pipe"]), ["a", "link"]);
    assert_eq!(workspace.outputs(&["**", "pipe"]), ["a", "link@", "pipe|"]);
    assert_eq!(workspace.open().state(&relative("pipe")), None);
}

#[test]
fn a_missing_root_is_an_error_and_a_missing_index_folder_is_made() {
    let files = Files::open("/nonexistent/root".into(), "/nonexistent/index".into());
    let error = files.inputs(&[&patterns(&["a"])]).unwrap_err().to_string();
    assert!(error.starts_with("Could not read `.`: "), "{error}");
    let workspace = Workspace::new(&["a"]);
    settle();
    let files = Files::open(workspace.path(""), workspace.path("x/y/index"));
    files.state(&relative("a")).unwrap();
    files.save().unwrap();
    assert!(workspace.path("x/y/index").exists());
    assert_eq!(
        fs::read_dir(workspace.path("x/y")).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn many_files_on_several_threads_are_found_once() {
    let workspace = Workspace::new(&[]);
    for folder in 0..60 {
        for file in 0..50 {
            workspace.write(format!("d{folder}/e/f{file}"), &format!("{folder}"));
        }
    }
    settle();
    let files = workspace.open();
    let listing = files.inputs(&[&patterns(&["**"])]).unwrap().remove(0);
    assert_eq!(listing.files.len(), 3_000);
    assert!(listing.files.is_sorted_by(|one, other| one.0 < other.0));
    files.save().unwrap();
    let again = workspace.open();
    assert_eq!(again.inputs(&[&patterns(&["**"])]).unwrap()[0], listing);
    assert_eq!(again.hashed(), 0);
}

#[test]
fn whether_anything_is_taken_is_told_without_reading() {
    let workspace = Workspace::new(&["src/a.py", "out/x", "named/y"]);
    workspace.write(".gitignore", "out\nnamed\n");
    fs::create_dir_all(workspace.path("empty/folder")).unwrap();
    let files = workspace.open();
    let sets =
        [&["src/*.py"][..], &["src/*.pyy"], &["out/*"], &["named"], &["empty/**"], &["!src"]]
            .map(patterns);
    let sets: Vec<_> = sets.iter().collect();
    assert_eq!(files.present(&sets).unwrap(), [true, false, false, true, false, false]);
    assert_eq!(files.hashed(), 0);
}
