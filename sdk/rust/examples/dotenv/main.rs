//! The dependency type `dotenv`: some of the variables in a `.env` file. A command that depends on
//! two of them does not run again when a third one changes.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use purlin_sdk::contract::{Dependency, Host, LogLevel};
use purlin_sdk::message::{ErrorCode, ExpandContext, Expansion, PluginError};
use purlin_sdk::{Json, Plugin, json, literal_glob, text_field};

struct Dotenv;

impl Dependency for Dotenv {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let path = text_field(config, "path")?;
        let text = fs::read_to_string(Path::new(&context.root).join(path)).map_err(|error| {
            PluginError::new(ErrorCode::InvalidConfig, format!("`{path}`: {error}")).at("/path")
        })?;
        let wanted = config["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut values = Vec::new();
        for (key, value) in text.lines().filter_map(assignment) {
            if wanted.is_empty() || wanted.iter().any(|one| one == key) {
                values.push(json!([key, value]));
            }
        }
        host.log(LogLevel::Debug, &format!("{} variables from {path}", values.len()));
        // The file is what the answer was made from; what the command depends on are the values.
        Ok(Expansion { inputs: vec![literal_glob(path)], values, ..Expansion::default() })
    }
}

/// `KEY=value`, with `export` in front or without.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (key, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let key = key.trim();
    (!key.starts_with('#')).then(|| (key, value.trim()))
}

fn main() -> ExitCode {
    Plugin::new("dotenv", "1.0.0").dependency("dotenv", Dotenv).run()
}
