//! The file that remembers contents' digests, mapped into memory.
//!
//! A header, then one record of fixed size per file in the order of their paths, then the paths.
//! All numbers are little-endian. The header and each record, with its path, have a checksum of
//! their own that is looked at when they are used: a damaged record is as good as absent, and a
//! run that needs a thousand records of fifty thousand pays for a thousand.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use memmap2::Mmap;
use purlin_model::Digest;

use super::stamp::{Stamp, Time};
use crate::atomic::{Temporary, make_folders};
use crate::error::io_error;
use crate::{RelativePath, StoreError};

const MAGIC: &[u8; 8] = b"purlinFI";
const VERSION: u32 = 1;
const HEADER: usize = 40;
const RECORD: usize = 84;
/// The part of a record before its checksum.
const BODY: usize = 80;

/// What is remembered about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) digest: Digest,
}

/// A readable index.
pub(super) struct Index {
    map: Mmap,
    count: usize,
    /// How many entries there were when vanished files were dropped last.
    floor: u32,
    /// The device and inode of the file, by which a newer one is told apart.
    identity: (u64, u64),
}

impl Index {
    /// The index, unless there is none or it cannot be used. One that was written later than now
    /// is not: the clock was set back, and stamps will come twice.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        if metadata.len() < HEADER as u64 {
            return None;
        }
        // SAFETY: nothing writes to an index in place or shortens it: `write` puts a new file in
        // its place, and this mapping keeps the old one. Every byte that is read is checked.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        let header = map.get(..HEADER)?;
        if &header[..8] != MAGIC
            || number::<4>(header, 8) != u64::from(VERSION)
            || number::<4>(header, 36) != u64::from(crc32fast::hash(&header[..36]))
        {
            return None;
        }
        let written = Time { seconds: signed(header, 24), nanoseconds: short(header, 32) };
        let count = short(header, 12) as usize;
        if written > Time::now() || HEADER.checked_add(count.checked_mul(RECORD)?)? > map.len() {
            return None;
        }
        let floor = short(header, 16);
        Some(Self { count, floor, identity: (metadata.dev(), metadata.ino()), map })
    }

    /// A reader that is fastest for paths in ascending order.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { index: self, place: 0 }
    }

    fn record(&self, place: usize) -> &[u8] {
        &self.map[HEADER + place * RECORD..][..RECORD]
    }

    /// The path of a record, or nothing where a damaged record points outside the file.
    fn path(&self, place: usize) -> &[u8] {
        let record = self.record(place);
        let start = short(record, 0) as usize;
        let end = start.saturating_add(short(record, 4) as usize);
        self.map.get(start..end).unwrap_or_default()
    }

    /// The entry, if it is undamaged.
    fn entry(&self, place: usize) -> Option<Entry> {
        let record = self.record(place);
        if checksum(&record[..BODY], self.path(place)) != short(record, BODY) {
            return None;
        }
        let time = |seconds, nanoseconds| Time {
            seconds: signed(record, seconds),
            nanoseconds: short(record, nanoseconds),
        };
        Some(Entry {
            stamp: Stamp {
                size: number::<8>(record, 8),
                modified: time(16, 40),
                changed: time(24, 44),
                inode: number::<8>(record, 32),
            },
            digest: Digest(record[48..BODY].try_into().ok()?),
        })
    }
}

/// See [`Index::cursor`].
pub(super) struct Cursor<'a> {
    index: &'a Index,
    place: usize,
}

impl Cursor<'_> {
    /// The undamaged entry of a path.
    pub(super) fn find(&mut self, path: &[u8]) -> Option<Entry> {
        let index = self.index;
        if self.place > 0 && index.path(self.place - 1) >= path {
            self.place = 0;
        }
        // Ever longer steps first: the next path is mostly the next record.
        let mut step = 1;
        let mut end = self.place;
        while end < index.count && index.path(end) < path {
            self.place = end + 1;
            end += step;
            step *= 2;
        }
        let mut end = end.min(index.count);
        while self.place < end {
            let middle = self.place.midpoint(end);
            if index.path(middle) < path {
                self.place = middle + 1;
            } else {
                end = middle;
            }
        }
        (self.place < index.count && index.path(self.place) == path)
            .then(|| index.entry(self.place))?
    }
}

