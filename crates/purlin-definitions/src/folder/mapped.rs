//! What was found in a folder: names, of which definitions are made when somebody needs them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_model::Diagnostic;

use crate::Name;
use crate::file::DefinitionFile;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Mapped {
    /// The folders in it that have definitions, and itself.
    pub(crate) folders: Vec<MappedFolder>,
    /// Whether there is no such folder.
    pub is_missing: bool,
    /// What cannot be mapped.
    pub diagnostics: Vec<Diagnostic>,
}

/// The definitions that lie in one folder: their names alone, since most are never opened.
#[derive(Debug)]
pub(crate) struct MappedFolder {
    /// Where it is, absolute.
    pub(super) folder: PathBuf,
    /// The folder as users are shown it.
    pub(super) shown: PathBuf,
    /// The names that lead to it.
    pub(crate) above: Vec<Name>,
    /// The names of files, one behind the other.
    pub(super) names: String,
    /// Sorted by what they define.
    pub(crate) files: Vec<MappedFile>,
}

/// A file that is a definition, by the place of its name among those of its folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MappedFile {
    pub(super) start: u32,
    /// How much of the name is what it defines; nothing for what is called like the folder.
    pub(super) stem: u16,
    pub(super) length: u16,
}

impl Mapped {
    /// The definitions: paths of names with their files, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<(Vec<Name>, Arc<DefinitionFile>)> {
        let of = |folder: &MappedFolder| {
            let one = |file: &MappedFile| (folder.path(*file), folder.definition(*file));
            folder.files.iter().map(one).collect::<Vec<_>>()
        };
        let mut files: Vec<_> = self.folders.iter().flat_map(of).collect();
        files.sort_unstable_by(|one, other| (&one.0, &one.1.path).cmp(&(&other.0, &other.1.path)));
        files
    }
}

impl MappedFile {
    pub(super) fn name(self, names: &str) -> &str {
        &names[self.start as usize..][..usize::from(self.length)]
    }
}

impl MappedFolder {
    /// What a file defines, if that has a name of its own.
    pub(crate) fn stem(&self, file: MappedFile) -> &str {
        &self.name(file)[..usize::from(file.stem)]
    }

    pub(crate) fn name(&self, file: MappedFile) -> &str {
        file.name(&self.names)
    }

    /// The names that lead to what a file defines.
    pub(crate) fn path(&self, file: MappedFile) -> Vec<Name> {
        let mut path = Vec::with_capacity(self.above.len() + 1);
        path.extend_from_slice(&self.above);
        let stem = self.stem(file);
        path.extend((!stem.is_empty()).then(|| Arc::from(stem)));
        path
    }

    pub(crate) fn definition(&self, file: MappedFile) -> Arc<DefinitionFile> {
        let name = self.name(file);
        DefinitionFile::shown(child(&self.folder, name), child(&self.shown, name))
    }
}

/// A file in a folder, as [`Path::join`] makes it of a plain name, which is not looked at again.
pub(super) fn child(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.as_os_str();
    let mut path = OsString::with_capacity(folder.len() + 1 + name.len());
    path.push(folder);
    if !matches!(folder.as_encoded_bytes().last(), None | Some(b'/')) {
        path.push("/");
    }
    path.push(name);
    path.into()
}
