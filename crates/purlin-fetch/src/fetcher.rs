//! The folder of fetched files.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use purlin_model::Digest;
use purlin_store::{Hold, InstanceLock};
use ureq::Agent;

use crate::address::{Address, Place};
use crate::attempt::{Problem, attempt, copy};
use crate::client::Client;
use crate::error::io_error;
use crate::partial::{self, Partial};
use crate::settings::{Settings, Watch};
use crate::shelf;
use crate::{Failure, FetchError};

/// How often somebody who waits is asked whether to go on.
const LOOK: Duration = Duration::from_millis(50);

/// Fetches files into a folder that any number of processes share. A file has its digest for a
/// name, and is there whole or not at all.
pub struct Fetcher {
    folder: PathBuf,
    settings: Settings,
    client: Client,
}

impl Fetcher {
    /// Nothing is read or made yet.
    #[must_use]
    pub fn new(folder: PathBuf, settings: Settings) -> Self {
        Self { folder, settings, client: Client::default() }
    }

    /// How files are fetched.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Keeps files from being pruned: from before they are fetched until they are not needed any more.
    #[must_use]
    pub fn hold(&self) -> Hold {
        // Without the folder there would be nothing to hold. That it cannot be made is told by who
        // writes into it.
        let _ = fs::create_dir_all(&self.folder);
        Hold::of(&self.folder)
    }

