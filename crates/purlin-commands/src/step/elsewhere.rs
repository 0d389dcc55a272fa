//! Records of instances that have no part in the run: what they wrote is found where this one writes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::Step;
use super::contested::{Other, Part};
use crate::record::Record;

/// Those that were read, by the names of their files: each is read once, unless another process
/// writes it anew.
#[derive(Default)]
pub(crate) struct Elsewhere(Mutex<HashMap<OsString, Known>>);

/// The file as it was read, and the record, if it could be read.
type Known = (Stamp, Option<Arc<Record>>);

/// Tells a file from the one that is put in its place.
type Stamp = (u64, i64, i64, u64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.len())
}

impl Step<'_> {
    /// Those with a record that have no part in this run.
    pub(super) fn others_elsewhere(&self) -> Vec<Other> {
        let records = self.session.records();
        let here = self.graph.file_names();
        let files = fs::read_dir(&records).into_iter().flatten().flatten();
        // By their names: each step of a run that finds everything there may ask.
        let files =
            files.filter(|file| file.file_name().to_str().is_none_or(|name| !here.contains(name)));
        let mut known = self.session.elsewhere.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = |file: fs::DirEntry| {
            let now = stamp(&file.metadata().ok()?);
            let name = file.file_name();
            if let Some((then, record)) = known.get(&name)
                && *then == now
            {
                return record.clone();
            }
            let header = Record::header_of(&file.path());
            let record = header.and_then(|header| Record::read(&records, &header.id)).map(Arc::new);
            known.insert(name, (now, record.clone()));
            record
        };
        files.filter_map(record).map(|record| Other { record, part: Part::None }).collect()
    }
}
