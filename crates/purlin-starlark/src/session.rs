//! What belongs to the evaluation that this thread is in: the interpreter calls some of our values
//! without saying on whose behalf.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

use purlin_model::{Diagnostic, Source};
use purlin_plugin::language::Handle;

use crate::allocator::{self, Budget};
use crate::language::Inner;
use crate::limits::Limits;
use crate::worker::{self, Ask, Services, Stop, Subject, exceeded};

thread_local! {
    /// Innermost last: a namespace may evaluate other definitions.
    static SESSIONS: RefCell<Vec<Session>> = const { RefCell::new(Vec::new()) };
}

struct Session {
    inner: Arc<Inner>,
    subject: Subject,
    /// The first error of ours. The interpreter must not be asked to carry it, because it may be
    /// called where it takes none.
    failed: Option<Diagnostic>,
    /// Thousands of turns and calls so far.
    ticks: u64,
    /// How to ask the one who waits for the evaluation, if there is anything to be asked.
    ask: Option<Ask>,
}

/// Evaluates something within limits; it may hold `more` bytes than these say. What fails inside with
/// [`fail`] fails here.
pub(crate) fn evaluate<R>(
    inner: &Arc<Inner>,
    subject: &Subject,
    more: usize,
    ask: Option<Ask>,
    evaluation: impl FnOnce() -> Result<R, Diagnostic>,
) -> Result<R, Diagnostic> {
    let limits = inner.limits;
    let session =
        Session { inner: inner.clone(), subject: subject.clone(), failed: None, ticks: 0, ask };
    SESSIONS.with_borrow_mut(|sessions| sessions.push(session));
    let ended = End;
    let watch = allocator::watch_of_thread();
    let before = watch.map(|watch| watch.begin(Some(subject.clone()), Some(limits.time)));
    // A panic ends this evaluation and no other that the thread has begun or will begin.
    let caught = {
        let _budget = Budget::of(limits.memory.saturating_add(more));
        catch_unwind(AssertUnwindSafe(evaluation))
    };
    let result =
        caught.unwrap_or_else(|panic| Err(worker::panicked(&worker::text_of(&*panic), subject)));
    if let (Some(watch), Some(before)) = (watch, before) {
        watch.resume(before);
    }
    let failed = ended.now();
    match failed {
        Some(diagnostic) => Err(diagnostic),
        None => result,
    }
}

/// Takes the session away, however its evaluation ends.
struct End;

impl End {
    fn now(self) -> Option<Diagnostic> {
        std::mem::forget(self);
        SESSIONS.with_borrow_mut(Vec::pop).and_then(|session| session.failed)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        SESSIONS.with_borrow_mut(Vec::pop);
    }
}

/// Does something of the host's inside of an evaluation, without the evaluation's limits.
pub(crate) fn outside<R>(action: impl FnOnce() -> R) -> R {
    let _budget = Budget::unlimited();
    let watch = allocator::watch_of_thread();
    let before = watch.map(|watch| watch.begin(None, None));
    let result = action();
    if let (Some(watch), Some((subject, deadline))) = (watch, before) {
        // What the host did does not count.
        let limits = with(|session| session.inner.limits);
        let time = limits.filter(|_| deadline != 0).map(|limits| limits.time);
        watch.begin(subject, time);
    }
    result
}

/// Ends the evaluation with an error of ours. Of several, the first is told.
pub(crate) fn fail(diagnostic: Diagnostic) {
    SESSIONS.with_borrow_mut(|sessions| {
        if let Some(session) = sessions.last_mut() {
            session.failed.get_or_insert(diagnostic);
        }
    });
}

/// Whether this evaluation has failed already, and only has to come to its end.
pub(crate) fn has_failed() -> bool {
    with(|session| session.failed.is_some()).unwrap_or(false)
}

/// True once the evaluation is to end: the interpreter asks for it now and then.
pub(crate) fn is_over(limits: &Limits) -> bool {
    /// How often the interpreter asks.
    const TICKS: u64 = 1_000;
    let ticks = SESSIONS.with_borrow_mut(|sessions| {
        sessions.last_mut().map_or(0, |session| {
            session.ticks += TICKS;
            session.ticks
        })
    });
    let stop = if allocator::is_exceeded() {
        Stop::Memory
    } else if ticks > limits.ticks {
        Stop::Time
    } else {
        return allocator::watch_of_thread().is_some_and(crate::worker::Watch::is_abandoned);
    };
    // Telling it needs memory.
    let _budget = Budget::unlimited();
    if let Some(subject) = with(|session| session.subject.clone()) {
        fail(exceeded(stop, &subject));
    }
    true
}

/// Asks the one who waits for this evaluation, and waits for the answer. `None` when there is nobody
/// to be asked.
pub(crate) fn ask<R: Send + 'static>(
    question: impl FnOnce(&dyn Services) -> R + Send + 'static,
) -> Option<R> {
    let (answer, inbox) = mpsc::channel();
    outside(|| {
        with(|session| {
            let ask = session.ask.as_ref()?;
            ask(Box::new(move |services| {
                let _ = answer.send(question(services));
            }));
            Some(())
        })??;
        inbox.recv().ok()
    })
}

/// The file of that name, as far as this evaluation knows it.
pub(crate) fn source_named(name: &str) -> Option<Arc<Source>> {
    with(|session| session.inner.named(name)).flatten()
}

/// What a path means in a file, from the root of its workspace.
pub(crate) fn resolve(path: &str, from: &Arc<Source>) -> Option<Result<String, Diagnostic>> {
    let inner = with(|session| session.inner.clone())?;
    Some(outside(|| inner.sources.resolve(path, from)))
}

/// The file that is being evaluated.
pub(crate) fn source() -> Option<Arc<Source>> {
    with(|session| session.subject.source.clone())
}

/// Keeps a leaf whose placeholder goes into a text.
pub(crate) fn mention(placeholder: &str, leaf: &Handle) {
    let inner = with(|session| session.inner.clone());
    if let Some(inner) = inner {
        outside(|| inner.mention(placeholder, leaf));
    }
}

/// The leaf that a placeholder stands for.
pub(crate) fn mentioned(placeholder: &str) -> Option<Handle> {
    with(|session| session.inner.mentioned(placeholder)).flatten()
}

fn with<R>(ask: impl FnOnce(&Session) -> R) -> Option<R> {
    SESSIONS.with_borrow(|sessions| sessions.last().map(ask))
}
