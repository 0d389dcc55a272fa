//! What users do, made up from a seed.

use super::definition::{COMMANDS, Change, Slot};
use super::files::Saving;

/// Names that files have and may get, in groups within which they are renamed.
pub(crate) const SOURCES: [&[&str]; 4] = [
    &["src/a.txt", "src/b.txt", "src/c.txt", "src/é.txt", "src/日 本.txt"],
    &["src/deep/x.txt", "src/deep/ü.txt", "src/deep/y.txt"],
    &["doc/a.md", "doc/ø.md"],
    &["log/a.log", "extra/e.txt"],
];

/// Outputs, and places for a user's own files beside them.
pub(crate) const OUTPUTS: [&str; 14] = [
    "list.txt",
    "each/a.txt.out",
    "each/é.txt.out",
    "each/link",
    "sum.txt",
    "gen/g.txt",
    "use.tmp",
    "end.txt",
    "ends.txt",
    "publish.txt",
    "always.txt",
    "deploy.txt",
    "left/b.txt.out",
    "right/x.txt.out",
];

/// A user's own files, where commands write.
pub(crate) const OWN: [&str; 3] = ["each/own.out", "gen/own", "left/own"];

/// What is done to an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tampering {
    Edit,
    Delete,
    Mode,
    Link,
}

/// When a file is changed while a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the command reads anything.
    Before,
    /// After it has read everything.
    After,
    /// Before, and changed back after.
    Meanwhile,
}

/// How a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Which commands; all where none is named.
    pub(crate) slots: Vec<Slot>,
    pub(crate) force: bool,
    pub(crate) json: bool,
    pub(crate) alone: bool,
    /// The value of the process variable `REGION`.
    pub(crate) region: u8,
    /// All that was ever written was written in this very moment, as far as clocks can tell.
    pub(crate) frozen: bool,
}

/// One thing that users do. Every step means something in every state, or nothing, so that steps
/// can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A source gets a content, as long as the one that it has mostly.
    Edit {
        place: usize,
        path: &'static str,
        value: u8,
        saving: Saving,
    },
    Delete {
        place: usize,
        path: &'static str,
    },
    Rename {
        place: usize,
        from: &'static str,
        to: &'static str,
    },
    Mode {
        place: usize,
        path: &'static str,
    },
    Tamper {
        place: usize,
        path: &'static str,
        how: Tampering,
    },
    /// All outputs are removed.
    Clean(usize),
    /// A user's own file where outputs are.
    Own {
        place: usize,
        path: &'static str,
        value: u8,
    },
    Define {
        place: usize,
        slot: Slot,
        change: Change,
        value: u8,
    },
    /// All is committed, and another branch is checked out.
    Branch(usize),
    /// The second place becomes a copy of the first's sources.
    Clone,
    DropPrivate(usize),
    DropIndex(usize),
    DropCache,
    TruncateCache,
    Run {
        place: usize,
        run: Run,
    },
    /// A source gets a content while one command runs.
    RunMeanwhile {
        place: usize,
        slot: Slot,
        path: &'static str,
        value: u8,
        moment: Moment,
        force: bool,
    },
}

