//! What has to be evaluated for some definitions, and in which order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use purlin_model::{Diagnostic, Origin};

use super::workers;
use crate::board::{Asker, Circle, Frame, Key, Outcome, Task, lock, planning};
use crate::engine::Engine;
use crate::message;
use crate::mix::Mixing;
use crate::scope::Supply;

/// Definitions with all that they need.
pub(super) struct Plan {
    pub(super) nodes: Vec<PlanNode>,
    numbers: HashMap<Key, usize, Mixing>,
    /// Whether everything is wanted, with all that is wrong anywhere.
    is_of_many: bool,
    /// Whether one thread does it all, in order.
    pub(super) is_in_order: bool,
}

/// With more definitions than this, a file that has them is evaluated whole.
const FEW: usize = 8;

/// What is needed, by parameter.
type Needs = Result<Vec<(String, Origin, Supply)>, Arc<Diagnostic>>;

/// One definition that is not evaluated yet.
pub(super) struct PlanNode {
    pub(super) key: Key,
    pub(super) needs: Needs,
    /// The nodes that it waits for.
    pub(super) before: Vec<usize>,
    /// The nodes that wait for it.
    pub(super) behind: Vec<usize>,
}

/// A definition, and the first one that needs it with the place where it asks.
type Way = (Key, Option<(usize, Origin)>);

/// The definitions from one up to the goal.
fn way(ways: &[Way], mut number: usize) -> Circle {
    let mut circle = Circle::new();
    let mut asked = None;
    loop {
        let (key, needed_by) = &ways[number];
        circle.push((Task::Definition(key.clone()), asked.take()));
        let Some((next, origin)) = needed_by else { return circle };
        asked = Some(origin.clone());
        number = *next;
    }
}

impl Plan {
    /// Reads off the syntax of one file after the other what is needed.
    pub(super) fn new(engine: &Engine, goals: &[Key], frame: Option<&Arc<Frame>>) -> Self {
        let mut plan = Self {
            nodes: Vec::new(),
            numbers: HashMap::default(),
            is_of_many: false,
            is_in_order: false,
        };
        let mut wave: Vec<Key> = Vec::new();
        let ways: Arc<Mutex<Vec<Way>>> = Arc::default();
        for key in goals {
            plan.meet(engine, key, &mut wave);
        }
        if frame.is_some() {
            lock(&ways).extend(wave.iter().map(|key| (key.clone(), None)));
        }
        while !wave.is_empty() {
            let keys = std::mem::take(&mut wave);
            let first = plan.nodes.len() - keys.len();
            let needs = match frame {
                None => workers::map(&keys, |key| engine.needs(key, frame)),
                // Somebody waits for it, and may be what it needs.
                Some(_) => {
                    let each = (first..).zip(&keys).map(|(number, key)| {
                        let ways = ways.clone();
                        let way = Arc::new(move || way(&lock(&ways), number));
                        planning(way, || engine.needs(key, frame))
                    });
                    each.collect()
                }
            };
            for (number, needs) in (first..).zip(needs) {
                for (_, origin, supply) in needs.iter().flatten() {
                    if let Supply::Definition(needed) = supply
                        && let Some(before) = plan.meet(engine, needed, &mut wave)
                    {
                        if frame.is_some() && before == lock(&ways).len() {
                            let way = (needed.clone(), Some((number, origin.clone())));
                            lock(&ways).push(way);
                        }
                        plan.nodes[number].before.push(before);
                        plan.nodes[before].behind.push(number);
                    }
                }
                plan.nodes[number].needs = needs;
            }
        }
        plan.end_circles(engine);
        plan
    }

    pub(super) fn of_many(self) -> Self {
        Self { is_of_many: true, ..self }
    }

    pub(super) fn in_order(self, is_in_order: bool) -> Self {
        Self { is_in_order, ..self }
    }

    fn is_small(&self) -> bool {
        !self.is_of_many && self.nodes.len() <= FEW
    }

    /// The number of a definition that is not done yet; a new one is added to the next wave.
    fn meet(&mut self, engine: &Engine, key: &Key, wave: &mut Vec<Key>) -> Option<usize> {
        if let Some(number) = self.numbers.get(key) {
            return Some(*number);
        }
        if engine.board.done(&Task::Definition(key.clone())).is_some() {
            return None;
        }
        let number = self.nodes.len();
        self.numbers.insert(key.clone(), number);
        self.nodes.push(PlanNode {
            key: key.clone(),
            needs: Ok(Vec::new()),
            before: Vec::new(),
            behind: Vec::new(),
        });
        wave.push(key.clone());
        Some(number)
    }

