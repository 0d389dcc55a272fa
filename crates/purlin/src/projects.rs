//! Projects that are in git repositories: fetched when they are first needed, pinned in `purlin.lock`,
//! and from then on read from the user's cache folder without a process.

mod address;
mod tree;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use purlin_commands::ProcessVariables;
use purlin_definitions::{Fetched, GitProject, path_text};
use purlin_host::{LOCK_FILE, LockFile, ProjectPin};
use purlin_model::{Diagnostic, Origin, Severity};
use purlin_store::Hold;

use crate::context::Context;
use crate::git::remote::Remote;
use crate::kept::{Found, Kept, commit_of, time_of};
use crate::{environment, workspace};

/// The projects of one workspace.
pub(crate) struct Projects {
    root: PathBuf,
    /// The folder of indexes, where writers of the lock file take turns.
    index: PathBuf,
    kept: Kept,
    locked: bool,
    offline: bool,
    /// Names of what is pinned anew.
    update: Vec<String>,
    /// Repositories and revisions for which that was done.
    moved: Mutex<HashSet<(String, Option<String>)>>,
    told: Mutex<Vec<Diagnostic>>,
    /// What is used is not pruned meanwhile.
    held: OnceLock<Hold>,
}

/// The projects that are kept in a user's cache folder.
pub(crate) fn kept(cache: &Path) -> Kept {
    Kept::new(cache.join("projects"))
}

/// What is fetched, and how it is called.
struct Wanted<'a> {
    project: &'a GitProject<'a>,
    chain: String,
    address: &'a OsStr,
}

impl Projects {
    pub(crate) fn new(context: &Context, root: PathBuf) -> Self {
        Self {
            root,
            index: context.cache.join("index"),
            kept: kept(&context.cache),
            locked: context.global.locked,
            offline: context.global.offline,
            update: context.global.update.clone(),
            moved: Mutex::default(),
            told: Mutex::default(),
            held: OnceLock::new(),
        }
    }

    /// What was noticed on the way, besides errors.
    pub(crate) fn take_told(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, diagnostic: Diagnostic) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    /// The folder of a project, fetched and pinned if it was not before.
    ///
    /// # Errors
    /// It is refused or cannot be fetched, or the lock file would have to change and must not.
    pub(crate) fn folder(&self, project: &GitProject<'_>) -> Result<Fetched, Diagnostic> {
        let address = address::address(project.url, project.folder, project.within)
            .map_err(|why| refused(project, project.url, project.origin, &why))?;
        if let Some((rev, origin)) = project.rev
            && let Some(why) = address::refused_revision(rev)
        {
            return Err(refused(project, rev, origin, why));
        }
        let chain = path_text(&project.chain.iter().map(ToString::to_string).collect::<Vec<_>>());
        let wanted = Wanted { project, chain, address: &address };
        self.held.get_or_init(|| self.kept.hold());
        let folder = self.found(&wanted)?;
        let (commit, modified) = (commit_of(&folder), time_of(&folder));
        self.kept.note(&self.root.join(workspace::FILE), &wanted.chain, &commit);
        Ok(Fetched { folder, url: project.url.to_owned(), commit, modified })
    }

