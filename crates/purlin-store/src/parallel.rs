//! Many small waits on the disk at once.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Below this a thread costs more than it saves.
const FEW: usize = 16;

/// More than processors, because the threads mostly wait for the disk.
const THREADS: usize = 8;

/// Calls `each` with every item, several at once where there are many, and gives the answers in
/// the order of the items. After an error no further item is begun.
pub(crate) fn map<T: Sync, R: Send, E: Send>(
    items: &[T],
    each: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    if items.len() < FEW {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            match each(item) {
                Ok(answer) => done.push((place, answer)),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(done)
    };
    let mut answers = Vec::with_capacity(items.len());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let results: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect();
        for result in results {
            answers.extend(result?);
        }
        Ok(())
    })?;
    answers.sort_unstable_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_errors_come_out() {
        for count in [0, 3, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let twice: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| Ok::<_, ()>(item * 2)), Ok(twice));
        }
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(map(&items, |item| if *item == 700 { Err(*item) } else { Ok(()) }), Err(700));
    }
}
