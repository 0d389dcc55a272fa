//! What an action led to, as the action table keeps it.

use std::collections::BTreeMap;

use purlin_model::Digest;
use serde::{Deserialize, Serialize};

use crate::{Node, Tree};

/// What one run of an action led to. Nothing in it depends on where the workspace lies, so other
/// checkouts, users and machines can use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionResult {
    /// [`ActionResult::VERSION`]; entries of another one count as absent.
    pub version: u32,
    /// The id of the instance that ran, for people: another one may have the same key.
    pub instance: String,
    /// The status it exited with; `None` where a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The blob of its standard output.
    pub stdout: Digest,
    /// The blob of its standard error.
    pub stderr: Digest,
    /// In which order and when the two were written.
    pub chunks: Vec<Chunk>,
    /// Its artifacts.
    pub tree: Tree,
    /// When it ended, in seconds since 1970; 0 in a timeless result.
    pub created: u64,
    /// How long it took, in milliseconds; 0 in a timeless result.
    pub duration_ms: u64,
}

/// A piece of output as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Milliseconds since the start of the command.
    pub ms: u64,
    /// Which output.
    pub stream: Stream,
    /// How many bytes of that output, behind those of the chunks before.
    pub bytes: u64,
}

/// One of the two outputs of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl ActionResult {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// The same without what tells when it was made and how long it took: two runs that led to the
    /// same are equal then.
    #[must_use]
    pub fn timeless(mut self) -> Self {
        (self.created, self.duration_ms) = (0, 0);
        let mut chunks: Vec<Chunk> = Vec::new();
        for Chunk { stream, bytes, .. } in self.chunks {
            match chunks.last_mut().filter(|last| last.stream == stream) {
                Some(last) => last.bytes += bytes,
                None => chunks.push(Chunk { ms: 0, stream, bytes }),
            }
        }
        self.chunks = chunks;
        self
    }

    /// All contents that the result needs, each once, with their lengths.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<Digest, u64> {
        let files = self.tree.entries().iter().filter_map(|(_, node)| match node {
            Node::File { digest, size, .. } => Some((*digest, *size)),
            _ => None,
        });
        let length = |stream| {
            let chunks = self.chunks.iter().filter(|chunk| chunk.stream == stream);
            chunks.fold(0_u64, |sum, chunk| sum.saturating_add(chunk.bytes))
        };
        let outputs =
            [(self.stdout, length(Stream::Stdout)), (self.stderr, length(Stream::Stderr))];
        files.chain(outputs).collect()
    }

    /// The bytes of all contents that the result needs, each counted once.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.contents().values().fold(0, |sum, size| sum.saturating_add(*size))
    }
}
