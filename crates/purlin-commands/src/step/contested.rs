//! Commands that write one and the same file, and of which neither runs after the other: each would
//! put its own back, in turn, in every run.
//!
//! Where one of them names the file it is found before anything runs. With wildcards on both sides, many
//! may well write into one folder, and only what they write tells.

use purlin_model::Diagnostic;
use purlin_store::{Node, Tree};

use super::Step;
use super::produced::may_share;
use crate::graph::{Instance, two_writers};
use crate::record::Record;

impl Step<'_> {
    /// The mistake, if another command wrote one of these files in this run, and something else into it.
    pub(super) fn contested(&self, written: &Tree) -> Option<Diagnostic> {
        let own = self.instance();
        if written.is_empty() || !has_wildcards(own) {
            return None;
        }
        let others = self.graph.instances.iter().enumerate().filter(|(index, other)| {
            *index != self.index
                && has_wildcards(other)
                && may_share(&own.action.outputs, &other.action.outputs)
                && !self.graph.ordered(*index, self.index)
        });
        let records = self.session.records();
        others.into_iter().find_map(|(_, other)| {
            // What an earlier run has left may be of other definitions.
            let record = Record::read(&records, &other.id)
                .filter(|record| record.header.run == self.session.run)?;
            let differs = |node: &Node, theirs: &Node| {
                node != theirs && *node != Node::Directory && *theirs != Node::Directory
            };
            let (path, _) = written.entries().iter().find(|(path, node)| {
                record.written.get(path).is_some_and(|theirs| differs(node, theirs))
                    && own.action.outputs.matches(path)
                    && other.action.outputs.matches(path)
            })?;
            Some(two_writers(other, own, path))
        })
    }
}

fn has_wildcards(instance: &Instance) -> bool {
    let outputs = &instance.action.outputs;
    outputs.bases().count() > outputs.literals().count()
}
