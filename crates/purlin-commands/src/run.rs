//! Running a graph: what can be settled at a glance first, the rest in parallel.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use purlin_model::Diagnostic;
use purlin_store::Stream;
use purlin_store::{Listing, Patterns};

use crate::event::{Event, Summary};
use crate::execute::Listener;
use crate::graph::Graph;
use crate::key::Contribution;
use crate::record::Record;
use crate::remote::{Lost, upload};
use crate::session::Session;
use crate::step::{Outcome, Status, Step};

/// How many events may wait to be drawn before programs have to wait.
const WAITING_EVENTS: usize = 1024;

/// How long uploads may keep a run from its end before that is told.
const SILENCE: Duration = Duration::from_secs(2);

/// How a graph is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many programs run at once; at least one.
    pub jobs: usize,
    /// Runs everything, whatever is kept.
    pub force: bool,
    /// Sends on what programs write while they do.
    pub stream: bool,
    /// Sends on the output of results that are there already.
    pub replay: bool,
}

/// Runs a graph. `sink` is called on this thread, in order.
pub fn run(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    sink: &mut dyn FnMut(Event),
) -> Summary {
    let begin = Instant::now();
    for instance in &graph.instances {
        sink(Event::Queued { id: instance.id.clone() });
    }
    let (sender, receiver) = sync_channel(WAITING_EVENTS);
    let mut progress = Progress::new(graph);
    std::thread::scope(|scope| {
        let mut snapshot = if options.force { None } else { Snapshot::take(graph, session) };
        let mut running = 0;
        let mut waiting: Vec<usize> = Vec::new();
        let (mut begun, mut away) = (false, false);
        loop {
            // As long as nothing was changed, one look at the tree serves everybody.
            while let Some(index) = progress.ready.pop() {
                let listing =
                    snapshot.as_mut().and_then(|snapshot| snapshot.listings[index].take());
                match listing.and_then(|listing| {
                    glance(graph, session, options, &progress, index, listing, sink)
                }) {
                    Some(outcome) => progress.settle(graph, index, outcome, sink),
                    None => waiting.push(index),
                }
            }
            if !begun && !waiting.is_empty() {
                begun = true;
                session.open_required(graph);
                if graph.instances.iter().any(|one| session.tier(&one.cache).is_some()) {
                    away = true;
                    session.resume_uploads(graph);
                    scope.spawn(|| put_away(session, &sender));
                }
            }
            progress.summary.lost = session.lost();
            if session.cancel.requested() || progress.summary.lost.is_some() {
                for index in waiting.drain(..) {
                    progress.settle(graph, index, Outcome::STOPPED, sink);
                }
            }
            sort_by_length(graph, session, &mut waiting);
            while running < options.jobs.max(1)
                && let Some(index) = waiting.pop()
            {
                snapshot = None;
                running += 1;
                let producers = progress.producers(graph, index);
                let sender = sender.clone();
                scope.spawn(move || work(graph, session, options, index, producers, &sender));
            }
            if running == 0 {
                break;
            }
            running -= drain(graph, session, &receiver, &mut progress, sink);
        }
        session.uploads.close();
        if away {
            wait_for_uploads(&receiver, sink);
        }
    });
    if let Err(error) = session.files.save() {
        sink(Event::Notice(
            Diagnostic::warning("file-index", "the digests of files could not be remembered")
                .detail(error.to_string()),
        ));
    }
    progress.summary.duration = begin.elapsed();
    progress.summary.cancelled = session.cancel.requested();
    progress.summary.lost = session.lost();
    progress.summary
}

enum Message {
    Event(Event),
    Settled(usize, Outcome),
    /// All results are where they should be.
    PutAway,
}

