//! Plugins that are compiled into a binary.

use crate::contract::{Argument, Cache, Dependency, Hook, Subcommand};

/// A plugin compiled in: the same folder as any other, its files embedded, and its code.
#[derive(Clone, Copy)]
pub struct NativePlugin {
    /// Name of its folder, for messages.
    pub folder: &'static str,
    /// Its files by relative path, `plugin.toml` among them.
    pub files: &'static [(&'static str, &'static str)],
    /// Its code by feature name.
    pub features: &'static [(&'static str, NativeFeature)],
}

/// The code of one feature.
#[derive(Clone, Copy)]
pub enum NativeFeature {
    /// For the `dependency` point.
    Dependency(&'static dyn Dependency),
    /// For the `cache` point: the remote tier.
    Cache(&'static dyn Cache),
    /// For the `subcommand` point.
    Subcommand(&'static dyn Subcommand),
    /// For the `argument` point.
    Argument(&'static dyn Argument),
    /// For the `hook` point.
    Hook(&'static dyn Hook),
}

/// The plugins that a binary has compiled in, in the order in which they shadow each other.
///
/// A binary of somebody else's hands its own set to Purlin's `main`.
#[derive(Clone, Default)]
pub struct PluginSet {
    plugins: Vec<NativePlugin>,
}

impl PluginSet {
    /// A set without plugins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a plugin.
    #[must_use]
    pub fn with(mut self, plugin: NativePlugin) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// The plugins in order.
    pub fn iter(&self) -> impl Iterator<Item = &NativePlugin> {
        self.plugins.iter()
    }
}

impl NativePlugin {
    /// The text of one of its files.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&'static str> {
        self.files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
    }

    /// The code of a feature.
    #[must_use]
    pub fn feature(&self, name: &str) -> Option<NativeFeature> {
        self.features.iter().find(|(feature, _)| *feature == name).map(|(_, code)| *code)
    }
}
