//! What a user sees of a run: live lines on a terminal, plain lines elsewhere, JSON lines with
//! `--json`; failures in full at the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use purlin_commands::{Event, Graph, Summary};
use purlin_model::Diagnostic;
use purlin_store::Stream;
use serde_json::json;

use crate::arguments::Global;
use crate::draw;
use crate::verb::run::shown_path;

/// Above this many instances, those that had their result are only counted.
const MANY: usize = 30;

/// Draws the events of a run.
pub(crate) struct View {
    global: Global,
    /// Programs' output goes straight to the terminal.
    stream: bool,
    count: usize,
    width: usize,
    live: Option<Live>,
    failures: Vec<Failed>,
    /// Notices that were shown already: a broken cache is one problem, not one for each command.
    said: Vec<String>,
    colored: bool,
}

struct Failed {
    id: String,
    how: String,
    logs: Vec<(Stream, PathBuf)>,
    diagnostics: Vec<Diagnostic>,
}

/// Live lines at the bottom of a terminal.
struct Live {
    lines: MultiProgress,
    total: ProgressBar,
    running: HashMap<String, ProgressBar>,
}

impl View {
    pub(crate) fn new(global: &Global, graph: &Graph, stream: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let live = terminal && !stream && !global.json && !global.quiet;
        let count = graph.instances.len();
        Self {
            stream,
            count,
            width: graph
                .instances
                .iter()
                .map(|instance| instance.id.chars().count())
                .max()
                .unwrap_or(0),
            live: live.then(|| Live::new(count)),
            failures: Vec::new(),
            said: Vec::new(),
            colored: draw::colored(global),
            global: global.clone(),
        }
    }

    /// Draws one event.
    pub(crate) fn show(&mut self, event: &Event) {
        if let Event::Notice(diagnostic) = event {
            self.notice(diagnostic);
            return;
        }
        if let Some(document) = document(event).filter(|_| self.global.json) {
            draw::json(&document);
        }
        match event {
            Event::Started { id, reason } => {
                if let Some(live) = &mut self.live {
                    live.start(id);
                } else if !self.stream || self.count > 1 {
                    self.line(id, "started", reason);
                }
            }
            Event::Output { stream, bytes, .. } if self.stream && !self.global.json => match stream
            {
                Stream::Stdout => draw::out_bytes(bytes),
                Stream::Stderr => draw::err_bytes(bytes),
            },
            Event::Finished { id, duration, .. } => {
                self.settle(id);
                self.line(id, "done", &seconds(*duration));
            }
            Event::Cached { id, restored, .. } => {
                self.settle(id);
                if self.count <= MANY || *restored || self.global.verbose > 0 {
                    self.line(id, "cached", if *restored { "outputs restored" } else { "" });
                }
            }
            Event::Failed { id, how, logs, diagnostics, duration, .. } => {
                self.settle(id);
                let took = if duration.is_zero() {
                    String::new()
                } else {
                    format!(", {}", seconds(*duration))
                };
                self.line(id, "FAILED", &format!("{how}{took}"));
                self.failures.push(Failed {
                    id: id.clone(),
                    how: how.clone(),
                    logs: logs.clone(),
                    diagnostics: diagnostics.clone(),
                });
            }
            Event::Skipped { id, because } => {
                self.settle(id);
                self.line(id, "skipped", because);
            }
            Event::Queued { .. } | Event::Output { .. } | Event::Notice(_) => {}
        }
    }

