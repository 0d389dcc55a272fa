//! What counts of a source in a workspace.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use purlin_fetch::{Snapshot, SourceError, snapshot};
use purlin_store::{Files, Node};
use tempfile::TempDir;

fn workspace(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in files {
        write(folder.path(), path, path);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn index(root: &Path) -> Files {
    Files::open(root.to_owned(), root.join(".purlin/files"))
}

fn look(
    root: &Path,
    path: &str,
    include: &[&str],
    exclude: &[&str],
) -> Result<Snapshot, SourceError> {
    let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    snapshot(&index(root), root, path, &owned(include), &owned(exclude))
}

fn paths(snapshot: &Snapshot) -> Vec<String> {
    snapshot.tree.entries().iter().map(|(path, _)| path.to_string()).collect()
}

fn looked(root: &TempDir, path: &str, include: &[&str], exclude: &[&str]) -> Vec<String> {
    paths(&look(root.path(), path, include, exclude).unwrap())
}

#[test]
fn patterns_choose_below_the_path() {
    let root = workspace(&[
        "top.c",
        "src/a.c",
        "src/a.h",
        "src/deep/b.c",
        "src/deep/er/c.c",
        "src/deep/old/d.c",
        "src/[x]/e.c",
    ]);
    assert_eq!(looked(&root, "src", &["*.h"], &[]), ["a.h"]);
    assert_eq!(looked(&root, "src", &["*.c"], &["deep"]), ["[x]/e.c", "a.c"]);
    assert_eq!(looked(&root, "src", &["/*.c"], &[]), ["a.c"]);
    assert_eq!(
        looked(&root, "src", &["deep/**"], &["old/"]),
        ["deep/b.c", "deep/er/c.c", "deep/old/d.c"]
    );
    assert_eq!(looked(&root, "src", &["deep/**"], &["**/old"]), ["deep/b.c", "deep/er/c.c"]);
    assert_eq!(looked(&root, "src", &["*.c", "!*/e.c"], &["deep/**"]), ["a.c"]);
    assert_eq!(looked(&root, "src/[x]", &[], &[]), ["e.c"]);
    assert_eq!(looked(&root, "./src/deep/er/", &[], &[]), ["c.c"]);
    assert_eq!(looked(&root, ".", &["*.c"], &["src"]), ["top.c"]);
    assert_eq!(looked(&root, "src/a.c", &[], &[]), ["a.c"]);
}

#[test]
fn what_git_ignores_does_not_count() {
    let root = workspace(&["src/a.c", "src/out/a.o", "src/b.o", "src/sub/c.o"]);
    write(root.path(), ".gitignore", "*.o\n");
    write(root.path(), "src/sub/.gitignore", "!c.o\n");
    assert_eq!(looked(&root, "src", &[], &[]), ["a.c", "sub/.gitignore", "sub/c.o"]);
    assert_eq!(looked(&root, "src", &["b.o", "*.c"], &[]), ["a.c", "b.o"]);
    let error = look(root.path(), "src/out", &[], &[]).unwrap_err();
    assert_eq!(error.to_string(), "Nothing in `src/out` counts as its source.");
}

#[test]
fn content_names_and_the_executable_bit_count_and_nothing_else() {
    let (one, other) = (workspace(&["src/a", "src/b"]), workspace(&[]));
    for name in ["src/a", "src/b"] {
        write(other.path(), &format!("elsewhere/{name}"), name);
    }
    let digest = |root: &TempDir, path: &str| look(root.path(), path, &[], &[]).unwrap().digest();
    let first = digest(&one, "src");
    assert_eq!(digest(&other, "elsewhere/src"), first);
    write(one.path(), "other/file", "");
    fs::create_dir(one.path().join("src/empty")).unwrap();
    fs::set_permissions(one.path().join("src/a"), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(digest(&one, "src"), first);
    fs::set_permissions(one.path().join("src/a"), Permissions::from_mode(0o700)).unwrap();
    let executable = digest(&one, "src");
    assert_ne!(executable, first);
    fs::rename(one.path().join("src/b"), one.path().join("src/c")).unwrap();
    assert_ne!(digest(&one, "src"), executable);
}

#[test]
fn unchanged_files_are_not_read_again() {
    let root = workspace(&["src/a", "src/b", "src/c/d"]);
    let began = Instant::now();
    loop {
        let files = index(root.path());
        let found = snapshot(&files, root.path(), "src", &[], &[]).unwrap();
        files.save().unwrap();
        assert_eq!(paths(&found), ["a", "b", "c/d"]);
        if files.hashed() == 0 {
            break;
        }
        // A file that is too young may change again without a trace.
        assert!(began.elapsed() < Duration::from_secs(20), "they are read each time");
        sleep(Duration::from_millis(50));
    }
    write(root.path(), "src/b", "changed");
    let files = index(root.path());
    snapshot(&files, root.path(), "src", &[], &[]).unwrap();
    assert_eq!(files.hashed(), 1);
}

#[test]
fn links_are_kept_where_they_stay_inside() {
    let root = workspace(&["src/a", "src/sub/b", "shared/licence"]);
    let at = |path: &str| root.path().join(path);
    symlink("../a", at("src/sub/inside")).unwrap();
    symlink("sub", at("src/folder")).unwrap();
    symlink("nowhere", at("src/dangling")).unwrap();
    symlink("../shared/licence", at("src/licence")).unwrap();
    let found = look(root.path(), "src", &[], &[]).unwrap();
    let kinds: Vec<String> = found
        .tree
        .entries()
        .iter()
        .map(|(path, node)| match node {
            Node::Symlink { target } => format!("{path} -> {}", String::from_utf8_lossy(target)),
            _ => path.to_string(),
        })
        .collect();
    assert_eq!(
        kinds,
        ["a", "dangling -> nowhere", "folder -> sub", "licence", "sub/b", "sub/inside -> ../a"]
    );
    let into = at("copy");
    found.copy(root.path(), &into).unwrap();
    assert_eq!(fs::read_to_string(into.join("licence")).unwrap(), "shared/licence");
    assert!(!into.join("licence").is_symlink());
    assert_eq!(fs::read_to_string(into.join("folder/b")).unwrap(), "src/sub/b");

    symlink("../shared", at("src/out")).unwrap();
    let error = look(root.path(), "src", &[], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The link `out` leads out of its source, to `../shared`, which is no file."
    );
    assert_eq!(look(root.path(), "src", &[], &["out"]).unwrap().digest(), found.digest());
}

#[test]
fn a_copy_is_what_was_looked_at() {
    let root = workspace(&["src/a", "src/deep/er/b"]);
    fs::set_permissions(root.path().join("src/a"), Permissions::from_mode(0o700)).unwrap();
    let found = look(root.path(), "src", &[], &[]).unwrap();
    let into = root.path().join("copy");
    found.copy(root.path(), &into).unwrap();
    let mode = |path: &str| fs::metadata(into.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("a"), mode("deep/er/b"), mode("deep")), (0o755, 0o644, 0o755));
    for path in ["", "a", "deep", "deep/er", "deep/er/b"] {
        assert_eq!(fs::metadata(into.join(path)).unwrap().mtime(), 315_619_200, "{path}");
    }
    assert_eq!(look(root.path(), "copy", &[], &[]).unwrap().digest(), found.digest());

    write(root.path(), "src/deep/er/b", "changed");
    let error = found.copy(root.path(), &root.path().join("again")).unwrap_err();
    assert_eq!(error.to_string(), "`deep/er/b` has changed while it was copied.");
    fs::remove_file(root.path().join("src/a")).unwrap();
    let error = found.copy(root.path(), &root.path().join("third")).unwrap_err();
    assert_eq!(error.to_string(), "`a` has changed while it was copied.");
}

#[test]
fn what_cannot_be_a_source_is_told() {
    let root = workspace(&["src/a"]);
    let told = |path: &str, include: &[&str], exclude: &[&str]| {
        look(root.path(), path, include, exclude).unwrap_err().to_string()
    };
    assert_eq!(told("gone", &[], &[]), "There is no `gone` in the workspace.");
    assert_eq!(told("../a", &[], &[]), "`../a` is no path in the workspace.");
    assert_eq!(told("/a", &[], &[]), "`/a` is no path in the workspace.");
    assert_eq!(told("src", &["*.c"], &[]), "Nothing in `src` counts as its source.");
    assert!(told("src", &["[a"], &[]).contains("[a"), "{}", told("src", &["[a"], &[]));
    assert_eq!(told("src", &[], &["!a"]), "`!a` in `exclude` would take something in again.");
}
