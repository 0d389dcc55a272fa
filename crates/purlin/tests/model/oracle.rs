//! What a run has to do: which commands run, and what the files are afterwards.
//!
//! A command has to run where no run with the same definition, inputs and artifacts of its producers
//! is kept, and must not run where one is. Whatever happens, its artifacts are in the end what running
//! it on the files as they are would write.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{COMMANDS, Definition, INSIDE, INSTALL, INSTALLED, Slot};
use super::files::{Node, Tree, matching};
use super::program::{End, perform, word};
use super::step::Moment;

/// What identifies a result.
type Key = String;

/// A kept result.
#[derive(Debug, Clone)]
struct Kept {
    tree: Tree,
    said: String,
    end: End,
    /// Somebody damaged the cache: whether it is found usable is open.
    doubtful: bool,
}

/// What is on record of a command in one workspace.
#[derive(Debug, Clone, Default)]
struct Record {
    key: Key,
    written: Tree,
    /// The command has succeeded here, for this key, and its result was kept.
    made: bool,
    /// It is known that an environment needs what it makes.
    installs: bool,
}

/// The results that are kept, for all workspaces.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// What each user has.
    own: [BTreeMap<Key, Kept>; 2],
    /// What all of them share.
    shelf: BTreeMap<Key, Kept>,
    /// Something on the shelf is damaged, and what is put there may refer to it.
    tainted: bool,
}

/// How a run is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) force: bool,
    /// The value of the process variable `REGION`.
    pub(crate) region: &'a str,
    pub(crate) user: usize,
    /// Whether it can use what all users share.
    pub(crate) reaches: bool,
    pub(crate) meanwhile: Option<&'a Meanwhile>,
}

/// One workspace.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) files: Tree,
    pub(crate) definition: Definition,
    records: BTreeMap<String, Record>,
}

/// How a command has to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// As `run --json` calls it.
    pub(crate) how: &'static str,
    /// What it says on standard output.
    pub(crate) said: String,
}

/// A change of a file while a command runs.
#[derive(Debug, Clone)]
pub(crate) struct Meanwhile {
    pub(crate) slot: Slot,
    pub(crate) path: &'static str,
    pub(crate) node: Node,
    pub(crate) moment: Moment,
}

/// What a key contributes to those who depend on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Contribution {
    Artifacts(Tree),
    Key(Key),
}

/// What came of looking for a kept result.
enum Use {
    Restored(Tree),
    /// A file that nobody is recorded to have written is in the way.
    Blocked,
}

impl Cache {
    pub(crate) fn clear(&mut self, user: usize) {
        self.own[user].clear();
    }

    pub(crate) fn doubt(&mut self, user: usize) {
        for kept in self.own[user].values_mut() {
            kept.doubtful = true;
        }
    }

    pub(crate) fn doubt_shelf(&mut self) {
        for kept in self.shelf.values_mut() {
            kept.doubtful = true;
        }
        self.tainted = true;
    }

    /// What is on the shelf now.
    pub(crate) fn on_shelf(&self) -> BTreeSet<Key> {
        self.shelf.keys().cloned().collect()
    }

    /// What is on the shelf besides these may not have got there yet.
    pub(crate) fn doubt_on_shelf_but(&mut self, sure: &BTreeSet<Key>) {
        for (key, kept) in &mut self.shelf {
            kept.doubtful |= !sure.contains(key);
        }
    }

    /// What a user finds under a key.
    fn find(&self, key: &Key, shared: bool, how: How<'_>) -> Option<Kept> {
        let own = self.own[how.user].get(key);
        let other = if shared && how.reaches { self.shelf.get(key) } else { None };
        // What is sound in one of the two is found.
        let sound = [own, other].into_iter().flatten().find(|kept| !kept.doubtful);
        sound.or(own).or(other).cloned()
    }

    fn keep(&mut self, key: &Key, shared: bool, how: How<'_>, kept: &Kept) {
        self.own[how.user].insert(key.clone(), kept.clone());
        if shared {
            // What cannot be put now is put later, by a run that does something.
            let doubtful = !how.reaches || self.tainted;
            self.shelf.entry(key.clone()).or_insert(Kept { doubtful, ..kept.clone() });
        }
    }

    /// What comes from the shelf is kept by who fetched it.
    fn fetched(&mut self, key: &Key, how: How<'_>, kept: &Kept) {
        let kept = || Kept { doubtful: false, ..kept.clone() };
        self.own[how.user].entry(key.clone()).or_insert_with(kept);
    }
}

impl Place {
    pub(crate) fn new(files: Tree, definition: Definition) -> Self {
        Self { files, definition, records: BTreeMap::new() }
    }

    pub(crate) fn forget_records(&mut self) {
        self.records.clear();
    }

