//! Trees of files that were fetched, in the user's cache folder: `NAME/tree`, with the digest of all that
//! is in it beside it. What is under a name never changes; its folder appears whole or not at all.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use purlin_model::{Digest, Hasher};
use purlin_store::{Files, Hold, OutputKind, Patterns, Scratch, fault};

mod prune;

pub(crate) use prune::{KeptTree, Limits};

/// How often one that others put in the way is looked at again.
const ATTEMPTS: usize = 8;

/// What was fetched.
pub(crate) struct Kept {
    folder: PathBuf,
}

/// What is kept under a name.
pub(crate) enum Found {
    /// Its files are here.
    Whole(PathBuf),
    /// There is something else, for this reason.
    Damaged(String),
    /// Nothing.
    Missing,
}

/// The file beside a tree that says when it was made, if it does.
pub(crate) const TIME: &str = "time";

/// When the commit was made whose files are in a folder that was found here, in seconds since 1970.
pub(crate) fn time_of(tree: &Path) -> Option<i64> {
    fs::read_to_string(tree.with_file_name(TIME)).ok()?.parse().ok()
}

/// The commit whose files are in a folder that was found here.
pub(crate) fn commit_of(tree: &Path) -> String {
    let name = tree.parent().and_then(Path::file_name);
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Kept {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps what is here from being pruned.
    pub(crate) fn hold(&self) -> Hold {
        let _ = fs::create_dir_all(&self.folder);
        Hold::of(&self.folder)
    }

    /// A folder to work in, on the same file system.
    pub(crate) fn scratch(&self) -> Result<Scratch, String> {
        Scratch::new_in(&self.folder).map_err(|error| error.to_string())
    }

    /// What there is under a name. Files whose stamps are known are not read.
    pub(crate) fn find(&self, name: &str) -> Found {
        let folder = self.folder.join(name);
        if folder.symlink_metadata().is_err() {
            return Found::Missing;
        }
        match sound(&folder) {
            Ok(()) => {
                prune::touch(&folder);
                Found::Whole(folder.join("tree"))
            }
            Err(why) => Found::Damaged(why),
        }
    }

    /// Gives what `make` writes into a new folder a place under a name. `scratch` is a folder to work
    /// in, from [`Kept::scratch`].
    ///
    /// # Errors
    /// What `make` says, or it cannot be written.
    pub(crate) fn put(
        &self,
        name: &str,
        scratch: &Path,
        make: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<PathBuf, String> {
        let told = |error: io::Error| error.to_string();
        let new = scratch.join("new");
        fs::create_dir_all(&new).map_err(told)?;
        make(&new.join("tree"))?;
        let digest = digest(&new)?;
        fault::point("project.written");
        fs::write(new.join("digest"), digest.to_hex()).map_err(told)?;
        fault::point("project.made");
        let place = self.folder.join(name);
        for attempt in 0..ATTEMPTS {
            match fs::rename(&new, &place) {
                Ok(()) => {
                    fault::point("project.placed");
                    return Ok(place.join("tree"));
                }
                Err(error) if attempt + 1 == ATTEMPTS => return Err(told(error)),
                // Somebody was faster, or what is there is damaged.
                Err(_) => match self.find(name) {
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

/// Whether a folder is as it was made.
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
