//! Work that is no command's: in parallel, in order, told by the same events.
//!
//! Who builds packages has keys and places of its own for results. What it shares with commands is
//! how actions are started, watched, logged and stopped, and what users see of that.

mod shared;

use std::collections::{BTreeMap, BinaryHeap};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use purlin_model::Diagnostic;
use purlin_store::{Chunk, FolderLocks, InstanceLock};

use crate::action::Action;
use crate::event::{Event, Summary};
use crate::execute::{Conditions, Execution, Exit, Forward, Listener, Silent, execute};
use crate::output::Logs;
use crate::platform::Inherits;
use crate::session::Session;

/// How many events may wait to be drawn before programs have to wait.
const WAITING_EVENTS: usize = 1024;

/// One piece of work.
#[derive(Debug, Clone)]
pub struct Job {
    /// What users are shown; each is there once.
    pub id: String,
    /// Positions of those that must be done before.
    pub before: Vec<usize>,
}

/// What came of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It ran.
    Ran,
    /// Its result was there.
    Cached,
    /// It failed, and has told so by [`Event::Failed`].
    Failed,
    /// It was not done because the run is stopped.
    Stopped,
}

/// What a job reports to, and runs programs with.
pub struct Reporter<'a> {
    session: &'a Session<'a>,
    id: &'a str,
    stream: bool,
    sender: &'a SyncSender<Message>,
}

/// A program of a job.
pub struct JobProgram<'a> {
    /// What is run.
    pub action: &'a Action,
    /// The folder that its `cwd` is below.
    pub root: &'a Path,
    /// All of its process variables.
    pub variables: &'a BTreeMap<OsString, OsString>,
    /// Held by whatever it starts, if it inherits that.
    pub lock: &'a InstanceLock,
    /// What it gets that is open here.
    pub inherits: Inherits,
    /// The part of its logs' name that tells it from other programs of the job.
    pub part: Option<&'a str>,
}

/// How a program of a job has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub exit: Exit,
    /// What it has said.
    pub logs: Logs,
    /// How long it ran.
    pub duration: std::time::Duration,
    /// Why its output could not be kept, if it could not.
    pub log_error: Option<io::Error>,
}

impl Ended {
    /// When it said what.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.logs.chunks
    }
}

impl Reporter<'_> {
    /// Tells what happens.
    pub fn event(&self, event: Event) {
        // Nobody listens any more only when the run is over.
        let _ = self.sender.send(Message::Event(event));
    }

    /// True once the run is to end.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.session.cancel.requested()
    }

    /// Runs a program to its end. What it says is kept in the folder of the run's logs.
    ///
    /// # Errors
    /// It could not be started, or its logs cannot be written.
    pub fn run(&self, program: &JobProgram<'_>) -> io::Result<Ended> {
        let name = program.part.map(|part| format!("{}.{part}", self.id));
        let logs = self.session.log_files(name.as_deref().unwrap_or(self.id))?;
        let listener: Arc<dyn Listener> = match self.stream {
            true => {
                let sender = self.sender.clone();
                Arc::new(Forward::new(self.id.to_owned(), move |event| {
                    let _ = sender.send(Message::Event(event));
                }))
            }
            false => Arc::new(Silent),
        };
        let conditions = Conditions {
            stop: self.session.cancel.of(self.id),
            confinement: None,
            listener: &listener,
            folders: &FolderLocks::default(),
            inherits: program.inherits,
            keeps_stdout: self.session.keeps_stdout,
        };
        let JobProgram { action, root, variables, lock, .. } = program;
        let Execution { exit, chunks, duration, log_error } =
            execute(action, root, variables, &logs, lock, &conditions)?;
        Ok(Ended { exit, logs: logs.with(chunks), duration, log_error })
    }
}

enum Message {
    Event(Event),
    Done(usize, Done),
}

/// Tells how a job has ended.
struct End<'a> {
    index: usize,
    done: Done,
    sender: &'a SyncSender<Message>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Done(self.index, self.done));
    }
}

