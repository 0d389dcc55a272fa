//! What plugins look like to somebody who sits in front of them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use purlin_test::Workspace;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::test_consent::{manifest, status};
use crate::workspace;

const COPY: &str = "#!/usr/bin/env python3
import json, sys

def send(**message):
    print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message.get('method') == 'initialize':
        provides = [{'point': 'subcommand', 'name': 'tools'}]
        send(id=message['id'], result={'protocol': 1, 'provides': provides})
    elif message.get('method') == 'subcommand/run':
        call = message['id']
        send(method='$/progress', params={'message': 'copying\\x1b[2J', 'done': 1, 'total': 2})
        send(id='a', method='host/output', params={'stream': 'stdout', 'text': 'one\\n'})
    else:
        send(method='$/progress', params={'message': 'copying\\x1b[2J', 'done': 2, 'total': 2})
        send(method='$/progress', params={'message': 'waiting'})
        send(id=call, result={'status': 0})
";

/// A workspace whose plugin `tools` is this program.
fn with_tools(program: &str) -> Workspace {
    let workspace = workspace("[plugins]\ntools = { path = \"tools\" }\n");
    workspace.write("tools/plugin.toml", manifest("tools", ""));
    workspace.write("tools/tools", program);
    let file = workspace.path("tools/tools");
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    workspace
}

/// Runs the binary on a terminal: its status, and everything that was shown.
pub(crate) fn on_a_terminal(
    workspace: &Workspace,
    arguments: &[&str],
    typed: &str,
) -> (Option<i32>, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let path = std::ffi::OsStr::from_bytes(name.as_bytes());
    let theirs = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let stream = || Stdio::from(theirs.try_clone().unwrap());
    let mut command = workspace.command(arguments);
    let child =
        command.env("TERM", "xterm").stdin(stream()).stdout(stream()).stderr(stream()).spawn();
    let mut child = child.unwrap();
    // Or the terminal would never end.
    drop((command, theirs));
    let mut ours = File::from(ours);
    ours.write_all(typed.as_bytes()).unwrap();
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match ours.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => shown.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // How the end of a terminal is told.
            Err(_) => break,
        }
    }
    (child.wait().unwrap().code(), String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn trust_asks_and_takes_nothing_but_yes_for_it() {
    let workspace = with_tools(COPY);
    // The last is the end of the input.
    for answer in ["n\n", "\n", "yep\n", "\u{4}"] {
        let (code, shown) = on_a_terminal(&workspace, &["plugin", "trust"], answer);
        assert!(shown.contains("Consent to `tools`? [y/N] "), "{shown}");
        assert_eq!((code, status(&workspace, "tools").as_str()), (Some(1), "ungranted"), "{shown}");
    }
    let (code, shown) = on_a_terminal(&workspace, &["plugin", "trust", "--no-input"], "y\n");
    assert!(!shown.contains("[y/N]") && code == Some(2), "{code:?} {shown}");
    assert_eq!(status(&workspace, "tools"), "ungranted");
    let (code, shown) = on_a_terminal(&workspace, &["plugin", "trust", "tools"], "Yes\n");
    assert_eq!((code, status(&workspace, "tools").as_str()), (Some(0), "ok"), "{shown}");
    // Nobody is asked again.
    let (code, shown) = on_a_terminal(&workspace, &["plugin", "trust"], "");
    assert!(!shown.contains("[y/N]") && code == Some(0), "{shown}");
}

#[test]
fn progress_is_one_line_on_a_terminal_and_lines_elsewhere() {
    let workspace = with_tools(COPY).variable("PURLIN_TRUST", "workspace");
    let done = workspace.succeed(&["tools"]);
    assert_eq!(done.stdout, "one\n");
    assert_eq!(done.stderr, "tools: copying\\u{1b}[2J 1/2\ntools: waiting\n");
    assert_eq!(workspace.succeed(&["tools", "-q"]).stderr, "");
    assert_eq!(workspace.succeed(&["tools", "--json"]).stderr, "");

    let (code, shown) = on_a_terminal(&workspace, &["tools"], "");
    assert_eq!(code, Some(0), "{shown}");
    let (before, after) = shown.split_once("one\r\n").unwrap();
    assert!(before.contains("tools: copying\\u{1b}[2J 1/2"), "{shown:?}");
    // The line is taken away, for what is written and at the end.
    assert!(before.ends_with("\u{1b}[2K") || before.ends_with('\r'), "{shown:?}");
    assert!(!after.trim_end_matches(['\r', '\n']).ends_with("waiting"), "{shown:?}");
}

/// Says how far it is, and takes its time.
const SLOW: &str = "#!/usr/bin/env python3
import json, sys, time

def send(**message):
    print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message.get('method') == 'initialize':
        provides = [{'point': 'dependency', 'name': 'slow'}]
        send(id=message['id'], result={'protocol': 1, 'provides': provides})
    else:
        for done in range(4):
            told = 'counting' if done < 2 else 'still counting'
            send(method='$/progress', params={'message': told, 'done': done, 'total': 4})
            time.sleep(0.6)
        send(id=message['id'], result={'inputs': message['params']['config'].get('inputs', [])})
";

#[test]
fn a_run_shows_how_far_its_plugins_are() {
    let workspace = workspace(
        "[plugins]\nslow = { path = \"slow\" }\n[commands]\nplain = \"sleep 1\"\n\
         [commands.make]\nexec = \"sleep 0.2; echo made > made.txt\"\ndeps = []\nartifacts = [\"made.txt\"]\n\
         [commands.late]\nexec = \"true\"\n\
         deps = [\"command:make\", { type = \"slow\", inputs = [\"made.txt\"] }]\n\
         [commands.early]\nexec = \"true\"\ndeps = [{ type = \"slow\" }]\n",
    )
    .variable("PURLIN_TRUST", "workspace");
    workspace.write(
        "slow/plugin.toml",
        "[plugin]\nname = \"slow\"\nversion = \"1.0.0\"\napi = \"1\"\n[runtime]\nkind = \"process\"\n\
         entry = [\"./slow\"]\n[provides.dependency.slow]\nabout = \"Slow\"\nschema = \"slow.json\"\n",
    );
    workspace.write(
        "slow/slow.json",
        r#"{ "type": "object", "properties": { "inputs": { "type": "array", "items": { "type": "string" }, "x-purlin-path": "input" } } }"#,
    );
    workspace.write("slow/slow", SLOW);
    let file = workspace.path("slow/slow");
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // Before the run begins: a line that changes on a terminal, and elsewhere one when it takes long.
    let (code, shown) = on_a_terminal(&workspace, &["run", "early"], "");
    assert!(code == Some(0) && shown.contains("slow: counting 0/4"), "{shown:?}");
    std::fs::remove_dir_all(workspace.base().join("cache/memo")).unwrap();
    let plain = workspace.succeed(&["run", "early"]).stderr;
    assert!(plain.starts_with("slow: still counting 2/4\n"), "{plain}");
    std::fs::remove_dir_all(workspace.base().join("cache/memo")).unwrap();
    assert!(!workspace.succeed(&["run", "early", "-q"]).stderr.contains("counting"));
    // While it goes on: among the lines of what runs, and not after it has answered.
    let (code, shown) = on_a_terminal(&workspace, &["run", "-n", "2", "late", "plain"], "");
    assert_eq!(code, Some(0), "{shown:?}");
    assert!(shown.contains("slow: counting 1/4"), "{shown:?}");
    assert!(shown.contains("slow: still counting"), "{shown:?}");
    let last = shown.rsplit_once("late").unwrap().1;
    assert!(!last.contains("counting"), "{last:?}");
}

#[test]
fn whoever_tests_a_plugin_sees_what_is_waited_for() {
    let workspace = with_tools("#!/bin/sh\nexec sleep 1000\n");
    let manifest =
        manifest("tools", "").replace("[runtime]", "[runtime]\nstartup-timeout = \"1s\"");
    workspace.write("tools/plugin.toml", manifest);
    let (code, shown) = on_a_terminal(&workspace, &["plugin", "test", "tools"], "");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("wait  process.start  "), "{shown:?}");
    assert!(shown.contains("FAIL  process.start"), "{shown:?}");
}

