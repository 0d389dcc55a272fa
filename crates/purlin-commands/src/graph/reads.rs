//! Who reads and who writes what somebody else writes.

use std::path::Path;

use purlin_model::{Diagnostic, Origin};
use purlin_store::{Patterns, RelativePath};

use super::{Graph, Instance};
use crate::dependency::Dependency;

/// For each dependency of an instance, whether its answer is read from files that a producer of the
/// instance writes, so that it can be known only after that producer has run.
pub(super) fn defer(graph: &Graph, index: usize, diagnostics: &mut Vec<Diagnostic>) -> Vec<bool> {
    let instance = &graph.instances[index];
    let waits = |dependency: &Dependency, diagnostics: &mut Vec<Diagnostic>| {
        let mut waits = false;
        for path in dependency.input_paths() {
            let Ok(file) = RelativePath::parse(path.as_str().unwrap_or_default()) else { continue };
            for (producer, other) in graph.instances.iter().enumerate() {
                if producer == index || !other.action.outputs.matches(&file) {
                    continue;
                }
                if graph.depends_on(index, producer) {
                    waits = true;
                } else {
                    diagnostics.push(undeclared(instance, other, &path.origin));
                }
            }
        }
        waits
    };
    instance.dependencies.iter().map(|dependency| waits(dependency, diagnostics)).collect()
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

/// Finds instances that read another's outputs without depending on it, where the patterns show it.
pub(super) fn check_reads(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let writers: Vec<(usize, &Instance)> = graph
        .instances
        .iter()
        .enumerate()
        .filter(|(_, instance)| !instance.action.artifacts.is_empty())
        .collect();
    for (reader, instance) in graph.instances.iter().enumerate() {
        let Some(patterns) = instance.inputs.as_ref().filter(|_| !writers.is_empty()) else {
            continue;
        };
        let globs: Vec<&String> = instance
            .dependencies
            .iter()
            .filter_map(|dependency| dependency.expansion.as_ref())
            .flat_map(|expansion| &expansion.globs)
            .collect();
        for (writer, other) in &writers {
            if *writer == reader
                || !shows_read(patterns, &globs, other)
                || graph.depends_on(reader, *writer)
                || graph.depends_on(*writer, reader)
            {
                continue;
            }
            let place = instance.command.deps.as_ref().and_then(|deps| deps.first());
            let place = place.map_or(&instance.command.origin, |first| &first.origin);
            diagnostics.push(undeclared(instance, other, place));
        }
    }
}

/// True when the patterns alone prove that one file is both read and written: a written path that
/// is read, a read path that is written, or the same pattern on both sides.
fn shows_read(reads: &Patterns, globs: &[&String], writer: &Instance) -> bool {
    writer.action.outputs.literals().any(|path| reads.matches(path))
        || reads.literals().any(|path| writer.action.outputs.matches(path))
        || globs.iter().any(|glob| writer.action.artifacts.contains(glob))
}

/// Finds instances that write the same path and of which neither runs after the other.
pub(super) fn check_writes(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let writers: Vec<(usize, &Instance)> = graph
        .instances
        .iter()
        .enumerate()
        .filter(|(_, instance)| !instance.action.artifacts.is_empty())
        .collect();
    for (position, (one, first)) in writers.iter().enumerate() {
        for (other, second) in &writers[position + 1..] {
            let (a, b) = (&first.action.outputs, &second.action.outputs);
            let shared = a.literals().find(|path| b.matches(path));
            let Some(path) = shared.or_else(|| b.literals().find(|path| a.matches(path))) else {
                continue;
            };
            if graph.depends_on(*one, *other) || graph.depends_on(*other, *one) {
                continue;
            }
            let place = |instance: &Instance| {
                let first = instance.command.artifacts.first();
                first.map_or_else(|| instance.command.origin.clone(), |named| named.origin.clone())
            };
            diagnostics.push(
                Diagnostic::error(
                    "two-writers",
                    format!("`{}` and `{}` both write {path}", first.id, second.id),
                )
                .label(place(second), format!("written by `{}`", second.id))
                .label(place(first), format!("written by `{}`", first.id))
                .detail("What is there afterwards would depend on which of them runs last.")
                .help(
                    "give them artifacts of their own, or make one depend on the other".to_owned(),
                ),
            );
        }
    }
}

/// Dependencies that name a file or folder which is not there and which no command writes.
pub(super) fn missing_inputs(graph: &Graph, root: &Path) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for instance in &graph.instances {
        for dependency in &instance.dependencies {
            let globs = dependency.expansion.as_ref().map(|expansion| &expansion.globs[..]);
            let Ok(patterns) = Patterns::new(globs.unwrap_or_default()) else { continue };
            for path in patterns.literals() {
                let written =
                    || graph.instances.iter().any(|other| other.action.outputs.matches(path));
                if root.join(path).symlink_metadata().is_ok() || written() {
                    continue;
                }
                let warning = Diagnostic::warning("missing-input", format!("there is no {path}"))
                    .label(dependency.origin.clone(), "named by this dependency")
                    .detail("No command writes it either, so this dependency says nothing yet.")
                    .help("patterns are relative to the workspace's root".to_owned());
                // A dependency of `[base]` is met once for each command.
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
    }
    warnings
}
