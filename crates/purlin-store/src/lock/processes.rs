//! What `/proc` says about processes and the lock files that they hold. Where there is no `/proc`,
//! nothing is known of anybody.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::InstanceLock;

/// A process that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) process: u32,
    /// True when it has the lock from a parent, and did not take it itself.
    pub(super) heir: bool,
}

/// When a process was started, in ticks since the system was: tells it from a later one with the
/// same number. `None` for one that has ended, also where nobody has asked about its end yet.
pub(super) fn started(process: u32) -> Option<u64> {
    let state: char = stat(process, 0)?;
    if matches!(state, 'Z' | 'X') { None } else { stat(process, 19) }
}

/// This process, its parent, and so on.
pub(super) fn line_of_ancestors() -> Vec<u32> {
    let parent = |process: &u32| stat(*process, 1).filter(|parent| *parent > 0);
    std::iter::successors(Some(std::process::id()), parent).collect()
}

/// All that can be seen to hold the lock on a file, through whatever descriptor. Those that only
/// have it open do not count.
pub(super) fn holders(path: &Path, file: &Metadata) -> Vec<Holder> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(|process| holder(process, name, file)).collect()
}

fn holder(process: u32, name: &str, file: &Metadata) -> Option<Holder> {
    let folder = Path::new("/proc").join(process.to_string());
    let mut found = None;
    // Processes end, and those of others do not show what they have open.
    for entry in fs::read_dir(folder.join("fd")).into_iter().flatten().flatten() {
        // To ask for more of every file would mean waiting for servers that do not answer.
        let link = fs::read_link(entry.path()).unwrap_or_default();
        if !link.to_string_lossy().contains(name)
            || !fs::metadata(entry.path()).is_ok_and(|open| same(&open, file))
        {
            continue;
        }
        let told = fs::read_to_string(folder.join("fdinfo").join(entry.file_name()));
        if told.is_ok_and(|told| locks(&told)) {
            let number = entry.file_name().to_str().and_then(|number| number.parse().ok());
            let heir = number >= Some(InstanceLock::FIRST_OF_HEIRS)
                && found.is_none_or(|found: Holder| found.heir);
            found = Some(Holder { process, heir });
        }
    }
    found
}

/// Whether there is a lock on a descriptor.
fn locks(told: &str) -> bool {
    told.lines().any(|line| line.starts_with("lock:") && line.contains("FLOCK"))
}

pub(super) fn same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A number from a process's line, counted from the one after its name, which may have spaces.
fn stat<T: std::str::FromStr>(process: u32, field: usize) -> Option<T> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    line.rsplit_once(") ")?.1.split(' ').nth(field)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_ancestors_begins_here() {
        let line = line_of_ancestors();
        assert_eq!(line[0], std::process::id());
        assert_eq!(line[1], std::os::unix::process::parent_id());
        assert!(started(line[0]) >= started(line[1]));
        assert_eq!(started(u32::MAX), None);
    }

    #[test]
    fn a_lock_of_this_process_is_not_inherited() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let held = fs::File::create(&path).unwrap();
        let _open = fs::File::open(&path).unwrap();
        assert_eq!(holders(&path, &held.metadata().unwrap()), []);
        held.lock().unwrap();
        let own = Holder { process: std::process::id(), heir: false };
        assert_eq!(holders(&path, &held.metadata().unwrap()), [own]);
    }
}
