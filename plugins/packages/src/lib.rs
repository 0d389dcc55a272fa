//! Packages: the typed leaf, and the two outputs that list them.
//!
//! `packages` gives each package one name, so that a list of them is a list of names. The nested
//! `legacyPackages` keeps the branches that they were defined in.

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ExpandContext, Expansion, PluginError};
use purlin_plugin::transform::{Compose, Fragment, Name, Transform, TransformContext};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "packages",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("base.star", include_str!("../base.star")),
        ("schemas/package.json", include_str!("../schemas/package.json")),
        ("schemas/dependency.json", include_str!("../schemas/dependency.json")),
    ],
    features: &[
        ("package", NativeFeature::Dependency(&Package)),
        ("packages", NativeFeature::Transform(&Flat)),
        ("legacy-packages", NativeFeature::Transform(&Nested)),
    ],
};

/// The section.
const SECTION: &str = "packages";

struct Package;

impl Dependency for Package {
    fn expand(
        &self,
        config: &Json,
        _context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let request = config.get("request").and_then(Json::as_str).unwrap_or_default();
        Ok(Expansion { packages: vec![request.to_owned()], ..Expansion::default() })
    }
}

struct Flat;

impl Transform for Flat {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let composed = context.compose(SECTION, &Compose::default())?;
        let root = Name::from("packages");
        Ok(composed
            .placed()
            .map(|(system, names, entry)| entry.fragment(&root, system, &[flat(&names)]))
            .collect())
    }
}

struct Nested;

impl Transform for Nested {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        Ok(context.compose(SECTION, &Compose::default())?.nested("legacyPackages"))
    }
}

/// The one name of a package: its path joined with `/`, without the `default` that stands for the
/// folder itself.
fn flat(names: &[Name]) -> Name {
    let names = match names {
        [folder @ .., last] if **last == *"default" && !folder.is_empty() => folder,
        names => names,
    };
    match names {
        [name] => name.clone(),
        names => names.join("/").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn a_package_has_one_name() {
        for (names, expected) in [
            (&["hello"][..], "hello"),
            (&["nested", "packages", "are", "top"], "nested/packages/are/top"),
            (&["tool", "default"], "tool"),
            (&["default"], "default"),
            (&["default", "default"], "default"),
            (&["default", "tool"], "default/tool"),
        ] {
            let names: Vec<Name> = names.iter().map(|name| Name::from(*name)).collect();
            assert_eq!(&*flat(&names), expected);
        }
    }
}
