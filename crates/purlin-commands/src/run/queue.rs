//! Who may start next: instances that are ready, the most urgent first, as far as what they need is
//! there.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::graph::{Graph, Instance};
use crate::needs::{CPU, MEMORY};

/// The places of the machine's own pools; named ones come behind them.
const NAMED: usize = 2;

/// Ready instances, and what is free.
///
/// Instances that need the same wait in one line, of which only the first is ever looked at: what a
/// decision costs does not grow with the number of those that wait.
pub(super) struct Queue {
    free: Vec<u64>,
    lines: Vec<Line>,
    /// The line of each instance.
    line: Vec<usize>,
    waiting: usize,
}

struct Line {
    needs: Vec<u64>,
    /// The most urgent on top; among equals the graph's order.
    waiting: BinaryHeap<(u64, Reverse<usize>)>,
}

/// How much of the machine a run may use.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// How many programs run at once that do not say that they need more; at least one.
    pub jobs: usize,
    /// How many bytes of memory there are; asked only where a command needs some.
    pub memory: fn() -> u64,
}

impl Queue {
    pub(super) fn new(graph: &Graph, machine: Machine) -> Self {
        let mut everybody = graph.instances.iter();
        let memory = match graph.pools.get(MEMORY) {
            Some(pool) => pool.size,
            None if everybody.any(|one| one.command.needs.contains_key(MEMORY)) => {
                (machine.memory)()
            }
            None => 0,
        };
        let mut free = vec![machine.jobs.max(1) as u64, memory];
        let named: Vec<&String> = graph.pools.keys().filter(|name| *name != MEMORY).collect();
        free.extend(named.iter().map(|name| graph.pools[*name].size));
        let needs = |instance: &Instance| -> Vec<u64> {
            let of = |name: &str| instance.command.needs.get(name).map(|need| need.size);
            let mut needs = vec![of(CPU).unwrap_or(1), of(MEMORY).unwrap_or(0)];
            needs.extend(named.iter().map(|name| of(name).unwrap_or(0)));
            if instance.command.interactive {
                // It runs alone.
                needs[0] = u64::MAX;
            }
            // What is not there cannot be waited for.
            needs.iter_mut().zip(&free).for_each(|(need, free)| *need = (*need).min(*free));
            needs
        };
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        let line = graph.instances.iter().map(|instance| {
            let count = known.len();
            *known.entry(needs(instance)).or_insert(count)
        });
        let line: Vec<usize> = line.collect();
        let mut all: Vec<(Vec<u64>, usize)> = known.into_iter().collect();
        all.sort_by_key(|(_, place)| *place);
        let lines =
            all.into_iter().map(|(needs, _)| Line { needs, waiting: BinaryHeap::new() }).collect();
        Self { free, lines, line, waiting: 0 }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many programs that need nothing special could start.
    pub(super) fn places(&self) -> usize {
        usize::try_from(self.free[0]).unwrap_or(usize::MAX)
    }

    pub(super) fn push(&mut self, index: usize, urgency: u64) {
        self.lines[self.line[index]].waiting.push((urgency, Reverse(index)));
        self.waiting += 1;
    }

    /// Everybody who waits, whatever they need.
    pub(super) fn drain(&mut self) -> Vec<usize> {
        self.waiting = 0;
        let lines = self.lines.iter_mut();
        let mut all: Vec<usize> =
            lines.flat_map(|line| line.waiting.drain().map(|(_, Reverse(index))| index)).collect();
        all.sort_unstable();
        all
    }

    /// The next to start, whose needs are taken until [`Queue::release`].
    pub(super) fn pop(&mut self) -> Option<usize> {
        if self.waiting == 0 {
            return None;
        }
        let mut order: Vec<usize> =
            (0..self.lines.len()).filter(|line| !self.lines[*line].waiting.is_empty()).collect();
        order.sort_by_key(|line| Reverse(self.lines[*line].waiting.peek().copied()));
        let mut left = self.free.clone();
        for line in order {
            let needs = &self.lines[line].needs;
            if needs.iter().zip(&left).all(|(need, left)| need <= left) {
                for (need, free) in needs.iter().zip(&mut self.free) {
                    *free -= need;
                }
                self.waiting -= 1;
                return self.lines[line].waiting.pop().map(|(_, Reverse(index))| index);
            }
            reserve(needs, &mut left);
        }
        None
    }

    /// Gives back what an instance has taken.
    pub(super) fn release(&mut self, index: usize) {
        for (need, free) in self.lines[self.line[index]].needs.iter().zip(&mut self.free) {
            *free += need;
        }
    }
}

/// Keeps those behind from taking what somebody more urgent still waits for, so that a big need is
/// met some day. While a named pool is short, processors and memory stay free for others: they
/// would only lie idle.
fn reserve(needs: &[u64], left: &mut [u64]) {
    let short = |range: std::ops::Range<usize>, left: &mut [u64]| {
        let mut any = false;
        for pool in range {
            if needs[pool] > left[pool] {
                left[pool] = 0;
                any = true;
            }
        }
        any
    };
    if !short(NAMED..needs.len(), left) {
        short(0..NAMED, left);
    }
}
