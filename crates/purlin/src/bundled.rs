//! The plugins that come with Purlin.

use purlin_plugin::{NativePlugin, PluginSet};

/// The bundled plugins. Nothing but this list knows their names.
#[must_use]
pub fn bundled() -> PluginSet {
    PluginSet::new()
        .with(purlin_plugin_active::PLUGIN)
        .with(purlin_plugin_cargo::PLUGIN)
        .with(purlin_plugin_cmake::PLUGIN)
        .with(purlin_plugin_command::PLUGIN)
        .with(purlin_plugin_const::PLUGIN)
        .with(purlin_plugin_glob::PLUGIN)
        .with(purlin_plugin_load::PLUGIN)
        .with(LOCAL)
        .with(purlin_plugin_folder::PLUGIN)
        .with(purlin_plugin_folders::PLUGIN)
        .with(purlin_plugin_host::PLUGIN)
        .with(NONE)
        .with(purlin_plugin_packages::PLUGIN)
        .with(purlin_plugin_pydist::PLUGIN)
        .with(REPO)
        .with(purlin_plugin_sections::PLUGIN)
        .with(purlin_plugin_variable::PLUGIN)
}

/// A plugin without code: only files.
const LOCAL: NativePlugin = NativePlugin {
    folder: "local",
    files: &[
        ("plugin.toml", include_str!("../../../plugins/local/plugin.toml")),
        ("schemas/local.json", include_str!("../../../plugins/local/schemas/local.json")),
    ],
    features: &[],
};

/// A plugin without code: only files.
const NONE: NativePlugin = NativePlugin {
    folder: "none",
    files: &[
        ("plugin.toml", include_str!("../../../plugins/none/plugin.toml")),
        ("schemas/none.json", include_str!("../../../plugins/none/schemas/none.json")),
    ],
    features: &[],
};

/// A plugin without code: only files.
const REPO: NativePlugin = NativePlugin {
    folder: "repo",
    files: &[
        ("plugin.toml", include_str!("../../../plugins/repo/plugin.toml")),
        ("schemas/repo.json", include_str!("../../../plugins/repo/schemas/repo.json")),
    ],
    features: &[],
};

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use purlin_test::kit::{CASES_FILE, Outcome, Subject, test};

    use super::*;

    /// What third parties' plugins must hold to, these hold to.
    #[test]
    fn bundled_plugins_conform() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
        for plugin in bundled().iter() {
            let mut subject = Subject::native(plugin);
            subject.text_of = Box::new(|path| match plugin.file(path) {
                // Cases are not compiled in.
                None if path == CASES_FILE => {
                    fs::read_to_string(folder.join(plugin.folder).join(path)).ok()
                }
                text => text.map(str::to_owned),
            });
            for verdict in test(&subject) {
                let passed = verdict.outcome == Outcome::Passed;
                assert!(passed, "{}: {verdict:?}", plugin.folder);
            }
        }
    }
}
