//! A result from the remote tier of a cache.

use purlin_model::Diagnostic;
use purlin_store::{ActionResult, Node, Store};

use super::{Outcome, Step};
use crate::event::Event;
use crate::key::Key;
use crate::remote::{Fetched, Lost};
use crate::session::prepare_workspace_store;

impl Step<'_> {
    /// Gets the result from the remote tier into the store, if it has one that fits.
    ///
    /// # Errors
    /// The cache is required and cannot be used: nothing more is done.
    pub(super) fn fetch(&self, store: &Store, key: &Key) -> Result<Option<ActionResult>, Outcome> {
        let Some(tier) = self.session.tier(&self.instance().cache) else { return Ok(None) };
        if self.instance().cache.is_in_workspace() {
            match prepare_workspace_store(&self.session.root) {
                Ok(()) => self.tell_of_attributes(),
                Err(error) => {
                    self.warn_of_cache(&error, "commands run as if nothing were kept");
                    return Ok(None);
                }
            }
        }
        match tier.fetch(self.session.plugins, store, key.digest, &|result| self.fits(result)) {
            Fetched::Result(result) => return Ok(Some(*result)),
            Fetched::Nothing => {}
            Fetched::Damaged(why) => (self.events)(Event::Notice(
                Diagnostic::warning(
                    "cache-damaged",
                    format!(
                        "the result of `{}` in the cache `{}` is damaged, so it runs",
                        self.instance().id,
                        tier.name()
                    ),
                )
                .detail(format!("{}.", capital(&why)))
                .help("when it has run, its result is put there anew".to_owned()),
            )),
            Fetched::Store(error) => {
                self.warn_of_cache(&error, "commands run as if nothing were kept");
            }
            Fetched::Lost(Lost::Known) => {}
            Fetched::Lost(Lost::Untold(diagnostic)) => (self.events)(Event::Notice(*diagnostic)),
            Fetched::Lost(Lost::Required) => return Err(Outcome::STOPPED),
        }
        Ok(None)
    }

    /// Whether a result could have come of this instance. It comes from others, and what it says
    /// will be written here.
    fn fits(&self, result: &ActionResult) -> Result<(), String> {
        let action = &self.instance().action;
        let succeeded = result.exit_code == Some(0);
        if result.exit_code.is_some() == result.signal.is_some()
            || !action.cache_when.keeps(succeeded)
        {
            return Err("it tells of an end that is not kept".to_owned());
        }
        let contents = result.contents();
        for (path, node) in result.tree.entries() {
            if !action.outputs.could_be_output(path, *node == Node::Directory) {
                return Err(format!("it has {path}, which is not among the artifacts"));
            }
            if let Node::File { digest, size, .. } = node
                && contents.get(digest) != Some(size)
            {
                return Err(format!("it contradicts itself about {path}"));
            }
        }
        Ok(())
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}