    /// Shows the failures in full, and the summary.
    pub(crate) fn finish(mut self, summary: &Summary) {
        if let Some(live) = self.live.take() {
            live.total.finish_and_clear();
            let _ = live.lines.clear();
        }
        for failure in &self.failures {
            self.failure(failure);
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
            .map(|(count, word)| format!("{count} {word}"))
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

    fn failure(&self, failure: &Failed) {
        if self.global.json {
            draw::diagnostics(&self.global, &failure.diagnostics);
            return;
        }
        for diagnostic in &failure.diagnostics {
            draw::err(format_args!("{}\n\n", draw::render(diagnostic, self.colored)));
        }
        // What was streamed has been seen.
        if self.stream || failure.logs.is_empty() {
            return;
        }
        let title = draw::harmless_line(&format!("{} {}", failure.id, failure.how));
        draw::err(format_args!("\n──── {title}\n"));
        for (stream, path) in &failure.logs {
            let Ok(file) = File::open(path) else { continue };
            if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
                continue;
            }
            let name = if *stream == Stream::Stdout { "stdout" } else { "stderr" };
            let path = draw::harmless_line(&shown_path(path).to_string_lossy());
            draw::err(format_args!("──── {name}, kept in {path}\n"));
            draw::err_file(file);
        }
        draw::err_bytes(b"\n");
    }

    fn notice(&mut self, diagnostic: &Diagnostic) {
        let said = format!("{} {}", diagnostic.code, diagnostic.detail);
        if self.said.contains(&said) {
            return;
        }
        self.said.push(said);
        match &self.live {
            Some(live) => {
                live.lines
                    .suspend(|| draw::diagnostics(&self.global, std::slice::from_ref(diagnostic)));
            }
            None => draw::diagnostics(&self.global, std::slice::from_ref(diagnostic)),
        }
    }

    /// A line that stays.
    fn line(&self, id: &str, what: &str, more: &str) {
        if self.global.json || self.global.quiet {
            return;
        }
        let width = self.width;
        let what = self.paint(what);
        let (id, more) = (draw::harmless_line(id), draw::harmless_line(more));
        let text = format!("{id:width$}  {what}  {more}");
        let text = text.trim_end();
        match &self.live {
            Some(live) => live.lines.suspend(|| draw::err(format_args!("{text}\n"))),
            None => draw::err(format_args!("{text}\n")),
        }
    }

    fn paint(&self, what: &str) -> String {
        let color = match what {
            "FAILED" => "31;1",
            "done" => "32",
            "cached" => "36",
            _ => "33",
        };
        if self.colored { format!("\x1b[{color}m{what:8}\x1b[0m") } else { format!("{what:8}") }
    }

    fn settle(&mut self, id: &str) {
        if let Some(live) = &mut self.live {
            live.settle(id);
        }
    }
}

impl Live {
    fn new(count: usize) -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = lines.add(ProgressBar::new(count as u64));
        total.set_style(style("{bar:30} {pos}/{len} · {elapsed}"));
        Self { lines, total, running: HashMap::new() }
    }

    fn start(&mut self, id: &str) {
        let line = self.lines.insert_before(&self.total, ProgressBar::new_spinner());
        line.set_style(style("{spinner} {prefix} {elapsed}"));
        line.set_prefix(draw::harmless_line(id));
        line.enable_steady_tick(Duration::from_millis(100));
        self.running.insert(id.to_owned(), line);
    }

    fn settle(&mut self, id: &str) {
        if let Some(line) = self.running.remove(id) {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
        self.total.inc(1);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A time as the summary has it: `0.02 s`, `3.2 s`, `4 min 10 s`.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.1 {
        format!("{seconds:.3} s")
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// An event as `--json` has it.
fn document(event: &Event) -> Option<serde_json::Value> {
    Some(match event {
        Event::Queued { id } => json!({ "event": "queued", "id": id }),
        Event::Started { id, reason } => json!({ "event": "started", "id": id, "why": reason }),
        Event::Output { id, stream, bytes } => json!({
            "event": "output",
            "id": id,
            "stream": stream,
            "text": String::from_utf8_lossy(bytes),
        }),
        Event::Cached { id, key, restored } => json!({
            "event": "cached",
            "id": id,
            "key": key,
            "restored": restored,
            "why": "nothing that it depends on has changed",
        }),
        Event::Finished { id, key, duration } => json!({
            "event": "finished",
            "id": id,
            "key": key,
            "seconds": duration.as_secs_f64(),
        }),
        Event::Failed { id, how, exit, cached, duration, diagnostics, .. } => json!({
            "event": "failed",
            "id": id,
            "how": how,
            "exit_code": exit.as_ref().and_then(|exit| exit.code),
            "signal": exit.as_ref().and_then(|exit| exit.signal),
            "cached": cached,
            "seconds": duration.as_secs_f64(),
            "diagnostics": diagnostics.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
        }),
        Event::Skipped { id, because } => json!({ "event": "skipped", "id": id, "why": because }),
        Event::Notice(_) => return None,
    })
}
