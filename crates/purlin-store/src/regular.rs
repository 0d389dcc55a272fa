//! Reading files that users name.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Reads a regular file. Anything else of the name would be an odd error, or block for ever.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn read_regular(file: &Path) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(file)?;
    if metadata.is_file() {
        return std::fs::read(file);
    }
    Err(io::Error::other(format!("It is {}, not a file", described(&metadata))))
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
