//! The sections whose outputs are what was defined, in the same branches: apps, shells and checks by
//! system, functions and templates without one.

use purlin_plugin::contract::Host;
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::{Compose, Fragment, Name, Transform, TransformContext};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "sections",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/app.json", include_str!("../schemas/app.json")),
        ("schemas/check.json", include_str!("../schemas/check.json")),
        ("schemas/shell.json", include_str!("../schemas/shell.json")),
        ("schemas/template.json", include_str!("../schemas/template.json")),
    ],
    features: &[
        ("apps", NativeFeature::Transform(&BySystem("apps"))),
        ("dev-shells", NativeFeature::Transform(&BySystem("devShells"))),
        ("checks", NativeFeature::Transform(&BySystem("checks"))),
        ("lib", NativeFeature::Transform(&WithoutSystem("lib"))),
        ("templates", NativeFeature::Transform(&WithoutSystem("templates"))),
    ],
};

/// A section whose output has its name, and its definitions in branches below each system.
struct BySystem(&'static str);

impl Transform for BySystem {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        Ok(context.compose(self.0, &Compose::default())?.nested(self.0))
    }

    fn made_of(&self, _options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        let [_, _, names @ ..] = output else { return None };
        (!names.is_empty()).then(|| vec![names.to_vec()])
    }
}

/// A section whose definitions are the same everywhere.
struct WithoutSystem(&'static str);

impl Transform for WithoutSystem {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let without = Compose { systems: Some(Vec::new()), ..Compose::default() };
        Ok(context.compose(self.0, &without)?.nested(self.0))
    }

    fn made_of(&self, _options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        let [_, names @ ..] = output else { return None };
        (!names.is_empty()).then(|| vec![names.to_vec()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }
}
