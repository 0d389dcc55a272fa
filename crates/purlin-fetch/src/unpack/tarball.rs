//! Archives of `tar`.
//!
//! Entries are taken raw, because what the extensions before an entry say is read into memory whole:
//! here they may not be longer than names are.

use std::io::Read;

use tar::{Archive, EntryType, PaxExtensions};

use super::UnpackError;
use super::guard::{Counted, reading};
use super::place::Place;

/// The longest extension that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What is said in front of an entry about it.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

pub(super) fn unpack(input: impl Read, place: &mut Place<'_>) -> Result<(), UnpackError> {
    let guard = place.guard;
    let mut archive = Archive::new(Counted { input, guard });
    let mut said = Said::default();
    let mut any = false;
    for entry in archive.entries().map_err(reading(guard))?.raw(true) {
        let mut entry = entry.map_err(reading(guard))?;
        any = true;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::XGlobalHeader => continue,
            EntryType::XHeader => {
                read_pax(&extension(&mut entry, place)?, &mut said, place)?;
                continue;
            }
            EntryType::GNULongName => {
                said.name = Some(text(extension(&mut entry, place)?));
                continue;
            }
            EntryType::GNULongLink => {
                said.target = Some(text(extension(&mut entry, place)?));
                continue;
            }
            _ => {}
        }
        let Said { name, target } = std::mem::take(&mut said);
        let name = name.unwrap_or_else(|| entry.path_bytes().into_owned());
        let target = target.or_else(|| entry.link_name_bytes().map(Into::into)).unwrap_or_default();
        match kind {
            EntryType::Directory => place.folder(&name)?,
            // Very old archives tell a folder by the end of its name.
            EntryType::Regular if name.ends_with(b"/") => place.folder(&name)?,
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().unwrap_or(0o644);
                place.file(&name, mode & 0o100 != 0, &mut entry)?;
            }
            EntryType::Symlink => place.link(&name, &target)?,
            EntryType::Link => place.same(&name, &target)?,
            EntryType::Char | EntryType::Block => return Err(guard.refused(&name, "is a device")),
            EntryType::Fifo => return Err(guard.refused(&name, "is a pipe")),
            EntryType::GNUSparse => return Err(guard.refused(&name, "is a file with holes")),
            other => {
                let kind = char::from(other.as_byte()).escape_default();
                return Err(guard.refused(&name, format!("is of the unknown kind `{kind}`")));
            }
        }
    }
    // Anything at all looks like an empty archive, when all of it is zero.
    if any { Ok(()) } else { Err(guard.damaged(&"it is empty")) }
}

fn extension(entry: &mut impl Read, place: &Place<'_>) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = Vec::new();
    let mut limited = entry.take(LONGEST + 1);
    limited.read_to_end(&mut bytes).map_err(reading(place.guard))?;
    if bytes.len() as u64 > LONGEST {
        return Err(place.guard.damaged(&"a name in it is longer than any name may be"));
    }
    Ok(bytes)
}

fn read_pax(bytes: &[u8], said: &mut Said, place: &Place<'_>) -> Result<(), UnpackError> {
    for record in PaxExtensions::new(bytes) {
        let record = record.map_err(reading(place.guard))?;
        match record.key_bytes() {
            b"path" => said.name = Some(record.value_bytes().to_vec()),
            b"linkpath" => said.target = Some(record.value_bytes().to_vec()),
            b"size" => {
                let reason = "has its size in an extension: files of 8 GiB are too large";
                return Err(place.guard.refused(b"an entry", reason));
            }
            key if key.starts_with(b"GNU.sparse.") => {
                return Err(place.guard.refused(b"an entry", "is a file with holes"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Without the zero that ends it.
fn text(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}
