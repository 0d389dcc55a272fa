//! Makes up steps from a seed, as a profile says.

use super::definition::{COMMANDS, Change};
use super::files::Saving;
use super::profile::{Kind, Profile};
use super::step::{Death, Moment, OWN, Run, SOURCES, Step};

/// A sequence of numbers that looks random and is the same for the same seed (SplitMix64).
pub(crate) struct Random {
    state: u64,
    profile: &'static Profile,
    /// What was last changed is changed again sooner than others.
    last: &'static str,
    /// Whether runs are killed in this workspace: less can be said of it afterwards.
    kills: bool,
}

impl Random {
    pub(crate) fn new(seed: u64, profile: &'static Profile) -> Self {
        let mut random = Self { state: seed, profile, last: profile.sources[0][0], kills: false };
        random.kills = profile.kills.is_some_and(|count| random.one_in(count));
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
        self.one(self.profile.values)
    }

    fn source(&mut self) -> &'static str {
        if !self.one_in(3) {
            let group = self.one(self.profile.sources);
            self.last = self.one(group);
        }
        self.last
    }

    fn kind(&mut self) -> Kind {
        let kinds = self.profile.kinds;
        let mut place = self.below(kinds.iter().map(|(_, weight)| weight).sum());
        let found = kinds.iter().find(|(_, weight)| {
            let here = place < *weight;
            place = place.saturating_sub(*weight);
            here
        });
        found.expect("it is below the sum").0
    }

    /// The steps of one workspace.
    pub(crate) fn steps(&mut self) -> Vec<Step> {
        let count = self.profile.length;
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
                    // There is a result before it, and what was done meanwhile is undone, unless it
                    // is already: only then it is seen what was kept.
                    let mut around = vec![back, run];
                    if moment == Moment::Meanwhile {
                        around.remove(0);
                    }
                    let surrounded = self.profile.surrounded;
                    if self.one(surrounded) {
                        steps.extend(around.iter().cloned());
                    }
                    steps.push(meanwhile);
                    if self.one(surrounded) {
                        steps.extend(around);
                    }
                }
                step => steps.push(step),
            }
        }
        steps.truncate(count);
        steps
    }

    fn step(&mut self) -> Step {
        let place = self.one(self.profile.places);
        match self.kind() {
            Kind::Edit => {
                let saving = self.one(self.profile.savings);
                Step::Edit { place, path: self.source(), value: self.value(), saving }
            }
            Kind::Delete => Step::Delete { place, path: self.source() },
            Kind::Rename => {
                let group = self.one(&SOURCES[..3]);
                Step::Rename { place, from: self.one(group), to: self.one(group) }
            }
            Kind::Mode => Step::Mode { place, path: self.source() },
            Kind::Tamper => {
                let how = self.one(self.profile.tamperings);
                Step::Tamper { place, path: self.one(self.profile.outputs), how }
            }
            Kind::Clean => Step::Clean(place),
            Kind::Uninstall => Step::Uninstall(place),
            Kind::Own => Step::Own { place, path: self.one(&OWN), value: self.value() },
            Kind::Define => self.define(place),
            Kind::Branch => Step::Branch(self.below(3)),
            Kind::Since => Step::Since,
            Kind::Clone => Step::Clone,
            Kind::DropPrivate => Step::DropPrivate(place),
            Kind::DropIndex => Step::DropIndex(place),
            Kind::DropCache => Step::DropCache(self.one(self.profile.users)),
            Kind::DamageShelf => Step::DamageShelf,
            Kind::TruncateCache => Step::TruncateCache(self.one(self.profile.users)),
            Kind::Watch if self.kills => self.kill(place),
            Kind::Watch => self.watch(place),
            Kind::Meanwhile => self.meanwhile(place),
            Kind::Run => Step::Run { place, run: self.run() },
        }
    }

    fn define(&mut self, place: usize) -> Step {
        let change = self.one(self.profile.changes);
        let slot = match change {
            // What is kept is of interest where something fails.
            Change::CacheWhen => 11,
            Change::Artifacts => self.one(&[5, 26]),
            // Without a key the one without artifacts would give nothing but the order.
            Change::Cache => self.below(11),
            _ => self.one(self.profile.slots),
        };
        Step::Define { place, slot, change, value: self.value() }
    }

    fn meanwhile(&mut self, place: usize) -> Step {
        let moment = self.one(self.profile.moments);
        let (slot, read) = self.one(self.profile.disturbed);
        let path = if self.one_in(4) { self.source() } else { self.one(read) };
        let force = self.one_in(2);
        Step::RunMeanwhile { place, slot, path, value: self.value(), moment, force }
    }

    fn watch(&mut self, place: usize) -> Step {
        let (slot, read) = self.one(self.profile.watched);
        let edits = (0..1 + self.below(2)).map(|_| (self.one(read), self.value()));
        let edits = edits.collect();
        Step::Watch { place, slots: vec![slot], edits }
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
        let named = self.one(self.profile.named);
        let narrow = self.one(self.profile.narrows);
        Run {
            narrow,
            user: self.one(self.profile.users),
            shelf: self.one(self.profile.shelves),
            slots: match narrow {
                Some(_) => Vec::new(),
                None => (0..named).map(|_| self.one(self.profile.slots)).collect(),
            },
            force: self.one(self.profile.forced),
            json: !self.one_in(4),
            alone: self.one_in(4),
            region: self.one(&[0, 0, 1]),
            frozen: self.one(self.profile.frozen),
        }
    }
}
