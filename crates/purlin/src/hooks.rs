//! Telling hooks of what was run. Results that were there already are told to nobody, so that a run
//! without work looks for no hook and starts no plugin.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use purlin_commands::{Event, Summary};
use purlin_host::{FeatureRef, Plugins};
use purlin_model::{Diagnostic, Severity};
use serde_json::{Value as Json, json};

use crate::call;

/// A command was run to its end.
const COMMAND: &str = "command.finished";
/// A package was built to its end.
const BUILD: &str = "build.finished";
/// A run in which at least one command was run is over.
const RUN: &str = "run.finished";

/// A hook that fails after this time is not waited for again.
const SLOW: Duration = Duration::from_secs(2);

/// The hooks of one run. They are called beside the run, one after the other, and change nothing.
pub(crate) struct Hooks<'scope, 'env> {
    plugins: &'env Plugins,
    scope: &'scope Scope<'scope, 'env>,
    /// What they are told of.
    event: &'static str,
    /// Those that are told, looked up with the first that was run.
    listeners: Option<Vec<FeatureRef>>,
    caller: Option<Caller<'scope>>,
}

struct Caller<'scope> {
    sender: Sender<Call>,
    thread: ScopedJoinHandle<'scope, Vec<Diagnostic>>,
}

struct Call {
    hooks: Vec<FeatureRef>,
    event: &'static str,
    payload: Json,
}

impl<'scope, 'env> Hooks<'scope, 'env> {
    pub(crate) fn new(plugins: &'env Plugins, scope: &'scope Scope<'scope, 'env>) -> Self {
        Self { plugins, scope, event: COMMAND, listeners: None, caller: None }
    }

    /// Those that are told of packages.
    pub(crate) fn of_builds(plugins: &'env Plugins, scope: &'scope Scope<'scope, 'env>) -> Self {
        Self { event: BUILD, ..Self::new(plugins, scope) }
    }

    /// Tells of a command that was run, or a package that was built.
    pub(crate) fn tell(&mut self, event: &Event) {
        let Some(payload) = payload(event) else { return };
        let (plugins, event) = (self.plugins, self.event);
        let hooks = self.listeners.get_or_insert_with(|| plugins.hooks(event)).clone();
        self.call(Call { hooks, event, payload });
    }

    /// Tells that the run is over, and waits for all that were told. Their failures, as warnings.
    pub(crate) fn finish(mut self, run: &str, summary: &Summary) -> Vec<Diagnostic> {
        if self.listeners.is_none() {
            return Vec::new();
        }
        let payload = json!({
            "run": run,
            "done": summary.done,
            "cached": summary.cached,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "cancelled": summary.cancelled,
            "seconds": summary.duration.as_secs_f64(),
        });
        self.call(Call { hooks: self.plugins.hooks(RUN), event: RUN, payload });
        self.finish_builds()
    }

    /// Waits for all that were told of packages. Their failures, as warnings.
    pub(crate) fn finish_builds(self) -> Vec<Diagnostic> {
        let Some(Caller { sender, thread }) = self.caller else { return Vec::new() };
        drop(sender);
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn call(&mut self, call: Call) {
        if call.hooks.is_empty() {
            return;
        }
        let caller = self.caller.get_or_insert_with(|| {
            let (sender, receiver) = channel();
            let plugins = self.plugins;
            Caller { sender, thread: self.scope.spawn(move || make_calls(plugins, &receiver)) }
        });
        // It ends before the sender does only by a panic, which `finish` passes on.
        let _ = caller.sender.send(call);
    }
}

fn make_calls(plugins: &Plugins, calls: &Receiver<Call>) -> Vec<Diagnostic> {
    let mut warnings: Vec<Diagnostic> = Vec::new();
    // Plugins that cannot be told anything, or that would hold up the run with each event.
    let mut given_up: HashSet<String> = HashSet::new();
    for Call { hooks, event, payload } in calls {
        for feature in &hooks {
            if given_up.contains(&feature.plugin) {
                continue;
            }
            let begin = Instant::now();
            let outcome = plugins.hook(feature).and_then(|hook| {
                hook.event(event, &payload, plugins).map_err(|error| {
                    let summary =
                        format!("the plugin `{}` failed when told of `{event}`", feature.plugin);
                    let failed = call::failed(summary, feature, "event", &error);
                    let is_slow = begin.elapsed() >= SLOW;
                    let help = "it is told of nothing more in this run".to_owned();
                    if is_slow { failed.help(help) } else { failed }
                })
            });
            if let Err(mut warning) = outcome {
                if warning.code != "plugin-call" || begin.elapsed() >= SLOW {
                    given_up.insert(feature.plugin.clone());
                }
                warning.severity = Severity::Warning;
                // What is wrong with every call is said once.
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
    }
    warnings
}

/// What hooks are told of an event; `None` when it is not theirs.
fn payload(event: &Event) -> Option<Json> {
    match event {
        Event::Finished { id, key, duration, .. } => Some(json!({
            "id": id,
            "status": "succeeded",
            "key": key,
            "exit_code": 0,
            "signal": null,
            "seconds": duration.as_secs_f64(),
        })),
        Event::Failed { id, exit, cached: false, duration, .. } => Some(json!({
            "id": id,
            "status": "failed",
            "key": null,
            "exit_code": exit.as_ref().and_then(|exit| exit.code),
            "signal": exit.as_ref().and_then(|exit| exit.signal),
            "seconds": duration.as_secs_f64(),
        })),
        _ => None,
    }
}
