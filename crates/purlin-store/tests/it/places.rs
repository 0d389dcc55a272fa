//! Folders that cannot be written.

use std::path::{Path, PathBuf};
use std::process::Command;

use purlin_store::{RelativePath, RestoreError, Store, capture, restore, write_atomically};

/// A small file system of its own, unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    /// `None`, with a line that says so, where this user may not mount.
    fn new(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "purlin-test"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            #[expect(clippy::print_stdout, reason = "what is not tested is told")]
            {
                println!("SKIPPED: mounting a tmpfs is not permitted here");
            }
            return None;
        }
        Some(Self(folder.to_owned()))
    }

    fn make_read_only(&self) {
        let remounted =
            Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(remounted.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_environmental_and_leaves_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(&folder.path().join("small")) else { return };
    let store = Store::open(mount.0.join("cache"));
    let first = store.put_bytes(b"fits").unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, vec![1; 1_000_000]).unwrap();

    let errors = [
        store.put_file(&file).unwrap_err(),
        store.put_bytes(&vec![2; 1_000_000]).unwrap_err(),
        write_atomically(&mount.0.join("record"), &vec![3; 1_000_000], "record").unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_environmental(), "{error}");
        assert!(error.to_string().contains("No space left"), "{error}");
    }
    assert_eq!(std::fs::read_dir(mount.0.join("cache/v1/tmp")).unwrap().count(), 0);
    assert!(!mount.0.join("record").exists());
    assert_eq!(store.bytes(first).unwrap().unwrap(), b"fits");
    store.put_bytes(b"fits too").unwrap();
}

#[test]
fn a_full_workspace_is_environmental_and_keeps_the_old_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(&folder.path().join("small")) else { return };
    let made = folder.path().join("made");
    std::fs::create_dir(&made).unwrap();
    std::fs::write(made.join("a"), "new").unwrap();
    std::fs::write(made.join("b"), vec![1; 1_000_000]).unwrap();
    let store = Store::open(folder.path().join("cache"));
    let paths = ["a", "b"].map(|name| RelativePath::parse(name).unwrap());
    let tree = capture(&store, &made, &paths).unwrap();

    std::fs::write(mount.0.join("a"), "old").unwrap();
    let error =
        restore(&store, &mount.0, &mount.0.join("tmp"), &tree, Some(&tree), &|_| None).unwrap_err();
    assert!(error.is_environmental() && matches!(error, RestoreError::Store(_)), "{error}");
    assert_eq!(std::fs::read(mount.0.join("a")).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(mount.0.join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_read_only_store_still_gives_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(&folder.path().join("small")) else { return };
    let store = Store::open(mount.0.join("cache"));
    let digest = store.put_bytes(b"content").unwrap();
    let damaged = store.put_bytes(b"damaged").unwrap();
    let name = damaged.to_hex();
    std::fs::write(mount.0.join("cache/v1/blobs").join(&name[..2]).join(&name), "dam").unwrap();
    mount.make_read_only();

    assert_eq!(store.bytes(digest).unwrap().unwrap(), b"content");
    assert_eq!(store.put_bytes(b"content").unwrap(), digest);
    let error = store.put_bytes(b"more").unwrap_err();
    assert!(error.is_environmental(), "{error}");
    assert!(error.to_string().contains("Read-only file system"), "{error}");
    let error = store.bytes(damaged).unwrap_err();
    assert!(
        matches!(error, purlin_store::StoreError::Damaged { removed: false, .. }),
        "it cannot be removed: {error}"
    );
}

#[test]
fn an_output_folder_on_another_file_system_is_restored_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("out")).unwrap();
    std::fs::write(root.join("out/a"), "content").unwrap();
    std::os::unix::fs::symlink("a", root.join("out/link")).unwrap();
    let store = Store::open(folder.path().join("cache"));
    let paths = ["out/a", "out/link"].map(|name| RelativePath::parse(name).unwrap());
    let tree = capture(&store, &root, &paths).unwrap();

    let Some(mount) = Mount::new(&root.join("out")) else { return };
    std::fs::write(mount.0.join("a"), "old").unwrap();
    restore(&store, &root, &root.join("tmp"), &tree, Some(&tree), &|_| None).unwrap();
    assert_eq!(std::fs::read(root.join("out/link")).unwrap(), b"content");
    assert_eq!(std::fs::read_dir(&mount.0).unwrap().count(), 2);
}