/// A sequence of numbers that looks random and is the same for the same seed (SplitMix64).
pub(crate) struct Random {
    state: u64,
    /// What was last changed is changed again sooner than others.
    last: &'static str,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, last: SOURCES[0][0] }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn value(&mut self) -> u8 {
        self.one(&[0, 1, 2, 3, 4, 5])
    }

    fn source(&mut self) -> &'static str {
        if !self.one_in(3) {
            let group = self.one(&[0, 0, 0, 1, 1, 2, 2, 3]);
            self.last = self.one(SOURCES[group]);
        }
        self.last
    }

    /// The steps of one workspace.
    pub(crate) fn steps(&mut self, count: usize) -> Vec<Step> {
        let mut steps = Vec::with_capacity(count);
        while steps.len() < count {
            match self.step() {
                Step::RunMeanwhile { place, slot, path, value, moment, force } => {
                    let meanwhile = Step::RunMeanwhile { place, slot, path, value, moment, force };
                    let run = Run { slots: vec![slot], force: false, ..self.run() };
                    let run = Step::Run { place, run };
                    let back = match self.below(3) {
                        0 => Step::Edit { place, path, value, saving: Saving::InPlace },
                        _ => Step::Delete { place, path },
                    };
                    // There is a result before it, and what was done meanwhile is undone: only then
                    // it is seen what was kept.
                    if self.one_in(2) {
                        steps.extend([back.clone(), run.clone()]);
                    }
                    steps.push(meanwhile);
                    if self.one_in(2) {
                        steps.extend([back, run]);
                    }
                }
                step => steps.push(step),
            }
        }
        steps.truncate(count);
        steps
    }

    fn step(&mut self) -> Step {
        let place = usize::from(self.one_in(6));
        match self.below(100) {
            0..28 => {
                let saving = self.one(&[
                    Saving::InPlace,
                    Saving::InPlace,
                    Saving::Renamed,
                    Saving::KeepingTime,
                ]);
                Step::Edit { place, path: self.source(), value: self.value(), saving }
            }
            28..31 => Step::Delete { place, path: self.source() },
            31..34 => {
                let group = self.one(&SOURCES[..3]);
                Step::Rename { place, from: self.one(group), to: self.one(group) }
            }
            34..38 => Step::Mode { place, path: self.source() },
            38..45 => {
                let how = self.one(&[
                    Tampering::Edit,
                    Tampering::Delete,
                    Tampering::Delete,
                    Tampering::Mode,
                    Tampering::Link,
                ]);
                Step::Tamper { place, path: self.one(&OUTPUTS), how }
            }
            45 => Step::Clean(place),
            46 => Step::Own { place, path: self.one(&OWN), value: self.value() },
            47..53 => {
                let change = self.one(&[
                    Change::Exec,
                    Change::Constant,
                    Change::MoreFiles,
                    Change::Name,
                    Change::Artifacts,
                    Change::CacheWhen,
                    Change::CacheWhen,
                    Change::Cache,
                ]);
                let slot = match change {
                    // What is kept is of interest where something fails.
                    Change::CacheWhen => 11,
                    Change::Artifacts => 5,
                    // Without a key the one without artifacts would give nothing but the order.
                    Change::Cache => self.below(11),
                    _ => self.below(COMMANDS.len()),
                };
                Step::Define { place, slot, change, value: self.value() }
            }
            53..56 => Step::Branch(self.below(3)),
            56..58 => Step::Clone,
            58 => Step::DropPrivate(place),
            59 => Step::DropIndex(place),
            60 if self.one_in(3) => Step::DropCache,
            60 => Step::TruncateCache,
            61..67 => {
                let moment = self.one(&[Moment::Before, Moment::After, Moment::Meanwhile]);
                // In a command that changes nothing in place, and mostly a file that it reads.
                let slot = self.one(&[0, 1, 1, 3, 11, 13, 14, 15, 15]);
                let group = usize::from(matches!(slot, 3 | 15));
                let path = if self.one_in(4) { self.source() } else { self.one(SOURCES[group]) };
                let force = self.one_in(2);
                Step::RunMeanwhile { place, slot, path, value: self.value(), moment, force }
            }
            _ => Step::Run { place, run: self.run() },
        }
    }

    fn run(&mut self) -> Run {
        let named = if self.one_in(3) { 0 } else { 1 + self.below(3) };
        Run {
            slots: (0..named).map(|_| self.below(COMMANDS.len())).collect(),
            force: self.one_in(12),
            json: !self.one_in(4),
            alone: self.one_in(4),
            region: self.one(&[0, 0, 1]),
            frozen: self.one_in(3),
        }
    }
}
