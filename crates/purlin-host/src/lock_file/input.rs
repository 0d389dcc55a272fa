//! One input's block of `purlin.lock`: the digest of what was at its address first.

use std::path::Path;

use purlin_model::{Diagnostic, Digest, Origin, Value};
use serde_json::json;

use super::{LockFile, alone, unlockable};

/// The table of these blocks.
const TABLE: &str = "inputs";

/// An input, and the content that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputPin {
    /// The address as it is written.
    pub url: String,
    /// The digest of what was there.
    pub sha256: Digest,
}

impl LockFile {
    /// The pin of an input, by its name behind those of the projects that lead to it, with the place
    /// of its name.
    #[must_use]
    pub fn input(&self, chain: &str) -> Option<(InputPin, Origin)> {
        let entry = self.document.get(TABLE).and_then(Value::as_table)?.entry(chain)?;
        let text = |key: &str| entry.value.get(key).and_then(Value::as_str);
        let pin = InputPin { url: text("url")?.to_owned(), sha256: text("sha256")?.parse().ok()? };
        Some((pin, entry.key.clone()))
    }

    /// Pins an input, in place of `old`, unless somebody has pinned the same address meanwhile; returns
    /// the pin that counts. `index` is the folder of indexes, where those who write take turns.
    ///
    /// # Errors
    /// `lock-file` when the file cannot be read, and `lock-unwritten` when it cannot be written.
    pub fn pin_input(
        root: &Path,
        index: &Path,
        chain: &str,
        pin: &InputPin,
        old: Option<&InputPin>,
    ) -> Result<InputPin, Diagnostic> {
        let _alone = alone(index, root).map_err(|error| unlockable(&error))?;
        let mut lock = Self::read(root)?;
        if let Some((there, _)) = lock.input(chain)
            && there.url == pin.url
            && Some(&there) != old
        {
            return Ok(there);
        }
        let mut pins = lock.block(TABLE);
        pins.insert(chain.to_owned(), json!({"url": pin.url, "sha256": pin.sha256.to_hex()}));
        lock.set_block(TABLE, pins);
        lock.write()?;
        Ok(pin.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pin_of_an_address_counts() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join("index");
        let made = |url: &str, content: &str| {
            let pin = InputPin { url: url.to_owned(), sha256: Digest::of(content.as_bytes()) };
            (LockFile::pin_input(root.path(), &index, "zlib", &pin, None).unwrap(), pin)
        };
        let (counts, first) = made("https://example.com/a", "a");
        assert_eq!(counts, first);
        let (counts, second) = made("https://example.com/a", "b");
        assert_eq!((counts, second == first), (first.clone(), false), "somebody was faster");
        let (counts, moved) = made("https://example.com/b", "b");
        assert_eq!(counts, moved);
        assert_eq!(LockFile::read(root.path()).unwrap().input("zlib").unwrap().0, moved);
        let newer = InputPin { sha256: Digest::of(b"c"), ..moved.clone() };
        let set = |pin: &InputPin, old: &InputPin| {
            LockFile::pin_input(root.path(), &index, "zlib", pin, Some(old)).unwrap()
        };
        assert_eq!(set(&newer, &first), moved, "it was another one that was to be replaced");
        assert_eq!(set(&newer, &moved), newer);
    }

    #[test]
    fn what_is_no_digest_is_no_pin() {
        let root = tempfile::tempdir().unwrap();
        let text = "version = 1\n[inputs.zlib]\nurl = \"https://x\"\nsha256 = \"../../etc\"\n";
        std::fs::write(root.path().join(super::super::LOCK_FILE), text).unwrap();
        assert_eq!(LockFile::read(root.path()).unwrap().input("zlib"), None);
    }
}
