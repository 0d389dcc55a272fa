//! Copies that know the digest of what they wrote.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use purlin_model::{Digest, Hasher};

use crate::StoreError;
use crate::error::io_error;

/// Smaller files are read into memory whole; sharing blocks does not pay for them either.
pub(crate) const SMALL: u64 = 128 * 1024;

/// Copies all of `from` into the empty file `to` (named `to_path`), sharing its blocks where the
/// file system can, and gives the digest and the length of the copy. `read_error` makes the error
/// of a failed read.
pub(crate) fn copy(
    from: &mut File,
    to: &mut File,
    to_path: &Path,
    read_error: impl Fn(std::io::Error) -> StoreError,
) -> Result<(Digest, u64), StoreError> {
    #[cfg(target_os = "linux")]
    if rustix::fs::ioctl_ficlone(&*to, &*from).is_ok() {
        return hash(to).map_err(io_error("read", to_path));
    }
    pass(from, read_error, |bytes| to.write_all(bytes).map_err(io_error("write", to_path)))
}

/// The digest and the length of what is left to read in a file.
pub(crate) fn hash(file: &mut File) -> std::io::Result<(Digest, u64)> {
    pass(file, |error| error, |_| Ok(()))
}

fn pass<E>(
    from: &mut File,
    read_error: impl Fn(std::io::Error) -> E,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(Digest, u64), E> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finish(), length)),
            Ok(count) => {
                hasher.raw(&buffer[..count]);
                each(&buffer[..count])?;
                length += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read_error(error)),
        }
    }
}
