//! Results of jobs in a cache that others share: got from there before a job does its work, and put there
//! when it has, as those of commands are.

use purlin_model::{Diagnostic, Digest};
use purlin_store::{ActionResult, Node};

use super::{Message, Reporter};
use crate::event::Event;
use crate::remote::{Fetched, Lost, Upload, upload};
use crate::session::Session;

impl Reporter<'_> {
    /// Gets the result under a key, if the cache that is shared has it, into the user's store. What is
    /// damaged there is told, and counts as absent.
    #[must_use]
    pub fn fetch(&self, key: Digest) -> Option<ActionResult> {
        let tier = self.session.tier(self.session.shared.as_ref()?)?;
        let store = self.session.user_store();
        match tier.fetch(self.session.plugins, store, key, &sound) {
            Fetched::Result(result) => return Some(*result),
            Fetched::Nothing | Fetched::Lost(Lost::Known | Lost::Required) => {}
            Fetched::Damaged(why) => self.event(Event::Notice(
                Diagnostic::warning(
                    "cache-damaged",
                    format!(
                        "the result of `{}` in the cache `{}` is damaged",
                        self.id,
                        tier.name()
                    ),
                )
                .detail(format!("What is wrong: {why}."))
                .help("when it has been made, it is put there anew".to_owned()),
            )),
            Fetched::Store(error) => self.event(Event::Notice(
                Diagnostic::warning("cache", "what others have made cannot be kept here")
                    .detail(error.to_string()),
            )),
            Fetched::Lost(Lost::Untold(diagnostic)) => self.event(Event::Notice(*diagnostic)),
        }
        None
    }

    /// Sees to it that a result of the user's store comes to be in the cache that is shared. `replaces`
    /// what is there.
    pub fn put(&self, key: Digest, replaces: bool) {
        let Some(cache) = &self.session.shared else { return };
        let pending = self.session.pending(cache);
        if let Some(pending) = &pending {
            pending.add(key);
        }
        if let Some(tier) = self.session.tier(cache) {
            let store = self.session.user_store().clone();
            self.session.uploads.add(Upload { tier, store, key, replaces, pending });
        }
    }
}

/// Puts what comes into the cache that is shared, until no more will come.
pub(super) fn put_away(session: &Session<'_>, sender: &std::sync::mpsc::SyncSender<Message>) {
    upload(&session.uploads, session.plugins, &|lost| {
        if let Lost::Untold(diagnostic) = lost {
            // Nobody listens any more only when the run is over.
            let _ = sender.send(Message::Event(Event::Notice(*diagnostic)));
        }
    });
}

/// Whether a result could have come of a job that has succeeded. It comes from others, and what it says
/// will be written here.
fn sound(result: &ActionResult) -> Result<(), String> {
    if result.exit_code != Some(0) || result.signal.is_some() {
        return Err("it tells of an end that is not kept".to_owned());
    }
    let contents = result.contents();
    for (path, node) in result.tree.entries() {
        if let Node::File { digest, size, .. } = node
            && contents.get(digest) != Some(size)
        {
            return Err(format!("it contradicts itself about {path}"));
        }
    }
    Ok(())
}
