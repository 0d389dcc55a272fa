//! What of a run is settled and what is not.

use std::path::Path;

use super::Machine;
use super::again::Again;
use super::apart::Apart;
use super::length::longest_ways;
use super::queue::Queue;
use crate::event::{Event, Summary};
use crate::graph::Graph;
use crate::key::Contribution;
use crate::session::Session;
use crate::step::{Outcome, Status};

/// In place of the number of missing producers: the instance will not run.
pub(super) const SKIPPED: usize = usize::MAX;

/// What is settled and what is not.
pub(super) struct Progress<'g> {
    pub(super) graph: &'g Graph,
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) missing: Vec<usize>,
    pub(super) dependants: Vec<Vec<usize>>,
    pub(super) running: Vec<bool>,
    /// Those that stand in one of the lines.
    pub(super) queued: Vec<bool>,
    pub(super) again: Again,
    /// Those that nobody has looked at since their producers were settled.
    pub(super) ready: Vec<usize>,
    /// Those that have to be run.
    queue: Queue,
    apart: Apart,
    urgency: Option<Vec<u64>>,
    /// Why the rest is not started, once that is so.
    pub(super) stopped: Option<String>,
    pub(super) summary: Summary,
}

impl<'g> Progress<'g> {
    pub(super) fn new(graph: &'g Graph, root: &Path, machine: Machine) -> Self {
        let count = graph.instances.len();
        let mut dependants = vec![Vec::new(); count];
        let mut missing = vec![0; count];
        for (index, instance) in graph.instances.iter().enumerate() {
            for before in instance.before() {
                missing[index] += 1;
                dependants[before].push(index);
            }
        }
        // Taken from the end: the first of the graph goes first.
        let ready = (0..count).rev().filter(|index| missing[*index] == 0).collect();
        Self {
            graph,
            outcomes: vec![None; count],
            missing,
            dependants,
            running: vec![false; count],
            queued: vec![false; count],
            again: Again::new(count),
            ready,
            queue: Queue::new(graph, machine),
            apart: Apart::new(root),
            urgency: None,
            stopped: None,
            summary: Summary::default(),
        }
    }

    /// What the producers of an instance contribute, by id, in the instance's order.
    pub(super) fn producers(&self, index: usize) -> Vec<(String, Contribution)> {
        let contribution = |producer: &usize| {
            let outcome = self.outcomes[*producer];
            let contribution = outcome.map_or(Contribution::Order, |outcome| outcome.contribution);
            (self.graph.instances[*producer].id.clone(), contribution)
        };
        self.graph.instances[index].producers.iter().map(contribution).collect()
    }

    /// Puts those that have to be run in line.
    ///
    /// How urgent they are matters only where not all can start, and costs a look at the records of
    /// those that are not settled yet, once.
    pub(super) fn enqueue(&mut self, session: &Session<'_>, instances: Vec<usize>) {
        let crowded = self.queue.waiting() + instances.len() > self.queue.places();
        if self.urgency.is_none() && crowded {
            let open = |index: usize| self.outcomes[index].is_none();
            let ways = longest_ways(self.graph, session, &open);
            for index in self.queue.drain() {
                self.queue.push(index, ways[index]);
            }
            self.urgency = Some(ways);
        }
        for index in instances {
            if std::mem::replace(&mut self.queued[index], true) {
                continue;
            }
            self.push(index);
        }
    }

    fn push(&mut self, index: usize) {
        let urgency = self.urgency.as_ref().map_or(0, |ways| ways[index]);
        self.queue.push(index, urgency);
    }

    /// The next that is to be run, if what it needs is there.
    pub(super) fn start(&mut self) -> Option<usize> {
        loop {
            let index = self.queue.pop()?;
            let is_ready = self.missing[index] == 0;
            if is_ready && !self.apart.take(self.graph, index) {
                self.queue.release(index);
                continue;
            }
            self.queued[index] = false;
            if is_ready {
                self.running[index] = true;
                return Some(index);
            }
            // One of its producers has to be made again first.
            self.queue.release(index);
        }
    }

    /// Gives back what an instance that ran has needed, and settles it, unless it begins anew.
    pub(super) fn ended(&mut self, index: usize, outcome: Outcome, sink: &mut dyn FnMut(Event)) {
        self.queue.release(index);
        for other in self.apart.release(self.graph, index) {
            self.push(other);
        }
        self.running[index] = false;
        if !std::mem::take(&mut self.again.restarted[index]) || self.stopped() {
            self.settle(index, outcome, sink);
        } else if self.missing[index] == 0 {
            self.ready.push(index);
        }
    }

    pub(super) fn is_running(&self, index: usize) -> bool {
        self.running[index]
    }

    fn stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Starts nothing any more.
    pub(super) fn stop(&mut self, sink: &mut dyn FnMut(Event)) {
        self.stopped.get_or_insert_with(|| "the run was stopped".to_owned());
        let mut waiting = self.queue.drain();
        waiting.append(&mut self.apart.drain());
        waiting.sort_unstable();
        for index in waiting {
            self.queued[index] = false;
            if self.outcomes[index].is_none() && self.missing[index] == 0 {
                self.settle(index, Outcome::STOPPED, sink);
            }
        }
    }

    pub(super) fn settle(&mut self, index: usize, outcome: Outcome, sink: &mut dyn FnMut(Event)) {
        self.outcomes[index] = Some(outcome);
        self.again.settled(index);
        match outcome.status {
            Status::Done => self.summary.done += 1,
            Status::Cached => self.summary.cached += 1,
            Status::Failed => self.summary.failed += 1,
            Status::StoodBy => {}
            Status::Cancelled => {
                self.summary.skipped += 1;
                let because = match self.summary.lost {
                    Some(_) => "a cache that is required cannot be used",
                    None => self.stopped.as_deref().unwrap_or("the run was stopped"),
                };
                let because = because.to_owned();
                sink(Event::Skipped { id: self.graph.instances[index].id.clone(), because });
            }
        }
        if matches!(outcome.status, Status::Failed | Status::Cancelled) {
            self.skip_dependants(index, sink);
            return;
        }
        self.pass_on(index, outcome);
    }

    fn skip_dependants(&mut self, index: usize, sink: &mut dyn FnMut(Event)) {
        let mut open = self.dependants[index].clone();
        while let Some(next) = open.pop() {
            // What goes on in spite of a change may go on in spite of what came of it.
            if self.running[next] || std::mem::replace(&mut self.missing[next], SKIPPED) == SKIPPED
            {
                continue;
            }
            self.summary.skipped += 1;
            let because = format!("`{}` did not succeed", self.graph.instances[index].id);
            sink(Event::Skipped { id: self.graph.instances[next].id.clone(), because });
            open.extend(&self.dependants[next]);
        }
    }
}
