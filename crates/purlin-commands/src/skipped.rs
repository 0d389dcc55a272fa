//! What was skipped the last time that it was to run: `--failed` means that, too.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::event::Event;

/// The instances that were skipped and did not run since: an empty file for each.
pub(crate) struct Skipped {
    folder: PathBuf,
    names: HashSet<OsString>,
}

impl Skipped {
    /// Those that are remembered below the private folder.
    pub(crate) fn open(private: &Path) -> Self {
        let folder = private.join("skipped");
        let files = fs::read_dir(&folder).into_iter().flatten().flatten();
        let names = files.map(|file| file.file_name()).collect();
        Self { folder, names }
    }

    /// Whether an instance was skipped and did not run since.
    pub(crate) fn has(&self, id: &str) -> bool {
        !self.names.is_empty() && self.names.contains(&OsString::from(purlin_store::file_name(id)))
    }

    /// Takes note of what happens. That it cannot be remembered changes no run.
    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::Skipped { id, .. } if !self.has(id) => {
                let name = OsString::from(purlin_store::file_name(id));
                let _ = fs::create_dir_all(&self.folder);
                let _ = fs::write(self.folder.join(&name), b"");
                self.names.insert(name);
            }
            Event::Cached { id, .. } | Event::Finished { id, .. } | Event::Failed { id, .. }
                if self.has(id) =>
            {
                let name = OsString::from(purlin_store::file_name(id));
                let _ = fs::remove_file(self.folder.join(&name));
                self.names.remove(&name);
            }
            _ => {}
        }
    }
}
