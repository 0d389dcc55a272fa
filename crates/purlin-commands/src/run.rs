//! Running a graph: what can be settled at a glance first, the rest in parallel.

mod again;
mod apart;
mod length;
mod progress;
mod queue;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use purlin_model::Diagnostic;
use purlin_store::{Listing, OutputPath, Patterns, defect};

use crate::event::{Event, Summary};
use crate::execute::{Forward, Listener, Silent};
use crate::graph::Graph;
use crate::key::Contribution;
use crate::links::Links;
use crate::remote::{Lost, upload};
use crate::session::Session;
use crate::side_by_side;
use crate::step::{Outcome, Status, Step};
use crate::watch::{Batch, Watch};

use progress::Progress;
pub use queue::Machine;

/// How many events may wait to be drawn before programs have to wait.
const WAITING_EVENTS: usize = 1024;

/// How long uploads may keep a run from its end before that is told.
const SILENCE: Duration = Duration::from_secs(2);

/// How a graph is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What programs share while they run.
    pub machine: Machine,
    /// Runs everything, whatever is kept.
    pub force: bool,
    /// Sends on what programs write while they do.
    pub stream: bool,
    /// Sends on the output of results that are there already.
    pub replay: bool,
    /// Ends the run with the first failure.
    pub fail_fast: bool,
}

/// Tells of a path, from the root, whether the graph was read from it.
pub type Defines<'a> = &'a dyn Fn(&Path) -> bool;

