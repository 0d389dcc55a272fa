//! What the producers of an instance contribute to its key.
//!
//! Mostly that is what stands on disk of their artifacts. Where an instance writes into the artifacts
//! of one that runs before it, what it made there itself the last time is not what it depends on.

use std::collections::{BTreeSet, HashSet};

use purlin_store::{Node, Patterns, RelativePath, Tree, defect};

use super::contested::Other;
use super::links::identity;
use super::view::found;
use super::{Failure, Inputs, Step, filtered};
use crate::graph::{Instance, Outside};
use crate::key::Contribution;
use crate::record::Record;

/// What producers contribute, in the instance's order, those behind them that are only looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Produced {
    pub(super) contributions: Vec<(String, Contribution)>,
    /// For each of them, its artifacts where the instance writes there, too.
    shared: Vec<Option<Tree>>,
}

impl Step<'_> {
    /// What the direct producers contribute, from what stands on disk now: somebody may have
    /// changed it since they ran.
    pub(super) fn produced(&self) -> Result<Produced, Failure> {
        let instance = self.instance();
        let mut produced = Produced { contributions: self.producers.clone(), shared: Vec::new() };
        for ((_, contribution), producer) in
            produced.contributions.iter_mut().zip(&instance.producers)
        {
            let producer = &self.graph.instances[*producer];
            let mut shared = None;
            if let Contribution::Artifacts(digest) = contribution {
                let mut tree = self.outputs_of(producer)?;
                if self.writes_into(&producer.action.outputs, &tree) {
                    tree = self.without_own(producer, &tree);
                    shared = Some(tree.clone());
                }
                *digest = identity(self.session, &producer.action.outputs, &tree);
            }
            produced.shared.push(shared);
        }
        for outside in instance.outside.iter().filter(|outside| !outside.artifacts.is_empty()) {
            let tree = self.outputs_outside(outside)?;
            let digest = identity(self.session, &outside.outputs, &tree);
            produced.contributions.push((outside.id.clone(), Contribution::Artifacts(digest)));
            let shares = self.writes_into(&outside.outputs, &tree);
            produced.shared.push(shares.then_some(tree));
        }
        Ok(produced)
    }

    /// What those contribute whose outputs count as they are found. One that writes nothing
    /// contributes nothing, whether it runs or not.
    pub(super) fn outside(&self) -> Result<Vec<(String, Contribution)>, Failure> {
        let writers =
            self.instance().outside.iter().filter(|outside| !outside.artifacts.is_empty());
        let contribution = |outside: &Outside| {
            let tree = self.outputs_outside(outside)?;
            let digest = identity(self.session, &outside.outputs, &tree);
            Ok((outside.id.clone(), Contribution::Artifacts(digest)))
        };
        writers.map(contribution).collect()
    }

    pub(super) fn outputs_outside(&self, outside: &Outside) -> Result<Tree, Failure> {
        found(self.session, &outside.outputs, &outside.id, &self.instance().command.origin)
    }

    /// Whether something of what the instance wrote is among the artifacts of a producer: what that
    /// one contributes is then told by a closer look.
    pub(super) fn wrote_into_producers(&self, outputs: &Tree) -> bool {
        let instance = self.instance();
        let producers = instance.producers.iter().map(|one| &self.graph.instances[*one].action);
        let shares = |theirs: &Patterns| {
            may_share(&instance.action.outputs, theirs)
                && outputs.entries().iter().any(|(path, _)| theirs.matches(path))
        };
        producers.map(|action| &action.outputs).any(shares)
    }

    /// Whether the instance writes something that is there of a producer's artifacts.
    fn writes_into(&self, theirs: &Patterns, tree: &Tree) -> bool {
        let own = &self.instance().action.outputs;
        may_share(own, theirs) && tree.entries().iter().any(|(path, _)| own.matches(path))
    }

    /// What is there of the artifacts after a run, without what others have on record that write there,
    /// too, and without what those may have left who were `killed`: that is no result of this run. Nor is
    /// what it has left there itself in an earlier one, if another that may not write the same has
    /// written it.
    pub(super) fn without_others(
        &self,
        after: &Tree,
        inputs: &Patterns,
        others: &[Other],
        killed: &[Patterns],
        own: Option<&Record>,
        wrote: &dyn Fn(&RelativePath) -> bool,
    ) -> Tree {
        if defect::seeded("files-of-neighbours-kept") {
            return after.clone();
        }
        let mine = |path: &RelativePath| own.is_some_and(|record| record.names(path));
        let left_by = |others: &[Other], (path, node): &(RelativePath, Node)| {
            // What another has replaced since is not any more what this one has on record.
            let replaced = || own.is_some_and(|record| record.written.get(path) != Some(node));
            let left = |one: &Other| {
                one.claims(path)
                    || (!mine(path) && one.names(path))
                    || (one.wrote(path, node) && (!mine(path) || (one.is_rival() && replaced())))
            };
            others.iter().any(left)
        };
        let found = after.entries().iter().filter(|(path, _)| !wrote(path));
        let (mut theirs, unknown): (Vec<_>, Vec<_>) = found.partition(|one| left_by(others, one));
        // What is found here of those who have no part in the run takes a longer look.
        let is_strange = |(path, node): &&(RelativePath, Node)| {
            *node != Node::Directory && !mine(path) && !inputs.matches(path)
        };
        let mut strange = unknown.into_iter().filter(is_strange).peekable();
        if strange.peek().is_some() {
            let elsewhere = self.others_elsewhere();
            let left_by_killed =
                |path: &RelativePath| killed.iter().any(|outputs| outputs.matches(path));
            theirs.extend(strange.filter(|one| left_by(&elsewhere, one) || left_by_killed(&one.0)));
        }
        let theirs: HashSet<&RelativePath> = theirs.into_iter().map(|(path, _)| path).collect();
        filtered(after, |path| !theirs.contains(path))
    }

    /// What producers are recorded to have written where this instance writes, too: it may be replaced.
    pub(super) fn written_by_producers(&self) -> Vec<Tree> {
        let outputs = &self.instance().action.outputs;
        let producers = self.instance().producers.iter().map(|one| &self.graph.instances[*one]);
        let sharing = producers.filter(|one| may_share(outputs, &one.action.outputs));
        let records = sharing.filter_map(|one| Record::read(&self.session.records(), &one.id));
        records.map(|record| record.written).collect()
    }

    /// The artifacts of a producer without what this instance has added to them. What the producer
    /// itself makes is told by its kept result.
    fn without_own(&self, producer: &Instance, tree: &Tree) -> Tree {
        let kept = || {
            let header = Record::header(&self.session.records(), &producer.id)?;
            self.session.store(&producer.cache)?.result(header.key).ok()?
        };
        let Some(kept) = kept() else { return tree.clone() };
        let own = self.own_in(tree);
        filtered(tree, |path| !own.contains(path) || kept.tree.get(path).is_some())
    }

    /// The paths of a tree that the instance writes, with the folders above them.
    fn own_in(&self, tree: &Tree) -> BTreeSet<RelativePath> {
        let outputs = &self.instance().action.outputs;
        let paths = tree.entries().iter().map(|(path, _)| path);
        let written: Vec<&RelativePath> = paths.filter(|path| outputs.matches(path)).collect();
        let above = written.iter().flat_map(|path| path.ancestors());
        let mut own: BTreeSet<RelativePath> = above.collect();
        own.extend(written.into_iter().cloned());
        own
    }

    /// What producers contribute that the instance does not write itself.
    pub(super) fn foreign(&self, produced: &Produced) -> Vec<(String, Contribution)> {
        self.replaced(produced, |_, tree| {
            let own = self.own_in(tree);
            filtered(tree, |path| !own.contains(path))
        })
    }

    /// What producers contribute to the key that a result is kept under. What the program has changed
    /// of their artifacts counts as it is now where it is an input, too, as with all that is changed in
    /// place; else it counts as the program has found it.
    pub(super) fn produced_after(
        &self,
        inputs: &Inputs<'_>,
        now: &Produced,
    ) -> Vec<(String, Contribution)> {
        self.replaced(now, |place, after| {
            let before = inputs.producers.shared.get(place).and_then(Option::as_ref);
            let own = self.own_in(after);
            let outputs = &self.instance().action.outputs;
            let as_found = |path: &RelativePath| {
                (own.contains(path) || outputs.matches(path)) && !inputs.patterns.matches(path)
            };
            let before = before.into_iter().flat_map(|tree| tree.entries());
            let found = before.filter(|(path, _)| as_found(path));
            let now = after.entries().iter().filter(|(path, _)| !as_found(path));
            Tree::new(found.chain(now).cloned().collect()).unwrap_or_else(|_| after.clone())
        })
    }

    /// The contributions, where the instance writes into artifacts that of another tree in their place.
    fn replaced(
        &self,
        produced: &Produced,
        other: impl Fn(usize, &Tree) -> Tree,
    ) -> Vec<(String, Contribution)> {
        let all = produced.contributions.iter().zip(&produced.shared).enumerate();
        let replaced = all.map(|(place, ((id, contribution), shared))| {
            let other = shared.as_ref().map(|shared| other(place, shared));
            let other = other.map(|tree| Contribution::Artifacts(tree.digest()));
            (id.clone(), other.unwrap_or(*contribution))
        });
        replaced.collect()
    }
}

/// Whether two may write the same path.
pub(super) fn may_share(own: &Patterns, theirs: &Patterns) -> bool {
    !own.is_empty() && own.may_overlap(theirs)
}
