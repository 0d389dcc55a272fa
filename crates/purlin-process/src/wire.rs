//! Messages as lines of JSON.

use std::io::{self, Read};

use purlin_model::harmless_line;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::error::Cause;

/// The oldest version of the protocol that this crate speaks.
pub const OLDEST: u32 = 1;
/// The newest version of the protocol that this crate speaks.
pub const NEWEST: u32 = 1;

/// No common version.
pub(crate) const NO_PROTOCOL: i64 = -32001;
/// Not permitted.
pub(crate) const REFUSED: i64 = -32002;
/// A call that failed.
pub(crate) const FAILED: i64 = -32000;
/// No such method.
pub(crate) const NO_METHOD: i64 = -32601;
/// Wrong parameters.
pub(crate) const BAD_PARAMS: i64 = -32602;
/// Cancelled.
pub(crate) const CANCELLED: i64 = -32800;

/// A message from a plugin.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The answer to a request of the host.
    Answer { id: u64, answer: Result<Box<RawValue>, WireError> },
    /// A request of the plugin; its id is sent back as it came.
    Request { id: Json, method: String, params: Json },
    /// Something that wants no answer.
    Notification { method: String, params: Json },
}

/// `error` of an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireError {
    pub(crate) code: i64,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    jsonrpc: String,
    #[serde(default, deserialize_with = "present")]
    id: Option<Json>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Json>,
    #[serde(default, deserialize_with = "present_raw")]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<WireError>,
}

/// Tells `"id": null` from no id.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

fn present_raw<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Incoming {
    /// Reads one line, without its end.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Cause> {
        let envelope: Envelope = match serde_json::from_slice(line) {
            Ok(envelope) => envelope,
            Err(error) if error.is_data() && looks_like_a_message(line) => {
                return Err(malformed(&plain(&error), line));
            }
            Err(_) => return Err(Cause::NotAMessage(excerpt(line))),
        };
        if envelope.jsonrpc != "2.0" {
            return Err(malformed("`jsonrpc` is not \"2.0\"", line));
        }
        let Envelope { id, method, params, result, error, .. } = envelope;
        let params = params.unwrap_or_else(|| json!({}));
        if !params.is_object() {
            return Err(malformed("`params` is not an object", line));
        }
        match (id, method, result, error) {
            (Some(id), Some(method), None, None) if id.is_string() || id.is_i64() => {
                Ok(Self::Request { id, method, params })
            }
            (None, Some(method), None, None) => Ok(Self::Notification { method, params }),
            (Some(id), None, result, error) => {
                let answer = match (result, error) {
                    (Some(result), None) => Ok(result),
                    (None, Some(error)) => Err(error),
                    _ => return Err(malformed("an answer has either `result` or `error`", line)),
                };
                match id.as_u64() {
                    Some(id) => Ok(Self::Answer { id, answer }),
                    None => Err(Cause::UnknownId(id.to_string())),
                }
            }
            _ => Err(malformed("it is neither a request nor an answer", line)),
        }
    }
}

/// A request or a notification, written from what it is about without a copy.
#[derive(Serialize)]
struct Outgoing<'a, P: ?Sized> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    params: &'a P,
}

/// A line of a request. The parameters become an object whose keys are texts.
pub(crate) fn request(id: u64, method: &str, params: &(impl Serialize + ?Sized)) -> Vec<u8> {
    line(&Outgoing { jsonrpc: "2.0", id: Some(id), method, params })
}

/// A line of a notification.
pub(crate) fn notification(method: &str, params: &Json) -> Vec<u8> {
    line(&Outgoing { jsonrpc: "2.0", id: None, method, params })
}

/// A line of an answer to a plugin's request.
pub(crate) fn answer(id: &Json, result: Result<Json, (i64, String, Option<Json>)>) -> Vec<u8> {
    line(&match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err((code, message, None)) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
        Err((code, message, Some(data))) => json!({
            "jsonrpc": "2.0", "id": id,
            "error": { "code": code, "message": message, "data": data }
        }),
    })
}

fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    serde_json::to_writer(&mut line, message).expect("a message has texts as keys");
    line.push(b'\n');
    line
}

/// Reads lines of at most `limit` bytes, however long they are.
pub(crate) struct Lines<R> {
    source: R,
    /// Room that was written to before: clearing it for each message takes longer than reading one.
    buffer: Vec<u8>,
    /// Where the next line begins in it, how far its end was looked for, and what was read.
    start: usize,
    searched: usize,
    end: usize,
    limit: usize,
}