/// Puts an index in place that has the fresh entries and those of the one that is there, which
/// another process may have written since `known` was mapped.
///
/// When it has grown to twice its size, entries of files that are gone from `root` are dropped.
pub(super) fn write(
    path: &Path,
    known: Option<&Index>,
    fresh: &HashMap<RelativePath, Entry>,
    root: &Path,
) -> Result<(), StoreError> {
    let newer = match fs::metadata(path) {
        Ok(found) if known.is_some_and(|known| known.identity == (found.dev(), found.ino())) => {
            None
        }
        _ => Index::open(path),
    };
    let old = newer.as_ref().or(known);
    let mut entries: Vec<(&[u8], Entry)> = Vec::new();
    if let Some(old) = old {
        for place in 0..old.count {
            let path = old.path(place);
            let checked = RelativePath::from_bytes(path).ok();
            if checked.is_some_and(|path| !fresh.contains_key(&path)) {
                entries.extend(old.entry(place).map(|entry| (path, entry)));
            }
        }
    }
    let mut floor = old.map_or(0, |old| old.floor as usize);
    if entries.len() + fresh.len() > 2 * floor + 1024 {
        entries.retain(|(path, _)| may_be_there(root, path));
        floor = entries.len() + fresh.len();
    }
    entries.extend(fresh.iter().map(|(path, entry)| (path.as_bytes(), *entry)));
    entries.sort_unstable_by_key(|(path, _)| *path);
    entries.dedup_by_key(|(path, _)| *path);
    let bytes = encode(&entries, floor).map_err(io_error("write", path))?;
    put(path, &bytes)
}

fn may_be_there(root: &Path, path: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let path = root.join(std::ffi::OsStr::from_bytes(path));
    !path.symlink_metadata().is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    })
}

fn encode(entries: &[(&[u8], Entry)], floor: usize) -> io::Result<Vec<u8>> {
    let too_big = |_| io::Error::other("the index of the workspace's files would exceed 4 GiB");
    let paths = HEADER + entries.len() * RECORD;
    let length = paths + entries.iter().map(|(path, _)| path.len()).sum::<usize>();
    u32::try_from(length).map_err(too_big)?;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(entries.len()).map_err(too_big)?.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(floor).map_err(too_big)?.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let now = Time::now();
    bytes.extend_from_slice(&now.seconds.to_le_bytes());
    bytes.extend_from_slice(&now.nanoseconds.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    let mut start = paths;
    for (path, Entry { stamp, digest }) in entries {
        let record = bytes.len();
        bytes.extend_from_slice(&u32::try_from(start).map_err(too_big)?.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(path.len()).map_err(too_big)?.to_le_bytes());
        bytes.extend_from_slice(&stamp.size.to_le_bytes());
        bytes.extend_from_slice(&stamp.modified.seconds.to_le_bytes());
        bytes.extend_from_slice(&stamp.changed.seconds.to_le_bytes());
        bytes.extend_from_slice(&stamp.inode.to_le_bytes());
        bytes.extend_from_slice(&stamp.modified.nanoseconds.to_le_bytes());
        bytes.extend_from_slice(&stamp.changed.nanoseconds.to_le_bytes());
        bytes.extend_from_slice(&digest.0);
        let checksum = checksum(&bytes[record..], path);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        start += path.len();
    }
    for (path, _) in entries {
        bytes.extend_from_slice(path);
    }
    Ok(bytes)
}

/// Puts the file in the place of the old one. It is not flushed to the disk: after a power cut
/// the checksums tell, and the contents are hashed again.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    make_folders(folder)?;
    let mut temporary = Temporary::create(folder, "index")?;
    temporary.write(bytes)?;
    temporary.rename(path)
}

fn checksum(body: &[u8], path: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(path);
    hasher.finalize()
}

fn number<const SIZE: usize>(bytes: &[u8], place: usize) -> u64 {
    let mut number = [0; 8];
    number[..SIZE].copy_from_slice(&bytes[place..][..SIZE]);
    u64::from_le_bytes(number)
}

fn signed(bytes: &[u8], place: usize) -> i64 {
    number::<8>(bytes, place).cast_signed()
}

fn short(bytes: &[u8], place: usize) -> u32 {
    number::<4>(bytes, place) as u32
}

#[cfg(test)]
mod tests;