/// Runs a graph. `sink` is called on this thread, in order. With a `watch`, what changes is done
/// again until the run is stopped, or something changes that the graph was read from.
pub fn run(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    watch: Option<(&mut Watch, Defines<'_>)>,
    sink: &mut dyn FnMut(Event),
) -> Summary {
    let begin = Instant::now();
    let mut skipped = session.skipped();
    let sink: &mut dyn FnMut(Event) = &mut |event| {
        skipped.hear(&event);
        sink(event);
    };
    for instance in graph.running() {
        sink(Event::Queued { id: instance.id.clone() });
    }
    let (sender, receiver) = sync_channel(WAITING_EVENTS);
    let mut progress = Progress::new(graph, &session.root, options.machine);
    let mut outdated = None;
    let mut round = begin;
    let mut links = Links::default();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watches = watch.is_some();
        let mut defines: Defines<'_> = &nothing;
        if let Some((watch, which)) = watch {
            defines = which;
            let (sender, over) = (sender.clone(), &over);
            scope.spawn(move || tell_changes(watch, session, &sender, over));
        }
        let mut waits = false;
        let snapshot = if options.force { None } else { Snapshot::take(graph, session) };
        let mut snapshot = snapshot.and_then(|mut snapshot| {
            snapshot.add_outputs(graph, session, |_| true).then_some(snapshot)
        });
        let mut running = 0;
        let (mut begun, mut away) = (false, false);
        loop {
            let mut unsettled = Vec::new();
            // As long as nothing was changed, one look at the tree serves everybody.
            while !progress.ready.is_empty() {
                // Output that is sent again waits in memory meanwhile: that is done one by one.
                let many = progress.ready.len() >= side_by_side::FEW && !options.replay;
                let first = if many { 0 } else { progress.ready.len() - 1 };
                let looks = progress.ready.split_off(first).into_iter().rev().map(|index| {
                    let seen = snapshot.as_mut().and_then(|snapshot| snapshot.seen(index));
                    (index, progress.producers(index), seen)
                });
                let looks = looks.collect();
                let looked = side_by_side::map(looks, |(index, producers, seen)| {
                    let step = |step: &Step<'_>| match seen {
                        _ if !graph.runs(index) => Some(step.stand_by()),
                        Some(seen) => step.glance(seen),
                        None => None,
                    };
                    (index, look(graph, session, options, index, producers, step))
                });
                for (index, (outcome, events)) in looked {
                    events.into_iter().for_each(&mut *sink);
                    match outcome {
                        Some(outcome) => progress.settle(index, outcome, sink),
                        None => unsettled.push(index),
                    }
                }
            }
            if !begun && !unsettled.is_empty() {
                begun = true;
                session.open_required(graph);
                if graph.instances.iter().any(|one| session.tier(&one.cache).is_some()) {
                    away = true;
                    session.resume_uploads(graph);
                    scope.spawn(|| put_away(session, &sender));
                }
            }
            progress.enqueue(session, unsettled);
            progress.summary.lost = session.lost();
            if session.cancel.requested() || progress.summary.lost.is_some() {
                progress.stop(sink);
            }
            while let Some(index) = progress.start() {
                snapshot = None;
                running += 1;
                waits = false;
                session.cancel.resume(&graph.instances[index].id);
                if graph.instances[index].command.interactive {
                    // Before it can begin: nothing else may be drawn then.
                    sink(Event::TakesTerminal { id: graph.instances[index].id.clone() });
                }
                let producers = progress.producers(index);
                let sender = sender.clone();
                scope.spawn(move || work(graph, session, options, index, producers, &sender));
            }
            for index in std::mem::take(&mut progress.again.to_end) {
                progress.again.restarted[index] = true;
                session.cancel.end_one(&graph.instances[index].id);
            }
            let ends = session.cancel.requested() || progress.summary.lost.is_some();
            if running == 0 && (!watches || ends) {
                break;
            }
            if running == 0 && !std::mem::replace(&mut waits, true) {
                let _ = session.files.save();
                progress.summary.duration = round.elapsed();
                sink(Event::Waiting(std::mem::take(&mut progress.summary)));
            }
            // There is a sender on this thread, too: the channel stays open.
            let (index, outcome) = match receiver.recv().expect("there is a sender") {
                Message::Event(event) => {
                    sink(event);
                    continue;
                }
                Message::Wake | Message::PutAway => continue,
                Message::Changed(batch) if session.cancel.requested() => {
                    drop(batch);
                    continue;
                }
                Message::Changed(batch) => {
                    let mut paths = batch.paths.iter();
                    if let Some(path) = paths.find(|path| defines(path.to_path())) {
                        outdated = Some(path.to_string());
                        progress.stopped = Some("definitions changed".to_owned());
                        session.cancel.end();
                        continue;
                    }
                    let linked = links.behind(graph, session, &batch);
                    let dirty = dirty(graph, session, options, &progress, &batch, linked);
                    if !dirty.is_empty() {
                        snapshot = None;
                        if running == 0 {
                            round = Instant::now();
                        }
                        waits = false;
                        let count = progress.change(&dirty);
                        let files =
                            batch.paths.iter().filter(|path| !session.root.join(path).is_dir());
                        let paths = files.take(3).map(ToString::to_string);
                        sink(Event::Changed { paths: paths.collect(), count });
                    }
                    continue;
                }
                Message::Settled(index, outcome) => (index, outcome),
            };
            running -= 1;
            progress.summary.lost = session.lost();
            if options.fail_fast && outcome.status == Status::Failed && progress.stopped.is_none() {
                let id = &graph.instances[index].id;
                progress.stopped = Some(format!("`{id}` failed, and that ends the run"));
                session.cancel.end();
            }
            progress.ended(index, outcome, sink);
        }
        over.store(true, Ordering::SeqCst);
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
    progress.summary.cancelled = session.cancel.by_user();
    progress.summary.lost = session.lost();
    if outdated.is_some() {
        session.cancel.go_on();
    }
    progress.summary.outdated = outdated;
    progress.summary
}

fn nothing(_: &Path) -> bool {
    false
}

