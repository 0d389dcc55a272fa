//! How far plugins are, and the ways to show it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::draw;

/// How old a line is before another one follows, and how long a plugin is at it before the first,
/// where few are wanted.
const SELDOM: Duration = Duration::from_secs(1);

/// How progress is shown.
pub(super) enum Progress {
    /// As one line that changes, on a terminal.
    Line(ProgressBar),
    /// As lines that stay.
    Lines(Lines),
    /// By somebody else, who looks at what was told when it is time to draw.
    Told(Arc<Told>),
}

/// What was shown last.
pub(super) struct Lines {
    message: String,
    shown: Instant,
    every: Duration,
}

/// How far plugins are right now.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<BTreeMap<String, String>>);

impl Progress {
    /// One line; `None` where there is no terminal, or one without abilities.
    pub(super) fn line() -> Option<Self> {
        let style = ProgressStyle::with_template("{wide_msg}").expect("it is a template");
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        (!line.is_hidden()).then(|| Self::Line(line.with_style(style)))
    }

    /// A line for each new message.
    pub(super) fn lines() -> Self {
        Self::Lines(Lines { message: String::new(), shown: Instant::now(), every: Duration::ZERO })
    }

    /// A line now and then.
    pub(super) fn few_lines() -> Self {
        Self::Lines(Lines { message: String::new(), shown: Instant::now(), every: SELDOM })
    }

    /// A plugin says how far it is.
    pub(super) fn tell(&mut self, plugin: &str, message: &str, counts: &str) {
        match self {
            Self::Line(line) => line.set_message(format!("{plugin}: {message}{counts}")),
            Self::Lines(last) => {
                // Each step of a count is no news where lines stay.
                if last.message != message && last.shown.elapsed() >= last.every {
                    draw::err(format_args!("{plugin}: {message}{counts}\n"));
                    message.clone_into(&mut last.message);
                    last.shown = Instant::now();
                }
            }
            Self::Told(told) => {
                told.all().insert(plugin.to_owned(), format!("{message}{counts}"));
            }
        }
    }

    /// A plugin has nothing to do any more.
    pub(super) fn forget(&mut self, plugin: &str) {
        if let Self::Told(told) = self {
            told.all().remove(plugin);
        }
    }
}

impl Told {
    /// A line for each plugin that is at something.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.all().iter().map(|(plugin, message)| format!("{plugin}: {message}")).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plugin_says_is_there_until_it_rests() {
        let told = Arc::new(Told::default());
        let mut progress = Progress::Told(told.clone());
        progress.tell("trees", "reading", " 1/3");
        progress.tell("trees", "reading", " 2/3");
        progress.tell("cache", "fetching", "");
        assert_eq!(told.lines(), ["cache: fetching", "trees: reading 2/3"]);
        progress.forget("trees");
        assert_eq!(told.lines(), ["cache: fetching"]);
    }
}
