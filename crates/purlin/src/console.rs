//! The terminal as plugins see it.

mod progress;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use purlin_host::Console;
use purlin_model::{Diagnostic, Severity};
use purlin_plugin::contract::{LogLevel, OutputStream};

use crate::arguments::Global;
use crate::draw;

use progress::Progress;
pub(crate) use progress::Told;

/// Writes what plugins have for the user to the streams of this process.
#[derive(Default)]
pub(crate) struct Terminal {
    progress: Mutex<Shown>,
}

/// What is shown of plugins' progress.
#[derive(Default)]
enum Shown {
    #[default]
    Nothing,
    /// Something, as soon as a plugin says something: most say nothing.
    Wanted(fn() -> Progress),
    Begun(Progress),
}

impl Terminal {
    /// Shows the progress of plugins from now on, unless the user wants it quiet: for verbs that do
    /// nothing but wait for a plugin.
    pub(crate) fn show_progress(&self, global: &Global) {
        self.show(global, Shown::Wanted(|| Progress::line().unwrap_or_else(Progress::lines)));
    }

    /// The same while a run is prepared, which asks plugins that have answered before they could say
    /// much, as a rule.
    pub(crate) fn show_progress_of_preparation(&self, global: &Global) {
        self.show(global, Shown::Wanted(|| Progress::line().unwrap_or_else(Progress::few_lines)));
    }

    /// The same while a run goes on: among its live lines, where it has some.
    pub(crate) fn show_progress_of_run(&self, global: &Global, told: Option<Arc<Told>>) {
        let few = Shown::Wanted(Progress::few_lines);
        self.show(global, told.map_or(few, |told| Shown::Begun(Progress::Told(told))));
    }

    /// Takes away what is shown of progress.
    pub(crate) fn end_progress(&self) {
        if let Shown::Begun(Progress::Line(line)) = std::mem::take(&mut *self.shown()) {
            line.finish_and_clear();
        }
    }

    fn show(&self, global: &Global, shown: Shown) {
        self.end_progress();
        if !global.quiet && !global.json {
            *self.shown() = shown;
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
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
        let line = match &*self.shown() {
            Shown::Begun(Progress::Line(line)) => Some(line.clone()),
            _ => None,
        };
        let written = match line {
            Some(line) => line.suspend(write),
            None => write(),
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
        let mut shown = self.shown();
        if let Shown::Wanted(begin) = *shown {
            *shown = Shown::Begun(begin());
        }
        if let Shown::Begun(progress) = &mut *shown {
            progress.tell(plugin, &draw::harmless_line(message), &counts);
        }
    }

    fn at_rest(&self, plugin: &str) {
        if let Shown::Begun(progress) = &mut *self.shown() {
            progress.forget(plugin);
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
