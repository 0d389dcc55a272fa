//! What a program has said, as it lies in files.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use purlin_store::{Chunk, Stream};

/// The most that is read at once: outputs may be larger than the memory.
const PIECE: u64 = 64 * 1024;

/// The two files of a program's output, byte for byte, and the order in which they were written.
#[derive(Debug, Clone)]
pub struct Logs {
    /// Standard output.
    pub stdout: PathBuf,
    /// Standard error.
    pub stderr: PathBuf,
    /// When the program said what.
    pub chunks: Vec<Chunk>,
}

impl Logs {
    /// Gives both in the order in which they were written, piece by piece.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn play(&self, send: &mut dyn FnMut(Stream, &[u8])) -> io::Result<()> {
        let (mut stdout, mut stderr) = (File::open(&self.stdout)?, File::open(&self.stderr)?);
        let mut buffer = Vec::new();
        let mut one = |stream: Stream, mut left: u64| -> io::Result<()> {
            let file = if stream == Stream::Stdout { &mut stdout } else { &mut stderr };
            while left > 0 {
                buffer.clear();
                file.take(left.min(PIECE)).read_to_end(&mut buffer)?;
                if buffer.is_empty() {
                    break;
                }
                left -= buffer.len() as u64;
                send(stream, &buffer);
            }
            Ok(())
        };
        for chunk in &self.chunks {
            one(chunk.stream, chunk.bytes)?;
        }
        // What else there is was written after the last piece was noted.
        one(Stream::Stdout, u64::MAX)?;
        one(Stream::Stderr, u64::MAX)
    }

    /// True when nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.stdout, &self.stderr]
            .iter()
            .all(|path| path.metadata().map_or(true, |metadata| metadata.len() == 0))
    }
}
