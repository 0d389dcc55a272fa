//! Which packages' folders stand in the files of another.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use aho_corasick::AhoCorasick;
use purlin_store::StoreError;

use crate::store::PackageStore;

/// How much of a file is looked at once.
const PIECE: usize = 1 << 20;

/// Which of these folders, by the hashes in their names, are named anywhere in a tree: in files, and
/// by links. They come in the order in which they were given.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn references(tree: &Path, folders: &[String]) -> Result<Vec<String>, StoreError> {
    let hashes: Vec<&str> =
        folders.iter().filter_map(|folder| PackageStore::hash_of(folder)).collect();
    let Ok(automaton) = AhoCorasick::new(&hashes) else { return Ok(folders.to_vec()) };
    let mut search = Search {
        automaton,
        longest: hashes.iter().map(|hash| hash.len()).max().unwrap_or(0),
        found: vec![false; hashes.len()],
        buffer: vec![0; PIECE],
    };
    if !hashes.is_empty() {
        search.tree(tree)?;
    }
    let known = folders.iter().filter(|folder| PackageStore::hash_of(folder).is_some());
    Ok(known.zip(&search.found).filter(|(_, found)| **found).map(|(one, _)| one.clone()).collect())
}

struct Search {
    automaton: AhoCorasick,
    longest: usize,
    found: Vec<bool>,
    buffer: Vec<u8>,
}

impl Search {
    fn tree(&mut self, path: &Path) -> Result<(), StoreError> {
        let error = |source| StoreError::Io { action: "read", path: path.to_owned(), source };
        let metadata = fs::symlink_metadata(path).map_err(error)?;
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(error)?;
            self.bytes(target.as_os_str().as_bytes());
            return Ok(());
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(path).map_err(error)? {
                self.tree(&entry.map_err(error)?.path())?;
            }
            return Ok(());
        }
        self.file(path).map_err(error)
    }

    /// The end of each piece is looked at again with the next, so that nothing is cut in two.
    fn file(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut kept = 0;
        loop {
            let count = file.read(&mut buffer[kept..])?;
            if count == 0 {
                break;
            }
            let length = kept + count;
            self.bytes(&buffer[..length]);
            kept = length.min(self.longest.saturating_sub(1));
            buffer.copy_within(length - kept..length, 0);
        }
        self.buffer = buffer;
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for found in self.automaton.find_overlapping_iter(bytes) {
            self.found[found.pattern().as_usize()] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_files_links_and_across_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let name = |letter: char| format!("{}-pkg-1.0", String::from(letter).repeat(32));
        let folders: Vec<String> = ['a', 'b', 'c', 'd'].map(name).to_vec();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let mut large = vec![b'x'; PIECE - 10];
        large.extend(format!("/store/{}/lib", folders[0]).bytes());
        fs::write(folder.path().join("bin/tool"), large).unwrap();
        std::os::unix::fs::symlink(format!("/s/{}/y", folders[2]), folder.path().join("y"))
            .unwrap();
        fs::write(folder.path().join("z"), &folders[3][..31]).unwrap();
        let found = references(folder.path(), &folders).unwrap();
        assert_eq!(found, [folders[0].clone(), folders[2].clone()]);
    }
}
