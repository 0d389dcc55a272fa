//! Commands that write one and the same file, and of which neither runs after the other: each would
//! put its own back, in turn, in every run.
//!
//! Where one of them names the file it is found before anything runs. Where both name folders, or use
//! wildcards, many may well write into one folder, and only what they write tells. None of them runs
//! while another does, so that what changes meanwhile is its own.

use std::sync::Arc;
use std::time::Duration;

use purlin_model::Diagnostic;
use purlin_store::{Node, RelativePath, Tree, compare};

use super::{Outcome, Status, Step, filtered};
use crate::event::Event;
use crate::graph::{CacheChoice, two_writers};
use crate::key::Contribution;
use crate::record::Record;

/// What another instance is recorded to have written where this one writes, too.
pub(super) struct Other {
    pub(super) record: Arc<Record>,
    pub(super) part: Part,
}

/// What part another instance has in the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The two may not write one file. Its position.
    Rival(usize),
    /// One of the two runs after the other.
    Ordered,
    /// It has none.
    None,
}

impl Other {
    /// Whether what stands at a path is what it has written there.
    pub(super) fn wrote(&self, path: &RelativePath, node: &Node) -> bool {
        self.record.written.get(path) == Some(node)
    }

    /// Whether it has a file on record that can be no result of this instance's, whatever has become
    /// of it since, unless this one has it on record, too, or has just written it.
    pub(super) fn names(&self, path: &RelativePath) -> bool {
        self.part != Part::Ordered && self.names_file(path)
    }

    fn names_file(&self, path: &RelativePath) -> bool {
        self.record.written.get(path).is_some_and(|node| *node != Node::Directory)
    }

    /// Whether a file may be nobody else's: its own last run wrote it, and did not only find it there.
    pub(super) fn claims(&self, path: &RelativePath) -> bool {
        self.is_rival() && self.record.fresh.contains(path) && self.names_file(path)
    }

    /// Whether it may not write what another one writes.
    pub(super) fn is_rival(&self) -> bool {
        matches!(self.part, Part::Rival(_))
    }
}

impl Step<'_> {
    /// Those of the graph with a record who may write something of a tree.
    pub(super) fn others(&self, tree: &Tree) -> Vec<Other> {
        let records = self.session.records();
        let is_rival = self.graph.rivals(&self.session.root, self.index);
        let others = self.graph.writers_of(tree.entries().iter().map(|(path, _)| path));
        let others = others.into_iter().filter(|index| *index != self.index).filter_map(|index| {
            let record = Record::read(&records, &self.graph.instances[index].id)?;
            let part = if is_rival(index) { Part::Rival(index) } else { Part::Ordered };
            Some(Other { record: Arc::new(record), part })
        });
        others.collect()
    }

    /// The mistake, if another command wrote one of the files that this one has written now, and
    /// something else into it.
    pub(super) fn contested(
        &self,
        written: &Tree,
        others: &[Other],
    ) -> Option<(RelativePath, Diagnostic)> {
        for other in others {
            let Part::Rival(index) = other.part else { continue };
            let differs = |path: &RelativePath, node: &Node| {
                *node != Node::Directory && other.claims(path) && !other.wrote(path, node)
            };
            let path = written.entries().iter().find(|(path, node)| differs(path, node));
            if let Some((path, _)) = path
                && (other.record.header.run == self.session.run || self.is_up_to_date(index))
            {
                let (one, this) = (&self.graph.instances[index], self.instance());
                return Some((path.clone(), two_writers(one, this, path)));
            }
        }
        None
    }

    /// The mistake, if another command has replaced what this one wrote, and a kept result would
    /// replace that again.
    pub(super) fn contested_by(
        &self,
        result: &Tree,
        record: &Record,
    ) -> Option<(RelativePath, Diagnostic)> {
        self.graph.shared_folders(&self.session.root, self.index).next()?;
        let own = filtered(&record.written, |path| {
            result.get(path).is_some_and(|node| *node != Node::Directory)
        });
        let replaced = self.unlike(&own);
        let exists = |path: &RelativePath| self.session.root.join(path).symlink_metadata().is_ok();
        let replaced = filtered(result, |path| replaced.contains(&path) && exists(path));
        if replaced.is_empty() {
            return None;
        }
        let mut others = self.others(&replaced);
        for other in &mut others {
            let written = filtered(&other.record.written, |path| replaced.get(path).is_some());
            let gone = self.unlike(&written);
            Arc::make_mut(&mut other.record).written =
                filtered(&written, |path| !gone.contains(&path));
        }
        self.contested(&replaced, &others)
    }

    /// What does not stand on disk as a tree says.
    fn unlike<'t>(&self, tree: &'t Tree) -> Vec<&'t RelativePath> {
        let unlike = compare(&self.session.root, tree, &|path| self.known(path));
        unlike.into_iter().map(|(path, _)| path).collect()
    }

    /// Whether what another instance has on record is what it does now. If not, it is about to be run
    /// or looked up itself.
    fn is_up_to_date(&self, index: usize) -> bool {
        let contribution = |producer: &usize| {
            let producer = &self.graph.instances[*producer];
            let last = || Record::header(&self.session.records(), &producer.id);
            let contribution = match producer.cache {
                // Those with artifacts are looked at again.
                CacheChoice::Local { .. } => {
                    last().map(|last| match producer.action.artifacts[..] {
                        [] => Contribution::Key(last.key),
                        _ => Contribution::Artifacts(last.key),
                    })
                }
                _ if producer.action.artifacts.is_empty() => Some(Contribution::Order),
                _ => last().map(|last| Contribution::Artifacts(last.key)),
            };
            Some((producer.id.clone(), contribution?))
        };
        let producers: Option<_> =
            self.graph.instances[index].producers.iter().map(contribution).collect();
        producers.is_some_and(|producers| {
            Step::silent(self.session, self.graph, index, producers).is_current(false)
        })
    }

    /// Another command wrote what this one writes.
    pub(super) fn is_contested(&self, diagnostic: Diagnostic) -> Outcome {
        (self.events)(Event::Failed {
            id: self.id(),
            how: "wrote what another command wrote".to_owned(),
            exit: None,
            logs: None,
            cached: false,
            duration: Duration::ZERO,
            diagnostics: vec![diagnostic],
        });
        Outcome { status: Status::Failed, contribution: Contribution::Order }
    }
}
