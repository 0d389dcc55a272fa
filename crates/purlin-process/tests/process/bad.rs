//! One plugin for each way to misbehave. Whatever it does, the call returns, the message names
//! plugin, version and call, and nothing is left running.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use purlin_plugin::contract::Dependency;
use purlin_plugin::message::{ErrorCode, ExpandContext};
use serde_json::json;

use crate::support::{Plugin, call};

fn quick(mode: &str) -> Plugin {
    let mut plugin = Plugin::new(mode);
    plugin.launch.limits.startup = Duration::from_secs(5);
    plugin.launch.limits.call = Some(Duration::from_millis(500));
    plugin
}

#[test]
fn will_not_start() {
    let plugin = Plugin::program(vec!["/no/such/program".into()]);
    assert_snapshot!(plugin.failure(), @r"
    [plugin-start] the plugin `bad` 1.2.0 failed in `initialize`
    `/no/such/program` cannot be started: no such file or directory.
    ");
    assert_snapshot!(Plugin::new("die-at-start").failure(), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `initialize`
    It ended with status 1.
    The last that it wrote to stderr:
      ModuleNotFoundError: No module named 'boto3'
    ");
}

#[test]
fn is_not_executable() {
    let mut plugin = Plugin::program(Vec::new());
    let file = plugin.dir.path().join("plugin");
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    plugin.launch.argv = vec![file.into()];
    assert_snapshot!(plugin.failure(), @r"
    [plugin-start] the plugin `bad` 1.2.0 failed in `initialize`
    `[dir]/plugin` cannot be started: permission denied.
    ");
}

#[test]
fn its_folder_is_gone() {
    let mut plugin = Plugin::new("echo");
    plugin.launch.folder = "/no/such/folder".into();
    assert_snapshot!(plugin.failure(), @r"
    [plugin-start] the plugin `bad` 1.2.0 failed in `initialize`
    Its folder /no/such/folder is not there.
    ");
}

#[test]
fn a_failed_start_is_not_tried_again() {
    let plugin = Plugin::new("die-at-start");
    let process = plugin.process();
    let first = call(&process, json!(1)).unwrap_err();
    assert_eq!(call(&process, json!(1)).unwrap_err(), first);
    assert_eq!(process.starts(), 1);
}

#[test]
fn hangs_at_start() {
    let mut plugin = Plugin::new("hang-at-start");
    plugin.launch.limits.startup = Duration::from_millis(300);
    assert_snapshot!(plugin.failure(), @r"
    [plugin-start] the plugin `bad` 1.2.0 failed in `initialize`
    It is not ready 300 ms after it was started.
    help: `startup-timeout` in its `[runtime]` gives it more time
    ");
}

#[test]
fn does_not_read() {
    let mut plugin = Plugin::new("deaf");
    plugin.launch.config = json!("x".repeat(1 << 20));
    plugin.launch.limits.startup = Duration::from_millis(300);
    assert_snapshot!(plugin.failure(), @r"
    [plugin-start] the plugin `bad` 1.2.0 failed in `initialize`
    It is not ready 300 ms after it was started.
    help: `startup-timeout` in its `[runtime]` gives it more time
    ");
}

#[test]
fn hangs_in_a_call() {
    assert_snapshot!(quick("hang").failure(), @r"
    [plugin-time] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It has not answered within 500 ms.
    The last that it wrote to stderr:
      thinking about it
    help: `call-timeout` in its `[runtime]` gives it more time
    ");
}

#[test]
fn a_call_that_is_late_but_ends_does_not_end_the_process() {
    let mut plugin = quick("slow");
    plugin.launch.limits.grace = Duration::from_secs(5);
    let process = plugin.process();
    let error = call(&process, json!(0.8)).unwrap_err();
    assert_snapshot!(plugin.told(&error), @r"
    [plugin-time] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It has not answered within 500 ms.
    help: `call-timeout` in its `[runtime]` gives it more time
    ");
    assert!(call(&process, json!(0)).is_ok());
    assert_eq!(process.starts(), 1);
}

#[test]
fn answers_rubbish() {
    assert_snapshot!(quick("rubbish").failure(), @r#"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It sent a message that is against the protocol, because unknown field `extra`, expected one of `jsonrpc`, `id`, `method`, `params`, `result`, `error`: `{"jsonrpc": "2.0", "id": 2, "result": {"values": [1]}, "extra": true}`.
    "#);
    assert_snapshot!(quick("no-json").failure(), @r#"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It wrote to stdout what is not a message: `{"jsonrpc": "2.0", "id": 2,`.
    help: stdout belongs to the protocol: what is meant for people goes to stderr
    "#);
    assert_snapshot!(quick("bytes").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It wrote to stdout what is not a message: `��`.
    help: stdout belongs to the protocol: what is meant for people goes to stderr
    ");
}

#[test]
fn answers_what_the_method_does_not_return() {
    for mode in ["shape", "surplus-field"] {
        let plugin = quick(mode);
        let process = plugin.process();
        let context = ExpandContext::new("/w");
        let feature = process.feature("echo");
        let host = purlin_plugin::contract::QuietHost;
        let error = feature.expand(&json!(null), &context, &host).unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal);
        match mode {
            "shape" => {
                assert_snapshot!(error.message, @r#"its result is not what `dependency/expand` returns: invalid type: string "**", expected a sequence"#);
            }
            _ => {
                assert_snapshot!(error.message, @"its result is not what `dependency/expand` returns: unknown field `glob`, expected one of `inputs`, `globs`, `values`, `variables`, `commands`, `packages`");
            }
        }
        // It is alive, and is asked again.
        assert!(call(&process, json!(null)).is_ok());
        assert_eq!(process.starts(), 1);
    }
}

#[test]
fn answers_twice() {
    let plugin = quick("twice");
    let process = plugin.process();
    assert!(call(&process, json!(null)).is_ok());
    crate::support::soon("it was not ended", || plugin.running().is_empty());
    let error = call(&process, json!(null)).unwrap_err();
    assert_snapshot!(plugin.told(&error), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It answered the request 2 twice.
    ");
}

#[test]
fn answers_an_unknown_id() {
    assert_snapshot!(quick("unknown-id").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It answered a request that was never sent, with the id 4711.
    ");
}

#[test]
fn floods_stdout() {
    let mut plugin = Plugin::new("flood-stdout");
    plugin.launch.limits.message = 8 << 20;
    let before = memory();
    assert_snapshot!(plugin.failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It sent a message of more than 8388608 bytes.
    ");
    assert!(memory() - before < 64 << 20, "{} bytes more", memory() - before);
}

#[test]
fn floods_stderr() {
    let plugin = Plugin::new("flood-stderr");
    let process = plugin.process();
    let before = memory();
    assert_eq!(call(&process, json!("alive")).unwrap(), json!({ "values": ["alive"] }));
    assert!(memory() - before < 16 << 20, "{} bytes more", memory() - before);
}

#[test]
fn prints_to_stdout() {
    assert_snapshot!(quick("print").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It wrote to stdout what is not a message: `hello from a stray print`.
    help: stdout belongs to the protocol: what is meant for people goes to stderr
    ");
    assert_snapshot!(quick("print-at-start").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `initialize`
    It wrote to stdout what is not a message: `Welcome!`.
    help: stdout belongs to the protocol: what is meant for people goes to stderr
    ");
}

#[test]
fn sends_an_unknown_notification() {
    assert_snapshot!(quick("notification").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It sent a message that is against the protocol, because there is no such notification: `$/gossip`.
    ");
}

#[test]
fn dies_in_mid_call() {
    assert_snapshot!(quick("die").failure(), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It ended with status 7.
    The last that it wrote to stderr:
      I cannot go on
    ");
    assert_snapshot!(quick("kill").failure(), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It was killed by signal 9.
    ");
}

#[test]
fn closes_its_stdout() {
    assert_snapshot!(quick("close").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It closed its stdout.
    ");
}

#[test]
fn is_started_again_once() {
    let plugin = quick("die-once");
    let process = plugin.process();
    let file = plugin.dir.path().join("died");
    let mut launch = plugin.launch.clone();
    launch.sandbox.write.push(plugin.dir.path().to_owned());
    let process = {
        drop(process);
        purlin_process::Process::new(
            launch,
            std::sync::Arc::new(purlin_plugin::contract::QuietHost),
        )
    };
    assert!(call(&process, json!(file)).is_err());
    assert!(call(&process, json!(file)).is_ok());
    assert_eq!(process.starts(), 2);
}

#[test]
fn dies_and_dies_again() {
    let plugin = quick("die");
    let process = plugin.process();
    assert!(call(&process, json!(null)).is_err());
    assert!(call(&process, json!(null)).is_err());
    let error = call(&process, json!(null)).unwrap_err();
    assert_snapshot!(plugin.told(&error), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It has failed twice in this run and is not started again; the last time, it ended with status 7.
    The last that it wrote to stderr:
      I cannot go on
    ");
    assert_eq!(process.starts(), 2);
}

#[test]
fn provides_other_things() {
    assert_snapshot!(quick("other-things").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `initialize`
    It does not provide dependency/echo, which its manifest names; it provides dependency/tree, which its manifest lacks.
    help: make its `plugin.toml` and its code tell of the same
    ");
    assert_snapshot!(quick("more-things").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `initialize`
    It provides hook/run.finished, which its manifest lacks.
    help: make its `plugin.toml` and its code tell of the same
    ");
}

#[test]
fn speaks_a_future_protocol() {
    assert_snapshot!(quick("future").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `initialize`
    It speaks no version of the protocol that this Purlin speaks (1): it answers with 2.
    help: install a version of the plugin or of Purlin that fits
    ");
    assert_snapshot!(quick("future-error").failure(), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `initialize`
    It speaks no version of the protocol that this Purlin speaks (1): 3 to 5 are spoken here.
    help: install a version of the plugin or of Purlin that fits
    ");
}

#[test]
fn ignores_cancel() {
    let plugin = Plugin::new("hang");
    let process = plugin.process();
    let error = std::thread::scope(|scope| {
        let caller = scope.spawn(|| call(&process, json!(null)).unwrap_err());
        crate::support::soon("it did not start", || plugin.running().len() == 1);
        std::thread::sleep(Duration::from_millis(200));
        process.cancel_all();
        assert_eq!(plugin.running(), [0; 0]);
        caller.join().unwrap()
    });
    assert_snapshot!(plugin.told(&error), @r"
    [plugin-cancelled] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It was cancelled, did not stop and was ended.
    The last that it wrote to stderr:
      thinking about it
    ");
    let error = call(&process, json!(null)).unwrap_err();
    assert_snapshot!(plugin.told(&error), @r"
    [plugin-cancelled] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It was cancelled.
    ");
}

#[test]
fn leaves_children_behind() {
    let plugin = Plugin::new("children");
    let process = plugin.process();
    assert!(call(&process, json!(null)).is_ok());
    assert_eq!(plugin.running().len(), 3);
    process.shut_down();
    assert_eq!(plugin.running(), [0; 0]);
    assert_snapshot!(quick("children-die").failure(), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It ended with status 1.
    ");
}

#[test]
fn does_not_end() {
    let plugin = Plugin::new("stay");
    let process = plugin.process();
    assert!(call(&process, json!(null)).is_ok());
    let begin = Instant::now();
    drop(process);
    assert_eq!(plugin.running(), [0; 0]);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

/// What it has asked for fills the pipe, and it never reads.
#[test]
fn asks_and_does_not_read() {
    let plugin = Plugin::new("ask-and-stay");
    let process = plugin.process();
    assert!(call(&process, json!(null)).is_ok());
    let begin = Instant::now();
    process.shut_down();
    assert_eq!(plugin.running(), [0; 0]);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());

    let begin = Instant::now();
    assert_snapshot!(quick("ask-and-hang").failure(), @r"
    [plugin-time] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It has not read what it was sent within 500 ms.
    help: a plugin reads its stdin at all times, also while it works or waits for an answer
    ");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());

    let plugin = Plugin::new("ask-and-hang");
    let process = plugin.process();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| call(&process, json!(null)).unwrap_err());
        crate::support::soon("it did not start", || plugin.running().len() == 1);
        std::thread::sleep(Duration::from_millis(300));
        let begin = Instant::now();
        process.cancel_all();
        let error = caller.join().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        assert_snapshot!(plugin.told(&error), @r"
        [plugin-cancelled] the plugin `bad` 1.2.0 failed in `dependency/expand`
        It was cancelled, did not stop and was ended.
        ");
    });
    assert_eq!(plugin.running(), [0; 0]);
}

/// It is seen at the end, when no call follows.
#[test]
fn says_what_is_wrong_after_its_last_answer() {
    let told = |lines: &[&str]| {
        let plugin = Plugin::new("last-words");
        let process = plugin.process();
        assert!(call(&process, json!({ "lines": lines })).is_ok());
        process.shut_down().map(|error| plugin.told(&error)).unwrap_or_default()
    };
    assert_snapshot!(told(&[]), @"");
    assert_snapshot!(told(&[r#"{"jsonrpc": "2.0", "id": ID, "result": {"values": []}}"#]), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It answered the request 2 twice.
    ");
    assert_snapshot!(told(&[r#"{"jsonrpc": "2.0", "id": 4711, "result": {}}"#]), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It answered a request that was never sent, with the id 4711.
    ");
    assert_snapshot!(told(&["bye"]), @r"
    [plugin-protocol] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It wrote to stdout what is not a message: `bye`.
    help: stdout belongs to the protocol: what is meant for people goes to stderr
    ");
}

#[test]
fn eats_memory() {
    let mut plugin = Plugin::new("memory");
    plugin.launch.limits.memory = Some(96 << 20);
    let told = plugin.failure();
    let lines = told.lines().filter(|line| !line.contains("File") && !line.starts_with("    "));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    [plugin-died] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It ended with status 1.
    The last that it wrote to stderr:
      Traceback (most recent call last):
      MemoryError
    help: `memory` in its `[runtime]` gives it more
    ");
}

/// Nobody has set a limit: there is one all the same.
#[test]
fn eats_memory_without_a_word() {
    let plugin = Plugin::new("memory");
    assert_eq!(plugin.launch.limits.memory, Some(2 << 30));
    let told = plugin.failure();
    let last: Vec<&str> = told.lines().rev().take(2).collect();
    assert_eq!(
        last,
        ["help: `memory` in its `[runtime]` gives it more", "  MemoryError"],
        "{told}"
    );
}

#[test]
fn reports_an_error() {
    let plugin = quick("error");
    let process = plugin.process();
    let feature = process.feature("echo");
    let host = purlin_plugin::contract::QuietHost;
    let error = feature.expand(&json!(null), &ExpandContext::new("/w"), &host).unwrap_err();
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/path")));
    assert_snapshot!(plugin.told(&call(&process, json!(null)).unwrap_err()), @r"
    [plugin-call] the plugin `bad` 1.2.0 failed in `dependency/expand`
    No such tree.
    ");
    let plugin = quick("unknown-method");
    assert_snapshot!(plugin.told(&call(&plugin.process(), json!(null)).unwrap_err()), @r"
    [plugin-call] the plugin `bad` 1.2.0 failed in `dependency/expand`
    It does not know `dependency/expand`: no.
    ");
}

/// The memory of this process, in bytes.
fn memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<i64>().unwrap() * 1024
}
