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
    let all = surroundings.variables.iter();
    let granted = |name: &str| covers(permissions, name);
    let mut found: Vec<_> =
        all.filter(|(name, _)| name.to_str().is_some_and(granted)).cloned().collect();
    found.sort();
    found
}

/// True for a variable that `environment` names.
pub(super) fn covers(permissions: &Permissions, variable: &str) -> bool {
    permissions.environment.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => variable.starts_with(beginning),
        None => variable == pattern,
    })
}

/// What the folders in permissions stand for, as real paths.
pub(super) struct Places {
    workspace: Option<PathBuf>,
    home: Option<PathBuf>,
    /// A folder below the user's cache folder that is the plugins'.
    cache: Option<PathBuf>,
    /// The user's cache folder. What else is in it decides what plugins run, and what counts as
    /// consented to.
    purlin: Option<PathBuf>,
}

impl Places {
    pub(super) fn new(root: Option<&Path>, surroundings: &Surroundings) -> Self {
        let real = |path: &Path| path.canonicalize().ok();
        let cache = surroundings.cache.join("plugins");
        // Where that cannot be made nothing in it can be granted.
        let _ = std::fs::create_dir_all(&cache);
        Self {
            workspace: root.and_then(real),
            home: surroundings.variable("HOME").and_then(|home| real(Path::new(home))),
            cache: real(&cache),
            purlin: real(&surroundings.cache),
        }
    }

    /// The folders and files of a list of permissions, as real paths. What does not exist grants
    /// nothing, and neither does a link that leads out of the workspace or the plugins' cache, since
    /// a clone or another plugin can have made it.
    pub(super) fn granted(&self, entries: &[String]) -> Vec<PathBuf> {
        entries.iter().filter_map(|entry| self.path(entry)).collect()
    }

    /// Makes the folders in the plugins' cache that a list of permissions names.
    pub(super) fn make(&self, entries: &[String]) {
        let Some(cache) = &self.cache else { return };
        for rest in entries.iter().filter_map(|entry| below(entry, "{cache}")) {
            let mut folder = cache.clone();
            for part in rest.components() {
                folder.push(part);
                // Nothing is made behind a link. What cannot be made cannot be granted.
                let _ = std::fs::create_dir(&folder);
                if !folder.symlink_metadata().is_ok_and(|data| data.is_dir()) {
                    break;
                }
            }
        }
    }

    fn path(&self, entry: &str) -> Option<PathBuf> {
        for (name, folder) in [("{workspace}", &self.workspace), ("{cache}", &self.cache)] {
            if let Some(rest) = below(entry, name) {
                let folder = folder.as_ref()?;
                let path = folder.join(rest).canonicalize().ok()?;
                return path.starts_with(folder).then_some(path);
            }
        }
        let path = match below(entry, "{home}") {
            Some(rest) => self.home.as_ref()?.join(rest),
            None => PathBuf::from(entry),
        };
        let path = path.is_absolute().then(|| path.canonicalize().ok())??;
        let inside =
            |folder: &Option<PathBuf>| folder.as_ref().is_some_and(|one| path.starts_with(one));
        (!inside(&self.purlin) || inside(&self.cache)).then_some(path)
    }
}

/// What of an entry follows a name in braces.
fn below<'a>(entry: &'a str, name: &str) -> Option<&'a Path> {
    let rest = entry.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| Path::new(rest.trim_start_matches('/')))
}

/// The ports of `network`.
pub(super) fn ports(permissions: &Permissions) -> Vec<u16> {
    let port = |entry: &String| entry.rsplit_once(':')?.1.parse().ok();
    let mut ports: Vec<u16> = permissions.network.iter().filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}
