//! What permissions mean for a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use purlin_plugin::manifest::Permissions;

use crate::Surroundings;

/// The granted variables, in the order of their names.
pub(crate) fn variables(
    permissions: &Permissions,
    surroundings: &Surroundings,
) -> Vec<(OsString, OsString)> {
    let granted = |name: &str| {
        permissions.environment.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        })
    };
    let all = surroundings.variables.iter();
    let mut found: Vec<_> =
        all.filter(|(name, _)| name.to_str().is_some_and(granted)).cloned().collect();
    found.sort();
    found
}

/// The folders and files of a list of permissions. `{workspace}`, `{cache}` and `{home}` stand for
/// the folders that they name; an entry whose folder does not exist here grants nothing.
pub(super) fn paths(
    entries: &[String],
    root: Option<&Path>,
    surroundings: &Surroundings,
) -> Vec<PathBuf> {
    let home = surroundings.variable("HOME").map(Path::new);
    let known = [("{workspace}", root), ("{cache}", Some(&*surroundings.cache)), ("{home}", home)];
    let path = |entry: &String| {
        for (name, folder) in known {
            if let Some(rest) = entry.strip_prefix(name) {
                return Some(folder?.join(rest.trim_start_matches('/')));
            }
        }
        Some(PathBuf::from(entry)).filter(|path| path.is_absolute())
    };
    entries.iter().filter_map(path).collect()
}

/// The ports of `network`.
pub(super) fn ports(permissions: &Permissions) -> Vec<u16> {
    let port = |entry: &String| entry.rsplit_once(':')?.1.parse().ok();
    let mut ports: Vec<u16> = permissions.network.iter().filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}
