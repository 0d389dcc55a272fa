//! The plugins that come with Purlin.

use purlin_plugin::{NativePlugin, PluginSet};

/// The bundled plugins. Nothing but this list knows their names.
#[must_use]
pub fn bundled() -> PluginSet {
    PluginSet::new()
        .with(purlin_plugin_command::PLUGIN)
        .with(purlin_plugin_const::PLUGIN)
        .with(purlin_plugin_glob::PLUGIN)
        .with(purlin_plugin_load::PLUGIN)
        .with(LOCAL)
        .with(NONE)
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
