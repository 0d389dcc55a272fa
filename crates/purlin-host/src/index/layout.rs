//! Sizes, and the reading and writing of the smallest parts.

use crate::stamp::{Marks, Stamp};

use super::reader::Damaged;

/// Begins every index file.
pub(super) const MAGIC: [u8; 8] = *b"PURLINIX";
/// Counts up with every change of the layout.
pub(super) const FORMAT: u32 = 4;

/// Bytes of the header: magic, format, checksum of the rest, length of the file (8), digest of the
/// search path (32), the five counts of [`super::reader::Index`], a piece with the warnings.
pub(super) const HEADER: usize = 88;
/// Where the header's checksum begins.
pub(super) const CHECKED: usize = 16;
/// Bytes of a stamp's row: a piece with the path, kind, four marks, checksum.
pub(super) const STAMP_ROW: usize = 52;
/// Bytes of a plugin's row: five pieces, first stamp, number of stamps, flags, checksum.
pub(super) const PLUGIN_ROW: usize = 76;
/// Bytes of a feature's row: pieces with key, record, what a word is about and its words, plugin, flags,
/// checksum.
pub(super) const FEATURE_ROW: usize = 60;

/// Flag of a plugin's row: another plugin of the same name comes first.
pub(super) const SHADOWED: u32 = 1;
/// Flag of a plugin's row: it is compiled in.
pub(super) const BUNDLED: u32 = 2;
/// Flag of a plugin's row: it is broken, and not even what it claims could be read.
pub(super) const UNREAD: u32 = 4;

/// Flag of a plugin's row: nothing is wrong with it.
pub(super) const SOUND: u32 = 8;

/// Flag of a feature's row: it is deprecated.
pub(super) const DEPRECATED: u32 = 1;

/// A piece of the heap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) offset: u32,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

/// Reads numbers from front to back.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Damaged> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| Damaged)?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Damaged> {
        let bytes = self.take(8)?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| Damaged)?))
    }

    pub(super) fn piece(&mut self) -> Result<Piece, Damaged> {
        Ok(Piece { offset: self.u32()?, length: self.u32()?, checksum: self.u32()? })
    }

    pub(super) fn stamp(&mut self) -> Result<Stamp, Damaged> {
        let kind = self.u32()?;
        let marks = Marks {
            modified: self.u64()?.cast_signed(),
            changed: self.u64()?.cast_signed(),
            inode: self.u64()?,
            size: self.u64()?,
        };
        match kind {
            0 => Ok(Stamp::Absent),
            1 => Ok(Stamp::Present(marks)),
            2 => Ok(Stamp::Racy),
            _ => Err(Damaged),
        }
    }
}

pub(super) fn put_u32(row: &mut Vec<u8>, number: u32) {
    row.extend_from_slice(&number.to_le_bytes());
}

pub(super) fn put_piece(row: &mut Vec<u8>, piece: Piece) {
    put_u32(row, piece.offset);
    put_u32(row, piece.length);
    put_u32(row, piece.checksum);
}

pub(super) fn put_stamp(row: &mut Vec<u8>, stamp: Stamp) {
    let (kind, marks) = match stamp {
        Stamp::Absent => (0, None),
        Stamp::Present(marks) => (1, Some(marks)),
        Stamp::Racy => (2, None),
    };
    let marks = marks.unwrap_or(Marks { modified: 0, changed: 0, inode: 0, size: 0 });
    put_u32(row, kind);
    for number in
        [marks.modified.cast_unsigned(), marks.changed.cast_unsigned(), marks.inode, marks.size]
    {
        row.extend_from_slice(&number.to_le_bytes());
    }
}

/// Ends a row with the checksum of what it holds so far.
pub(super) fn seal(rows: &mut Vec<u8>, start: usize) {
    let checksum = crc32fast::hash(&rows[start..]);
    put_u32(rows, checksum);
}

/// The part of a row in front of its checksum, if that fits.
pub(super) fn unseal(row: &[u8]) -> Result<Cursor<'_>, Damaged> {
    let (body, mut checksum) = row
        .split_at_checked(row.len().saturating_sub(4))
        .map(|(body, tail)| (body, Cursor(tail)))
        .ok_or(Damaged)?;
    if checksum.u32()? != crc32fast::hash(body) {
        return Err(Damaged);
    }
    Ok(Cursor(body))
}
