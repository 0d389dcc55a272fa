//! What a plugin is run by, as far as its answers may depend on it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use purlin_model::Hasher;

/// Adds a program: where it is, and which file that is now.
pub(super) fn program(hasher: &mut Hasher, program: &Path) {
    for path in [Some(program.to_owned()), program.canonicalize().ok()] {
        let path = path.unwrap_or_default();
        hasher.field(path.as_os_str().as_encoded_bytes());
        stamp(hasher, &path);
    }
}

/// Adds what is installed for a Python interpreter: to install and to remove a distribution changes
/// the folder that it lies in.
pub(super) fn distributions(hasher: &mut Hasher, interpreter: &Path) {
    let own = interpreter.canonicalize().ok();
    for prefix in [Some(interpreter), own.as_deref()].into_iter().flatten().map(prefix) {
        let Some(prefix) = prefix else { continue };
        stamp(hasher, &prefix.join("pyvenv.cfg"));
        let libraries = fs::read_dir(prefix.join("lib")).into_iter().flatten();
        let mut folders: Vec<PathBuf> = libraries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"))
            })
            .flat_map(|path| [path.join("site-packages"), path.join("dist-packages")])
            .collect();
        folders.sort();
        for folder in folders {
            hasher.field(folder.as_os_str().as_encoded_bytes());
            stamp(hasher, &folder);
        }
    }
}

fn prefix(program: &Path) -> Option<&Path> {
    program.parent()?.parent()
}

fn stamp(hasher: &mut Hasher, path: &Path) {
    match path.metadata() {
        Ok(data) => {
            let numbers = [data.mtime(), data.mtime_nsec(), data.size().cast_signed()];
            for number in numbers {
                hasher.field(&number.to_le_bytes());
            }
        }
        Err(_) => {
            hasher.field(b"none");
        }
    }
}
