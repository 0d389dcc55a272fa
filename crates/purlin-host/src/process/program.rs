//! Programs: where they are, and which files they need to run.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Surroundings;

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

/// The files and folders that a program is made of: itself, what its links lead to, what it is
/// installed with (the folder above `bin`), and its interpreter with the same.
pub(super) fn parts(program: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut parts = Vec::new();
    let mut open = vec![program.to_owned()];
    while let Some(program) = open.pop() {
        for one in [Some(program.clone()), program.canonicalize().ok()].into_iter().flatten() {
            if parts.contains(&one) {
                continue;
            }
            parts.extend(installation(&one, surroundings));
            open.extend(interpreter(&one, surroundings));
            parts.push(one);
        }
    }
    parts.sort();
    parts.dedup();
    parts
}

/// True for a text that names its interpreter, such as the shims of version managers.
pub(super) fn is_script(program: &Path) -> bool {
    first_line(program).is_some()
}

/// The folder that a program was installed into, unless that is one which holds everything.
pub(super) fn installation(program: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    let folder = program.parent()?;
    let name = folder.file_name()?.to_str()?;
    let above = folder.parent().filter(|_| ["bin", "sbin", "shims", "Scripts"].contains(&name))?;
    let home = surroundings.variable("HOME").map(Path::new);
    let too_wide = above.parent().is_none() || home.is_some_and(|home| home.starts_with(above));
    Some(if too_wide { folder.to_owned() } else { above.to_owned() })
}

fn interpreter(script: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    let line = first_line(script)?;
    let mut words = line.split_whitespace();
    let program = words.next()?;
    if Path::new(program).file_name().is_some_and(|name| name == "env") {
        let named = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return find(named, Path::new("/"), surroundings);
    }
    Some(PathBuf::from(program))
}

/// What follows `#!`.
fn first_line(program: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(program).ok()?.take(256).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"#!")?).into_owned();
    text.lines().next().map(str::to_owned)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
