//! Inputs: fetched when a definition first asks for one, pinned in `purlin.lock` where their entries do
//! not say what they are, and unpacked once for all workspaces of the user.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use purlin_definitions::{Input, Inputs};
use purlin_fetch::{FetchError, Fetcher, Limits, Watch, is_archive, last_name, unpack};
use purlin_host::{InputPin, LOCK_FILE, LockFile};
use purlin_model::{Diagnostic, Digest, Origin, Severity};
use purlin_store::Hold;

use crate::arguments::Global;
use crate::context::Context;
use crate::kept::{Found, Kept};
use crate::{draw, fetching, workspace};

/// The inputs of one workspace.
pub(crate) struct FetchedInputs {
    root: PathBuf,
    /// The folder of indexes, where writers of the lock file take turns.
    index: PathBuf,
    kept: Kept,
    fetcher: Fetcher,
    global: Global,
    /// Whether nothing is fetched or pinned.
    only_looks: bool,
    digests: Answers<Pinned>,
    paths: Answers<PathBuf>,
    /// What is used is not pruned meanwhile.
    held: OnceLock<Hold>,
}

/// The inputs that are kept in a user's cache folder.
pub(crate) fn kept(cache: &Path) -> Kept {
    Kept::new(cache.join("inputs"))
}

/// What was found for each input. Who asks while it is found waits.
struct Answers<T>(Mutex<HashMap<String, Answer<T>>>);

type Answer<T> = Arc<OnceLock<Result<T, Diagnostic>>>;

/// What an input is, and where that is said.
#[derive(Clone)]
struct Pinned {
    digest: Digest,
    /// The place in the lock file.
    pinned: Option<Origin>,
}

impl FetchedInputs {
    pub(crate) fn new(context: &Context, root: PathBuf, only_looks: bool) -> Self {
        Self {
            only_looks,
            root,
            index: context.cache.join("index"),
            kept: kept(&context.cache),
            fetcher: fetching::fetcher(context),
            global: context.global.clone(),
            digests: Answers::default(),
            paths: Answers::default(),
            held: OnceLock::new(),
        }
    }

