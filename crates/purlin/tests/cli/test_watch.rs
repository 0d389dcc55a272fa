//! `run --watch`.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use purlin_test::Workspace;
use serde_json::Value as Json;

use crate::{assert_ends, workspace};

/// A run that watches, and what it says.
struct Watching {
    child: Child,
    events: Receiver<Json>,
}

impl Watching {
    fn start(workspace: &Workspace, arguments: &[&str]) -> Self {
        let mut command = workspace.command(&[&["run", "--watch", "--json"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, events) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines {
                let _ = sender.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, events }
    }

    /// What happened until there was nothing left to do: `finished test`, without what was queued,
    /// started and said.
    #[track_caller]
    fn round(&self) -> Vec<String> {
        let mut round = Vec::new();
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(60)).expect("it goes on");
            let name = event["event"].as_str().unwrap();
            match name {
                "waiting" => return round,
                "queued" | "started" | "output" | "changed" => {}
                _ => round.push(format!("{name} {}", event["id"].as_str().unwrap_or_default())),
            }
        }
    }

    /// Waits for an event of an instance.
    #[track_caller]
    fn until(&self, name: &str, id: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            let event = self.events.recv_timeout(Duration::from_secs(60)).expect("it goes on");
            if event["event"] == name && event["id"] == id {
                return;
            }
        }
        panic!("there was no {name} of {id}");
    }

    /// Nothing happens for a while.
    #[track_caller]
    fn rests(&self) {
        let event = self.events.recv_timeout(Duration::from_millis(900));
        assert!(event.is_err(), "{event:?}");
    }

    #[track_caller]
    fn end(mut self) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let begin = Instant::now();
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
        assert!(begin.elapsed() < Duration::from_secs(4), "it took {:?}", begin.elapsed());
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CHAIN: &str = r#"
[commands.gen]
exec = "cat src/*.txt > out.txt"
deps = ["src/**/*.txt"]
artifacts = ["out.txt"]
[commands.test]
exec = "! grep bad out.txt"
deps = ["command:gen"]
[commands.other]
exec = "true"
deps = ["other.txt"]
"#;

#[test]
fn what_a_change_concerns_is_done_again_and_nothing_else() {
    let workspace = workspace(CHAIN);
    workspace.write("src/a.txt", "fine\n");
    let watching = Watching::start(&workspace, &["-n", "1"]);
    let mut first = watching.round();
    first.sort();
    assert_eq!(first, ["finished gen", "finished other", "finished test"]);
    // It goes on after a failure.
    workspace.write("src/b.txt", "bad\n");
    assert_eq!(watching.round(), ["finished gen", "failed test"]);
    fs::remove_file(workspace.path("src/b.txt")).unwrap();
    assert_eq!(watching.round(), ["cached gen", "cached test"]);
    // What makes no difference to `test` does not bring it back.
    workspace.write("src/deeper/than/that/c.txt", "");
    assert_eq!(watching.round(), ["finished gen"]);
    // A save by rename, and one that changes nothing.
    workspace.write("src/.a.txt.swp", "better\n");
    fs::rename(workspace.path("src/.a.txt.swp"), workspace.path("src/a.txt")).unwrap();
    assert_eq!(watching.round(), ["finished gen", "finished test"]);
    workspace.write("src/a.txt", "better\n");
    workspace.write("unrelated.txt", "");
    watching.rests();
    // A folder that goes away with all that is in it.
    fs::rename(workspace.path("src/deeper"), workspace.base().join("gone")).unwrap();
    assert_eq!(watching.round(), ["finished gen"]);
    watching.end();
}

