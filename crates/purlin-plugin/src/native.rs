//! Plugins that are compiled into a binary.

use purlin_model::{Diagnostic, Source};

use crate::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Repository, Subcommand,
};
use crate::manifest::{MANIFEST_FILE, Manifest, check_files, parse_manifest};
use crate::transform::{Importer, Transform};
use crate::{Point, RuntimeKind};

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
    /// For the `environment` point.
    Environment(&'static dyn Environment),
    /// For the `builder` point.
    Builder(&'static dyn Builder),
    /// For the `cache` point: the remote tier.
    Cache(&'static dyn Cache),
    /// For the `repository` point.
    Repository(&'static dyn Repository),
    /// For the `subcommand` point.
    Subcommand(&'static dyn Subcommand),
    /// For the `argument` point.
    Argument(&'static dyn Argument),
    /// For the `hook` point.
    Hook(&'static dyn Hook),
    /// For the `transform` point.
    Transform(&'static dyn Transform),
    /// For the `importer` point.
    Importer(&'static dyn Importer),
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

    /// All that is wrong with it: in its manifest, in the files that the manifest names, and where
    /// manifest and code do not tell of the same features. For its tests.
    #[must_use]
    pub fn check(&self) -> Vec<Diagnostic> {
        let path = format!("{}/{MANIFEST_FILE}", self.folder);
        let text = self.file(MANIFEST_FILE).map(str::to_owned);
        let source = Source::of_plugin(self.folder, path, text);
        let parsed = parse_manifest(&source);
        let mut diagnostics = parsed.diagnostics;
        if let Some(manifest) = parsed.manifest {
            let text_of = |path: &str| self.file(path).map(str::to_owned);
            diagnostics.extend(check_files(&manifest, &source, &text_of));
            self.check_code(&manifest, &source, &mut diagnostics);
        }
        diagnostics
    }

    fn check_code(
        &self,
        manifest: &Manifest,
        source: &std::sync::Arc<Source>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let is_native = |runtime| runtime == Some(RuntimeKind::Native);
        for feature in &manifest.features {
            let is_static = feature.point.may_be_static();
            let code = self.feature(&feature.name);
            let fits = code.is_some_and(|code| code.point() == feature.point);
            if is_native(manifest.runtime_of(feature)) && !fits && !is_static {
                let summary = format!("{} has no code", feature.id());
                diagnostics.push(
                    Diagnostic::error("missing-code", summary)
                        .label(feature.place.origin(source), "declared here"),
                );
            }
        }
        for (name, code) in self.features {
            let point = code.point();
            let mut declared = manifest.features.iter();
            if !declared.any(|feature| feature.point == point && feature.name == *name) {
                let summary = format!("{point}/{name} has code, but the manifest lacks it");
                diagnostics.push(
                    Diagnostic::error("missing-feature", summary)
                        .label(manifest.place.origin(source), "in this plugin"),
                );
            }
        }
    }
}

impl NativeFeature {
    /// The point that the code is for.
    #[must_use]
    pub fn point(self) -> Point {
        match self {
            Self::Dependency(_) => Point::Dependency,
            Self::Environment(_) => Point::Environment,
            Self::Builder(_) => Point::Builder,
            Self::Cache(_) => Point::Cache,
            Self::Repository(_) => Point::Repository,
            Self::Subcommand(_) => Point::Subcommand,
            Self::Argument(_) => Point::Argument,
            Self::Hook(_) => Point::Hook,
            Self::Transform(_) => Point::Transform,
            Self::Importer(_) => Point::Importer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Host, QuietHost};
    use crate::message::PluginError;

    struct Code;

    impl Hook for Code {
        fn event(
            &self,
            _name: &str,
            _payload: &serde_json::Value,
            _host: &dyn Host,
        ) -> Result<(), PluginError> {
            Ok(())
        }
    }

    #[test]
    fn manifest_and_code_must_tell_of_the_same_features() {
        let plugin = NativePlugin {
            folder: "own",
            files: &[(
                "plugin.toml",
                "plugin = { name = 'own', version = '1.0.0', api = '1' }\n\
                 runtime = { kind = 'native' }\n\
                 [[provides.hook]]\non = 'run.finished'\n\
                 [provides.subcommand.go]\n\
                 [provides.cache.plain]\n",
            )],
            features: &[
                ("run.finished", NativeFeature::Hook(&Code)),
                ("env.activated", NativeFeature::Hook(&Code)),
            ],
        };
        let told: Vec<String> = plugin.check().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "subcommand/go has no code (own/plugin.toml:5:22)",
                "hook/env.activated has code, but the manifest lacks it (own/plugin.toml:1:19)",
            ]
        );
        assert!(matches!(
            plugin.feature("run.finished"),
            Some(NativeFeature::Hook(code))
                if code.event("run.finished", &serde_json::Value::Null, &QuietHost).is_ok()
        ));
    }

    /// A cache that its manifest describes whole is a folder without code.
    #[test]
    fn the_bundled_folders_without_code_are_plugins() {
        const FOLDERS: [NativePlugin; 2] = [
            NativePlugin {
                folder: "local",
                files: &[
                    ("plugin.toml", include_str!("../../../plugins/local/plugin.toml")),
                    (
                        "schemas/local.json",
                        include_str!("../../../plugins/local/schemas/local.json"),
                    ),
                ],
                features: &[],
            },
            NativePlugin {
                folder: "none",
                files: &[
                    ("plugin.toml", include_str!("../../../plugins/none/plugin.toml")),
                    ("schemas/none.json", include_str!("../../../plugins/none/schemas/none.json")),
                ],
                features: &[],
            },
        ];
        for plugin in FOLDERS {
            assert_eq!(plugin.check(), [], "{}", plugin.folder);
        }
    }
}