/// Handles messages until all results are where they should be.
fn wait_for_uploads(receiver: &Receiver<Message>, sink: &mut dyn FnMut(Event)) {
    let mut told = false;
    loop {
        let message = match receiver.recv_timeout(SILENCE) {
            Err(RecvTimeoutError::Timeout) if told => continue,
            Err(RecvTimeoutError::Timeout) => {
                told = true;
                Message::Event(Event::Notice(
                    Diagnostic::note(
                        "uploading",
                        "all commands are done; results are still being put into a cache elsewhere",
                    )
                    .help("Ctrl-C leaves the rest to this machine".to_owned()),
                ))
            }
            Ok(message) => message,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match message {
            Message::Event(event) => sink(event),
            Message::Settled(..) => {}
            Message::PutAway => return,
        }
    }
}

/// Puts results into caches elsewhere, as they come, until the run is over.
fn put_away(session: &Session<'_>, sender: &SyncSender<Message>) {
    let send = |message| {
        // Nobody listens any more only when the run is over.
        let _ = sender.send(message);
    };
    upload(&session.uploads, session.plugins, &|lost| {
        if let Lost::Untold(diagnostic) = lost {
            send(Message::Event(Event::Notice(*diagnostic)));
        }
    });
    send(Message::PutAway);
}

/// Handles messages until an instance is settled. The number of settled ones.
fn drain(
    graph: &Graph,
    session: &Session<'_>,
    receiver: &Receiver<Message>,
    progress: &mut Progress,
    sink: &mut dyn FnMut(Event),
) -> usize {
    loop {
        match receiver.recv() {
            Ok(Message::Event(event)) => sink(event),
            Ok(Message::PutAway) => {}
            Ok(Message::Settled(index, outcome)) => {
                progress.summary.lost = session.lost();
                progress.settle(graph, index, outcome, sink);
                return 1;
            }
            Err(_) => return 1,
        }
    }
}

fn glance(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    progress: &Progress,
    index: usize,
    listing: Listing,
    sink: &mut dyn FnMut(Event),
) -> Option<Outcome> {
    let events = std::sync::Mutex::new(Vec::new());
    let push = |event| events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event);
    let step = Step {
        session,
        graph,
        index,
        producers: progress.producers(graph, index),
        force: options.force,
        replay: options.replay,
        events: &push,
        listener: Arc::new(Silent),
    };
    let outcome = step.glance(listing);
    for event in events.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        sink(event);
    }
    outcome
}

fn work(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    index: usize,
    producers: Vec<(String, Contribution)>,
    sender: &SyncSender<Message>,
) {
    let send = |event| {
        // Nobody listens any more only when the run is over.
        let _ = sender.send(Message::Event(event));
    };
    let listener: Arc<dyn Listener> = if options.stream {
        Arc::new(Forward { id: graph.instances[index].id.clone(), sender: sender.clone() })
    } else {
        Arc::new(Silent)
    };
    let step = Step {
        session,
        graph,
        index,
        producers,
        force: options.force,
        replay: options.replay,
        events: &send,
        listener,
    };
    let outcome = step.work();
    let _ = sender.send(Message::Settled(index, outcome));
}

/// Sends what programs write to the thread that draws.
struct Forward {
    id: String,
    sender: SyncSender<Message>,
}

impl Listener for Forward {
    fn output(&self, stream: Stream, bytes: &[u8]) {
        let event = Event::Output { id: self.id.clone(), stream, bytes: bytes.to_vec() };
        let _ = self.sender.send(Message::Event(event));
    }
}

/// For output that is only kept.
struct Silent;

impl Listener for Silent {
    fn output(&self, _: Stream, _: &[u8]) {}
}

/// The inputs of all instances, from one look at the tree.
pub(crate) struct Snapshot {
    pub(crate) listings: Vec<Option<Listing>>,
}

impl Snapshot {
    /// Looks at the tree once for all instances whose dependencies are known. `None` when it cannot
    /// be read: then each instance finds out for itself and says so.
    pub(crate) fn take(graph: &Graph, session: &Session<'_>) -> Option<Self> {
        let mut sets: Vec<&Patterns> = Vec::new();
        let mut owners = Vec::new();
        for (index, instance) in graph.instances.iter().enumerate() {
            if let Some(inputs) = &instance.inputs
                && session.store(&instance.cache).is_some()
            {
                sets.push(inputs);
                owners.push(index);
            }
        }
        let mut snapshot = Self { listings: graph.instances.iter().map(|_| None).collect() };
        if sets.is_empty() {
            return Some(snapshot);
        }
        let found = session.files.inputs(&sets).ok()?;
        for (owner, listing) in owners.into_iter().zip(found) {
            snapshot.listings[owner] = Some(listing);
        }
        Some(snapshot)
    }
}

