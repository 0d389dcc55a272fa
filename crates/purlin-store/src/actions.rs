//! Entries of the action table: a line of JSON, and the digest of that line.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use purlin_model::Digest;
use serde::{Deserialize, Serialize};

use crate::atomic::{self, Temporary};
use crate::error::io_error;
use crate::{ActionResult, StoreError};

/// The line. The key is in it so that a file under a wrong name is noticed.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    key: Digest,
    result: Cow<'a, ActionResult>,
}

pub(crate) fn write(
    temporary_folder: &Path,
    path: &Path,
    key: Digest,
    result: &ActionResult,
) -> Result<(), StoreError> {
    let bytes = encode(key, result).map_err(io_error("write", path))?;
    let mut temporary = Temporary::create(temporary_folder, "action")?;
    temporary.write(&bytes)?;
    temporary.sync()?;
    temporary.rename(path)?;
    match path.parent() {
        Some(folder) => atomic::sync_folder(folder, "action"),
        None => Ok(()),
    }
}

/// How often it is noted that a result was used.
const HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) fn read(path: &Path, key: Digest) -> Result<Option<ActionResult>, StoreError> {
    match look(path, key)? {
        Looked::Result(result) => Ok(Some(*result)),
        Looked::Absent | Looked::Other => Ok(None),
        Looked::Damaged(reason) => {
            let removed = atomic::remove(path, "action-drop").is_ok();
            Err(StoreError::Damaged { path: path.to_owned(), digest: key, reason, removed })
        }
    }
}

/// Notes that an entry is used: its time is when that was last noted.
pub(crate) fn touch(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    let recent = |time: SystemTime| time.elapsed().is_ok_and(|age| age < HOUR);
    if !file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(recent) {
        // Who may not note it can use it all the same.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// What is in the place of an entry.
pub(crate) enum Looked {
    Result(Box<ActionResult>),
    /// The result of another version.
    Other,
    Absent,
    /// And what is wrong with it.
    Damaged(&'static str),
}

/// Looks at an entry and changes nothing.
pub(crate) fn look(path: &Path, key: Digest) -> Result<Looked, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Looked::Absent),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    Ok(match parse(&bytes, key) {
        Ok(result) if result.version == ActionResult::VERSION => Looked::Result(Box::new(result)),
        Ok(_) => Looked::Other,
        Err(reason) => Looked::Damaged(reason),
    })
}

/// What is wrong with the bytes of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(&'static str);

impl ActionResult {
    /// The bytes that stand for the result of the action `key`, here and wherever results are sent.
    ///
    /// # Errors
    /// It has a number that JSON cannot hold.
    pub fn encode(&self, key: Digest) -> io::Result<Vec<u8>> {
        encode(key, self)
    }

    /// Reads what [`ActionResult::encode`] wrote; `None` for a result of another version.
    ///
    /// # Errors
    /// If the bytes are anything else, or the result of another key.
    pub fn decode(bytes: &[u8], key: Digest) -> Result<Option<Self>, DecodeError> {
        let result = parse(bytes, key).map_err(DecodeError)?;
        Ok((result.version == Self::VERSION).then_some(result))
    }
}

fn encode(key: Digest, result: &ActionResult) -> io::Result<Vec<u8>> {
    let json = serde_json::to_string(&Line { key, result: Cow::Borrowed(result) })?;
    let digest = Digest::of(json.as_bytes());
    Ok(format!("{json}\n{digest}\n").into_bytes())
}

fn parse(bytes: &[u8], key: Digest) -> Result<ActionResult, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
    let (json, rest) = text.split_once('\n').ok_or("it is cut off")?;
    let written: Digest = rest.trim_end().parse().map_err(|_| "its digest is cut off")?;
    if Digest::of(json.as_bytes()) != written {
        return Err("it does not have its digest");
    }
    let line: Line<'_> = serde_json::from_str(json).map_err(|_| "it does not hold a result")?;
    if line.key != key {
        return Err("it belongs to another key");
    }
    Ok(line.result.into_owned())
}
