//! The Python SDK: it comes with the binary, so that plugin and host always fit.

use std::io;
use std::path::{Path, PathBuf};

use purlin_model::Hasher;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../sdk/python/src/", $path)))),*]
    };
}

/// The files by path, as they lie in the repository.
const FILES: &[(&str, &str)] = files![
    "purlin/__init__.py",
    "purlin/_manifest/__init__.py",
    "purlin/_manifest/command.py",
    "purlin/_manifest/compare.py",
    "purlin/_manifest/provides.py",
    "purlin/_manifest/schema.py",
    "purlin/_manifest/toml.py",
    "purlin/_process/__init__.py",
    "purlin/_process/calls.py",
    "purlin/_process/channel.py",
    "purlin/_process/server.py",
    "purlin/_process/wire.py",
    "purlin/_run.py",
    "purlin/lazy.py",
    "purlin/plugin/__init__.py",
    "purlin/plugin/__main__.py",
    "purlin/plugin/_builder.py",
    "purlin/plugin/_cache.py",
    "purlin/plugin/_context.py",
    "purlin/plugin/_convert.py",
    "purlin/plugin/_data.py",
    "purlin/plugin/_environment.py",
    "purlin/plugin/_error.py",
    "purlin/plugin/_importer.py",
    "purlin/plugin/_message.py",
    "purlin/plugin/_points.py",
    "purlin/plugin/_record.py",
    "purlin/plugin/_registry.py",
    "purlin/plugin/_repository.py",
    "purlin/py.typed",
];

/// The folder below the user's cache folder that holds this SDK, made when it is not there. Each
/// version has its own, and it appears whole or not at all.
pub(super) fn folder(cache: &Path) -> io::Result<PathBuf> {
    let mut hasher = Hasher::new("python-sdk");
    for (path, text) in FILES {
        hasher.field(path.as_bytes()).field(text.as_bytes());
    }
    let above = cache.join("sdk");
    let folder = above.join(hasher.finish().to_hex());
    if folder.is_dir() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&above)?;
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&above)?;
    for (path, text) in FILES {
        let file = unfinished.path().join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, text)?;
    }
    match std::fs::rename(unfinished.path(), &folder) {
        // Another process was quicker.
        Err(_) if folder.is_dir() => Ok(folder),
        result => result.map(|()| folder),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_file_is_forgotten() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/python/src");
        let mut found = BTreeSet::new();
        let mut open = vec![source.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.to_string_lossy().contains("__pycache__") {
                    found.insert(path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let listed: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn it_is_unpacked_once() {
        let cache = tempfile::tempdir().unwrap();
        let first = folder(cache.path()).unwrap();
        std::fs::write(first.join("kept"), "").unwrap();
        assert_eq!(folder(cache.path()).unwrap(), first);
        assert!(first.join("kept").exists() && first.join("purlin/_run.py").exists());
        assert_eq!(std::fs::read_dir(cache.path().join("sdk")).unwrap().count(), 1);
    }
}