    /// The commands and all that they depend on.
    pub(crate) fn closure(slots: &[Slot]) -> BTreeSet<Slot> {
        let mut open = slots.to_vec();
        if open.is_empty() {
            open.extend(0..COMMANDS.len());
        }
        let mut closure = BTreeSet::new();
        while let Some(slot) = open.pop() {
            if closure.insert(slot) {
                open.extend(COMMANDS[slot].producers);
            }
        }
        closure
    }

    /// Does what a run has to do, given which commands did run. How each is settled.
    ///
    /// # Errors
    /// Why a command should have run that did not, or the other way round.
    pub(crate) fn run(
        &mut self,
        cache: &mut Cache,
        slots: &BTreeSet<Slot>,
        how: How<'_>,
        ran: &BTreeSet<Slot>,
    ) -> Result<BTreeMap<Slot, Settled>, String> {
        let How { force, region, meanwhile, .. } = how;
        let mut all = BTreeMap::new();
        let mut contributions: BTreeMap<Slot, Option<Contribution>> = BTreeMap::new();
        for &slot in slots {
            let command = &COMMANDS[slot];
            let name = self.definition.name(slot);
            let failed = |all: &BTreeMap<Slot, Settled>, one: &Slot| {
                matches!(all[one].how, "failed" | "skipped")
            };
            if command.producers.iter().any(|one| failed(&all, one)) {
                if ran.contains(&slot) {
                    return Err(format!("wrong: {name} ran, though a producer failed"));
                }
                all.insert(slot, Settled { how: "skipped", said: String::new() });
                continue;
            }
            let produced: BTreeSet<_> =
                command.producers.iter().filter_map(|one| contributions[one].clone()).collect();
            let key = self.key(slot, region, &produced);
            self.inherit(slot, &name, &key);
            let looks = self.definition.is_cached(slot) && !force && self.counts(slot, slots, &key);
            let kept = if looks { cache.find(&key, command.shared, how) } else { None };
            let found = kept.map(|kept| {
                let restored = self.restored(slot, &name, &kept.tree);
                (kept, restored)
            });
            let wanted = match &found {
                None | Some((_, Use::Blocked)) => Some(true),
                Some((kept, _)) => (!kept.doubtful).then_some(false),
            };
            let does = ran.contains(&slot);
            match wanted {
                Some(true) if !does => {
                    return Err(format!("stale: {name} did not run, and nothing is kept for it"));
                }
                Some(false) if does => {
                    return Err(format!("needless: {name} ran, though its result is kept"));
                }
                _ => {}
            }
            if let Some((kept, _)) = &found
                && (!does || !kept.doubtful)
            {
                cache.fetched(&key, how, kept);
            }
            let own = How { meanwhile: meanwhile.filter(|one| one.slot == slot), ..how };
            let (settled, key) = match found {
                Some((kept, Use::Restored(files))) if !does => {
                    let new = self.records.get(&name).is_none_or(|record| record.key != key);
                    self.take(slot, &name, &key, &kept, files);
                    if new {
                        self.note_install(&name, slots.contains(&INSIDE));
                    }
                    let how = if kept.end == End::Success { "cached" } else { "failed" };
                    (Settled { how, said: kept.said }, key)
                }
                _ => {
                    let done = self.execute(cache, slot, &name, &key, &produced, own);
                    self.note_install(&name, slots.contains(&INSIDE));
                    done
                }
            };
            if settled.how != "failed" && meanwhile.is_none() {
                self.check(slot, region)?;
            }
            contributions.insert(slot, self.contribution(slot, key));
            all.insert(slot, settled);
        }
        Ok(all)
    }

    /// What is on record of a command under another name is its own.
    fn inherit(&mut self, slot: Slot, name: &str, key: &Key) {
        let former = self.definition.other_name(slot);
        let Some(record) = self.records.get(&former) else { return };
        let written = matching(&record.written, self.definition.artifacts(slot));
        if !self.records.contains_key(name) && (record.key == *key || !written.is_empty()) {
            let record = record.clone();
            self.records.remove(&former);
            self.records.insert(name.to_owned(), record);
        }
    }

    /// Whether a kept result can serve: what was installed is on record here alone.
    fn counts(&self, slot: Slot, slots: &BTreeSet<Slot>, key: &Key) -> bool {
        let record = self.records.get(&self.definition.name(slot));
        let known = slots.contains(&INSIDE) || record.is_some_and(|record| record.installs);
        slot != INSTALL
            || !known
            || self.files.contains_key(INSTALLED)
                && record.is_some_and(|record| record.made && record.key == *key)
    }

