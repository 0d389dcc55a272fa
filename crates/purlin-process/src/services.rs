//! What the host does for plugins, from their messages to [`Host`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use purlin_plugin::contract::{Host, LogLevel, OutputStream};
use purlin_plugin::message::{ErrorCode, ExecRequest, PluginError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::error::Cause;
use crate::reported::shortened;
use crate::wire::{BAD_PARAMS, FAILED, NO_METHOD, REFUSED, plain};

/// A request of a plugin.
pub(crate) struct Request {
    pub(crate) id: Json,
    pub(crate) method: String,
    pub(crate) params: Json,
}

/// Characters of a message for the log.
const LOGGED: usize = 10_000;
/// Characters of a message about progress.
const SHOWN: usize = 500;

/// Code, message and data.
type Failure = (i64, String, Option<Json>);

#[derive(Deserialize)]
struct Log {
    level: Level,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Debug,
    Info,
    Warning,
}

#[derive(Deserialize)]
struct Progress {
    message: String,
    #[serde(default)]
    done: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    stream: Stream,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stream {
    Stdout,
    Stderr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Memo {
    key: Json,
    #[serde(default)]
    value: Option<Json>,
}

/// Passes a notification on.
pub(crate) fn notify(host: &dyn Host, method: &str, params: &Json) -> Result<(), Cause> {
    let wrong = |(_, reason, _): Failure| Cause::Malformed { reason, line: format!("`{method}`") };
    match method {
        "$/log" => {
            let Log { level, message } = read(params).map_err(wrong)?;
            let level = match level {
                Level::Debug => LogLevel::Debug,
                Level::Info => LogLevel::Info,
                Level::Warning => LogLevel::Warning,
            };
            host.log(level, &shortened(&message, LOGGED));
        }
        "$/progress" => {
            let Progress { message, done, total } = read(params).map_err(wrong)?;
            host.progress(&shortened(&message, SHOWN), done, total);
        }
        _ => {
            let reason = "there is no such notification".to_owned();
            return Err(Cause::Malformed { reason, line: format!("`{method}`") });
        }
    }
    Ok(())
}

impl Request {
    /// True when other requests should not wait for it.
    pub(crate) fn takes_long(&self) -> bool {
        self.method == "host/exec"
    }

    /// Does what is asked for.
    pub(crate) fn perform(&self, host: &dyn Host) -> Result<Json, Failure> {
        match self.method.as_str() {
            "host/output" => {
                let Output { stream, text, base64 } = read(&self.params)?;
                let stream = match stream {
                    Stream::Stdout => OutputStream::Stdout,
                    Stream::Stderr => OutputStream::Stderr,
                };
                let bytes = match (text, base64) {
                    (Some(text), None) => text.into_bytes(),
                    (None, Some(text)) => {
                        STANDARD.decode(text).map_err(|error| bad(&error.to_string()))?
                    }
                    _ => return Err(bad("either `text` or `base64` is expected")),
                };
                host.output(stream, &bytes).map_err(failure)?;
                Ok(json!({}))
            }
            "host/exec" => {
                let request: ExecRequest = read(&self.params)?;
                if request.argv.is_empty() {
                    return Err(bad("`argv` is empty"));
                }
                let result = host.exec(&request).map_err(failure)?;
                serde_json::to_value(result).map_err(|error| bad(&error.to_string()))
            }
            "host/scratch" => {
                let dir = host.scratch().map_err(failure)?;
                Ok(json!({ "dir": dir.to_string_lossy() }))
            }
            "host/features" => Ok(json!({ "features": host.features() })),
            "host/memo" => match read(&self.params)? {
                Memo { key, value: None } => {
                    Ok(json!({ "value": host.recall(&key).map_err(failure)? }))
                }
                Memo { key, value: Some(value) } => {
                    host.remember(&key, &value).map_err(failure)?;
                    Ok(json!({ "value": value }))
                }
            },
            method => Err((NO_METHOD, format!("there is no `{method}`"), None)),
        }
    }
}

fn read<T: DeserializeOwned>(params: &Json) -> Result<T, Failure> {
    T::deserialize(params).map_err(|error| bad(&plain(&error)))
}

fn bad(reason: &str) -> Failure {
    (BAD_PARAMS, reason.to_owned(), None)
}

fn failure(error: PluginError) -> Failure {
    let PluginError { code, message, .. } = error;
    let number = if code == ErrorCode::Refused { REFUSED } else { FAILED };
    (number, message, Some(json!({ "code": code })))
}
