//! What users may rely on at the edges: full disks, odd files, clocks set back.

use std::fs;
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use crate::{folder, workspace};

/// Above every id that a process can have.
const NOBODY: &str = "4194399";

fn codes(document: &Json) -> Vec<&str> {
    let diagnostics = document["diagnostics"].as_array().expect("it is a list");
    diagnostics.iter().filter_map(|one| one["code"].as_str()).collect()
}

pub(crate) fn make_fifo(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo is there");
    assert!(made.success());
}

#[test]
fn logs_of_this_run_and_of_runs_that_go_on_are_kept() {
    let workspace = workspace("[commands]\na = 'echo hello'");
    let log = workspace.path(".purlin/log");
    let folder = |name: &str, age: u64| {
        let folder = log.join(name);
        fs::create_dir_all(&folder).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        File::open(&folder).unwrap().set_modified(time).unwrap();
        folder
    };
    // The clock was set back: all others have later names.
    let ended: Vec<_> = (0..40)
        .map(|day| folder(&format!("209901{:02}T000000.000Z-{NOBODY}", 10 + day), 1_000 + day))
        .collect();
    let alive = folder(&format!("20000101T000000.000Z-{}", std::process::id()), 1_000_000);
    workspace.succeed(&["run"]);
    let latest = fs::canonicalize(log.join("latest")).expect("the run's own folder is there");
    let names: Vec<_> = fs::read_dir(latest).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(!names.is_empty(), "it holds what the command said");
    assert!(alive.is_dir(), "its run goes on");
    let kept: Vec<bool> = ended.iter().map(|folder| folder.is_dir()).collect();
    // With the own one and the one that is alive they are 30; the oldest by time are gone.
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 28);
    assert!(kept[..28].iter().all(|kept| *kept), "{kept:?}");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let workspace = workspace("[commands]\na = 'echo hello'");
    for arguments in
        [&["plugin", "list"][..], &["run"], &["--version"], &["check"], &["run", "--json"]]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let child = workspace.command(arguments).stdout(full).stderr(Stdio::piped()).spawn();
        let finished = workspace.finished(child.unwrap());
        assert_eq!(finished.code, Some(1), "{arguments:?} {finished}");
        assert!(finished.stderr.contains("the output could not be written"), "{finished}");
        if arguments.contains(&"--json") {
            let told: Json = serde_json::from_str(&finished.stderr).expect("it is JSON");
            assert_eq!(codes(&told), ["output"]);
        }
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = workspace.command(&["--version"]).stdout(full).stderr(Stdio::piped()).spawn();
    assert_snapshot!(workspace.finished(child.unwrap()).stable_stderr(), @"
    error: the output could not be written
     |
     = No space left on device (os error 28).
     = help: some or all of it is lost
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let workspace = workspace("[commands]\na = 'echo hello'");
    for arguments in [&["plugin", "list"][..], &["run"], &["--version"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = workspace.command(arguments).stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.status.signal()), (Some(0), None), "{said}");
        assert!(!said.contains("error"), "{said}");
    }
}

#[test]
fn the_private_folder_ignores_itself_from_the_first_look_on() {
    for look in [&["run", "--ls"][..], &["run", "--why", "a"]] {
        let workspace = workspace("[commands.a]\nexec = 'true'\ndeps = ['src/*']");
        workspace.write("src/a", "");
        workspace.succeed(look);
        assert_eq!(workspace.read(".purlin/.gitignore"), "*\n");
    }
}

