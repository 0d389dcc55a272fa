//! Threads that evaluate, with a stack that is large enough, and which can be left behind.
//!
//! Whoever wants something evaluated waits for a worker. A worker that exceeds a limit in a way that
//! the interpreter does not notice stops where it stands, or goes on with something endless; it is
//! left behind, with what it holds, until the process ends.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use purlin_model::{Diagnostic, Origin, Source};
use purlin_plugin::contract::LogLevel;
use purlin_plugin::message::{ErrorCode, FeatureSummary, PluginError};
use purlin_plugin::transform::{Compose, Composition};

use crate::file::File;
use crate::{allocator, guard};

/// Bytes of a worker's stack. Memory is used only as far as the stack grows.
const STACK: usize = 256 << 20;

/// What a worker must have left to begin something inside of what it does.
const RESERVE: usize = 64 << 20;

/// How often it is looked whether a worker has stopped.
const LOOK: Duration = Duration::from_millis(20);

/// So many may be left behind; then nothing is evaluated any more, because each holds memory.
const LEFT_BEHIND: usize = 8;

/// What ended a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It holds more memory than it may.
    Memory,
    /// Its stack has ended.
    Stack,
    /// It takes longer than it may.
    Time,
}

/// What is being evaluated, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// As messages call it, quoted.
    pub(crate) described: Arc<str>,
    pub(crate) source: Arc<Source>,
}

/// What those who wait for a worker see of it.
#[derive(Default)]
pub(crate) struct Watch {
    stopped: AtomicU8,
    /// Where its stack begins; stacks grow downwards.
    stack: AtomicUsize,
    /// Milliseconds since the first look at the clock; 0 for none.
    deadline: AtomicU64,
    abandoned: AtomicBool,
    subject: Mutex<Option<Subject>>,
    /// Files whose top level it evaluates, and which others may wait for.
    files: Mutex<Vec<Arc<File>>>,
}

/// The threads, idle and busy.
#[derive(Default)]
pub(crate) struct Workers {
    idle: Mutex<Vec<Worker>>,
    left_behind: AtomicUsize,
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    watch: &'static Watch,
}

type Job = Box<dyn FnOnce() + Send>;

/// What a worker asks of the one who waits for it.
pub(crate) type Question = Box<dyn FnOnce(&dyn Services) + Send>;

/// What those who wait can do for what is evaluated. What they have is theirs: a worker may outlive
/// them.
pub(crate) trait Services {
    /// `host/compose`
    fn compose(&self, section: &str, how: &Compose) -> Result<Composition, PluginError>;

    /// `host/log`
    fn log(&self, level: LogLevel, message: &str);

    /// `host/features`
    fn features(&self) -> Vec<FeatureSummary>;
}

/// What definitions are given.
struct NoServices;

impl Services for NoServices {
    fn compose(&self, _section: &str, _how: &Compose) -> Result<Composition, PluginError> {
        Err(PluginError::new(ErrorCode::Unsupported, "there is nothing to compose here"))
    }

    fn log(&self, _level: LogLevel, _message: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }
}

/// What comes from a worker.
enum Event<R> {
    Question(Question),
    Done(R),
    /// What it said as it panicked.
    Panicked(String),
}

/// How a worker asks the one who waits for it, and waits for the answer.
pub(crate) type Ask = Box<dyn Fn(Question) + Send>;

