//! Reading a plugin's files, from the disk or from the binary.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use purlin_model::Source;
use purlin_plugin::NativePlugin;

/// No manifest or schema is larger; what is larger is not read.
const LIMIT: u64 = 1 << 20;

/// Counts the files that are opened: that a run opens none is a promise with a test.
#[derive(Default)]
pub(crate) struct Files(AtomicU64);

impl Files {
    /// Files opened so far.
    pub(crate) fn opened(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A plugin's folder.
#[derive(Clone, Copy)]
pub(crate) enum Folder<'a> {
    Disk(&'a Path),
    /// Its position among the compiled-in plugins, and itself.
    Bundled(usize, &'a NativePlugin),
}

impl Folder<'_> {
    /// The text of a file.
    pub(crate) fn read(&self, file: &str, files: &Files) -> io::Result<Cow<'static, str>> {
        match self {
            Self::Disk(folder) => {
                files.0.fetch_add(1, Ordering::Relaxed);
                let mut text = String::new();
                let path = folder.join(file);
                // A pipe would block for ever.
                let kind = std::fs::metadata(&path)?.file_type();
                if !kind.is_file() && !kind.is_dir() {
                    return Err(io::Error::other("it is a pipe or a device, not a file"));
                }
                File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
                if text.len() as u64 > LIMIT {
                    return Err(io::Error::other("the file is larger than 1 MiB"));
                }
                Ok(text.into())
            }
            Self::Bundled(_, plugin) => plugin
                .file(file)
                .map(Cow::Borrowed)
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    /// True when the file is there; it is not opened.
    pub(crate) fn has(&self, file: &str) -> bool {
        match self {
            Self::Disk(folder) => folder.join(file).is_file(),
            Self::Bundled(_, plugin) => plugin.file(file).is_some(),
        }
    }

    /// The folder as messages name it. Bundled ones are not on the disk.
    pub(crate) fn shown(&self) -> PathBuf {
        match self {
            Self::Disk(folder) => folder.to_path_buf(),
            Self::Bundled(_, plugin) => Path::new("<bundled>").join(plugin.folder),
        }
    }

    /// The name of the folder itself.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Disk(folder) => {
                folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
            Self::Bundled(_, plugin) => plugin.folder.to_owned(),
        }
    }

    /// The source of a file, for origins. Texts that are not on the disk go with it.
    pub(crate) fn source(&self, plugin: &str, file: &str) -> Arc<Source> {
        let text = match self {
            Self::Disk(_) => None,
            Self::Bundled(_, native) => native.file(file).map(str::to_owned),
        };
        Source::of_plugin(plugin, self.shown().join(file), text)
    }
}
