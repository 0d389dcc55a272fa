use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use proptest::prelude::*;

use super::*;
use crate::{capture, compare};

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("root")).unwrap();
    let store = Store::open(folder.path().join("cache"));
    Fixture { folder, store }
}

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

fn paths(texts: &[&str]) -> Vec<RelativePath> {
    texts.iter().map(|text| path(text)).collect()
}

impl Fixture {
    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn link(&self, target: &str, name: &str) {
        symlink(target, self.at(name)).unwrap();
    }

    fn capture(&self, names: &[&str]) -> Tree {
        capture(&self.store, &self.root(), &paths(names)).unwrap()
    }

    /// Puts everything back to an empty workspace.
    fn empty(&self) {
        fs::remove_dir_all(self.root()).unwrap();
        fs::create_dir(self.root()).unwrap();
    }

    fn restore(&self, tree: &Tree, previous: &[&Tree]) -> Result<Restored, RestoreError> {
        let staging = self.folder.path().join("staging");
        let restored =
            restore(&self.store, &self.root(), &staging, tree, previous.iter().copied(), &|_| None);
        let left = fs::read_dir(&staging).map_or(0, Iterator::count);
        assert_eq!(left, 0, "the staging folder is left empty");
        if restored.is_ok() {
            assert!(compare(&self.root(), tree, &|_| None).is_empty());
        }
        restored
    }

    fn restore_fully(&self, tree: &Tree, previous: &[&Tree]) -> Restored {
        self.restore(tree, previous).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything below the root.
    fn listing(&self) -> BTreeSet<RelativePath> {
        fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<RelativePath>) {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let path = entry.path();
                found.insert(RelativePath::parse(path.strip_prefix(root).unwrap()).unwrap());
                if entry.file_type().unwrap().is_dir() {
                    walk(root, &path, found);
                }
            }
        }
        let mut found = BTreeSet::new();
        walk(&self.root(), &self.root(), &mut found);
        found
    }
}

