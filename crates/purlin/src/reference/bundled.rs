//! The plugins that come with Purlin, from their manifests.

use std::sync::Arc;

use purlin_model::Source;
use purlin_plugin::language::Language as _;
use purlin_plugin::manifest::{Feature, FileRef, MANIFEST_FILE, Manifest, parse_manifest};
use purlin_plugin::{NativePlugin, PluginSet, Point};
use purlin_starlark::{NoSources, Starlark};

use crate::markdown::{head, row};
use crate::schema_text::SchemaText;

/// A feature of a bundled plugin.
pub(super) struct Bundled {
    pub(super) plugin: NativePlugin,
    pub(super) feature: Feature,
}

/// Features of bundled plugins at a point, by name.
pub(super) fn features(point: Point) -> Vec<Bundled> {
    let mut found: Vec<Bundled> = Vec::new();
    for plugin in crate::bundled().iter() {
        let features = manifest(plugin).features.into_iter();
        found.extend(
            features
                .filter(|feature| feature.point == point)
                .map(|feature| Bundled { plugin: *plugin, feature }),
        );
    }
    found.sort_by(|one, other| one.feature.name.cmp(&other.feature.name));
    found
}

/// The schema of a feature; one that takes anything where it names none.
pub(super) fn schema(bundled: &Bundled) -> SchemaText {
    let file = bundled.feature.schema.as_ref().and_then(|file| bundled.plugin.file(&file.path));
    SchemaText::parse(file.unwrap_or("{}")).expect("it is tested elsewhere")
}

/// The schema in a file of a bundled plugin.
pub(super) fn text_of(bundled: &Bundled, file: &FileRef) -> SchemaText {
    let text = bundled.plugin.file(&file.path).expect("a plugin has the files that it names");
    SchemaText::parse(text).expect("it is tested elsewhere")
}

fn manifest(plugin: &NativePlugin) -> Manifest {
    let text = plugin.file(MANIFEST_FILE).expect("a plugin has a manifest");
    parse_manifest(&Source::new(MANIFEST_FILE, text)).manifest.expect("it is tested elsewhere")
}

/// The names that a file of definitions adds to the base.
fn shipped(set: &PluginSet, manifest: &Manifest, file: &FileRef) -> Vec<String> {
    let plugin = set.iter().find(|plugin| plugin.folder == manifest.name);
    let text = plugin.and_then(|plugin| plugin.file(&file.path)).expect("it is tested elsewhere");
    let source = Source::of_plugin(&manifest.name, &file.path, Some(text.to_owned()));
    let index = Starlark::new(Arc::new(NoSources)).index(&source).expect("it is tested elsewhere");
    let functions = index.functions.iter().map(|function| &function.name);
    let names = functions.chain(index.constants.iter().map(|(name, _)| name));
    names.filter(|name| !name.starts_with('_')).cloned().collect()
}

pub(super) fn page() -> String {
    let set: PluginSet = crate::bundled();
    let mut manifests: Vec<Manifest> = set.iter().map(manifest).collect();
    manifests.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = String::from(
        "# Bundled plugins\n\nThey come in the binary and are always enabled. Each is a folder below `plugins/` with an \
         ordinary manifest, and uses nothing that a plugin of your own could not use. What their features take is \
         in [purlin.toml](purlin-toml.md).\n",
    );
    for manifest in manifests {
        let runtime = manifest.runtime.as_ref().map(|runtime| runtime.kind.as_str());
        text.push_str(&format!(
            "\n## `{}` {}\n\n{}. Runtime: {}.\n\n",
            manifest.name,
            manifest.version,
            manifest.description,
            runtime.unwrap_or("none, it is only files"),
        ));
        text.push_str(&head(&["provides", "meaning"]));
        for feature in &manifest.features {
            text.push_str(&row(&[&format!("`{}`", feature.id()), &feature.about]));
        }
        for file in &manifest.ships.definitions {
            let names: Vec<String> =
                shipped(&set, &manifest, file).iter().map(|name| format!("`{name}`")).collect();
            text.push_str(&format!("\nNames for definitions: {}.\n", names.join(", ")));
        }
        let permissions = &manifest.permissions;
        for (kind, list) in [
            ("network", &permissions.network),
            ("run", &permissions.run),
            ("environment", &permissions.environment),
            ("read", &permissions.read),
            ("write", &permissions.write),
            ("secrets", &permissions.secrets),
        ] {
            if !list.is_empty() {
                let list: Vec<String> = list.iter().map(|one| format!("`{one}`")).collect();
                text.push_str(&format!("\nPermission `{kind}`: {}.\n", list.join(", ")));
            }
        }
    }
    text
}
