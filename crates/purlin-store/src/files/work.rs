//! Tasks that lead to more tasks, on as many threads as pay.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Does all tasks, beginning with `stack`, and returns what each thread gathered.
///
/// `step` does one, adds those it leads to, and tells how much work it was. The calling thread
/// begins alone: to start others costs more than a small workspace's walk, so that is done when
/// the work exceeds `alone`.
///
/// # Errors
/// The first error of a step; the other threads stop.
pub(super) fn share<T: Send, S: Send, E: Send>(
    mut stack: Vec<T>,
    alone: usize,
    state: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, T, &mut Vec<T>) -> Result<usize, E> + Sync,
) -> Result<Vec<S>, E> {
    let mut own = state();
    let mut done = 0;
    while done <= alone || stack.len() < 2 {
        let Some(task) = stack.pop() else { return Ok(vec![own]) };
        done += step(&mut own, task, &mut stack)?;
    }
    let threads = threads();
    let queue = Queue {
        inner: Mutex::new(Inner { tasks: stack, working: threads, stopped: false }),
        ready: Condvar::new(),
        idle: AtomicUsize::new(0),
    };
    std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).map(|_| scope.spawn(|| queue.work(state(), &step))).collect();
        let mut states = vec![queue.work(own, &step)?];
        for other in others {
            match other.join() {
                Ok(state) => states.push(state?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(states)
    })
}

/// How many threads can run at once.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Queue<T> {
    inner: Mutex<Inner<T>>,
    ready: Condvar,
    /// How many threads wait for tasks.
    idle: AtomicUsize,
}

struct Inner<T> {
    tasks: Vec<T>,
    /// How many threads have a task, which may lead to more.
    working: usize,
    stopped: bool,
}

impl<T> Queue<T> {
    fn work<S, E>(
        &self,
        mut state: S,
        step: impl Fn(&mut S, T, &mut Vec<T>) -> Result<usize, E>,
    ) -> Result<S, E> {
        let mut stack = Vec::new();
        while let Some(task) = stack.pop().or_else(|| self.take()) {
            if let Err(error) = step(&mut state, task, &mut stack) {
                self.lock().stopped = true;
                self.ready.notify_all();
                return Err(error);
            }
            if stack.len() > 1 && self.idle.load(Ordering::Relaxed) > 0 {
                // The older half: those folders are higher up.
                let half = stack.len() / 2;
                self.lock().tasks.extend(stack.drain(..half));
                self.ready.notify_all();
            }
        }
        Ok(state)
    }

    /// A task of another thread; `None` when all is done.
    fn take(&self) -> Option<T> {
        let mut inner = self.lock();
        inner.working -= 1;
        loop {
            if inner.stopped {
                return None;
            }
            if let Some(task) = inner.tasks.pop() {
                inner.working += 1;
                return Some(task);
            }
            if inner.working == 0 {
                self.ready.notify_all();
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts down: a task `n` leads to `n - 1` and `n - 2`.
    fn count(alone: usize, fails_at: Option<u32>) -> Result<u64, u32> {
        let step = |sum: &mut u64, task: u32, stack: &mut Vec<u32>| {
            if Some(task) == fails_at {
                return Err(task);
            }
            *sum += 1;
            stack.extend([1, 2].into_iter().filter_map(|less| task.checked_sub(less)));
            Ok(1)
        };
        share(vec![15], alone, || 0, step).map(|sums| sums.into_iter().sum())
    }

    #[test]
    fn every_task_is_done_once_however_it_is_shared() {
        let expected = count(usize::MAX, None);
        for alone in [0, 1, 10, 1_000] {
            for _ in 0..50 {
                assert_eq!(count(alone, None), expected);
            }
        }
    }

    #[test]
    fn an_error_stops_all() {
        assert_eq!(count(0, Some(3)), Err(3));
        assert_eq!(count(usize::MAX, Some(15)), Err(15));
    }
}
