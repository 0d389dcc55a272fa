//! Who reads and who writes what somebody else writes.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use purlin_model::{Diagnostic, Origin};
use purlin_store::{Patterns, RelativePath};

use super::reach::Reach;
use super::unnamed::is_only_looked_at;
use super::writers::Writers;
use super::{Graph, Instance};
use crate::dependency::Dependency;

/// For each dependency of an instance, whether its answer is read from files that a producer of the
/// instance writes, so that it can be known only after that producer has run.
pub(super) fn defer(
    graph: &Graph,
    writers: &Writers,
    index: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<bool> {
    let instance = &graph.instances[index];
    let waits = |dependency: &Dependency, diagnostics: &mut Vec<Diagnostic>| {
        let mut waits = false;
        for (file, origin) in dependency.input_files() {
            for producer in distinct(writers.near(&file)) {
                let other = &graph.instances[producer];
                if producer == index || !other.action.outputs.matches(&file) {
                    continue;
                }
                if graph.depends_on(index, producer) {
                    waits = true;
                } else {
                    diagnostics.push(undeclared(instance, other, origin));
                }
            }
        }
        waits
    };
    instance.dependencies.iter().map(|dependency| waits(dependency, diagnostics)).collect()
}

fn distinct(positions: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = positions.collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn undeclared(reader: &Instance, writer: &Instance, place: &Origin) -> Diagnostic {
    Diagnostic::error(
        "undeclared-producer",
        format!("`{}` reads what `{}` writes, and does not depend on it", reader.id, writer.id),
    )
    .label(place.clone(), format!("read by `{}`", reader.id))
    .label(
        writer
            .command
            .artifacts
            .first()
            .map_or_else(|| writer.command.origin.clone(), |pattern| pattern.origin.clone()),
        format!("written by `{}`", writer.id),
    )
    .detail("Whether the one sees the other's files would depend on which runs first.")
    .help(format!(
        "add `{{ type = \"command\", name = \"{}\" }}` to the deps of `{}`",
        writer.command.name, reader.id
    ))
}

/// Finds instances that read another's outputs without depending on it, where the patterns alone
/// prove that one file is both read and written: a written path that is read, a read path that is
/// written, or the same pattern on both sides.
pub(super) fn check_reads(graph: &Graph, writers: &Writers, diagnostics: &mut Vec<Diagnostic>) {
    let all = &graph.instances;
    if all.iter().all(|instance| instance.action.artifacts.is_empty()) {
        return;
    }
    let inputs = all.iter().enumerate();
    let inputs = inputs.filter_map(|(index, one)| Some((index, one.inputs.as_ref()?)));
    let readers = Writers::of(inputs.clone());
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut by_glob: HashMap<&str, Vec<usize>> = HashMap::new();
    for (writer, instance) in all.iter().enumerate() {
        for path in instance.action.outputs.literals() {
            let reads =
                |reader: &usize| all[*reader].inputs.as_ref().is_some_and(|one| one.matches(path));
            pairs.extend(readers.near(path).filter(reads).map(|reader| (reader, writer)));
        }
        for glob in &instance.action.artifacts {
            by_glob.entry(glob).or_default().push(writer);
        }
    }
    for (reader, patterns) in inputs {
        for path in patterns.literals() {
            let writes = |writer: &usize| all[*writer].action.outputs.matches(path);
            pairs.extend(writers.near(path).filter(writes).map(|writer| (reader, writer)));
        }
        let expansions = all[reader].dependencies.iter().filter_map(|one| one.expansion.as_ref());
        for glob in expansions.flat_map(|expansion| &expansion.globs) {
            let same = by_glob.get(glob.as_str()).into_iter().flatten();
            pairs.extend(same.map(|writer| (reader, *writer)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let reach = Reach::new(graph);
    for (reader, writer) in pairs {
        if reader == writer || reach.ordered(reader, writer) {
            continue;
        }
        let instance = &all[reader];
        let place = instance.command.deps.as_ref().and_then(|deps| deps.first());
        let place = place.map_or(&instance.command.origin, |first| &first.origin);
        diagnostics.push(undeclared(instance, &all[writer], place));
    }
}

/// Finds instances that write the same path and of which neither runs after the other.
pub(super) fn check_writes(graph: &Graph, writers: &Writers, diagnostics: &mut Vec<Diagnostic>) {
    let all = &graph.instances;
    let reach = Reach::new(graph);
    let (mut seen, mut told) = (HashSet::new(), HashSet::new());
    for path in all.iter().flat_map(|instance| instance.action.outputs.literals()) {
        if !seen.insert(path) {
            continue;
        }
        let writes = |writer: &usize| all[*writer].action.outputs.matches(path);
        let writing = distinct(writers.near(path).filter(writes));
        // Those that are ordered one after the other are ordered altogether.
        for pair in writing.windows(2) {
            if !reach.ordered(pair[0], pair[1]) && told.insert((pair[0], pair[1])) {
                diagnostics.push(two_writers(&all[pair[0]], &all[pair[1]], path));
            }
        }
    }
}

/// What is wrong with two that write one path, of which neither runs after the other.
pub(crate) fn two_writers(first: &Instance, second: &Instance, path: &RelativePath) -> Diagnostic {
    let place = |instance: &Instance| {
        let first = instance.command.artifacts.first();
        first.map_or_else(|| instance.command.origin.clone(), |named| named.origin.clone())
    };
    Diagnostic::error(
        "two-writers",
        format!("`{}` and `{}` both write {path}", first.id, second.id),
    )
    .label(place(second), format!("written by `{}`", second.id))
    .label(place(first), format!("written by `{}`", first.id))
    .detail("What is there afterwards would depend on which of them runs last.")
    .help("give them artifacts of their own, or make one depend on the other".to_owned())
}

/// Dependencies that name a file or folder which is not there and which no command writes.
pub(super) fn missing_inputs(graph: &Graph, root: &Path) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let writers = Writers::new(graph);
    for instance in graph.instances.iter().filter(|one| !is_only_looked_at(one)) {
        for dependency in &instance.dependencies {
            let globs = dependency.expansion.as_ref().map(|expansion| &expansion.globs[..]);
            let Ok(patterns) = Patterns::new(globs.unwrap_or_default()) else { continue };
            for path in patterns.literals() {
                let written = || {
                    let writes = |index: usize| graph.instances[index].action.outputs.matches(path);
                    writers.near(path).any(writes)
                };
                if root.join(path).symlink_metadata().is_ok() || written() {
                    continue;
                }
                let warning = Diagnostic::warning("missing-input", format!("there is no {path}"))
                    .label(dependency.origin.clone(), "named by this dependency")
                    .detail("No command writes it either, so this dependency says nothing yet.")
                    .help("patterns are relative to the workspace's root".to_owned());
                warnings.push(warning);
            }
        }
    }
    warnings
}
