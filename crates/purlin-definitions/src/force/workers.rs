//! Threads that evaluate. They have stacks of their own, so that it does not matter who asks.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::plan::Plan;
use crate::board::{Asker, lock};
use crate::engine::Engine;

/// Below this a thread costs more than it saves.
const FEW: usize = 64;

/// Room for evaluations that lie in each other; only what is used becomes memory.
const STACK: usize = 256 << 20;

/// Calls `each` with every item, on all processors where there are many, and gives the answers in
/// order.
pub(super) fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let count = threads(items.len());
    if count == 1 {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            // A few at a time, so that the counter is not what they wait for.
            let start = next.fetch_add(16, Ordering::Relaxed);
            if start >= items.len() {
                return done;
            }
            let end = items.len().min(start + 16);
            let some = items[start..end].iter().enumerate();
            done.extend(some.map(|(place, item)| (start + place, each(item))));
        }
    };
    let mut answers: Vec<(usize, R)> = Vec::with_capacity(items.len());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            answers.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What can be evaluated now, and how much is left.
struct Queue {
    ready: Vec<usize>,
    open: Vec<usize>,
    left: usize,
}

/// Evaluates a plan. On behalf of a task it is one thread that does it, which that task waits for.
pub(super) fn run(plan: &Arc<Plan>, engine: &Engine, asker: &Asker) {
    let open: Vec<usize> = plan.nodes.iter().map(|node| node.before.len()).collect();
    let mut ready: Vec<usize> = (0..open.len()).filter(|number| open[*number] == 0).collect();
    // The last is taken first.
    ready.reverse();
    let queue = Mutex::new(Queue { ready, left: open.len(), open });
    let changed = Condvar::new();
    let work = || {
        let mut state = lock(&queue);
        loop {
            if state.left == 0 {
                return;
            }
            let Some(number) = state.ready.pop() else {
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let leaving = Leaving { queue: &queue, changed: &changed };
            plan.evaluate(engine, number, asker);
            std::mem::forget(leaving);
            state = lock(&queue);
            state.left -= 1;
            for behind in &plan.nodes[number].behind {
                state.open[*behind] -= 1;
                if state.open[*behind] == 0 {
                    state.ready.push(*behind);
                    changed.notify_one();
                }
            }
            if state.left == 0 {
                changed.notify_all();
            }
        }
    };
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let count = if asker.frame.is_some() { 1 } else { threads(plan.nodes.len()) };
        let threads: Vec<_> = (0..count).map(spawn).collect();
        for thread in threads {
            match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // There may be no memory for another thread: this one does it.
                Err(_) => work(),
            }
        }
    });
}

/// A thread that panics leaves nobody waiting.
struct Leaving<'a> {
    queue: &'a Mutex<Queue>,
    changed: &'a Condvar,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(self.queue).left = 0;
        self.changed.notify_all();
    }
}

fn threads(items: usize) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.min(items / FEW + 1)
}
