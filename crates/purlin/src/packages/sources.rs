//! Where sources come from.

use std::fs;
use std::path::{Path, PathBuf};

use purlin_fetch::{Fetcher, Limits, Watch, is_archive, last_name, unpack};
use purlin_model::{Diagnostic, Digest};
use purlin_packages::{Package, Source};
use purlin_store::{Files, Patterns};

use super::Settings;
use crate::context::Context;
use crate::fetching;

/// What has sources.
pub(super) struct Sources {
    root: PathBuf,
    files: Files,
    fetcher: Fetcher,
}

impl Sources {
    pub(super) fn new(context: &Context, root: &Path, settings: &Settings) -> Self {
        let index = purlin_commands::private_folder(root).join("index");
        Self {
            root: root.to_owned(),
            files: Files::open(root.to_owned(), index),
            fetcher: fetching::fetcher(context, &settings.mirrors),
        }
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
        package: &Package,
    ) -> Result<Digest, Diagnostic> {
        match source {
            Source::Path { path, .. } => Ok(self.listing(path).digest()),
            Source::Url { url, sha256 } => pinned(url, sha256, package),
        }
    }

    /// Puts a source into an empty folder.
    pub(super) fn place(
        &self,
        source: &Source,
        _home: &Path,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic> {
        match source {
            Source::Path { path, .. } => {
                for (file, _) in self.listing(path).files {
                    let file = file.to_path().to_path_buf();
                    let to = into.join(file.strip_prefix(path).unwrap_or(&file));
                    let _ = fs::create_dir_all(to.parent().unwrap_or(into));
                    fs::copy(self.root.join(&file), to)
                        .map_err(|error| Diagnostic::error("source", error.to_string()))?;
                }
                Ok(())
            }
            Source::Url { url, sha256 } => self.fetch(url, sha256, package, into, stops),
        }
    }

    fn fetch(
        &self,
        url: &str,
        sha256: &str,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic> {
        let digest = pinned(url, sha256, package)?;
        let told = |diagnostic: Diagnostic| {
            diagnostic.label(package.origin.clone(), format!("the source of `{}`", package.shown()))
        };
        let watch = Watch { progress: &|_| {}, cancelled: stops };
        let file =
            self.fetcher.fetch(url, digest, &watch).map_err(|error| told(error.diagnostic()))?;
        let name = last_name(url);
        let io = |error: std::io::Error| {
            told(Diagnostic::error("source", format!("`{name}` cannot be put in its place"))
                .detail(format!("{}: {error}.", into.display())))
        };
        if is_archive(name) {
            // It is unpacked beside its place, and appears there whole.
            fs::remove_dir(into).map_err(io)?;
            return unpack(&file, name, into, &Limits::default(), &watch)
                .map_err(|error| told(error.diagnostic()));
        }
        let name = if name.is_empty() { "source" } else { name };
        fs::copy(file, into.join(name)).map(drop).map_err(io)
    }
}

/// The digest that a fetched source must have.
fn pinned(url: &str, sha256: &str, package: &Package) -> Result<Digest, Diagnostic> {
    sha256.parse().map_err(|_| {
        Diagnostic::error("no-digest", format!("the source of `{}` has no digest", package.shown()))
            .label(package.origin.clone(), format!("it is fetched from {url}"))
            .help("give it a `sha256`: what is fetched has to be what was meant".to_owned())
    })
}
