//! What git ignores: `.gitignore` files and the repository's own exclude file. The user's global
//! ignore file is left out, because two users would see two different workspaces.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules that hold in a folder: its own first, then those of the folders above it.
#[derive(Clone, Default)]
pub(super) struct Rules(Option<Arc<Level>>);

/// The rules of one file.
struct Level {
    matcher: Arc<Gitignore>,
    /// What to take off a path from the workspace's root, with its slash.
    strip: usize,
    /// What to put in front of it, where the rules come from above the root.
    prefix: Box<[u8]>,
    above: Option<Arc<Level>>,
}

/// Compiled rules by text: in many repositories each package has the same few lines.
#[derive(Default)]
pub(super) struct RuleCache(Mutex<HashMap<Vec<u8>, Option<Arc<Gitignore>>>>);

impl Rules {
    /// The rules from above the workspace's root, where that is inside a repository. None hold
    /// if they ignore the root itself: whoever puts a workspace there means it to have files.
    pub(super) fn above(root: &Path, cache: &RuleCache) -> Self {
        let Some((top, git)) = root
            .ancestors()
            .map(|folder| (folder, folder.join(".git")))
            .find(|(_, git)| git.symlink_metadata().is_ok())
        else {
            return Self::default();
        };
        let inside = root.strip_prefix(top).unwrap_or(Path::new(""));
        let mut rules = Self::default();
        if let Some(text) = exclude_file(&git).and_then(|file| std::fs::read(file).ok()) {
            rules = rules.with(&text, 0, inside, cache);
        }
        let mut folder = top.to_path_buf();
        let mut components = inside.components();
        loop {
            let from_here = components.as_path();
            let Some(component) = components.next() else { return rules };
            if let Ok(text) = std::fs::read(folder.join(".gitignore")) {
                rules = rules.with(&text, 0, from_here, cache);
            }
            if rules.ignore_above(components.as_path().as_os_str().len()) {
                return Self::default();
            }
            folder.push(component);
        }
    }

    /// These rules below those of one more file; `strip` and `prefix` turn a path from the
    /// workspace's root into one from the file's folder.
    fn with(self, text: &[u8], strip: usize, prefix: &Path, cache: &RuleCache) -> Self {
        let Some(matcher) = cache.compile(text) else { return self };
        let mut prefix = prefix.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let level = Level { matcher, strip, prefix: prefix.into(), above: self.0 };
        Self(Some(Arc::new(level)))
    }

    /// The rules in `folder`, whose ignore file has the given text.
    pub(super) fn below(&self, folder: &[u8], text: &[u8], cache: &RuleCache) -> Self {
        let strip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.clone().with(text, strip, Path::new(""), cache)
    }

    /// Whether the path is ignored, supposing that no folder above it is.
    pub(super) fn ignore(&self, path: &[u8], is_folder: bool) -> bool {
        let mut level = self.0.as_deref();
        while let Some(rules) = level {
            let path = &path[rules.strip..];
            let matched = if rules.prefix.is_empty() {
                rules.matcher.matched(OsStr::from_bytes(path), is_folder)
            } else {
                let path = [&*rules.prefix, path].concat();
                rules.matcher.matched(OsStr::from_bytes(&path), is_folder)
            };
            match matched {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => level = rules.above.as_deref(),
            }
        }
        false
    }

    /// Whether they ignore a folder above the root, or the root; `remaining` is the length of the
    /// path from there to the root.
    fn ignore_above(&self, remaining: usize) -> bool {
        let mut level = self.0.as_deref();
        while let Some(rules) = level {
            // The prefix ends with a slash, and so does what comes before the remaining path.
            let cut = if remaining == 0 { 1 } else { remaining + 2 };
            let path = &rules.prefix[..rules.prefix.len() - cut];
            match rules.matcher.matched(OsStr::from_bytes(path), true) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => level = rules.above.as_deref(),
            }
        }
        false
    }
}

impl RuleCache {
    /// The rules of a text; `None` where it has none. A line that is no pattern is passed over,
    /// as git does.
    fn compile(&self, text: &[u8]) -> Option<Arc<Gitignore>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = known.get(text) {
            return rules.clone();
        }
        let mut builder = GitignoreBuilder::new("");
        let readable = String::from_utf8_lossy(text);
        for line in readable.trim_start_matches('\u{feff}').lines() {
            // The error names the line, and git says nothing about it either.
            let _ = builder.add_line(None, line);
        }
        let rules = builder.build().ok().filter(|rules| !rules.is_empty()).map(Arc::new);
        known.insert(text.to_vec(), rules.clone());
        rules
    }
}

/// The exclude file of the repository whose `.git` this is. In a worktree or a submodule that is
/// a file that tells where the repository's folder is, which may in turn name a common one.
fn exclude_file(git: &Path) -> Option<PathBuf> {
    let folder = if git.is_dir() {
        git.to_path_buf()
    } else {
        let text = std::fs::read(git).ok()?;
        git.parent()?.join(line_path(text.strip_prefix(b"gitdir: ")?))
    };
    let common = match std::fs::read(folder.join("commondir")) {
        Ok(text) => folder.join(line_path(&text)),
        Err(_) => folder,
    };
    Some(common.join("info/exclude"))
}

fn line_path(text: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(text.trim_ascii_end()))
}
