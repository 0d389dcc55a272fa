//! What to do about a lock that somebody else holds.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::processes::{holders, line_of_ancestors, started};

/// Between two looks at what all processes have open.
const BETWEEN_SEARCHES: Duration = Duration::from_secs(1);
/// How often it is looked for processes that were started while others were being ended.
const MOST_SEARCHES: usize = 10;

/// Why a lock cannot be taken at once. What is more remarkable is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Somebody has it, and will let it go.
    Held,
    /// The holder was killed, and what it had left running has now been ended.
    Ended,
    /// This process belongs to what the holder runs, so that waiting would never end.
    Within,
}

/// Who holds a lock, as its file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    process: u32,
    /// When it was started; 0 where nobody knows.
    started: u64,
    /// What it runs under the lock; 0 before it runs.
    leader: u32,
}

/// Whether the lock in this file is held by what runs this process.
pub(super) fn is_within(file: &File, ancestors: &[u32]) -> bool {
    read(file).is_some_and(|word| {
        word.leader != 0
            && ancestors.contains(&word.leader)
            && started(word.process).unwrap_or_default() == word.started
    })
}

/// What a file says of its lock besides who holds it.
pub(super) fn about(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    Ok(end.map(|end| bytes.split_off(end + 1)))
}

/// Writes into a locked file who holds it, and what there is to say besides.
pub(super) fn sign(file: &File, leader: Option<u32>, about: &[u8]) -> io::Result<()> {
    let process = std::process::id();
    let started = started(process).unwrap_or_default();
    let line = format!("{process} {started} {}\n", leader.unwrap_or_default());
    let text = [line.as_bytes(), about].concat();
    file.write_all_at(&text, 0)?;
    file.set_len(text.len() as u64)
}

fn read(file: &File) -> Option<Word> {
    let mut bytes = [0; 64];
    let length = file.read_at(&mut bytes, 0).ok()?;
    let mut numbers = str::from_utf8(&bytes[..length]).ok()?.lines().next()?.split(' ');
    Some(Word {
        process: numbers.next()?.parse().ok()?,
        started: numbers.next()?.parse().ok()?,
        leader: numbers.next()?.parse().ok()?,
    })
}

/// The state of somebody who waits.
#[derive(Default)]
pub(super) struct Contention {
    ended: HashSet<u32>,
    searched: Option<Instant>,
}

impl Contention {
    /// Looks who holds the lock on a file, and ends what a killed holder has left.
    pub(super) fn look(&mut self, path: &Path, file: &File) -> Obstacle {
        let Some(word) = read(file) else { return Obstacle::Held };
        if started(word.process).unwrap_or_default() == word.started {
            let within = word.leader != 0 && line_of_ancestors().contains(&word.leader);
            return if within { Obstacle::Within } else { Obstacle::Held };
        }
        if self.searched.is_some_and(|time| time.elapsed() < BETWEEN_SEARCHES) {
            return Obstacle::Held;
        }
        self.searched = Some(Instant::now());
        let Ok(metadata) = file.metadata() else { return Obstacle::Held };
        let holders = holders(path, &metadata);
        let line = line_of_ancestors();
        // Somebody may have taken the lock meanwhile, who signs before there are heirs; and a
        // number that says nothing here may be one of another container.
        if read(file) != Some(word) || holders.iter().any(|holder| !holder.heir) {
            return Obstacle::Held;
        }
        if holders.iter().any(|holder| line.contains(&holder.process)) {
            return Obstacle::Within;
        }
        let mut obstacle = Obstacle::Held;
        for holder in holders {
            if end(holder.process) && self.ended.insert(holder.process) {
                // It may have started another one before it ended.
                self.searched = None;
                obstacle = Obstacle::Ended;
            }
        }
        obstacle
    }
}

/// Ends all processes that have got a lock of this process from it.
pub(super) fn end_heirs(path: &Path, file: &File) {
    let Ok(metadata) = file.metadata() else { return };
    let mut ended = HashSet::new();
    for _ in 0..MOST_SEARCHES {
        let heirs = holders(path, &metadata).into_iter().filter(|holder| holder.heir);
        let new = heirs.filter(|heir| end(heir.process) && ended.insert(heir.process)).count();
        if new == 0 {
            return;
        }
    }
}

fn end(process: u32) -> bool {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    number.is_some_and(|number| kill_process(number, Signal::KILL).is_ok())
}

#[cfg(test)]
mod tests {
    use std::io::Seek as _;

    use super::*;

    #[test]
    fn the_file_says_who_holds_it() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(read(&file), None);
        file.write_all_at(&[b'9'; 60], 0).unwrap();
        assert_eq!(read(&file), None);
        sign(&file, Some(7), b"dist/a").unwrap();
        let word = read(&file).unwrap();
        assert_eq!((word.process, word.leader), (std::process::id(), 7));
        assert_eq!(started(word.process).unwrap_or_default(), word.started);
        sign(&file, None, b"x").unwrap();
        assert_eq!(read(&file).unwrap().leader, 0);
        let mut again = file.try_clone().unwrap();
        again.rewind().unwrap();
        assert_eq!(about(&mut again).unwrap().unwrap(), b"x");
    }
}
