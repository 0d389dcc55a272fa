//! Contents, each in a file named by its digest.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use purlin_model::Digest;

use crate::atomic::{self, Temporary};
use crate::copy::{SMALL, copy, hash};
use crate::error::io_error;
use crate::{StoreError, defect};

/// Whether a blob of the right length is there. One of another length is damaged and will be
/// replaced.
pub(crate) fn is_there(path: &Path, size: u64) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
}

pub(crate) fn write(temporary_folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut temporary = Temporary::create(temporary_folder, "blob")?;
    temporary.write(bytes)?;
    place(temporary, path)
}

/// Copies a file into a temporary one, and gives the digest and length of that copy.
pub(crate) fn copy_in(
    temporary_folder: &Path,
    from: &mut File,
    read_error: impl Fn(io::Error) -> StoreError,
) -> Result<(Temporary, Digest, u64), StoreError> {
    let mut temporary = Temporary::create(temporary_folder, "blob")?;
    let (digest, size) = temporary.fill(|to, to_path| copy(from, to, to_path, read_error))?;
    Ok((temporary, digest, size))
}

/// Gives a finished copy its name. The folder is not synced here: a blob whose name the machine
/// lost in a sudden end is a miss, and syncing once per result is much cheaper than per blob.
pub(crate) fn place(temporary: Temporary, path: &Path) -> Result<(), StoreError> {
    temporary.sync()?;
    temporary.rename(path)
}

/// Gives a file that somebody else has written the name of its content, if it has that digest and
/// that length. False where it has not, or is no file that can be read.
pub(crate) fn adopt(from: &Path, to: &Path, digest: Digest, size: u64) -> Result<bool, StoreError> {
    let Ok(mut file) = no_link(from) else { return Ok(false) };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == size) {
        return Ok(false);
    }
    let hashed = hash(&mut file).map_err(io_error("read", from))?;
    if hashed != (digest, size) {
        return Ok(false);
    }
    if is_there(to, size) {
        return Ok(true);
    }
    file.set_permissions(Permissions::from_mode(0o644)).map_err(io_error("write", from))?;
    place(Temporary::made(from.to_owned(), file, "adopt"), to)?;
    Ok(true)
}

/// Opens what stands at a path if it is no symbolic link; a pipe is not waited for.
fn no_link(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = flags.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Puts the content at `to`, too, without reading it; false where it is not there, or has another
/// length.
pub(crate) fn lend(path: &Path, size: u64, to: &Path) -> Result<bool, StoreError> {
    if !is_there(path, size) {
        return Ok(false);
    }
    let lent = fs::hard_link(path, to).or_else(|_| fs::copy(path, to).map(drop));
    match lent {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("write", to)(error)),
    }
}

/// The content of a small file, or a large one opened for reading.
pub(crate) fn read_small(path: &Path) -> Result<Result<Vec<u8>, File>, StoreError> {
    let error = |source| StoreError::Artifact { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(error)?;
    let length = file.metadata().map_err(error)?.len();
    if length > SMALL {
        return Ok(Err(file));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(error)?;
    Ok(Ok(bytes))
}

pub(crate) fn read(path: &Path, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) if Digest::of(&bytes) == digest => Ok(Some(bytes)),
        Ok(_) => Err(damaged(path, digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

/// The content, proven and opened at its beginning.
pub(crate) fn open(path: &Path, digest: Digest) -> Result<Option<File>, StoreError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    let (found, _) = hash(&mut file).map_err(io_error("read", path))?;
    if found != digest {
        return Err(damaged(path, digest));
    }
    file.rewind().map_err(io_error("read", path))?;
    Ok(Some(file))
}

pub(crate) fn fetch(
    path: &Path,
    digest: Digest,
    to: &Path,
    executable: bool,
) -> Result<bool, StoreError> {
    let mut from = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    // What the user's mask allows, as if the command itself had made the file.
    let executable = executable && !defect::seeded("executable-bit-not-restored");
    let mode = if executable { 0o777 } else { 0o666 };
    let mut temporary = Temporary::create_at(to.to_owned(), "fetch", mode)?;
    let (copied, _) = temporary.fill(|file, file_path| {
        copy(&mut from, file, file_path, |error| io_error("read", path)(error))
    })?;
    if copied != digest && !defect::seeded("truncated-content-restored") {
        return Err(damaged(path, digest));
    }
    temporary.keep();
    Ok(true)
}

/// Puts the content at `to` as a link, proven; false where it is not there or cannot be linked.
pub(crate) fn link(path: &Path, digest: Digest, to: &Path) -> Result<bool, StoreError> {
    let Some(file) = open(path, digest)? else { return Ok(false) };
    drop(file);
    Ok(fs::hard_link(path, to).is_ok())
}

fn damaged(path: &Path, digest: Digest) -> StoreError {
    let removed = atomic::remove(path, "blob-drop").is_ok();
    let reason = "its content does not have the digest that is its name";
    StoreError::Damaged { path: path.to_owned(), digest, reason, removed }
}