/// In place of the number of missing producers: the instance will not run.
const SKIPPED: usize = usize::MAX;

/// What is settled and what is not.
struct Progress {
    outcomes: Vec<Option<Outcome>>,
    missing: Vec<usize>,
    dependants: Vec<Vec<usize>>,
    ready: Vec<usize>,
    summary: Summary,
}

impl Progress {
    fn new(graph: &Graph) -> Self {
        let count = graph.instances.len();
        let mut dependants = vec![Vec::new(); count];
        let mut missing = vec![0; count];
        for (index, instance) in graph.instances.iter().enumerate() {
            for before in instance.before() {
                missing[index] += 1;
                dependants[before].push(index);
            }
        }
        // Taken from the end: the first of the graph goes first.
        let ready = (0..count).rev().filter(|index| missing[*index] == 0).collect();
        Self {
            outcomes: vec![None; count],
            missing,
            dependants,
            ready,
            summary: Summary::default(),
        }
    }

    /// What the producers of an instance contribute, by id.
    fn producers(&self, graph: &Graph, index: usize) -> Vec<(String, Contribution)> {
        let contribution = |producer: &usize| {
            let outcome = self.outcomes[*producer]?;
            Some((graph.instances[*producer].id.clone(), outcome.contribution))
        };
        graph.instances[index].producers.iter().filter_map(contribution).collect()
    }

    fn settle(
        &mut self,
        graph: &Graph,
        index: usize,
        outcome: Outcome,
        sink: &mut dyn FnMut(Event),
    ) {
        self.outcomes[index] = Some(outcome);
        match outcome.status {
            Status::Done => self.summary.done += 1,
            Status::Cached => self.summary.cached += 1,
            Status::Failed => self.summary.failed += 1,
            Status::Cancelled => {
                self.summary.skipped += 1;
                sink(Event::Skipped {
                    id: graph.instances[index].id.clone(),
                    because: match self.summary.lost {
                        Some(_) => "a cache that is required cannot be used".to_owned(),
                        None => "the run was stopped".to_owned(),
                    },
                });
            }
        }
        if matches!(outcome.status, Status::Failed | Status::Cancelled) {
            self.skip_dependants(graph, index, sink);
            return;
        }
        for dependant in std::mem::take(&mut self.dependants[index]) {
            if self.missing[dependant] == SKIPPED {
                continue;
            }
            self.missing[dependant] -= 1;
            if self.missing[dependant] == 0 {
                self.ready.push(dependant);
            }
        }
    }

    fn skip_dependants(&mut self, graph: &Graph, index: usize, sink: &mut dyn FnMut(Event)) {
        let mut open = std::mem::take(&mut self.dependants[index]);
        while let Some(next) = open.pop() {
            if std::mem::replace(&mut self.missing[next], SKIPPED) == SKIPPED {
                continue;
            }
            self.summary.skipped += 1;
            let because = format!("`{}` did not succeed", graph.instances[index].id);
            sink(Event::Skipped { id: graph.instances[next].id.clone(), because });
            open.append(&mut self.dependants[next]);
        }
    }
}

/// Puts those that took longest the last time to the end, where they are taken first; among equals
/// the graph's order stays.
fn sort_by_length(graph: &Graph, session: &Session<'_>, waiting: &mut [usize]) {
    if waiting.len() > 1 {
        let records = session.records();
        waiting.sort_by_cached_key(|index| {
            let header = Record::header(&records, &graph.instances[*index].id);
            (header.map_or(0, |header| header.duration_ms), Reverse(*index))
        });
    }
}
