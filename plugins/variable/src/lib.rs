//! The dependency type `variable`: a process variable. It names the variable; the host reads it.

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ExpandContext, Expansion, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json, text_field};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "variable",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/variable.json", include_str!("../schemas/variable.json")),
    ],
    features: &[("variable", NativeFeature::Dependency(&Variable))],
};

struct Variable;

impl Dependency for Variable {
    fn expand(
        &self,
        config: &Json,
        _context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let name = text_field(config, "name")?.to_owned();
        Ok(Expansion { variables: vec![name], ..Expansion::default() })
    }
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::message::ErrorCode;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn expand(config: &Json) -> Result<Expansion, PluginError> {
        Variable.expand(config, &ExpandContext::new("/w"), &QuietHost)
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn a_variable_is_named_and_not_read() {
        let expansion = expand(&json!({ "name": "PATH" })).expect("it is right");
        let expected = Expansion { variables: vec!["PATH".to_owned()], ..Expansion::default() };
        assert_eq!(expansion, expected);
    }

    #[test]
    fn anything_but_a_text_is_an_error() {
        let error = expand(&json!({ "name": 1 })).expect_err("it is a number");
        assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/name")));
    }
}
