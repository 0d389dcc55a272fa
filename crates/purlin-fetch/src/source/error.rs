//! Why a source cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;
use purlin_store::{FilesError, RelativePath, TreeError};

use crate::error::summary;

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No path in the workspace.
    #[error("`{path}` is no path in the workspace.")]
    Path {
        /// The text.
        path: String,
    },
    /// A pattern is none.
    #[error("{message}")]
    Pattern {
        /// A sentence.
        message: String,
    },
    /// There is nothing.
    #[error("There is no `{path}` in the workspace.")]
    Missing {
        /// From the root of the workspace.
        path: String,
    },
    /// Nothing counts.
    #[error("Nothing in `{path}` counts as its source.")]
    Empty {
        /// From the root of the workspace.
        path: String,
    },
    /// A link leads out, and not to a file.
    #[error("The link `{path}` leads out of its source, to `{target}`, which is no file.")]
    Link {
        /// From the source's folder.
        path: RelativePath,
        /// What it says.
        target: String,
    },
    /// A file is not what it was when its source was looked at.
    #[error("`{path}` has changed while it was copied.")]
    Changed {
        /// From the source's folder.
        path: RelativePath,
    },
    /// Files could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Files cannot stand together.
    #[error(transparent)]
    Tree(#[from] TreeError),
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
}

impl SourceError {
    /// What a user is told; the places are added by whoever knows who asked.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error("source", summary(self));
        match self {
            Self::Empty { .. } => diagnostic
                .detail("What git ignores does not count, nor what `exclude` takes out.".to_owned())
                .help("look at `include` and `exclude`, and at `.gitignore`".to_owned()),
            Self::Link { .. } => diagnostic
                .detail("A link that leads to a file counts as that file, another one does not.")
                .help("leave it out with `exclude`".to_owned()),
            Self::Changed { .. } => diagnostic.help("run it again".to_owned()),
            _ => diagnostic,
        }
    }
}

/// Makes the errors of a step on `path`.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SourceError {
    move |source| SourceError::Io { action, path: path.to_owned(), source }
}
