//! One running process: its calls, from `initialize` to its end.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use purlin_plugin::contract::Host;
use rustix::process::Signal;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::error::Cause;
use crate::exit::Exit;
use crate::family::{Birth, Family, Started};
use crate::launch::{Launch, is_completion};
use crate::tail::Tail;
use crate::wire::{self, WireError};
use crate::writer::Writer;

use desk::Desk;
use reader::{Reader, Turns};

mod desk;
mod read;
mod reader;

/// How long a process that was killed may take to be gone, and its last words to be read.
const BURIAL: Duration = Duration::from_secs(5);

/// How long what it has said last may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a plugin answers.
pub(crate) type Answer = Result<Box<RawValue>, WireError>;

/// What a thread does.
type Work = Box<dyn FnOnce(&Arc<Session>) + Send>;

/// One running process.
pub(crate) struct Session {
    pub(super) launch: Arc<Launch>,
    pub(super) services: Arc<dyn Host>,
    pub(super) writer: Writer,
    family: Family,
    tail: Tail,
    turns: Turns,
    desk: Desk,
    calls: Mutex<Calls>,
    /// When the last call is answered.
    answered: Condvar,
    life: Mutex<Life>,
    changed: Condvar,
}

#[derive(Default)]
struct Calls {
    /// The id of the last request.
    last: u64,
    /// Its method.
    method: String,
    waiting: HashMap<u64, SyncSender<Result<Answer, Cause>>>,
    /// True when no more calls may begin, and those under way were asked to end.
    cancelled: bool,
    /// What it has done wrong since it was asked to end.
    late: Option<Cause>,
    /// Why there are no more calls.
    over: Option<Over>,
}

struct Over {
    cause: Cause,
    /// True when a call has failed with it, or when nobody needs to know.
    told: bool,
}

impl Over {
    /// True when the process was asked to end, as opposed to those that end for a reason.
    fn is_asked(&self) -> bool {
        matches!(self.cause, Cause::Closed)
    }
}

#[derive(Default)]
struct Life {
    exit: Option<Exit>,
    stdout_ended: bool,
    stderr_ended: bool,
}

/// Whether a session can take calls.
pub(crate) enum Condition {
    Alive,
    /// It is over.
    Over(Cause),
    /// It is over, for a reason that no call was told of.
    Untold(Cause),
}

