//! What plugins want to know again in later runs, each in a file of its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::{Digest, Hasher};
use serde_json::{Value as Json, json};

use crate::content::content_digest;

/// How many answers of one plugin stay, and how many versions of plugins.
const KEPT: usize = 4096;
/// See [`KEPT`].
const OWNERS: usize = 256;

/// The answers of one version of a plugin.
#[derive(Debug, Clone)]
pub(crate) struct MemoFolder {
    folder: PathBuf,
    code: Option<Code>,
}

/// What is in a plugin's folder, as it was when its answers were first looked for.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) folder: PathBuf,
    pub(crate) content: Digest,
    /// Where digests of contents are kept.
    pub(crate) digests: PathBuf,
}

impl Code {
    fn is_still_there(&self) -> bool {
        content_digest(&self.folder, &self.digests).is_ok_and(|now| now == self.content)
    }
}

impl MemoFolder {
    /// The folder for `owner`, which stands for everything that an answer depends on besides its
    /// key. `kind` keeps the host's answers and the plugins' own apart.
    pub(crate) fn new(cache: &Path, kind: &str, owner: Digest) -> Self {
        Self { folder: cache.join("memo").join(kind).join(owner.to_hex()), code: None }
    }

    /// The same, which keeps nothing once the plugin's folder has changed: whether the process was
    /// started before or after that, its answers may be those of another code than `owner` stands for.
    pub(crate) fn of_code(self, code: Code) -> Self {
        Self { code: Some(code), ..self }
    }

    /// What was kept. Damage counts as absent.
    pub(crate) fn get(&self, key: &Json) -> Option<Json> {
        let text = fs::read(self.file(key)).ok()?;
        let mut document: Json = serde_json::from_slice(&text).ok()?;
        // A key that has the same digest is no attack that pays, but a torn file is.
        (document.get("key") == Some(key)).then(|| document["value"].take())
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, key: &Json, value: &Json) -> io::Result<()> {
        if self.code.as_ref().is_some_and(|code| !code.is_still_there()) {
            return Ok(());
        }
        let document = json!({ "key": key, "value": value });
        if !self.folder.is_dir() {
            self.folder.parent().inspect(|above| prune(above, OWNERS));
        }
        write_whole(&self.file(key), document.to_string().as_bytes())?;
        prune(&self.folder, KEPT);
        Ok(())
    }

    fn file(&self, key: &Json) -> PathBuf {
        let mut hasher = Hasher::new("plugin-memo");
        hasher.field(key.to_string().as_bytes());
        self.folder.join(hasher.finish().to_hex())
    }
}

/// Writes a file that is there whole or not at all.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut unfinished = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder)?;
    unfinished.write_all(bytes)?;
    unfinished.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the older half when there are too many.
pub(super) fn prune(folder: &Path, kept: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let entries: Vec<_> = entries.filter_map(Result::ok).collect();
    if entries.len() <= kept {
        return;
    }
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .iter()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    for (_, path) in files.iter().take(files.len() / 2) {
        // Whoever misses one makes it again.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_by_owner_and_key() {
        let cache = tempfile::tempdir().unwrap();
        let memo = MemoFolder::new(cache.path(), "own", Digest::of(b"1"));
        assert_eq!(memo.get(&json!({"a": 1})), None);
        memo.put(&json!({"a": 1}), &json!([1])).unwrap();
        memo.put(&json!({"a": 2}), &json!(null)).unwrap();
        assert_eq!(memo.get(&json!({"a": 1})), Some(json!([1])));
        assert_eq!(memo.get(&json!({"a": 2})), Some(json!(null)));
        let other = MemoFolder::new(cache.path(), "own", Digest::of(b"2"));
        assert_eq!(other.get(&json!({"a": 1})), None);
        fs::write(memo.file(&json!({"a": 1})), "{\"key\"").unwrap();
        assert_eq!(memo.get(&json!({"a": 1})), None);
    }

    #[test]
    fn nothing_is_kept_for_code_that_has_changed() {
        let cache = tempfile::tempdir().unwrap();
        let plugin = tempfile::tempdir().unwrap();
        let (folder, digests) = (plugin.path().to_owned(), cache.path().join("content"));
        fs::write(folder.join("code.py"), "1").unwrap();
        let content = content_digest(&folder, &digests).unwrap();
        let code = Code { folder: folder.clone(), content, digests };
        let memo = MemoFolder::new(cache.path(), "own", Digest::of(b"1")).of_code(code);
        memo.put(&json!("a"), &json!(1)).unwrap();
        fs::write(folder.join("code.py"), "2").unwrap();
        memo.put(&json!("a"), &json!(2)).unwrap();
        memo.put(&json!("b"), &json!(2)).unwrap();
        assert_eq!((memo.get(&json!("a")), memo.get(&json!("b"))), (Some(json!(1)), None));
    }
}
