//! What can go wrong here.

use std::io;
use std::path::{Path, PathBuf};

use purlin_model::Digest;

use crate::{RelativePath, TreeError};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused a step on a file or folder of the store.
    #[error("Could not {action} `{}`: {source}.", path.display())]
    Io {
        /// What was tried, as a verb phrase: "write", "make the folder".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A stored file is not what was stored; it counts as absent.
    #[error("The cache entry `{}` is damaged: {reason}.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The key of the action, or the digest that the blob should have.
        digest: Digest,
        /// What is wrong with it.
        reason: &'static str,
        /// Whether it could be removed. If not, it will be met again.
        removed: bool,
    },
    /// An artifact could not be read.
    #[error("Could not read the artifact `{}`: {source}.", path.display())]
    Artifact {
        /// The artifact.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An artifact is something that cannot be stored.
    #[error(
        "The artifact `{path}` is a {kind}; only files, symbolic links and directories can be stored."
    )]
    Kind {
        /// The artifact.
        path: RelativePath,
        /// What it is.
        kind: &'static str,
    },
    /// An artifact lies beyond a symbolic link that leads out of the workspace.
    #[error(transparent)]
    Outside(#[from] Outside),
    /// The artifacts contradict each other.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// A path that cannot be written or stored because it leads out of the workspace.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` lies beyond the symbolic link `{link}`, which leads out of the workspace, to `{}`.", target.display())]
pub struct Outside {
    /// The path.
    pub path: RelativePath,
    /// The symbolic link above it.
    pub link: RelativePath,
    /// Where the link leads.
    pub target: PathBuf,
}

/// Why outputs could not be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The content of a file is not in the store: the result counts as a miss. Nothing was
    /// changed.
    #[error("The content {digest} of `{path}` is {}.", if *damaged { "damaged" } else { "not in the cache" })]
    Incomplete {
        /// The file of the tree.
        path: RelativePath,
        /// Its content.
        digest: Digest,
        /// Whether the store had it in a damaged state; it was dropped then.
        damaged: bool,
    },
    /// Something that nobody recorded stands where an output belongs. Nothing was changed.
    #[error("`{by}` is in the way of the output `{path}`: {reason}.")]
    Blocked {
        /// The output.
        path: RelativePath,
        /// What is in its way.
        by: RelativePath,
        /// Why it is not removed.
        reason: &'static str,
    },
    /// An output lies beyond a symbolic link that leads out of the workspace. Nothing was changed.
    #[error(transparent)]
    Outside(#[from] Outside),
    /// The system refused a step in the workspace. What was replaced before is whole, and a
    /// repetition goes on from there.
    #[error("Could not {action} `{}`: {source}.", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The store itself failed. Nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// Whether the place is at fault and not the content: read-only, full, over quota, not
    /// permitted, or no folder at all. Every further write will fail too, so that one warning is
    /// enough and work can go on without the store.
    #[must_use]
    pub fn is_environmental(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_environmental(source))
    }
}

impl RestoreError {
    /// As [`StoreError::is_environmental`], for the workspace.
    #[must_use]
    pub fn is_environmental(&self) -> bool {
        match self {
            Self::Io { source, .. } => is_environmental(source),
            Self::Store(error) => error.is_environmental(),
            _ => false,
        }
    }
}

fn is_environmental(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::StaleNetworkFileHandle
    )
}

/// Makes the errors of a step on `path`.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Io { action, path: path.to_owned(), source }
}
