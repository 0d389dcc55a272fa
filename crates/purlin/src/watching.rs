//! A run that watches, across changes of its definitions.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use purlin_plugin::PluginSet;

use crate::failure::{AGAIN, CANCELLED, USAGE};
use crate::workspace::FILE;
use crate::{context, draw, signals, words};

/// How often definitions with mistakes are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Does what the words say, and again whenever that ended because definitions changed.
pub(crate) fn dispatch(words: &[OsString], bundled: &PluginSet) -> ExitCode {
    let mut code = words::dispatch(words, bundled);
    while code == ExitCode::from(AGAIN) {
        let seen = stamps(words);
        code = words::dispatch(words, bundled);
        if code == ExitCode::from(USAGE) {
            // The mistakes have been shown; with the next change it may be right.
            draw::err(format_args!("waits for changes of the definitions\n"));
            code = ExitCode::from(if changes(words, &seen) { AGAIN } else { CANCELLED });
        }
    }
    code
}

/// Waits until a definition file changes. False when the user does not want to wait any longer.
fn changes(words: &[OsString], seen: &[(PathBuf, Option<SystemTime>)]) -> bool {
    while !signals::cancel().requested() {
        if stamps(words) != seen {
            return true;
        }
        std::thread::sleep(LOOK);
    }
    false
}

/// When the files that could be the workspace's were written, and those beside them: files with
/// process variables are mostly there.
fn stamps(words: &[OsString]) -> Vec<(PathBuf, Option<SystemTime>)> {
    let Ok(directory) = context::directory(&words::global_of(words)) else { return Vec::new() };
    let folders = directory.ancestors().filter(|folder| folder.join(FILE).exists());
    let files = folders.filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let files = files.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let mut stamps: Vec<_> = files
        .map(|entry| {
            let path = entry.path();
            let written = path.metadata().and_then(|metadata| metadata.modified()).ok();
            (path, written)
        })
        .collect();
    stamps.sort();
    stamps
}
