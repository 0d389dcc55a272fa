//! The terminal as plugins see it.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use purlin_host::Console;
use purlin_model::{Diagnostic, Severity};
use purlin_plugin::contract::{LogLevel, OutputStream};

use crate::arguments::Global;
use crate::draw;

/// Writes what plugins have for the user to the streams of this process.
#[derive(Default)]
pub(crate) struct Terminal {
    /// Set where a plugin's progress is shown.
    progress: OnceLock<Progress>,
}

/// How progress is shown.
enum Progress {
    /// As one line that changes, on a terminal.
    Live(ProgressBar),
    /// As lines, each when it says something new; this is what the last one said.
    Lines(Mutex<String>),
}

impl Terminal {
    /// Shows the progress of plugins from now on, unless the user wants it quiet. For verbs that do
    /// nothing but wait for a plugin.
    pub(crate) fn show_progress(&self, global: &Global) {
        if global.quiet || global.json {
            return;
        }
        let style = ProgressStyle::with_template("{wide_msg}").expect("it is a template");
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // Hidden: it would not be drawn where there is no terminal, or one without abilities.
        let progress = match line.is_hidden() {
            true => Progress::Lines(Mutex::default()),
            false => Progress::Live(line.with_style(style)),
        };
        // Whoever asks for it twice has it already.
        let _ = self.progress.set(progress);
    }

    /// Takes the line of progress away.
    pub(crate) fn end_progress(&self) {
        if let Some(Progress::Live(line)) = self.progress.get() {
            line.finish_and_clear();
        }
    }
}

impl Console for Terminal {
    fn output(&self, of: OutputStream, bytes: &[u8]) -> io::Result<()> {
        let write = || {
            let mut stream: Box<dyn Write> = match of {
                OutputStream::Stdout => Box::new(io::stdout().lock()),
                OutputStream::Stderr => Box::new(io::stderr().lock()),
            };
            stream.write_all(bytes).and_then(|()| stream.flush())
        };
        let written = match self.progress.get() {
            Some(Progress::Live(line)) => line.suspend(write),
            _ => write(),
        };
        if matches!(of, OutputStream::Stdout) {
            draw::note(&written);
        }
        written
    }

    fn progress(&self, plugin: &str, message: &str, done: Option<u64>, total: Option<u64>) {
        let counts = match (done, total) {
            (Some(done), Some(total)) => format!(" {done}/{total}"),
            (Some(done), None) => format!(" {done}"),
            _ => String::new(),
        };
        let message = draw::harmless_line(message);
        match self.progress.get() {
            Some(Progress::Live(line)) => line.set_message(format!("{plugin}: {message}{counts}")),
            Some(Progress::Lines(last)) => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                // Each step of a count is no news where lines stay.
                if *last != message {
                    draw::err(format_args!("{plugin}: {message}{counts}\n"));
                    *last = message;
                }
            }
            None => {}
        }
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
            let (first, rest) = line.split_once('\n').unwrap_or((&line, ""));
            let mut diagnostic = Diagnostic::warning("plugin-log", first).detail(rest);
            if level != LogLevel::Warning {
                diagnostic.severity = Severity::Note;
            }
            diagnostic
        })
        .collect();
    draw::diagnostics(global, &diagnostics);
}
