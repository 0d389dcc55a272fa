//! The terminal as plugins see it.

use std::io::{self, Write};

use purlin_host::Console;
use purlin_model::{Diagnostic, Severity};
use purlin_plugin::contract::{LogLevel, OutputStream};

use crate::arguments::Global;
use crate::draw;

/// Writes what plugins have for the user to the streams of this process.
pub(crate) struct Terminal;

impl Console for Terminal {
    fn output(&self, of: OutputStream, bytes: &[u8]) -> io::Result<()> {
        let mut stream: Box<dyn Write> = match of {
            OutputStream::Stdout => Box::new(io::stdout().lock()),
            OutputStream::Stderr => Box::new(io::stderr().lock()),
        };
        let written = stream.write_all(bytes).and_then(|()| stream.flush());
        if matches!(of, OutputStream::Stdout) {
            draw::note(&written);
        }
        written
    }
}

/// Shows what plugins have logged: warnings always, the rest for those who asked for more.
pub(crate) fn log(global: &Global, lines: Vec<(LogLevel, String)>) {
    let least = match global.verbose {
        0 => LogLevel::Warning,
        1 => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    let shown = lines.into_iter().filter(|(level, _)| *level >= least);
    let diagnostics: Vec<Diagnostic> = shown
        .map(|(level, line)| {
            let mut diagnostic = Diagnostic::warning("plugin-log", line);
            if level != LogLevel::Warning {
                diagnostic.severity = Severity::Note;
            }
            diagnostic
        })
        .collect();
    draw::diagnostics(global, &diagnostics);
}
