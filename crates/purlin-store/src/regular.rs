//! Reading files that users name.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Reads a regular file. Anything else of the name would be an odd error, or block for ever.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn read_regular(file: &Path) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(file)?;
    if !metadata.is_file() {
        return Err(io::Error::other(format!("It is {}, not a file", described(&metadata))));
    }
    // Its size is known: a byte more than that would show that there is more, without asking again.
    let size = usize::try_from(metadata.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; size.saturating_add(1)];
    let mut open = File::open(file)?;
    let mut read = 0;
    loop {
        match open.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if read == size {
            break;
        }
        if read == bytes.len() {
            bytes.resize(read * 2, 0);
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

/// Reads a regular file that is a text.
///
/// # Errors
/// It cannot be read, is no file, or is not UTF-8.
pub fn read_regular_text(file: &Path) -> io::Result<String> {
    String::from_utf8(read_regular(file)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn described(metadata: &Metadata) -> &'static str {
    match metadata.file_type() {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}
