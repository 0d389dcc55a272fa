//! The host's services, asked for over the wire.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use purlin_plugin::contract::{Host, LogLevel, OutputStream};
use purlin_plugin::message::{ErrorCode, ExecRequest, ExecResult, FeatureSummary, PluginError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use crate::outbox::Outbox;
use crate::wire;

/// What comes back for a request of the plugin.
pub(crate) type Reply = Result<Json, PluginError>;

/// The requests of this plugin that the host has not answered yet.
pub(crate) struct Pending {
    outbox: Arc<Outbox>,
    next: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    replies: HashMap<u64, Sender<Reply>>,
    /// True once no answer can come any more.
    closed: bool,
}

impl Pending {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, next: AtomicU64::new(1), waiting: Mutex::default() }
    }

    /// Hands an answer to whoever waits for it.
    pub(crate) fn settle(&self, id: &Json, reply: Reply) {
        let waiting = id.as_u64().and_then(|id| self.lock().replies.remove(&id));
        if let Some(waiting) = waiting {
            // Nobody may be waiting any more.
            let _ = waiting.send(reply);
        }
    }

    /// Nothing will be answered any more: those who wait stop waiting.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.replies.clear();
    }

    fn ask(&self, method: &str, params: &Json) -> Reply {
        let gone = || PluginError::new(ErrorCode::Cancelled, "the host is gone");
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let receiver = self.expect(id).ok_or_else(gone)?;
        if !self.outbox.request(id, method, params) {
            return Err(gone());
        }
        receiver.recv().map_err(|_| gone())?
    }

    fn expect(&self, id: u64) -> Option<Receiver<Reply>> {
        let (sender, receiver) = channel();
        let mut waiting = self.lock();
        if waiting.closed {
            return None;
        }
        waiting.replies.insert(id, sender);
        Some(receiver)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The services during one call.
pub(crate) struct CallHost {
    pub(crate) pending: Arc<Pending>,
    /// True once the answer is not wanted any more.
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl CallHost {
    fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Json,
        field: Option<&str>,
    ) -> Result<T, PluginError> {
        let mut answer = self.pending.ask(method, params)?;
        let part = match field {
            Some(field) => answer.get_mut(field).map(Json::take).unwrap_or_default(),
            None => answer,
        };
        serde_json::from_value(part).map_err(|error| {
            let message = format!("the host's answer to `{method}` cannot be read: {error}");
            PluginError::new(ErrorCode::Internal, message)
        })
    }
}

impl Host for CallHost {
    fn log(&self, level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warning => "warning",
        };
        self.pending.outbox.notify("$/log", &json!({ "level": level, "message": message }));
    }

    fn features(&self) -> Vec<FeatureSummary> {
        self.ask("host/features", &json!({}), Some("features")).unwrap_or_default()
    }

    fn progress(&self, message: &str, done: Option<u64>, total: Option<u64>) {
        let mut params = Map::from_iter([("message".to_owned(), json!(message))]);
        params.extend(done.map(|done| ("done".to_owned(), json!(done))));
        params.extend(total.map(|total| ("total".to_owned(), json!(total))));
        self.pending.outbox.notify("$/progress", &Json::Object(params));
    }

    fn output(&self, stream: OutputStream, bytes: &[u8]) -> Result<(), PluginError> {
        let stream = match stream {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        };
        let params = match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "stream": stream, "text": text }),
            Err(_) => json!({ "stream": stream, "base64": STANDARD.encode(bytes) }),
        };
        self.ask::<Json>("host/output", &params, None).map(|_| ())
    }

    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        let mut params = Map::from_iter([("argv".to_owned(), json!(request.argv))]);
        params.extend(request.cwd.as_ref().map(|cwd| ("cwd".to_owned(), json!(cwd))));
        params.extend(request.stdin.as_ref().map(|stdin| ("stdin".to_owned(), json!(stdin))));
        if !request.env.is_empty() {
            params.insert("env".to_owned(), json!(request.env));
        }
        self.ask("host/exec", &Json::Object(params), None)
    }

    fn scratch(&self) -> Result<PathBuf, PluginError> {
        self.ask("host/scratch", &json!({}), Some("dir"))
    }

    fn recall(&self, key: &Json) -> Result<Option<Json>, PluginError> {
        self.ask("host/memo", &json!({ "key": key }), Some("value"))
    }

    fn remember(&self, key: &Json, value: &Json) -> Result<(), PluginError> {
        let params = json!({ "key": key, "value": value });
        self.ask::<Json>("host/memo", &params, None).map(|_| ())
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// The answer in a message of the host.
pub(crate) fn reply(message: &mut wire::Message) -> Reply {
    match message.error.take() {
        Some(error) => Err(wire::refusal(&error)),
        None => Ok(message.result.take().unwrap_or_default()),
    }
}