    fn pinned(&self, input: &Input<'_>) -> Result<Pinned, Diagnostic> {
        if input.within.is_some() && input.url.starts_with("file:") {
            return Err(refused(input));
        }
        if let Some(digest) = input.sha256 {
            return Ok(Pinned { digest, pinned: None });
        }
        let old = LockFile::read(&self.root)?.input(&input.chain);
        if let Some((pin, origin)) = &old
            && pin.url == input.url
            && !self.global.moves(&input.chain)
        {
            return Ok(Pinned { digest: pin.sha256, pinned: Some(origin.clone()) });
        }
        let old = old.map(|(pin, _)| pin);
        if self.only_looks {
            return Err(label(input, Diagnostic::error("unpinned", not_yet(input, "pinned"))));
        }
        if self.global.locked {
            return Err(locked(input, old.as_ref()));
        }
        let fetched =
            fetching::watched(&self.global, input.url, |watch| self.fetcher.pin(input.url, watch));
        let (sha256, _) = fetched.map_err(|error| unfetched(input, None, &error))?;
        let pin = InputPin { url: input.url.to_owned(), sha256 };
        match LockFile::pin_input(&self.root, &self.index, &input.chain, &pin, old.as_ref()) {
            Ok(counts) => {
                if let Some(old) = old.filter(|old| *old != counts) {
                    self.tell(changed(input, &old, &counts));
                }
                Ok(Pinned { digest: counts.sha256, pinned: None })
            }
            // A workspace that cannot be written to is no reason not to work in it.
            Err(mut trouble) if trouble.code == "lock-unwritten" => {
                trouble.severity = Severity::Warning;
                self.tell(trouble);
                Ok(Pinned { digest: sha256, pinned: None })
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn placed(&self, input: &Input<'_>) -> Result<PathBuf, Diagnostic> {
        let pinned = self.digests.answer(&input.chain, || self.pinned(input))?;
        let name = match last_name(input.url) {
            "" | "." | ".." => "file",
            name => name,
        };
        // An archive is the same folder whatever it is called; a file is found under its name.
        let (key, file) = match is_archive(name) {
            true => (pinned.digest.to_hex(), None),
            false => {
                let named = Digest::of(name.as_bytes()).short();
                (format!("{}-{named}", pinned.digest), Some(name))
            }
        };
        let within = |tree: PathBuf| file.map_or(tree.clone(), |file| tree.join(file));
        self.held.get_or_init(|| self.kept.hold());
        match self.kept.find(&key) {
            Found::Whole(tree) => {
                self.note(input, &key);
                return Ok(within(tree));
            }
            Found::Missing => {}
            Found::Damaged(why) => self.tell(damaged(input, &why)),
        }
        if self.only_looks {
            return Err(label(input, Diagnostic::error("unfetched", not_yet(input, "fetched"))));
        }
        let _file = self.fetcher.hold();
        fetching::watched(&self.global, input.url, |watch| {
            let archive = self
                .fetcher
                .fetch(input.url, pinned.digest, watch)
                .map_err(|error| unfetched(input, pinned.pinned.as_ref(), &error))?;
            let tree = self.put(input, &key, file, &archive, watch)?;
            self.note(input, &key);
            Ok(within(tree))
        })
    }

    /// Notes that this workspace uses it, so that it stays.
    fn note(&self, input: &Input<'_>, key: &str) {
        self.kept.note(&self.root.join(workspace::FILE), &input.chain, key);
    }

    /// Gives the content of an input its place.
    fn put(
        &self,
        input: &Input<'_>,
        key: &str,
        file: Option<&str>,
        from: &Path,
        watch: &Watch<'_>,
    ) -> Result<PathBuf, Diagnostic> {
        let unwritten = |why: String| {
            label(input, Diagnostic::error("input", cannot(input, "kept"))).detail(why)
        };
        let scratch = self.kept.scratch().map_err(unwritten)?;
        let made = scratch.folder().join("made");
        match file {
            None => {
                let name = last_name(input.url);
                unpack(from, name, &made, &Limits::default(), watch)
                    .map_err(|error| label(input, error.diagnostic()))?;
            }
            Some(file) => fs::create_dir(&made)
                .and_then(|()| fs::copy(from, made.join(file)))
                .map(drop)
                .map_err(|error| unwritten(error.to_string()))?,
        }
        let place = |tree: &Path| fs::rename(&made, tree).map_err(|error| error.to_string());
        self.kept.put(key, scratch.folder(), place).map_err(unwritten)
    }

    fn tell(&self, diagnostic: Diagnostic) {
        draw::diagnostics(&self.global, &[diagnostic]);
    }
}

impl Inputs for FetchedInputs {
    fn digest(&self, input: &Input<'_>) -> Result<Digest, Diagnostic> {
        self.digests.answer(&input.chain, || self.pinned(input)).map(|pinned| pinned.digest)
    }

    fn path(&self, input: &Input<'_>) -> Result<PathBuf, Diagnostic> {
        self.paths.answer(&input.chain, || self.placed(input))
    }
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Answers<T> {
    fn answer(
        &self,
        chain: &str,
        find: impl FnOnce() -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        let answer = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(chain.to_owned()).or_default().clone()
        };
        answer.get_or_init(find).clone()
    }
}

fn cannot(input: &Input<'_>, what: &str) -> String {
    format!("the input `{}` cannot be {what}", input.chain)
}

fn not_yet(input: &Input<'_>, what: &str) -> String {
    format!("the input `{}` is not {what} yet", input.chain)
}

/// A diagnostic about the entry.
fn label(input: &Input<'_>, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.label(input.origin.clone(), "this input")
}

fn unfetched(input: &Input<'_>, pinned: Option<&Origin>, error: &FetchError) -> Diagnostic {
    let mut told = label(input, error.diagnostic());
    if let Some(pinned) = pinned {
        told = told.label(pinned.clone(), "pinned here");
        if matches!(error, FetchError::Mismatch { .. }) {
            let name = &input.chain;
            told.help =
                format!("if the new content is right, `purlin build --update {name}` pins it");
        }
    }
    told
}

fn refused(input: &Input<'_>) -> Diagnostic {
    label(input, Diagnostic::error("input", cannot(input, "fetched"))).detail(
        "It is a file of this machine, and the project that names it came from a repository.",
    )
}

fn locked(input: &Input<'_>, old: Option<&InputPin>) -> Diagnostic {
    let what = format!("{LOCK_FILE} would have to change, which `--locked` forbids");
    let why = match old {
        None => format!("The input `{}` has no pin.", input.chain),
        Some(old) => format!("The input `{}` is pinned for {}.", input.chain, old.url),
    };
    label(input, Diagnostic::error("locked", what))
        .detail(why)
        .help("run the verb without `--locked`, and commit the file".to_owned())
}

fn damaged(input: &Input<'_>, why: &str) -> Diagnostic {
    let what = format!("the copy of the input `{}` in the cache is damaged", input.chain);
    Diagnostic::warning("damaged-input", what).detail(format!("{why}. It is made again."))
}

fn changed(input: &Input<'_>, old: &InputPin, new: &InputPin) -> Diagnostic {
    let mut what = Vec::new();
    if old.url != new.url {
        what.push(format!("{} → {}", old.url, new.url));
    }
    if old.sha256 != new.sha256 {
        what.push(format!("sha256 {} → {}", old.sha256.short(), new.sha256.short()));
    }
    Diagnostic::note("lock-changed", format!("{LOCK_FILE} was changed"))
        .detail(format!("input `{}`: {}", input.chain, what.join(", ")))
        .help("commit it with the change that it belongs to".to_owned())
}
