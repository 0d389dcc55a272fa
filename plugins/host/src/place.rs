//! Where a program really is: on `PATH`, with the shims of version managers resolved.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use purlin_plugin::serde_json::{Value as Json, json};

/// The user's process variables.
pub(crate) type Variables = BTreeMap<String, String>;

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// What it was looked for as.
    pub(crate) name: String,
    /// Where it is, as whoever runs it would say it.
    pub(crate) program: PathBuf,
    /// The file itself.
    pub(crate) file: PathBuf,
}

/// The first of some programs that is on `PATH`.
pub(crate) fn find(names: &[&str], variables: &Variables) -> Option<Place> {
    names.iter().find_map(|name| on_path(name, variables))
}

fn on_path(name: &str, variables: &Variables) -> Option<Place> {
    let path = variables.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).find_map(|folder| {
        let found = folder.join(name);
        let found = is_executable(&found).then_some(found)?;
        let program = resolved(&found, name, variables)?;
        let file = program.canonicalize().ok()?;
        Some(Place { name: name.to_owned(), program, file })
    })
}

/// What a shim stands for. One that stands for nothing that is known is passed by: its version would be
/// that of something else the next day.
fn resolved(found: &Path, name: &str, variables: &Variables) -> Option<PathBuf> {
    let folder = found.parent()?;
    if folder.file_name().is_some_and(|name| name == "shims") {
        return pyenv(folder.parent()?, name, variables);
    }
    let real = found.canonicalize().ok()?;
    if real.file_name().is_some_and(|name| name == "rustup" || name == "rustup-init") {
        return rustup(name, variables);
    }
    // Hard links are no links: the proxies of rustup lie beside it.
    let beside = folder.join("rustup");
    if beside != found && is_same(&beside, found) {
        return rustup(name, variables);
    }
    Some(found.to_owned())
}

/// The version that pyenv would choose outside of any project.
fn pyenv(root: &Path, name: &str, variables: &Variables) -> Option<PathBuf> {
    let chosen = match variables.get("PYENV_VERSION") {
        Some(version) => version.clone(),
        None => fs::read_to_string(root.join("version")).ok()?,
    };
    let mut versions = chosen.split([':', '\n', ' ']).map(str::trim).filter(|one| plain(one));
    versions.find_map(|version| {
        let program = root.join("versions").join(version).join("bin").join(name);
        is_executable(&program).then_some(program)
    })
}

/// The toolchain that rustup would choose outside of any project.
fn rustup(name: &str, variables: &Variables) -> Option<PathBuf> {
    let home = match variables.get("RUSTUP_HOME") {
        Some(home) => PathBuf::from(home),
        None => Path::new(variables.get("HOME")?).join(".rustup"),
    };
    let chosen = match variables.get("RUSTUP_TOOLCHAIN") {
        Some(chosen) => chosen.clone(),
        None => {
            let settings = fs::read_to_string(home.join("settings.toml")).ok()?;
            let line = settings.lines().find_map(|line| line.strip_prefix("default_toolchain"))?;
            line.split('"').nth(1)?.to_owned()
        }
    };
    let program = home.join("toolchains").join(&chosen).join("bin").join(name);
    (plain(&chosen) && is_executable(&program)).then_some(program)
}

/// True for the name of a folder and nothing else.
fn plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && name != "." && name != ".."
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

impl Place {
    /// Changes whenever the file may have changed.
    pub(crate) fn stamp(&self) -> Option<Json> {
        let data = self.file.metadata().ok()?;
        Some(json!([
            self.program.to_str()?,
            self.file.to_str()?,
            data.size(),
            data.mtime(),
            data.mtime_nsec(),
            data.ctime(),
            data.ctime_nsec(),
            data.ino(),
        ]))
    }

    /// The folder that it is installed in.
    pub(crate) fn root(&self) -> &Path {
        let folder = self.program.parent().unwrap_or(Path::new("/"));
        match folder.file_name().and_then(|name| name.to_str()) {
            Some("bin" | "sbin") => folder.parent().unwrap_or(folder),
            _ => folder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
        fs::write(path, "#!/bin/sh\n").expect("it can be written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    fn variables(all: &[(&str, &Path)]) -> Variables {
        let text = |path: &Path| path.to_str().expect("it is text").to_owned();
        all.iter().map(|(name, path)| ((*name).to_owned(), text(path))).collect()
    }

    #[test]
    fn the_first_on_the_path_counts_and_what_cannot_be_run_does_not() {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let (one, two) = (dir.path().join("one"), dir.path().join("two/bin"));
        program(&two.join("cmake"));
        fs::create_dir(&one).expect("it is new");
        fs::write(one.join("cmake"), "no program").expect("it can be written");
        let path = std::env::join_paths([&one, &two]).expect("no colons");
        let found =
            find(&["cmake"], &variables(&[("PATH", Path::new(&path))])).expect("it is there");
        assert_eq!(found.program, two.join("cmake"));
        assert_eq!(found.root(), dir.path().join("two"));
        assert_eq!(find(&["ninja"], &variables(&[("PATH", &two)])), None);
    }

    #[test]
    fn shims_stand_for_what_their_manager_has_chosen() {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let pyenv = dir.path().join("pyenv");
        program(&pyenv.join("shims/python3"));
        let mut told = variables(&[("PATH", &pyenv.join("shims"))]);
        assert_eq!(find(&["python3"], &told), None, "nothing is chosen");
        fs::write(pyenv.join("version"), "3.12.1\n").expect("it can be written");
        program(&pyenv.join("versions/3.12.1/bin/python3"));
        program(&pyenv.join("versions/3.9.0/bin/python3"));
        let found = |told: &Variables| find(&["python3"], told).expect("it is there").program;
        assert_eq!(found(&told), pyenv.join("versions/3.12.1/bin/python3"));
        told.insert("PYENV_VERSION".to_owned(), "3.9.0".to_owned());
        assert_eq!(found(&told), pyenv.join("versions/3.9.0/bin/python3"));

        let cargo = dir.path().join("cargo/bin");
        program(&cargo.join("rustup"));
        fs::hard_link(cargo.join("rustup"), cargo.join("rustc")).expect("links can be made");
        let home = dir.path().join("rustup");
        let real = home.join("toolchains/stable-x/bin/rustc");
        program(&real);
        fs::write(
            home.join("settings.toml"),
            "version = \"12\"\ndefault_toolchain = \"stable-x\"\n",
        )
        .expect("it can be written");
        let told = variables(&[("PATH", &cargo), ("RUSTUP_HOME", &home)]);
        assert_eq!(find(&["rustc"], &told).expect("it is there").program, real);
    }
}
