//! What a command writes, and how it comes back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use purlin_test::Workspace;

use crate::workspace;

const READABLE: &str = "the test's own files can be read";

fn maker() -> Workspace {
    let workspace = workspace(
        r#"
[commands.make]
exec = """
rm -rf out
mkdir -p out/deep/er out/empty
cp src/a.txt out/a.txt
cp src/a.txt out/deep/er/b.txt
printf 'echo tool' > out/tool; chmod 755 out/tool
ln -s a.txt out/link; ln -s nowhere out/dangling; ln -s deep out/folder
: > out/nothing
echo run >> runs
"""
deps = ["src/**"]
artifacts = ["out", "single.txt"]
"#,
    );
    workspace.write("src/a.txt", "content");
    workspace.succeed(&["run"]);
    workspace
}

/// Everything below a folder: kind, executable bit, content or target.
fn look(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect(READABLE) {
            let path = entry.expect(READABLE).path();
            let metadata = path.symlink_metadata().expect(READABLE);
            let told = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).expect(READABLE).display())
            } else if metadata.is_dir() {
                open.push(path.clone());
                "folder".to_owned()
            } else {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                format!("{executable} {}", fs::read_to_string(&path).expect(READABLE))
            };
            let path = path.strip_prefix(folder).expect(READABLE).to_string_lossy().into_owned();
            found.insert(path, told);
        }
    }
    found
}

