//! Names for files in the making, and the removal of those whose makers died.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use purlin_model::Hasher;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

const PREFIX: &str = ".purlin-";

/// How long something unfinished is left alone whose maker cannot be asked after, because it
/// lived on another machine or in another container.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Who makes a file: enough to tell later whether that process still lives.
struct Maker {
    /// The machine since its start and the process-id namespace; empty where unknown.
    world: String,
    process: u32,
    /// When the process began, in the system's ticks, because ids are used again.
    start: String,
}

impl Maker {
    fn own() -> &'static Self {
        static OWN: OnceLock<Maker> = OnceLock::new();
        OWN.get_or_init(|| {
            let process = std::process::id();
            let boot = fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
            let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
            let mut world = Hasher::new("purlin world");
            world.field(&boot).field(space.as_os_str().as_encoded_bytes());
            Self {
                world: world.finish().short(),
                process,
                start: start_of(process).unwrap_or_else(|| "0".to_owned()),
            }
        })
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.split('-');
        let world = parts.next()?.to_owned();
        let process = parts.next()?.parse().ok()?;
        let start = parts.next()?.to_owned();
        let number = parts.next()?;
        let ours = number.bytes().all(|byte| byte.is_ascii_digit()) && parts.next().is_none();
        ours.then_some(Self { world, process, start })
    }

    /// `None` where it cannot be known from here.
    fn lives(&self) -> Option<bool> {
        let own = Self::own();
        if self.world != own.world || own.start == "0" {
            return None;
        }
        let id = Pid::from_raw(i32::try_from(self.process).ok()?)?;
        if test_kill_process(id) == Err(Errno::SRCH) {
            return Some(false);
        }
        // Unreadable where the system hides the processes of other users.
        start_of(self.process).map(|start| start == self.start)
    }
}

/// The 22nd field of the process's `stat`; the second may hold blanks and parentheses.
fn start_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

/// A name that no other process and no other thread uses, in `folder`. Before the first one in a
/// folder, what dead processes left there is removed.
pub(crate) fn new_in(folder: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    static SEEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

    if SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        collect(folder);
    }
    let own = Maker::own();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("{PREFIX}{}-{}-{}-{number}", own.world, own.process, own.start))
}

/// Removes what dead processes left in `folder`. Failures are left for the next time.
pub(crate) fn collect(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(maker) = name.to_str().and_then(Maker::parse) else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let abandoned = match maker.lives() {
            Some(lives) => !lives,
            None => {
                metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > PATIENCE))
            }
        };
        if abandoned {
            let _ = if metadata.is_dir() {
                fs::remove_dir_all(entry.path())
            } else {
                fs::remove_file(entry.path())
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_dead_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let own = Maker::own();
        let alive = new_in(folder.path());
        let dead = path(&format!("{PREFIX}{}-{}-{}1-0", own.world, own.process, own.start));
        let dead_folder = path(&format!("{PREFIX}{}-4194999-7-3", own.world));
        let elsewhere = path(&format!("{PREFIX}0123456789ab-1-1-0"));
        let old = path(&format!("{PREFIX}0123456789ab-1-1-1"));
        let users = path(".purlin-notes");
        for file in [&alive, &dead, &elsewhere, &old, &users] {
            fs::write(file, "x").unwrap();
        }
        fs::create_dir(&dead_folder).unwrap();
        fs::write(dead_folder.join("0"), "x").unwrap();
        let long_ago = std::time::SystemTime::now() - PATIENCE - Duration::from_secs(60);
        fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();

        collect(folder.path());

        for (file, stays) in [
            (&alive, true),
            (&dead, false),
            (&dead_folder, false),
            (&elsewhere, true),
            (&old, false),
            (&users, true),
        ] {
            assert_eq!(file.exists(), stays, "{}", file.display());
        }
    }
}
