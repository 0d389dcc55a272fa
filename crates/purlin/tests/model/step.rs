//! What users do, made up from a seed.

use super::definition::{COMMANDS, Change, Slot};
use super::files::Saving;

/// Names that files have and may get, in groups within which they are renamed.
pub(crate) const SOURCES: [&[&str]; 6] = [
    &["src/a.txt", "src/b.txt", "src/c.txt", "src/é.txt", "src/日 本.txt"],
    &["src/deep/x.txt", "src/deep/ü.txt", "src/deep/y.txt"],
    &["doc/a.md", "doc/ø.md"],
    &["log/a.log", "extra/e.txt"],
    &["mod/l/a.txt", "mod/l/é.txt", "mod/r/a.txt", "mod/r/b.txt"],
    &["left.env", "right.env"],
];

/// Outputs, and places for a user's own files beside them.
pub(crate) const OUTPUTS: [&str; 18] = [
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
    "mod/l/out/word.txt",
    "mod/r/out/all.txt",
    "share.txt",
    "take/all",
];

/// A user's own files, where commands write.
pub(crate) const OWN: [&str; 4] = ["each/own.out", "gen/own", "left/own", "mod/r/out/own"];

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

/// How a run dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// At a step after which something may be left half-done, counted from the beginning.
    Point(u8),
    /// In the middle of a command, which goes on.
    Within(Slot),
    /// After some milliseconds.
    After(u8),
}

/// What all users share, as a run finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    There,
    /// It answers with an error.
    Away,
    /// It is not to be asked.
    Offline,
}

/// How a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Which commands; all where none is named.
    pub(crate) slots: Vec<Slot>,
    /// Only the instance of a module, by a flag and its value.
    pub(crate) narrow: Option<(&'static str, &'static str, Slot)>,
    pub(crate) user: usize,
    pub(crate) shelf: Shelf,
    pub(crate) force: bool,
    pub(crate) json: bool,
    pub(crate) alone: bool,
    /// The value of the process variable `REGION`.
    pub(crate) region: u8,
    /// All that was ever written was written in this very moment, as far as clocks can tell.
    pub(crate) frozen: bool,
}

impl Run {
    /// An ordinary run of some commands.
    pub(crate) fn of(slots: Vec<Slot>) -> Self {
        Self {
            slots,
            narrow: None,
            user: 0,
            shelf: Shelf::There,
            force: false,
            json: true,
            alone: true,
            region: 0,
            frozen: false,
        }
    }

    /// Which commands are asked for; all where it is none.
    pub(crate) fn wanted(&self) -> Vec<Slot> {
        self.narrow.map_or_else(|| self.slots.clone(), |(_, _, slot)| vec![slot])
    }
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
    /// What the environment needs is removed.
    Uninstall(usize),
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
    DropCache(usize),
    TruncateCache(usize),
    /// What all users share is damaged.
    DamageShelf,
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
    /// Commands are run and watched, while sources get contents.
    Watch {
        place: usize,
        slots: Vec<Slot>,
        edits: Vec<(&'static str, u8)>,
    },
    /// A run is killed, and done again. From here on, what is on record is not known any more.
    Kill {
        place: usize,
        run: Run,
        death: Death,
    },
}

/// A sequence of numbers that looks random and is the same for the same seed (SplitMix64).
pub(crate) struct Random {
    state: u64,
    /// What was last changed is changed again sooner than others.
    last: &'static str,
    /// Whether runs are killed in this workspace: less can be said of it afterwards.
    kills: bool,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self { state: seed, last: SOURCES[0][0], kills: false };
        random.kills = random.one_in(5);
        random
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
            let group = self.one(&[0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5]);
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
                    let run = Run { slots: vec![slot], narrow: None, force: false, ..self.run() };
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
            46 if self.one_in(2) => Step::Uninstall(place),
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
            60 => {
                let user = usize::from(self.one_in(4));
                match self.below(4) {
                    0 => Step::DropCache(user),
                    1 => Step::DamageShelf,
                    _ => Step::TruncateCache(user),
                }
            }
            61 | 62 if !self.kills => self.watch(place),
            61 | 62 => self.kill(place),
            63..67 => {
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

    fn watch(&mut self, place: usize) -> Step {
        // Commands that never fail, and files that they read.
        let (slot, group) = self.one(&[
            (0, 0),
            (2, 0),
            (5, 1),
            (14, 0),
            (15, 1),
            (17, 4),
            (19, 4),
            (20, 0),
            (21, 1),
        ]);
        let slots = vec![slot];
        let edits = (0..1 + self.below(2)).map(|_| (self.one(SOURCES[group]), self.value()));
        let edits = edits.collect();
        Step::Watch { place, slots, edits }
    }

    fn kill(&mut self, place: usize) -> Step {
        let run = Run { frozen: false, ..self.run() };
        let death = match self.below(3) {
            0 => Death::Point(u8::try_from(1 + self.below(90)).unwrap_or(1)),
            1 => Death::Within(self.below(COMMANDS.len())),
            _ => Death::After(u8::try_from(self.below(60)).unwrap_or(1)),
        };
        Step::Kill { place, run, death }
    }

    fn run(&mut self) -> Run {
        let named = if self.one_in(3) { 0 } else { 1 + self.below(3) };
        let narrow = match self.below(12) {
            0 => Some(("-s", "left", 17)),
            1 => Some(("-m", "18", 18)),
            _ => None,
        };
        Run {
            narrow,
            user: usize::from(self.one_in(8)),
            shelf: self.one(&[
                Shelf::There,
                Shelf::There,
                Shelf::There,
                Shelf::Away,
                Shelf::Offline,
            ]),
            slots: match narrow {
                Some(_) => Vec::new(),
                None => (0..named).map(|_| self.below(COMMANDS.len())).collect(),
            },
            force: self.one_in(12),
            json: !self.one_in(4),
            alone: self.one_in(4),
            region: self.one(&[0, 0, 1]),
            frozen: self.one_in(3),
        }
    }
}
