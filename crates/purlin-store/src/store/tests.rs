use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::{Chunk, Node, RelativePath, Stream, Tree};

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("cache"));
    Fixture { folder, store }
}

impl Fixture {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }
}

fn key(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn result(store: &Store) -> ActionResult {
    let content = b"report";
    let digest = store.put_bytes(content).unwrap();
    let file = Node::File { digest, size: 6, executable: false };
    ActionResult {
        version: ActionResult::VERSION,
        instance: "check@root".to_owned(),
        exit_code: Some(0),
        signal: None,
        stdout: store.put_bytes(b"out").unwrap(),
        stderr: store.put_bytes(b"").unwrap(),
        chunks: vec![Chunk { ms: 3, stream: Stream::Stdout, bytes: 3 }],
        tree: Tree::new(vec![(RelativePath::from_bytes(b"out/\xff").unwrap(), file)]).unwrap(),
        created: 1_700_000_000,
        duration_ms: 12,
    }
}

fn damage(error: StoreError) -> (Digest, bool) {
    match error {
        StoreError::Damaged { digest, removed, .. } => (digest, removed),
        other => panic!("not damage: {other}"),
    }
}

#[test]
fn contents_come_back_whatever_their_size() {
    let fixture = fixture();
    for size in [0, 1, 1000, crate::copy::SMALL, crate::copy::SMALL + 1, 1_000_003] {
        let content: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let (digest, length) = fixture.store.put_file(&fixture.file("in", &content)).unwrap();
        assert_eq!((digest, length), (Digest::of(&content), size));
        assert!(fixture.store.contains(digest, size));
        assert_eq!(fixture.store.bytes(digest).unwrap().unwrap(), content);

        for executable in [false, true] {
            let to = fixture.path("out");
            assert!(fixture.store.fetch(digest, &to, executable).unwrap());
            assert_eq!(fs::read(&to).unwrap(), content);
            let mode = fs::metadata(&to).unwrap().permissions().mode();
            assert_eq!(mode & 0o100 != 0, executable, "{mode:o}");
            fs::remove_file(&to).unwrap();
        }
    }
}

#[test]
fn opening_and_asking_make_nothing() {
    let fixture = fixture();
    let store = Store::open(fixture.path("a/b/cache"));
    assert_eq!(store.result(key("k")).unwrap(), None);
    assert_eq!(store.bytes(key("k")).unwrap(), None);
    assert!(!store.fetch(key("k"), &fixture.path("out"), false).unwrap());
    assert_eq!(store.results().unwrap().count(), 0);
    assert_eq!(store.clear().unwrap(), Cleared::default());
    assert_eq!(fs::read_dir(fixture.folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_there_is_not_written_again_unless_it_is_cut_off() {
    let fixture = fixture();
    let big = fixture.file("big", &vec![7; 300_000]);
    for put in [&|| fixture.store.put_bytes(b"content").unwrap(), &|| {
        fixture.store.put_file(&big).unwrap().0
    }] as [&dyn Fn() -> Digest; 2]
    {
        let path = fixture.store.blob_path(put());
        let inode = fs::metadata(&path).unwrap().ino();
        put();
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode);

        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        let digest = put();
        assert!(fixture.store.bytes(digest).unwrap().is_some());
    }
    assert_eq!(fs::read_dir(fixture.path("cache/v1/tmp")).unwrap().count(), 0);
}

#[test]
fn a_damaged_content_is_reported_dropped_and_then_absent() {
    for damaged in [&b"conten"[..], b"", b"Content", b"content and more"] {
        let fixture = fixture();
        let digest = fixture.store.put_bytes(b"content").unwrap();
        let to = fixture.path("out");
        let spoil = || fs::write(fixture.store.blob_path(digest), damaged).unwrap();

        spoil();
        assert_eq!(damage(fixture.store.bytes(digest).unwrap_err()), (digest, true));
        assert_eq!(fixture.store.bytes(digest).unwrap(), None);

        fixture.store.put_bytes(b"content").unwrap();
        spoil();
        let error = fixture.store.fetch(digest, &to, false).unwrap_err();
        assert_eq!(damage(error), (digest, true));
        assert!(!to.exists());
        assert!(!fixture.store.fetch(digest, &to, false).unwrap());
    }
}

#[test]
fn results_come_back() {
    let fixture = fixture();
    let result = result(&fixture.store);
    fixture.store.put_result(key("k"), &result).unwrap();
    assert_eq!(fixture.store.result(key("k")).unwrap(), Some(result.clone()));
    assert_eq!(fixture.store.result(key("other")).unwrap(), None);

    let newer = ActionResult { duration_ms: 1, ..result };
    fixture.store.put_result(key("k"), &newer).unwrap();
    assert_eq!(fixture.store.result(key("k")).unwrap(), Some(newer));
}

#[test]
fn every_cut_and_every_changed_byte_of_a_result_is_noticed() {
    let fixture = fixture();
    let result = result(&fixture.store);
    fixture.store.put_result(key("k"), &result).unwrap();
    let path = fixture.store.action_path(key("k"));
    let whole = fs::read(&path).unwrap();

    // The last byte is only the end of a line.
    let cuts = (0..whole.len() - 1).map(|length| whole[..length].to_vec());
    let changes = (0..whole.len() - 1).map(|place| {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        changed
    });
    for damaged in cuts.chain(changes) {
        fs::write(&path, &damaged).unwrap();
        let error = fixture.store.result(key("k")).expect_err("it is damaged");
        assert_eq!(damage(error), (key("k"), true));
        assert_eq!(fixture.store.result(key("k")).unwrap(), None);
    }
}

#[test]
fn a_result_under_a_wrong_name_is_damaged_and_one_of_another_version_absent() {
    let fixture = fixture();
    let result = result(&fixture.store);
    fixture.store.put_result(key("k"), &result).unwrap();
    fixture.store.put_result(key("other"), &result).unwrap();
    fs::copy(fixture.store.action_path(key("k")), fixture.store.action_path(key("other"))).unwrap();
    damage(fixture.store.result(key("other")).unwrap_err());

    let future = ActionResult { version: ActionResult::VERSION + 1, ..result };
    fixture.store.put_result(key("k"), &future).unwrap();
    assert_eq!(fixture.store.result(key("k")).unwrap(), None);
}

#[test]
fn results_are_listed_with_what_they_take() {
    let fixture = fixture();
    let result = result(&fixture.store);
    for name in ["one", "two", "three"] {
        fixture.store.put_result(key(name), &result).unwrap();
    }
    fs::write(fixture.store.action_path(key("two")), "{}").unwrap();
    fs::write(fixture.path("cache/v1/actions/notes"), "mine").unwrap();

    let (good, bad): (Vec<_>, Vec<_>) = fixture.store.results().unwrap().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (2, 1));
    let Kept { key: found, result: listed, bytes, .. } = good.into_iter().next().unwrap().unwrap();
    assert_eq!(listed, result);
    let entry = fs::metadata(fixture.store.action_path(found)).unwrap().len();
    assert_eq!(bytes, entry + 6 + 3);
}

#[test]
fn clearing_removes_all_entries_and_nothing_else() {
    let fixture = fixture();
    let result = result(&fixture.store);
    fixture.store.put_result(key("k"), &result).unwrap();
    let foreign = fixture.path("cache/v1/blobs/notes");
    fs::write(&foreign, "mine").unwrap();

    let cleared = fixture.store.clear().unwrap();
    assert_eq!((cleared.results, cleared.blobs), (1, 3));
    assert!(cleared.bytes > 9);
    assert_eq!(fixture.store.result(key("k")).unwrap(), None);
    assert!(fixture.store.bytes(result.stdout).unwrap().is_none());
    assert!(foreign.exists());
    assert_eq!(fs::read_dir(fixture.path("cache/v1/blobs")).unwrap().count(), 1);
}

#[test]
fn several_may_store_fetch_and_clear_at_once() {
    let fixture = fixture();
    let big = fixture.file("big", &vec![7; 200_000]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (store, big) = (fixture.store.clone(), &big);
            scope.spawn(move || {
                for round in 0..20 {
                    let result = result(&store);
                    store.put_file(big).unwrap();
                    store.put_result(key("k"), &result).unwrap();
                    // Another thread may have cleared it meanwhile, but nothing is ever torn.
                    if let Some(found) = store.result(key("k")).unwrap() {
                        assert_eq!(found, result);
                    }
                    if let Some(bytes) = store.bytes(result.stdout).unwrap() {
                        assert_eq!(bytes, b"out");
                    }
                    if round % 5 == 4 {
                        store.clear().unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(fs::read_dir(fixture.path("cache/v1/tmp")).unwrap().count(), 0);
}

#[test]
fn entries_are_not_writable_for_others() {
    let fixture = fixture();
    let result = result(&fixture.store);
    fixture.store.put_result(key("k"), &result).unwrap();
    let file = fixture.store.action_path(key("k"));
    let blob = fixture.store.blob_path(result.stdout);
    for path in [&file, &blob, &fixture.path("cache/v1"), &fixture.path("cache/v1/tmp")] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "{} {mode:o}", path.display());
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_environmental() {
    let fixture = fixture();
    let sound = result(&fixture.store);
    let store = Store::open(fixture.file("file", b""));
    let errors = [
        store.put_bytes(b"x").unwrap_err(),
        store.put_file(&fixture.file("in", b"x")).unwrap_err(),
        store.put_result(key("k"), &sound).unwrap_err(),
        store.result(key("k")).unwrap_err(),
        store.bytes(key("k")).unwrap_err(),
        store.clear().unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_environmental(), "{error}");
        assert!(error.to_string().contains("/file"), "{error}");
    }
}

#[test]
fn an_artifact_that_cannot_be_read_is_not_the_fault_of_the_store() {
    let fixture = fixture();
    let error = fixture.store.put_file(&fixture.path("missing")).unwrap_err();
    assert!(matches!(error, StoreError::Artifact { .. }) && !error.is_environmental());
    assert!(error.to_string().contains("missing`: No such file"), "{error}");
}

#[test]
fn only_what_is_what_it_should_be_is_adopted() {
    let fixture = fixture();
    let (good, digest) = (b"good".as_slice(), Digest::of(b"good"));
    let scratch = fixture.store.scratch().unwrap();
    let place = |name: &str| scratch.folder().join(name);
    fs::write(place("good"), good).unwrap();
    fs::write(place("other"), "evil").unwrap();
    fs::write(place("longer"), "goodgood").unwrap();
    fs::write(place("elsewhere"), good).unwrap();
    std::os::unix::fs::symlink("elsewhere", place("link")).unwrap();
    fs::create_dir(place("folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
    let names = ["other", "longer", "link", "folder", "pipe", "missing"];
    let files: Vec<_> = names.map(|name| (place(name), digest, 4)).into();
    assert_eq!(fixture.store.adopt(&files).unwrap(), [false; 6]);
    assert_eq!(fixture.store.adopt(&[(place("good"), digest, 5)]).unwrap(), [false]);
    assert_eq!(fixture.store.bytes(digest).unwrap(), None);

    assert_eq!(fixture.store.adopt(&[(place("good"), digest, 4)]).unwrap(), [true]);
    assert_eq!(fixture.store.bytes(digest).unwrap().unwrap(), good);
    // What is there already is not needed again.
    assert_eq!(fixture.store.adopt(&[(place("elsewhere"), digest, 4)]).unwrap(), [true]);

    let lent = [
        (digest, 4, place("lent")),
        (digest, 5, place("wrong")),
        (Digest::of(b"?"), 1, place("unknown")),
    ];
    assert_eq!(fixture.store.lend(&lent).unwrap(), [true, false, false]);
    assert_eq!(fs::read(place("lent")).unwrap(), good);
    let folder = scratch.folder().to_owned();
    drop(scratch);
    assert!(!folder.exists());
    assert_eq!(fixture.store.bytes(digest).unwrap().unwrap(), good);
}

#[test]
fn a_result_survives_its_bytes_and_nothing_else_is_one() {
    let fixture = fixture();
    let result = result(&fixture.store);
    let bytes = result.encode(key("k")).unwrap();
    assert_eq!(ActionResult::decode(&bytes, key("k")), Ok(Some(result.clone())));
    assert!(ActionResult::decode(&bytes, key("other")).is_err());
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for bad in [b"".as_slice(), &bytes[..bytes.len() / 2], &flipped] {
        assert!(ActionResult::decode(bad, key("k")).is_err());
    }
    let newer = ActionResult { version: ActionResult::VERSION + 1, ..result };
    let bytes = newer.encode(key("k")).unwrap();
    assert_eq!(ActionResult::decode(&bytes, key("k")), Ok(None));
}

#[test]
fn a_temporary_store_leaves_nothing() {
    let fixture = fixture();
    let temporary = crate::TemporaryStore::new_in(&fixture.path("tmp"));
    assert!(!fixture.path("tmp").exists());
    temporary.store().put_bytes(b"content").unwrap();
    assert!(fixture.path("tmp").exists());
    drop(temporary);
    assert_eq!(fs::read_dir(fixture.path("tmp")).unwrap().count(), 0);
}
