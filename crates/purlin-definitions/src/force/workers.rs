//! Threads that evaluate: those of the language, each of which does one definition after the other.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::thread;

use super::plan::Plan;
use crate::board::{Asker, Task, lock};
use crate::engine::Engine;

/// Below this a thread costs more than it saves.
const FEW: usize = 64;

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

/// A plan that is being evaluated.
struct Work {
    plan: Arc<Plan>,
    engine: Arc<Engine>,
    asker: Asker,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// What can be evaluated now, and how much is left.
struct Queue {
    ready: Vec<usize>,
    /// For each node, how many it waits for.
    open: Vec<usize>,
    left: usize,
    /// How many threads sleep until something is ready.
    sleeping: usize,
    /// What each of those who evaluate has in hand.
    hands: Vec<Hand>,
}

/// One who evaluates.
#[derive(Clone, Copy)]
enum Hand {
    Free,
    At(usize),
    /// It stands still for good. Whatever it may say later is not heard.
    Gone,
}

/// Evaluates a plan. On behalf of a task it is one thread that does it, which that task waits for.
pub(super) fn run(plan: &Arc<Plan>, engine: &Engine, asker: &Asker) {
    let Some(engine) = engine.me.upgrade() else { return };
    let open: Vec<usize> = plan.nodes.iter().map(|node| node.before.len()).collect();
    let mut ready: Vec<usize> = (0..open.len()).filter(|number| open[*number] == 0).collect();
    // The last is taken first.
    ready.reverse();
    let left = open.len();
    let queue = Queue { ready, open, left, sleeping: 0, hands: Vec::new() };
    let work = Arc::new(Work {
        plan: plan.clone(),
        engine,
        asker: asker.clone(),
        queue: Mutex::new(queue),
        changed: Condvar::new(),
    });
    let is_one = asker.frame.is_some() || plan.is_in_order;
    let count = if is_one { 1 } else { threads(plan.nodes.len()) };
    thread::scope(|scope| {
        for _ in 1..count {
            let more = work.clone();
            // There may be no memory for another thread: one is enough.
            let _ = thread::Builder::new().spawn_scoped(scope, move || more.see_to());
        }
        work.see_to();
    });
}

impl Work {
    /// Has the language evaluate until nothing is left. Where that stops at a definition that exceeds
    /// its limits, what is behind it goes on without.
    fn see_to(self: &Arc<Self>) {
        loop {
            let number = {
                let mut queue = lock(&self.queue);
                queue.hands.push(Hand::Free);
                queue.hands.len() - 1
            };
            let work = self.clone();
            let attended = self.engine.language.attend(Box::new(move || work.go_on(number)));
            let Err(diagnostic) = attended else { return };
            let mut queue = lock(&self.queue);
            let hand = std::mem::replace(&mut queue.hands[number], Hand::Gone);
            drop(queue);
            let Hand::At(node) = hand else {
                // Nothing was begun, so that nothing can be: each definition is told for itself.
                lock(&self.queue).hands[number] = Hand::Free;
                return self.go_on(number);
            };
            let task = Task::Definition(self.plan.nodes[node].key.clone());
            if diagnostic.code == "internal" {
                self.engine.report([diagnostic.clone()]);
            }
            self.engine.board.give_up(&task, &Arc::new(diagnostic));
            self.finish(&mut lock(&self.queue), node);
        }
    }

    /// Evaluates what is ready until nothing is left.
    fn go_on(&self, number: usize) {
        let mut queue = lock(&self.queue);
        while queue.left > 0 && !matches!(queue.hands[number], Hand::Gone) {
            let Some(node) = queue.ready.pop() else {
                queue.sleeping += 1;
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.sleeping -= 1;
                continue;
            };
            queue.hands[number] = Hand::At(node);
            drop(queue);
            self.plan.evaluate(&self.engine, node, &self.asker);
            queue = lock(&self.queue);
            if let Hand::At(_) = queue.hands[number] {
                queue.hands[number] = Hand::Free;
                self.finish(&mut queue, node);
            }
        }
    }

    /// A node is done: what waits for it may be ready.
    fn finish(&self, queue: &mut Queue, node: usize) {
        queue.left -= 1;
        let before = queue.ready.len();
        for behind in &self.plan.nodes[node].behind {
            queue.open[*behind] -= 1;
            if queue.open[*behind] == 0 {
                queue.ready.push(*behind);
            }
        }
        // One of them this thread will take itself.
        if queue.sleeping > 0 && (queue.left == 0 || queue.ready.len() > before.max(1)) {
            self.changed.notify_all();
        }
    }
}

fn threads(items: usize) -> usize {
    // It reads several files to find that out.
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    if items < FEW { 1 } else { (items / FEW + 1).min(*PROCESSORS) }
}
