//! The dependency type `const`: a value that stands for itself.

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ErrorCode, ExpandContext, Expansion, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "const",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/const.json", include_str!("../schemas/const.json")),
    ],
    features: &[("const", NativeFeature::Dependency(&Const))],
};

struct Const;

impl Dependency for Const {
    fn expand(
        &self,
        config: &Json,
        _context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let value = config.get("value").ok_or_else(|| {
            PluginError::new(ErrorCode::InvalidConfig, "`value` is missing").at("/value")
        })?;
        Ok(Expansion { values: vec![value.clone()], ..Expansion::default() })
    }
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn expand(config: &Json) -> Result<Expansion, PluginError> {
        Const.expand(config, &ExpandContext::new("/w"), &QuietHost)
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn a_value_is_itself() {
        for value in [json!("v2"), json!(3), json!({"level": ["strict"]}), json!(null)] {
            let expansion = expand(&json!({ "value": value })).expect("it is right");
            assert_eq!(expansion, Expansion { values: vec![value], ..Expansion::default() });
        }
    }

    #[test]
    fn without_a_value_there_is_nothing() {
        let error = expand(&json!({})).expect_err("there is none");
        assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/value")));
    }
}
