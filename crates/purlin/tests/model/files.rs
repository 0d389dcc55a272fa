//! The files of a workspace as the model sees them, and as they are on disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// A file or link; folders count only by what is in them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    File { text: String, executable: bool },
    Link(String),
}

/// What is below a root, by path from there.
pub(crate) type Tree = BTreeMap<String, Node>;

/// Which files a dependency or an artifact names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// One file.
    One(&'static str),
    /// Files right in a folder, by how their names end.
    In(&'static str, &'static str),
    /// A folder, named without wildcards, with all that is in it.
    Folder(&'static str),
    /// All that is in a folder.
    Below(&'static str),
    /// One file, named beyond a link to the folder that it is in, and where it is.
    Through(&'static str, &'static str),
    /// Files right in a folder, by how their names end, where others write, too, and the one of them
    /// that is its own.
    Among(&'static str, &'static str, &'static str),
    /// Not this file, which patterns in front of this one name.
    Except(&'static str),
}

impl Node {
    pub(crate) fn file(text: impl Into<String>) -> Self {
        Self::File { text: text.into(), executable: false }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::File { text, .. } | Self::Link(text) => text,
        }
    }

    pub(crate) fn is_executable(&self) -> bool {
        matches!(self, Self::File { executable: true, .. })
    }
}

impl Pattern {
    /// As it stands in `purlin.toml`.
    pub(crate) fn written(self) -> String {
        match self {
            Self::One(path) | Self::Folder(path) => path.to_owned(),
            Self::In(folder, ending) | Self::Among(folder, ending, _) => {
                format!("{folder}/*{ending}")
            }
            Self::Below(folder) => format!("{folder}/**"),
            Self::Through(path, _) => path.to_owned(),
            Self::Except(path) => format!("!{path}"),
        }
    }

    /// As words of a shell.
    pub(crate) fn words(self) -> String {
        match self {
            Self::One(path) | Self::Through(_, path) | Self::Among(_, _, path) => {
                format!("'{path}'")
            }
            Self::In(folder, ending) => format!("\"{folder}\"/*{ending}"),
            Self::Folder(folder) | Self::Below(folder) => format!("\"{folder}\"/*"),
            Self::Except(_) => String::new(),
        }
    }

    pub(crate) fn matches(self, path: &str) -> bool {
        match self {
            Self::One(one) | Self::Through(_, one) | Self::Among(_, _, one) | Self::Except(one) => {
                one == path
            }
            Self::In(folder, ending) => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| !name.contains('/') && name.ends_with(ending)),
            Self::Folder(folder) | Self::Below(folder) => {
                path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            }
        }
    }
}

/// What of a tree the patterns take: the last one that matches decides.
pub(crate) fn matching(tree: &Tree, patterns: &[Pattern]) -> Tree {
    let takes = |path: &str| {
        let last = patterns.iter().rfind(|one| one.matches(path));
        last.is_some_and(|one| !matches!(one, Pattern::Except(_)))
    };
    let matched = tree.iter().filter(|(path, _)| takes(path));
    matched.map(|(path, node)| (path.clone(), node.clone())).collect()
}

/// Reads all files below a root, but for those of git and of Purlin.
pub(crate) fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("the folder is the test's own") {
            let entry = entry.expect("the folder is the test's own");
            let name = entry.file_name().into_string().expect("the test's names are text");
            if folder.is_empty() && matches!(&*name, ".git" | ".purlin" | "purlin.lock") {
                continue;
            }
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let metadata = entry.metadata().expect("nobody else removes it");
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_symlink() {
                let target = fs::read_link(entry.path()).expect("it is a link");
                tree.insert(path, Node::Link(target.to_string_lossy().into_owned()));
            } else {
                let text = fs::read_to_string(entry.path()).expect("the test's files are text");
                let executable = metadata.permissions().mode() & 0o100 != 0;
                tree.insert(path, Node::File { text, executable });
            }
        }
    }
    tree
}

/// How an editor saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Over the old content.
    InPlace,
    /// Beside it, and then renamed.
    Renamed,
    /// Over the old content, and the time of writing is set back to what it was.
    KeepingTime,
}

/// Puts a node in place of whatever is there.
pub(crate) fn save(root: &Path, path: &str, node: &Node, saving: Saving) {
    let full = root.join(path);
    let folder = full.parent().expect("it is below the root");
    fs::create_dir_all(folder).expect("the folder is the test's own");
    let there = full.symlink_metadata().ok();
    let (text, executable) = match node {
        Node::File { text, executable } => (text, *executable),
        Node::Link(target) => {
            remove(root, path);
            symlink(target, &full).expect("the place is free");
            return;
        }
    };
    if there.as_ref().is_some_and(fs::Metadata::is_symlink) {
        remove(root, path);
    }
    let place = if saving == Saving::Renamed { folder.join(".saving") } else { full.clone() };
    fs::write(&place, text).expect("the folder is the test's own");
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(&place, fs::Permissions::from_mode(mode)).expect("it was just written");
    if saving == Saving::Renamed {
        fs::rename(&place, &full).expect("it is the same folder");
    }
    if saving == Saving::KeepingTime
        && let Some(time) = there.and_then(|there| there.modified().ok())
    {
        let file = fs::File::options().write(true).open(&full).expect("it was just written");
        file.set_modified(time).expect("the file is the test's own");
    }
}

/// Removes a file or link, if it is there.
pub(crate) fn remove(root: &Path, path: &str) {
    let _ = fs::remove_file(root.join(path));
}

/// What is on disk otherwise than it should be, in words.
pub(crate) fn differences(wanted: &Tree, found: &Tree) -> Vec<String> {
    let mut told = Vec::new();
    for (path, node) in wanted {
        match found.get(path) {
            Some(other) if other == node => {}
            Some(other) => told.push(format!("{path} is {other:?}, not {node:?}")),
            None => told.push(format!("{path} is missing: {node:?}")),
        }
    }
    let extra = found.keys().filter(|path| !wanted.contains_key(*path));
    told.extend(extra.map(|path| format!("{path} should not be there")));
    told
}
