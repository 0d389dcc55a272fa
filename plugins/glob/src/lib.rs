//! The dependency type `glob`: files, by a pattern.

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ExpandContext, Expansion, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json, text_field};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "glob",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/glob.json", include_str!("../schemas/glob.json")),
    ],
    features: &[("glob", NativeFeature::Dependency(&Glob))],
};

struct Glob;

impl Dependency for Glob {
    fn expand(
        &self,
        config: &Json,
        _context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let pattern = text_field(config, "pattern")?.to_owned();
        Ok(Expansion { globs: vec![pattern], ..Expansion::default() })
    }
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::message::ErrorCode;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn expand(config: &Json) -> Result<Expansion, PluginError> {
        Glob.expand(config, &ExpandContext::new("/w"), &QuietHost)
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn a_pattern_is_a_glob() {
        for pattern in ["src/**/*.py", "!src/generated/**"] {
            let expansion = expand(&json!({ "pattern": pattern })).expect("it is right");
            let expected = Expansion { globs: vec![pattern.to_owned()], ..Expansion::default() };
            assert_eq!(expansion, expected);
        }
    }

    #[test]
    fn anything_but_a_text_is_an_error() {
        let error = expand(&json!({ "pattern": ["a"] })).expect_err("it is a list");
        assert_eq!(
            (error.code, error.path.as_deref()),
            (ErrorCode::InvalidConfig, Some("/pattern"))
        );
    }
}
