//! Repositories that are not there: a folder that is not mounted, or not made yet. Others answer in their
//! place, aloud; not for what nobody else has, nor for what is pinned to them.

use std::collections::BTreeMap;

use purlin_environments::Chosen;
use purlin_host::PackagePin;
use purlin_model::{Diagnostic, Origin, Severity};

use super::{Repositories, message, open::Opened};
use crate::draw;

impl Repositories {
    /// What is told of the first repository that was asked and is not there.
    pub(super) fn absent(&self) -> Option<Diagnostic> {
        self.all_absent().find_map(Opened::absent)
    }

    /// Refuses packages in the place of those that are pinned to a repository that is not there, and warns
    /// once of each that has not taken part in the choice.
    pub(super) fn without_absent(
        &self,
        chosen: &[Chosen],
        pins: &BTreeMap<String, (PackagePin, Origin)>,
    ) -> Result<(), Diagnostic> {
        for one in self.all_absent() {
            let Some(mut trouble) = one.absent() else { continue };
            for Chosen { request, .. } in chosen {
                let request = request.to_string();
                let Some((pin, origin)) = pins.get(&request) else { continue };
                let moves = self.global.moves(&request) || self.global.moves(&pin.name);
                if pin.repository == one.name && !moves {
                    return Err(message::pinned_to_absent(pin, origin, &trouble));
                }
            }
            if one.is_news() {
                trouble.severity = Severity::Warning;
                let help = "what the other repositories have is taken; give access to this one, or take it out";
                draw::diagnostics(&self.global, &[trouble.help(help.to_owned())]);
            }
        }
        Ok(())
    }

    fn all_absent(&self) -> impl Iterator<Item = &Opened> {
        let opened = self.opened.get().and_then(|opened| opened.as_deref().ok());
        opened.unwrap_or_default().iter().filter(|one| one.absent().is_some())
    }
}
