//! The one place with unsafe code: mapping an index file.

use std::fs::File;
use std::io;
use std::path::Path;

/// The bytes of an index, mapped from its file or made in this process.
pub(super) enum Bytes {
    Mapped(memmap2::Mmap),
    Made(Vec<u8>),
}

impl Bytes {
    /// Maps a file.
    pub(super) fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: a mapping is sound while nobody changes the file under it. Index files are in
        // the user's own cache folder and are never written in place: a new one is renamed over
        // the old one, whose content stays with those that have mapped it.
        #[expect(unsafe_code, reason = "reading 1,000 plugins' records would cost more than a run")]
        let mapped = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self::Mapped(mapped))
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => mapped,
            Self::Made(made) => made,
        }
    }
}