#[test]
fn what_commands_write_themselves_is_no_change() {
    let workspace = workspace(
        r#"
[commands.format]
exec = "sed -i 's/  */ /g' src/*.py"
deps = ["src/**"]
artifacts = ["src/*.py"]
[commands.test]
exec = "mkdir -p src/__pycache__; date +%N > src/__pycache__/a.pyc; echo run >> runs"
deps = ["src/**", "command:format"]
cache = "none"
"#,
    );
    workspace.write(".gitignore", "__pycache__\nruns\n");
    workspace.write("src/a.py", "a  =  1\n");
    let watching = Watching::start(&workspace, &["-n", "2"]);
    assert_eq!(watching.round(), ["finished format", "finished test"]);
    watching.rests();
    workspace.write("src/a.py", "a  =  2\n");
    let round = watching.round();
    assert!(round.starts_with(&["finished format".to_owned()]), "{round:?}");
    watching.rests();
    assert_eq!(workspace.read("src/a.py"), "a = 2\n");
    assert!(workspace.lines("runs") <= 3, "{}", workspace.read("runs"));
    watching.end();
}

#[test]
fn a_command_that_runs_begins_anew_when_its_inputs_change() {
    let workspace = workspace(
        r#"
[commands.build]
exec = "cat src.txt > out.txt"
deps = ["src.txt"]
artifacts = ["out.txt"]
[commands.serve]
exec = "sleep 1000 & echo $! >> children; echo $$ >> pids; cat out.txt conf.txt >> served; wait"
deps = ["conf.txt", "command:build"]
cache = "none"
"#,
    );
    workspace.write("src.txt", "1\n");
    workspace.write("conf.txt", "a\n");
    let watching = Watching::start(&workspace, &["-n", "2"]);
    let lines = |count: usize| {
        let end = Instant::now() + Duration::from_secs(60);
        while workspace.lines("served") < 2 * count {
            assert!(Instant::now() < end, "it was not started");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    lines(1);
    workspace.write("conf.txt", "b\n");
    lines(2);
    // What it depends on is made again while it goes on, and then it begins anew.
    workspace.write("src.txt", "2\n");
    lines(3);
    assert_eq!(workspace.read("served"), "1\na\n1\nb\n2\nb\n");
    for file in ["pids", "children"] {
        for process in workspace.read(file).lines().take(2) {
            assert_ends(process);
        }
    }
    watching.end();
    for file in ["pids", "children"] {
        assert_ends(workspace.read(file).lines().last().unwrap());
    }
}

#[test]
fn definitions_that_change_are_read_again() {
    let document = "[workspace]\n[commands]\na = { exec = 'echo one >> said', deps = ['x'] }\n";
    let workspace = workspace(document);
    workspace.write("x", "");
    let watching = Watching::start(&workspace, &[]);
    assert_eq!(watching.round(), ["finished a"]);
    workspace.write("purlin.toml", document.replace("one", "two"));
    watching.until("finished", "a");
    watching.round();
    // Mistakes are waited out.
    workspace.write("purlin.toml", "[workspace\n");
    std::thread::sleep(Duration::from_millis(500));
    workspace.write("purlin.toml", document.replace("one", "three"));
    watching.until("finished", "a");
    watching.round();
    assert_eq!(workspace.read("said"), "one\ntwo\nthree\n");
    workspace.write("purlin.toml", "[workspace\n");
    std::thread::sleep(Duration::from_millis(500));
    watching.end();
}

#[test]
fn files_with_process_variables_that_change_are_read_again() {
    let workspace = workspace(
        r#"
[defaults]
dotenv = [{ path = "all.env", optional = true }]
[spaces.docs]
modules = ["docs"]
dotenv = ["./docs/own.env"]
[commands.here]
exec = "echo $WORD >> here"
deps = ["x"]
[commands.there]
exec = "echo $WORD >> there; : {module.name}"
deps = ["x"]
"#,
    );
    workspace.write("x", "");
    workspace.write("docs/own.env", "WORD=one\n");
    let watching = Watching::start(&workspace, &["-n", "1"]);
    assert_eq!(watching.round(), ["finished here", "finished there@docs#docs"]);
    workspace.write("docs/own.env", "WORD=two\n");
    watching.until("finished", "there@docs#docs");
    watching.round();
    // One that was not there, and one that is wrong for a while.
    workspace.write("all.env", "WORD=new\n");
    watching.until("finished", "here");
    watching.round();
    workspace.write("all.env", "WORD\n");
    std::thread::sleep(Duration::from_millis(500));
    workspace.write("all.env", "WORD=last\n");
    watching.until("finished", "here");
    watching.round();
    assert_eq!(workspace.read("there"), "one\ntwo\n");
    assert_eq!(workspace.read("here"), "\nnew\nlast\n");
    watching.end();
}

#[test]
fn mistakes_in_any_file_of_definitions_are_waited_out() {
    let workspace = workspace(
        "[include]\nfiles = ['more/*.toml']\n[spaces.docs]\nmodules = ['docs']\ndotenv = ['env/own.env']\n",
    );
    let module = "[commands]\na = { exec = 'echo $WORD >> said', deps = ['x'] }\n";
    let more = "[commands]\nb = { exec = 'echo b >> said', deps = ['x'] }\n";
    workspace.write("x", "");
    workspace.write("docs/purlin.toml", module);
    workspace.write("more/b.toml", more);
    workspace.write("env/own.env", "WORD=one\n");
    let watching = Watching::start(&workspace, &["-n", "1"]);
    watching.round();
    for (path, wrong, right) in [
        ("docs/purlin.toml", "[commands\n", module.replace("$WORD", "$WORD again")),
        ("env/own.env", "WORD\n", "WORD=two\n".to_owned()),
        ("more/b.toml", "[commands\n", more.replace("echo b", "echo c")),
    ] {
        workspace.write(path, wrong);
        std::thread::sleep(Duration::from_millis(700));
        let before = workspace.lines("said");
        workspace.write(path, right);
        watching.round();
        assert_eq!(workspace.lines("said"), before + 1, "{path}");
    }
    assert!(workspace.read("said").ends_with("one again\ntwo again\nc\n"));
    // A file that comes to be included.
    workspace.write("more/d.toml", "[commands]\nd = { exec = 'echo d >> said', deps = ['x'] }\n");
    watching.until("finished", "d");
    watching.end();
}

#[test]
fn waiting_for_a_change_does_not_wake_up_from_its_own_words() {
    let workspace = workspace("[commands]\na = 'true'\n");
    let log = fs::File::create(workspace.path("log.txt")).unwrap();
    let mut command = workspace.command(&["run", "--watch"]);
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let mut child = command.spawn().unwrap();
    let told = |text: &str| workspace.read("log.txt").matches(text).count();
    let wait = |text: &str, count: usize| {
        let end = Instant::now() + Duration::from_secs(60);
        while told(text) < count {
            assert!(Instant::now() < end, "{}", workspace.read("log.txt"));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait("done", 1);
    std::thread::sleep(Duration::from_millis(200));
    workspace.write("purlin.toml", "[workspace\n");
    wait("waits for changes of the definitions", 1);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(told("waits for changes of the definitions"), 1, "{}", workspace.read("log.txt"));
    workspace.write("purlin.toml", "[workspace]\n[commands]\na = 'echo right'\n");
    wait("right", 1);
    let ended = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(ended.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_changes_behind_links_and_in_ignore_files_is_seen() {
    let workspace = workspace(
        r#"
[commands.named]
exec = "cat link/x >> named"
deps = ["link/x"]
[commands.found]
exec = "cat src/* >> found"
deps = ["src/*.txt"]
[commands.ignoring]
exec = "ls kept >> ignoring"
deps = ["kept/*"]
"#,
    );
    workspace.write("real/x", "1\n");
    workspace.write("shared/a.txt", "1\n");
    workspace.write("kept/a", "");
    workspace.write("kept/b", "");
    fs::create_dir(workspace.path("src")).unwrap();
    std::os::unix::fs::symlink("real", workspace.path("link")).unwrap();
    std::os::unix::fs::symlink("../shared/a.txt", workspace.path("src/a.txt")).unwrap();
    let watching = Watching::start(&workspace, &["-n", "1"]);
    assert_eq!(watching.round().len(), 3);
    workspace.write("real/x", "2\n");
    assert_eq!(watching.round(), ["finished named"]);
    workspace.write("shared/a.txt", "2\n");
    assert_eq!(watching.round(), ["finished found"]);
    workspace.write("kept/.gitignore", "b\n");
    assert_eq!(watching.round(), ["finished ignoring"]);
    workspace.write("real/other", "");
    watching.rests();
    watching.end();
}
