//! The last lines of what a plugin writes to stderr, however much that is.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

/// How many lines stay.
const LINES: usize = 20;
/// How many bytes of a line stay.
const LENGTH: usize = 400;

/// The last lines of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    /// The line that has no end yet.
    open: Vec<u8>,
}

impl Tail {
    /// Reads a stream to its end.
    pub(crate) fn read(&self, mut stream: impl Read) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => self.add(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// The lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut kept = self.kept();
        if !kept.open.is_empty() {
            kept.close();
        }
        kept.lines.iter().cloned().collect()
    }

    fn add(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        if let Some(first) = pieces.next() {
            kept.extend(first);
        }
        for piece in pieces {
            kept.close();
            kept.extend(piece);
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn extend(&mut self, bytes: &[u8]) {
        let room = (LENGTH + 1).saturating_sub(self.open.len());
        self.open.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn close(&mut self) {
        let cut = self.open.len() > LENGTH;
        self.open.truncate(LENGTH);
        let mut line = String::from_utf8_lossy(&self.open).trim_end().to_owned();
        line.retain(|character| character == '\t' || !character.is_control());
        if cut {
            line.push('…');
        }
        self.open.clear();
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_stay() {
        let tail = Tail::default();
        let text: String = (0..100).map(|number| format!("line {number}\n")).collect();
        tail.read(text.as_bytes());
        tail.read(&b"\x1b[31mopen"[..]);
        let lines = tail.lines();
        assert_eq!((lines.len(), lines[0].as_str()), (20, "line 81"));
        assert_eq!(lines[19], "[31mopen");
    }

    #[test]
    fn an_endless_line_is_cut() {
        let tail = Tail::default();
        tail.read(std::io::repeat(b'x').take(10 << 20));
        assert!(tail.kept().open.capacity() < 1 << 16);
        assert_eq!(tail.lines(), ["x".repeat(400) + "…"]);
    }
}