impl Workers {
    /// Does something on a worker's stack, which is this thread's own if it is one and has enough
    /// left.
    ///
    /// # Errors
    /// What stopped the worker.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<R, Diagnostic> + Send + 'static,
    ) -> Result<R, Diagnostic> {
        if Self::is_here() { job() } else { self.run_apart(move |_| job(), &NoServices) }
    }

    /// True on a worker's thread with enough stack left: what is to be done can be done here.
    pub(crate) fn is_here() -> bool {
        allocator::watch_of_thread().is_some_and(Watch::has_stack)
    }

    /// Does something on another thread, whose questions are answered on this one.
    ///
    /// # Errors
    /// What stopped the worker.
    pub(crate) fn run_apart<R: Send + 'static>(
        &self,
        job: impl FnOnce(Ask) -> Result<R, Diagnostic> + Send + 'static,
        services: &dyn Services,
    ) -> Result<R, Diagnostic> {
        if self.left_behind.load(Ordering::Relaxed) >= LEFT_BEHIND {
            return Err(Diagnostic::error("limit", "nothing is evaluated any more").detail(
                "Too many definitions have exceeded their limits; each still holds memory.",
            ));
        }
        let worker = self.worker()?;
        let (events, inbox) = mpsc::channel();
        let questions = events.clone();
        let ask: Ask = Box::new(move |question| {
            let _ = questions.send(Event::Question(question));
        });
        let sent = worker.jobs.send(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(|| job(ask)));
            let _ = events.send(match result {
                Ok(result) => Event::Done(result),
                Err(payload) => Event::Panicked(text_of(&*payload)),
            });
        }));
        if sent.is_err() {
            return Err(broken(""));
        }
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(Event::Question(question)) => question(services),
                Ok(Event::Done(result)) => {
                    lock(&self.idle).push(worker);
                    return result;
                }
                Ok(Event::Panicked(text)) => {
                    let diagnostic = worker.watch.panicked(&text);
                    worker.watch.give_up(&diagnostic);
                    return Err(diagnostic);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    worker.watch.give_up(&broken(""));
                    return Err(broken(""));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(stop) = worker.watch.stopped() {
                        self.left_behind.fetch_add(1, Ordering::Relaxed);
                        let diagnostic = worker.watch.stopped_by(stop);
                        worker.watch.give_up(&diagnostic);
                        return Err(diagnostic);
                    }
                }
            }
        }
    }

    fn worker(&self) -> Result<Worker, Diagnostic> {
        if let Some(worker) = lock(&self.idle).pop() {
            return Ok(worker);
        }
        guard::install();
        let (jobs, inbox) = mpsc::channel::<Job>();
        // A watch is looked at by whoever waits and by a thread that may never end.
        let watch: &'static Watch = Box::leak(Box::default());
        let thread = thread::Builder::new().name("starlark".to_owned()).stack_size(STACK);
        let begun = thread.spawn(move || {
            watch.stack.store(stack_pointer(), Ordering::Relaxed);
            allocator::watch_thread(watch);
            for job in inbox {
                job();
            }
        });
        match begun {
            Ok(_) => Ok(Worker { jobs, watch }),
            Err(error) => {
                Err(Diagnostic::error("internal", "no thread can be started")
                    .detail(error.to_string()))
            }
        }
    }
}

impl Watch {
    /// Says that the thread will not go on. It may be called anywhere, even by a signal's handler.
    pub(crate) fn stop(&self, stop: Stop) {
        let code = match stop {
            Stop::Memory => 1,
            Stop::Stack => 2,
            Stop::Time => 3,
        };
        self.stopped.store(code, Ordering::Release);
    }

    fn stopped(&self) -> Option<Stop> {
        match self.stopped.load(Ordering::Acquire) {
            1 => Some(Stop::Memory),
            2 => Some(Stop::Stack),
            3 => Some(Stop::Time),
            _ => {
                let deadline = self.deadline.load(Ordering::Relaxed);
                (deadline != 0 && now() > deadline).then_some(Stop::Time)
            }
        }
    }

    /// True for an address at the end of the thread's stack.
    pub(crate) fn stack_ends_at(&self, address: usize) -> bool {
        const AROUND: usize = 1 << 20;
        let end = self.stack.load(Ordering::Relaxed).saturating_sub(STACK);
        address.abs_diff(end) < AROUND
    }

    fn has_stack(&self) -> bool {
        self.stack.load(Ordering::Relaxed).saturating_sub(stack_pointer()) < STACK - RESERVE
    }

    /// True once nobody waits for the thread any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Says what is evaluated from now on and until when, and returns what it was before.
    pub(crate) fn begin(
        &self,
        subject: Option<Subject>,
        time: Option<Duration>,
    ) -> (Option<Subject>, u64) {
        let deadline = time.map_or(0, |time| now().saturating_add(millis(time)).max(1));
        self.resume((subject, deadline))
    }

    /// The other way round.
    pub(crate) fn resume(
        &self,
        (subject, deadline): (Option<Subject>, u64),
    ) -> (Option<Subject>, u64) {
        let before = std::mem::replace(&mut *lock(&self.subject), subject);
        (before, self.deadline.swap(deadline, Ordering::Relaxed))
    }

    pub(crate) fn begin_file(&self, file: &Arc<File>) {
        lock(&self.files).push(file.clone());
    }