enum Message {
    Event(Event),
    Settled(usize, Outcome),
    /// All results are where they should be.
    PutAway,
    /// Of a run that watches.
    Changed(Batch),
    /// The run was stopped while nobody may be left to say anything.
    Wake,
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
            Message::Settled(..) | Message::Changed(_) | Message::Wake => {}
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

/// How often a run that watches looks whether it was stopped.
const LOOK: Duration = Duration::from_millis(50);

/// Sends on what changes, until the run is over.
fn tell_changes(
    watch: &mut Watch,
    session: &Session<'_>,
    sender: &SyncSender<Message>,
    over: &AtomicBool,
) {
    while !over.load(Ordering::SeqCst) {
        let message = match watch.next(LOOK) {
            Some(batch) => Message::Changed(batch),
            None if session.cancel.requested() => Message::Wake,
            None => continue,
        };
        // With so much to say already, it wakes up without this.
        let wake = matches!(message, Message::Wake);
        if wake {
            let _ = sender.try_send(message);
            std::thread::sleep(LOOK);
        } else if sender.send(message).is_err() {
            break;
        }
    }
}

/// The instances whose inputs are not any more what they were when they were looked at.
///
/// What a program writes into its own artifacts while it runs does not count; whether what others
/// wrote made a difference is told by the key.
fn dirty(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    progress: &Progress<'_>,
    batch: &Batch,
    linked: &[bool],
) -> Vec<usize> {
    // A folder, or something that is gone and may have been one, stands for what is below it.
    let folders: Vec<Patterns> = batch
        .paths
        .iter()
        .filter(|path| !session.root.join(path).is_file())
        .map(|path| Patterns::of_paths([path]))
        .collect();
    // What is ignored now may have counted before, and the other way round.
    let rules = batch.paths.iter().any(|path| path.to_path().ends_with(".gitignore"));
    let concerns = |index: usize| {
        let instance = &graph.instances[index];
        let own = |path| progress.is_running(index) && instance.action.outputs.matches(path);
        batch.all
            || rules
            || linked[index]
            || instance.inputs.as_ref().is_none_or(|inputs| {
                batch.paths.iter().any(|path| inputs.matches(path) && !own(path))
                    || folders.iter().any(|folder| inputs.may_overlap(folder))
            })
    };
    let is_watched = |outcome: &Outcome| {
        outcome.status != Status::Cached || !defect::seeded("cached-ones-not-watched")
    };
    let is_dirty = |index: &usize| {
        let running = progress.is_running(*index);
        graph.runs(*index)
            && (running || progress.outcomes[*index].as_ref().is_some_and(is_watched))
            && concerns(*index)
            && look(graph, session, options, *index, progress.producers(*index), |step| {
                Some(!step.is_current(running))
            })
            .0 == Some(true)
    };
    (0..graph.instances.len()).filter(is_dirty).collect()
}

/// What of an instance is done without a program, and what there is to tell of it.
fn look<T>(
    graph: &Graph,
    session: &Session<'_>,
    options: Options,
    index: usize,
    producers: Vec<(String, Contribution)>,
    what: impl FnOnce(&Step<'_>) -> Option<T>,
) -> (Option<T>, Vec<Event>) {
    let events = std::sync::Mutex::new(Vec::new());
    let push = |event| events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event);
    let step = Step {
        session,
        graph,
        index,
        producers,
        force: options.force,
        replay: options.replay,
        events: &push,
        listener: Arc::new(Silent),
    };
    let outcome = what(&step);
    (outcome, events.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
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
        let (id, sender) = (graph.instances[index].id.clone(), sender.clone());
        Arc::new(Forward::new(id, move |event| {
            let _ = sender.send(Message::Event(event));
        }))
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

/// The inputs of all instances, from one look at the tree.
pub(crate) struct Snapshot {
    listings: Vec<Option<Listing>>,
    outputs: Vec<Vec<OutputPath>>,
}

/// What one look at the tree has seen of an instance: its inputs, and what there is of its artifacts.
pub(crate) struct Seen {
    pub(crate) listing: Listing,
    pub(crate) outputs: Vec<OutputPath>,
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
        let listings = graph.instances.iter().map(|_| None).collect();
        let mut snapshot = Self { listings, outputs: Vec::new() };
        if sets.is_empty() {
            return Some(snapshot);
        }
        let found = session.files.inputs(&sets).ok()?;
        for (owner, listing) in owners.into_iter().zip(found) {
            snapshot.listings[owner] = Some(listing);
        }
        Some(snapshot)
    }

    /// Looks once for the artifacts of instances, too, of all that are wanted. False when they cannot be
    /// read: then none were seen.
    pub(crate) fn add_outputs(
        &mut self,
        graph: &Graph,
        session: &Session<'_>,
        wanted: impl Fn(usize) -> bool,
    ) -> bool {
        let mut owners: Vec<usize> = (0..graph.instances.len()).collect();
        owners.retain(|index| {
            let writes = !graph.instances[*index].action.artifacts.is_empty();
            writes && wanted(*index) && self.listings[*index].is_some()
        });
        let sets: Vec<&Patterns> =
            owners.iter().map(|index| &graph.instances[*index].action.outputs).collect();
        self.outputs.resize_with(graph.instances.len(), Vec::new);
        let Ok(found) = session.files.outputs(&sets) else { return false };
        for (owner, outputs) in owners.iter().zip(found) {
            self.outputs[*owner] = outputs;
        }
        true
    }

    /// What was seen of an instance, once.
    pub(crate) fn seen(&mut self, index: usize) -> Option<Seen> {
        let listing = self.listings[index].take()?;
        Some(Seen { listing, outputs: std::mem::take(&mut self.outputs[index]) })
    }
}