/// How reading a line ended.
pub(crate) enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// Nothing whole follows.
    End,
    /// The line is longer than the limit.
    TooLong,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R, limit: usize) -> Self {
        Self { source, buffer: Vec::new(), start: 0, searched: 0, end: 0, limit }
    }

    /// Where it reads from.
    pub(crate) fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// The next line. It may be asked for again after an error and after the end.
    pub(crate) fn next(&mut self) -> io::Result<Line<'_>> {
        loop {
            let unsearched = &self.buffer[self.searched..self.end];
            if let Some(length) = unsearched.iter().position(|byte| *byte == b'\n') {
                let (start, end) = (self.start, self.searched + length);
                if end - start > self.limit {
                    return Ok(Line::TooLong);
                }
                self.start = end + 1;
                self.searched = self.start;
                return Ok(Line::Whole(&self.buffer[start..end]));
            }
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.searched = self.end;
            if self.end > self.limit {
                return Ok(Line::TooLong);
            }
            self.make_room();
            let read = loop {
                match self.source.read(&mut self.buffer[self.end..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let read = read?;
            self.end += read;
            if read == 0 {
                return Ok(Line::End);
            }
        }
    }

    /// Large messages are read in growing pieces, and their room is given back.
    fn make_room(&mut self) {
        const LEAST: usize = 1 << 16;
        const MOST: usize = 1 << 20;
        let wanted = self.end + self.end.clamp(LEAST, MOST);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        } else if self.buffer.len() > MOST && self.end < LEAST {
            self.buffer.truncate(wanted);
            self.buffer.shrink_to_fit();
        }
    }
}

fn malformed(reason: &str, line: &[u8]) -> Cause {
    Cause::Malformed { reason: reason.to_owned(), line: excerpt(line) }
}

fn looks_like_a_message(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, Json>>(line)
        .is_ok_and(|map| map.contains_key("jsonrpc"))
}

/// A parser's message without its position: there is one line only.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The beginning of a line, fit for a message.
fn excerpt(line: &[u8]) -> String {
    const LENGTH: usize = 80;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * LENGTH)]);
    let short = harmless_line(&text.chars().take(LENGTH).collect::<String>());
    let more = text.chars().count() > LENGTH || line.len() > 4 * LENGTH;
    format!("`{short}{}`", if more { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        struct Drops<'a>(&'a [u8]);
        impl Read for Drops<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let (one, rest) = self.0.split_at(self.0.len().min(1));
                buffer[..one.len()].copy_from_slice(one);
                self.0 = rest;
                Ok(one.len())
            }
        }
        let mut lines = Lines::new(Drops(b"one\n\ntwo\nrest"), 4);
        let mut told = Vec::new();
        loop {
            match lines.next().unwrap() {
                Line::Whole(line) => told.push(String::from_utf8(line.to_vec()).unwrap()),
                Line::End => break,
                Line::TooLong => panic!("{told:?}"),
            }
        }
        assert_eq!(told, ["one", "", "two"]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_not_kept() {
        let mut lines = Lines::new(io::repeat(b'x'), 1 << 20);
        assert!(matches!(lines.next().unwrap(), Line::TooLong));
        assert!(lines.buffer.capacity() <= 4 << 20, "{}", lines.buffer.capacity());
        let mut lines = Lines::new(&b"12345\n"[..], 4);
        assert!(matches!(lines.next().unwrap(), Line::TooLong));
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        let told = |text: &str| Incoming::parse(text.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(
            [
                "hello\tworld",
                "{}",
                "[]",
                r#"{"jsonrpc":"1.0","id":1,"result":1}"#,
                r#"{"jsonrpc":"2.0","id":1}"#,
                r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"x"}}"#,
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":"x"}}"#,
                r#"{"jsonrpc":"2.0","id":"a","result":1}"#,
                r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
                r#"{"jsonrpc":"2.0","method":"a","params":[1]}"#,
                r#"{"jsonrpc":"2.0","method":"a","more":1}"#,
            ]
            .map(told)
            .join("\n"),
            @r#"
            it wrote to stdout what is not a message: `hello\tworld`
            it wrote to stdout what is not a message: `{}`
            it wrote to stdout what is not a message: `[]`
            it sent a message that is against the protocol, because `jsonrpc` is not "2.0": `{"jsonrpc":"1.0","id":1,"result":1}`
            it sent a message that is against the protocol, because an answer has either `result` or `error`: `{"jsonrpc":"2.0","id":1}`
            it sent a message that is against the protocol, because an answer has either `result` or `error`: `{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"x"}}`
            it sent a message that is against the protocol, because invalid type: string "x", expected i64: `{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":"x"}}`
            it answered a request that was never sent, with the id "a"
            it sent a message that is against the protocol, because it is neither a request nor an answer: `{"jsonrpc":"2.0","id":1.5,"method":"a"}`
            it sent a message that is against the protocol, because `params` is not an object: `{"jsonrpc":"2.0","method":"a","params":[1]}`
            it sent a message that is against the protocol, because unknown field `more`, expected one of `jsonrpc`, `id`, `method`, `params`, `result`, `error`: `{"jsonrpc":"2.0","method":"a","more":1}`
            "#
        );
        assert!(matches!(
            Incoming::parse(br#"{"jsonrpc":"2.0","id":7,"result":null}"#),
            Ok(Incoming::Answer { id: 7, answer: Ok(_) })
        ));
    }
}