#[test]
fn check_tells_each_circle_each_pattern_and_each_cache() {
    let workspace = workspace(
        r#"
[caches.z]
type = "lcal"
[commands.a]
exec = "true"
deps = ["command:b"]
[commands.b]
exec = "true"
deps = ["command:a"]
[commands.c]
exec = "true"
deps = ["command:c"]
[commands.d]
exec = "true"
artifacts = ["../x", "fine", ".git/x"]
"#,
    );
    let document = workspace.fail(2, &["check", "--json"]).json();
    let mut found = codes(&document);
    found.sort_unstable();
    let expected =
        ["bad-pattern", "bad-pattern", "command-cycle", "command-cycle", "unknown-cache"];
    assert_eq!(found, expected, "{document}");
    let texts: Vec<_> = document["diagnostics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["code"] == "bad-pattern")
        .map(|one| one["labels"][0]["column"].clone())
        .collect();
    assert_eq!(texts, [json!(14), json!(30)], "each at its own place");
}

#[test]
fn each_pattern_of_deps_is_told() {
    let workspace =
        workspace("[commands.d]\nexec = 'true'\ndeps = ['../x', '.git/x', 'fine', 'a/../../b']\n");
    workspace.write("fine", "");
    let document = workspace.fail(2, &["check", "--json"]).json();
    let lines = codes(&document);
    assert_eq!(lines.len(), 3, "{document}");
}

#[test]
fn a_slip_in_the_type_of_a_dependency_is_no_file_name() {
    let workspace = workspace(
        "[commands]\ngen = 'true'\n[commands.a]\nexec = 'true'\ndeps = ['commnd:gen']\n[commands.b]\nexec = 'true'\ndeps = ['./commnd:gen', 'localhost:80', 'glob:const2:x']",
    );
    let finished = workspace.fail(2, &["check"]);
    assert_snapshot!(finished.stable_stderr(), @"
    error: there is no dependency type `commnd`
     --> purlin.toml:6:9
      |
    6 | deps = ['commnd:gen']
      |         ^^^^^^^^^^^^ named here
      |
      = help: did you mean `command`? a file of this name is written `./commnd:gen`
    ");
    for file in ["commnd:gen", "localhost:80", "const2:x"] {
        workspace.write(file, "");
    }
    workspace.succeed(&["run", "b"]);
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "printf '\u001b[1mbold\u001b[0m\\n'; true"
deps = ["src/*", "src/\u001b]0;b", "no\u001b]0;x/*"]
[commands.b]
exec = "printf '\u001b[1mbold'; exit 3"
deps = ["command:a"]
"#,
    );
    workspace.write("src/a", "");
    let streamed = workspace.succeed(&["run", "a"]);
    assert_eq!(streamed.stdout, "\u{1b}[1mbold\u{1b}[0m\n", "programs are not touched");
    workspace.write("src/\u{1b}[2Jevil\nname", "");
    let why = workspace.succeed(&["run", "--why", "a"]);
    assert!(!why.stdout.contains('\u{1b}'), "{why}");
    assert!(why.stdout.contains("  added src/\\u{1b}[2Jevil\\nname\n"), "{why}");
    let listed = workspace.succeed(&["run", "--ls"]);
    assert!(!listed.stdout.contains('\u{1b}'), "{listed}");
    assert!(listed.stdout.contains("printf '\\u{1b}[1mbold"), "{listed}");
    let status = workspace.fail(1, &["run", "-n2"]);
    let lines: Vec<_> = status.stderr.lines().filter(|line| line.contains("evil")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains('\u{1b}')), "{status}");
    assert!(status.stderr.contains("\u{1b}[1mbold"), "programs are not touched: {status}");
    let checked = workspace.succeed(&["check"]);
    assert!(checked.stderr.contains("there is no src/\\u{1b}]0;b"), "{checked}");
    assert!(!checked.stderr.contains('\u{1b}'), "{checked}");
}

#[test]
fn an_unknown_verb_is_told_as_json_too() {
    let finished = workspace("").fail(2, &["nope", "--json"]);
    let told: Json = serde_json::from_str(&finished.stderr).expect("stderr is one document");
    assert_eq!(codes(&told).len(), 1, "{finished}");
    assert_eq!(finished.stdout, "");
}

#[test]
fn init_claims_only_what_it_wrote() {
    let folder = folder();
    assert!(folder.succeed(&["init"]).stdout.starts_with("wrote purlin.toml and purlin.lock;"));
    let lock = folder.read("purlin.lock");
    fs::remove_file(folder.path("purlin.toml")).unwrap();
    assert!(folder.succeed(&["init"]).stdout.starts_with("wrote purlin.toml;"));
    fs::remove_file(folder.path("purlin.toml")).unwrap();
    let told = folder.succeed(&["init", "--json"]).json();
    assert_eq!(told, json!({ "files": ["purlin.toml"], "unmarked_cache": null }));
    assert_eq!(folder.read("purlin.lock"), lock);
}

