//! Defects that tests seed, to see that they would be found.
//!
//! Each stands where a careless change would make it. Unless the feature `fault-injection` is on,
//! there are none.

use std::borrow::Cow;
use std::path::Path;

/// Whether this process is to have the defect `name`.
#[inline]
#[must_use]
pub fn seeded(name: &'static str) -> bool {
    #[cfg(feature = "fault-injection")]
    return sown::SEEDED.get().is_some_and(|one| one == name);
    #[cfg(not(feature = "fault-injection"))]
    {
        let _ = name;
        false
    }
}

/// Where a result is put: below `root`, unless the defect is seeded that a path is kept absolute.
/// Then it is the first root that ever used the cache in `folder`.
pub(crate) fn place<'r>(folder: &Path, root: &'r Path) -> Cow<'r, Path> {
    #[cfg(feature = "fault-injection")]
    if seeded("second-clone-writes-into-first") {
        return Cow::Owned(sown::first_root(folder, root));
    }
    let _ = folder;
    Cow::Borrowed(root)
}

#[cfg(feature = "fault-injection")]
pub use sown::seed;

#[cfg(feature = "fault-injection")]
mod sown {
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;

    pub(super) static SEEDED: OnceLock<String> = OnceLock::new();

    /// From now on this process has the defect `name`.
    pub fn seed(name: String) {
        let _ = SEEDED.set(name);
    }

    pub(super) fn first_root(folder: &Path, root: &Path) -> PathBuf {
        let file = folder.with_extension("first-root");
        if let Ok(first) = std::fs::read_to_string(&file) {
            return first.into();
        }
        // A test that misses it fails by itself.
        let _ = std::fs::write(&file, root.as_os_str().as_encoded_bytes());
        root.to_owned()
    }
}
