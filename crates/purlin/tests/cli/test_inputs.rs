//! `[inputs]`: fetched once, pinned, and never another content without somebody's doing.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use purlin_fetch::server::{Manner, Server, archive};
use purlin_model::Digest;
use purlin_test::{Finished, Workspace};

use crate::workspace;

/// A workspace whose package tells of the input `zlib`, which `entry` describes.
fn using(entry: &str) -> Workspace {
    let workspace = workspace(&text(entry));
    workspace.write(
        "purlin.star",
        "def told(mk_package, inputs):\n    \
             return mk_package(version = inputs.zlib.sha256, root = inputs.zlib.path, homepage = inputs.zlib.url)\n\
         def other(mk_package):\n    return mk_package(version = '1')\n\
         definitions = {'packages': {'told': told, 'other': other}}\n",
    );
    workspace
}

fn text(entry: &str) -> String {
    format!("[workspace]\nsystems = ['x86_64-linux']\n[inputs]\nzlib = {{ {entry} }}\n")
}

const TOLD: [&str; 3] = ["show", "packages.x86_64-linux.told", "--json"];

#[track_caller]
fn path(run: &Finished) -> PathBuf {
    assert_eq!(run.code, Some(0), "{run}");
    run.json()["root"].as_str().unwrap().into()
}

