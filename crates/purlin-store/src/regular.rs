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

fn described(metadata: &Metadata) -> &'static str {
    match metadata.file_type() {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}
