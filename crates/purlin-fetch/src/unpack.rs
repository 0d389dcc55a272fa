//! Archives, unpacked without trusting what they say.
//!
//! An entry never leads out of the folder, because files are written first and links are made last:
//! there is nothing that an entry could be written through, and where a link leads is known when all
//! links are. Owners, times and special bits are dropped, so that equal archives give equal trees.

mod error;
mod guard;
pub(crate) mod links;
mod path;
mod place;
mod tarball;
mod zipped;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use purlin_store::Scratch;

pub use self::error::UnpackError;
use self::guard::Guard;
use self::place::Place;
use crate::Watch;

/// What an archive may become.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes in all.
    pub bytes: u64,
    /// Files, folders and links.
    pub entries: u64,
    /// How many times its own size, beyond the first 64 MiB.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 30, entries: 2_000_000, ratio: 400 }
    }
}

/// What is unpacked of a small archive whatever its ratio: text may be very regular.
const FREE: u64 = 64 << 20;

/// Unpacks an archive into the folder `into`, which is not there yet. Where everything is in one
/// folder, that folder is left out. `name` is what the archive is called, for messages and for
/// what its first bytes do not tell. An archive that is refused leaves nothing behind, and a
/// process that dies meanwhile nothing at `into`.
///
/// Formats: `tar`, also compressed with gzip, bzip2, xz or Zstandard, and `zip`.
///
/// # Errors
/// It is no archive, is damaged, wants out, exceeds a limit, or the system refuses a step.
pub fn unpack(
    archive: &Path,
    name: &str,
    into: &Path,
    limits: &Limits,
    watch: &Watch<'_>,
) -> Result<(), UnpackError> {
    let mut file = File::open(archive).map_err(UnpackError::io("read", archive))?;
    let length = file.metadata().map_err(UnpackError::io("read", archive))?.len();
    let format = Format::of(&mut file, name).map_err(UnpackError::io("read", archive))?;
    let Some(format) = format else {
        return Err(UnpackError::Unknown { name: name.to_owned() });
    };
    if fs::symlink_metadata(into).is_ok() {
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(UnpackError::io("make the folder", into)(exists));
    }
    let scratch = Scratch::new_in(into.parent().unwrap_or(Path::new(".")))?;
    let guard = Guard::new(name, limits, length, watch);
    let mut place = Place::new(scratch.folder().join("tree"), &guard)?;
    let input = BufReader::with_capacity(256 * 1024, file);
    match format {
        Format::Tar => tarball::unpack(input, &mut place)?,
        Format::Gzip => tarball::unpack(flate2::bufread::MultiGzDecoder::new(input), &mut place)?,
        Format::Bzip2 => tarball::unpack(bzip2::bufread::MultiBzDecoder::new(input), &mut place)?,
        Format::Xz => tarball::unpack(
            lzma_rust2::XzReader::new_mem_limit(input, true, XZ_MEMORY),
            &mut place,
        )?,
        Format::Zstandard => {
            let decoder = zstd::Decoder::with_buffer(input);
            tarball::unpack(decoder.map_err(UnpackError::io("read", archive))?, &mut place)?;
        }
        Format::Zip => zipped::unpack(input, &mut place)?,
    }
    place.finish(into)
}

/// What a decoder may hold in memory, in KiB: enough for what the strongest setting asks for.
const XZ_MEMORY: u32 = 512 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
    Zip,
}

impl Format {
    /// By the first bytes, because names lie. Only very old archives need theirs.
    fn of(file: &mut File, name: &str) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        file.take(512).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        let known: [(&[u8], Self); 6] = [
            (b"\x1f\x8b", Self::Gzip),
            (b"BZh", Self::Bzip2),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstandard),
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
        ];
        if let Some((_, format)) = known.iter().find(|(magic, _)| start.starts_with(magic)) {
            return Ok(Some(*format));
        }
        let is_tar = start.get(257..262) == Some(b"ustar") || name.ends_with(".tar");
        Ok(is_tar.then_some(Self::Tar))
    }
}
