//! The folders of logs: one for each run, the newest kept.

use std::fs;
use std::io;
use std::path::Path;

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
    let _ = drop_oldest(parent);
    Ok(())
}

fn drop_oldest(parent: &Path) -> io::Result<()> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            runs.push(entry.file_name());
        }
    }
    runs.sort();
    let surplus = runs.len().saturating_sub(KEPT);
    for run in runs.iter().take(surplus) {
        fs::remove_dir_all(parent.join(run))?;
    }
    Ok(())
}
