//! The loop that reads what the host says.

use std::collections::HashMap;
use std::io::{BufRead, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use purlin_plugin::message::{ErrorCode, PluginError};
use serde_json::{Value as Json, json};

use crate::call;
use crate::handles::Handles;
use crate::host::{CallHost, Pending, reply};
use crate::outbox::Outbox;
use crate::plugin::{Initialize, Plugin, Start};
use crate::{PROTOCOL, standard, wire};

/// The longest line that is read, in bytes.
const LINE_LIMIT: u64 = 64 * 1024 * 1024;

/// How long calls may go on once the host has closed stdin. The host waits for two seconds.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// What the threads of all calls share.
struct Server {
    plugin: Plugin,
    handles: Handles,
    outbox: Arc<Outbox>,
    pending: Arc<Pending>,
    calls: Mutex<HashMap<String, Arc<AtomicBool>>>,
    idle: Condvar,
}

/// Answers until the input ends.
pub(crate) fn serve(
    plugin: Plugin,
    mut input: impl BufRead,
    output: Box<dyn Write + Send>,
) -> ExitCode {
    let outbox = Arc::new(Outbox::new(output));
    let server = Arc::new(Server {
        plugin,
        handles: Handles::default(),
        pending: Arc::new(Pending::new(outbox.clone())),
        outbox,
        calls: Mutex::default(),
        idle: Condvar::new(),
    });
    let mut is_started = false;
    let code = loop {
        let mut line = Vec::new();
        match (&mut input).take(LINE_LIMIT + 1).read_until(b'\n', &mut line) {
            Ok(0) => break ExitCode::SUCCESS,
            Ok(_) if line.last() == Some(&b'\n') => server.hear(&line, &mut is_started),
            Ok(_) => {
                standard::log("the host has sent a line without an end");
                break ExitCode::FAILURE;
            }
            Err(error) => {
                standard::log(&format!("the host cannot be heard: {error}"));
                break ExitCode::FAILURE;
            }
        }
    };
    server.end();
    code
}

impl Server {
    fn hear(self: &Arc<Self>, line: &[u8], is_started: &mut bool) {
        let mut message: wire::Message = match serde_json::from_slice(line) {
            Ok(message) => message,
            Err(error) => {
                let code = if error.is_data() { wire::NOT_A_REQUEST } else { wire::NOT_JSON };
                self.outbox.answer(&Json::Null, Err(wire::error(code, error.to_string())));
                return;
            }
        };
        match (message.method.take(), message.id.take()) {
            (Some(method), Some(id)) if method == "initialize" => {
                let outcome = self.start(message.params);
                *is_started |= outcome.is_ok();
                self.outbox.answer(&id, outcome);
            }
            (Some(_), Some(id)) if !*is_started => {
                let error = wire::error(wire::NOT_A_REQUEST, "`initialize` comes first");
                self.outbox.answer(&id, Err(error));
            }
            (Some(method), Some(id)) => self.call(method, id, message.params),
            (Some(method), None) if method == "$/cancel" => self.cancel(&message.params),
            // Other notifications are of newer hosts.
            (Some(_), None) => {}
            (None, Some(id)) => self.pending.settle(&id, reply(&mut message)),
            (None, None) => {
                let error = wire::error(wire::NOT_A_REQUEST, "neither a request nor an answer");
                self.outbox.answer(&Json::Null, Err(error));
            }
        }
    }

    fn start(&self, params: Json) -> Result<Json, Json> {
        let told: Initialize = call::read(params)?;
        if !(told.protocol.min..=told.protocol.max).contains(&PROTOCOL) {
            let (min, max) = (told.protocol.min, told.protocol.max);
            let message = format!(
                "{} {} speaks version {PROTOCOL} of the protocol, the host {min} to {max}",
                self.plugin.name, self.plugin.version
            );
            return Err(wire::error(wire::NO_VERSION, message));
        }
        if let Some(on_start) = &self.plugin.on_start {
            on_start(&Start::from(told)).map_err(|error| wire::failure(&error))?;
        }
        let provides: Vec<Json> = self
            .plugin
            .provides()
            .into_iter()
            .map(|(point, name)| json!({ "point": point, "name": name }))
            .collect();
        Ok(json!({ "protocol": PROTOCOL, "provides": provides }))
    }

    fn call(self: &Arc<Self>, method: String, id: Json, params: Json) {
        let cancelled = Arc::new(AtomicBool::new(false));
        self.lock_calls().insert(id.to_string(), cancelled.clone());
        let server = self.clone();
        let answer = id.clone();
        let work = move || {
            let host = CallHost { pending: server.pending.clone(), cancelled };
            let perform = || call::perform(&server.plugin, &server.handles, &method, params, &host);
            let outcome = catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|_| {
                let message = format!("`{method}` has panicked; its log tells where");
                Err(wire::failure(&PluginError::new(ErrorCode::Internal, message)))
            });
            server.finish(&id, outcome);
        };
        if let Err(error) = std::thread::Builder::new().spawn(work) {
            let message = format!("no thread can be started: {error}");
            let error = PluginError::new(ErrorCode::Transient, message);
            self.finish(&answer, Err(wire::failure(&error)));
        }
    }

    fn finish(&self, id: &Json, outcome: Result<Json, Json>) {
        self.outbox.answer(id, outcome);
        self.lock_calls().remove(&id.to_string());
        self.idle.notify_all();
    }

    fn cancel(&self, params: &Json) {
        let id = params.get("id").map(ToString::to_string).unwrap_or_default();
        if let Some(cancelled) = self.lock_calls().get(&id) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// The host is gone: calls that are under way get a moment to end.
    fn end(&self) {
        self.pending.close();
        let calls = self.lock_calls();
        for cancelled in calls.values() {
            cancelled.store(true, Ordering::Relaxed);
        }
        let waited = self.idle.wait_timeout_while(calls, LAST_CALLS, |calls| !calls.is_empty());
        drop(waited);
    }

    fn lock_calls(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<AtomicBool>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
