//! Many small looks at once.

use std::num::NonZero;
use std::thread;

/// Below this a thread costs more than it saves.
pub(crate) const FEW: usize = 64;

/// Calls `look` with every item, on as many threads as there are processors where there are many items.
/// The answers are in the order of the items.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, look: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = match items.len() < FEW {
        true => 1,
        false => thread::available_parallelism().map_or(1, NonZero::get),
    };
    if threads == 1 {
        return items.into_iter().map(look).collect();
    }
    let share = items.len().div_ceil(threads);
    let look = &look;
    let all = |part: Vec<T>| part.into_iter().map(look).collect::<Vec<R>>();
    let mut parts = Vec::with_capacity(threads);
    let mut rest = items;
    while rest.len() > share {
        let behind = rest.split_off(share);
        parts.push(std::mem::replace(&mut rest, behind));
    }
    thread::scope(|scope| {
        let others: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || all(part))).collect();
        let last = all(rest);
        let mut answers = Vec::new();
        for other in others {
            match other.join() {
                Ok(part) => answers.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        answers.extend(last);
        answers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for count in [0, 1, 63, 64, 65, 1000] {
            let twice: Vec<usize> = (0..count).map(|item| item * 2).collect();
            assert_eq!(map((0..count).collect(), |item| item * 2), twice);
        }
    }
}