/// What does a job.
pub type Work<'a> = &'a (dyn Fn(usize, &Reporter<'_>) -> Done + Sync);

/// Does all jobs, each when those before it are done, so many at once, and those first on which the
/// longest chains wait. A failure leaves out what comes behind it. `sink` is called on this thread,
/// in order.
pub fn run_jobs(
    jobs: &[Job],
    work: Work<'_>,
    session: &Session<'_>,
    (at_once, stream): (usize, bool),
    sink: &mut dyn FnMut(Event),
) -> Summary {
    let begin = Instant::now();
    for job in jobs {
        sink(Event::Queued { id: job.id.clone() });
    }
    let (sender, receiver) = sync_channel(WAITING_EVENTS);
    let mut line = Line::new(jobs);
    let mut summary = Summary::default();
    let shares = session.shared.as_ref().and_then(|cache| session.tier(cache));
    if let Some(tier) = shares.as_ref().filter(|tier| tier.is_required()) {
        tier.open(session.plugins);
    }
    std::thread::scope(|scope| {
        let uploading = shares.is_some().then(|| {
            let sender = sender.clone();
            scope.spawn(move || shared::put_away(session, &sender))
        });
        let mut running = 0;
        loop {
            // What cannot go on without the cache does not go on.
            if session.lost().is_some() && !session.cancel.requested() {
                session.cancel.end();
            }
            while running < at_once.max(1)
                && !session.cancel.requested()
                && let Some(index) = line.next()
            {
                running += 1;
                let sender = sender.clone();
                scope.spawn(move || {
                    let id = &jobs[index].id;
                    // One that panics is told of, too: nobody may wait for it for ever.
                    let mut end = End { index, done: Done::Failed, sender: &sender };
                    end.done = work(index, &Reporter { session, id, stream, sender: &sender });
                });
            }
            if running == 0 {
                break;
            }
            // There is a sender on this thread, too: the channel stays open.
            match receiver.recv().expect("there is a sender") {
                Message::Event(event) => sink(event),
                Message::Done(index, done) => {
                    running -= 1;
                    line.done(index, done, &mut summary, sink);
                }
            }
        }
        session.uploads.close();
        if let Some(uploading) = uploading {
            // It tells of little, for which there is room.
            let _ = uploading.join();
        }
    });
    for message in receiver.try_iter() {
        if let Message::Event(event) = message {
            sink(event);
        }
    }
    for index in line.left() {
        summary.skipped += 1;
        let because = "the run was stopped".to_owned();
        sink(Event::Skipped { id: jobs[index].id.clone(), because });
    }
    summary.duration = begin.elapsed();
    summary.cancelled = session.cancel.by_user();
    summary
}

/// The jobs that wait.
struct Line<'a> {
    jobs: &'a [Job],
    behind: Vec<Vec<usize>>,
    /// How many each still waits for; `None` for those that are settled or under way.
    missing: Vec<Option<usize>>,
    /// How long the longest chain is that waits for each.
    urgency: Vec<usize>,
    ready: BinaryHeap<(usize, std::cmp::Reverse<usize>)>,
}

impl<'a> Line<'a> {
    fn new(jobs: &'a [Job]) -> Self {
        let mut behind = vec![Vec::new(); jobs.len()];
        for (index, job) in jobs.iter().enumerate() {
            for before in &job.before {
                behind[*before].push(index);
            }
        }
        let missing: Vec<_> = jobs.iter().map(|job| Some(job.before.len())).collect();
        let urgency = urgency(jobs, &behind);
        let first = (0..jobs.len()).filter(|index| missing[*index] == Some(0));
        let ready = first.map(|index| (urgency[index], std::cmp::Reverse(index))).collect();
        Self { jobs, behind, missing, urgency, ready }
    }

    fn next(&mut self) -> Option<usize> {
        let (_, std::cmp::Reverse(index)) = self.ready.pop()?;
        self.missing[index] = None;
        Some(index)
    }

    fn done(
        &mut self,
        index: usize,
        done: Done,
        summary: &mut Summary,
        sink: &mut dyn FnMut(Event),
    ) {
        match done {
            Done::Ran => summary.done += 1,
            Done::Cached => summary.cached += 1,
            Done::Failed => summary.failed += 1,
            Done::Stopped => {
                summary.skipped += 1;
                let because = "the run was stopped".to_owned();
                sink(Event::Skipped { id: self.jobs[index].id.clone(), because });
            }
        }
        if matches!(done, Done::Failed | Done::Stopped) {
            return self.leave_out(index, summary, sink);
        }
        for next in &self.behind[index] {
            if let Some(missing) = &mut self.missing[*next] {
                *missing -= 1;
                if *missing == 0 {
                    self.ready.push((self.urgency[*next], std::cmp::Reverse(*next)));
                }
            }
        }
    }

    fn leave_out(&mut self, index: usize, summary: &mut Summary, sink: &mut dyn FnMut(Event)) {
        let mut open = self.behind[index].clone();
        while let Some(next) = open.pop() {
            if self.missing[next].take().is_some() {
                summary.skipped += 1;
                let because = format!("`{}` did not succeed", self.jobs[index].id);
                sink(Event::Skipped { id: self.jobs[next].id.clone(), because });
                open.extend(&self.behind[next]);
            }
        }
    }

    fn left(&self) -> Vec<usize> {
        (0..self.jobs.len()).filter(|index| self.missing[*index].is_some()).collect()
    }
}

/// The length of the longest chain behind each job, from the ends to the beginnings.
fn urgency(jobs: &[Job], behind: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = behind.iter().map(Vec::len).collect();
    let mut urgency = vec![0; jobs.len()];
    let mut open: Vec<usize> = (0..jobs.len()).filter(|index| waits[*index] == 0).collect();
    while let Some(index) = open.pop() {
        for before in &jobs[index].before {
            urgency[*before] = urgency[*before].max(urgency[index] + 1);
            waits[*before] -= 1;
            if waits[*before] == 0 {
                open.push(*before);
            }
        }
    }
    urgency
}

/// The error of a program that could not be started, as a message.
#[must_use]
pub fn not_started(what: &str, program: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error("not-started", format!("{what} could not be started"))
        .detail(format!("`{program}`: {error}."))
}
