//! What is remembered of an instance's last run here: what its key was made of, and which files it
//! wrote. Private to the workspace and disposable: without it, nothing is removed and `--why` has
//! nothing to compare with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use purlin_model::Digest;
use purlin_store::{RelativePath, StoreError, Tree, write_atomically};
use serde::{Deserialize, Serialize};

use crate::step::FIRST;

/// How much of a record is read to see whether anything changed: the header is shorter.
const HEAD: usize = 4096;

/// The first line of a record: enough for a run that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The instance.
    pub id: String,
    /// The key of the result that is on disk.
    pub key: Digest,
    /// The run that put it there.
    pub run: String,
    /// When, in seconds since 1970.
    pub when: u64,
    /// Why it ran.
    pub reason: String,
    /// How long it ran, in milliseconds; 0 when it was restored.
    pub duration_ms: u64,
    /// True when the result on disk is that of a command that succeeded.
    pub succeeded: bool,
    /// True while what is on disk is not the kept result with this key, but being made so, or what a
    /// run wrote that was not kept: what the kept one lacks may still have to go.
    #[serde(default)]
    pub unfinished: bool,
    /// True when the command was run here for this key, so that what it did outside of its artifacts
    /// was done here too; false where a kept result was put in place.
    #[serde(default)]
    pub made: bool,
    /// Paths that it has installed outside of its artifacts, for environments that need it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub installs: Vec<PathBuf>,
}

impl Header {
    /// Why it ran, as it is told afterwards.
    #[must_use]
    pub fn reason(&self) -> &str {
        if self.reason == FIRST { "it was the first time" } else { &self.reason }
    }

    /// What is remembered of an instance's last run here, if anything is. `folder` holds the records.
    #[must_use]
    pub fn read(folder: &Path, id: &str) -> Option<Self> {
        Record::header(folder, id)
    }
}

/// How what is on disk came to be there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Came<'a> {
    /// The command ran, why, for how many milliseconds, and what it wrote then.
    Ran { reason: &'a str, duration_ms: u64, fresh: &'a BTreeSet<RelativePath> },
    /// A kept result was put in place, of which a run here wrote this.
    Restored { fresh: &'a BTreeSet<RelativePath> },
    /// A kept result is being put in place, of which a run here wrote this.
    Restoring { fresh: &'a BTreeSet<RelativePath> },
}

/// All that is remembered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// The first line.
    pub header: Header,
    /// What this instance wrote, and may remove again.
    pub written: Tree,
    /// What a restore that was begun, and perhaps not finished, was putting in place.
    pub pending: Tree,
    /// Digest of each part of the key by what it is called.
    pub parts: BTreeMap<String, String>,
    /// Digest of each input.
    pub files: Vec<(RelativePath, Digest)>,
    /// What of `written` was really written by the last run here: the rest may be left from before.
    pub fresh: BTreeSet<RelativePath>,
}

impl Record {
    /// The file of an instance.
    #[must_use]
    pub(crate) fn file(folder: &Path, id: &str) -> PathBuf {
        folder.join(purlin_store::file_name(id))
    }

    /// The header of an instance's record, if there is one that can be read.
    #[must_use]
    pub(crate) fn header(folder: &Path, id: &str) -> Option<Header> {
        Self::header_of(&Self::file(folder, id)).filter(|header| header.id == id)
    }

    /// The header of the record in a file, whosever it is.
    #[must_use]
    pub(crate) fn header_of(file: &Path) -> Option<Header> {
        let mut head = vec![0; HEAD];
        let mut file = File::open(file).ok()?;
        let mut length = 0;
        while length < HEAD {
            match file.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(_) => return None,
            }
        }
        let line = head[..length].split(|byte| *byte == b'\n').next()?;
        serde_json::from_slice(line).ok()
    }

    /// Whether this instance has written something at `path`: also a restore that was killed before
    /// all was in place has.
    #[must_use]
    pub(crate) fn names(&self, path: &RelativePath) -> bool {
        self.written.get(path).is_some() || self.pending.get(path).is_some()
    }

    /// The whole record of an instance, if there is one that can be read.
    #[must_use]
    pub(crate) fn read(folder: &Path, id: &str) -> Option<Self> {
        let text = std::fs::read(Self::file(folder, id)).ok()?;
        let mut lines = text.split(|byte| *byte == b'\n');
        let record = Self {
            header: serde_json::from_slice(lines.next()?).ok()?,
            written: serde_json::from_slice(lines.next()?).ok()?,
            pending: serde_json::from_slice(lines.next()?).ok()?,
            parts: serde_json::from_slice(lines.next()?).ok()?,
            files: serde_json::from_slice(lines.next()?).ok()?,
            fresh: lines
                .next()
                .and_then(|line| serde_json::from_slice(line).ok())
                .unwrap_or_default(),
        };
        (record.header.id == id).then_some(record)
    }

    /// Writes the record.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let mut text = Vec::new();
        let mut header = self.header.clone();
        // The header has to fit into what is read of it.
        while header.reason.len() > HEAD / 4 {
            header.reason.pop();
        }
        let lines = [
            serde_json::to_vec(&header),
            serde_json::to_vec(&self.written),
            serde_json::to_vec(&self.pending),
            serde_json::to_vec(&self.parts),
            serde_json::to_vec(&self.files),
            serde_json::to_vec(&self.fresh),
        ];
        for line in lines {
            text.extend(line.expect("plain data becomes JSON"));
            text.push(b'\n');
        }
        write_atomically(&Self::file(folder, &self.header.id), &text, "record")
    }
}