/// The lock file without what is different in each workspace.
fn pins(workspace: &Workspace) -> String {
    let text = fs::read_to_string(workspace.path("purlin.lock")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with("id = ") && !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// What is said, without addresses that differ.
fn said(run: &Finished, server: &Server) -> String {
    run.stable_stderr().replace(&server.url(""), "SERVER")
}

fn zlib(text: &str) -> (Vec<u8>, Digest) {
    let bytes = archive(&[("zlib-1.3/zlib.h", text), ("zlib-1.3/src/a.c", "")]);
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

#[test]
fn an_input_with_its_digest_is_fetched_and_unpacked_once() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let workspace = using(&format!("url = '{url}', sha256 = '{digest}'"));
    let run = workspace.succeed(&TOLD);
    assert_eq!(run.json()["version"], digest.to_hex());
    assert_eq!(run.json()["homepage"], url);
    assert_eq!(run.stderr, "");
    let folder = path(&run);
    assert_eq!(fs::read_to_string(folder.join("zlib.h")).unwrap(), "one");
    assert!(folder.join("src/a.c").is_file());
    assert_eq!(path(&workspace.succeed(&TOLD)), folder);
    assert_eq!(
        path(&workspace.succeed(&["--offline", "--locked", TOLD[0], TOLD[1], TOLD[2]])),
        folder
    );
    assert_eq!(server.requests().len(), 1);
    assert_eq!(pins(&workspace), "", "the entry says what it is");
}

#[test]
fn what_nobody_asks_for_is_not_fetched() {
    let server = Server::start();
    let workspace = using(&format!("url = '{}'", server.url("/zlib.tar.gz")));
    workspace.succeed(&["show", "packages.x86_64-linux.other"]);
    workspace.succeed(&["show"]);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_input_without_its_digest_is_pinned() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let workspace = using(&format!("url = '{url}'"));
    let run = workspace.fail(2, &["--locked", "show", "packages.x86_64-linux.told"]);
    assert_snapshot!(said(&run, &server), @r"
    error: purlin.lock would have to change, which `--locked` forbids
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/zlib-1.3.tar.gz' }
      | ^^^^ this input
      |
      = The input `zlib` has no pin.
      = help: run the verb without `--locked`, and commit the file
    ");
    let run = workspace.fail(2, &["--offline", "show", "packages.x86_64-linux.told"]);
    assert_snapshot!(said(&run, &server), @r"
    error: `SERVER/zlib-1.3.tar.gz` is not here, and nothing is fetched offline
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/zlib-1.3.tar.gz' }
      | ^^^^ this input
      |
      = help: run the verb once without `--offline`
    ");
    assert_eq!(server.requests().len(), 0);

    let folder = path(&workspace.succeed(&TOLD));
    assert_snapshot!(pins(&workspace).replace(&server.url(""), "SERVER").replace(&digest.to_hex(), "DIGEST"), @r#"
    version = 1

    [inputs.zlib]
    sha256 = "DIGEST"
    url = "SERVER/zlib-1.3.tar.gz"

    [workspace]
    "#);
    // What is there now does not matter.
    server.serve("/zlib-1.3.tar.gz", &zlib("two").0, Manner::Well);
    assert_eq!(path(&workspace.succeed(&TOLD)), folder);
    assert_eq!(path(&workspace.succeed(&["--locked", TOLD[0], TOLD[1], TOLD[2]])), folder);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn another_content_is_an_error_that_says_what_to_do() {
    let server = Server::start();
    let ((one, first), (two, _)) = (zlib("one"), zlib("two"));
    let url = server.serve("/zlib-1.3.tar.gz", &one, Manner::Well);
    let workspace = using(&format!("url = '{url}'"));
    workspace.succeed(&TOLD);
    fs::remove_dir_all(workspace.cache()).unwrap();
    server.serve("/zlib-1.3.tar.gz", &two, Manner::Well);
    let run = workspace.fail(2, &TOLD[..2]);
    assert_snapshot!(said(&run, &server), @r"
    fetching SERVER/zlib-1.3.tar.gz
    error: what is at `SERVER/zlib-1.3.tar.gz` is not what was asked for
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/zlib-1.3.tar.gz' }
      | ^^^^ this input
      |
     ::: purlin.lock:4:9
      |
    4 | [inputs.zlib]
      |         ---- pinned here
      |
      = expected [HASH]
        actual   [HASH]
      = help: if the new content is right, `purlin build --update zlib` pins it
    ");
    let update = ["build", "told", "--update", "zlib"];
    let locked = workspace.fail(2, &[&update[..], &["--locked"]].concat());
    assert!(locked.stderr.contains("`--update` pins anew, which `--locked` forbids"), "{locked}");
    let unknown = workspace.fail(2, &["build", "told", "--update", "zlob"]);
    assert!(unknown.stderr.contains("purlin.lock pins no `zlob`"), "{unknown}");
    assert!(unknown.stderr.contains("did you mean `zlib`?"), "{unknown}");
    let run = workspace.succeed(&update);
    for told in ["note: purlin.lock was changed", "input `zlib`: sha256 [HASH] → [HASH]"] {
        assert!(said(&run, &server).contains(told), "{run}");
    }
    let folder = path(&workspace.succeed(&["--locked", TOLD[0], TOLD[1], TOLD[2]]));
    assert_eq!(fs::read_to_string(folder.join("zlib.h")).unwrap(), "two");
    assert!(!workspace.succeed(&update).stderr.contains("was changed"), "it is the same");

    workspace.write("purlin.toml", text(&format!("url = '{url}', sha256 = '{first}'")));
    let run = workspace.fail(2, &TOLD[..2]);
    assert_snapshot!(said(&run, &server), @r#"
    fetching SERVER/zlib-1.3.tar.gz
    error: what is at `SERVER/zlib-1.3.tar.gz` is not what was asked for
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/zlib-1.3.tar.gz', sha256 = '[HASH]' }
      | ^^^^ this input
      |
      = expected [HASH]
        actual   [HASH]
      = help: if the new content is right, write sha256 = "[HASH]"
    "#);
}

#[test]
fn another_address_is_pinned_anew_and_told() {
    let server = Server::start();
    let (one, two) = (zlib("one").0, zlib("two").0);
    let url = server.serve("/zlib-1.3.tar.gz", &one, Manner::Well);
    let workspace = using(&format!("url = '{url}'"));
    let old = path(&workspace.succeed(&TOLD));
    let url = server.serve("/zlib-1.4.tar.gz", &two, Manner::Well);
    workspace.write("purlin.toml", text(&format!("url = '{url}'")));
    let run = workspace.fail(2, &["--locked", TOLD[0], TOLD[1]]);
    assert_snapshot!(said(&run, &server), @r"
    error: purlin.lock would have to change, which `--locked` forbids
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/zlib-1.4.tar.gz' }
      | ^^^^ this input
      |
      = The input `zlib` is pinned for SERVER/zlib-1.3.tar.gz.
      = help: run the verb without `--locked`, and commit the file
    ");
    let run = workspace.succeed(&TOLD[..2]);
    assert_snapshot!(said(&run, &server), @r"
    fetching SERVER/zlib-1.4.tar.gz
    note: purlin.lock was changed
     |
     = input `zlib`: SERVER/zlib-1.3.tar.gz → SERVER/zlib-1.4.tar.gz, sha256 [HASH] → [HASH]
     = help: commit it with the change that it belongs to
    ");
    assert_ne!(path(&workspace.succeed(&["--locked", TOLD[0], TOLD[1], TOLD[2]])), old);
}

#[test]
fn a_file_that_is_no_archive_keeps_its_name() {
    let server = Server::start();
    let url = server.serve("/data/words.txt?raw=1", b"some words", Manner::Well);
    let workspace = using(&format!("url = '{url}'"));
    let path = path(&workspace.succeed(&TOLD));
    assert!(path.ends_with("tree/words.txt"), "{}", path.display());
    assert_eq!(fs::read_to_string(path).unwrap(), "some words");
}

#[test]
fn a_damaged_copy_is_made_again_from_what_is_here() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let workspace = using(&format!("url = '{url}', sha256 = '{digest}'"));
    let folder = path(&workspace.succeed(&TOLD));
    fs::write(folder.join("zlib.h"), "edited by hand").unwrap();
    let run = workspace.succeed(&["--offline", TOLD[0], TOLD[1]]);
    assert_snapshot!(said(&run, &server), @r"
    warning: the copy of the input `zlib` in the cache is damaged
     |
     = its files are not those that were fetched. It is made again.
    ");
    assert_eq!(fs::read_to_string(folder.join("zlib.h")).unwrap(), "one");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_archive_that_leads_out_is_refused_and_not_kept() {
    let server = Server::start();
    // A header's name is its first field.
    let mut header = tar_of("../escaped");
    header.resize(3 * 512, 0);
    let url = server.serve("/bad.tar", &header, Manner::Well);
    let workspace = using(&format!("url = '{url}'"));
    let run = workspace.fail(2, &TOLD[..2]);
    assert_snapshot!(said(&run, &server), @r"
    fetching SERVER/bad.tar
    error: the archive `bad.tar` is refused: `../escaped` leads out through `..`
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'SERVER/bad.tar' }
      | ^^^^ this input
      |
      = Nothing of it was kept.
    ");
    let kept = fs::read_dir(workspace.cache().join("inputs")).unwrap();
    assert_eq!(kept.count(), 0);
}

/// The header of an empty file, which no library would write with such a name.
fn tar_of(name: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000000");
    header[136..147].copy_from_slice(b"00000000000");
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

#[test]
fn a_killed_run_leaves_what_it_had() {
    let server = Server::start();
    let content: String =
        (0..400_000).map(|number| char::from(b'a' + (number % 23) as u8)).collect();
    let digest = Digest::of(content.as_bytes());
    let url = server.serve("/data.txt", content.as_bytes(), Manner::Slowly(4_000, 20));
    let workspace = using(&format!("url = '{url}', sha256 = '{digest}'"));
    let mut command: Command = workspace.command(&TOLD);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let partial = workspace.cache().join("fetched/partial").join(digest.to_hex());
    let length = || fs::metadata(&partial).map_or(0, |metadata| metadata.len());
    let begun = Instant::now();
    while length() < 20_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let left = length();
    assert!((20_000..400_000).contains(&left), "{left}");
    server.serve("/data.txt", content.as_bytes(), Manner::Well);
    let path = path(&workspace.succeed(&TOLD));
    assert_eq!(fs::read_to_string(path).unwrap(), content);
    assert_eq!(server.requests().pop().unwrap().range, Some(format!("bytes={left}-")));
}

/// A server with an archive, and a workspace that wants it.
fn served(with_digest: bool) -> (Server, Workspace) {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let digest = if with_digest { format!(", sha256 = '{digest}'") } else { String::new() };
    let workspace = using(&format!("url = '{url}'{digest}"));
    (server, workspace)
}

/// The points that fetching passes.
pub(crate) fn points() -> Vec<String> {
    let (_server, workspace) = served(false);
    let log = workspace.base().join("points");
    workspace.finish(workspace.command(&TOLD).env("PURLIN_FAULT_LOG", &log));
    fs::remove_file(workspace.path("purlin.toml")).unwrap();
    workspace.finish(workspace.command(&PRUNE).env("PURLIN_FAULT_LOG", &log));
    fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}

/// Removes all that no workspace has used last.
const PRUNE: [&str; 4] = ["cache", "prune", "--older-than", "0h"];

#[test]
fn a_death_while_it_is_pruned_loses_nothing_but_time() {
    let (_server, workspace) = served(true);
    let text = workspace.read("purlin.toml");
    let below = |name: &str| fs::read_dir(workspace.cache().join(name)).unwrap().count();
    for number in 1.. {
        let folder = path(&workspace.succeed(&TOLD));
        fs::remove_file(workspace.path("purlin.toml")).unwrap();
        let mut command = workspace.command(&PRUNE);
        let run = workspace.finish(command.env("PURLIN_FAULT", number.to_string()));
        let died = run.signal == Some(9);
        workspace.write("purlin.toml", &text);
        let run = workspace.succeed(&TOLD);
        assert_eq!((path(&run), run.stderr.contains("damaged")), (folder.clone(), false), "{run}");
        assert_eq!(fs::read_to_string(folder.join("zlib.h")).unwrap(), "one", "point {number}");
        if !died {
            assert!(number > 4, "there were {number} points");
            break;
        }
    }
    // What the dead have left went with the last one that was whole.
    assert_eq!(below("inputs"), 2, "the input, and who uses it");
}

#[test]
fn a_death_at_any_point_leaves_the_old_state_or_the_new_one() {
    // Both at once, because they mostly wait.
    std::thread::scope(|scope| {
        for with_digest in [false, true] {
            scope.spawn(move || die_at_each_point(with_digest));
        }
    });
}

fn die_at_each_point(with_digest: bool) {
    let (_server, workspace) = served(with_digest);
    let below = |name: &str| fs::read_dir(workspace.cache().join(name)).unwrap().count();
    for number in 1.. {
        let _ = fs::remove_file(workspace.path("purlin.lock"));
        let _ = fs::remove_dir_all(workspace.cache());
        let mut command = workspace.command(&TOLD);
        let run = workspace.finish(command.env("PURLIN_FAULT", number.to_string()));
        let died = run.signal == Some(9);
        let run = if died { workspace.succeed(&TOLD) } else { run };
        let folder = path(&run);
        assert_eq!(fs::read_to_string(folder.join("zlib.h")).unwrap(), "one", "point {number}");
        assert!(folder.join("src/a.c").is_file(), "point {number}");
        assert_eq!(below("fetched/partial"), 0, "point {number}");
        if !died {
            assert!(number > 15, "there were {number} points");
            break;
        }
        if with_digest {
            continue;
        }
        let again = workspace.succeed(&["--locked", "--offline", TOLD[0], TOLD[1], TOLD[2]]);
        assert_eq!((path(&again), again.stderr.as_str()), (folder.clone(), ""));
        // What the dead left goes when the next one is unpacked.
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        workspace.succeed(&TOLD);
        assert_eq!(below("inputs"), 2, "the input and who uses it, point {number}");
    }
}

#[test]
fn mirrors_are_asked_first_for_what_is_pinned() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    server.serve("/mirror/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let url = server.url("/gone/zlib-1.3.tar.gz");
    let workspace = using(&format!("url = '{url}', sha256 = '{digest}'"));
    let with = format!("[fetch]\nmirrors = ['{}']\n", server.url("/mirror"));
    workspace.write("purlin.toml", text(&format!("url = '{url}', sha256 = '{digest}'")) + &with);
    path(&workspace.succeed(&TOLD));
    let asked: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/mirror/zlib-1.3.tar.gz"]);
}

#[test]
fn inputs_of_projects_are_pinned_under_their_names() {
    let server = Server::start();
    let url = server.serve("/words.txt", b"some words", Manner::Well);
    let workspace =
        workspace("[workspace]\nsystems = ['x86_64-linux']\n[projects]\nlib = { path = 'lib' }\n");
    workspace.write("lib/purlin.toml", text(&format!("url = '{url}'")));
    workspace.write(
        "lib/purlin.star",
        "def told(mk_package, inputs):\n    return mk_package(version = '1', root = inputs.zlib.path)\n\
         definitions = {'packages': {'told': told}}\n",
    );
    let run = workspace.succeed(&["show", "legacyPackages.x86_64-linux.lib.told", "--json"]);
    assert!(path(&run).ends_with("tree/words.txt"), "{run}");
    assert!(pins(&workspace).contains("[inputs.\"lib.zlib\"]"), "{}", pins(&workspace));
}

#[test]
fn a_project_from_elsewhere_gets_no_files_of_this_machine() {
    let workspace = workspace("");
    workspace.write("private.txt", "private");
    let private = format!("file://{}", workspace.path("private.txt").display());
    let repository = workspace.base().join("repository");
    fs::create_dir(&repository).unwrap();
    fs::write(repository.join("purlin.toml"), text(&format!("url = '{private}'"))).unwrap();
    fs::write(
        repository.join("purlin.star"),
        "def told(mk_package, inputs):\n    return mk_package(version = '1', root = inputs.zlib.path)\n\
         definitions = {'packages': {'told': told}}\n",
    )
    .unwrap();
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-mx"],
    ] {
        let status = Command::new("git").arg("-C").arg(&repository).args(arguments).status();
        assert!(status.unwrap().success());
    }
    let project = format!("[projects]\nlib = {{ git = 'file://{}' }}\n", repository.display());
    workspace.write("purlin.toml", format!("[workspace]\nsystems = ['x86_64-linux']\n{project}"));
    let run = workspace.fail(2, &["show", "legacyPackages.x86_64-linux.lib.told"]);
    assert!(run.stderr.contains("the input `lib.zlib` cannot be fetched"), "{run}");
    assert!(!workspace.cache().join("fetched").exists());
}

#[test]
fn what_is_wrong_with_an_entry_is_told() {
    let server = Server::start();
    let workspace = using("sha256 = 'x', from = 1");
    assert_snapshot!(said(&workspace.fail(2, &["check"]), &server), @r"
    error: `/inputs/zlib/sha256` must match `^[0-9a-f]{64}$`
     --> purlin.toml:4:19
      |
    4 | zlib = { sha256 = 'x', from = 1 }
      |                   ^^^ this is `x`
      |
      = help: The digest of what is there. Where it is not said, `purlin.lock` pins what was there first.

    error: unknown field `/inputs/zlib/from`
     --> purlin.toml:4:24
      |
    4 | zlib = { sha256 = 'x', from = 1 }
      |                        ^^^^ not a field of this table
      |
      = help: fields: `sha256`, `url`

    error: `/inputs/zlib/url` is missing
     --> purlin.toml:4:8
      |
    4 | zlib = { sha256 = 'x', from = 1 }
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^ this table needs `url`, a string
      |
      = help: Where it is: `https://…`, `http://…` or `file:///…`.

    error: Object of type `namespace` has no attribute `zlib`
     --> purlin.star:2:33
      |
    2 |     return mk_package(version = inputs.zlib.sha256, root = inputs.zlib.path, homepage = inputs.zlib.url)
      |                                 ^^^^^^^^^^^ here
    ");
    workspace.write("purlin.toml", text("url = 'ftp://example.com/a'"));
    assert_snapshot!(said(&workspace.fail(2, &["check"]), &server), @r"
    error: `ftp://example.com/a` cannot be fetched
     --> purlin.toml:4:1
      |
    4 | zlib = { url = 'ftp://example.com/a' }
      | ^^^^ this input
      |
      = Only `https`, `http` and `file` can be fetched.
    ");
    workspace
        .write("purlin.toml", text("url = 'https://example.com/a'") + "[fetch]\nmirror = []\n");
    assert_snapshot!(said(&workspace.fail(2, &["show"]), &server), @r"
    error: unknown field `/fetch/mirror`
     --> purlin.toml:6:1
      |
    6 | mirror = []
      | ^^^^^^ not a field of this table
      |
      = help: did you mean `mirrors`?
    ");
}

/// Makes everything that was fetched as old as that.
fn age(workspace: &Workspace, days: u64) {
    let text = format!("find fetched inputs -type f -exec touch -d '{days} days ago' {{}} +");
    let done = Command::new("sh").args(["-c", &text]).current_dir(workspace.cache()).status();
    assert!(done.unwrap().success());
}

#[test]
fn what_no_workspace_has_used_last_is_pruned_by_age() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let entry = format!("url = '{url}', sha256 = '{digest}'");
    let workspace = using(&entry);
    let folder = path(&workspace.succeed(&TOLD));
    let listed = workspace.succeed(&["cache", "list", "--json"]).json();
    assert_eq!(listed["fetched"][0]["digest"], digest.to_hex(), "{listed}");
    assert_eq!(listed["inputs"][0]["called"][0], "zlib", "{listed}");
    let shown = workspace.succeed(&["cache", "list"]).stdout;
    assert!(shown.contains("a fetched file\n") && shown.contains("the input `zlib`\n"), "{shown}");
    age(&workspace, 90);
    let pruned = workspace.succeed(&["cache", "prune", "--json"]).json();
    assert_eq!((&pruned["fetched"], &pruned["inputs"]), (&0.into(), &0.into()), "{pruned}");
    assert!(folder.is_dir());

    // The workspace uses another one now, and what it used before is let go when it is old enough.
    let (bytes, second) = zlib("two");
    let url = server.serve("/zlib-1.4.tar.gz", &bytes, Manner::Well);
    workspace.write("purlin.toml", text(&format!("url = '{url}', sha256 = '{second}'")));
    let folder_of_second = path(&workspace.succeed(&TOLD));
    let pruned = workspace.succeed(&["cache", "prune"]).stdout;
    assert!(pruned.contains("; 1 fetched file; 1 input; "), "{pruned}");
    assert!(!folder.exists() && folder_of_second.is_dir());
    workspace.write("purlin.toml", text(&entry));
    assert_eq!(path(&workspace.succeed(&TOLD)), folder);
    assert_eq!(server.requests().len(), 3);

    // One that is gone uses nothing.
    fs::remove_file(workspace.path("purlin.toml")).unwrap();
    age(&workspace, 90);
    let pruned = workspace.succeed(&["cache", "prune", "--json"]).json();
    assert_eq!((&pruned["fetched"], &pruned["inputs"]), (&2.into(), &2.into()), "{pruned}");
}

#[test]
fn all_that_was_fetched_is_cleared() {
    let server = Server::start();
    let (bytes, digest) = zlib("one");
    let url = server.serve("/zlib-1.3.tar.gz", &bytes, Manner::Well);
    let workspace = using(&format!("url = '{url}', sha256 = '{digest}'"));
    let folder = path(&workspace.succeed(&TOLD));
    let cleared = workspace.succeed(&["cache", "clear"]).stdout;
    assert!(cleared.ends_with("; 1 fetched file; 1 input\n"), "{cleared}");
    assert!(!folder.exists());
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    assert_eq!(path(&workspace.succeed(&TOLD)), folder);
}