#[test]
fn completion_does_not_wait_for_a_plugin_that_hangs_as_it_starts() {
    let workspace =
        with_tools("#!/bin/sh\nexec sleep 1000\n").variable("PURLIN_TRUST", "workspace");
    let args = "args = [{ name = \"who\", kind = \"positional\", type = \"string\" }]\n";
    let manifest =
        manifest("tools", "").replace("about = \"Runs\"\n", &format!("about = \"Runs\"\n{args}"));
    workspace.write("tools/plugin.toml", manifest);
    let ask = |words: &[&str]| {
        let mut command = workspace.command(&[&["--", "purlin"], words].concat());
        command.env("PURLIN_COMPLETE", "fish");
        let begin = Instant::now();
        let finished = workspace.finish(&mut command);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        (finished.stdout, begin.elapsed())
    };
    assert!(ask(&["too"]).0.starts_with("tools"));
    let (offered, took) = ask(&["tools", "x"]);
    assert_eq!(offered, "");
    // Far less than the 10 s that starting may take, and more than the limit, as machines are busy.
    assert!(took < Duration::from_secs(4), "{took:?}");
    let mark = workspace.base().as_os_str().as_bytes().to_owned();
    let alive = || {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter_map(|one| std::fs::read(one.path().join("environ")).ok())
            .any(|variables| variables.windows(mark.len()).any(|one| one == mark))
    };
    let end = Instant::now() + Duration::from_secs(10);
    while alive() {
        assert!(Instant::now() < end, "the plugin survives");
        std::thread::sleep(Duration::from_millis(20));
    }
}
