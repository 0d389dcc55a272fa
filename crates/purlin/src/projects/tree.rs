//! The files of a commit, written out of its repository.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use crate::git::remote::{Entry, EntryKind, Remote};
use crate::kept::TIME;

/// Longer than any path.
const LONGEST_LINK: u64 = 4096;

/// Writes the files of a commit that was fetched into a new folder, and beside that when it was made.
///
/// # Errors
/// They cannot be read or written.
pub(super) fn write_commit(commit: &str, remote: &Remote<'_>, tree: &Path) -> Result<(), String> {
    fs::create_dir_all(tree).map_err(|error| error.to_string())?;
    let time = remote.time(commit)?.to_string();
    fs::write(tree.with_file_name(TIME), time).map_err(|error| error.to_string())?;
    write(remote, &remote.entries(commit)?, tree)
}

/// Writes files, not to be written to, and then the links among them: no file is written through one.
fn write(remote: &Remote<'_>, entries: &[Entry], tree: &Path) -> Result<(), String> {
    let mut links = Vec::new();
    remote.contents(entries, |entry, content| {
        let path = tree.join(entry.path.to_path());
        let EntryKind::File { executable } = entry.kind else {
            let mut text = Vec::new();
            content.take(LONGEST_LINK).read_to_end(&mut text)?;
            links.push((entry, PathBuf::from(std::ffi::OsString::from_vec(text))));
            return Ok(());
        };
        fs::create_dir_all(path.parent().unwrap_or(tree))?;
        let mode = if executable { 0o555 } else { 0o444 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        io::copy(content, &mut file).map(drop)
    })?;
    links.retain(|(entry, target)| stays(entry.path.to_path(), target));
    link(tree, &links).map_err(|error| error.to_string())
}

/// Makes links, and takes those away again that lead nowhere in the tree, perhaps by others.
fn link(tree: &Path, links: &[(&Entry, PathBuf)]) -> io::Result<()> {
    for (entry, target) in links {
        let path = tree.join(entry.path.to_path());
        fs::create_dir_all(path.parent().unwrap_or(tree))?;
        symlink(target, path)?;
    }
    let real = tree.canonicalize()?;
    for (entry, _) in links {
        let path = tree.join(entry.path.to_path());
        if !path.canonicalize().is_ok_and(|target| target.starts_with(&real)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether a link's text alone leads out of the tree.
fn stays(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}
