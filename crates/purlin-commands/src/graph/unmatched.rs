//! Patterns of dependencies that take no file.

use std::collections::BTreeSet;
use std::path::Path;

use purlin_model::{Diagnostic, Kind, Value};
use purlin_store::{Files, Patterns};

use super::Graph;
use crate::dependency::Dependency;
use crate::session::{file_index, private_folder};

/// A pattern with wildcards that a user has written.
struct Written<'a> {
    glob: &'a str,
    patterns: Patterns,
    instance: usize,
    dependency: &'a Dependency,
}

/// Patterns that no file matches and that none of the commands which run before could make one for,
/// and patterns behind a `!` that have nothing in front to take out of. One walk answers for all.
pub(super) fn unmatched(graph: &Graph, root: &Path) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut wild = Vec::new();
    for (instance, found) in graph.instances.iter().enumerate() {
        let mut named = false;
        for dependency in &found.dependencies {
            let globs = dependency.expansion.as_ref().map(|expansion| &expansion.globs[..]);
            for glob in globs.unwrap_or_default() {
                let written = is_written(&dependency.config, glob);
                if glob.starts_with('!') {
                    if !named && written {
                        warnings.push(takes_nothing_out(glob, dependency));
                    }
                    continue;
                }
                named = true;
                let Ok(patterns) = Patterns::new(std::slice::from_ref(glob)) else { continue };
                if written && patterns.literals().next().is_none() {
                    wild.push(Written { glob, patterns, instance, dependency });
                }
            }
        }
    }
    if wild.is_empty() {
        return warnings;
    }
    // A dependency of `[base]`, and many another, is met once for each command.
    let mut seen = BTreeSet::new();
    let sets: Vec<&Written<'_>> = wild.iter().filter(|one| seen.insert(one.glob)).collect();
    let files = Files::open(root.to_owned(), file_index(&private_folder(root)));
    let patterns: Vec<&Patterns> = sets.iter().map(|one| &one.patterns).collect();
    // What cannot be read is told by the run that needs it.
    let Ok(present) = files.present(&patterns) else { return warnings };
    let absent: BTreeSet<&str> =
        sets.iter().zip(present).filter(|(_, present)| !present).map(|(one, _)| one.glob).collect();
    for one in wild.iter().filter(|one| absent.contains(one.glob)) {
        let may_write = |(writer, other): (usize, &super::Instance)| {
            other.action.outputs.may_overlap(&one.patterns)
                && (writer == one.instance || graph.depends_on(one.instance, writer))
        };
        if !graph.instances.iter().enumerate().any(may_write) {
            warnings.push(no_match(one));
        }
    }
    warnings
}

/// Whether a pattern stands in the configuration of a dependency, rather than being a plugin's
/// answer, whose patterns may well match nothing.
fn is_written(config: &Value, glob: &str) -> bool {
    match &config.kind {
        Kind::String(text) => {
            // `{root}/` in front is gone by now.
            let body = glob.trim_start_matches('!');
            text.strip_suffix(body)
                .is_some_and(|head| head.trim_start_matches('!').is_empty() || head.ends_with('/'))
        }
        Kind::List(list) => list.iter().any(|value| is_written(value, glob)),
        Kind::Table(table) => table.iter().any(|(_, entry)| is_written(&entry.value, glob)),
        _ => false,
    }
}

fn no_match(written: &Written<'_>) -> Diagnostic {
    Diagnostic::warning("no-match", format!("no file matches `{}`", written.glob))
        .label(written.dependency.origin.clone(), "named by this dependency")
        .detail("It says nothing until there is one.")
        .help(
            "patterns are relative to the workspace's root; files that git ignores count only \
             when they are named without wildcards"
                .to_owned(),
        )
}

fn takes_nothing_out(glob: &str, dependency: &Dependency) -> Diagnostic {
    Diagnostic::warning("no-match", format!("`{glob}` takes nothing out"))
        .label(dependency.origin.clone(), "there is no pattern in front of this one")
        .detail("A `!` takes files out of what patterns before it have named.")
        .help("name the files first: `[\"src/**\", \"!src/old\"]`".to_owned())
}
