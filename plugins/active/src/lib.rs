//! The environment types `active`, what the user's shell has activated, and `base`, nothing.
//!
//! `PATH` is in the base of every command already; `active` adds the variables that tools for
//! activating set beside it. The manifest lists them as the permission that it is.

use std::path::Path;

use purlin_plugin::contract::{Environment, Host};
use purlin_plugin::message::{
    EnvironmentContext, EnvironmentDescription, PluginError, VariableChange,
};
use purlin_plugin::{NativeFeature, NativePlugin, rooted, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "active",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/none.json", include_str!("../schemas/none.json")),
    ],
    features: &[
        ("active", NativeFeature::Environment(&Active)),
        ("base", NativeFeature::Environment(&Base)),
    ],
};

/// The variables that name a Python environment, the one that counts first.
const PYTHON: [&str; 2] = ["VIRTUAL_ENV", "CONDA_PREFIX"];

struct Active;

impl Environment for Active {
    fn describe(
        &self,
        _name: &str,
        _config: &Json,
        context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        let set = |(name, value): (&String, &String)| VariableChange::Set {
            name: name.clone(),
            value: rooted(&context.root, value),
        };
        let folder = PYTHON.iter().find_map(|name| context.variables.get(*name));
        let folder = folder.map(Path::new).filter(|folder| folder.is_absolute());
        Ok(EnvironmentDescription {
            changes: context.variables.iter().map(set).collect(),
            root: folder.map(|folder| below(&context.root, folder)),
            site_packages: folder
                .and_then(site_packages)
                .map(|folder| below(&context.root, &folder)),
            ..EnvironmentDescription::default()
        })
    }
}

struct Base;

impl Environment for Base {
    fn describe(
        &self,
        _name: &str,
        _config: &Json,
        _context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        Ok(EnvironmentDescription::default())
    }
}

/// Where a Python environment keeps its distributions; the newest version's, where there are
/// several.
fn site_packages(environment: &Path) -> Option<std::path::PathBuf> {
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    let version = |name: &str| -> Option<Vec<u32>> {
        let name = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?;
        name.split('.').map(|part| part.parse().ok()).collect()
    };
    let found = versions.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version = version(path.file_name()?.to_str()?)?;
        let folder = path.join("site-packages");
        folder.is_dir().then_some((version, folder))
    });
    found.max().map(|(_, folder)| folder)
}

/// A path as descriptions have it: relative to the root if it is below.
fn below(root: &str, path: &Path) -> String {
    let relative = path.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty());
    relative.unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn described(root: &str, variables: &[(&str, &str)]) -> EnvironmentDescription {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let context =
            EnvironmentContext { variables: variables.collect(), ..EnvironmentContext::new(root) };
        Active.describe("default", &json!({}), &context, &QuietHost).expect("it always answers")
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn what_is_active_in_the_workspace_is_named_by_its_root() {
        let place = tempfile::tempdir().expect("there is a place for temporary files");
        for version in ["python3.9", "python3.12", "python", "pythonic"] {
            let folder = place.path().join("venv/lib").join(version).join("site-packages");
            fs::create_dir_all(folder).expect("a new folder can be written to");
        }
        let root = place.path().to_str().expect("it is text");
        let venv = format!("{root}/venv");
        let paths = format!("{root}/src:/usr/lib/python:{root}");
        let found = described(root, &[("VIRTUAL_ENV", &venv), ("PYTHONPATH", &paths)]);
        let values: Vec<_> = found.changes.iter().map(VariableChange::value).collect();
        assert_eq!(values, [Some("{root}/src:/usr/lib/python:{root}"), Some("{root}/venv")]);
        assert_eq!(found.root.as_deref(), Some("venv"));
        assert_eq!(found.site_packages.as_deref(), Some("venv/lib/python3.12/site-packages"));
    }

    #[test]
    fn what_is_active_elsewhere_is_named_by_its_path() {
        let found = described("/w", &[("CONDA_PREFIX", "/opt/conda")]);
        assert_eq!(found.root.as_deref(), Some("/opt/conda"));
        assert_eq!(found.site_packages, None, "there is none on disk");
        assert_eq!(described("/w", &[]), EnvironmentDescription::default());
    }
}
