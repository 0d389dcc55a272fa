use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::workspace;

/// Names that break what is careless with them.
const NAMES: [&[u8]; 8] = [
    b"caf\xe9",
    b"\xff\xfe",
    "grüße-日本".as_bytes(),
    b"two words",
    b" spaces ",
    b"new\nline",
    b"quote'\"$HOME`x`",
    b"[a]{b,c}*?!#",
];

#[test]
fn files_of_any_name_are_inputs_and_artifacts() {
    let workspace = workspace(
        r#"
[commands.copy]
exec = "echo run >> runs; rm -rf out; cp -r src out"
deps = ["src/**"]
artifacts = ["out/**"]
"#,
    );
    for name in NAMES {
        workspace.write(std::path::Path::new("src").join(OsStr::from_bytes(name)), name);
    }
    let whole = || {
        for name in NAMES {
            let path = workspace.path("out").join(OsStr::from_bytes(name));
            assert_eq!(
                fs::read(&path).unwrap(),
                fs::read(workspace.path("src").join(OsStr::from_bytes(name))).unwrap(),
                "{}",
                path.display()
            );
        }
        assert_eq!(fs::read_dir(workspace.path("out")).unwrap().count(), NAMES.len());
    };
    workspace.succeed(&["run"]);
    whole();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    fs::remove_dir_all(workspace.path("out")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    whole();
    // Every further edit of every file is seen.
    for (number, name) in NAMES.into_iter().enumerate() {
        for edit in 0..2 {
            workspace.write(
                std::path::Path::new("src").join(OsStr::from_bytes(name)),
                format!("{edit}"),
            );
            workspace.succeed(&["run"]);
            assert_eq!(workspace.lines("runs"), 2 + 2 * number + edit, "{}", name.escape_ascii());
            whole();
        }
    }
}

#[test]
fn files_are_named_in_any_alphabet() {
    let workspace = workspace(
        r#"
[commands.copy]
exec = "cat 'src/grüße 日本.txt' > 'out/grüße.txt'"
deps = ["src/grüße 日本.txt"]
artifacts = ["out/grüße.txt"]
"#,
    );
    workspace.write("src/grüße 日本.txt", "one");
    fs::create_dir(workspace.path("out")).unwrap();
    for text in ["one", "two", "three"] {
        workspace.write("src/grüße 日本.txt", text);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("out/grüße.txt"), text);
    }
    fs::remove_dir_all(workspace.path("out")).unwrap();
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.contains("outputs restored"), "{run}");
    assert_eq!(workspace.read("out/grüße.txt"), "three");
}

#[test]
fn git_is_not_needed() {
    let workspace = workspace(
        "[commands.copy]\nexec = \"cat a.txt > b.txt\"\ndeps = [\"*.txt\"]\nartifacts = [\"b.txt\"]\n",
    );
    workspace.write("a.txt", "one");
    // No git, no shell to find it with, nothing on PATH but what the command needs.
    let bin = workspace.base().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink("/bin/cat", bin.join("cat")).unwrap();
    let without = |arguments: &[&str]| {
        let finished = workspace.finish(workspace.command(arguments).env("PATH", &bin));
        assert_eq!(finished.code, Some(0), "{finished}");
        finished
    };
    without(&["run"]);
    assert_eq!(workspace.read("b.txt"), "one");
    let run = without(&["run"]);
    assert!(run.stderr.contains("1 cached"), "{run}");
    // A folder `.git` that is none disturbs nobody.
    workspace.write(".git", "gitdir: nowhere");
    without(&["run"]);
}

#[test]
fn links_that_lead_in_circles_or_nowhere() {
    let workspace = workspace(
        "[commands.copy]\nexec = \"echo run >> runs; cat src/a.txt > out.txt\"\ndeps = [\"src/**\"]\nartifacts = [\"out.txt\"]\n",
    );
    workspace.write("src/a.txt", "one");
    workspace.write("src/deep/b.txt", "two");
    symlink("..", workspace.path("src/deep/up")).unwrap();
    symlink("self", workspace.path("src/self")).unwrap();
    symlink("there", workspace.path("src/here")).unwrap();
    symlink("here", workspace.path("src/there")).unwrap();
    symlink("gone", workspace.path("src/dangling")).unwrap();
    symlink("/", workspace.path("src/everything")).unwrap();
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    // Where a link leads is part of it.
    fs::remove_file(workspace.path("src/dangling")).unwrap();
    symlink("gone-too", workspace.path("src/dangling")).unwrap();
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 2);
}

#[test]
fn inputs_that_are_no_files() {
    let workspace = workspace(
        "[commands.list]\nexec = \"ls src > out.txt\"\ndeps = [\"src/**\"]\nartifacts = [\"out.txt\"]\n",
    );
    workspace.write("src/a.txt", "one");
    let made = std::process::Command::new("mkfifo").arg(workspace.path("src/pipe")).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(workspace.path("src/socket")).unwrap();
    workspace.succeed(&["run"]);
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.contains("1 cached"), "{run}");
}

#[test]
fn artifacts_that_cannot_be_kept() {
    let workspace = workspace(
        "[commands.make]\nexec = \"rm -f out/pipe; mkdir -p out; mkfifo out/pipe\"\ndeps = [\"in\"]\nartifacts = [\"out/pipe\"]\n\
         [commands.none]\nexec = \"true\"\ndeps = [\"in\"]\nartifacts = [\"never-written.txt\"]\n",
    );
    workspace.write("in", "");
    assert_snapshot!(workspace.run(&["run", "make"]).stable_stderr(), @"
    note: the result of `make` was not kept
     |
     = out/pipe among its artifacts is neither a file, a folder nor a link

    make  done      [SECONDS]
    1 done · [SECONDS]
    ");
    assert_snapshot!(workspace.run(&["run", "none"]).stable_stderr(), @r#"
    warning: `none` did not write never-written.txt
     --> purlin.toml:9:14
      |
    9 | artifacts = ["never-written.txt"]
      |              ^^^^^^^^^^^^^^^^^^^ named among its artifacts

    none  done      [SECONDS]
    1 done · [SECONDS]
    "#);
}
