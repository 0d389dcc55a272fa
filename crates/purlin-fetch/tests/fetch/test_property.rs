//! Whatever an archive says, nothing is written elsewhere.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use purlin_fetch::{Limits, Watch, unpack};
use tar::EntryType;

use crate::support::files;
use crate::test_unpack::Tar;

fn name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just("a"), 4 => Just("b"), 2 => Just("c"), 3 => Just(".."), 1 => Just("."), 1 => Just(""),
    ];
    (prop::bool::weighted(0.05), prop::collection::vec(part, 1..5)).prop_map(|(absolute, parts)| {
        format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
    })
}

fn kind() -> impl Strategy<Value = EntryType> {
    prop_oneof![
        4 => Just(EntryType::Regular),
        4 => Just(EntryType::Symlink),
        2 => Just(EntryType::Link),
        2 => Just(EntryType::Directory),
        1 => Just(EntryType::Fifo),
    ]
}

/// Fails if anything in `tree` leads out of it.
fn check(tree: &Path) {
    let root = tree.canonicalize().unwrap();
    for path in files(tree) {
        match path.canonicalize() {
            Ok(real) => {
                assert!(real.starts_with(&root), "{} is {}", path.display(), real.display());
            }
            // Nowhere, or round in a circle.
            Err(_) => assert!(path.is_symlink()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_written_outside(entries in prop::collection::vec((kind(), name(), name()), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        // Two levels, so that also what goes up more than once is seen.
        let above = folder.path().join("one/two");
        fs::create_dir_all(&above).unwrap();
        fs::write(above.join("a"), "mine").unwrap();
        fs::write(folder.path().join("one/b"), "mine").unwrap();
        let mut tar = Tar::new();
        for (kind, name, target) in &entries {
            let target = if matches!(kind, EntryType::Symlink | EntryType::Link) { target } else { "" };
            let content: &[u8] = if *kind == EntryType::Regular { b"theirs" } else { b"" };
            tar = tar.add(*kind, name.as_bytes(), target.as_bytes(), content);
        }
        let archive = folder.path().join("archive");
        fs::write(&archive, tar.bytes()).unwrap();
        let into = above.join("tree");
        let result = unpack(&archive, "a.tar", &into, &Limits::default(), &Watch::silent());

        prop_assert_eq!(fs::read_to_string(above.join("a")).unwrap(), "mine");
        prop_assert_eq!(fs::read_to_string(folder.path().join("one/b")).unwrap(), "mine");
        prop_assert_eq!(into.exists(), result.is_ok());
        let count = |path: &Path| fs::read_dir(path).unwrap().count();
        prop_assert_eq!(count(&above), 1 + usize::from(result.is_ok()));
        prop_assert_eq!(count(&folder.path().join("one")), 2);
        prop_assert_eq!(count(folder.path()), 2);
        if result.is_ok() {
            check(&into);
        }
    }
}
