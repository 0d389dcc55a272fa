//! What a user sees of a run: live lines on a terminal, plain lines elsewhere, JSON lines with
//! `--json`; failures in full.

mod document;
mod github;
mod live;
mod prefixed;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use purlin_commands::{Event, Graph, Logs, Summary};
use purlin_model::Diagnostic;
use purlin_store::Stream;
use serde_json::json;

use crate::arguments::{Global, Output};
use crate::console::Told;
use crate::draw;
use crate::tame::Tame;
use crate::verb::run::shown_path;

use document::document;
use github::Repository;
use live::{Counts, Live};
use prefixed::Prefixed;

/// Above this many instances, those that had their result are only counted.
const MANY: usize = 30;

/// Columns for names; a longer one takes more.
const WIDEST: usize = 32;

/// Draws the events of a run.
pub(crate) struct View<'g> {
    global: Global,
    graph: Option<&'g Graph>,
    output: Output,
    /// Programs run one at a time: their output needs nothing in front to be told apart.
    alone: bool,
    counts: Counts,
    width: usize,
    /// There are live lines while something runs.
    is_live: bool,
    /// Who has the terminal in their place.
    taken: Option<String>,
    live: Option<Live>,
    /// What plugins say of their progress, for the live lines.
    told: Arc<Told>,
    prefixed: Prefixed,
    repository: Repository,
    failures: Vec<Failed>,
    /// The last runs of what is about to run, by instance.
    compared: HashMap<String, String>,
    /// Notices that were shown already: a broken cache is one problem, not one for each command.
    said: Vec<String>,
    colored: bool,
}

struct Failed {
    id: String,
    how: String,
    logs: Option<Logs>,
    diagnostics: Vec<Diagnostic>,
}

impl<'g> View<'g> {
    pub(crate) fn new(
        global: &Global,
        graph: &'g Graph,
        root: &Path,
        output: Output,
        alone: bool,
    ) -> Self {
        let ids: Vec<&str> = graph.running().map(|instance| instance.id.as_str()).collect();
        Self { graph: Some(graph), ..Self::of(global, &ids, root, output, alone) }
    }

