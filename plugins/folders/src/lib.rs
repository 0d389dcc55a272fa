//! Importers that map folders: a file or folder is a definition named after it.
//!
//! How a folder is mapped is the host's to know, and the same for every plugin; these say which
//! folder belongs where.

use purlin_plugin::contract::Host;
use purlin_plugin::message::{ErrorCode, PluginError};
use purlin_plugin::transform::{Fragment, Importer, Payload};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json, text_field};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "folders",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/all-local-resources.json", include_str!("../schemas/all-local-resources.json")),
        ("schemas/local-resources.json", include_str!("../schemas/local-resources.json")),
    ],
    features: &[
        ("local-resources", NativeFeature::Importer(&One)),
        ("all-local-resources", NativeFeature::Importer(&All)),
    ],
};

/// The folders that are looked for by themselves, each with its section.
const FOLDERS: [(&str, &str); 5] = [
    ("pkgs", "packages"),
    ("shells", "devShells"),
    ("apps", "apps"),
    ("lib", "lib"),
    ("checks", "checks"),
];

struct One;

impl Importer for One {
    fn load(
        &self,
        options: &Json,
        _sources: &[String],
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let section = text_field(options, "type")?;
        let path = match options.get("path") {
            None | Some(Json::Null) => vec![section.to_owned()],
            Some(path) => names(path).ok_or_else(|| {
                let what = "`path` must be a list of names, the section first";
                PluginError::new(ErrorCode::InvalidConfig, what).at("/path")
            })?,
        };
        let named = options.get("dir").and_then(Json::as_str);
        let folder =
            Payload::Folder { path: named.unwrap_or(section).to_owned(), named: named.is_some() };
        Ok(vec![fragment(path, folder, options)])
    }
}

struct All;

impl Importer for All {
    fn load(
        &self,
        options: &Json,
        _sources: &[String],
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let fragment = |(folder, section): (&str, &str)| {
            let folder = Payload::Folder { path: folder.to_owned(), named: false };
            fragment(vec![section.to_owned()], folder, options)
        };
        Ok(FOLDERS.map(fragment).into())
    }
}

/// A list of names that is not empty.
fn names(path: &Json) -> Option<Vec<String>> {
    let names = path.as_array()?.iter().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<Vec<String>>>().filter(|names| !names.is_empty())
}

/// A fragment whose definitions get what the options inject.
fn fragment(path: Vec<String>, payload: Payload, options: &Json) -> Fragment {
    let inject = options.get("inject").and_then(Json::as_object).cloned().unwrap_or_default();
    Fragment { inject, ..Fragment::new(path, payload) }
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn load(importer: &dyn Importer, options: &Json) -> Vec<String> {
        let fragments = importer.load(options, &[], &QuietHost).expect("the options are right");
        let told = fragments.iter().map(|fragment| match &fragment.payload {
            Payload::Folder { path, named } => {
                let inject: Vec<String> =
                    fragment.inject.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let named = if *named { " named" } else { "" };
                format!("{} <- {path} {}{named}", fragment.path.join("."), inject.join(","))
            }
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn path_and_folder_are_named_like_the_section_unless_they_are_given() {
        assert_eq!(load(&One, &json!({"type": "packages"})), ["packages <- packages "]);
        let options = json!({
            "type": "packages", "path": ["packages", "x86_64-linux", "tools"], "dir": "other",
            "inject": {"salt": "sea"},
        });
        let expected = ["packages.x86_64-linux.tools <- other salt=\"sea\" named"];
        assert_eq!(load(&One, &options), expected);
    }

    #[test]
    fn an_empty_path_is_refused() {
        let options = json!({"type": "packages", "path": []});
        let error = One.load(&options, &[], &QuietHost).expect_err("there is no section in it");
        assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/path")));
    }

    #[test]
    fn all_folders_belong_to_their_sections() {
        assert_eq!(
            load(&All, &json!({"inject": {"salt": 1}})),
            [
                "packages <- pkgs salt=1",
                "devShells <- shells salt=1",
                "apps <- apps salt=1",
                "lib <- lib salt=1",
                "checks <- checks salt=1",
            ]
        );
    }
}
