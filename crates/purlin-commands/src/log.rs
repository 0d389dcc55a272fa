//! The folders of logs: one for each run, the newest kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// How many runs' logs are kept.
const KEPT: usize = 30;

/// Makes the folder of a run's logs, points `latest` to it, and lets the oldest go. Does nothing
/// when the folder is there.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    // `latest` and the old logs are conveniences: a run goes on without them.
    let link = parent.join(format!(".latest-{}", std::process::id()));
    let _ = fs::remove_file(&link);
    if std::os::unix::fs::symlink(name, &link).is_ok() {
        let _ = fs::rename(&link, parent.join("latest"));
    }
    let _ = drop_oldest(folder, parent);
    Ok(())
}

/// Lets the oldest go, but not the own folder nor that of a run which still goes on: its commands
/// write there. Names tell the time of a clock that may have been set back since, so they do not
/// count.
fn drop_oldest(own: &Path, parent: &Path) -> io::Result<()> {
    let mut count = 0_usize;
    let mut ended: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        count += 1;
        let folder = entry.path();
        if folder != own && !goes_on(&folder) {
            // One that another run removes meanwhile is no reason to stop.
            let Ok(metadata) = entry.metadata() else { continue };
            ended.push((metadata.modified()?, folder));
        }
    }
    ended.sort();
    for (_, folder) in ended.into_iter().take(count.saturating_sub(KEPT)) {
        let _ = fs::remove_dir_all(folder);
    }
    Ok(())
}

/// Whether the process of a run is there: the name of its folder ends in its id.
fn goes_on(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let process = name.rsplit_once('-').and_then(|(_, process)| process.parse().ok());
    // One of another user cannot be sent anything, but is there.
    process
        .filter(|process| *process > 0)
        .and_then(Pid::from_raw)
        .is_some_and(|process| !matches!(test_kill_process(process), Err(Errno::SRCH)))
}