    /// What is on record of an installation after a command was run or restored.
    fn note_install(&mut self, name: &str, needed: bool) {
        let there = self.files.contains_key(INSTALLED);
        let record = self.records.entry(name.to_owned()).or_default();
        record.installs = needed || (record.installs && there);
    }

    fn contribution(&self, slot: Slot, key: Key) -> Option<Contribution> {
        if !self.definition.artifacts(slot).is_empty() {
            return Some(Contribution::Artifacts(self.artifacts(slot)));
        }
        self.definition.is_cached(slot).then_some(Contribution::Key(key))
    }

    fn key(&self, slot: Slot, region: &str, produced: &BTreeSet<Contribution>) -> Key {
        let identity = self.definition.identity(slot);
        let region = if COMMANDS[slot].region { region } else { "" };
        let word = COMMANDS[slot].module.and_then(|module| word(&self.files, module.dotenv));
        let inputs = matching(&self.files, &self.definition.inputs(slot));
        format!("{identity} {region} {word:?} {produced:?} {inputs:?}")
    }

    /// Whether each command was run or looked at last with what there is now, and its result can be
    /// had as it is: then there is nothing to do.
    pub(crate) fn is_settled(&self, cache: &Cache, slots: &BTreeSet<Slot>, how: How<'_>) -> bool {
        let mut contributions: BTreeMap<Slot, Option<Contribution>> = BTreeMap::new();
        slots.iter().all(|&slot| {
            let command = &COMMANDS[slot];
            let produced: BTreeSet<_> =
                command.producers.iter().filter_map(|one| contributions[one].clone()).collect();
            let key = self.key(slot, how.region, &produced);
            let name = self.definition.name(slot);
            let kept = cache.find(&key, command.shared, how).filter(|kept| !kept.doubtful);
            let there = kept.is_some_and(|kept| {
                let restored = self.restored(slot, &name, &kept.tree);
                matches!(restored, Use::Restored(files) if files == self.files)
            });
            let same = self.records.get(&name).is_some_and(|record| record.key == key);
            contributions.insert(slot, self.contribution(slot, key));
            there && same
        })
    }

    /// The commands that a change concerns from some files and definitions to what is there now.
    pub(crate) fn concerned(
        &self,
        now: &Tree,
        files: &Tree,
        definition: &Definition,
    ) -> BTreeSet<Slot> {
        let differ = |patterns: &[super::files::Pattern]| {
            matching(now, patterns) != matching(files, patterns)
        };
        let all = 0..COMMANDS.len();
        let own = all.filter(|&slot| {
            let words =
                COMMANDS[slot].module.map(|one| [now, files].map(|all| word(all, one.dotenv)));
            self.definition.differs(definition, slot)
                || differ(&self.definition.inputs(slot))
                || words.is_some_and(|[now, then]| now != then)
                || COMMANDS[slot]
                    .producers
                    .iter()
                    .any(|one| differ(self.definition.artifacts(*one)))
        });
        let mut concerned: BTreeSet<Slot> = own.collect();
        if concerned.contains(&INSTALL) {
            concerned.insert(INSIDE);
        }
        concerned
    }

    /// Whether a run may go through them without a failure, and keeps what they make.
    pub(crate) fn is_steady(&self, slots: &BTreeSet<Slot>) -> bool {
        let keeps = |slot: Slot| {
            self.definition.is_cached(slot)
                && self.definition.keeps(slot, true)
                && COMMANDS[slot].idempotent
        };
        slots.iter().all(|slot| keeps(*slot) && !matches!(slot, 11 | 12))
    }

    /// What is wrong with the artifacts of commands that have just run or were taken from the cache,
    /// whatever happened before, and which commands have to fail.
    pub(crate) fn verify(
        &self,
        slots: &BTreeSet<Slot>,
        region: &str,
    ) -> Result<BTreeSet<Slot>, String> {
        let mut failed = BTreeSet::new();
        for &slot in slots {
            if COMMANDS[slot].producers.iter().any(|one| failed.contains(one)) {
                failed.insert(slot);
                continue;
            }
            let mut files = self.files.clone();
            let deeds = self.definition.deeds(slot);
            match perform(deeds, &mut files, region, &mut String::new()) {
                End::Failure => {
                    failed.insert(slot);
                }
                End::Success => self.check(slot, region)?,
            }
        }
        Ok(failed)
    }

    /// Whether a command that has succeeded, or failed, need not run again.
    pub(crate) fn rests(&self, slot: Slot, succeeded: bool) -> bool {
        self.definition.is_cached(slot)
            && self.definition.keeps(slot, succeeded)
            && COMMANDS[slot].idempotent
    }

    fn artifacts(&self, slot: Slot) -> Tree {
        matching(&self.files, self.definition.artifacts(slot))
    }

