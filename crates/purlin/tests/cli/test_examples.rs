//! The plugins of `examples/plugins`: they hold to the conformance kit, and do what they promise.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use purlin_test::Workspace;

use crate::workspace;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Copies an example into a workspace.
fn take(workspace: &Workspace, name: &str) {
    let folder = repository().join("examples/plugins").join(name);
    let mut waiting = vec![folder.clone()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("it is a folder") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let below = path.strip_prefix(&folder).expect("it was found there");
                let content = std::fs::read(&path).expect("it is a file");
                workspace.write(Path::new(name).join(below), content);
            }
        }
    }
}

/// A workspace with an example that the user has consented to.
fn with(name: &str, document: &str) -> Workspace {
    let workspace = workspace(&format!("{document}\n[plugins.{name}]\npath = '{name}'\n"));
    take(&workspace, name);
    workspace.succeed(&["plugin", "trust", name, "--yes"]);
    workspace
}

/// All checks are made and passed, and the code is short.
fn conforms(workspace: &Workspace, name: &str) {
    let done = workspace.succeed(&["plugin", "check", name, "--json"]).json();
    assert_eq!(done["diagnostics"], serde_json::json!([]));
    let done = workspace.succeed(&["plugin", "test", name, "--json"]).json();
    let checks = done["checks"].as_array().expect("a list");
    for check in checks {
        assert_eq!(check["status"], "passed", "{check}");
    }
    let lines = workspace.lines(format!("{name}/{name}_plugin.py"));
    assert!((1..150).contains(&lines), "{lines} lines");
}

#[test]
fn the_plugin_in_starlark_conforms_and_needs_no_consent() {
    let workspace = workspace(
        "[plugins.layout]\npath = 'layout'\n\
         [commands.test]\nexec = 'cat api/*.py'\ndeps = ['component:api']\n",
    );
    take(&workspace, "layout");
    let done = workspace.succeed(&["plugin", "check", "layout", "--json"]).json();
    assert_eq!(done["diagnostics"], serde_json::json!([]));
    let done = workspace.succeed(&["plugin", "test", "layout", "--json"]).json();
    for check in done["checks"].as_array().expect("a list") {
        assert_eq!(check["status"], "passed", "{check}");
    }
    assert!((1..150).contains(&workspace.lines("layout/plugin.star")));

    workspace.write("api/main.py", "1\n");
    let settled = || {
        let done = workspace.succeed(&["run", "--json"]);
        done.settled("test").expect("it is settled")
    };
    assert_eq!((settled().as_str(), settled().as_str()), ("finished", "cached"));
    workspace.write("api/notes.txt", "not Python\n");
    assert_eq!(settled(), "cached");
    workspace.write("api/tests/one.py", "2\n");
    assert_eq!(settled(), "finished");
}

#[test]
fn what_is_wrong_with_a_plugin_in_starlark_is_told_before_it_runs() {
    let workspace = workspace("");
    take(&workspace, "layout");
    let check = || {
        let done = workspace.run(&["plugin", "check", "layout", "--json"]).json();
        let told = done["diagnostics"].as_array().expect("a list");
        told.iter().map(|one| one["summary"].as_str().expect("a text").to_owned()).collect()
    };
    workspace.write("layout/plugin.star", "def component_expnad(config, ctx):\n    return {}\n");
    let told: Vec<String> = check();
    assert_eq!(
        told,
        ["dependency/component has no function", "transform/versions has no function"]
    );
    workspace.write("layout/plugin.star", "def expand(config, ctx)\n    return {}\n");
    let told: Vec<String> = check();
    assert_eq!(told, ["unexpected new line, expected symbol ':'"]);
}

#[test]
fn the_dependency_type_conforms() {
    let workspace = workspace("");
    take(&workspace, "requirements");
    conforms(&workspace, "requirements");
}

#[test]
fn a_command_runs_again_when_an_included_requirement_changes_and_not_for_a_comment() {
    let commands = "[commands.install]\nexec = 'cat *.txt'\ndeps = ['requirements:all.txt']\n";
    let workspace = with("requirements", commands);
    workspace.write("all.txt", "-r base.txt\n");
    workspace.write("base.txt", "six==1.16\n");
    let settled = || {
        let done = workspace.succeed(&["run", "--json"]);
        done.settled("install").expect("it is settled")
    };
    assert_eq!((settled().as_str(), settled().as_str()), ("finished", "cached"));
    workspace.write("base.txt", "# why we need it\nsix==1.16\n");
    assert_eq!(settled(), "cached");
    workspace.write("base.txt", "six==1.17\n");
    assert_eq!(settled(), "finished");
}

