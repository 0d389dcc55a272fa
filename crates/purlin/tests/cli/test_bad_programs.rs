#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

#[test]
fn a_command_killed_by_a_signal_fails_and_is_named() {
    let workspace = workspace(
        r#"
[commands]
itself = "kill -KILL $$"
child = "exec 2>/dev/null; sh -c 'kill -SEGV $$'; exit $?"
fine = "true"
"#,
    );
    assert_snapshot!(workspace.fail(1, &["run", "itself"]).stable_stderr(), @"
    itself  FAILED    was killed by SIGKILL (signal 9), [SECONDS]
    1 failed · [SECONDS]
    ");
    assert_snapshot!(workspace.fail(1, &["run", "child"]).stable_stderr(), @"
    child  FAILED    ended with status 139 (something in it was killed by SIGSEGV (signal 11)), [SECONDS]
    1 failed · [SECONDS]
    ");
    // That others pass changes nothing.
    let failed = workspace.fail(1, &["run"]);
    for line in ["itself  FAILED    was killed by SIGKILL", "fine    done", "1 done · 2 failed"] {
        assert!(failed.stderr.contains(line), "{failed}");
    }
    let failed = workspace.fail(1, &["run", "itself", "--json"]);
    let event = failed.json_lines().into_iter().find(|event| event["event"] == "failed").unwrap();
    assert_eq!((&event["signal"], &event["exit_code"]), (&9.into(), &serde_json::Value::Null));
}

#[test]
fn dependants_of_a_killed_command_are_skipped() {
    let workspace = workspace(
        r#"
[commands.first]
exec = "kill -TERM $$"
[commands.second]
exec = "true"
deps = ["command:first"]
[commands.third]
exec = "true"
deps = ["command:second"]
"#,
    );
    assert_snapshot!(workspace.fail(1, &["run", "-n", "1"]).stable_stderr(), @"
    first   started   it has no deps, so it is never cached
    first   FAILED    was killed by SIGTERM (signal 15), [SECONDS]
    second  skipped   `first` did not succeed
    third   skipped   `first` did not succeed
    1 failed · 2 skipped · [SECONDS]
    ");
}

#[test]
fn a_program_that_is_not_there() {
    let workspace = workspace(
        r#"
[commands.argv]
argv = ["purlin-test-no-such-program", "--all"]
[commands.exec]
exec = "purlin-test-no-such-program 2>/dev/null"
[commands.denied]
argv = ["./text"]
"#,
    );
    workspace.write("text", "not a program");
    assert_snapshot!(workspace.fail(1, &["run", "argv"]).stable_stderr(), @r#"
    argv  FAILED    could not run
    error: the command `argv` could not be started
     --> purlin.toml:4:9
      |
    4 | argv = ["purlin-test-no-such-program", "--all"]
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ No such file or directory (os error 2)
      |
      = help: is `purlin-test-no-such-program` installed and on PATH?

    1 failed · [SECONDS]
    "#);
    assert_snapshot!(workspace.fail(1, &["run", "exec"]).stable_stderr(), @"
    exec  FAILED    ended with status 127 (a program was not found), [SECONDS]
    1 failed · [SECONDS]
    ");
    assert_snapshot!(workspace.fail(1, &["run", "denied"]).stable_stderr(), @r#"
    denied  FAILED    could not run
    error: the command `denied` could not be started
     --> purlin.toml:8:9
      |
    8 | argv = ["./text"]
      |         ^^^^^^^^ Permission denied (os error 13)
      |
      = help: may `./text` be executed?

    1 failed · [SECONDS]
    "#);
}

#[test]
fn a_folder_that_is_not_there() {
    let workspace = workspace("[commands.build]\nexec = \"true\"\ncwd = \"sub\"\n");
    assert_snapshot!(workspace.fail(1, &["run"]).stable_stderr(), @r#"
    build  FAILED    could not run
    error: the command `build` could not be started
     --> purlin.toml:4:7
      |
    4 | cwd = "sub"
      |       ^^^^^ there is no such folder
      |
      = help: `cwd` is a folder below the workspace's root

    1 failed · [SECONDS]
    "#);
    workspace.write("sub", "a file");
    assert_snapshot!(workspace.fail(1, &["run"]).stable_stderr(), @r#"
    build  FAILED    could not run
    error: the command `build` could not be started
     --> purlin.toml:4:7
      |
    4 | cwd = "sub"
      |       ^^^^^ there is no such folder
      |
      = help: `cwd` is a folder below the workspace's root

    1 failed · [SECONDS]
    "#);
}

#[test]
fn a_command_that_takes_too_long() {
    let workspace = workspace("[commands.build]\nexec = \"sleep 600\"\ntimeout = \"100ms\"\n");
    assert_snapshot!(workspace.fail(1, &["run"]).stable_stderr(), @"
    build  FAILED    took longer than its time limit, [SECONDS]
    1 failed · [SECONDS]
    ");
}

/// Whether a process is there and not only waits to be reaped.
fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}

#[test]
fn children_left_in_the_background_are_ended() {
    let workspace = workspace(
        r#"
[commands.leave]
exec = "sleep 600 & echo $! > pid; echo left"
deps = ["in.txt"]
"#,
    );
    workspace.write("in.txt", "");
    let run = workspace.succeed(&["run"]);
    assert_eq!(run.stdout, "left\n");
    assert!(!runs(workspace.read("pid").trim()), "{run}");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
}

/// The most memory that a process had, in KiB.
fn peak(workspace: &Workspace, arguments: &[&str]) -> (i32, i64) {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Both are read and dropped.
    let mut readers = Vec::new();
    let pipes: [Box<dyn std::io::Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for mut pipe in pipes {
        readers.push(std::thread::spawn(move || {
            std::io::copy(&mut pipe, &mut std::io::sink()).unwrap()
        }));
    }
    let mut most = 0;
    let status = loop {
        let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(now.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let read: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(read > 200 << 20, "all output came through: {read}");
    (status.code().unwrap(), most)
}

#[test]
fn a_flood_of_output_does_not_fill_the_memory() {
    let workspace = workspace(
        r#"
[commands.flood]
exec = "head -c 210000000 /dev/zero; cat fails; exit $(cat code)"
deps = ["code"]
cache-when = "finished"
[commands.other]
exec = "true"
"#,
    );
    workspace.write("code", "0");
    for (code, arguments) in [
        // Streamed, replayed, and in a failure's report, fresh and kept.
        ("0", &["run", "flood"] as &[&str]),
        ("0", &["run", "flood"]),
        ("1", &["run", "-n", "2"]),
        ("1", &["run", "-n", "2"]),
    ] {
        workspace.write("code", code);
        let (ended, most) = peak(&workspace, arguments);
        assert_eq!(ended.to_string(), code);
        assert!(most > 0 && most < 150 << 10, "{arguments:?} took {most} KiB");
    }
}

#[test]
fn a_command_that_closes_its_output() {
    let workspace = workspace(
        r#"
[commands.quiet]
exec = "exec >&- 2>&-; cat in.txt > out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#,
    );
    workspace.write("in.txt", "in");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("out.txt"), "in");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
}

/// What would be markup to somebody.
const MARKUP: &[u8] =
    b"[bold]x[/bold] {msg} {spinner} %s \\e[0m \x1b[31mred\x1b[0m \x1b]0;title\x07 \r\n \xff\xfe\0 <b>&amp;";

#[test]
fn markup_in_output_comes_through_byte_for_byte() {
    let workspace = workspace(
        r#"
[commands.say]
exec = "cat said; cat said >&2"
deps = ["said"]
[commands.fail]
exec = "cat said; cat said >&2; exit 1"
hidden = true
[commands.other]
exec = "true"
hidden = true
"#,
    );
    workspace.write("said", MARKUP);
    let output = |arguments: &[&str]| workspace.command(arguments).output().unwrap();
    for _ in 0..2 {
        // Streamed, then replayed.
        let run = output(&["run", "say"]);
        assert_eq!(run.stdout, MARKUP);
        assert_eq!(&run.stderr[..MARKUP.len()], MARKUP);
    }
    let run = output(&["run", "-n", "2", "fail", "other"]);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(run.stdout, b"");
    let found = run.stderr.windows(MARKUP.len()).filter(|bytes| *bytes == MARKUP).count();
    assert_eq!(found, 2, "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn failures_are_shown_in_full_in_the_end() {
    let workspace = workspace(
        r#"
[commands]
fine = "echo fine"
fail = "echo said; sleep 0.1; echo complained >&2; printf 'no newline' >&2; exit 3"
silent = "exit 4"
"#,
    );
    let failed = workspace.fail(1, &["run", "-n", "2", "-q", "fine", "fail"]);
    assert_snapshot!(failed.stable_stderr(), @"

    ──── fail ended with status 3
    said
    complained
    no newline
    ──── kept in .purlin/log/[RUN]/fail-[HASH].{stdout,stderr}
    ");
    let failed = workspace.fail(1, &["run", "-n", "2", "-q", "fine", "silent"]);
    assert_snapshot!(failed.stable_stderr(), @"

    ──── silent ended with status 4
    ");
}

#[test]
fn braces_and_dollars_in_commands_stay() {
    let workspace = workspace(
        r#"
[commands.home]
exec = 'echo ${HOME} $HOME'
[commands.awk]
exec = "awk '{print $1}' in.txt"
[commands.braces]
argv = ["echo", "{a,b}", "${HOME}", "{}", "{ root }", "{{root}", "{msg}"]
[commands.brace-globs]
exec = "cat src/*"
deps = ["src/*.{a,b}"]
"#,
    );
    let home = workspace.base().join("home").display().to_string();
    workspace.write("in.txt", "one two\nthree four\n");
    assert_eq!(workspace.succeed(&["run", "home"]).stdout, format!("{home} {home}\n"));
    assert_eq!(workspace.succeed(&["run", "awk"]).stdout, "one\nthree\n");
    let braces = workspace.succeed(&["run", "braces"]).stdout;
    assert_eq!(braces, "{a,b} ${HOME} {} { root } {root} {msg}\n");
    for (file, text) in [("src/x.a", "1"), ("src/x.b", "2")] {
        workspace.write(file, text);
    }
    assert_eq!(workspace.succeed(&["run", "brace-globs"]).stdout, "12");
    workspace.write("src/x.b", "3");
    assert_eq!(workspace.succeed(&["run", "brace-globs"]).stdout, "13");
    workspace.write("src/x.c", "4");
    let run = workspace.succeed(&["run", "brace-globs"]);
    assert_eq!(run.stdout, "13", "{run}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let workspace = workspace("[commands]\nmany = \"seq 1 100000\"\n");
    let mut command = workspace.command(&["run"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
}

#[test]
fn purlin_that_is_killed_takes_its_program_along() {
    let workspace =
        workspace("[commands]\nwait = \"echo $$ > pid; mkfifo up; cat up; exec sleep 600\"\n");
    let mut child = workspace
        .command(&["run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let up = workspace.path("up");
    while !up.exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let pid = workspace.read("pid").trim().to_owned();
    while runs(&pid) {
        assert!(Path::new("/proc/self").exists());
        std::thread::yield_now();
    }
}
