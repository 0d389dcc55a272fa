//! Programs that are run for a plugin.

use std::time::{Duration, Instant};

use purlin_process::{Program, Programs};

use crate::support::soon;

fn shell(script: &str, stdin: &str) -> Program {
    Program {
        argv: ["/bin/sh", "-c", script].map(Into::into).into(),
        folder: "/".into(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        stdin: stdin.to_owned(),
    }
}

fn is_alive(pid: &str) -> bool {
    let told = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    told.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[test]
fn they_read_and_write_and_tell_how_they_ended() {
    let programs = Programs::default();
    let input = "input ".repeat(100_000);
    let result = programs.run(&shell("cat; echo complaint >&2; exit 3", &input)).unwrap();
    assert_eq!((result.status, result.signal, &*result.stderr), (Some(3), None, "complaint\n"));
    assert_eq!(result.stdout, input);
    // One that does not read is given as much as it takes.
    let result = programs.run(&shell("kill -9 $$", &input)).unwrap();
    assert_eq!((result.status, result.signal), (None, Some(9)));
    let flood = programs.run(&shell("head -c 40000000 /dev/zero", "")).unwrap();
    assert_eq!(flood.stdout.len(), 32 << 20);
    let mut missing = shell("", "");
    missing.argv = vec!["/no/such/program".into()];
    assert_eq!(programs.run(&missing).unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

/// One that left its group keeps the pipes, too.
#[test]
fn what_they_leave_behind_is_ended() {
    let begin = Instant::now();
    let script = "setsid sh -c 'echo $$; sleep 600' & sleep 0.2; echo done";
    let result = Programs::default().run(&shell(script, "")).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let (pid, done) = result.stdout.split_once('\n').unwrap();
    assert_eq!(done, "done\n");
    assert!(!is_alive(pid));
}

#[test]
fn all_are_ended_and_those_that_come_later() {
    let programs = Programs::default();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let sleep = || programs.run(&shell("setsid sleep 600 & sleep 600", "")).unwrap().signal;
        let running: Vec<_> = (0..4).map(|_| scope.spawn(sleep)).collect();
        std::thread::sleep(Duration::from_millis(300));
        programs.end();
        for one in running {
            assert_eq!(one.join().unwrap(), Some(9));
        }
        assert_eq!(sleep(), Some(9));
    });
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

/// This test starts itself: the inner one is killed, and its programs must not survive it.
#[test]
fn they_do_not_survive_the_host() {
    let variable = "PURLIN_TEST_INNER";
    if let Some(file) = std::env::var_os(variable) {
        let script =
            "echo $$ > \"$0\"; setsid sh -c 'echo $$ >> \"$0\"; sleep 600' \"$0\" & sleep 600";
        let mut program = shell(script, "");
        program.argv.push(file);
        let _ = Programs::default().run(&program);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["programs::they_do_not_survive_the_host", "--exact", "--nocapture"])
        .env(variable, &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pids = || std::fs::read_to_string(&file).unwrap_or_default();
    soon("the inner test did not start its program", || pids().lines().count() == 2);
    inner.kill().unwrap();
    inner.wait().unwrap();
    soon("a program survives", || !pids().lines().any(is_alive));
}