#[test]
fn the_subcommand_and_its_flag_conform() {
    let workspace = workspace("");
    take(&workspace, "profiles");
    conforms(&workspace, "profiles");
}

#[test]
fn a_profile_changes_what_runs_and_results_are_kept_apart() {
    let commands = "[commands.build]\nexec = 'echo flags: $CFLAGS'\ndeps = ['in.txt']\n";
    let workspace = with("profiles", commands);
    workspace.write("in.txt", "");
    workspace.write("profiles.ini", "[debug]\nCFLAGS = -g\n[release]\nCFLAGS = -O2\n");
    assert_eq!(workspace.succeed(&["profiles"]).stdout, "debug\nrelease\n");
    assert_eq!(workspace.succeed(&["profiles", "debug"]).stdout, "CFLAGS=-g\n");
    let run = |arguments: &[&str]| workspace.succeed(&[&["run"], arguments].concat()).stdout;
    assert_eq!(run(&[]), "flags:\n");
    assert_eq!(run(&["--profile", "release"]), "flags: -O2\n");
    assert_eq!(run(&["--profile=debug"]), "flags: -g\n");
    let again = workspace.succeed(&["run", "--profile", "release", "--json"]);
    assert_eq!(again.settled("build").as_deref(), Some("cached"));
    let unknown = workspace.fail(3, &["run", "--profile", "fast"]);
    assert!(unknown.stderr.contains("which has `debug`, `release`"), "{unknown}");
}

#[test]
fn the_environment_type_conforms() {
    let workspace = workspace("");
    take(&workspace, "venv");
    conforms(&workspace, "venv");
}

#[test]
fn a_virtual_environment_is_made_once_and_again_when_it_is_gone() {
    let workspace = with(
        "venv",
        "[spaces.docs]\nenvironment = { type = 'venv', requirements = 'docs.txt' }\n\
         [commands.which]\nexec = 'python -c \"import sys; print(sys.prefix)\" > prefix.txt'\n\
         deps = ['in.txt', 'pydist:pip']\nartifacts = ['prefix.txt']\nspace = 'docs'\n",
    );
    workspace.write("in.txt", "");
    workspace.write("docs.txt", "# nothing but what every environment has\n");
    let venv = workspace.path(".venv/docs");
    let install = "venv.install?folder=.venv/docs&requirements=docs.txt";
    let run = || {
        let done = workspace.succeed(&["run", "--json"]);
        let settled = |id: &str| done.settled(id).unwrap_or_else(|| panic!("{id}: {done}"));
        (settled(install), settled("which@docs"))
    };
    let told = |install: &str, which: &str| (install.to_owned(), which.to_owned());
    assert_eq!(run(), told("finished", "finished"));
    let prefix = workspace.read("prefix.txt");
    assert_eq!(prefix.trim(), venv.canonicalize().expect("it was made").to_str().expect("text"));
    assert_eq!(run(), told("cached", "cached"));
    std::fs::remove_dir_all(&venv).expect("it was made");
    assert_eq!(run(), told("finished", "cached"), "it is made again, and nothing in it differs");
    assert!(venv.join("bin/python").exists());
    let script = "import sys; print(sys.prefix)";
    let inside = workspace.succeed(&["exec", "-s", "docs", "--", "python", "-c", script]);
    assert_eq!((inside.stdout.as_str(), inside.stderr.as_str()), (prefix.as_str(), ""));
}

