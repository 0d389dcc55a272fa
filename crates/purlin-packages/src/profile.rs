//! The process variables that packages make together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::graph::PackageGraph;
use crate::sandbox::is_of_system;
use crate::text::with_own_root;

/// Where the system's own programs are: behind those of packages.
pub const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Lists of folders that programs look into, and the folders of a package that belong there.
const LISTS: [(&str, &[&str]); 10] = [
    ("PATH", &["bin"]),
    ("CMAKE_PREFIX_PATH", &["."]),
    ("PKG_CONFIG_PATH", &["lib/pkgconfig", "lib64/pkgconfig", "share/pkgconfig"]),
    ("CPATH", &["include"]),
    ("LIBRARY_PATH", &["lib", "lib64"]),
    // What is linked against a library finds it where it is.
    ("LD_RUN_PATH", &["lib", "lib64"]),
    ("PYTHONPATH", &["python"]),
    ("ACLOCAL_PATH", &["share/aclocal"]),
    ("MANPATH", &["share/man"]),
    ("XDG_DATA_DIRS", &["share"]),
];

/// Lists whose empty entry stands for what the system has.
const WITH_DEFAULT: [&str; 2] = ["MANPATH", "XDG_DATA_DIRS"];

/// What packages put into the process variables of what uses them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Folders by list, those of the nearest package first. There is nothing of the system's in it.
    pub lists: BTreeMap<String, Vec<PathBuf>>,
    /// Other variables.
    pub variables: BTreeMap<String, String>,
    /// Roots of packages that are installed elsewhere, outside of what every program sees.
    pub elsewhere: Vec<PathBuf>,
}

impl Profile {
    /// Of these packages, nearest first. They must be there.
    #[must_use]
    pub fn of(graph: &PackageGraph, packages: &[usize]) -> Self {
        Self::among(graph, packages.iter().map(|index| (*index, None)))
    }

    /// The same where a package may lie elsewhere until it counts: its folders are looked for there.
    pub(crate) fn among<'p>(
        graph: &PackageGraph,
        packages: impl Iterator<Item = (usize, Option<&'p Path>)>,
    ) -> Self {
        let mut profile = Self::default();
        for (index, made) in packages {
            let node = &graph.nodes[index];
            let prefix = node.prefix.as_deref();
            let mut own = Vec::new();
            for (name, value) in &node.package.env {
                let value = with_own_root(&node.roots.fill(value).value, prefix);
                match LISTS.iter().find(|(list, _)| list == name) {
                    // What a package says of a list stands in place of what is usual, and beside what
                    // others put there.
                    Some((list, _)) => {
                        profile.extend(list, std::env::split_paths(&value));
                        own.push(*list);
                    }
                    None => {
                        profile.variables.entry(name.clone()).or_insert(value);
                    }
                }
            }
            let Some(prefix) = prefix else { continue };
            if is_of_system(prefix) {
                continue;
            }
            if node.package.root.is_some() {
                profile.elsewhere.push(prefix.to_owned());
            }
            profile.add(prefix, made.unwrap_or(prefix), &own);
        }
        profile
    }

    /// Adds the usual folders of a package, which is at `made` now, but to the lists of which it says
    /// something itself.
    fn add(&mut self, prefix: &Path, made: &Path, own: &[&str]) {
        for (list, folders) in LISTS.iter().filter(|(list, _)| !own.contains(list)) {
            let there = folders.iter().filter(|folder| made.join(folder).is_dir());
            let there = there.map(|folder| match *folder {
                "." => prefix.to_owned(),
                folder => prefix.join(folder),
            });
            self.extend(list, there);
        }
        if own.contains(&"PYTHONPATH") {
            return;
        }
        // Installers of Python put the version into the path.
        let versions = std::fs::read_dir(made.join("lib")).into_iter().flatten().flatten();
        let folders = versions
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("python"))
            .filter(|entry| entry.path().join("site-packages").is_dir())
            .map(|entry| prefix.join("lib").join(entry.file_name()).join("site-packages"));
        self.extend("PYTHONPATH", folders);
    }

    fn extend(&mut self, list: &str, folders: impl Iterator<Item = PathBuf>) {
        for folder in folders {
            let list = self.lists.entry(list.to_owned()).or_default();
            if !list.contains(&folder) {
                list.push(folder);
            }
        }
    }

    /// All of them as texts. What is in a list already is kept behind what packages put there; the
    /// first that names another variable has it.
    #[must_use]
    pub fn texts(&self, before: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
        let mut texts = self.variables.clone();
        for (name, folders) in &self.lists {
            let mut parts: Vec<String> =
                folders.iter().map(|one| one.to_string_lossy().into_owned()).collect();
            match before(name) {
                Some(known) if !known.is_empty() => parts.push(known),
                _ if WITH_DEFAULT.contains(&name.as_str()) => parts.push(default(name).to_owned()),
                _ => {}
            }
            texts.insert(name.clone(), parts.join(":"));
        }
        texts
    }
}

fn default(list: &str) -> &'static str {
    if list == "XDG_DATA_DIRS" { "/usr/local/share:/usr/share" } else { "" }
}
