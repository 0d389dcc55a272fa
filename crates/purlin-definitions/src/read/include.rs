//! `[include]`: further files whose tables count as if they stood in the document.

use std::path::Path;

use purlin_model::{Diagnostic, Entry, Kind, Origin, Source, Table, Value, parse_toml};
use purlin_store::Patterns;

use super::document::checked;
use crate::file::{matching, read_text};
use crate::folder::LEADS_OUT;

/// The document with the tables of the files that its `[include]` names, which is gone then. A key
/// that two files write is an error that names both places. `root` is the workspace's folder, and
/// `shown` that folder as users see it.
#[must_use]
pub fn included(document: &Value, root: &Path, shown: &Path) -> (Value, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let Some(mut table) = document.as_table().cloned() else {
        return (document.clone(), diagnostics);
    };
    let Some(mut include) = table.remove("include") else {
        return (document.clone(), diagnostics);
    };
    let (checked, mistakes) = checked("include", &include);
    diagnostics.extend(mistakes);
    if let Some(value) = checked {
        include.value = value;
    }
    for file in files(&include, root, &mut diagnostics) {
        let shown = shown.join(&file);
        let path = root.join(&file);
        if path
            .canonicalize()
            .is_ok_and(|real| !root.canonicalize().is_ok_and(|root| real.starts_with(root)))
        {
            let (what, help) = LEADS_OUT;
            diagnostics.push(
                Diagnostic::error("leads-out", format!("{} {what}", shown.display()))
                    .label(include.key.clone(), "included here")
                    .help(help.to_owned()),
            );
            continue;
        }
        let text = match read_text(&path, &shown) {
            Ok(text) => text,
            Err(diagnostic) => {
                diagnostics.push(diagnostic.label(include.key.clone(), "included here"));
                continue;
            }
        };
        let (part, mut mistakes) = parse_toml(&Source::new(shown, text));
        let is_sound = mistakes.is_empty();
        diagnostics.append(&mut mistakes);
        if let (Some(part), true) = (part.as_table(), is_sound) {
            join(&mut table, part, 0, &mut diagnostics);
        }
    }
    (Value::new(Kind::Table(table), document.origin.clone()), diagnostics)
}

/// What a document includes: the globs of its `[include]` that can be used, in one set.
#[must_use]
pub fn include_patterns(document: &Value) -> Patterns {
    let globs = document.get("include").and_then(|include| include.get("files"));
    let globs = globs.and_then(Value::as_list).unwrap_or_default().iter();
    let texts = globs.filter_map(Value::as_str).filter(|text| Patterns::new(&[text]).is_ok());
    Patterns::new(&texts.collect::<Vec<_>>()).unwrap_or_default()
}

/// The files that the globs match, sorted.
fn files(include: &Entry, root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut found = Vec::new();
    let globs = include.value.get("files").and_then(Value::as_list).unwrap_or_default();
    for glob in globs {
        let Some(text) = glob.as_str() else { continue };
        let patterns = match Patterns::new(&[text]) {
            Ok(patterns) => patterns,
            Err(error) => {
                let what = format!("`{text}` is not a pattern of files");
                let why = format!("{error}.");
                diagnostics.push(
                    Diagnostic::error("bad-pattern", what)
                        .detail(why)
                        .label(glob.origin.clone(), "written here"),
                );
                continue;
            }
        };
        let matched = matching(root, &patterns);
        if matched.is_empty() {
            diagnostics.push(nothing(text, &glob.origin));
        }
        found.extend(matched);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn nothing(glob: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::warning("nothing-included", format!("`{glob}` matches no file"))
        .label(origin.clone(), "written here")
        .help("globs are relative to the workspace's root".to_owned())
}

/// Adds the keys of a table; tables on both sides are joined.
fn join(into: &mut Table, part: &Table, depth: usize, diagnostics: &mut Vec<Diagnostic>) {
    for (key, entry) in part.iter() {
        let Some(first) = into.entry(key).cloned() else {
            into.insert(key, entry.key.clone(), entry.value.clone());
            continue;
        };
        match (first.value.kind, &entry.value.kind) {
            (Kind::Table(mut first_table), Kind::Table(more)) => {
                join(&mut first_table, more, depth + 1, diagnostics);
                let joined = Value::new(Kind::Table(first_table), first.value.origin);
                into.insert(key, first.key, joined);
            }
            // `[[use]]` in two files.
            (Kind::List(mut items), Kind::List(more)) if depth == 0 => {
                items.extend(more.iter().cloned());
                into.insert(key, first.key, Value::new(Kind::List(items), first.value.origin));
            }
            _ => diagnostics.push(
                Diagnostic::error("written-twice", format!("`{key}` is written in two files"))
                    .label(entry.key.clone(), "again here")
                    .label(first.key, "first here")
                    .help("take one of the two out".to_owned()),
            ),
        }
    }
}
