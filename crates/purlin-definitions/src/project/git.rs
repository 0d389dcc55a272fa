//! Projects from git repositories: what is asked of whoever fetches them.

use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Origin};

use crate::Name;

/// A project that is in a repository.
#[derive(Debug)]
pub struct GitProject<'a> {
    /// The names that lead to it from the workspace.
    pub chain: &'a [Name],
    /// The folder of the project that names it, absolute.
    pub folder: &'a Path,
    /// The repository as it is written.
    pub url: &'a str,
    /// Where that is written.
    pub origin: &'a Origin,
    /// The branch, tag or commit, and where that is written.
    pub rev: Option<(&'a str, &'a Origin)>,
    /// The repository that the asking project came from itself; `None` for one on the user's disk.
    pub within: Option<&'a str>,
}

/// Gives the folder with the files of a project that is in a repository. This crate starts no
/// process and knows no network.
pub type Fetch = Box<dyn Fn(&GitProject<'_>) -> Result<Fetched, Diagnostic> + Send + Sync>;

/// A project that was fetched, now or earlier.
#[derive(Debug)]
pub struct Fetched {
    /// The folder with its files, absolute.
    pub folder: PathBuf,
    /// The repository, so that it can be told where those that it names itself may be.
    pub url: String,
    /// The commit.
    pub commit: String,
    /// When that was made, in seconds since 1970, where it is known.
    pub modified: Option<i64>,
}
