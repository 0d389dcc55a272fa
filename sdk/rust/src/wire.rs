//! Messages and errors as they stand on the wire.

use purlin_plugin::message::{ErrorCode, PluginError};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// No JSON.
pub(crate) const NOT_JSON: i64 = -32700;
/// JSON that is no message.
pub(crate) const NOT_A_REQUEST: i64 = -32600;
/// A method that this crate does not know.
pub(crate) const UNKNOWN_METHOD: i64 = -32601;
/// Parameters of another shape.
pub(crate) const WRONG_PARAMS: i64 = -32602;
/// No common version of the protocol.
pub(crate) const NO_VERSION: i64 = -32001;
/// The host does not permit it.
const REFUSED: i64 = -32002;
/// A call that failed.
const FAILED: i64 = -32000;
/// A call that the host did not want to end.
const CANCELLED: i64 = -32800;

/// A line of the host, of whatever kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    pub(crate) id: Option<Json>,
    pub(crate) method: Option<String>,
    pub(crate) params: Json,
    pub(crate) result: Option<Json>,
    pub(crate) error: Option<Json>,
}

/// An error with a number of its own.
pub(crate) fn error(code: i64, message: impl Into<String>) -> Json {
    json!({ "code": code, "message": message.into() })
}

/// The error of a failed call.
pub(crate) fn failure(error: &PluginError) -> Json {
    if error.code == ErrorCode::Cancelled {
        return self::error(CANCELLED, error.message.as_str());
    }
    let mut data = json!({ "code": error.code });
    if let Some(path) = &error.path {
        data["path"] = json!(path);
    }
    json!({ "code": FAILED, "message": error.message, "data": data })
}

/// Why the host did not do what it was asked.
pub(crate) fn refusal(error: &Json) -> PluginError {
    let code = match error.get("code").and_then(Json::as_i64) {
        Some(REFUSED) => ErrorCode::Refused,
        Some(CANCELLED) => ErrorCode::Cancelled,
        _ => error
            .pointer("/data/code")
            .and_then(|code| serde_json::from_value(code.clone()).ok())
            .unwrap_or(ErrorCode::Internal),
    };
    let message = error.get("message").and_then(Json::as_str);
    PluginError::new(code, message.unwrap_or("the host gave no reason"))
}