/// Inode and time of last change of everything below a folder.
fn stamps(folder: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    look(folder)
        .into_keys()
        .map(|path| {
            let metadata = folder.join(&path).symlink_metadata().expect(READABLE);
            (path, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
        })
        .collect()
}

#[test]
fn outputs_are_made_equal_to_what_was_kept() {
    let workspace = maker();
    let out = workspace.path("out");
    let expected = look(&out);
    assert_eq!(expected.len(), 10);
    let remove = |path: &str| fs::remove_file(out.join(path)).unwrap();
    let damages: [(&str, &dyn Fn()); 12] = [
        ("all missing", &|| fs::remove_dir_all(&out).unwrap()),
        ("a file missing", &|| remove("deep/er/b.txt")),
        ("a folder missing", &|| fs::remove_dir_all(out.join("deep")).unwrap()),
        ("an empty folder missing", &|| fs::remove_dir(out.join("empty")).unwrap()),
        ("edited by hand", &|| fs::write(out.join("a.txt"), "by hand").unwrap()),
        ("edited to the same size", &|| fs::write(out.join("a.txt"), "CONTENT").unwrap()),
        ("cut off", &|| fs::write(out.join("a.txt"), "").unwrap()),
        ("not executable", &|| {
            fs::set_permissions(out.join("tool"), fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("executable", &|| {
            fs::set_permissions(out.join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("another link", &|| {
            remove("link");
            symlink("nothing", out.join("link")).unwrap();
        }),
        ("a file for a link", &|| {
            remove("dangling");
            fs::write(out.join("dangling"), "file").unwrap();
        }),
        ("a link for a file", &|| {
            remove("a.txt");
            symlink("../src/a.txt", out.join("a.txt")).unwrap();
        }),
    ];
    for (what, damage) in damages {
        damage();
        let finished = workspace.succeed(&["run", "--json"]);
        assert_eq!(finished.settled("make").as_deref(), Some("cached"), "{what}");
        assert_eq!(look(&out), expected, "{what}");
    }
    assert_eq!((workspace.lines("runs"), workspace.read("src/a.txt").as_str()), (1, "content"));
}

#[test]
fn what_is_equal_is_not_touched() {
    let workspace = maker();
    let out = workspace.path("out");
    let before = stamps(&out);
    workspace.succeed(&["run"]);
    assert_eq!(stamps(&out), before);
    fs::remove_file(out.join("a.txt")).unwrap();
    workspace.succeed(&["run"]);
    let mut after = stamps(&out);
    assert_ne!(after.insert("a.txt".to_owned(), before["a.txt"]), Some(before["a.txt"]));
    assert_eq!(after, before);
}

#[test]
fn restoring_does_not_share_files_with_the_cache() {
    let workspace = maker();
    for _ in 0..2 {
        fs::remove_file(workspace.path("out/a.txt")).unwrap();
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("out/a.txt"), "content");
        // If the file in the workspace were the one in the cache, this would damage it.
        fs::OpenOptions::new()
            .write(true)
            .open(workspace.path("out/a.txt"))
            .unwrap()
            .set_len(2)
            .unwrap();
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("out/a.txt"), "content");
    }
    assert_eq!(workspace.lines("runs"), 1);
}

/// A command whose output has the name that its input says.
fn namer() -> Workspace {
    workspace(
        r#"
[commands.name]
exec = "rm -f out/*.gen; mkdir -p out/$(cat src/name); echo x > out/$(cat src/name)/x; echo x > out/$(cat src/name).gen"
deps = ["src/**"]
artifacts = ["out"]
"#,
    )
}

#[test]
fn files_that_the_command_wrote_earlier_go_and_the_users_stay() {
    let workspace = namer();
    for name in ["one", "two"] {
        let _ = fs::remove_dir_all(workspace.path("out"));
        workspace.write("src/name", name);
        workspace.succeed(&["run"]);
    }
    workspace.write("out/notes.txt", "mine");
    workspace.write("out/two/mine.txt", "mine");
    workspace.write("src/name", "one");
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("name").as_deref(), Some("cached"));
    let found: Vec<_> = look(&workspace.path("out")).into_keys().collect();
    assert_eq!(found, ["notes.txt", "one", "one.gen", "one/x", "two", "two/mine.txt"]);
}

#[test]
fn a_file_that_was_edited_since_is_left_alone_with_a_note() {
    let workspace = namer();
    for name in ["one", "two"] {
        let _ = fs::remove_dir_all(workspace.path("out"));
        workspace.write("src/name", name);
        workspace.succeed(&["run"]);
    }
    workspace.write("out/two.gen", "edited");
    workspace.write("src/name", "one");
    let finished = workspace.succeed(&["run"]);
    assert!(finished.stderr.contains("out/two.gen was left alone"), "{finished}");
    assert_eq!(workspace.read("out/two.gen"), "edited");
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let workspace = workspace(
        "[commands.make]\nexec = 'rm -rf out; sh src/make'\ndeps = ['src/**']\nartifacts = ['out']",
    );
    let states = [("echo file > out", false), ("mkdir out; echo x > out/x", true)];
    for _ in 0..2 {
        for (script, is_folder) in states {
            workspace.write("src/make", script);
            workspace.succeed(&["run"]);
            assert_eq!(workspace.path("out").is_dir(), is_folder, "{script}");
        }
    }
}

#[test]
fn artifacts_that_are_not_written_are_no_error() {
    let workspace = workspace(
        "[commands.make]\nexec = 'echo run >> runs'\ndeps = ['src/**']\nartifacts = ['out', 'report-*.xml']",
    );
    workspace.write("src/a", "");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn ignored_artifacts_are_kept_too() {
    let workspace = workspace(
        "[commands.make]\nexec = 'mkdir -p build; cp src/a build/a.log'\ndeps = ['src/**']\nartifacts = ['build/*.log']",
    );
    workspace.write(".git/HEAD", "ref: refs/heads/main\n");
    workspace.write(".gitignore", "build/\n*.log\n");
    workspace.write("src/a", "content");
    workspace.succeed(&["run"]);
    fs::remove_dir_all(workspace.path("build")).unwrap();
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("make").as_deref(), Some("cached"));
    assert_eq!(workspace.read("build/a.log"), "content");
}

#[test]
fn a_link_out_of_the_workspace_is_never_written_through() {
    let workspace = maker();
    let elsewhere = workspace.base().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::remove_dir_all(workspace.path("out")).unwrap();
    symlink(&elsewhere, workspace.path("out")).unwrap();
    let finished = workspace.run(&["run"]);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{finished}");
}