    /// What is on record that is this command's to remove or replace.
    fn owned(&self, slot: Slot, name: &str) -> Tree {
        let inputs = self.definition.inputs(slot);
        let written = self.records.get(name).map(|record| &record.written);
        let mut owned =
            written.map(|tree| matching(tree, self.definition.artifacts(slot))).unwrap_or_default();
        owned.retain(|path, _| !inputs.iter().any(|input| input.matches(path)));
        owned
    }

    /// The files once a result is in place.
    fn restored(&self, slot: Slot, name: &str, tree: &Tree) -> Use {
        let owned = self.owned(slot, name);
        let mut files = self.files.clone();
        for (path, node) in tree {
            match files.get(path) {
                Some(there) if there == node => continue,
                Some(_) if !owned.contains_key(path) => return Use::Blocked,
                _ => {}
            }
            files.insert(path.clone(), node.clone());
        }
        for (path, node) in &owned {
            if !tree.contains_key(path) && files.get(path) == Some(node) {
                files.remove(path);
            }
        }
        Use::Restored(files)
    }

    /// Puts a kept result in place.
    fn take(&mut self, slot: Slot, name: &str, key: &Key, kept: &Kept, files: Tree) {
        let record = self.records.entry(name.to_owned()).or_default();
        let before = std::mem::replace(&mut self.files, files);
        let is_written = |path: &String, node: &Node| before.get(path) != Some(node);
        if record.key != *key || kept.tree.iter().any(|(path, node)| is_written(path, node)) {
            let inputs = self.definition.inputs(slot);
            let mut written = kept.tree.clone();
            written.retain(|path, node| {
                (is_written(path, node) || record.written.contains_key(path))
                    && !inputs.iter().any(|input| input.matches(path))
            });
            let made = record.made && record.key == *key;
            *record = Record { key: key.clone(), written, made, ..*record };
        }
    }

    /// Runs a command, and keeps its result.
    fn execute(
        &mut self,
        cache: &mut Cache,
        slot: Slot,
        name: &str,
        key: &Key,
        produced: &BTreeSet<Contribution>,
        how: How<'_>,
    ) -> (Settled, Key) {
        let How { region, meanwhile, .. } = how;
        let before = self.artifacts(slot);
        let mut said = String::new();
        let old = meanwhile.and_then(|one| self.files.get(one.path).cloned());
        if let Some(one) = meanwhile.filter(|one| one.moment != Moment::After) {
            self.files.insert(one.path.to_owned(), one.node.clone());
        }
        let end = perform(self.definition.deeds(slot), &mut self.files, region, &mut said);
        // A command that fails ends before somebody does something after it.
        let mut disturbed = false;
        if let Some(one) = meanwhile {
            let later = match one.moment {
                Moment::Before => None,
                Moment::After => Some(one.node.clone()),
                Moment::Meanwhile => old,
            };
            if end == End::Success {
                self.files.extend(later.map(|node| (one.path.to_owned(), node)));
            }
            let happened = end == End::Success || one.moment != Moment::After;
            let is_input = self.definition.inputs(slot).iter().any(|input| input.matches(one.path));
            disturbed = happened && is_input;
        }
        let after = self.artifacts(slot);
        let record = self.records.entry(name.to_owned()).or_default();
        let mut written = after.clone();
        written.retain(|path, node| {
            before.get(path) != Some(node) || record.written.contains_key(path)
        });
        record.written = written;
        let after_key = self.key(slot, region, produced);
        let remembered = if disturbed { key } else { &after_key };
        let record = self.records.entry(name.to_owned()).or_default();
        record.key = remembered.clone();
        record.made = end == End::Success && !disturbed;
        if !disturbed
            && self.definition.is_cached(slot)
            && self.definition.keeps(slot, end == End::Success)
        {
            let kept = Kept { tree: after, said: said.clone(), end, doubtful: false };
            cache.keep(&after_key, COMMANDS[slot].shared, how, &kept);
        }
        let how = if end == End::Success { "finished" } else { "failed" };
        (Settled { how, said }, after_key)
    }

    /// Whether its artifacts are what it would write now: the naive model, which runs everything.
    fn check(&self, slot: Slot, region: &str) -> Result<(), String> {
        if !COMMANDS[slot].idempotent {
            return Ok(());
        }
        let mut files = self.files.clone();
        perform(self.definition.deeds(slot), &mut files, region, &mut String::new());
        for (path, node) in matching(&files, self.definition.artifacts(slot)) {
            let there = self.files.get(&path);
            if there != Some(&node) {
                let name = self.definition.name(slot);
                return Err(format!("stale: {path} of {name} is {there:?}, not {node:?}"));
            }
        }
        Ok(())
    }
}
