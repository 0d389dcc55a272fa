//! Why an archive was not unpacked.

use std::io;
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, harmless_line};
use purlin_store::StoreError;

use crate::error::summary;

/// Why an archive was not unpacked. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// No archive, or none of a known format.
    #[error("`{name}` is no archive that can be unpacked.")]
    Unknown {
        /// What it is called.
        name: String,
    },
    /// It ends early, or its parts contradict each other.
    #[error("The archive `{name}` is damaged: {reason}.")]
    Damaged {
        /// What it is called.
        name: String,
        /// What is wrong, without a full stop.
        reason: String,
    },
    /// An entry that is never unpacked.
    #[error("The archive `{name}` is refused: `{entry}` {reason}.")]
    Refused {
        /// What it is called.
        name: String,
        /// The entry's name.
        entry: String,
        /// The rest of the sentence.
        reason: String,
    },
    /// It would become larger than allowed.
    #[error("The archive `{name}` is refused: it is more than {limit} when unpacked.")]
    TooMuch {
        /// What it is called.
        name: String,
        /// The limit that it exceeds.
        limit: String,
    },
    /// The system refused a step.
    #[error("Could not {action} `{}`: {source}.", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder for it could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody did not want to wait.
    #[error("Unpacking `{name}` was cancelled.")]
    Cancelled {
        /// What it is called.
        name: String,
    },
}

impl UnpackError {
    /// What a user is told; the places are added by whoever knows who asked.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let summary = summary(self);
        match self {
            Self::Unknown { .. } => Diagnostic::error("unknown-archive", summary)
                .help("archives are tar (also with gzip, bzip2, xz or zstd) and zip".to_owned()),
            Self::Damaged { .. } => Diagnostic::error("damaged-archive", summary),
            Self::Refused { .. } | Self::TooMuch { .. } => {
                Diagnostic::error("refused-archive", summary)
                    .detail("Nothing of it was kept.".to_owned())
            }
            Self::Io { .. } | Self::Store(_) => Diagnostic::error("unpack", summary),
            Self::Cancelled { .. } => Diagnostic::error("cancelled", summary),
        }
    }

    /// Makes the errors of a step on `path`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn refused(name: &str, entry: &[u8], reason: impl Into<String>) -> Self {
        Self::Refused {
            name: name.to_owned(),
            entry: harmless_line(&String::from_utf8_lossy(entry)),
            reason: reason.into(),
        }
    }
}