    /// The file of this digest, where it is kept. Its content is read to be sure; one that was
    /// changed is removed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn kept(&self, digest: Digest) -> Result<Option<PathBuf>, FetchError> {
        let path = self.place(digest);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        if partial::digest(&mut file).map_err(io_error("read", &path))? == digest {
            shelf::touch(&file);
            return Ok(Some(path));
        }
        fs::remove_file(&path).map_err(io_error("remove the damaged file", &path))?;
        Ok(None)
    }

    /// The file of this digest: kept already, from a mirror, or from the address. A part of it that
    /// is here is completed, not fetched again.
    ///
    /// # Errors
    /// If nobody has it, or something else in its place.
    pub fn fetch(
        &self,
        url: &str,
        digest: Digest,
        watch: &Watch<'_>,
    ) -> Result<PathBuf, FetchError> {
        let address = Address::parse(url)?;
        let _held = self.hold();
        if let Some(path) = self.kept(digest)? {
            return Ok(path);
        }
        let _lock = self.lock(&digest.to_hex(), &address, watch)?;
        // Somebody else may have fetched it meanwhile.
        if let Some(path) = self.kept(digest)? {
            return Ok(path);
        }
        let mut failures = Vec::new();
        let mut mismatch = None;
        for mirror in &self.settings.mirrors {
            match address.in_mirror(mirror, digest) {
                Ok(place) => match self.from(&place, digest, watch)? {
                    Got::It(path) => return Ok(path),
                    Got::Another(actual) => failures.push(Failure {
                        url: place.shown,
                        reason: format!("It has another file of this name, {}.", actual.short()),
                    }),
                    Got::Nothing(reason) => failures.push(Failure { url: place.shown, reason }),
                },
                Err(error) => {
                    failures.push(Failure { url: mirror.clone(), reason: error.to_string() });
                }
            }
        }
        match self.from(&address, digest, watch)? {
            Got::It(path) => return Ok(path),
            Got::Another(actual) => mismatch = Some(actual),
            Got::Nothing(reason) => failures.push(Failure { url: address.shown.clone(), reason }),
        }
        let url = address.shown.clone();
        match mismatch {
            Some(actual) => Err(FetchError::Mismatch { url, expected: digest, actual, failures }),
            None if self.skips(&address) => Err(FetchError::Offline { url, digest: Some(digest) }),
            None => Err(FetchError::Failed { url, failures }),
        }
    }

    /// The file at an address, whatever it is, and its digest, by which it is kept from now on.
    /// Mirrors are not asked, because nobody could tell whether they have the same.
    ///
    /// # Errors
    /// If it cannot be fetched.
    pub fn pin(&self, url: &str, watch: &Watch<'_>) -> Result<(Digest, PathBuf), FetchError> {
        let address = Address::parse(url)?;
        let _held = self.hold();
        let name = format!("url-{}", Digest::of(url.as_bytes()));
        let _lock = self.lock(&name, &address, watch)?;
        // Nobody could tell whether the part that an earlier process left is whole up to its end.
        let left = self.folder.join("partial").join(&name);
        let _ = fs::remove_file(&left);
        let mut partial = Partial::open(left)?;
        match self.complete(&address, &mut partial, false, watch) {
            Ok(()) => {}
            Err(Problem::Passing(reason) | Problem::Lasting(reason)) => {
                partial.discard();
                let url = address.shown.clone();
                return Err(match self.skips(&address) {
                    true => FetchError::Offline { url, digest: None },
                    false => FetchError::Failed {
                        url,
                        failures: vec![Failure { url: address.shown, reason }],
                    },
                });
            }
            Err(Problem::Fatal(error)) => {
                partial.discard();
                return Err(error);
            }
        }
        let digest = partial.digest()?;
        let path = self.place(digest);
        partial.finish(&path)?;
        Ok((digest, path))
    }

    /// What one place has.
    fn from(
        &self,
        address: &Address,
        digest: Digest,
        watch: &Watch<'_>,
    ) -> Result<Got, FetchError> {
        if self.skips(address) {
            return Ok(Got::Nothing("Nothing is fetched offline.".to_owned()));
        }
        let mut partial = Partial::open(self.folder.join("partial").join(digest.to_hex()))?;
        loop {
            let begun = partial.length;
            match self.complete(address, &mut partial, true, watch) {
                Ok(()) => {}
                Err(Problem::Passing(reason) | Problem::Lasting(reason)) => {
                    return Ok(Got::Nothing(reason));
                }
                Err(Problem::Fatal(error)) => {
                    // What is too large, or does not fit on the disk, is in the way there.
                    if !matches!(error, FetchError::Cancelled { .. }) {
                        partial.discard();
                    }
                    return Err(error);
                }
            }
            let actual = partial.digest()?;
            if actual == digest {
                let path = self.place(digest);
                partial.finish(&path)?;
                return Ok(Got::It(path));
            }
            partial.restart(partial::Note::default())?;
            // The part that was here may have been of something else.
            if begun == 0 {
                partial.discard();
                return Ok(Got::Another(actual));
            }
        }
    }

    /// Asks one place again and again, until the file is whole or it leads nowhere.
    fn complete(
        &self,
        address: &Address,
        partial: &mut Partial,
        verified: bool,
        watch: &Watch<'_>,
    ) -> Result<(), Problem> {
        if let Place::File(path) = &address.place {
            return copy(path, address, partial, &self.settings, watch);
        }
        if self.skips(address) {
            return Err(Problem::lasting("Nothing is fetched offline."));
        }
        let agent = self.client.agent(&self.settings, address, verified)?;
        attended(&agent, watch, || {
            let (mut farthest, mut count, mut pause) = (partial.length, 0, self.settings.pause);
            loop {
                let cancelled = || FetchError::Cancelled { url: address.shown.clone() };
                let tried = attempt(&agent, address, partial, verified, &self.settings, watch);
                if (watch.cancelled)() {
                    return Err(cancelled().into());
                }
                let Err(Problem::Passing(reason)) = tried else { return tried };
                // A connection that breaks again and again gets there, too.
                if partial.length > farthest {
                    (farthest, count, pause) = (partial.length, 0, self.settings.pause);
                }
                count += 1;
                if count >= self.settings.attempts {
                    return Err(Problem::Passing(reason));
                }
                if !wait(pause, watch) {
                    return Err(cancelled().into());
                }
                pause *= 3;
            }
        })
    }

    /// Whether the network would be needed and may not be used.
    fn skips(&self, address: &Address) -> bool {
        self.settings.offline && matches!(address.place, Place::Web { .. })
    }

    fn lock(
        &self,
        name: &str,
        address: &Address,
        watch: &Watch<'_>,
    ) -> Result<InstanceLock, FetchError> {
        let folder = self.folder.join("locks");
        let lock = InstanceLock::acquire(&folder, name, |_| !(watch.cancelled)())?;
        lock.ok_or_else(|| FetchError::Cancelled { url: address.shown.clone() })
    }

    fn place(&self, digest: Digest) -> PathBuf {
        shelf::place(&self.folder, digest)
    }
}

/// What was at an address.
enum Got {
    It(PathBuf),
    Another(Digest),
    Nothing(String),
}

/// Does `work`, which uses `agent`, and closes its connections as soon as somebody cancels.
fn attended<T>(agent: &Agent, watch: &Watch<'_>, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let attendant = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if (watch.cancelled)() {
                    agent.clone().shutdown();
                    return;
                }
                thread::park_timeout(LOOK);
            }
        });
        let result = work();
        done.store(true, Ordering::Release);
        attendant.thread().unpark();
        result
    })
}

/// Waits; `false` if somebody cancels meanwhile.
fn wait(pause: Duration, watch: &Watch<'_>) -> bool {
    let end = Instant::now() + pause;
    loop {
        if (watch.cancelled)() {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(LOOK));
    }
}
