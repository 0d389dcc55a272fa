//! `[runtime] python`: what a plugin requires of the Python that runs it. Nothing is installed, and no
//! Python is started to look.

mod version;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use purlin_plugin::manifest::PythonEnvironment;

use crate::scan::python_sites;
use version::{Clause, Version};

/// What is installed, by folded name.
type Installed = BTreeMap<String, String>;

/// A requirement as pip writes them.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    name: String,
    clauses: Vec<Clause>,
}

/// Makes sure that an interpreter has what a manifest requires. The error is a sentence without its
/// end.
pub(super) fn check(wanted: &PythonEnvironment, interpreter: &Path) -> Result<(), String> {
    if wanted.requires.is_empty() && wanted.overrides.is_empty() {
        return Ok(());
    }
    let installed = installed(interpreter);
    let mut unmet = Vec::new();
    for text in &wanted.requires {
        unmet.extend(lacking(text, &installed, true)?);
    }
    for text in &wanted.overrides {
        // It says which version something has that others require, if they do.
        unmet.extend(lacking(text, &installed, false)?);
    }
    if unmet.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`{}`, which runs it, has not what its manifest requires: {}. Install that for this Python, \
         or have one that has it as the first `python3` on PATH",
        interpreter.display(),
        unmet.join(", ")
    ))
}

/// What is said where a program would have to be given an environment.
pub(super) fn not_of_a_program() -> String {
    "its manifest requires Python distributions, which only a Python module \
     (`entry = { module = \"…\" }`) can be checked to have"
        .to_owned()
}

/// How a requirement is not met.
fn lacking(text: &str, installed: &Installed, needed: bool) -> Result<Option<String>, String> {
    let requirement = Requirement::parse(text).map_err(|why| {
        format!("the requirement `{text}` of its manifest {why}, and such are not supported yet")
    })?;
    let Some(found) = installed.get(&requirement.name) else {
        return Ok(needed.then(|| format!("`{text}` (it is not installed)")));
    };
    let version = Version::parse(found);
    let holds = |version: &Version| requirement.clauses.iter().all(|one| one.holds(version));
    // A version that cannot be read is as good as another for whoever wants any.
    let is_met = requirement.clauses.is_empty() || version.as_ref().is_some_and(holds);
    Ok((!is_met).then(|| format!("`{text}` ({found} is installed)")))
}

impl Requirement {
    /// Why it cannot be read completes "the requirement …".
    fn parse(text: &str) -> Result<Self, &'static str> {
        for (sign, why) in [(';', "has a condition"), ('@', "has an address"), ('[', "has extras")]
        {
            if text.contains(sign) {
                return Err(why);
            }
        }
        let text = text.trim();
        let end = text.find(|one: char| !is_of_name(one)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim();
        let rest = rest.strip_prefix('(').and_then(|one| one.strip_suffix(')')).unwrap_or(rest);
        let clauses = rest.split(',').map(str::trim).filter(|clause| !clause.is_empty());
        let clauses: Option<Vec<Clause>> = clauses.map(Clause::parse).collect();
        match clauses {
            Some(clauses) if !name.is_empty() => Ok(Self { name: folded(name), clauses }),
            _ => Err("is not read as one"),
        }
    }
}

fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.')
}

/// A name as Python compares names.
fn folded(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !folded.is_empty() {
            folded.push('-');
        }
        folded.push_str(&part.to_ascii_lowercase());
    }
    folded
}

/// The distributions that an interpreter finds. The first of a name counts, as it does for Python.
fn installed(interpreter: &Path) -> Installed {
    let mut found = Installed::new();
    for site in python_sites(interpreter) {
        let entries = fs::read_dir(site).into_iter().flatten().filter_map(Result::ok);
        for (name, version) in entries.filter_map(|entry| distribution(&entry.path())) {
            found.entry(name).or_insert(version);
        }
    }
    found
}

/// The folded name and the version that a folder or file of metadata stands for.
fn distribution(path: &Path) -> Option<(String, String)> {
    let files = match path.extension().and_then(OsStr::to_str)? {
        "dist-info" => [path.join("METADATA"), PathBuf::new()],
        "egg-info" => [path.join("PKG-INFO"), path.to_owned()],
        _ => return None,
    };
    let stem = path.file_stem()?.to_str()?;
    let mut parts = stem.split('-');
    let name = folded(parts.next()?);
    if let Some(version) = parts.next() {
        return Some((name, version.replace('_', "-")));
    }
    // Of a project that is edited in place.
    let text = files.iter().find_map(|file| fs::read_to_string(file).ok())?;
    let version = text
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix("Version:").map(|version| version.trim().to_owned()))?;
    Some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment with these folders and files of metadata.
    fn environment(metadata: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("lib/python3.13/site-packages");
        fs::create_dir_all(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/python"), "").unwrap();
        fs::write(folder.path().join("pyvenv.cfg"), "version = 3.13.0\n").unwrap();
        for one in metadata {
            fs::create_dir_all(site.join(one)).unwrap();
        }
        if metadata.contains(&"edited.egg-info") {
            fs::write(site.join("edited.egg-info/PKG-INFO"), "Name: edited\nVersion: 0.3\n")
                .unwrap();
        }
        folder
    }

    fn checked(metadata: &[&str], requires: &[&str], overrides: &[&str]) -> Result<(), String> {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let wanted = PythonEnvironment { requires: owned(requires), overrides: owned(overrides) };
        let folder = environment(metadata);
        let path = folder.path().display().to_string();
        check(&wanted, &folder.path().join("bin/python"))
            .map_err(|why| why.replace(&path, "[venv]"))
    }

    #[test]
    fn what_is_there_is_enough() {
        let there = [
            "boto3-1.35.2.dist-info",
            "Zope.Interface-5.0-py3.13.egg-info",
            "edited.egg-info",
            "my_odd_name-1.0.post1.dist-info",
        ];
        let requires = ["boto3>=1.34, <2", "zope_interface", "edited~=0.3", "My.Odd-Name (>=1)"];
        assert_eq!(checked(&there, &requires, &["zipp==3.20"]), Ok(()));
        assert_eq!(checked(&[], &[], &[]), Ok(()));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let there = ["boto3-1.20.dist-info", "zipp-3.19.dist-info"];
        let requires = ["boto3>=1.34", "six", "zipp"];
        assert_eq!(
            checked(&there, &requires, &["zipp==3.20"]),
            Err("`[venv]/bin/python`, which runs it, has not what its manifest requires: \
                 `boto3>=1.34` (1.20 is installed), `six` (it is not installed), `zipp==3.20` (3.19 \
                 is installed). Install that for this Python, or have one that has it as the first \
                 `python3` on PATH"
                .to_owned())
        );
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for (text, why) in [
            ("boto3; python_version < '3'", "has a condition"),
            ("boto3[crt]", "has extras"),
            ("boto3 @ https://example.com/boto3.whl", "has an address"),
            ("boto3 1.0", "is not read as one"),
            (">=1.0", "is not read as one"),
        ] {
            let told = checked(&["boto3-1.35.2.dist-info"], &[text], &[]).unwrap_err();
            assert_eq!(
                told,
                format!(
                    "the requirement `{text}` of its manifest {why}, and such are not supported yet"
                )
            );
        }
    }
}
