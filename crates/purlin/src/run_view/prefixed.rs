//! Output of several programs at once: whole lines, each with its command in front.

use std::collections::HashMap;
use std::io::IsTerminal;

use purlin_store::Stream;

use crate::draw;
use crate::tame::Tame;

/// A line that is longer is shown in parts.
const LONGEST: usize = 64 * 1024;

/// Lines that have begun.
pub(super) struct Prefixed {
    width: usize,
    colored: bool,
    open: HashMap<(String, Stream), (Tame, Vec<u8>)>,
}

impl Prefixed {
    pub(super) fn new(width: usize, colored: bool) -> Self {
        Self { width, colored, open: HashMap::new() }
    }

    /// Shows the lines that a piece of output ends.
    pub(super) fn show(&mut self, id: &str, stream: Stream, bytes: &[u8]) {
        let colored = self.colored;
        let key = (id.to_owned(), stream);
        let terminal = || match stream {
            Stream::Stdout => std::io::stdout().is_terminal(),
            Stream::Stderr => std::io::stderr().is_terminal(),
        };
        let begun = || (Tame::new(terminal(), colored), Vec::new());
        let (tame, line) = self.open.entry(key).or_insert_with(begun);
        line.extend(tame.next(bytes));
        let whole = match line.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => line.drain(..=end).collect(),
            None if line.len() > LONGEST => std::mem::take(line),
            None => return,
        };
        self.print(id, stream, &whole);
    }

    /// Shows what is left of a command that has ended.
    pub(super) fn end(&mut self, id: &str) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some((mut tame, mut line)) = self.open.remove(&(id.to_owned(), stream)) {
                let ending = tame.end();
                if !line.is_empty() {
                    line.extend(ending);
                    self.print(id, stream, &line);
                }
            }
        }
    }

    fn print(&self, id: &str, stream: Stream, lines: &[u8]) {
        let id = draw::harmless_line(id);
        let width = self.width;
        let reset = if self.colored { "\x1b[0m" } else { "" };
        let mut text = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            text.extend(format!("{reset}{id:width$} │ ").bytes());
            text.extend(line);
            if !line.ends_with(b"\n") {
                text.push(b'\n');
            }
        }
        match stream {
            Stream::Stdout => draw::out_bytes(&text),
            Stream::Stderr => draw::err_bytes(&text),
        }
    }
}
