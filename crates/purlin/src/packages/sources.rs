//! Where sources come from.

use std::fs;
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Digest};
use purlin_packages::{Package, Source};
use purlin_store::{Files, Patterns};

use super::Settings;
use crate::context::Context;

/// What has sources.
pub(super) struct Sources<'a> {
    context: &'a Context,
    root: PathBuf,
    files: Files,
}

impl<'a> Sources<'a> {
    pub(super) fn new(context: &'a Context, root: &Path, _settings: &Settings) -> Self {
        let index = purlin_commands::private_folder(root).join("index");
        Self { context, root: root.to_owned(), files: Files::open(root.to_owned(), index) }
    }

    fn listing(&self, path: &str) -> purlin_store::Listing {
        let patterns = Patterns::new(&[path]).unwrap_or_default();
        self.files.inputs(&[&patterns]).ok().and_then(|mut all| all.pop()).unwrap_or_default()
    }

    /// The digest of a source.
    pub(super) fn digest(
        &self,
        source: &Source,
        _home: &Path,
        _package: &Package,
    ) -> Result<Digest, Diagnostic> {
        let _ = self.context;
        match source {
            Source::Path { path, .. } => Ok(self.listing(path).digest()),
            Source::Url { sha256, .. } => Ok(Digest::of(sha256.as_bytes())),
        }
    }

    /// Puts a source into a folder.
    pub(super) fn place(
        &self,
        source: &Source,
        _home: &Path,
        _package: &Package,
        into: &Path,
        _stops: &dyn Fn() -> bool,
    ) -> Result<(), Diagnostic> {
        if let Source::Path { path, .. } = source {
            for (file, _) in self.listing(path).files {
                let file = file.to_path().to_path_buf();
                let to = into.join(file.strip_prefix(path).unwrap_or(&file));
                let _ = fs::create_dir_all(to.parent().unwrap_or(into));
                fs::copy(self.root.join(&file), to)
                    .map_err(|error| Diagnostic::error("source", error.to_string()))?;
            }
        }
        Ok(())
    }
}
