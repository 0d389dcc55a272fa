//! One request for what is not there yet of a file.

use std::io::{ErrorKind, Read as _};

use ureq::http::{HeaderMap, StatusCode};
use ureq::{Agent, Body};

use crate::address::Address;
use crate::client;
use crate::partial::{Note, Partial};
use crate::settings::{Progress, Settings, Watch};
use crate::{FetchError, error};

/// Why an attempt did not bring the whole file.
pub(crate) enum Problem {
    /// Another attempt may.
    Passing(String),
    /// No attempt at this address will.
    Lasting(String),
    /// No attempt anywhere will.
    Fatal(FetchError),
}

impl Problem {
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing(reason.into())
    }

    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self::Lasting(reason.into())
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        Self::Fatal(error)
    }
}

/// Asks for the rest of the file, or for all of it where the rest alone would not do. Afterwards
/// the server says that it is whole. `verified`: whether a digest will tell if it is.
pub(crate) fn attempt(
    agent: &Agent,
    address: &Address,
    partial: &mut Partial,
    verified: bool,
    settings: &Settings,
    watch: &Watch<'_>,
) -> Result<(), Problem> {
    let mut request = agent.get(&address.text);
    let version = partial.note.version.as_ref().filter(|_| partial.note.url == address.text);
    let asked = if version.is_some() || verified { partial.length } else { 0 };
    if asked > 0 {
        request = request.header("Range", format!("bytes={asked}-"));
        if let Some(version) = version {
            request = request.header("If-Range", version);
        }
    }
    let response = request.call().map_err(|error| client::problem(&error, settings))?;
    let (parts, body) = response.into_parts();
    match parts.status {
        StatusCode::OK => {
            let version = version_of(&parts.headers);
            partial.restart(Note { url: address.text.clone(), version })?;
        }
        StatusCode::PARTIAL_CONTENT if asked > 0 => {
            if range_start(&parts.headers) != Some(asked) {
                partial.restart(Note::default())?;
                return Err(Problem::passing(
                    "It sent another part of the file than was asked for.",
                ));
            }
        }
        StatusCode::RANGE_NOT_SATISFIABLE if asked > 0 => {
            // It was whole already, or has become another one.
            if range_total(&parts.headers) == Some(asked) {
                return Ok(());
            }
            partial.restart(Note::default())?;
            return Err(Problem::passing("It has become shorter than the part that is here."));
        }
        status => return Err(refused(status)),
    }
    receive(body, address, partial, settings, watch)
}

fn receive(
    body: Body,
    address: &Address,
    partial: &mut Partial,
    settings: &Settings,
    watch: &Watch<'_>,
) -> Result<(), Problem> {
    let too_large = || FetchError::TooLarge { url: address.shown.clone(), limit: settings.largest };
    let total = body.content_length().map(|rest| rest.saturating_add(partial.length));
    if total.is_some_and(|total| total > settings.largest) {
        return Err(too_large().into());
    }
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        if (watch.cancelled)() {
            return Err(FetchError::Cancelled { url: address.shown.clone() }.into());
        }
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let came = partial.length;
                let counts =
                    total.map(|total| format!(": {total} bytes were promised, and {came} came"));
                let counts = counts.unwrap_or_default();
                return Err(Problem::passing(format!(
                    "The connection ended before the file did{counts}."
                )));
            }
            Err(error) => return Err(client::problem(&error.into(), settings)),
        };
        if partial.length + count as u64 > settings.largest {
            return Err(too_large().into());
        }
        partial.add(&buffer[..count])?;
        (watch.progress)(Progress { done: partial.length, total });
    }
    Ok(())
}

fn refused(status: StatusCode) -> Problem {
    let name = status.canonical_reason().map(|name| format!(" ({name})")).unwrap_or_default();
    let reason = format!("The server answered {}{name}.", status.as_u16());
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Problem::Passing(reason)
        }
        status if status.is_server_error() => Problem::Passing(reason),
        _ => Problem::Lasting(reason),
    }
}

/// What names this version of the file exactly; a weak entity tag does not.
fn version_of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let tag = text("etag").filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text("last-modified")).map(str::to_owned)
}

/// The first byte of `bytes 5-9/10`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("content-range")?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// The length in `bytes */10`.
fn range_total(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("content-range")?.to_str().ok()?;
    text.strip_prefix("bytes */")?.parse().ok()
}

/// Copies a file of this machine.
pub(crate) fn copy(
    from: &std::path::Path,
    address: &Address,
    partial: &mut Partial,
    settings: &Settings,
    watch: &Watch<'_>,
) -> Result<(), Problem> {
    let fails = |error: std::io::Error| Problem::lasting(format!("{error}."));
    let mut file = std::fs::File::open(from).map_err(fails)?;
    let metadata = file.metadata().map_err(fails)?;
    if !metadata.is_file() {
        return Err(Problem::lasting("It is no file."));
    }
    partial.restart(Note { url: address.text.clone(), version: None })?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        if (watch.cancelled)() {
            return Err(FetchError::Cancelled { url: address.shown.clone() }.into());
        }
        let count = file.read(&mut buffer).map_err(error::io_error("read", from))?;
        if count == 0 {
            return Ok(());
        }
        if partial.length + count as u64 > settings.largest {
            let (url, limit) = (address.shown.clone(), settings.largest);
            return Err(FetchError::TooLarge { url, limit }.into());
        }
        partial.add(&buffer[..count])?;
        let total = Some(metadata.len());
        (watch.progress)(Progress { done: partial.length, total });
    }
}
