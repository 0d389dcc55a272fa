//! What is told to concern changes: nothing that does is left out.

use std::collections::BTreeSet;
use std::fs;

use super::definition::COMMANDS;
use super::step::Run;
use super::world::{World, is_ignored};

impl World {
    /// Asks which commands files concern that have changed since the last commit.
    pub(super) fn since(&mut self) -> Result<(), String> {
        let Some((files, definition)) = &self.head else { return Ok(()) };
        // Git takes a file of the same size and second for the same: have it read everything.
        let _ = fs::remove_file(self.root(0).join(".git/index"));
        self.git(&["read-tree", "HEAD"]);
        let here = &self.places[0];
        let mut now = here.files.clone();
        now.retain(|path, _| !is_ignored(path));
        let wanted = here.concerned(&now, files, definition);
        let (_, mut command) = self.command(0, &Run::of(Vec::new()));
        command.args(["--since", "HEAD", "--isolated", "--ls"]);
        let finished = self.workspace.finish(&mut command);
        let told = |problem: String| format!("{problem}\n{finished}");
        if finished.code != Some(0) {
            return Err(told("wrong: the status".to_owned()));
        }
        let document = finished.json();
        let listed = document["instances"].as_array().into_iter().flatten();
        let listed: BTreeSet<&str> = listed.filter_map(|one| one["id"].as_str()).collect();
        let missed =
            wanted.into_iter().find(|slot| !listed.contains(&*here.definition.name(*slot)));
        if let Some(slot) = missed {
            return Err(told(format!("stale: {} is not concerned", COMMANDS[slot].name)));
        }
        if now == *files && !listed.is_empty() {
            return Err(told("needless: nothing has changed".to_owned()));
        }
        Ok(())
    }
}
