//! `purlin build`

use std::process::ExitCode;

use purlin_host::{LOCK_FILE, LockFile, PackagePin};
use purlin_model::{Diagnostic, Origin, suggestion};
use purlin_packages::{Maker, PackageGraph, changes, name_of};
use serde_json::json;

use crate::arguments::Build;
use crate::context::Context;
use crate::draw;
use crate::failure::{CANCELLED, FAILED, Failure, Outcome};
use crate::packages::{How, Packages, Target};

/// Builds packages, and prints where they are.
pub(crate) fn perform(context: &Context, options: &Build) -> Outcome {
    known_pins(context, &options.update)?;
    let packages = Packages::open(context, options.system.as_deref())?;
    let targets = packages.packages(&options.names)?;
    let mut maker = Maker::new(&packages.system, &packages.store, &packages);
    let mut found: Vec<(&Target, usize)> = Vec::new();
    for target in &targets {
        let added = maker.add(&target.value)?;
        found.extend(added.into_iter().map(|index| (target, index)));
    }
    let graph = maker.finish()?;
    used_pins(context, &packages, &options.update)?;
    if options.explain {
        explain(context, &packages, &graph, &found);
        return Ok(ExitCode::SUCCESS);
    }
    let roots: Vec<usize> = found.iter().map(|(_, index)| *index).collect();
    let how =
        How { jobs: options.jobs, force: options.force, output: options.output, ..How::default() };
    let made = packages.make(&graph, &roots, how)?;
    packages.remember("build", &graph, &roots);
    if made.summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    if !made.is_whole() {
        return Ok(ExitCode::from(FAILED));
    }
    if let Some(folder) = &options.install {
        let folder = context.directory.join(folder);
        packages.install(&graph, &roots, &folder).map_err(Failure::failed)?;
    }
    tell(context, &packages, &graph, &found, options.closure);
    drop(found);
    packages.leave(graph, targets);
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that what is to be pinned anew is pinned.
fn known_pins(context: &Context, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    if context.global.locked {
        let what = "`--update` pins anew, which `--locked` forbids";
        return Err(Diagnostic::error("locked", what).help("say one of both".to_owned()).into());
    }
    let pinned = LockFile::read(&context.root()?)?.names();
    let Some(unknown) = names.iter().find(|name| !pinned.contains(name)) else { return Ok(()) };
    Err(Diagnostic::error("unknown-pin", format!("{LOCK_FILE} pins no `{unknown}`"))
        .help(
            suggestion(unknown, "pins", pinned.iter().map(String::as_str))
                .or_else(|| Some("what is not pinned yet is pinned when it is used".to_owned())),
        )
        .into())
}

/// Makes sure that what is pinned anew of repositories is in use here: else nothing would be.
fn used_pins(context: &Context, packages: &Packages<'_>, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let lock = LockFile::read(&context.root()?)?;
    let others = lock.names_of_sources();
    let unused = |name: &&String| !others.contains(name) && !packages.has_asked_for(name);
    let Some(unused) = names.iter().find(unused) else { return Ok(()) };
    let what = format!("nothing that is built here asks repositories for `{unused}`");
    let of_it = |(request, (pin, _)): &(&String, &(PackagePin, Origin))| {
        *request == unused || pin.name == *unused
    };
    let told = Diagnostic::error("unused-pin", what);
    let pins = lock.packages();
    let told = match pins.iter().find(of_it) {
        Some((_, (_, origin))) => told.label(origin.clone(), "this pin stays"),
        None => told,
    };
    let help = format!("build what uses it, or take it out of {LOCK_FILE} if nothing does");
    Err(told.help(help).into())
}

/// Prints the roots of what was asked for, or all that they need to run.
fn tell(
    context: &Context,
    packages: &Packages<'_>,
    graph: &PackageGraph,
    found: &[(&Target, usize)],
    closure: bool,
) {
    let of = |index: usize| -> Vec<String> {
        let node = &graph.nodes[index];
        let Some(prefix) = &node.prefix else { return Vec::new() };
        if !closure || node.action.is_none() {
            return vec![prefix.display().to_string()];
        }
        let needed = packages.store.closure(&[name_of(prefix)]);
        needed
            .iter()
            .map(|folder| packages.store.folder().join(folder).display().to_string())
            .collect()
    };
    if context.global.json {
        let all: Vec<_> = found
            .iter()
            .map(|(target, index)| {
                let node = &graph.nodes[*index];
                json!({
                    "name": target.name,
                    "package": node.package.name,
                    "version": node.package.version,
                    "variant": node.variant,
                    "key": node.key.to_hex(),
                    "paths": of(*index),
                })
            })
            .collect();
        draw::json(&json!({ "event": "packages", "packages": all }));
        return;
    }
    let mut seen = std::collections::HashSet::new();
    let mut lines = String::new();
    for path in found.iter().flat_map(|(_, index)| of(*index)) {
        if !seen.contains(&path) {
            lines.push_str(&draw::harmless_line(&path));
            lines.push('\n');
            seen.insert(path);
        }
    }
    // All at once: for each line of a thousand the kernel would be asked.
    draw::out_bytes(lines.as_bytes());
}

/// `--explain`: whether each would be built, and why; and how it was when it was.
fn explain(
    context: &Context,
    packages: &Packages<'_>,
    graph: &PackageGraph,
    found: &[(&Target, usize)],
) {
    let mut documents = Vec::new();
    for (target, index) in found {
        let node = &graph.nodes[*index];
        let Some(prefix) = node.prefix.as_ref().filter(|_| node.action.is_some()) else {
            let place = node.prefix.as_ref().map(|prefix| prefix.display().to_string());
            let place = place.map_or("nowhere".to_owned(), |place| format!("in {place}"));
            let is_there = node.prefix.as_ref().is_none_or(|prefix| prefix.is_dir());
            let missing = if is_there { "" } else { ", and there is no such folder" };
            let name = &target.name;
            draw::out(format_args!("{name} is not built: it is installed {place}{missing}\n"));
            continue;
        };
        let record = packages.store.record(&name_of(prefix));
        let parts = graph.parts(node);
        let last = || packages.last_here(&node.id).or_else(|| packages.store.last(&node.id));
        let verdict = match (&record, record.is_none().then(last).flatten()) {
            (Some(_), _) => "it is there".to_owned(),
            (None, Some(last)) if last.key == node.key => "it was removed".to_owned(),
            (None, Some(last)) => changes(&last.parts, &parts),
            (None, None) => "it was not built before".to_owned(),
        };
        if context.global.json {
            documents.push(json!({
                "name": target.name,
                "builds": record.is_none(),
                "reason": verdict,
                "key": node.key.to_hex(),
                "parts": parts,
                "path": prefix,
                "sandbox": record.as_ref().map(|record| &record.sandbox),
                "references": record.as_ref().map(|record| &record.references),
            }));
            continue;
        }
        let builds = if record.is_some() { "would not be built" } else { "would be built" };
        draw::out(format_args!("{} {builds}: {verdict}\n", draw::harmless_line(&node.id)));
        draw::out(format_args!("  path     {}\n", prefix.display()));
        if let Some(record) = &record {
            let when = purlin_commands::time_text(record.built);
            let took = record.duration_ms;
            draw::out(format_args!(
                "  built    {when}, in {took} ms; sandbox: {}\n",
                record.sandbox
            ));
            for reference in &record.references {
                draw::out(format_args!("  refers   {}\n", draw::harmless_line(reference)));
            }
        }
        for (label, digest) in &parts {
            let short: String = digest.chars().take(12).collect();
            let (label, short) = (draw::harmless_line(label), draw::harmless_line(&short));
            draw::out(format_args!("  key      {label} {short}\n"));
        }
    }
    if context.global.json {
        draw::json(&json!({ "explain": documents }));
    }
}

/// An error that names what was asked for.
pub(crate) fn wrong_kind(what: &str, name: &str, found: &str) -> Diagnostic {
    Diagnostic::error("wrong-output", format!("`{name}` is not {what}"))
        .detail(format!("It is {found}."))
}
