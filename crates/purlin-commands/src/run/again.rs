//! Doing again what a change concerns, and no more: an instance behind a change waits for its
//! producers, and is looked at only if one of them made something else.

use super::progress::{Progress, SKIPPED};
use crate::key::Contribution;
use crate::step::{Outcome, Status};

/// What is remembered of instances that a change concerns.
pub(super) struct Again {
    /// Their own inputs have changed.
    touched: Vec<bool>,
    /// A producer has made something else.
    news: Vec<bool>,
    /// What came of them before.
    before: Vec<Option<Outcome>>,
    /// They run, and are being ended to begin anew.
    pub(super) restarted: Vec<bool>,
    /// Those that run and are to be ended.
    pub(super) to_end: Vec<usize>,
}

impl Again {
    pub(super) fn new(count: usize) -> Self {
        Self {
            touched: vec![false; count],
            news: vec![false; count],
            before: vec![None; count],
            restarted: vec![false; count],
            to_end: Vec::new(),
        }
    }

    pub(super) fn settled(&mut self, index: usize) {
        self.touched[index] = false;
        self.news[index] = false;
    }
}

impl Progress<'_> {
    /// Has everything done again that follows from a change of the inputs of `dirty`. How many
    /// instances may have to be.
    pub(super) fn change(&mut self, dirty: &[usize]) -> usize {
        let count = self.outcomes.len();
        let mut concerned = vec![false; count];
        let mut open = dirty.to_vec();
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut concerned[index], true) {
                open.extend(&self.dependants[index]);
            }
        }
        for index in dirty {
            self.again.touched[*index] = true;
        }
        // Producers come before those who depend on them.
        for index in (0..count).filter(|index| concerned[*index]) {
            if let Some(outcome) = self.outcomes[index].take() {
                self.again.before[index] = Some(outcome);
            }
            let mut missing = 0;
            let mut hopeless = false;
            for producer in self.graph.instances[index].before() {
                match &self.outcomes[producer] {
                    Some(outcome) => hopeless |= outcome.status.is_bad(),
                    None => {
                        hopeless |= self.missing[producer] == SKIPPED;
                        missing += 1;
                    }
                }
            }
            self.missing[index] = if hopeless { SKIPPED } else { missing };
            if self.running[index] {
                if self.again.touched[index] && !self.again.restarted[index] {
                    self.again.to_end.push(index);
                }
            } else if self.missing[index] == 0 && !self.queued[index] {
                self.ready.push(index);
            }
        }
        concerned.into_iter().filter(|concerned| *concerned).count()
    }

    /// Tells those who depend on an instance what came of it.
    pub(super) fn pass_on(&mut self, index: usize, outcome: Outcome) {
        let before = self.again.before[index].take();
        let mut open = vec![(index, before.is_none_or(|before| before.is_news(outcome)))];
        while let Some((index, is_new)) = open.pop() {
            self.again.settled(index);
            for dependant in self.dependants[index].clone() {
                if matches!(self.missing[dependant], 0 | SKIPPED) {
                    continue;
                }
                self.missing[dependant] -= 1;
                let again = &mut self.again;
                again.news[dependant] |= is_new;
                if self.missing[dependant] > 0 {
                    continue;
                }
                let stays = !again.touched[dependant] && !again.news[dependant];
                match again.before[dependant].filter(|before| stays && !before.status.is_bad()) {
                    _ if self.running[dependant] => {
                        if !stays && !again.restarted[dependant] {
                            again.to_end.push(dependant);
                        }
                    }
                    Some(before) => {
                        self.outcomes[dependant] = Some(before);
                        again.before[dependant] = None;
                        open.push((dependant, false));
                    }
                    None if self.queued[dependant] => {}
                    None => self.ready.push(dependant),
                }
            }
        }
    }
}

impl Status {
    /// Nothing that depends on it can run.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }
}

impl Outcome {
    /// Whether what came of an instance afterwards concerns those who depend on it.
    fn is_news(self, now: Self) -> bool {
        self.status.is_bad()
            || self.contribution != now.contribution
            // Of what is neither kept nor written, only that it ran is known.
            || (now.contribution == Contribution::Order && now.status == Status::Done)
    }
}
