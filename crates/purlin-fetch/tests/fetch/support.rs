//! What the tests here share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use purlin_fetch::{Fetcher, Settings};

/// Settings that lose no time.
pub(crate) fn settings() -> Settings {
    Settings {
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(10),
        pause: Duration::from_millis(5),
        ..Settings::default()
    }
}

pub(crate) fn fetcher(folder: &Path) -> Fetcher {
    Fetcher::new(folder.to_owned(), settings())
}

/// Bytes that are not like their neighbours.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// All files below a folder but locks, which say nothing.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
