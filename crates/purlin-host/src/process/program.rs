//! Programs: where they are, and which files they need to run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Surroundings;

/// What programs in `bin` read of the folder above it. The rest may be anything: above `~/.local/bin`
/// lie keyrings, and above `~/.cargo/bin` tokens.
const INSTALLED: [&str; 6] = ["lib", "lib32", "lib64", "libexec", "pyvenv.cfg", SHARED];
/// Not in the home folder: there it is where everything else keeps its data.
const SHARED: &str = "share";

/// Finds a program as a shell would: by path relative to `folder` when it has a `/`, else on `PATH`.
pub(super) fn find(name: &str, folder: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(folder.join(name));
    }
    let path = surroundings.variable("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin".as_ref());
    std::env::split_paths(path)
        .filter(|one| one.is_absolute())
        .map(|one| one.join(name))
        .find(|one| is_executable(one))
}

/// The files and folders that a program is made of, as real paths: itself, what it is installed
/// with, and its interpreter with the same. `folder` is where it is started.
pub(super) fn parts(program: &Path, folder: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut parts = BTreeSet::new();
    let mut open = vec![folder.join(program)];
    while let Some(program) = open.pop() {
        // What cannot be started needs nothing.
        let real = program.canonicalize().ok().filter(|real| is_executable(real));
        let Some(real) = real else { continue };
        // Also where the link lies: it is what makes a Python environment of an interpreter.
        parts.extend(linked(&program).iter().flat_map(|one| installation(one, surroundings)));
        if parts.insert(real.clone()) {
            parts.extend(installation(&real, surroundings));
            open.extend(interpreters(&real, folder, surroundings));
        }
    }
    parts.into_iter().collect()
}

/// What of a folder that programs are installed in (its `bin` is where they lie) they read. `prefix` is a
/// real path, and so is what comes back; nothing leads out of it.
pub(super) fn installed(prefix: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let home = home(surroundings);
    if is_everything(prefix, home.as_deref()) {
        return Vec::new();
    }
    let at_home = home.is_some_and(|home| prefix.starts_with(home));
    INSTALLED
        .into_iter()
        .filter(|part| !(at_home && *part == SHARED))
        .filter_map(|part| prefix.join(part).canonicalize().ok())
        .filter(|part| part.starts_with(prefix))
        .collect()
}

/// True for a text that names its interpreter, such as the shims of version managers.
pub(super) fn is_script(program: &Path) -> bool {
    first_line(program).is_some()
}

/// What a program is installed with, by its real path or that of a link to it.
fn installation(program: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let Some(folder) = program.parent() else { return Vec::new() };
    let Some(above) = folder.parent() else { return Vec::new() };
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("bin" | "sbin") => installed(above, surroundings),
        // Those of version managers start what lies beside them, wherever that is.
        Some("shims") if !is_everything(above, home(surroundings).as_deref()) => {
            vec![above.to_owned()]
        }
        _ => Vec::new(),
    }
}

/// True for the root of all files, and for whatever the home folder lies in.
fn is_everything(folder: &Path, home: Option<&Path>) -> bool {
    folder.parent().is_none() || home.is_some_and(|home| home.starts_with(folder))
}

fn home(surroundings: &Surroundings) -> Option<PathBuf> {
    Path::new(surroundings.variable("HOME")?).canonicalize().ok()
}

/// A path whose folder is a real one, while its last part may be a link.
fn linked(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.canonicalize().ok()?.join(program.file_name()?))
}

/// What the system starts for a script, and what that starts for it.
fn interpreters(script: &Path, folder: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let Some(line) = first_line(script) else { return Vec::new() };
    let (program, rest) = line.split_once([' ', '\t']).unwrap_or((&line, ""));
    let mut found = vec![folder.join(program)];
    if Path::new(program).file_name().is_some_and(|name| name == "env") {
        found.extend(named_to_env(rest.trim()).and_then(|name| find(name, folder, surroundings)));
    }
    found
}

/// The program that `env` is told to start, where that is plain. The system hands everything
/// after `env` over as one argument; `-S` takes it apart.
fn named_to_env(argument: &str) -> Option<&str> {
    let Some(words) = argument.strip_prefix("-S") else {
        return Some(argument).filter(|name| !name.is_empty() && !name.starts_with('-'));
    };
    let name = words.split_whitespace().find(|word| !word.contains('='))?;
    // Which of the words after an option is the program depends on the option.
    (!name.starts_with('-')).then_some(name)
}

/// What follows `#!`.
fn first_line(program: &Path) -> Option<String> {
    // A pipe would block for ever.
    program.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(program).ok()?.take(256).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"#!")?).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
