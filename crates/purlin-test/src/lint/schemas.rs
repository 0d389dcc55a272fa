//! Schemas that say too little.

use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Source};
use purlin_plugin::manifest::{FileRef, Manifest};
use purlin_plugin::{Point, Property, Schema};

/// As many types as there are: a schema that names none takes them all.
const ALL_TYPES: usize = 7;

/// Finds properties without a type, and those with a name that is the host's.
pub(super) fn check(
    manifest: &Manifest,
    source: &Arc<Source>,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let features = manifest.features.iter().filter_map(|feature| feature.schema.as_ref());
    for file in manifest.config.iter().chain(features) {
        let Some(schema) = parse(manifest, file, text_of) else { continue };
        untyped(&schema.properties(), "", &mut |pointer, property| {
            let summary = format!("`{pointer}` in `{}` may be anything", file.path);
            let mut diagnostic = Diagnostic::warning("no-type", summary)
                .label(file.place.origin(source), "this schema")
                .help("a `type` finds mistakes before the plugin is asked".to_owned());
            if property.description().is_none() {
                diagnostic = diagnostic.detail("It has no description either.");
            }
            found.push(diagnostic);
        });
    }
    for feature in &manifest.features {
        let Some(file) = &feature.schema else { continue };
        let Some(schema) = parse(manifest, file, text_of) else { continue };
        let taken: &[&str] = match feature.point {
            Point::Cache => &["type", "required"],
            Point::Dependency => &["type"],
            _ => continue,
        };
        for property in schema.properties() {
            if taken.contains(&property.name) {
                found.push(
                    Diagnostic::warning(
                        "taken-name",
                        format!("`{}` in `{}` is never filled", property.name, file.path),
                    )
                    .label(file.place.origin(source), "this schema")
                    .detail("The host reads the field of that name itself.")
                    .help("give it another name".to_owned()),
                );
            }
        }
    }
    found
}

fn parse(
    manifest: &Manifest,
    file: &FileRef,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Option<Schema> {
    let text = text_of(&file.path)?;
    let source = Source::of_plugin(&manifest.name, Path::new(&file.path), Some(text));
    Schema::parse(&source).ok()
}

fn untyped(properties: &[Property<'_>], at: &str, tell: &mut dyn FnMut(&str, &Property<'_>)) {
    for property in properties {
        let pointer = format!("{at}/{}", property.name);
        if property.types().len() >= ALL_TYPES && property.values().is_none() {
            tell(&pointer, property);
        }
        untyped(&property.properties(), &pointer, tell);
    }
}
