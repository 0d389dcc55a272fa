//! Where sources come from.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use purlin_fetch::{Fetcher, Limits, Snapshot, Watch, is_archive, last_name, snapshot, unpack};
use purlin_model::{Diagnostic, Digest, Hasher};
use purlin_packages::{Package, Source};
use purlin_store::Files;

use crate::context::Context;
use crate::fetching;

/// What has sources.
pub(super) struct Sources {
    cache: PathBuf,
    root: PathBuf,
    /// The files of the workspace, and of projects outside of it, by folder.
    files: Mutex<BTreeMap<PathBuf, Arc<Files>>>,
    fetcher: Fetcher,
}

impl Sources {
    pub(super) fn new(context: &Context, root: &Path) -> Self {
        Self {
            cache: context.cache.clone(),
            root: root.to_owned(),
            files: Mutex::default(),
            fetcher: fetching::fetcher(context),
        }
    }

    /// Remembers what was read of files. That it cannot costs the next run time.
    pub(super) fn save(&self) {
        for files in self.files.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let _ = files.save();
        }
    }

    fn files(&self, home: &Path) -> Arc<Files> {
        let mut known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || {
            let index = match home == self.root {
                true => purlin_commands::private_folder(home).join("index"),
                // What is fetched or shared may only be read.
                false => {
                    let name = Digest::of(home.as_os_str().as_encoded_bytes()).short();
                    self.cache.join("index").join(format!("{name}.files"))
                }
            };
            Arc::new(Files::open(home.to_owned(), index))
        };
        known.entry(home.to_owned()).or_insert_with(open).clone()
    }

    /// The digest of a source.
    pub(super) fn digest(
        &self,
        source: &Source,
        home: &Path,
        package: &Package,
    ) -> Result<Digest, Diagnostic> {
        match source {
            Source::Path { .. } => Ok(self.snapshot(source, home, package)?.digest()),
            Source::Url { url, sha256 } => {
                let digest = pinned(url, sha256, package)?;
                Ok(match file_of(url) {
                    None => digest,
                    // The build sees its name.
                    Some(name) => {
                        let mut hasher = Hasher::new("a fetched file");
                        hasher.field(&digest.0).field(name.as_bytes());
                        hasher.finish()
                    }
                })
            }
        }
    }

    fn snapshot(
        &self,
        source: &Source,
        home: &Path,
        package: &Package,
    ) -> Result<Snapshot, Diagnostic> {
        let Source::Path { path, include, exclude } = source else {
            return Err(Diagnostic::error("source", "it is not in the workspace"));
        };
        snapshot(&self.files(home), home, path, include, exclude)
            .map_err(|error| told(error.diagnostic(), package))
    }

    /// Puts a source into a folder that is not there yet.
    pub(super) fn place(
        &self,
        source: &Source,
        home: &Path,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic> {
        match source {
            Source::Path { .. } => self
                .snapshot(source, home, package)?
                .copy(home, into)
                .map_err(|error| told(error.diagnostic(), package)),
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
        let told = |diagnostic| told(diagnostic, package);
        let watch = Watch { progress: &|_| {}, cancelled: stops };
        let _held = self.fetcher.hold();
        let file =
            self.fetcher.fetch(url, digest, &watch).map_err(|error| told(error.diagnostic()))?;
        let name = file_of(url);
        let shown = name.unwrap_or_else(|| last_name(url));
        let io = |error: std::io::Error| {
            told(
                Diagnostic::error("source", format!("`{shown}` cannot be put in its place"))
                    .detail(format!("{}: {error}.", into.display())),
            )
        };
        let Some(name) = name else {
            return unpack(&file, shown, into, &Limits::default(), &watch)
                .map_err(|error| told(error.diagnostic()));
        };
        fs::create_dir(into).map_err(io)?;
        let place = into.join(name);
        fs::copy(file, &place).map_err(io)?;
        // What is kept may only be read; the copy is the build's own.
        fs::set_permissions(place, fs::Permissions::from_mode(0o644)).map_err(io)
    }
}

/// The name under which a build finds what is at an address; `None` for an archive, which is unpacked.
fn file_of(url: &str) -> Option<&str> {
    match last_name(url) {
        "" | "." | ".." => Some("source"),
        name => (!is_archive(name)).then_some(name),
    }
}

/// A message with the place of the package whose source it is about.
fn told(diagnostic: Diagnostic, package: &Package) -> Diagnostic {
    diagnostic.label(package.origin.clone(), format!("the source of `{}`", package.shown()))
}

/// The digest that a fetched source must have.
fn pinned(url: &str, sha256: &str, package: &Package) -> Result<Digest, Diagnostic> {
    sha256.parse().map_err(|_| {
        Diagnostic::error("no-digest", format!("the source of `{}` has no digest", package.shown()))
            .label(package.origin.clone(), format!("it is fetched from {url}"))
            .help("give it a `sha256`: what is fetched has to be what was meant".to_owned())
    })
}
