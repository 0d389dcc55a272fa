//! Records of instances that are called otherwise now: after a command was renamed, or moved into a
//! space, what it wrote before is still its own.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use purlin_store::defect;

use super::{Step, filtered, united};
use crate::key::Key;
use crate::record::Record;

impl Step<'_> {
    /// The record of an instance that is no longer defined, as one of this instance: the one with the
    /// same key, or where none has, of those that have written what is this instance's to write, all
    /// that they wrote.
    pub(super) fn inherited(&self, key: &Key) -> Option<Record> {
        if defect::seeded("renamed-ones-forget") {
            return None;
        }
        let outputs = &self.instance().action.outputs;
        let heirlooms = self.heirlooms(key);
        let (first, others) = heirlooms.split_first()?;
        let mut record = (*first).clone();
        record.header.id = self.id();
        for other in others {
            let own = |tree| filtered(tree, |path| outputs.matches(path));
            record.written = united(own(&other.written), &record.written);
            record.pending = united(own(&other.pending), &record.pending);
            // What they wrote may still have to go.
            record.header.unfinished = true;
        }
        Some(record)
    }

    /// Removes the records that this instance's own takes the place of.
    pub(super) fn take_over(&self, key: &Key) {
        let folder = self.session.records();
        for record in self.heirlooms(key) {
            // One that stays is taken over again by whoever comes next.
            let _ = fs::remove_file(Record::file(&folder, &record.header.id));
        }
    }

    fn heirlooms(&self, key: &Key) -> Vec<&Record> {
        let outputs = &self.instance().action.outputs;
        let is_same = |record: &&Record| record.header.key == key.digest;
        let is_heirloom = |record: &&Record| {
            let written = record.written.entries().iter().chain(record.pending.entries());
            written.map(|(path, _)| path).any(|path| outputs.matches(path))
                && !self.is_of_a_sibling(&record.header.id)
        };
        let orphans = &self.session.orphans().records;
        if orphans.iter().any(|record| is_same(&record)) {
            return orphans.iter().filter(is_same).collect();
        }
        orphans.iter().filter(is_heirloom).collect()
    }

    /// Whether another instance of this command is the one for whose module something was called so.
    fn is_of_a_sibling(&self, id: &str) -> bool {
        let (command, own) = parts(&self.instance().id);
        let (_, scope) = parts(id);
        own != scope && self.session.orphans().ids.contains(&format!("{command}{scope}"))
    }
}

/// What is left of instances that are not defined any more.
#[derive(Default)]
pub(crate) struct Orphans {
    /// Those that are defined.
    ids: HashSet<String>,
    records: Vec<Record>,
}

/// The name of a command, and which of its instances it is but for arguments.
fn parts(id: &str) -> (&str, &str) {
    let plain = id.split('?').next().unwrap_or_default();
    plain.split_at(plain.find(['@', '#']).unwrap_or(plain.len()))
}

/// The records in a folder of instances that are not among `ids`. Instances of one command with other
/// arguments come and go, and what plugins ship is not among them.
pub(crate) fn orphans(folder: &Path, ids: HashSet<String>) -> Orphans {
    let is_orphan = |id: &str| {
        let (command, scope) = parts(id);
        !ids.contains(&format!("{command}{scope}")) && !command.contains('.')
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut records: Vec<Record> = files
        .filter_map(|file| Record::header_of(&file.path()))
        .filter(|header| is_orphan(&header.id))
        .filter_map(|header| Record::read(folder, &header.id))
        .collect();
    // The newest first, and in the same order whatever the folder's is.
    records.sort_by(|one, other| {
        let (one, other) = (&one.header, &other.header);
        other.when.cmp(&one.when).then_with(|| one.id.cmp(&other.id))
    });
    Orphans { ids, records }
}