    fn found(&self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let lock = LockFile::read(&self.root)?;
        let (url, rev) = (wanted.project.url, wanted.rev());
        let old = lock.project(&wanted.chain);
        let moves = self.moves(&lock, &wanted.chain, url, rev);
        if let Some((pin, origin)) = &old
            && pin.is_of(url, rev)
            && !moves
        {
            return self.commit(wanted, &pin.commit, Some(origin));
        }
        let old = old.map(|(pin, _)| pin);
        if self.locked {
            return Err(locked(wanted, old.as_ref()));
        }
        let (commit, folder) = match lock.commit_of(url, rev).filter(|_| !moves) {
            // One revision is one commit, whatever it is called.
            Some(commit) => (commit.clone(), self.commit(wanted, &commit, None)?),
            None => self.resolve(wanted)?,
        };
        let pin = ProjectPin { url: url.to_owned(), rev: rev.map(str::to_owned), commit };
        match LockFile::pin_project(&self.root, &self.index, &wanted.chain, &pin, old.as_ref()) {
            Ok(counts) => {
                if let Some(old) = old.filter(|old| *old != counts) {
                    self.tell(changed(&wanted.chain, &old, &counts));
                }
                if counts.commit == pin.commit {
                    return Ok(folder);
                }
                self.commit(wanted, &counts.commit, None)
            }
            // A workspace that cannot be written to is no reason not to work in it.
            Err(mut trouble) if trouble.code == "lock-unwritten" => {
                trouble.severity = Severity::Warning;
                self.tell(trouble);
                Ok(folder)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Whether this revision is pinned anew, which is done once: all names of one are moved together.
    fn moves(&self, lock: &LockFile, chain: &str, url: &str, rev: Option<&str>) -> bool {
        let mut names = self.update.iter();
        let is_named = names.any(|name| {
            name == chain || lock.project(name).is_some_and(|(pin, _)| pin.is_of(url, rev))
        });
        let revision = (url.to_owned(), rev.map(str::to_owned));
        is_named && self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(revision)
    }

    /// The files of a commit that is known; `pinned` is where.
    fn commit(
        &self,
        wanted: &Wanted<'_>,
        commit: &str,
        pinned: Option<&Origin>,
    ) -> Result<PathBuf, Diagnostic> {
        match self.kept.find(commit) {
            Found::Whole(folder) => return Ok(folder),
            Found::Missing => {}
            Found::Damaged(why) => self.tell(damaged(wanted, commit, &why)),
        }
        let label = |diagnostic: Diagnostic| match pinned {
            Some(origin) => diagnostic.label(origin.clone(), "pinned here"),
            None => diagnostic,
        };
        if self.offline {
            return Err(label(offline(wanted, Some(commit))));
        }
        let fetched = self.with_remote(|remote, scratch| {
            remote.fetch_commit(wanted.address, commit)?;
            self.kept.put(commit, scratch, |tree| tree::write_commit(commit, remote, tree))
        });
        fetched.map_err(|why| label(unfetched(wanted, &why)))
    }

    /// The commit of a revision that is not pinned, and its files.
    fn resolve(&self, wanted: &Wanted<'_>) -> Result<(String, PathBuf), Diagnostic> {
        if self.offline {
            return Err(offline(wanted, None));
        }
        let fetched = self.with_remote(|remote, scratch| {
            let commit = remote.fetch(wanted.address, wanted.rev())?;
            let folder = match self.kept.find(&commit) {
                Found::Whole(folder) => folder,
                Found::Missing | Found::Damaged(_) => self
                    .kept
                    .put(&commit, scratch, |tree| tree::write_commit(&commit, remote, tree))?,
            };
            Ok((commit, folder))
        });
        fetched.map_err(|why| unfetched(wanted, &why))
    }

    fn with_remote<T>(
        &self,
        ask: impl FnOnce(&Remote<'_>, &Path) -> Result<T, String>,
    ) -> Result<T, String> {
        let scratch = self.kept.scratch()?;
        let variables = ProcessVariables::new(environment::all());
        ask(&Remote::new(scratch.folder(), &variables)?, scratch.folder())
    }
}

impl Wanted<'_> {
    fn rev(&self) -> Option<&str> {
        self.project.rev.map(|(rev, _)| rev)
    }

    /// A diagnostic about the entry.
    fn label(&self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.label(self.project.origin.clone(), "from this repository")
    }
}

fn refused(project: &GitProject<'_>, text: &str, origin: &Origin, why: &str) -> Diagnostic {
    let name = project.chain.last().map_or("", |name| &**name);
    let what = format!("the project `{name}` cannot be fetched: `{text}` is refused");
    Diagnostic::error("project", what).label(origin.clone(), "written here").detail(why)
}

fn unfetched(wanted: &Wanted<'_>, why: &str) -> Diagnostic {
    let what = format!("the project `{}` cannot be fetched", wanted.chain);
    wanted
        .label(Diagnostic::error("not-fetched", what))
        .detail(why)
        .help("`git ls-remote` with this address shows what is there to fetch".to_owned())
}

fn offline(wanted: &Wanted<'_>, commit: Option<&str>) -> Diagnostic {
    let what =
        format!("the project `{}` is not here, and `--offline` fetches nothing", wanted.chain);
    let missing = match commit {
        Some(commit) => format!("Missing: commit {commit} of {}.", wanted.project.url),
        None => format!(
            "Missing: {} of {}, which is not pinned.",
            wanted.rev().map_or("the head".to_owned(), |rev| format!("`{rev}`")),
            wanted.project.url
        ),
    };
    wanted
        .label(Diagnostic::error("offline", what))
        .detail(missing)
        .help("run the verb once without `--offline`".to_owned())
}

fn locked(wanted: &Wanted<'_>, old: Option<&ProjectPin>) -> Diagnostic {
    let what = format!("{LOCK_FILE} would have to change, which `--locked` forbids");
    let why = match old {
        None => format!("The project `{}` has no pin.", wanted.chain),
        Some(old) => format!(
            "The project `{}` is pinned for {}.",
            wanted.chain,
            revision(&old.url, old.rev.as_deref())
        ),
    };
    wanted
        .label(Diagnostic::error("locked", what))
        .detail(why)
        .help("run the verb without `--locked`, and commit the file".to_owned())
}

fn damaged(wanted: &Wanted<'_>, commit: &str, why: &str) -> Diagnostic {
    let what = format!("the copy of the project `{}` in the cache is damaged", wanted.chain);
    Diagnostic::warning("damaged-project", what)
        .detail(format!("Commit {commit}: {why}. It is fetched again."))
}

fn changed(chain: &str, old: &ProjectPin, new: &ProjectPin) -> Diagnostic {
    let mut what = Vec::new();
    let (before, after) =
        (revision(&old.url, old.rev.as_deref()), revision(&new.url, new.rev.as_deref()));
    if before != after {
        what.push(format!("{before} → {after}"));
    }
    if old.commit != new.commit {
        what.push(format!("commit {} → {}", short(&old.commit), short(&new.commit)));
    }
    Diagnostic::note("lock-changed", format!("{LOCK_FILE} was changed"))
        .detail(format!("project `{chain}`: {}", what.join(", ")))
        .help("commit it with the change that it belongs to".to_owned())
}

fn revision(url: &str, rev: Option<&str>) -> String {
    match rev {
        Some(rev) => format!("`{rev}` of {url}"),
        None => format!("the head of {url}"),
    }
}

fn short(commit: &str) -> &str {
    &commit[..commit.len().min(12)]
}
