//! What an installed package says of itself: `package.toml`.

use std::fs;
use std::path::Path;

use purlin_model::Hasher;
use purlin_packages::{Node, PackageGraph, Roots};
use serde_json::{Map, Value as Json};

use super::layout::Variant;

/// The file beside a variant's root that has its key.
pub(super) const KEY: &str = "key";

/// Fields of a leaf that tell how it is built, which does not matter any more, and those that are written
/// anew.
const OF_BUILDING: [&str; 11] = [
    "source",
    "build",
    "install",
    "builder",
    "build-requires",
    "private-build-requires",
    "tests",
    "digest",
    "variants",
    "root",
    "variant-roots",
];

/// What a package says that is installed in `root`: what it needs to run, by name and version. What its
/// variant needs is left to [`variant`].
pub(super) fn document(graph: &PackageGraph, node: &Node, root: &str) -> Map<String, Json> {
    let package = &node.package;
    let mut document = package.fields().as_object().cloned().unwrap_or_default();
    document.retain(|field, value| !OF_BUILDING.contains(&field.as_str()) && !value.is_null());
    for value in document.values_mut() {
        fill(value, &node.roots);
    }
    document.insert("name".to_owned(), package.name.clone().into());
    document.insert("root".to_owned(), root.into());
    // What is the same text may be other files.
    document.insert("digest".to_owned(), node.key.to_hex().into());
    let requires = texts(graph, node, false);
    if !requires.is_empty() {
        document.insert("requires".to_owned(), requires.into());
    }
    document
}

/// The digest of variants, by their folders and keys; those of an older version told no key.
pub(super) fn digest(place: &Path, variants: &[Variant]) -> String {
    let mut hasher = Hasher::new("installed variants");
    for Variant { folder, .. } in variants {
        let key = fs::read(place.join(folder).join(KEY)).unwrap_or_default();
        hasher.field(folder.as_bytes()).field(&key);
    }
    hasher.finish().to_hex()
}

/// What the variant of a package needs beside what all of them do, as it was built.
pub(super) fn variant(graph: &PackageGraph, node: &Node) -> Vec<String> {
    texts(graph, node, true)
}

fn texts(graph: &PackageGraph, node: &Node, of_variant: bool) -> Vec<String> {
    let names = node.variant.map(|variant| node.package.names_in_variant(variant));
    let names = names.unwrap_or_default();
    let needed = node.runs_with.iter().map(|needed| &graph.nodes[*needed].package);
    needed
        .filter(|needed| names.contains(&needed.name) == of_variant)
        .map(|needed| needed.shown())
        .collect()
}

/// Puts roots in place of what stands for them.
fn fill(value: &mut Json, roots: &Roots) {
    match value {
        Json::String(text) => *text = roots.fill(text).value,
        Json::Array(items) => items.iter_mut().for_each(|item| fill(item, roots)),
        Json::Object(entries) => entries.values_mut().for_each(|value| fill(value, roots)),
        _ => {}
    }
}

/// JSON as TOML: tables behind values.
pub(super) fn toml_text(document: &Map<String, Json>) -> String {
    let mut text = String::new();
    let is_table = |value: &Json| value.is_object();
    for (name, value) in document.iter().filter(|(_, value)| !is_table(value)) {
        text.push_str(&format!("{name} = {}\n", toml_value(value)));
    }
    for (name, value) in document.iter().filter(|(_, value)| is_table(value)) {
        text.push_str(&format!("\n[{name}]\n"));
        for (key, value) in value.as_object().into_iter().flatten() {
            text.push_str(&format!("{} = {}\n", Json::from(key.as_str()), toml_value(value)));
        }
    }
    text
}

/// Strings, numbers, truths and lists are written alike in both.
fn toml_value(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{} = {}", Json::from(key.as_str()), toml_value(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_value).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
