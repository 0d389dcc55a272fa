//! The dependency type `pydist`: the version of a Python distribution, read from the names of what
//! is installed. No Python is started.

use std::path::Path;

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ErrorCode, ExpandContext, Expansion, PluginError};
use purlin_plugin::serde_json::{Value as Json, json};
use purlin_plugin::{NativeFeature, NativePlugin, text_field};

mod installed;

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "pydist",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/pydist.json", include_str!("../schemas/pydist.json")),
        ("schemas/section.json", include_str!("../schemas/section.json")),
    ],
    features: &[("pydist", NativeFeature::Dependency(&Pydist))],
};

struct Pydist;

impl Dependency for Pydist {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let written = text_field(config, "name")?;
        let name = normalised(written);
        let folder = context.site_packages.as_deref();
        let mut expansion = Expansion::default();
        if let Some(folder) = folder {
            let found = installed::distributions(Path::new(folder), &name, &context.root);
            let found = found.map_err(|error| {
                let message = format!("`{written}` cannot be looked for: {error}");
                PluginError::new(ErrorCode::Internal, message).at("/name")
            })?;
            expansion.inputs = found.read;
            expansion.values = found.versions.iter().map(|one| json!([name, one])).collect();
        }
        if expansion.values.is_empty() {
            let version = named(&context.section, &name);
            expansion.values.extend(version.map(|version| json!([name, version])));
        }
        if expansion.values.is_empty() {
            let place = match folder {
                Some(_) => "the environment of this command does not hold",
                None => "this command runs in no environment that could hold",
            };
            let message = format!("{place} `{written}`, and `[pydist] versions` does not name it");
            return Err(PluginError::new(ErrorCode::NotFound, message).at("/name"));
        }
        Ok(expansion)
    }
}

/// The version that the workspace names.
fn named(section: &Json, name: &str) -> Option<String> {
    let versions = section.get("versions")?.as_object()?;
    let (_, version) = versions.iter().find(|(key, _)| normalised(key) == name)?;
    version.as_str().map(str::to_owned)
}

/// A name as PEP 503 compares names.
fn normalised(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            text.extend(character.to_lowercase());
        } else if !text.ends_with('-') {
            text.push('-');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn names_are_compared_as_pep_503_says() {
        for name in ["Friendly.Bard", "friendly_bard", "FRIENDLY-._-bard"] {
            assert_eq!(normalised(name), "friendly-bard");
        }
    }
}
