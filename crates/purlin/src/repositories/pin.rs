//! What met requests is written to `purlin.lock`.

use std::collections::BTreeMap;

use purlin_environments::{Chosen, Resolution};
use purlin_host::{LockFile, PackagePin};
use purlin_model::{Diagnostic, Origin, Severity};

use super::{Repositories, message};
use crate::draw;

impl Repositories {
    /// Pins what was chosen. What is pinned otherwise is told, and with `--locked` an error, as it is
    /// for who only looks.
    pub(super) fn pin(
        &self,
        resolution: &Resolution,
        pins: &BTreeMap<String, (PackagePin, Origin)>,
        is_look: bool,
    ) -> Result<(), Diagnostic> {
        let mut new = Vec::new();
        let mut changed = Vec::new();
        for chosen in &resolution.packages {
            let (request, pin) = (chosen.request.to_string(), pin_of(chosen));
            match pins.get(&request) {
                Some((old, _)) if *old == pin => continue,
                None if is_look => return Err(message::unpinned(&request)),
                Some((old, _)) if is_look => return Err(message::moved(&request, old, &pin)),
                old if self.global.locked => {
                    return Err(message::locked(&request, &pin, old));
                }
                Some((old, _)) => changed.push(message::difference(&request, old, &pin)),
                None => {}
            }
            new.push((request, pin));
        }
        if new.is_empty() {
            return Ok(());
        }
        match LockFile::pin_packages(&self.root, &self.index, &new) {
            Ok(()) if changed.is_empty() => Ok(()),
            Ok(()) => {
                draw::diagnostics(&self.global, &[message::changed(&changed)]);
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

fn pin_of(chosen: &Chosen) -> PackagePin {
    PackagePin {
        name: chosen.offer.name.clone(),
        version: chosen.offer.version.to_string(),
        repository: chosen.offer.repository.clone(),
        digest: chosen.offer.digest.clone(),
    }
}
