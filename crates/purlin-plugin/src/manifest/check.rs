//! What a manifest says of the plugin's other files.

use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Source, fold, suggestion};

use super::{Detail, FileRef, Manifest};
use crate::Schema;

/// Checks that the files which a manifest names are there, that the schemas among them lie inside
/// the subset, and that the `key` of each dependency is a property of its schema.
///
/// `source` is the manifest's own; `text_of` reads a file by its path relative to the plugin's
/// folder, `None` where there is none.
#[must_use]
pub fn check_files(
    manifest: &Manifest,
    source: &Arc<Source>,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let checker = Checker { manifest, source, text_of };
    let mut diagnostics = Vec::new();
    if let Some(config) = &manifest.config {
        checker.schema(config, &mut diagnostics);
    }
    for feature in &manifest.features {
        let schema = feature.schema.as_ref().map(|file| checker.schema(file, &mut diagnostics));
        if let Some(section) = feature.detail.section() {
            checker.schema(&section.schema, &mut diagnostics);
        }
        if let Detail::Transform { reads, extends, section: Some(section), .. } = &feature.detail {
            let mut sections = reads.iter().chain(extends);
            if !sections.any(|one| *one == section.name) {
                let (id, name) = (feature.id(), &section.name);
                let what = format!("{id} tells the schema of `{name}`, which it does not read");
                diagnostics.push(
                    Diagnostic::error("bad-value", what)
                        .label(section.schema.place.origin(source), "this schema")
                        .help(suggestion(name, "sections", reads.iter().map(String::as_str))),
                );
            }
        }
        match &feature.detail {
            Detail::Resource { state: Some(state) } => {
                checker.schema(&state.schema, &mut diagnostics);
            }
            Detail::Dependency { key: Some(key), .. } => {
                let schema = schema.flatten();
                let properties = schema.as_ref().map(Schema::properties).unwrap_or_default();
                let is_declared = properties.iter().any(|one| fold(one.name) == fold(key));
                if !is_declared && (schema.is_some() || feature.schema.is_none()) {
                    let names = properties.iter().map(|one| one.name);
                    diagnostics.push(
                        Diagnostic::error(
                            "bad-value",
                            format!("the key `{key}` of {} is not in its schema", feature.id()),
                        )
                        .label(feature.place.origin(source), "`NAME:text` would fill this field")
                        .help(suggestion(key, "properties", names)),
                    );
                }
            }
            _ => {}
        }
    }
    for file in manifest.ships.commands.iter().chain(&manifest.ships.definitions) {
        checker.text(file, &mut diagnostics);
    }
    diagnostics
}

struct Checker<'a> {
    manifest: &'a Manifest,
    source: &'a Arc<Source>,
    text_of: &'a dyn Fn(&str) -> Option<String>,
}

impl Checker<'_> {
    fn text(&self, file: &FileRef, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        let text = (self.text_of)(&file.path);
        if text.is_none() {
            diagnostics.push(
                Diagnostic::error("missing-file", format!("there is no file `{}`", file.path))
                    .label(file.place.origin(self.source), "named here")
                    .help("paths are relative to the plugin's folder".to_owned()),
            );
        }
        text
    }

    fn schema(&self, file: &FileRef, diagnostics: &mut Vec<Diagnostic>) -> Option<Schema> {
        let text = self.text(file, diagnostics)?;
        let folder = self.source.path.parent().unwrap_or(Path::new(""));
        let source = Source::of_plugin(&self.manifest.name, folder.join(&file.path), Some(text));
        Schema::parse(&source).map_err(|mistakes| diagnostics.extend(mistakes)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_manifest;

    #[test]
    fn missing_files_foreign_schemas_and_wrong_keys_are_told() {
        let source = Source::new(
            "p/plugin.toml",
            r#"
plugin = { name = "own", version = "1.0.0", api = "1" }
runtime = { kind = "native" }
config.schema = "gone.json"
ships.commands = "gone.toml"
[provides.dependency.a]
schema = "bad.json"
key = "x"
[provides.dependency.b]
schema = "good.json"
key = "pathh"
[provides.dependency.c]
key = "x"
[provides.dependency.d]
schema = "good.json"
key = "path"
[provides.resource.r]
state = { version = 1, schema = "gone-too.json" }
"#,
        );
        let manifest = parse_manifest(&source).manifest.expect("the manifest itself is right");
        let files = |path: &str| match path {
            "good.json" => Some(r#"{"properties": {"path": {}}}"#.to_owned()),
            "bad.json" => Some(r#"{"not": {}}"#.to_owned()),
            _ => None,
        };
        let told: Vec<String> =
            check_files(&manifest, &source, &files).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "there is no file `gone.json` (p/plugin.toml:4:17)",
                "the keyword `not` cannot be used here (p/bad.json:1:2)",
                "the key `pathh` of dependency/b is not in its schema (p/plugin.toml:9:22)",
                "the key `x` of dependency/c is not in its schema (p/plugin.toml:12:22)",
                "there is no file `gone-too.json` (p/plugin.toml:18:33)",
                "there is no file `gone.toml` (p/plugin.toml:5:18)",
            ]
        );
    }
}
