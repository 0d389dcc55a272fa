//! What met requests is written to `purlin.lock`.

use purlin_environments::Chosen;
use purlin_host::{LockFile, PackagePin};
use purlin_model::{Diagnostic, Severity};

use super::{Repositories, message};
use crate::draw;

impl Repositories {
    /// Pins packages by request, each with a number that an error is told with. What is pinned otherwise is
    /// told, and with `--locked` an error, as it is for who only looks.
    pub(super) fn pin(
        &self,
        all: &[(usize, String, PackagePin)],
        is_look: bool,
    ) -> Result<(), (usize, Diagnostic)> {
        let first = all.first().map_or(0, |(place, ..)| *place);
        let pins = LockFile::read(&self.root).map_err(|trouble| (first, trouble))?.packages();
        let mut new: Vec<(String, PackagePin)> = Vec::new();
        let mut changed = Vec::new();
        for (place, request, pin) in all {
            if new.iter().any(|(known, _)| known == request) {
                continue;
            }
            match pins.get(request) {
                Some((old, _)) if old == pin => continue,
                None if is_look => return Err((*place, message::unpinned(request))),
                Some((old, _)) if is_look => {
                    return Err((*place, message::moved(request, old, pin)));
                }
                old if self.global.locked => {
                    return Err((*place, message::locked(request, pin, old)));
                }
                Some((old, _)) => changed.push(message::difference(request, old, pin)),
                None => {}
            }
            new.push((request.clone(), pin.clone()));
        }
        if new.is_empty() {
            return Ok(());
        }
        self.write(&new, &changed).map_err(|trouble| (first, trouble))
    }

    fn write(&self, new: &[(String, PackagePin)], changed: &[String]) -> Result<(), Diagnostic> {
        match LockFile::pin_packages(&self.root, &self.index, new) {
            Ok(()) if changed.is_empty() => Ok(()),
            Ok(()) => {
                draw::diagnostics(&self.global, &[message::changed(changed)]);
                Ok(())
            }
            // A workspace that cannot be written to is no reason not to work in it.
            Err(mut trouble) if trouble.code == "lock-unwritten" => {
                trouble.severity = Severity::Warning;
                draw::diagnostics(&self.global, &[trouble]);
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }
}

/// What is pinned of a package that was chosen, and by which request.
pub(super) fn of(chosen: &Chosen) -> (String, PackagePin) {
    let pin = PackagePin {
        name: chosen.offer.name.clone(),
        version: chosen.offer.version.to_string(),
        repository: chosen.offer.repository.clone(),
        digest: chosen.offer.digest.clone(),
    };
    (chosen.request.to_string(), pin)
}
