//! What installers leave beside a distribution: `NAME-VERSION.dist-info`, of old ones
//! `NAME-VERSION-pyX.Y.egg-info` or `NAME.egg-info`, and of old editable ones `NAME.egg-link`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use purlin_plugin::literal_glob;

use super::normalised;

/// What is known of one distribution.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its versions in order: more than one where an installer has left something behind.
    pub(crate) versions: Vec<String>,
    /// Globs of the files that were read, of those in the workspace.
    pub(crate) read: Vec<String>,
}

/// Looks for a distribution by its normalised name. A folder that is not there holds none.
pub(crate) fn distributions(folder: &Path, name: &str, root: &str) -> io::Result<Found> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) => return Err(error),
    };
    let mut found = Found::default();
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name();
        let Some((stem, ending)) = file.to_str().and_then(|file| file.rsplit_once('.')) else {
            continue;
        };
        match ending {
            "dist-info" | "egg-info" => match versioned(stem) {
                Some((one, version)) if normalised(one) == name => {
                    found.versions.push(version.to_owned());
                }
                None if normalised(stem) == name => found.read_metadata(&entry.path(), root)?,
                _ => {}
            },
            "egg-link" if normalised(stem) == name => {
                found.follow(&entry.path(), name, root)?;
            }
            _ => {}
        }
    }
    found.versions.sort();
    found.versions.dedup();
    found.read.sort();
    Ok(found)
}

impl Found {
    /// The version that a folder's metadata tell.
    fn read_metadata(&mut self, folder: &Path, root: &str) -> io::Result<()> {
        let file = folder.join("PKG-INFO");
        let text = self.text(&file, root)?;
        let version = text.lines().find_map(|line| line.strip_prefix("Version:"));
        self.versions.extend(version.map(|version| version.trim().to_owned()));
        Ok(())
    }

    /// What a link of an old editable install leads to.
    fn follow(&mut self, link: &Path, name: &str, root: &str) -> io::Result<()> {
        let text = self.text(link, root)?;
        let target = PathBuf::from(text.lines().next().unwrap_or_default().trim());
        let Ok(entries) = fs::read_dir(&target) else { return Ok(()) };
        for entry in entries {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|ending| ending == "egg-info")
                && normalised(stem) == name
            {
                self.read_metadata(&path, root)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, file: &Path, root: &str) -> io::Result<String> {
        let below = file.strip_prefix(root).ok();
        self.read.extend(below.map(|path| literal_glob(&path.to_string_lossy())));
        fs::read_to_string(file)
    }
}

/// Name and version of `NAME-VERSION` and `NAME-VERSION-pyX.Y`.
fn versioned(stem: &str) -> Option<(&str, &str)> {
    let stem = match stem.rsplit_once("-py") {
        Some((rest, python)) if python.starts_with(|one: char| one.is_ascii_digit()) => rest,
        _ => stem,
    };
    // A name may hold a dash where an old installer wrote it; a version begins with a digit.
    let (name, version) = stem.rsplit_once('-')?;
    version.starts_with(|one: char| one.is_ascii_digit()).then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], name: &str) -> Found {
        let place = tempfile::tempdir().expect("there is a place for temporary files");
        let root = place.path().to_str().expect("it is text");
        for (path, text) in files {
            let path = place.path().join("site").join(path);
            let parent = path.parent().expect("it is below the root");
            fs::create_dir_all(parent).expect("a new folder can be written to");
            fs::write(path, text.replace("ROOT", root)).expect("a new folder can be written to");
        }
        distributions(&place.path().join("site"), name, root).expect("it can be read")
    }

    fn versions(files: &[(&str, &str)], name: &str) -> Vec<String> {
        found(files, name).versions
    }

    #[test]
    fn the_names_of_folders_tell() {
        let files = [
            ("six-1.16.0.dist-info/METADATA", ""),
            ("six_more-2.dist-info/METADATA", ""),
            ("zope.interface-7.0.post1-py3.12.egg-info", ""),
            ("~ix-1.15.0.dist-info/METADATA", ""),
            ("six.py", ""),
        ];
        assert_eq!(versions(&files, "six"), ["1.16.0"]);
        assert_eq!(versions(&files, "six-more"), ["2"]);
        assert_eq!(versions(&files, "zope-interface"), ["7.0.post1"]);
        assert_eq!(versions(&files, "more"), [""; 0]);
        assert_eq!(versions(&[], "six"), [""; 0], "there is no folder");
    }

    #[test]
    fn two_versions_are_both_told() {
        let files = [("a-2.dist-info/METADATA", ""), ("A-1.dist-info/METADATA", "")];
        assert_eq!(versions(&files, "a"), ["1", "2"]);
    }

    #[test]
    fn what_has_no_version_in_its_name_has_it_inside() {
        let files = [
            ("old.egg-info/PKG-INFO", "Metadata-Version: 1.0\nVersion: 0.9\n"),
            ("linked.egg-link", "ROOT/site/src\n.\n"),
            ("src/linked.egg-info/PKG-INFO", "Version: 3\n"),
        ];
        let old = found(&files, "old");
        assert_eq!(
            (old.versions, old.read),
            (vec!["0.9".into()], vec!["site/old.egg-info/PKG-INFO".into()])
        );
        assert_eq!(versions(&files, "linked"), ["3"]);
    }
}
