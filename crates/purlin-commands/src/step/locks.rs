//! What an instance has to itself while it is looked up and run: its own name, the folders into which
//! its wildcards reach, and those that it names outright.
//!
//! What changes there meanwhile is taken for its result, so that nobody else may be at it. Folders
//! come first, and nobody waits for them who has anything: a command may run purlin itself.

use purlin_model::Diagnostic;
use purlin_store::{FolderLocks, FolderWait, InstanceLock, Obstacle, Patterns, StoreError};

use super::produced::may_share;
use super::{Failure, Step};
use crate::event::Event;

/// Between artifacts, where a lock tells them: no pattern has it.
const BETWEEN: &str = "\0";

/// What an instance has to itself.
pub(super) struct Locks {
    pub(super) instance: InstanceLock,
    pub(super) folders: FolderLocks,
}

impl Step<'_> {
    /// Waits until nobody else has what the instance needs; `None` if the run is stopped first.
    pub(super) fn locks(&self) -> Result<Option<Locks>, Failure> {
        let id = &self.instance().id;
        let place = self.session.locks();
        let mut told = None;
        let mut tell = |obstacle| {
            if told < Some(obstacle) {
                told = Some(obstacle);
                self.tell(obstacle);
            }
            obstacle != Obstacle::Within && !self.session.cancel.ends(id)
        };
        let cannot = |error| vec![storage("the lock of a command cannot be taken", &error)];
        let mut wait =
            FolderWait::new(&place, self.graph.shared_folders(&self.session.root, self.index));
        let folders = loop {
            match wait.attempt().map_err(cannot)? {
                Ok(folders) => break folders,
                // That somebody else is at the folder is told only where it is this very instance.
                Err(obstacle) if InstanceLock::is_taken(&place, id) => {
                    tell(obstacle);
                }
                Err(_) => {}
            }
            if self.session.cancel.ends(id) {
                return Ok(None);
            }
            wait.pause();
        };
        let instance = InstanceLock::acquire(&place, id, &mut tell).map_err(cannot)?;
        if told == Some(Obstacle::Within) {
            return Err(vec![self.recursion()]);
        }
        Ok(instance.map(|mut instance| {
            instance.tell(self.instance().action.artifacts.join(BETWEEN).into_bytes());
            Locks { instance, folders }
        }))
    }

    /// The artifacts of those who were killed while they ran: what they wrote is on nobody's record yet.
    /// While this one has the folders that they share, none of them runs.
    pub(super) fn killed(&self) -> Vec<Patterns> {
        let own = &self.instance().action.outputs;
        if own.is_empty() {
            return Vec::new();
        }
        let told = InstanceLock::told_by_others(&self.session.locks(), &self.instance().id);
        let artifacts = told.iter().filter_map(|told| str::from_utf8(told).ok());
        let artifacts = artifacts
            .filter_map(|told| Patterns::new(&told.split(BETWEEN).collect::<Vec<_>>()).ok());
        artifacts.filter(|theirs| may_share(own, theirs)).collect()
    }

    fn tell(&self, obstacle: Obstacle) {
        let id = &self.instance().id;
        let (code, summary) = match obstacle {
            Obstacle::Held => (
                "waiting",
                format!("`{id}` waits for another purlin that runs it in this workspace"),
            ),
            Obstacle::Ended => {
                ("leftovers", format!("ended what a killed run of `{id}` had left running"))
            }
            Obstacle::Within => return,
        };
        (self.events)(Event::Notice(Diagnostic::note(code, summary)));
    }

    fn recursion(&self) -> Diagnostic {
        let command = &self.instance().command;
        Diagnostic::error(
            "recursion",
            format!("`{}` is being run by the purlin that runs this one", self.instance().id),
        )
        .label(command.origin.clone(), "it runs itself, directly or through others")
        .help("name other commands in `deps`, and leave it to purlin to run them".to_owned())
    }
}

fn storage(what: &str, error: &StoreError) -> Diagnostic {
    Diagnostic::error("private-folder", what)
        .detail(error.to_string())
        .help("`.purlin` in the workspace has to be a folder that can be written".to_owned())
}
