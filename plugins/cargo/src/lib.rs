//! The builder `cargo`: the programs of a crate, without network and as its `Cargo.lock` says.

use purlin_plugin::contract::{Builder, Host};
use purlin_plugin::message::{BuildContext, BuildPlan, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, quoted, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "cargo",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/cargo.json", include_str!("../schemas/cargo.json")),
    ],
    features: &[("cargo", NativeFeature::Builder(&Cargo))],
};

/// A home of its own: what the user's has must not matter.
const HOME: &str = "export CARGO_HOME=\"$build/cargo-home\"\n";

struct Cargo;

impl Builder for Cargo {
    fn plan(
        &self,
        leaf: &Json,
        _context: &BuildContext,
        _host: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        let config = &leaf["builder"];
        let text = |field: &str| config.get(field).and_then(Json::as_str);
        let is_on = |field: &str| config.get(field).and_then(Json::as_bool) != Some(false);
        let folder = quoted(text("folder").unwrap_or("."));
        // Cargo looks for `.cargo/config.toml` from the folder that it stands in.
        let enter = format!("cd \"$src\"/{folder}\n{HOME}");
        let mut what = format!(
            "--offline --locked --profile {} --target-dir \"$build/target\" --jobs \"$PURLIN_JOBS\"",
            quoted(text("profile").unwrap_or("release")),
        );
        if let Some(vendor) = text("vendor") {
            // A path in an argument is from where Cargo stands, so that no place needs quotes in quotes.
            for (key, value) in [("crates-io.replace-with", "purlin"), ("purlin.directory", vendor)]
            {
                let setting = format!("source.{key}={}", Json::from(value));
                what.push_str(&format!(" --config {}", quoted(&setting)));
            }
        }
        if !is_on("default-features") {
            what.push_str(" --no-default-features");
        }
        let features = texts(&config["features"]);
        if !features.is_empty() {
            what.push_str(&format!(" --features {}", quoted(&features.join(","))));
        }
        let bins = texts(&config["bins"]);
        let chosen: String = bins.iter().map(|name| format!(" --bin {}", quoted(name))).collect();
        let all = if bins.is_empty() { " --bins" } else { "" };
        let mut packages = vec!["cargo".to_owned(), "rustc".to_owned()];
        if is_on("linker") {
            packages.push("cc".to_owned());
        }
        Ok(BuildPlan {
            build: Some(format!("{enter}cargo build {what}{all}{chosen}\n")),
            // What was built is in the same folder, so that nothing is compiled again.
            install: Some(format!(
                "{enter}cargo install --path . --root \"$out\" --no-track {what}{all}{chosen}\n"
            )),
            packages,
            ..BuildPlan::default()
        })
    }
}

fn texts(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }
}
