//! Where a package is installed, and that nobody else's files are there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use purlin_packages::{CLOSURE, Package, is_folder_name};

use super::layout::installed;

/// The first line of every `package.toml` that is written here: a folder without one is somebody else's.
pub(super) const MARK: &str =
    "# Written by `purlin build --install`, which replaces all of this folder.";

/// The version of a package that says none.
const UNVERSIONED: &str = "0";

/// The folder of a package in a folder of packages: always right below one with its name.
pub(super) fn place_in(folder: &Path, package: &Package) -> Result<PathBuf, String> {
    let said = package.version.as_deref().filter(|version| !version.is_empty());
    let version = said.unwrap_or(UNVERSIONED);
    match [package.name.as_str(), version].into_iter().find(|part| !is_folder_name(part)) {
        Some(part) => Err(format!("`{part}` is no name of a folder.")),
        None => Ok(folder.join(&package.name).join(version)),
    }
}

/// Sees to it that a package may be put in a place. Why it may not, as a sentence.
pub(super) fn check(place: &Path) -> Result<(), String> {
    let above = place.parent().unwrap_or(place);
    for path in [above, place] {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => {
                return Err(format!("{} is a link, which leads elsewhere.", path.display()));
            }
            Ok(_) => return Err(format!("{} is no folder.", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(format!("{}: {error}.", path.display())),
        }
    }
    let document = fs::read_to_string(place.join("package.toml")).unwrap_or_default();
    let is_ours = document.lines().next() == Some(MARK);
    let variants = installed(place);
    let written = |name: &str| {
        let of_variant = |folder: &str| folder.split('/').next() == Some(name);
        ["package.toml", "root", CLOSURE].contains(&name)
            || variants.iter().any(|one| of_variant(&one.folder))
    };
    let entries = fs::read_dir(place).map_err(|error| format!("{}: {error}.", place.display()))?;
    for entry in entries.flatten() {
        if !is_ours || !written(&entry.file_name().to_string_lossy()) {
            return Err(format!(
                "{} is there, and was not written by `purlin build --install`: it would be lost.",
                entry.path().display()
            ));
        }
    }
    Ok(())
}