    /// An order in which everything comes behind what it needs, as far as there is one.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.nodes.iter().map(|node| node.before.len()).collect();
        let mut order: Vec<usize> = (0..open.len()).filter(|number| open[*number] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for behind in &self.nodes[order[next]].behind {
                open[*behind] -= 1;
                if open[*behind] == 0 {
                    order.push(*behind);
                }
            }
            next += 1;
        }
        order
    }

    /// Definitions that need themselves get their circle for a result, and so does what needs them.
    fn end_circles(&mut self, engine: &Engine) {
        loop {
            let order = self.order();
            if order.len() == self.nodes.len() {
                return;
            }
            let mut is_open = vec![true; self.nodes.len()];
            for number in order {
                is_open[number] = false;
            }
            // Circles may go through each other: what is left then leads into one that was found.
            self.end_some_circles(engine, &is_open);
        }
    }

    /// From whatever is left, a step to something that is left leads into a circle at some time.
    fn end_some_circles(&mut self, engine: &Engine, is_open: &[bool]) {
        let mut seen = vec![false; self.nodes.len()];
        for start in (0..self.nodes.len()).filter(|number| is_open[*number]) {
            let mut way = Vec::new();
            let mut number = start;
            while !seen[number] {
                seen[number] = true;
                way.push(number);
                let left = self.nodes[number].before.iter().find(|before| is_open[**before]);
                number = *left.expect("what is left waits for something that is left");
            }
            if let Some(place) = way.iter().position(|one| *one == number) {
                self.end_circle(engine, &way[place..]);
            }
        }
    }

    fn end_circle(&mut self, engine: &Engine, circle: &[usize]) {
        let tasks: Circle = circle
            .iter()
            .enumerate()
            .map(|(place, number)| {
                let node = &self.nodes[*number];
                let next = &self.nodes[circle[(place + 1) % circle.len()]].key;
                let asked = node.needs.iter().flatten().find(
                    |(_, _, supply)| matches!(supply, Supply::Definition(key) if key == next),
                );
                let asked = asked.map(|(_, origin, _)| origin.clone());
                (Task::Definition(node.key.clone()), asked)
            })
            .collect();
        let diagnostic = Arc::new(message::circle(engine, &tasks));
        for number in circle {
            self.nodes[*number].needs = Err(diagnostic.clone());
            for before in std::mem::take(&mut self.nodes[*number].before) {
                self.nodes[before].behind.retain(|one| one != number);
            }
        }
    }

    /// Evaluates everything: here where somebody waits for it in the middle of something, and on all
    /// processors otherwise.
    pub(super) fn run(self: &Arc<Self>, engine: &Engine, asker: &Asker) {
        match asker.frame.as_ref().map(|frame| &frame.task) {
            _ if self.nodes.is_empty() => {}
            Some(Task::Definition(_)) => {
                for number in self.order() {
                    self.evaluate(engine, number, asker);
                }
            }
            _ => workers::run(self, engine, asker),
        }
    }

    /// Evaluates one node. What it needs is done.
    pub(super) fn evaluate(self: &Arc<Self>, engine: &Engine, number: usize, asker: &Asker) {
        let node = &self.nodes[number];
        let task = Task::Definition(node.key.clone());
        let mut asker = asker.clone();
        if asker.frame.is_some() {
            let plan = self.clone();
            asker.between = Some(Arc::new(move || plan.between(number)));
        }
        // A circle that closes here is told to whoever comes for the result.
        let _ = engine.board.run(&task, &asker, |frame| {
            Outcome::Value(match &node.needs {
                Ok(needs) => engine.evaluate(&node.key, needs, self.is_small(), frame),
                Err(diagnostic) => Err(diagnostic.clone()),
            })
        });
    }

    /// The nodes from the one that needs this one up to the goal.
    fn between(&self, mut number: usize) -> Circle {
        let mut way = Circle::new();
        while let Some(behind) = self.nodes[number].behind.first() {
            let asked = self.asks(*behind, &self.nodes[number].key);
            way.push((Task::Definition(self.nodes[*behind].key.clone()), asked));
            number = *behind;
        }
        way
    }

    /// Where a node asks for a definition.
    fn asks(&self, number: usize, key: &Key) -> Option<Origin> {
        let mut needs = self.nodes[number].needs.iter().flatten();
        let found =
            needs.find(|(_, _, supply)| matches!(supply, Supply::Definition(one) if one == key));
        found.map(|(_, origin, _)| origin.clone())
    }
}
