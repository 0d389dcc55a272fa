//! Archives of `zip`.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::UnpackError;
use super::guard::{Counted, Guard, reading};
use super::place::Place;

/// The longest target of a link, in bytes.
const LONGEST: u64 = 4096;

/// What the kind of a file is in a mode, and two of the kinds.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

pub(super) fn unpack(input: impl Read + Seek, place: &mut Place<'_>) -> Result<(), UnpackError> {
    let guard = place.guard;
    let mut archive = ZipArchive::new(input).map_err(|error| damaged(guard, error))?;
    for number in 0..archive.len() {
        let file = archive.by_index(number).map_err(|error| damaged(guard, error))?;
        let name = file.name_raw().to_vec();
        let mode = file.unix_mode().unwrap_or(0);
        let is_link = file.is_symlink();
        let is_folder = file.is_dir() || mode & KIND == FOLDER;
        let mut content = Counted { input: file, guard };
        if is_link {
            let mut target = Vec::new();
            let mut limited = (&mut content).take(LONGEST + 1);
            limited.read_to_end(&mut target).map_err(reading(guard))?;
            if target.len() as u64 > LONGEST {
                return Err(guard.refused(&name, "is a link to a longer path than there can be"));
            }
            place.link(&name, &target)?;
        } else if is_folder {
            place.folder(&name)?;
        } else if ![0, FILE].contains(&(mode & KIND)) {
            return Err(guard.refused(&name, "is a device or a pipe"));
        } else {
            place.file(&name, mode & 0o100 != 0, &mut content)?;
        }
    }
    Ok(())
}

fn damaged(guard: &Guard<'_>, error: ZipError) -> UnpackError {
    match error {
        ZipError::Io(error) => reading(guard)(error),
        error => guard.damaged(&error),
    }
}
