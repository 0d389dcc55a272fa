//! Why a file could not be fetched.

use std::io;
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Digest};
use purlin_store::StoreError;

/// Why a file could not be fetched. Nothing that is not what was asked for is kept.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No address that can be fetched.
    #[error("`{url}` cannot be fetched: {reason}")]
    Address {
        /// The text.
        url: String,
        /// A sentence.
        reason: String,
    },
    /// It is not kept here, and the network may not be used.
    #[error("`{url}` is not here, and nothing is fetched offline.")]
    Offline {
        /// The address.
        url: String,
        /// What it should be, where that is known.
        digest: Option<Digest>,
    },
    /// The file is there, and is another one.
    #[error("What is at `{url}` is not what was asked for.")]
    Mismatch {
        /// The address.
        url: String,
        /// What it should be.
        expected: Digest,
        /// What it is.
        actual: Digest,
        /// What mirrors did before.
        failures: Vec<Failure>,
    },
    /// Nobody had it, or the connection failed each time.
    #[error("`{url}` could not be fetched.")]
    Failed {
        /// The address.
        url: String,
        /// What happened, at each address that was asked.
        failures: Vec<Failure>,
    },
    /// The file is larger than allowed.
    #[error("`{url}` is larger than {limit} bytes.")]
    TooLarge {
        /// The address.
        url: String,
        /// The largest that is allowed.
        limit: u64,
    },
    /// The system refused a step on a file.
    #[error("Could not {action} `{}`: {source}.", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder of kept files failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody did not want to wait.
    #[error("Fetching `{url}` was cancelled.")]
    Cancelled {
        /// The address.
        url: String,
    },
}

/// What one address had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The address.
    pub url: String,
    /// A sentence.
    pub reason: String,
}

impl FetchError {
    /// What a user is told; the places are added by whoever knows who asked.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let told = |code| Diagnostic::error(code, summary(self));
        match self {
            Self::Address { url, reason } => {
                Diagnostic::error("bad-address", format!("`{url}` cannot be fetched"))
                    .detail(reason.clone())
            }
            Self::Offline { digest, .. } => {
                let detail = digest.map(|digest| format!("sha256 = \"{digest}\""));
                told("offline")
                    .detail(detail.unwrap_or_default())
                    .help("run the verb once without `--offline`".to_owned())
            }
            Self::Mismatch { expected, actual, failures, .. } => {
                let detail = format!("expected {expected}\nactual   {actual}{}", lines(failures));
                told("digest-mismatch")
                    .detail(detail)
                    .help(format!("if the new content is right, write sha256 = \"{actual}\""))
            }
            Self::Failed { failures, .. } => {
                told("fetch-failed").detail(lines(failures).trim_start().to_owned())
            }
            Self::TooLarge { .. } => told("fetch-too-large"),
            Self::Io { .. } | Self::Store(_) => told("fetch-store"),
            Self::Cancelled { .. } => told("cancelled"),
        }
    }
}

/// A sentence as the first line of a diagnostic.
pub(crate) fn summary(error: &impl ToString) -> String {
    let text = error.to_string();
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

/// A line for each, with an end of line in front.
fn lines(failures: &[Failure]) -> String {
    failures.iter().map(|one| format!("\n{}: {}", one.url, one.reason)).collect()
}

/// Makes the errors of a step on `path`.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    move |source| FetchError::Io { action, path: path.to_owned(), source }
}
