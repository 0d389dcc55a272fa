//! The folder mapping.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use purlin_definitions::{Mapped, map_folder};
use serde_json::Value as Json;

use crate::world::{told, world, write};

fn mapped(mapped: &Mapped, root: &Path) -> Vec<String> {
    let files = mapped.files().into_iter();
    let shown = files.map(|(path, file)| {
        format!("{} {}", path.join("/"), file.path.strip_prefix(root).unwrap().display())
    });
    shown.collect()
}

fn make(root: &Path, tree: &Json) {
    for (name, below) in tree.as_object().unwrap() {
        let name = name.replace(".nix", ".star");
        match below {
            Json::Null => write(root, &name, ""),
            below => make(&root.join(name), below),
        }
    }
}

#[test]
fn recorded_folders_are_mapped_alike_and_no_name_vanishes() {
    let text = include_str!("../../../../tests/cases/capacitor/neutral.json");
    let cases: Vec<Json> = serde_json::from_str(text).unwrap();
    let cases: Vec<&Json> = cases.iter().filter(|case| case["kind"] == "mapping").collect();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join("r"), &case["tree"]);
        let found = mapped(&map_folder(folder.path(), "r"), folder.path());
        let expected = case["expect"].as_object().unwrap().iter();
        let mut expected: Vec<String> = expected
            .map(|(name, file)| {
                format!("{name} r/{}", file.as_str().unwrap().replace(".nix", ".star"))
            })
            .collect();
        if case["case"] == 37 {
            // There, files called `path` and `type` vanished.
            expected.extend(["path r/path.star".to_owned(), "type r/type.star".to_owned()]);
        }
        expected.sort_unstable();
        assert_eq!(found, expected, "{case}");
    }
}

/// Recorded case 23.
#[test]
fn folders_with_a_default_are_one_definition_and_projects_are_not_entered() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for path in [
        "r/x/default.star",
        "r/x/helper.star",
        "r/x/deep/ignored.star",
        "r/y/default.toml",
        "r/n/one.toml",
        "r/n/two.star",
        "r/n/note.md",
        "r/.hidden/a.star",
        "r/project/purlin.toml",
        "r/project/a.star",
        "r/default.star",
        "r/path.star",
    ] {
        write(root, path, "");
    }
    fs::create_dir(root.join("r/empty")).unwrap();
    let found = map_folder(root, "r");
    assert_eq!(
        mapped(&found, root),
        [
            "default r/default.star",
            "n/one r/n/one.toml",
            "n/two r/n/two.star",
            "path r/path.star",
            "x r/x/default.star",
            "y r/y/default.toml",
        ]
    );
    assert_eq!(found.diagnostics, []);
    assert!(map_folder(root, "nowhere").is_missing);
}

#[test]
fn links_are_followed_inside_of_the_workspace_and_circles_are_found() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret/s.star", "");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "elsewhere/a.star", "");
    write(root, "r/n/b.star", "");
    symlink("../elsewhere", root.join("r/inside")).unwrap();
    symlink("../elsewhere/a.star", root.join("r/file.star")).unwrap();
    symlink(outside.path().join("secret"), root.join("r/outside")).unwrap();
    symlink(outside.path().join("secret/s.star"), root.join("r/out.star")).unwrap();
    symlink("..", root.join("r/n/circle")).unwrap();
    symlink("nothing", root.join("r/broken.star")).unwrap();
    let found = map_folder(root, "r");
    assert_eq!(
        mapped(&found, root),
        ["file r/file.star", "inside/a r/inside/a.star", "n/b r/n/b.star"]
    );
    let told: Vec<&str> = found.diagnostics.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(
        told,
        [
            "r/broken.star is a link to nothing",
            "r/n/circle leads back to a folder above it",
            "r/out.star leads out of the workspace",
            "r/outside leads out of the workspace",
        ]
    );
}

#[test]
fn links_that_multiply_folders_end_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "r/z.star", "");
    for level in 0..31 {
        let here = root.join(format!("x/d{level}"));
        fs::create_dir_all(&here).unwrap();
        for name in ["a", "b"] {
            symlink(format!("../d{}", level + 1), here.join(name)).unwrap();
        }
    }
    fs::create_dir(root.join("x/d31")).unwrap();
    symlink("../x/d0", root.join("r/boom")).unwrap();
    let found = map_folder(root, "r");
    assert_eq!(mapped(&found, root), ["z r/z.star"]);
    let told: Vec<&str> = found.diagnostics.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(told, ["folder-depth", "folder-size"]);
}

