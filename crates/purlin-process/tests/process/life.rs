//! Calls at the same time, starts when they are needed, and ends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use purlin_plugin::contract::{Host, LogLevel, QuietHost};
use purlin_plugin::message::{ExecRequest, ExecResult, FeatureSummary, PluginError};
use purlin_process::Process;
use serde_json::json;

use crate::support::{Plugin, call, soon};

#[test]
fn it_starts_with_the_first_call_and_ends_with_the_last_handle() {
    let plugin = Plugin::new("echo");
    let process = plugin.process();
    assert_eq!((process.starts(), plugin.running().len()), (0, 0));
    assert_eq!(call(&process, json!({"a": 1})).unwrap(), json!({"values": [{"a": 1}]}));
    assert_eq!((process.starts(), plugin.running().len()), (1, 1));
    let other = process.clone();
    drop(process);
    assert!(call(&other, json!(2)).is_ok());
    drop(other);
    assert_eq!(plugin.running(), [0; 0]);
}

#[test]
fn many_callers_share_one_process() {
    let plugin = Plugin::new("echo");
    let process = plugin.process();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let process = &process;
            scope.spawn(move || {
                for number in 0..50 {
                    let value = json!([thread, number]);
                    assert_eq!(call(process, value.clone()).unwrap(), json!({ "values": [value] }));
                }
            });
        }
    });
    assert_eq!(process.starts(), 1);
}

#[test]
fn no_more_calls_than_it_takes_are_under_way() {
    let mut plugin = Plugin::new("slow");
    plugin.launch.limits.concurrency = Some(1);
    // Waiting for one's turn is no time of the call.
    plugin.launch.limits.call = Some(Duration::from_millis(1500));
    let process = plugin.process();
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let result = call(&process, json!(0.5));
                results.lock().unwrap().push(result.is_ok());
            });
        }
    });
    assert_eq!(results.into_inner().unwrap(), [true; 4]);
}

#[test]
fn large_messages_pass_in_both_directions() {
    let plugin = Plugin::new("echo");
    let text = "ä".repeat(5 << 20);
    assert_eq!(call(&plugin.process(), json!(text)).unwrap(), json!({ "values": [text] }));
}

#[test]
fn a_process_that_was_shut_down_stays_down() {
    let plugin = Plugin::new("echo");
    let process = plugin.process();
    call(&process, json!(1)).unwrap();
    process.shut_down();
    let error = call(&process, json!(1)).unwrap_err();
    assert_eq!(error.cause, purlin_process::Cause::Closed);
}

/// Programs that run at once, and the most there were.
#[derive(Default)]
struct Busy(AtomicU32, AtomicU32, AtomicU32);

impl Host for Busy {
    fn log(&self, _level: LogLevel, _message: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }

    fn exec(&self, _request: &ExecRequest) -> Result<ExecResult, PluginError> {
        let Self(now, most, all) = self;
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
        now.fetch_sub(1, Ordering::SeqCst);
        all.fetch_add(1, Ordering::SeqCst);
        Ok(ExecResult {
            status: Some(0),
            signal: None,
            stdout: String::new(),
            stderr: String::new(),
        })
    }
}

#[test]
fn no_more_programs_than_sixteen_run_at_once() {
    let plugin = Plugin::new("run-many");
    let busy = Arc::new(Busy::default());
    let process = Process::new(plugin.launch.clone(), busy.clone());
    assert!(call(&process, json!(1)).is_ok());
    let Busy(_, most, all) = &*busy;
    assert_eq!((most.load(Ordering::SeqCst), all.load(Ordering::SeqCst)), (16, 60));
}

/// The children that somebody else of this process has started are not touched.
#[test]
fn other_children_keep_their_status() {
    let mut own = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
    let plugin = Plugin::new("children");
    let process = plugin.process();
    call(&process, json!(1)).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    process.shut_down();
    assert_eq!(own.wait().unwrap().code(), Some(3));
}

/// This test starts itself: the inner one is killed, and its plugin must not survive it.
#[test]
fn it_does_not_survive_the_host() {
    let variable = "PURLIN_TEST_INNER";
    let plugin = Plugin::new("children");
    if let Some(file) = std::env::var_os(variable) {
        let process = plugin.process();
        call(&process, json!(1)).unwrap();
        let pids = plugin.running().iter().map(u32::to_string).collect::<Vec<_>>().join("\n");
        std::fs::write(file, pids).unwrap();
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    let file = plugin.dir.path().join("pids");
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["life::it_does_not_survive_the_host", "--exact", "--nocapture"])
        .env(variable, &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pids = || std::fs::read_to_string(&file).unwrap_or_default();
    soon("the inner test did not start its plugin", || pids().lines().count() == 3);
    inner.kill().unwrap();
    inner.wait().unwrap();
    let alive = |pid: &str| std::path::Path::new("/proc").join(pid).exists();
    soon("the plugin survives", || !pids().lines().any(alive));
}

#[test]
fn one_call_is_cancelled_and_the_process_lives_on() {
    let mut plugin = Plugin::new("slow");
    plugin.launch.limits.grace = Duration::from_secs(5);
    let process = plugin.process();
    let params = |config: f64| json!({ "config": config });
    process.call_and_cancel("dependency/expand", &params(0.3)).unwrap();
    process.call_and_cancel("dependency/expand", &params(0.0)).unwrap();
    assert!(call(&process, json!(0)).is_ok());
    assert_eq!(process.starts(), 1);
    let deaf = Plugin::new("hang");
    let error = deaf.process().call_and_cancel("dependency/expand", &params(0.0)).unwrap_err();
    assert_eq!(
        deaf.told(&error),
        "[plugin-cancelled] the plugin `bad` 1.2.0 failed in `dependency/expand`\n\
         It was cancelled, did not stop and was ended.\n\
         The last that it wrote to stderr:\n  thinking about it"
    );
    assert_eq!(deaf.running(), [0; 0]);
}

#[test]
fn waiting_calls_end_when_the_process_does() {
    let plugin = Plugin::new("slow");
    let process = Process::new(plugin.launch.clone(), Arc::new(QuietHost));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(|| call(&process, json!(100)))).collect();
        soon("it did not start", || plugin.running().len() == 1);
        std::thread::sleep(Duration::from_millis(100));
        process.cancel_all();
        for caller in callers {
            assert!(caller.join().unwrap().is_err());
        }
    });
    assert!(begin.elapsed() < Duration::from_secs(10));
}
