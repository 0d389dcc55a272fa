//! What commands depend on that depend on packages.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use purlin_model::{Diagnostic, Digest, Hasher, Origin};
use purlin_packages::Maker;

use super::Packages;
use crate::context::Context;

/// Tells the identities of packages. The definitions are opened when somebody asks for one.
pub(crate) struct Identities<'a> {
    context: &'a Context,
    opened: OnceLock<Result<Packages<'a>, Diagnostic>>,
    known: Mutex<HashMap<String, Result<String, Diagnostic>>>,
}

impl<'a> Identities<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { context, opened: OnceLock::new(), known: Mutex::default() }
    }

    fn packages(&self) -> Result<&Packages<'a>, Diagnostic> {
        let opened = self.opened.get_or_init(|| {
            Packages::open(self.context, None).map_err(|failure| {
                failure.diagnostics.into_iter().next().unwrap_or_else(|| {
                    Diagnostic::error("no-packages", "the definitions cannot be opened")
                })
            })
        });
        opened.as_ref().map_err(Clone::clone)
    }

    fn found(&self, request: &str) -> Result<String, Diagnostic> {
        let packages = self.packages()?;
        let origin: &Origin = &self.context.document.origin;
        let value = packages.requested(request, "a command", origin).map_err(|mut trouble| {
            // The place of the dependency is told by whoever asks.
            trouble.labels.clear();
            trouble
        })?;
        let mut maker = Maker::new(&packages.system, &packages.store, packages);
        let made = maker.add(&value)?;
        let graph = maker.finish()?;
        let mut hasher = Hasher::new("purlin-packages");
        for index in graph.to_run(&made) {
            hasher.field(&graph.nodes[index].key.0);
        }
        Ok(Digest::to_hex(hasher.finish()))
    }
}

impl purlin_commands::Packages for Identities<'_> {
    fn identity(&self, request: &str) -> Result<String, Diagnostic> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(request) {
            return known.clone();
        }
        let found = self.found(request);
        known.insert(request.to_owned(), found.clone());
        found
    }
}