#[test]
fn a_project_is_no_folder_of_definitions_and_other_files_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "purlin.toml", "");
    write(root, "sub/purlin.toml", "");
    write(root, "sub/a.star", "");
    let found = map_folder(root, "sub");
    assert_eq!(mapped(&found, root), Vec::<String>::new());
    assert_eq!(found.diagnostics[0].summary, "sub is a project of its own");
    assert_eq!(mapped(&map_folder(root, "."), root), Vec::<String>::new());

    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", "a line that nobody is to see\n");
    let secret = outside.path().join("secret");
    for (target, expected) in [
        (secret.to_str().unwrap(), "purlin.star leads out of the workspace"),
        ("nothing", "purlin.star is a link to nothing"),
        ("sub", "purlin.star is not a file"),
    ] {
        let made = world(&[("sub/a.star", "")]);
        symlink(target, made.folder.path().join("purlin.star")).unwrap();
        let told: Vec<String> =
            made.workspace.check().iter().map(|one| one.summary.clone()).collect();
        assert_eq!(told, [expected, "there is no folder pkgs"]);
    }
}

#[test]
fn names_that_are_no_text_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "r/a.star", "");
    fs::write(root.join("r").join(OsStr::from_bytes(b"\xff.star")), "").unwrap();
    let found = map_folder(root, "r");
    assert_eq!(mapped(&found, root), ["a r/a.star"]);
    assert_eq!(found.diagnostics[0].code, "not-utf-8");
}

#[test]
fn a_folder_and_a_file_of_one_name_exclude_each_other() {
    let world = world(&[
        ("pkgs/both.star", "def default():"),
        ("pkgs/both/default.star", "def default():"),
    ]);
    insta::assert_snapshot!(told(&world.error("pkg.x86_64-linux.both")), @r#"
    error: there are 2 of `pkg.both`
      pkgs/both/default.star:1:1 a definition of the workspace, through `folder`
      pkgs/both.star:1:1 a definition of the workspace, through `folder`
      = They have the same priority, 200, so that none counts more.
      = rename one of them, or give one a smaller `priority`
    "#);
}

#[test]
fn no_file_is_opened_for_a_name() {
    let world = world(&[("pkgs/a.star", "def default():"), ("pkgs/n/b.star", "this is wrong")]);
    let names = world.show("pkg.x86_64-linux");
    assert_eq!(names, serde_json::json!({"a": {"$type": "thing"}, "n/b": {"$type": "thing"}}));
    assert_eq!(*world.language.parsed.lock().unwrap(), 0);
    assert_eq!(world.value("pkg.x86_64-linux.a"), "a()");
    assert_eq!(*world.language.parsed.lock().unwrap(), 1);
    assert_eq!(world.value("pkg.x86_64-linux.n/b"), "[this is no line of the language]");
}

#[test]
fn a_file_that_disappears_is_told_by_its_name() {
    let world = world(&[("pkgs/a.star", "def default():")]);
    world.show("pkg.x86_64-linux");
    fs::remove_file(world.folder.path().join("pkgs/a.star")).unwrap();
    assert_eq!(world.value("pkg.x86_64-linux.a"), "[pkgs/a.star cannot be read]");
}

#[test]
fn a_missing_folder_is_told_where_it_was_named() {
    let document = "[workspace]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\ndir = \"pkgz\"\n\
                    [[use]]\nname = \"folder\"\ntype = \"app\"\n";
    let world = world(&[("purlin.toml", document)]);
    let told: Vec<String> = world.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["there is no folder pkgz (purlin.toml:3:8)"]);
}

/// However a folder is named, what is in it is the same.
#[test]
fn one_folder_under_two_spellings_is_one() {
    let use_of =
        |dir: &str| format!("[[use]]\nname = \"folder\"\ntype = \"pkg\"\ndir = \"{dir}\"\n");
    let all: String = ["pkgs", "./pkgs", ".//pkgs/", "sub/../pkgs"].map(use_of).concat();
    let world = world(&[
        ("purlin.toml", &format!("[workspace]\nsystems = [\"x86_64-linux\"]\n{all}")),
        ("pkgs/k.star", "def default():"),
        ("sub/file", ""),
    ]);
    assert_eq!(world.workspace.check(), []);
    assert_eq!(world.value("pkg.x86_64-linux.k"), "k()");
    // What is behind a link is where the system says.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "far/pkgs/far.star", "");
    write(folder.path(), "pkgs/near.star", "");
    fs::create_dir(folder.path().join("far/end")).unwrap();
    symlink("far/end", folder.path().join("link")).unwrap();
    let found = map_folder(folder.path(), "link/../pkgs");
    assert_eq!(mapped(&found, folder.path()), ["far far/pkgs/far.star"]);
    assert!(map_folder(folder.path(), "nowhere/../pkgs").is_missing);
}