    pub(crate) fn end_file(&self) {
        lock(&self.files).pop();
    }

    /// Nobody waits any more, nor does anybody need to wait for what it has begun.
    fn give_up(&self, diagnostic: &Diagnostic) {
        self.abandoned.store(true, Ordering::Relaxed);
        for file in lock(&self.files).drain(..) {
            file.done(Err(diagnostic.clone()));
        }
    }

    fn stopped_by(&self, stop: Stop) -> Diagnostic {
        match lock(&self.subject).as_ref() {
            Some(subject) => exceeded(stop, subject),
            None => broken(""),
        }
    }

    fn panicked(&self, text: &str) -> Diagnostic {
        lock(&self.subject).as_ref().map_or_else(|| broken(text), |subject| panicked(text, subject))
    }
}

/// The interpreter panics where something is larger than it can count.
pub(crate) fn panicked(text: &str, subject: &Subject) -> Diagnostic {
    const TOO_LARGE: [&str; 3] = ["must not exceed", "capacity overflow", "out of memory"];
    if TOO_LARGE.iter().any(|words| text.contains(words)) {
        return exceeded(Stop::Memory, subject);
    }
    broken(text).label(Origin::whole(&subject.source), "as it evaluated this file")
}

/// A definition has exceeded a limit.
pub(crate) fn exceeded(stop: Stop, subject: &Subject) -> Diagnostic {
    let name = &subject.described;
    let (summary, help) = match stop {
        Stop::Memory => (
            format!("{name} takes more memory than a definition may hold"),
            "look for a list or text that grows without end",
        ),
        Stop::Stack => (
            format!("{name} makes something that lies too deep in itself"),
            "look for a value that is put into itself again and again",
        ),
        Stop::Time => {
            (format!("{name} takes longer than a definition may"), "look for a loop without end")
        }
    };
    Diagnostic::error("limit", summary)
        .label(Origin::whole(&subject.source), "in this file")
        .help(help.to_owned())
}

fn broken(text: &str) -> Diagnostic {
    let detail = format!("This is a mistake in Purlin, not in your definitions.\n{text}");
    Diagnostic::error("internal", "the interpreter has failed").detail(detail.trim())
}

/// What a panic said.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Where this thread's stack is, roughly.
fn stack_pointer() -> usize {
    let here = 0_u8;
    std::hint::black_box(&raw const here) as usize
}

fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    millis(START.elapsed()).saturating_add(1)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject { described: "`it`".into(), source: Source::new("a.star", "") }
    }

    fn begin() {
        if let Some(watch) = allocator::watch_of_thread() {
            watch.begin(Some(subject()), Some(Duration::from_secs(60)));
        }
    }

    fn deeper(depth: u64) -> u64 {
        let mut space = [depth; 64];
        std::hint::black_box(&mut space);
        if space[7] == u64::MAX { 0 } else { deeper(space[7] + 1) + space[9] }
    }

    #[test]
    fn the_end_of_a_stack_is_an_error_and_the_process_goes_on() {
        let workers = Workers::default();
        let error = workers.run(|| {
            begin();
            Ok(deeper(0))
        });
        let error = error.expect_err("no stack is that large");
        assert_eq!(
            error.to_string(),
            "`it` makes something that lies too deep in itself (a.star:1:1)"
        );
        assert_eq!(workers.run(|| Ok(7)), Ok(7));
    }

    #[test]
    fn a_panic_is_an_error_that_tells_what_it_said() {
        let workers = Workers::default();
        let panics = || -> Result<(), Diagnostic> { panic!("no idea") };
        let error = workers.run(panics).expect_err("it panics");
        assert!(error.detail.contains("no idea"), "{}", error.detail);
        assert_eq!(workers.run(|| Ok(7)), Ok(7));
    }

    #[test]
    fn too_many_that_were_left_behind_end_everything() {
        let workers = Workers::default();
        for _ in 0..LEFT_BEHIND {
            let _ = workers.run(|| {
                begin();
                let _budget = allocator::Budget::of(1 << 20);
                Ok(vec![0_u8; 16 << 20].len())
            });
        }
        let error = workers.run(|| Ok(7)).expect_err("nothing is evaluated any more");
        assert_eq!(error.summary, "nothing is evaluated any more");
    }
}
