//! What goes to the host: whole lines, one at a time, whoever writes them.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

/// The one way to the host.
pub(crate) struct Outbox {
    output: Mutex<Box<dyn Write + Send>>,
}

impl Outbox {
    pub(crate) fn new(output: Box<dyn Write + Send>) -> Self {
        Self { output: Mutex::new(output) }
    }

    /// Sends a request. False when the host is gone.
    pub(crate) fn request(&self, id: u64, method: &str, params: &Json) -> bool {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&message)
    }

    pub(crate) fn notify(&self, method: &str, params: &Json) -> bool {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    pub(crate) fn answer(&self, id: &Json, outcome: Result<Json, Json>) -> bool {
        let message = match outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
        };
        self.send(&message)
    }

    fn send(&self, message: &Json) -> bool {
        let mut line = message.to_string();
        line.push('\n');
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_ok()
    }
}
