//! The files of fetched commits, in the user's cache folder: `COMMIT/tree`, with the digest of all that
//! is in it beside it. A commit's folder appears whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use purlin_model::{Digest, Hasher};
use purlin_store::{Files, OutputKind, Patterns, Scratch, fault};

use crate::git::remote::{Entry, EntryKind, Remote};

/// How often one that others put in the way is looked at again.
const ATTEMPTS: usize = 8;
/// Longer than any path.
const LONGEST_LINK: u64 = 4096;

/// The commits that were fetched.
pub(super) struct Kept {
    folder: PathBuf,
}

/// What is kept of a commit.
pub(super) enum Found {
    /// Its files are here.
    Whole(PathBuf),
    /// There is something else, for this reason.
    Damaged(String),
    /// Nothing.
    Missing,
}

/// The commit whose files are in a folder that was found here.
pub(super) fn commit_of(tree: &Path) -> String {
    let name = tree.parent().and_then(Path::file_name);
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Kept {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// A folder to work in, on the same file system.
    pub(super) fn scratch(&self) -> Result<Scratch, String> {
        Scratch::new_in(&self.folder).map_err(|error| error.to_string())
    }

    /// What there is of a commit. Files whose stamps are known are not read.
    pub(super) fn find(&self, commit: &str) -> Found {
        let folder = self.folder.join(commit);
        if folder.symlink_metadata().is_err() {
            return Found::Missing;
        }
        match sound(&folder) {
            Ok(()) => Found::Whole(folder.join("tree")),
            Err(why) => Found::Damaged(why),
        }
    }

    /// Writes the files of a commit that was fetched into `scratch`, and gives them their place.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub(super) fn put(
        &self,
        commit: &str,
        remote: &Remote<'_>,
        scratch: &Path,
    ) -> Result<PathBuf, String> {
        let told = |error: io::Error| error.to_string();
        let new = scratch.join("new");
        let tree = new.join("tree");
        fs::create_dir_all(&tree).map_err(told)?;
        write(remote, &remote.entries(commit)?, &tree)?;
        let digest = digest(&new)?;
        fault::point("project.written");
        fs::write(new.join("digest"), digest.to_hex()).map_err(told)?;
        fault::point("project.made");
        let place = self.folder.join(commit);
        for attempt in 0..ATTEMPTS {
            match fs::rename(&new, &place) {
                Ok(()) => {
                    fault::point("project.placed");
                    return Ok(place.join("tree"));
                }
                Err(error) if attempt + 1 == ATTEMPTS => return Err(told(error)),
                // Somebody was faster, or what is there is damaged.
                Err(_) => match self.find(commit) {
                    Found::Whole(tree) => return Ok(tree),
                    Found::Damaged(_) => {
                        let _ = fs::rename(&place, scratch.join(format!("old-{attempt}")));
                        fault::point("project.aside");
                    }
                    Found::Missing => {}
                },
            }
        }
        Err("others are always faster".to_owned())
    }
}

/// Whether a commit's folder is as it was made.
fn sound(folder: &Path) -> Result<(), String> {
    let recorded = fs::read_to_string(folder.join("digest")).map_err(|error| error.to_string())?;
    match recorded.parse::<Digest>().is_ok_and(|recorded| Ok(recorded) == digest(folder)) {
        true => Ok(()),
        false => Err("its files are not those that were fetched".to_owned()),
    }
}

/// The digest of everything below `tree` in a folder.
fn digest(folder: &Path) -> Result<Digest, String> {
    let tree = folder.join("tree");
    let everything = Patterns::new(&["**"]).map_err(|error| error.to_string())?;
    let files = Files::open(tree.clone(), folder.join("stamps"));
    let listed = files.outputs(&[&everything]).map_err(|error| error.to_string())?;
    // Without it all of them are read the next time, too.
    let _ = files.save();
    let mut hasher = Hasher::new("purlin project 1");
    for output in listed.into_iter().flatten() {
        hasher.field(output.path.as_bytes());
        match output.kind {
            OutputKind::File(state) => {
                let kind: &[u8] = if state.executable { b"program" } else { b"file" };
                hasher.field(kind).raw(&state.digest.0)
            }
            OutputKind::Symlink => {
                let text = fs::read_link(tree.join(output.path.to_path()));
                let text = text.map_err(|error| error.to_string())?;
                hasher.field(b"link").field(text.as_os_str().as_bytes())
            }
            OutputKind::Directory => hasher.field(b"folder"),
            OutputKind::Special => hasher.field(b"special"),
        };
    }
    Ok(hasher.finish())
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
