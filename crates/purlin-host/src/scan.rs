//! Walking the search path and reading every manifest on it: what an index is made from. Nothing
//! is executed, and one bad plugin spoils only its own record.

mod claims;
mod folder;
mod judge;
mod plugin;
mod python;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use purlin_model::Diagnostic;
use purlin_plugin::PluginSet;
use purlin_plugin::manifest::MANIFEST_FILE;
use semver::Version;

use crate::PluginSource;
use crate::index::{Contents, PluginRecord, StoredDiagnostic};
use crate::stamp::Stamp;

pub(crate) use folder::{Files, Folder};
pub(crate) use python::sites_of as python_sites;

/// The search path in a form that can be walked again and again.
pub(crate) struct SearchPath {
    /// `path` entries: the name that the workspace gives, and the folder.
    pub(crate) workspace: Vec<(String, PathBuf)>,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) user: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) bundled: PluginSet,
    pub(crate) version: Version,
}

/// Reads everything on the search path.
pub(crate) fn scan(path: &SearchPath, files: &Files) -> Contents {
    let mut walk = Walk {
        files,
        version: &path.version,
        moment: SystemTime::now(),
        contents: Contents::default(),
    };
    for (name, folder) in &path.workspace {
        let manifest = folder.join(MANIFEST_FILE);
        walk.contents.search.push((manifest.clone(), Stamp::take(&manifest, walk.moment)));
        walk.read(&Folder::Disk(folder), PluginSource::Workspace, Some(name));
    }
    for folder in &path.folders {
        walk.step(folder, PluginSource::Path);
    }
    if let Some(folder) = &path.user {
        walk.step(folder, PluginSource::User);
    }
    if let Some(environment) = &path.python {
        walk.python(environment);
    }
    for (position, plugin) in path.bundled.iter().enumerate() {
        walk.read(&Folder::Bundled(position, plugin), PluginSource::Bundled, None);
    }
    let mut contents = walk.contents;
    judge::judge(&mut contents.plugins);
    contents
}

struct Walk<'a> {
    files: &'a Files,
    version: &'a Version,
    moment: SystemTime,
    contents: Contents,
}

impl Walk<'_> {
    /// One folder of the search path: it holds plugin folders or is one.
    fn step(&mut self, folder: &Path, source: PluginSource) {
        let manifest = folder.join(MANIFEST_FILE);
        let stamp = Stamp::take(&manifest, self.moment);
        if stamp != Stamp::Absent {
            // The folder's own stamp would move with every file that an editor makes beside it.
            self.contents.search.push((manifest, stamp));
            self.read(&Folder::Disk(folder), source, None);
            return;
        }
        // Taken before the folder is listed: what appears in between makes the stamp stale.
        self.contents.search.push((folder.to_path_buf(), Stamp::take(folder, self.moment)));
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            // A folder that is not there yet is no mistake, neither the user's nor a listed one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let warning = Diagnostic::warning(
                    "plugin-folder",
                    format!("the plugin folder `{}` cannot be listed", folder.display()),
                )
                .detail(format!("{error}."));
                self.contents.warnings.push(StoredDiagnostic::new(&warning, Path::new("")));
                return;
            }
        };
        let mut children: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
            .filter(|entry| !entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.path())
            .collect();
        children.sort();
        for child in children {
            let stamp = Stamp::take(&child, self.moment);
            if child.join(MANIFEST_FILE).symlink_metadata().is_ok() {
                self.read(&Folder::Disk(&child), source, None);
            } else {
                self.contents.candidates.push((child, stamp));
            }
        }
    }

    /// The distributions of a Python environment that name a plugin.
    fn python(&mut self, environment: &Path) {
        let python::Sites { watched, folders } = python::sites(environment);
        for path in watched {
            let stamp = Stamp::take(&path, self.moment);
            self.contents.search.push((path, stamp));
        }
        for site in folders {
            // Taken before the folder is listed, as above. pip renews it with whatever it does.
            self.contents.search.push((site.clone(), Stamp::take(&site, self.moment)));
            let (entries, unread) = python::entry_points(&site);
            for entry in entries {
                match &entry.folder {
                    // Several distributions may name one package, which is one plugin.
                    Ok(folder)
                        if self.contents.plugins.iter().any(|one| {
                            one.head.source == PluginSource::Python && one.folder == *folder
                        }) => {}
                    Ok(folder) => self.read(&Folder::Disk(folder), PluginSource::Python, None),
                    Err(looked_at) => self.miss(&entry, looked_at),
                }
            }
            for python::Unread { distribution, line } in unread {
                let warning = Diagnostic::warning(
                    "python-entry-point",
                    format!("the Python distribution `{distribution}` names a plugin unreadably"),
                )
                .detail(format!(
                    "Its `entry_points.txt` says `{line}`, where `NAME = PACKAGE` is expected."
                ));
                self.contents.warnings.push(StoredDiagnostic::new(&warning, Path::new("")));
            }
        }
    }

    /// An entry point that leads to no plugin; it may appear where it was looked for.
    fn miss(&mut self, entry: &python::EntryPoint, looked_at: &[PathBuf]) {
        for folder in looked_at {
            let manifest = folder.join(MANIFEST_FILE);
            let stamp = Stamp::take(&manifest, self.moment);
            self.contents.candidates.push((manifest, stamp));
        }
        let python::EntryPoint { distribution, name, package, .. } = entry;
        let shown: Vec<String> =
            looked_at.iter().map(|folder| format!("`{}`", folder.display())).collect();
        let warning = Diagnostic::warning(
            "python-entry-point",
            format!("the Python distribution `{distribution}` names a plugin that is not there"),
        )
        .detail(format!(
            "Its entry point `{name}` says that the package `{package}` holds a `{MANIFEST_FILE}`. \
             Looked for in {}.",
            shown.join(", ")
        ));
        self.contents.warnings.push(StoredDiagnostic::new(&warning, Path::new("")));
    }

    fn read(&mut self, folder: &Folder<'_>, source: PluginSource, declared: Option<&str>) {
        let record: PluginRecord =
            plugin::read(folder, source, declared, self.files, self.moment, self.version);
        self.contents.plugins.push(record);
    }
}