#[test]
fn a_purlin_toml_that_is_no_file_is_told() {
    let pipe = folder();
    make_fifo(&pipe.path("purlin.toml"));
    assert_snapshot!(pipe.fail(2, &["check"]).stable_stderr(), @"
    error: [TEST]/workspace/purlin.toml cannot be read
     |
     = It is a pipe, not a file.
    ");
    pipe.fail(2, &["run"]);
    let inner = folder();
    fs::create_dir(inner.path("purlin.toml")).unwrap();
    let told = inner.fail(2, &["run"]).stderr;
    assert!(told.contains("It is a folder, not a file."), "{told}");
}

#[test]
fn a_manifest_that_is_a_pipe_is_told() {
    let workspace = workspace("[plugins]\nx = { path = 'plugins/x' }");
    fs::create_dir_all(workspace.path("plugins/x")).unwrap();
    make_fifo(&workspace.path("plugins/x/plugin.toml"));
    let finished = workspace.run(&["check"]);
    assert!(finished.stderr.contains("it is a pipe or a device, not a file"), "{finished}");
    assert_ne!(finished.code, Some(0), "{finished}");
}

#[test]
fn check_warns_of_patterns_that_nothing_matches() {
    let workspace = workspace(
        r#"
[base]
deps = ["**/*.nothing"]
[commands.a]
exec = "true"
deps = ["src/**/*.py", "src/*.pyy", "ignored/*", "gen/**", "!src/b.py"]
[commands.make]
exec = "mkdir -p made && touch made/x"
deps = ["src/*.py"]
artifacts = ["made/**"]
[commands.use]
exec = "true"
deps = ["command:make", "made/*"]
"#,
    );
    workspace.write("src/deep/a.py", "");
    workspace.write("src/b.py", "");
    workspace.write("ignored/x", "");
    workspace.write(".gitignore", "ignored\n");
    fs::create_dir(workspace.path("gen")).unwrap();
    let finished = workspace.succeed(&["check", "--json"]);
    let document = finished.json();
    assert!(codes(&document).iter().all(|code| *code == "no-match"), "{document}");
    let told: Vec<_> = document["diagnostics"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["summary"].as_str().unwrap_or_default())
        .collect();
    let expected = ["**/*.nothing", "src/*.pyy", "ignored/*", "gen/**"];
    assert_eq!(told, expected.map(|glob| format!("no file matches `{glob}`")));
    assert!(!workspace.path(".purlin").exists(), "check writes nothing");
}

#[test]
fn check_warns_of_exceptions_to_nothing() {
    let workspace = workspace(
        r#"
[commands.only]
exec = "true"
deps = ["!src/old"]
[commands.order]
exec = "true"
deps = ["!src/old/*", "src/**"]
[commands.right]
exec = "true"
deps = ["src/**", "!src/new"]
[commands.typo]
exec = "true"
deps = ["src/*.pyy"]
"#,
    );
    workspace.write("src/a", "");
    assert_snapshot!(workspace.succeed(&["check"]).stable_stderr(), @r#"
    warning: `!src/old` takes nothing out
     --> purlin.toml:5:9
      |
    5 | deps = ["!src/old"]
      |         ^^^^^^^^^^ there is no pattern in front of this one
      |
      = A `!` takes files out of what patterns before it have named.
      = help: name the files first: `["src/**", "!src/old"]`

    warning: `!src/old/*` takes nothing out
     --> purlin.toml:8:9
      |
    8 | deps = ["!src/old/*", "src/**"]
      |         ^^^^^^^^^^^^ there is no pattern in front of this one
      |
      = A `!` takes files out of what patterns before it have named.
      = help: name the files first: `["src/**", "!src/old"]`

    warning: no file matches `src/*.pyy`
      --> purlin.toml:14:9
       |
    14 | deps = ["src/*.pyy"]
       |         ^^^^^^^^^^^ named by this dependency
       |
       = It says nothing until there is one.
       = help: patterns are relative to the workspace's root; files that git ignores count only when they are named without wildcards
    "#);
}
