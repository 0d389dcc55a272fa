//! The dependency type `command`: another command.

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{CommandReference, ExpandContext, Expansion, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json, text_field};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "command",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/command.json", include_str!("../schemas/command.json")),
    ],
    features: &[("command", NativeFeature::Dependency(&Command))],
};

struct Command;

impl Dependency for Command {
    fn expand(
        &self,
        config: &Json,
        _context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let part = |field: &str| config.get(field).and_then(Json::as_str).map(str::to_owned);
        let flag = |field: &str| config.get(field).and_then(Json::as_bool).unwrap_or(false);
        let reference = CommandReference {
            name: text_field(config, "name")?.to_owned(),
            space: part("space"),
            module: part("module"),
            strict: flag("strict"),
            isolated: flag("isolated"),
            ..CommandReference::default()
        };
        Ok(Expansion { commands: vec![reference], ..Expansion::default() })
    }
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::message::ErrorCode;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn expand(config: &Json) -> Result<Expansion, PluginError> {
        Command.expand(config, &ExpandContext::new("/w"), &QuietHost)
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn a_command_must_have_run() {
        let expansion = expand(&json!({ "name": "generate" })).expect("it is right");
        let names: Vec<&str> = expansion.commands.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["generate"]);
        assert!(!expansion.commands[0].strict);
        assert_eq!((expansion.globs, expansion.values), (Vec::new(), Vec::new()));
    }

    #[test]
    fn its_parts_are_passed_on() {
        let config =
            json!({ "name": "a", "space": "s", "module": "m", "strict": true, "isolated": true });
        let expansion = expand(&config).expect("it is right");
        let one = &expansion.commands[0];
        assert_eq!((one.space.as_deref(), one.module.as_deref()), (Some("s"), Some("m")));
        assert!(one.strict && one.isolated);
    }

    #[test]
    fn anything_but_a_text_is_an_error() {
        let error = expand(&json!({})).expect_err("there is no name");
        assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/name")));
    }
}