#[test]
fn all_kinds_come_back_in_an_empty_workspace() {
    let fixture = fixture();
    fixture.write("out/text", "text");
    fixture.write("out/tool", "#!/bin/sh\n");
    fs::set_permissions(fixture.at("out/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    fixture.write("big", &"0123456789".repeat(30_000));
    fs::create_dir(fixture.at("out/empty")).unwrap();
    fixture.link("../nowhere", "out/dangling");
    fixture.link("text", "out/link");
    let odd = RelativePath::from_bytes(b"out/\xff\xfe").unwrap();
    fs::write(fixture.root().join(&odd), "odd").unwrap();
    let mut all = paths(&[
        "out/text",
        "out/tool",
        "big",
        "out/empty",
        "out/dangling",
        "out/link",
        "out/text",
    ]);
    all.push(odd.clone());
    let tree = capture(&fixture.store, &fixture.root(), &all).unwrap();
    assert_eq!(tree.entries().len(), 7);
    let before = fixture.listing();

    fixture.empty();
    let restored = fixture.restore_fully(&tree, &[]);

    assert_eq!(fixture.listing(), before);
    assert_eq!(restored.written.len(), 7);
    assert_eq!(fixture.read("out/link"), "text");
    assert_eq!(fs::read_link(fixture.at("out/dangling")).unwrap(), Path::new("../nowhere"));
    assert_eq!(fs::read(fixture.root().join(&odd)).unwrap(), b"odd");
    let mode = |name| fs::metadata(fixture.at(name)).unwrap().permissions().mode() & 0o100;
    assert_eq!((mode("out/tool"), mode("out/text")), (0o100, 0));
}

#[test]
fn what_is_equal_is_not_touched() {
    let fixture = fixture();
    fixture.write("out/same", "same");
    fixture.write("out/edited", "right");
    fixture.link("same", "out/link");
    let tree = fixture.capture(&["out/same", "out/edited", "out/link"]);
    let inodes = || {
        ["out/same", "out/link"].map(|name| {
            let metadata = fs::symlink_metadata(fixture.at(name)).unwrap();
            (metadata.ino(), metadata.ctime_nsec())
        })
    };
    let before = inodes();
    assert_eq!(fixture.restore_fully(&tree, &[&tree]), Restored::default());
    assert!(!fixture.folder.path().join("staging").exists());

    fixture.write("out/edited", "wrong");
    let restored = fixture.restore_fully(&tree, &[&tree]);
    assert_eq!(restored.written, paths(&["out/edited"]));
    assert_eq!(fixture.read("out/edited"), "right");
    assert_eq!(inodes(), before);
}

#[test]
fn the_executable_bit_alone_is_a_difference() {
    let fixture = fixture();
    fixture.write("tool", "x");
    let tree = fixture.capture(&["tool"]);
    fs::set_permissions(fixture.at("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fixture.restore_fully(&tree, &[&tree]).written, paths(&["tool"]));
}

#[test]
fn what_nobody_recorded_is_not_replaced() {
    let fixture = fixture();
    fixture.write("notes", "result");
    fixture.write("out/a", "a");
    let tree = fixture.capture(&["notes", "out", "out/a"]);
    fixture.empty();
    fixture.write("notes", "mine");
    let error = fixture.restore(&tree, &[]).unwrap_err();
    assert!(
        error.to_string().starts_with("`notes` is in the way of the output `notes`"),
        "{error}"
    );
    assert_eq!(fixture.read("notes"), "mine");
    // Where an output folder was, there is a user's file now.
    fixture.empty();
    fixture.write("out", "mine");
    let error = fixture.restore(&tree, &[&tree]).unwrap_err();
    assert!(error.to_string().starts_with("`out` is in the way of the output `out`"), "{error}");
    assert_eq!(fixture.read("out"), "mine");
    // An output that was edited by hand is put back.
    fixture.empty();
    fixture.write("notes", "edited");
    fixture.restore_fully(&tree, &[&tree]);
    assert_eq!(fixture.read("notes"), "result");
}

#[test]
fn what_is_known_is_believed_and_not_read() {
    let fixture = fixture();
    fixture.write("a", "one");
    let tree = fixture.capture(&["a"]);
    fixture.write("a", "two");
    let right = purlin_model::Digest::of(b"one");
    assert!(compare(&fixture.root(), &tree, &|_| Some((right, false))).is_empty());
    assert_eq!(compare(&fixture.root(), &tree, &|_| None).len(), 1);
}

#[test]
fn recorded_outputs_go_and_those_of_users_stay() {
    let fixture = fixture();
    for name in ["out/a", "out/old", "out/sub/deep/old", "out/edited", "out/mixed/old"] {
        fixture.write(name, name);
    }
    fixture.link("a", "out/oldlink");
    let previous = fixture.capture(&[
        "out",
        "out/a",
        "out/old",
        "out/oldlink",
        "out/sub",
        "out/sub/deep",
        "out/sub/deep/old",
        "out/edited",
        "out/mixed",
        "out/mixed/old",
    ]);
    let tree = fixture.capture(&["out/a"]);
    fixture.write("out/edited", "by hand");
    fixture.write("out/mixed/users", "own");
    fixture.write("out/users", "own");

    let restored = fixture.restore_fully(&tree, &[&previous]);

    assert_eq!(restored.written, []);
    assert_eq!(
        restored.removed,
        paths(&[
            "out/mixed/old",
            "out/old",
            "out/oldlink",
            "out/sub",
            "out/sub/deep",
            "out/sub/deep/old"
        ])
    );
    assert_eq!(restored.kept, paths(&["out/edited"]));
    let left = paths(&["out", "out/a", "out/edited", "out/mixed", "out/mixed/users", "out/users"]);
    assert_eq!(fixture.listing(), left.into_iter().collect());
}

#[test]
fn an_interrupted_restore_may_be_recorded_too() {
    let fixture = fixture();
    fixture.write("a", "first");
    let first = fixture.capture(&["a"]);
    fixture.empty();
    fixture.write("b", "second");
    let second = fixture.capture(&["b"]);
    fixture.write("a", "first");
    let restored = fixture.restore_fully(&Tree::default(), &[&first, &second]);
    assert_eq!(restored.removed, paths(&["a", "b"]));
}

#[test]
fn nothing_is_changed_while_a_content_is_missing_or_damaged() {
    let fixture = fixture();
    fixture.write("a", "new a");
    fixture.write("b", "new b");
    let tree = fixture.capture(&["a", "b"]);
    fixture.empty();
    fixture.write("a", "old a");
    fixture.write("stale", "stale");
    let previous = fixture.capture(&["a", "stale"]);
    let digest = purlin_model::Digest::of(b"new b");
    let name = digest.to_hex();
    let blob = fixture.folder.path().join("cache/v1/blobs").join(&name[..2]).join(&name);

    for damaged in [true, false] {
        if damaged {
            fs::write(&blob, "new").unwrap();
        }
        match fixture.restore(&tree, &[&previous]).unwrap_err() {
            RestoreError::Incomplete { path: at, digest: of, damaged: was } => {
                assert_eq!((at, of, was), (path("b"), digest, damaged));
            }
            other => panic!("{other}"),
        }
        assert_eq!(fixture.listing(), paths(&["a", "stale"]).into_iter().collect());
        assert_eq!(fixture.read("a"), "old a");
    }
}

/// Every kind to every other one, all recorded.
#[test]
fn kinds_may_change() {
    type Make<'m> = (&'m str, &'m dyn Fn(&Fixture) -> Tree);
    let make: [Make<'_>; 5] = [
        ("file", &|fixture| {
            fixture.write("x", "file");
            fixture.capture(&["x"])
        }),
        ("link", &|fixture| {
            fixture.link("elsewhere", "x");
            fixture.capture(&["x"])
        }),
        ("link inside", &|fixture| {
            fs::create_dir(fixture.at("real")).unwrap();
            fixture.link("real", "x");
            fixture.capture(&["real", "x"])
        }),
        ("directory", &|fixture| {
            fixture.write("x/sub/a", "a");
            fixture.write("x/b", "b");
            fixture.capture(&["x", "x/sub", "x/sub/a", "x/b"])
        }),
        ("implied directory", &|fixture| {
            fixture.write("x/sub/a", "a");
            fixture.capture(&["x/sub/a"])
        }),
    ];
    for (from_name, from) in &make {
        for (to_name, to) in &make {
            let fixture = fixture();
            let tree = to(&fixture);
            let expected = fixture.listing();
            fixture.empty();
            let previous = from(&fixture);
            fixture
                .restore(&tree, &[&previous])
                .unwrap_or_else(|error| panic!("{from_name} to {to_name}: {error}"));
            assert_eq!(fixture.listing(), expected, "{from_name} to {to_name}");
            assert_eq!(fixture.restore_fully(&tree, &[&tree]), Restored::default());
        }
    }
}

#[test]
fn a_directory_with_something_of_a_user_blocks_a_file() {
    let fixture = fixture();
    fixture.write("x", "file");
    fixture.write("y", "new");
    let tree = fixture.capture(&["x", "y"]);
    fixture.empty();
    fixture.write("y", "old");
    fixture.write("x/recorded", "recorded");
    let previous = fixture.capture(&["x", "x/recorded", "y"]);
    for user in ["x/own", "x/recorded"] {
        fixture.write(user, "own");
        let error = fixture.restore(&tree, &[&previous]).unwrap_err();
        assert!(error.to_string().contains(&format!("`{user}` is in the way of")), "{error}");
        assert_eq!((fixture.read(user), fixture.read("y")), ("own".into(), "old".into()));
        fs::remove_file(fixture.at(user)).unwrap();
    }
    fixture.restore_fully(&tree, &[&previous]);
}

#[test]
fn a_users_file_blocks_a_folder_but_a_recorded_one_does_not() {
    let fixture = fixture();
    fixture.write("x/a", "a");
    let tree = fixture.capture(&["x/a"]);
    fixture.empty();
    fixture.write("x", "file");
    let previous = fixture.capture(&["x"]);
    let error = fixture.restore(&tree, &[]).unwrap_err();
    assert!(error.to_string().starts_with("`x` is in the way of the output `x/a`"), "{error}");
    assert_eq!(fixture.restore_fully(&tree, &[&previous]).removed, paths(&["x"]));
}

#[test]
fn nothing_is_written_through_a_link_out_of_the_workspace() {
    let fixture = fixture();
    let outside = fixture.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fixture.write("out/a", "a");
    let implied = fixture.capture(&["out/a"]);
    let named = fixture.capture(&["out", "out/a"]);
    fixture.empty();
    fixture.link("../outside", "out");
    for tree in [&implied, &named] {
        let error = fixture.restore(tree, &[]).unwrap_err();
        assert!(matches!(error, RestoreError::Outside(_)), "{error}");
        assert!(error.to_string().contains("the symbolic link `out`"), "{error}");
        let error = fixture.store_error(&["out/a"]);
        assert!(matches!(error, StoreError::Outside(_)), "{error}");
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(fixture.at("out").is_symlink());

    // A link that the instance made itself gives way.
    let recorded = fixture.capture(&["out"]);
    fixture.restore_fully(&implied, &[&recorded]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!fixture.at("out").is_symlink());
}

impl Fixture {
    fn store_error(&self, names: &[&str]) -> StoreError {
        capture(&self.store, &self.root(), &paths(names)).unwrap_err()
    }
}

#[test]
fn a_link_inside_the_workspace_is_followed_and_stays() {
    let fixture = fixture();
    fs::create_dir(fixture.at("real")).unwrap();
    fixture.link("real", "out");
    fixture.write("out/a", "a");
    fixture.write("out/b", "b");
    let through = fixture.capture(&["out/a", "out/b"]);
    let direct = fixture.capture(&["real/a"]);
    fs::remove_file(fixture.at("real/a")).unwrap();

    fixture.restore_fully(&through, &[]);
    assert_eq!(fixture.read("real/a"), "a");
    assert!(fixture.at("out").is_symlink());

    // The same file by another name is not stale; the other one is.
    let restored = fixture.restore_fully(&direct, &[&through]);
    assert_eq!(restored.removed, paths(&["out/b"]));
    assert_eq!(fixture.read("real/a"), "a");
}

#[test]
fn nothing_is_removed_through_a_link_out_of_the_workspace() {
    let fixture = fixture();
    fixture.write("out/a", "a");
    let previous = fixture.capture(&["out/a"]);
    let outside = fixture.folder.path().join("outside");
    fs::rename(fixture.at("out"), &outside).unwrap();
    fixture.link("../outside", "out");
    let restored = fixture.restore_fully(&Tree::default(), &[&previous]);
    assert_eq!(restored, Restored::default());
    assert!(outside.join("a").exists());
}

#[test]
fn pipes_are_neither_stored_nor_replaced() {
    let fixture = fixture();
    fixture.write("x", "file");
    let tree = fixture.capture(&["x"]);
    fs::remove_file(fixture.at("x")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(fixture.at("x")).status().unwrap();
    assert!(made.success());
    let error = fixture.store_error(&["x"]);
    assert_eq!(
        error.to_string(),
        "The artifact `x` is a named pipe; only files, symbolic links and directories can be stored."
    );
    assert!(matches!(fixture.restore(&tree, &[]).unwrap_err(), RestoreError::Blocked { .. }));
}

#[test]
fn many_files_come_back() {
    let fixture = fixture();
    let names: Vec<String> =
        (0..300).map(|number| format!("out/{}/{number}", number % 7)).collect();
    for name in &names {
        fixture.write(name, name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tree = fixture.capture(&names);
    fixture.empty();
    assert_eq!(fixture.restore_fully(&tree, &[]).written.len(), 300);
    assert_eq!(fixture.read("out/3/17"), "out/3/17");
}

/// Trees of few names, so that they often meet.
fn trees() -> impl Strategy<Value = Vec<(RelativePath, Node)>> {
    let name = prop_oneof![Just("a"), Just("b"), Just("\u{e4}")];
    let place = prop::collection::vec(name, 1..4);
    let node = prop_oneof![
        4 => (0_u8..3, any::<bool>()).prop_map(|(content, executable)| Node::File {
            digest: purlin_model::Digest::of(&[content]),
            size: 1,
            executable,
        }),
        1 => prop_oneof![Just("a"), Just("b/a"), Just("../a")]
            .prop_map(|target| Node::Symlink { target: target.as_bytes().into() }),
        1 => Just(Node::Directory),
    ];
    prop::collection::vec((place.prop_map(|names| path(&names.join("/"))), node), 0..8)
}

/// Leaves out what contradicts the entries before it.
fn possible(entries: Vec<(RelativePath, Node)>) -> Tree {
    let mut kept = Vec::new();
    for entry in entries {
        kept.push(entry);
        if Tree::new(kept.clone()).is_err() {
            kept.pop();
        }
    }
    Tree::new(kept).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn after_a_restore_the_workspace_is_the_tree_and_what_users_made(
        first in trees().prop_map(possible),
        second in trees().prop_map(possible),
        users in prop::collection::vec(0_usize..20, 0..3),
    ) {
        let fixture = fixture();
        for content in 0_u8..3 {
            fixture.store.put_bytes(&[content]).unwrap();
        }
        fixture.restore_fully(&first, &[]);
        // Users put files beside outputs.
        let folders: Vec<PathBuf> = std::iter::once(fixture.root())
            .chain(fixture.listing().iter().map(|path| fixture.root().join(path)))
            .filter(|path| path.is_dir() && !path.is_symlink())
            .collect();
        let mut own = BTreeSet::new();
        for user in users {
            let file = folders[user % folders.len()].join(OsStr::from_bytes(b"own\xff"));
            fs::write(&file, "own").unwrap();
            own.insert(RelativePath::parse(file.strip_prefix(fixture.root()).unwrap()).unwrap());
        }
        let before = fixture.listing();

        match fixture.restore(&second, &[&first]) {
            Ok(_) => {
                let mut expected = own.clone();
                expected.extend(second.entries().iter().map(|(path, _)| path.clone()));
                let implied: Vec<_> = expected.iter().flat_map(RelativePath::ancestors).collect();
                expected.extend(implied);
                let found = fixture.listing();
                prop_assert!(found.is_superset(&expected), "{found:?} lacks some of {expected:?}");
                // Folders that were only implied are nobody's, and stay, with those around them.
                for path in found.difference(&expected) {
                    let recorded = first.get(path) == Some(&Node::Directory);
                    let is_empty = found.iter().filter(|other| other.starts_with(path)).count() == 1;
                    prop_assert!(fixture.root().join(path).is_dir(), "{path} is left");
                    prop_assert!(!(recorded && is_empty), "{path} is left");
                }
                prop_assert_eq!(fixture.restore_fully(&second, &[&second]), Restored::default());
            }
            // Only users' files may stand in the way, and then nothing is changed.
            Err(error) => {
                prop_assert!(!own.is_empty() || matches!(error, RestoreError::Outside(_)), "{error}");
                prop_assert_eq!(fixture.listing(), before);
            }
        }
        for path in own {
            prop_assert_eq!(fs::read(fixture.root().join(&path)).unwrap(), b"own");
        }
    }
}