    /// A view of work that is no command's.
    pub(crate) fn of(
        global: &Global,
        ids: &[&str],
        root: &Path,
        output: Output,
        alone: bool,
    ) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let quiet = global.json || global.quiet;
        let live = terminal && !quiet && matches!(output, Output::Progress | Output::Grouped);
        let total = ids.len();
        let width = ids.iter().map(|id| id.chars().count()).max();
        let width = width.unwrap_or(0).min(WIDEST);
        let colored = draw::colored(global);
        let told = Arc::<Told>::default();
        Self {
            graph: None,
            output,
            alone,
            counts: Counts { total, ..Counts::default() },
            width,
            is_live: live,
            taken: None,
            live: live.then(|| Live::new(total, colored, told.clone())),
            told,
            prefixed: Prefixed::new(width, colored),
            repository: Repository::of(root),
            failures: Vec::new(),
            compared: HashMap::new(),
            said: Vec::new(),
            colored,
            global: global.clone(),
        }
    }

    /// Where plugins are to tell how far they are; `None` where there are no live lines.
    pub(crate) fn told(&self) -> Option<Arc<Told>> {
        self.is_live.then(|| self.told.clone())
    }

    /// Draws one event.
    pub(crate) fn show(&mut self, event: &Event) {
        if let Event::Notice(diagnostic) = event {
            self.notice(diagnostic);
            return;
        }
        if self.global.json {
            if let Event::Compared { id, run } = event {
                self.compared.insert(id.clone(), run.clone());
            }
            let since = |id: &str| self.compared.get(id).map(String::as_str);
            if let Some(document) = document(event, since) {
                draw::json(&document);
            }
            if let Event::Failed { id, how, diagnostics, .. } = event {
                self.fail(id, how, None, diagnostics);
            }
            return;
        }
        match event {
            Event::Started { id, reason } => match &self.live {
                Some(live) => live.start(id),
                None if self.output == Output::Stream && self.counts.total == 1 => {}
                None => self.line(id, "started", reason),
            },
            Event::Output { id, stream, bytes } if self.output == Output::Stream => {
                match (self.alone, stream) {
                    (true, Stream::Stdout) => draw::out_bytes(bytes),
                    (true, Stream::Stderr) => draw::err_bytes(bytes),
                    (false, stream) => self.prefixed.show(id, *stream, bytes),
                }
            }
            Event::Finished { id, logs, duration, .. } => {
                self.counts.done += 1;
                let time = seconds(*duration);
                self.settle(id);
                match self.output {
                    Output::Github => self.group(id, &time, logs),
                    Output::Grouped => {
                        self.line(id, "done", &time);
                        self.above(|| self.whole(logs));
                    }
                    Output::Progress | Output::Stream => self.line(id, "done", &time),
                }
            }
            Event::Cached { id, restored, .. } => {
                self.counts.cached += 1;
                self.settle(id);
                if self.counts.total <= MANY || *restored || self.global.verbose > 0 {
                    self.line(id, "cached", if *restored { "outputs restored" } else { "" });
                }
            }
            Event::Failed { id, how, logs, diagnostics, duration, .. } => {
                self.counts.failed += 1;
                self.settle(id);
                let took = match duration.is_zero() {
                    true => String::new(),
                    false => format!(", {}", seconds(*duration)),
                };
                self.line(id, "FAILED", &format!("{how}{took}"));
                self.fail(id, how, logs.clone(), diagnostics);
            }
            Event::Skipped { id, because } => {
                self.counts.skipped += 1;
                self.settle(id);
                self.line(id, "skipped", because);
            }
            Event::TakesTerminal { id } => {
                if let Some(live) = self.live.take() {
                    live.finish();
                    self.taken = Some(id.clone());
                }
            }
            Event::Waiting(summary) => self.wait(summary),
            Event::Changed { paths, count } => self.change(paths, *count),
            Event::Queued { .. }
            | Event::Compared { .. }
            | Event::Output { .. }
            | Event::Notice(_) => {}
        }
    }

    /// Of a run that watches: shows what came of it so far.
    fn wait(&mut self, summary: &Summary) {
        let live = self.live.take();
        if let Some(live) = &live {
            live.finish();
        }
        self.come_to(summary);
        if !self.global.json && !self.global.quiet {
            draw::err(format_args!("waits for changes; Ctrl-C ends it\n"));
        }
    }

    /// Of a run that watches: begins anew.
    fn change(&mut self, paths: &[String], count: usize) {
        let more = if paths.len() > 2 { ", …" } else { "" };
        let names: Vec<String> =
            paths.iter().take(2).map(|path| draw::harmless_line(path)).collect();
        self.counts = Counts { total: count, ..Counts::default() };
        if !self.global.json && !self.global.quiet {
            let title = format!("──── {}{more} changed", names.join(", "));
            self.above(|| draw::err(format_args!("\n{title}\n")));
        }
        match &self.live {
            Some(live) => live.count(&self.counts),
            None if self.is_live => self.live = Some(self.live(count)),
            None => {}
        }
    }

    fn live(&self, total: usize) -> Live {
        Live::new(total, self.colored, self.told.clone())
    }

    /// Shows the failures in full, and the summary.
    pub(crate) fn finish(mut self, summary: &Summary) {
        if let Some(live) = self.live.take() {
            live.finish();
        }
        if let Some(path) = &summary.outdated
            && !self.global.json
            && !self.global.quiet
        {
            draw::err(format_args!("\n──── {} changed\n", draw::harmless_line(path)));
            return;
        }
        self.come_to(summary);
    }

    fn come_to(&mut self, summary: &Summary) {
        let failures = std::mem::take(&mut self.failures);
        for failure in &failures {
            self.failure(failure);
        }
        if failures.iter().any(|one| one.logs.is_some()) && self.output != Output::Stream {
            draw::err_bytes(b"\n");
        }
        if self.global.json {
            draw::json(&json!({
                "event": "summary",
                "done": summary.done,
                "cached": summary.cached,
                "failed": summary.failed,
                "skipped": summary.skipped,
                "seconds": summary.duration.as_secs_f64(),
            }));
        } else if !self.global.quiet {
            draw::err(format_args!("{}\n", self.summary(summary)));
        }
    }

    /// The last line: `12 done · 40 cached · 1 failed · 3.2 s`.
    fn summary(&self, summary: &Summary) -> String {
        let parts = [
            (summary.done, "done"),
            (summary.cached, "cached"),
            (summary.failed, "failed"),
            (summary.skipped, "skipped"),
        ];
        let mut words: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| match (*word, self.colored) {
                ("failed", true) => format!("\x1b[31;1m{count} {word}\x1b[0m"),
                _ => format!("{count} {word}"),
            })
            .collect();
        if words.is_empty() {
            words.push("nothing to run".to_owned());
        }
        if summary.cancelled {
            words.push("stopped".to_owned());
        }
        words.push(seconds(summary.duration));
        words.join(" · ")
    }

    /// Remembers a failure for the end, or shows it where it belongs.
    fn fail(&mut self, id: &str, how: &str, logs: Option<Logs>, diagnostics: &[Diagnostic]) {
        let (id, how, diagnostics) = (id.to_owned(), how.to_owned(), diagnostics.to_vec());
        let failure = Failed { id, how, logs, diagnostics };
        match self.output {
            Output::Grouped | Output::Github if !self.global.json => {
                self.above(|| self.failure(&failure));
            }
            _ => self.failures.push(failure),
        }
    }

    fn failure(&self, failure: &Failed) {
        if self.global.json {
            draw::diagnostics(&self.global, &failure.diagnostics);
            return;
        }
        for diagnostic in &failure.diagnostics {
            draw::err(format_args!("{}\n\n", draw::render(diagnostic, self.colored)));
        }
        // What was streamed has been seen.
        if let Some(logs) = failure.logs.as_ref().filter(|_| self.output != Output::Stream) {
            let title = draw::harmless_line(&format!("{} {}", failure.id, failure.how));
            draw::err(format_args!("\n──── {}\n", self.color("31;1", &title)));
            self.whole(logs);
            let path = draw::harmless_line(&shown_path(&logs.stdout).to_string_lossy());
            let path = path.strip_suffix("stdout").unwrap_or(&path);
            if !logs.is_empty() {
                draw::err(format_args!("──── kept in {path}{{stdout,stderr}}\n"));
            }
        }
        if self.output == Output::Github {
            self.annotate(failure);
        }
    }

    fn annotate(&self, failure: &Failed) {
        let instances = self.graph.map(|graph| graph.instances.as_slice()).unwrap_or_default();
        let instance = instances.iter().find(|one| one.id == failure.id);
        let annotation = self.repository.failed(instance, &failure.id, &failure.how);
        draw::err(format_args!("{}\n", draw::harmless_line(&annotation)));
        let mut text = Vec::new();
        let mut tame = Tame::new(true, false);
        if let Some(logs) = &failure.logs {
            // What cannot be read any more was not shown either.
            let _ = logs.play(&mut |_, bytes| text.extend(tame.next(bytes)));
        }
        for place in instance
            .into_iter()
            .flat_map(|one| self.repository.places(one, &String::from_utf8_lossy(&text)))
        {
            draw::err(format_args!("{}\n", draw::harmless_line(&place)));
        }
    }

    /// The output of a command that succeeded, folded up.
    fn group(&self, id: &str, time: &str, logs: &Logs) {
        if self.global.quiet || logs.is_empty() {
            self.line(id, "done", time);
            return;
        }
        let title = draw::harmless_line(&format!("{id} · done · {time}"));
        draw::err(format_args!("{}\n", github::group(&title)));
        self.whole(logs);
        draw::err(format_args!("{}\n", github::END));
    }

    /// All that a program has said, in the order in which it did.
    fn whole(&self, logs: &Logs) {
        let mut tame = Tame::new(std::io::stderr().is_terminal(), self.colored);
        let shown = logs.play(&mut |_, bytes| draw::err_bytes(&tame.next(bytes)));
        draw::err_bytes(&tame.end());
        if let Err(error) = shown {
            draw::err(format_args!("its output cannot be read: {error}\n"));
        }
    }

    fn notice(&mut self, diagnostic: &Diagnostic) {
        let said = format!("{} {}", diagnostic.code, diagnostic.detail);
        if self.said.contains(&said) {
            return;
        }
        self.said.push(said);
        self.above(|| draw::diagnostics(&self.global, std::slice::from_ref(diagnostic)));
    }

    /// A line that stays.
    fn line(&self, id: &str, what: &str, more: &str) {
        if self.global.json || self.global.quiet {
            return;
        }
        let width = self.width;
        let color = match what {
            "FAILED" => "31;1",
            "done" => "32",
            "cached" => "36",
            _ => "33",
        };
        let what = self.color(color, &format!("{what:8}"));
        let (id, more) = (draw::harmless_line(id), draw::harmless_line(more));
        let text = format!("{id:width$}  {what}  {more}");
        self.above(|| draw::err(format_args!("{}\n", text.trim_end())));
    }

    fn color(&self, color: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Draws above the live lines, if there are any.
    fn above(&self, draw: impl FnOnce()) {
        match &self.live {
            Some(live) => live.above(draw),
            None => draw(),
        }
    }

    fn settle(&mut self, id: &str) {
        self.prefixed.end(id);
        if self.taken.as_deref() == Some(id) {
            self.taken = None;
            self.live = Some(self.live(self.counts.total));
        }
        if let Some(live) = &self.live {
            live.stop(id);
            live.count(&self.counts);
        }
    }
}

/// A time as the summary has it: `0.020 s`, `3.2 s`, `4 min 10 s`.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.1 {
        format!("{seconds:.3} s")
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}
