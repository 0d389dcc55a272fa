//! A file in the making, which outlives the process that makes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use purlin_model::{Digest, Hasher};
use purlin_store::{fault, write_atomically};
use serde::{Deserialize, Serialize};

use crate::FetchError;
use crate::error::io_error;

/// What is there of a file so far. Whoever has it holds the lock on its name.
pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    pub(crate) length: u64,
    pub(crate) note: Note,
}

/// Where the bytes are from.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) url: String,
    /// What the server calls this version of the file: a strong entity tag, or a date.
    pub(crate) version: Option<String>,
}

impl Partial {
    /// Opens what an earlier process left, or begins.
    pub(crate) fn open(path: PathBuf) -> Result<Self, FetchError> {
        fs::create_dir_all(path.parent().unwrap_or(&path))
            .map_err(io_error("make the folder of", &path))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error("create", &path))?;
        let length = file.seek(SeekFrom::End(0)).map_err(io_error("read", &path))?;
        // Without a note nobody knows where the bytes are from; only the digest will tell.
        let note = fs::read(note_path(&path)).ok();
        let note = note.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Ok(Self { path, file, length, note })
    }

    /// Begins again, with what is from `note`.
    pub(crate) fn restart(&mut self, note: Note) -> Result<(), FetchError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(io_error("write", &self.path))?;
        self.length = 0;
        if self.note != note {
            let text = serde_json::to_vec(&note).unwrap_or_default();
            write_atomically(&note_path(&self.path), &text, "fetch-note")?;
            self.note = note;
        }
        Ok(())
    }

    /// Adds bytes at the end.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(io_error("write", &self.path))?;
        self.length += bytes.len() as u64;
        fault::point("fetch.added");
        Ok(())
    }

    /// The digest of all that is there.
    pub(crate) fn digest(&mut self) -> Result<Digest, FetchError> {
        self.file.seek(SeekFrom::Start(0)).map_err(io_error("read", &self.path))?;
        let digest = digest(&mut self.file).map_err(io_error("read", &self.path))?;
        self.file.seek(SeekFrom::End(0)).map_err(io_error("read", &self.path))?;
        Ok(digest)
    }

    /// Gives the whole file its place.
    pub(crate) fn finish(self, to: &Path) -> Result<(), FetchError> {
        self.file
            .set_permissions(fs::Permissions::from_mode(0o444))
            .and_then(|()| self.file.sync_all())
            .map_err(io_error("write", &self.path))?;
        fault::point("fetch.synced");
        // Without it the part is still taken for what it is: something to be verified.
        let _ = fs::remove_file(note_path(&self.path));
        let folder = to.parent().unwrap_or(to);
        fs::create_dir_all(folder).map_err(io_error("make the folder", folder))?;
        fs::rename(&self.path, to).map_err(io_error("write", to))?;
        fault::point("fetch.renamed");
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Forgets all of it.
    pub(crate) fn discard(self) {
        // What stays is taken for what it is the next time: something to be verified.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(note_path(&self.path));
    }
}

fn note_path(path: &Path) -> PathBuf {
    path.with_extension("note")
}

/// The digest of what is left to read.
pub(crate) fn digest(file: &mut File) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => {
                hasher.raw(&buffer[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
