//! A run that watches, across changes of its definitions.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_commands::Watch;
use purlin_plugin::PluginSet;

use crate::failure::{AGAIN, CANCELLED, PLUGIN, USAGE};
use crate::workspace::{self, FILE};
use crate::{context, draw, signals, words};

/// How often it is looked whether the user does not want to wait any longer.
const LOOK: Duration = Duration::from_millis(100);
/// How far the clock of a file system may be behind.
const BEHIND: Duration = Duration::from_millis(20);
/// Folders of the root in which no definition is.
const NEVER: [&str; 3] = [".git", ".purlin", ".purlin-cache"];

/// Does what the words say, and again whenever that ended because definitions changed.
pub(crate) fn dispatch(words: &[OsString], bundled: &PluginSet) -> ExitCode {
    let mut code = words::dispatch(words, bundled);
    while code == ExitCode::from(AGAIN) {
        let begin = SystemTime::now();
        code = words::dispatch(words, bundled);
        if code == ExitCode::from(USAGE) || code == ExitCode::from(PLUGIN) {
            // The mistakes have been shown; with the next change it may be right.
            let Some(root) = root(words) else { return code };
            draw::err(format_args!("waits for changes of the definitions\n"));
            code = ExitCode::from(if changes(&root, begin) { AGAIN } else { CANCELLED });
        }
    }
    code
}

/// The workspace's root; where its file is not even TOML any more, the nearest folder with one.
fn root(words: &[OsString]) -> Option<PathBuf> {
    let directory = context::directory(&words::global_of(words)).ok()?;
    match workspace::find(&directory) {
        Ok(Some(found)) => Some(found.root),
        _ => {
            let mut folders = directory.ancestors();
            folders.find(|folder| folder.join(FILE).exists()).map(Path::to_owned)
        }
    }
}

/// Waits until a file of the workspace changes: which of them definitions would be read from can be
/// known only once they have no mistakes. False when the user does not want to wait any longer.
fn changes(root: &Path, begin: SystemTime) -> bool {
    let mut watch = match Watch::new(root) {
        Ok(watch) => watch,
        Err(trouble) => {
            draw::diagnostics(&crate::arguments::Global::default(), &[trouble]);
            return false;
        }
    };
    // What has changed while the mistakes were looked for was not watched.
    if has_newer(root, begin.checked_sub(BEHIND).unwrap_or(UNIX_EPOCH)) {
        return true;
    }
    while !signals::cancel().requested() {
        let Some(paths) = watch.changes(LOOK) else { continue };
        let counts = |path: &PathBuf| {
            let metadata = root.join(path).symlink_metadata();
            metadata.map_or(true, |metadata| !is_output(&metadata))
        };
        if paths.is_empty() || paths.iter().any(counts) {
            return true;
        }
    }
    false
}

/// Whether a file was written, or put in its place, since then.
fn has_newer(root: &Path, begin: SystemTime) -> bool {
    let begin = begin.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                let name = entry.file_name();
                if folder != root || NEVER.iter().all(|never| name != *never) {
                    open.push(entry.path());
                }
                continue;
            }
            let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
            let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or(0);
            if Duration::new(seconds, nanoseconds) >= begin && !is_output(&metadata) {
                return true;
            }
        }
    }
    false
}

/// Whether a file is one that this process writes what it says to.
fn is_output(file: &Metadata) -> bool {
    let is_it = |stream: BorrowedFd<'_>| {
        let stream = stream.try_clone_to_owned().map(File::from);
        let stream = stream.and_then(|stream| stream.metadata());
        stream.is_ok_and(|stream| (stream.dev(), stream.ino()) == (file.dev(), file.ino()))
    };
    is_it(std::io::stdout().as_fd()) || is_it(std::io::stderr().as_fd())
}
