//! The lines at the bottom of a terminal that change while a run goes on.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::style::ProgressTracker;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::console::Told;
use crate::draw;

/// How often the times are drawn anew.
const TICK: Duration = Duration::from_millis(100);
/// Columns of the bar, on a terminal that has room for it.
const BAR: usize = 24;

/// Live lines: one for each running command as far as they fit, one for each plugin that says how far
/// it is, and a total.
pub(super) struct Live {
    bar: ProgressBar,
    state: Arc<Mutex<State>>,
}

/// What is counted.
#[derive(Debug, Default, Clone)]
pub(super) struct Counts {
    pub(super) total: usize,
    pub(super) done: usize,
    pub(super) cached: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

struct State {
    begin: Instant,
    colored: bool,
    counts: Counts,
    /// The oldest first.
    running: Vec<(String, Instant)>,
    /// What plugins say.
    told: Arc<Told>,
}

impl Live {
    pub(super) fn new(total: usize, colored: bool, told: Arc<Told>) -> Self {
        let counts = Counts { total, ..Counts::default() };
        let (begin, running) = (Instant::now(), Vec::new());
        let state = Arc::new(Mutex::new(State { begin, colored, counts, running, told }));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{lines}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style.with_key("lines", Lines(state.clone())));
        bar.enable_steady_tick(TICK);
        Self { bar, state }
    }

    pub(super) fn start(&self, id: &str) {
        self.stop(id);
        self.state().running.push((draw::harmless_line(id), Instant::now()));
    }

    pub(super) fn stop(&self, id: &str) {
        let id = draw::harmless_line(id);
        self.state().running.retain(|(one, _)| *one != id);
    }

    pub(super) fn count(&self, counts: &Counts) {
        self.state().counts = counts.clone();
    }

    /// Draws something above that stays.
    pub(super) fn above(&self, draw: impl FnOnce()) {
        self.bar.suspend(draw);
    }

    /// Leaves nothing behind.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws the lines for as much room as the terminal has at that moment.
#[derive(Clone)]
struct Lines(Arc<Mutex<State>>);

impl ProgressTracker for Lines {
    fn clone_box(&self) -> Box<dyn ProgressTracker> {
        Box::new(self.clone())
    }

    fn tick(&mut self, _: &ProgressState, _: Instant) {}

    fn reset(&mut self, _: &ProgressState, _: Instant) {}

    fn write(&self, _: &ProgressState, out: &mut dyn Write) {
        let (rows, columns) = Term::stderr().size();
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = lines(&state, usize::from(rows), usize::from(columns), Instant::now(), out);
    }
}

fn lines(
    state: &State,
    rows: usize,
    columns: usize,
    now: Instant,
    out: &mut dyn Write,
) -> fmt::Result {
    // The last column stays free: some terminals begin a new line with it.
    let width = columns.saturating_sub(1).max(8);
    let room = rows.saturating_sub(3).max(1);
    let count = state.running.len();
    let shown = if count > room { room.saturating_sub(1) } else { count };
    let times: Vec<String> =
        state.running[..shown].iter().map(|(_, since)| clock(now - *since)).collect();
    let longest = times.iter().map(|time| time.chars().count()).max().unwrap_or(0);
    for ((id, since), time) in state.running.iter().zip(&times) {
        let frame = frame(now - *since);
        let id = console::truncate_str(id, width.saturating_sub(longest + 4), "…");
        let line = format!("{frame} {time:>longest$}  {id}");
        writeln!(out, "{}", paint(state, "33", &line, 1))?;
    }
    if count > shown {
        writeln!(out, "{}", cut(&format!("… and {} more", count - shown), width))?;
    }
    // Commands come first where there is no room for all.
    for line in state.told.lines().iter().take(room.saturating_sub(count)) {
        writeln!(out, "{}", cut(&format!("  {line}"), width))?;
    }
    write!(out, "{}", total(state, width, now))
}

/// The last line: `━━━━━━──────  12/40 · 2 running · 10 cached · 1 failed · 3.2 s`.
fn total(state: &State, width: usize, now: Instant) -> String {
    let Counts { total, done, cached, failed, skipped } = state.counts;
    let settled = done + cached + failed + skipped;
    let mut words = vec![format!("{settled}/{total}")];
    for (count, word) in [
        (state.running.len(), "running"),
        (cached, "cached"),
        (failed, "failed"),
        (skipped, "skipped"),
    ] {
        if count > 0 {
            words.push(format!("{count} {word}"));
        }
    }
    words.push(clock(now - state.begin));
    let text = words.join(" · ");
    if text.chars().count() + BAR + 2 > width {
        return cut(&text, width);
    }
    let filled = (settled * BAR).checked_div(total).unwrap_or(0).min(BAR);
    let color = if failed > 0 { "31" } else { "32" };
    let bar = format!("{}{}", "━".repeat(filled), "─".repeat(BAR - filled));
    format!("{}  {text}", paint(state, color, &bar, filled))
}

fn cut(text: &str, width: usize) -> String {
    console::truncate_str(text, width, "…").into_owned()
}

/// Colours the first characters of a text.
fn paint(state: &State, color: &str, text: &str, count: usize) -> String {
    if !state.colored || count == 0 {
        return text.to_owned();
    }
    let end = text.char_indices().nth(count).map_or(text.len(), |(place, _)| place);
    format!("\x1b[{color}m{}\x1b[0m{}", &text[..end], &text[end..])
}

/// A time that goes on: digits that would only flicker are left out.
fn clock(running: Duration) -> String {
    match running.as_secs() {
        0..60 => format!("{:.1} s", running.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn frame(running: Duration) -> char {
    const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
    let number = running.as_millis() / TICK.as_millis();
    FRAMES[usize::try_from(number).unwrap_or(0) % FRAMES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(running: usize, rows: usize, columns: usize) -> String {
        let begin = Instant::now();
        let now = begin + Duration::from_secs(75);
        let running = (0..running).map(|number| (format!("build-number-{number}"), begin));
        let counts = Counts { total: 40, done: 3, cached: 10, failed: 1, skipped: 0 };
        let running = running.collect();
        let told = Arc::default();
        let state = State { begin, colored: false, counts, running, told };
        let mut text = String::new();
        lines(&state, rows, columns, now, &mut text).expect("text can be written to");
        text
    }

    #[test]
    fn each_running_command_has_a_line_and_all_have_one() {
        insta::assert_snapshot!(drawn(2, 24, 80), @"
        ⠋ 1 min 15 s  build-number-0
        ⠋ 1 min 15 s  build-number-1
        ━━━━━━━━────────────────  14/40 · 2 running · 10 cached · 1 failed · 1 min 15 s
        ");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_cut() {
        insta::assert_snapshot!(drawn(9, 6, 24), @"
        ⠋ 1 min 15 s  build-nu…
        ⠋ 1 min 15 s  build-nu…
        … and 7 more
        14/40 · 9 running · 10…
        ");
        for (rows, columns) in [(1, 1), (2, 10), (6, 24), (50, 200)] {
            let text = drawn(30, rows, columns);
            assert!(text.lines().count() <= rows.saturating_sub(1).max(2), "{rows} {text}");
            let width = |line: &str| line.chars().count();
            assert!(text.lines().all(|line| width(line) <= columns.max(12)), "{columns} {text}");
        }
    }
}
