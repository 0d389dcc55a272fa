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

    fn made_of(&self, _options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        let [_, _, name] = output else { return None };
        unflattened(name)
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

    fn made_of(&self, _options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        let [_, _, names @ ..] = output else { return None };
        (!names.is_empty()).then(|| vec![names.to_vec()])
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

/// More parts of a name can be put together in too many ways.
const MOST_PARTS: usize = 8;

/// All paths whose one name is `name`: names may have `/` in them themselves.
fn unflattened(name: &str) -> Option<Vec<Vec<Name>>> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > MOST_PARTS {
        return None;
    }
    let mut paths = Vec::new();
    for ends in 0..1_u32 << (parts.len() - 1) {
        let mut path = vec![parts[0].to_owned()];
        for (place, part) in parts.iter().enumerate().skip(1) {
            match path.last_mut() {
                Some(last) if ends & (1 << (place - 1)) == 0 => {
                    last.push('/');
                    last.push_str(part);
                }
                _ => path.push((*part).to_owned()),
            }
        }
        let path: Vec<Name> = path.into_iter().map(Name::from).collect();
        paths.push([&*path, &["default".into()]].concat());
        paths.push(path);
    }
    Some(paths)
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

    #[test]
    fn the_paths_of_a_name_are_those_that_have_it() {
        let all = |name: &str| -> Vec<String> {
            let paths = unflattened(name).unwrap_or_default();
            let mut shown: Vec<String> = paths.iter().map(|path| path.join(" ")).collect();
            shown.sort_unstable();
            shown
        };
        assert_eq!(all("hello"), ["hello", "hello default"]);
        assert_eq!(
            all("a/b/c"),
            [
                "a b c",
                "a b c default",
                "a b/c",
                "a b/c default",
                "a/b c",
                "a/b c default",
                "a/b/c",
                "a/b/c default"
            ]
        );
        for name in ["hello", "a/b/c", "default"] {
            for path in unflattened(name).unwrap_or_default() {
                assert_eq!(&*flat(&path), name, "{path:?}");
            }
        }
        assert_eq!(unflattened("a/a/a/a/a/a/a/a/a"), None);
    }
}
