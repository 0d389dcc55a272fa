use std::path::PathBuf;

use super::*;

fn entry(number: u64) -> Entry {
    let time = |seconds| Time { seconds, nanoseconds: 7 };
    let stamp = Stamp { size: number, modified: time(-1), changed: time(5), inode: number };
    Entry { stamp, digest: Digest::of(&number.to_le_bytes()) }
}

fn relative(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

fn entries(names: &[String]) -> HashMap<RelativePath, Entry> {
    names.iter().zip(0..).map(|(name, number)| (relative(name), entry(number))).collect()
}

/// A workspace with an index of the given names, of which files exist.
fn written(names: &[String]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let index = folder.path().join("index");
    write(&index, None, &entries(names), folder.path()).unwrap();
    (folder, index)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("file {number}")).collect()
}

#[test]
fn entries_are_found_in_any_order() {
    let names = names(200);
    let (_folder, path) = written(&names);
    let index = Index::open(&path).unwrap();
    let mut sorted: Vec<_> = names.iter().zip(0..).collect();
    sorted.sort();
    for stride in [1, 7, 150] {
        let mut cursor = index.cursor();
        for (name, number) in sorted.iter().step_by(stride) {
            assert_eq!(cursor.find(name.as_bytes()), Some(entry(*number)));
            assert_eq!(cursor.find(b"file 1x"), None);
            assert_eq!(cursor.find(name.as_bytes()), Some(entry(*number)));
        }
        assert_eq!(cursor.find(b"zzz"), None);
        assert_eq!(cursor.find(b"a"), None);
    }
}

#[test]
fn damage_never_gives_a_wrong_entry() {
    let names = names(5);
    let known = entries(&names);
    let (folder, whole) = written(&names);
    let bytes = fs::read(&whole).unwrap();
    let damaged = folder.path().join("damaged");
    let (mut lost, mut turn) = (0, 0);
    let mut check = |bytes: &[u8]| {
        // In place it would be flushed to the disk.
        let _ = fs::remove_file(&damaged);
        fs::write(&damaged, bytes).unwrap();
        let Some(index) = Index::open(&damaged) else {
            lost += known.len();
            return;
        };
        let mut cursor = index.cursor();
        for (path, expected) in &known {
            match cursor.find(path.as_bytes()) {
                Some(found) => assert_eq!(found, *expected),
                None => lost += 1,
            }
        }
        // What is merged from it is undamaged as well; that is slow to try each time.
        turn += 1;
        if turn % 13 != 0 {
            return;
        }
        let merged = folder.path().join(format!("merged {turn}"));
        write(&merged, Some(&index), &HashMap::new(), folder.path()).unwrap();
        let merged = Index::open(&merged).unwrap();
        for place in 0..merged.count {
            let path = RelativePath::from_bytes(merged.path(place)).unwrap();
            assert_eq!(merged.entry(place), known.get(&path).copied());
        }
    };
    for place in 0..bytes.len() {
        check(&bytes[..place]);
        for bit in [0, 7] {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            check(&flipped);
        }
        let mut zeroed = bytes.clone();
        zeroed[place..].fill(0);
        check(&zeroed);
    }
    assert!(lost > bytes.len(), "the damage did something");
}

#[test]
fn what_another_process_wrote_stays() {
    let (folder, path) = written(&names(2));
    let mine = Index::open(&path).unwrap();
    let others = [("other", 10), ("file 0", 11)];
    let fresh = others.map(|(name, number)| (relative(name), entry(number))).into();
    write(&path, Some(&mine), &fresh, folder.path()).unwrap();
    let fresh = [(relative("mine"), entry(12))].into();
    write(&path, Some(&mine), &fresh, folder.path()).unwrap();
    let index = Index::open(&path).unwrap();
    for (name, number) in [("other", 10), ("file 0", 11), ("file 1", 1), ("mine", 12)] {
        assert_eq!(index.cursor().find(name.as_bytes()), Some(entry(number)), "{name}");
    }
}

#[test]
fn vanished_files_are_dropped_when_the_index_has_doubled() {
    let gone = names(1_500);
    let (folder, path) = written(&gone);
    let index = Index::open(&path).unwrap();
    assert_eq!((index.count, index.floor), (1_500, 1_500));
    for name in &gone[1..] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let fresh =
        |count| (0..count).map(|number| (relative(&format!("new {number}")), entry(1))).collect();
    write(&path, None, &fresh(100), folder.path()).unwrap();
    assert_eq!(Index::open(&path).unwrap().count, 1_600, "not yet");
    write(&path, None, &fresh(2_600), folder.path()).unwrap();
    let index = Index::open(&path).unwrap();
    assert_eq!((index.count, index.floor), (2_601, 2_601));
    assert_eq!(index.cursor().find(b"file 0"), Some(entry(0)));
}

#[test]
fn another_version_is_no_index() {
    let (_folder, path) = written(&names(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] += 1;
    let sum = crc32fast::hash(&bytes[..36]);
    bytes[36..40].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    assert!(Index::open(&path).is_none());
}
