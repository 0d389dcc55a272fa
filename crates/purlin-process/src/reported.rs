//! Errors that a plugin answers with.

use purlin_plugin::message::{ErrorCode, PluginError};
use serde::Deserialize;

use crate::error::Cause;
use crate::wire::{CANCELLED, FAILED, NO_METHOD, WireError, plain};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    code: ErrorCode,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    detail: String,
}

/// Characters of a text that a plugin has for the user; no terminal is for more.
const LONGEST: usize = 2000;

/// What a plugin says in an error, fit to be shown.
pub(crate) fn said(message: &str) -> String {
    match message.trim() {
        "" => "it gives no reason".to_owned(),
        message => shortened(message, LONGEST),
    }
}

/// The beginning of a long text.
pub(crate) fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => {
            format!("{}… ({} characters more)", &text[..end], text[end..].chars().count())
        }
    }
}

/// What an error in an answer to `method` means.
pub(crate) fn reported(method: &str, error: WireError) -> Cause {
    let WireError { code, message, data } = error;
    let message = said(&message);
    let told = |code, message| Cause::Reported(PluginError::new(code, message));
    match (code, data) {
        (CANCELLED, _) => Cause::Cancelled { ended: false },
        (FAILED, Some(data)) => match serde_json::from_value::<Data>(data) {
            Ok(Data { code: ErrorCode::Cancelled, .. }) => Cause::Cancelled { ended: false },
            Ok(Data { code, path, detail }) => {
                let detail = shortened(&detail, LONGEST);
                Cause::Reported(PluginError { path, detail, ..PluginError::new(code, message) })
            }
            Err(error) => Cause::BadResult {
                method: method.to_owned(),
                reason: format!("the `data` of its error: {}", plain(&error)),
            },
        },
        (FAILED, None) => told(ErrorCode::Internal, message),
        (NO_METHOD, _) => {
            told(ErrorCode::Unsupported, format!("it does not know `{method}`: {message}"))
        }
        (code, _) => told(ErrorCode::Internal, format!("error {code}: {message}")),
    }
}
