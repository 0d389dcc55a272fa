//! The floor under every tool that looks whether files changed: reads every folder below one and takes
//! the stamp of every entry, on one thread, and forgets them. Git's own folder and the outputs are
//! left out, as the tools leave them out.
//!
//! Usage: `walk FOLDER`. Writes the number of files.

use std::fs::read_dir;
use std::path::{Path, PathBuf};

fn main() {
    let root = std::env::args_os().nth(1).expect("FOLDER is given");
    let mut open = vec![PathBuf::from(root)];
    let mut files = 0_u64;
    while let Some(folder) = open.pop() {
        files += look(&folder, &mut open).expect("the folder can be read");
    }
    println!("{files}");
}

fn look(folder: &Path, open: &mut Vec<PathBuf>) -> std::io::Result<u64> {
    let mut files = 0;
    for entry in read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself, not of what a link points to.
        let stamp = entry.metadata()?;
        if !stamp.is_dir() {
            files += u64::from(stamp.modified().is_ok());
        } else if entry.file_name() != ".git" && entry.file_name() != "out" {
            open.push(entry.path());
        }
    }
    Ok(files)
}