impl Session {
    /// Starts the process. It is introduced next.
    pub(crate) fn start(
        launch: &Arc<Launch>,
        services: &Arc<dyn Host>,
    ) -> Result<Arc<Self>, (Cause, Vec<String>)> {
        let started = Family::start(&Birth::of(launch))
            .and_then(|started| Self::attend(launch, services, started));
        started.map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound && !launch.folder.is_dir() {
                return (Cause::NoFolder(launch.folder.clone()), Vec::new());
            }
            let program = launch.argv.first().map(|program| program.to_string_lossy().into_owned());
            let program = program.unwrap_or_default();
            (Cause::NotStarted { program, reason: plain(&error) }, Vec::new())
        })
    }

    /// Introduces both sides; ends the process when that fails.
    pub(crate) fn introduce(self: &Arc<Self>) -> Result<(), (Cause, Vec<String>)> {
        self.initialize().map_err(|cause| {
            self.conclude(cause.clone());
            (cause, self.stderr())
        })
    }

    /// Starts the threads that listen to the process.
    fn attend(
        launch: &Arc<Launch>,
        services: &Arc<dyn Host>,
        started: Started,
    ) -> io::Result<Arc<Self>> {
        let Started { stdin, stdout, stderr, family } = started;
        let session = Arc::new(Self {
            launch: launch.clone(),
            services: services.clone(),
            writer: Writer::new(stdin)?,
            family,
            tail: Tail::default(),
            turns: Turns::new(Reader::new(stdout, launch.limits.message)),
            desk: Desk::default(),
            calls: Mutex::default(),
            answered: Condvar::new(),
            life: Mutex::default(),
            changed: Condvar::new(),
        });
        let thread = |role: &str, work: Work| {
            let session = session.clone();
            let name = format!("{} {role}", launch.plugin);
            std::thread::Builder::new().name(name).spawn(move || work(&session)).map(drop)
        };
        thread("end", Box::new(Self::watch))?;
        thread(
            "stderr",
            Box::new(move |session| {
                session.tail.read(stderr);
                session.live(|life| life.stderr_ended = true);
            }),
        )?;
        thread("stdout", Box::new(Self::listen))?;
        Ok(session)
    }

    /// Asks for one call and waits for its answer.
    pub(crate) fn request(
        self: &Arc<Self>,
        method: &str,
        params: &(impl Serialize + ?Sized),
        limit: Option<Duration>,
    ) -> Result<Answer, Cause> {
        let (sender, receiver) = sync_channel(1);
        let id = {
            let mut calls = self.calls();
            if let Some(over) = &mut calls.over {
                over.told = true;
                return Err(over.cause.clone());
            }
            if calls.cancelled {
                return Err(Cause::Cancelled { ended: false });
            }
            calls.last += 1;
            method.clone_into(&mut calls.method);
            let id = calls.last;
            calls.waiting.insert(id, sender);
            id
        };
        let now = Instant::now();
        let until = limit.map(|limit| now + limit);
        // A call that is to be cancelled at once has to be sent first.
        let sent = limit.map(|limit| match limit {
            Duration::ZERO => now + self.launch.limits.grace,
            limit => now + limit,
        });
        let (answer, was_read) = match self.writer.write(&wire::request(id, method, params), sent) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => (None, false),
            // It is cancelled even if it is answered already: a plugin has to bear that, too.
            _ if limit == Some(Duration::ZERO) => (None, true),
            // Whoever finds out why nobody reads sends the reason here.
            _ => (self.await_answer(&receiver, until), true),
        };
        match (answer, limit) {
            (Some(answer), _) => answer,
            (None, None) => Err(Cause::Silent),
            (None, Some(_)) if method == "initialize" => {
                Err(Cause::SlowStart(self.launch.limits.startup))
            }
            (None, Some(limit)) => Err(match self.overdue(id, method, &receiver) && was_read {
                true => Cause::SlowAnswer(limit),
                false => Cause::Deaf(limit),
            }),
        }
    }

    /// Gives up a call whose time is over: the plugin is told so, and ended when it does not answer.
    /// False when it does not even read that.
    fn overdue(&self, id: u64, method: &str, receiver: &Receiver<Result<Answer, Cause>>) -> bool {
        let grace = if is_completion(method) { Duration::ZERO } else { self.launch.limits.grace };
        let until = Instant::now() + grace;
        let cancel = wire::notification("$/cancel", &json!({ "id": id }));
        let told = self.writer.write(&cancel, Some(until));
        let answer = told.is_ok().then(|| receive(receiver, Some(until))).flatten();
        if answer.is_none() {
            self.calls().waiting.remove(&id);
            self.conclude(Cause::Ended(format!("`{method}` has not answered in time")));
            // Another thread may have been first to end it.
            self.wait_until(BURIAL, |life| life.exit.is_some());
        }
        let is_deaf = |over: &Over| matches!(over.cause, Cause::Deaf(_));
        !told.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
            && !self.calls().over.as_ref().is_some_and(is_deaf)
    }

    /// Asks for the end of all calls, and ends the process when they do not end.
    pub(crate) fn cancel(&self) {
        let mut ids: Vec<u64> = {
            let mut calls = self.calls();
            calls.cancelled = true;
            calls.waiting.keys().copied().collect()
        };
        ids.sort_unstable();
        let until = Instant::now() + self.launch.limits.grace;
        for id in ids {
            let message = wire::notification("$/cancel", &json!({ "id": id }));
            if self.writer.write(&message, Some(until)).is_err() {
                break;
            }
        }
        let mut calls = self.calls();
        while !calls.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(calls);
                self.conclude(Cause::Cancelled { ended: true });
                return;
            }
            calls =
                self.answered.wait_timeout(calls, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends a process that is not introduced yet, and must not be sent anything else.
    pub(crate) fn abort(&self) {
        self.conclude(Cause::Cancelled { ended: true });
    }

    /// Asks the process to end, each time harder, and sees that it does. What it has done wrong and
    /// nobody was told of yet.
    pub(crate) fn shut_down(&self) -> Option<Cause> {
        self.close_calls(Cause::Closed, true);
        self.writer.close();
        self.turns.hurry();
        let gone = |life: &Life| life.exit.is_some() && life.stdout_ended;
        let ended = [Signal::TERM, Signal::KILL].into_iter().any(|signal| {
            let ended = self.wait_until(self.launch.limits.grace, |life| life.exit.is_some());
            if !ended {
                self.family.signal(signal);
            }
            ended
        });
        self.wait_until(if ended { LAST_WORDS } else { BURIAL }, gone);
        self.end_programs();
        let mut calls = self.calls();
        for (_, sender) in calls.waiting.drain() {
            // A caller that waits no longer does not want to know.
            let _ = sender.send(Err(Cause::Closed));
        }
        match &mut calls.over {
            Some(Over { cause, told }) if !*told => {
                *told = true;
                Some(cause.clone())
            }
            _ => calls.late.take(),
        }
    }

    /// The method that was called last.
    pub(crate) fn last_call(&self) -> String {
        self.calls().method.clone()
    }

    /// Whether it can take calls.
    pub(crate) fn condition(&self) -> Condition {
        match &mut self.calls().over {
            None => Condition::Alive,
            Some(Over { cause, told: true }) => Condition::Over(cause.clone()),
            Some(Over { cause, told }) => {
                *told = true;
                Condition::Untold(cause.clone())
            }
        }
    }

    /// What it wrote to stderr last.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.tail.lines()
    }

    /// Ends the process at once and fails its calls, when they are not over yet.
    fn conclude(&self, cause: Cause) {
        if !self.close_calls(cause.clone(), false) {
            let mut calls = self.calls();
            if calls.over.as_ref().is_some_and(Over::is_asked)
                && !matches!(cause, Cause::Died(_) | Cause::Silent)
            {
                calls.late.get_or_insert(cause);
            }
            return;
        }
        self.family.signal(Signal::KILL);
        self.writer.close();
        self.desk.close();
        let gone = |life: &Life| life.exit.is_some() && life.stderr_ended;
        self.wait_until(BURIAL, gone);
        let cause = match (cause, self.life().exit) {
            (Cause::Died(_), Some(exit)) => Cause::Died(exit),
            (cause, _) => cause,
        };
        let mut calls = self.calls();
        let waiting = std::mem::take(&mut calls.waiting);
        if let Some(over) = &mut calls.over {
            over.cause = cause.clone();
            over.told |= !waiting.is_empty();
        }
        drop(calls);
        for sender in waiting.into_values() {
            // A caller that waits no longer does not want to know.
            let _ = sender.send(Err(cause.clone()));
        }
        self.answered.notify_all();
    }

    /// Lets no more calls begin. False when that was so already.
    fn close_calls(&self, cause: Cause, told: bool) -> bool {
        let mut calls = self.calls();
        if calls.over.is_some() {
            return false;
        }
        let told =
            told || matches!(cause, Cause::Died(_) | Cause::Ended(_) | Cause::Cancelled { .. });
        calls.over = Some(Over { cause, told });
        true
    }

    /// Waits for the end of the process, and fails what is under way then.
    fn watch(self: &Arc<Self>) {
        let exit = self.family.wait();
        self.live(|life| life.exit = Some(exit));
        // It may have answered before it ended.
        self.wait_until(LAST_WORDS, |life| life.stdout_ended);
        self.conclude(Cause::Died(exit));
        self.end_programs();
    }

    /// Ends what runs for the plugin, and what was about to.
    fn end_programs(&self) {
        self.desk.close();
        let end = Instant::now() + BURIAL;
        while self.desk.runs_programs() && Instant::now() < end {
            self.launch.programs.end_running();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn live(&self, change: impl FnOnce(&mut Life)) {
        change(&mut self.life());
        self.changed.notify_all();
    }

    fn wait_until(&self, limit: Duration, reached: impl Fn(&Life) -> bool) -> bool {
        let life = self.life();
        let waited = self.changed.wait_timeout_while(life, limit, |life| !reached(life));
        reached(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for an answer that another thread reads; `None` when the time is over.
fn receive(
    receiver: &Receiver<Result<Answer, Cause>>,
    until: Option<Instant>,
) -> Option<Result<Answer, Cause>> {
    let Some(until) = until else { return receiver.recv().ok() };
    receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}

/// The system's words without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