/// A WebDAV server, gone when dropped.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    /// `None` when it is not installed, which is a failure where CI says so.
    fn start(folder: &Path) -> Option<Self> {
        let python = repository().join(".tools/sdk/bin/python");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/examples/webdav_server.py");
        let mut command = Command::new(&python);
        command.arg(script).arg(folder).stdin(Stdio::null()).stdout(Stdio::piped());
        let started = command.spawn().ok();
        let port = started.and_then(|mut child| {
            let mut port = String::new();
            let output = child.stdout.take().expect("it is piped");
            BufReader::new(output).read_line(&mut port).expect("it is text");
            let port = port.trim().to_owned();
            let server = Self { child, port };
            (!server.port.is_empty()).then_some(server)
        });
        if port.is_none() {
            let told = format!("wsgidav is needed in {}: just setup", python.display());
            assert!(std::env::var_os("CI").is_none(), "{told}");
            eprintln!("skipped: {told}");
        }
        port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workspace, with a user of its own, whose results go to the server at that port.
fn on_server(port: &str) -> Workspace {
    let document = format!(
        "[workspace]\n[plugins.webdav]\npath = 'webdav'\n[caches.team]\ntype = 'webdav'\n\
         url = 'http://localhost:{port}/purlin'\n[defaults]\ncache = 'team'\n[commands.make]\n\
         exec = 'echo run >> runs; echo said; mkdir -p out; cat in.txt in.txt > out/twice'\n\
         deps = ['in.txt']\nartifacts = ['out']\n"
    );
    let workspace = workspace(&document).variable("WEBDAV_USER", "somebody");
    let workspace = workspace.variable("WEBDAV_PASSWORD", "xyzzy-plugh");
    take(&workspace, "webdav");
    let manifest = workspace.read("webdav/plugin.toml");
    let here = format!("localhost:{port}");
    workspace.write("webdav/plugin.toml", manifest.replace("localhost:8080", &here));
    workspace.succeed(&["plugin", "trust", "webdav", "--yes"]);
    workspace.write("in.txt", "one\n");
    workspace
}

#[test]
fn two_users_share_results_through_a_real_server() {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let Some(server) = Server::start(folder.path()) else { return };
    let (one, two) = (on_server(&server.port), on_server(&server.port));
    let mut said = Vec::new();
    let mut run = |workspace: &Workspace, expected: &str, warnings: usize| {
        let run = workspace.succeed(&["run"]);
        assert!(run.stderr.contains(expected), "{expected}: {run}");
        assert_eq!(run.stderr.matches("warning").count(), warnings, "{run}");
        said.push(format!("{run}"));
    };
    run(&one, "1 done", 0);
    run(&two, "1 cached", 0);
    assert_eq!((two.read("out/twice").as_str(), two.lines("runs")), ("one\none\n", 0));
    two.write("in.txt", "two\n");
    run(&two, "1 done", 0);
    one.write("in.txt", "two\n");
    run(&one, "1 cached", 0);
    assert_eq!(one.read("out/twice"), "two\ntwo\n");

    // A content that is cut off on the server is put right by whoever runs the command then.
    let digest = purlin_model::Digest::of(b"two\ntwo\n").to_hex();
    let content = folder.path().join("purlin/blob").join(digest);
    std::fs::write(&content, "two").expect("it can be written");
    let three = on_server(&server.port);
    three.write("in.txt", "two\n");
    run(&three, "1 done", 1);
    assert_eq!(std::fs::read(&content).expect("it is there"), b"two\ntwo\n");
    let four = on_server(&server.port);
    four.write("in.txt", "two\n");
    run(&four, "1 cached", 0);

    // The server is gone.
    drop(server);
    four.write("in.txt", "three\n");
    run(&four, "1 done", 1);
    run(&four, "1 cached", 0);
    let everything = one.succeed(&["run", "--json", "--force"]);
    said.push(format!("{everything}"));
    let logs = Command::new("grep")
        .args(["-r", "xyzzy-plugh"])
        .args([one.base(), four.base(), folder.path()])
        .output()
        .expect("there is a grep");
    assert_eq!(String::from_utf8_lossy(&logs.stdout), "");
    assert!(said.iter().all(|text| !text.contains("xyzzy-plugh")));
}

#[test]
fn the_cache_conforms_with_a_real_server() {
    let plain = workspace("");
    let folder = plain.path("server");
    std::fs::create_dir(&folder).expect("the workspace can be written to");
    let Some(server) = Server::start(&folder) else { return };
    let workspace =
        plain.variable("WEBDAV_URL", format!("http://localhost:{}/purlin", server.port));
    take(&workspace, "webdav");
    let manifest = workspace.read("webdav/plugin.toml");
    let here = format!("localhost:{}", server.port);
    assert!(manifest.contains("localhost:8080"), "{manifest}");
    workspace.write("webdav/plugin.toml", manifest.replace("localhost:8080", &here));
    conforms(&workspace, "webdav");
    // Nothing half-uploaded is left behind.
    for kind in ["action", "blob"] {
        for entry in std::fs::read_dir(folder.join("purlin").join(kind)).expect("it was made") {
            let name = entry.expect("it can be listed").file_name();
            assert_eq!(name.len(), 64, "{}", name.display());
        }
    }
}
