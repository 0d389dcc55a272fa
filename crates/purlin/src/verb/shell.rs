//! `purlin shell`

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use purlin_commands::ProcessVariables;
use purlin_model::{Diagnostic, Origin, closest};
use purlin_packages::{Fields, Maker, Need, Package, fields_of, is_of_system};
use purlin_plugin::language::{Argument, Datum};

use crate::arguments::EnterShell;
use crate::context::Context;
use crate::failure::{CANCELLED, FAILED, Failure, Outcome};
use crate::packages::{How, Packages, Target, variables};
use crate::verb::app::programs_in;
use crate::{draw, environment, foreground, user_shell};

/// The role of leaves that are shells.
const ROLE: &str = "shell";
/// The output root of shells.
const ROOT: &str = "devShells";
/// The process variable that tells which shell this is.
const NAME: &str = "PURLIN_SHELL";
/// A program is not found, as shells tell it.
const NOT_FOUND: u8 = 127;
/// The shell that is meant where none is named.
const DEFAULT: &str = "default";

/// What a shell says.
#[derive(Default)]
struct Said {
    /// Packages whose programs and libraries are there.
    packages: Vec<Need>,
    /// Packages whose build it is for.
    inputs_from: Vec<Argument>,
    /// Where it was written.
    origin: Option<Origin>,
    env: Vec<(String, String)>,
    hook: Option<String>,
}

/// Enters a shell, or runs a program in it.
pub(crate) fn perform(context: &Context, options: &EnterShell) -> Outcome {
    let packages = Packages::open(context, None)?;
    let target = target(&packages, options.name.as_deref())?;
    let mut said = Said::default();
    read(&packages, &target.value, &target.name, &mut said, &mut Vec::new())?;
    let mut maker = Maker::new(&packages.system, &packages.store, &packages);
    let origin = said.origin.clone().unwrap_or_else(|| context.document.origin.clone());
    let by = Arc::new(Package::bare(target.name.clone(), String::new(), origin));
    let (mut roots, filled) = maker.add_needs(&said.packages, &by)?;
    let mut built = Vec::new();
    for value in &said.inputs_from {
        built.extend(maker.add(value)?);
    }
    let graph = maker.finish()?;
    roots.extend(built.iter().flat_map(|index| graph.nodes[*index].built_with.iter().copied()));
    let mut seen = std::collections::BTreeSet::new();
    roots.retain(|index| seen.insert(*index));
    // What is built with these finds all that they pass on.
    let roots = graph.to_build(&roots);
    let how = How { silent: true, keeps_stdout: true, ..How::default() };
    let made = packages.make(&graph, &roots, how)?;
    packages.remember(&format!("shell {}", target.name), &graph, &roots);
    if made.summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    if !made.is_whole() {
        return Ok(ExitCode::from(FAILED));
    }
    let user = ProcessVariables::new(environment::all());
    let mut found = variables(&graph, &roots, (&said.env, &filled), &user);
    let name = target.name.clone();
    found.changed.insert(NAME.to_owned(), name.clone());
    found.all.insert(NAME.into(), name.clone().into());
    let mut in_use = packages.using(&graph, &roots);
    in_use.hand_on();
    drop(made);
    let there = roots.iter().map(|index| &graph.nodes[*index]);
    let there = there.filter_map(|node| Some((node.package.shown(), node.prefix.clone()?)));
    let inside =
        Inside { name: name.clone(), origin: by.origin.clone(), packages: there.collect() };
    packages.leave(graph, vec![target]);
    let hook = said.hook.map(|hook| filled.fill(&hook).value);
    start(context, options, &found.all, &found.changed, hook.as_deref(), &inside)
}

/// What is in a shell, for whoever misses something.
struct Inside {
    name: String,
    origin: Origin,
    /// Packages, as messages call them, and where they are.
    packages: Vec<(String, PathBuf)>,
}

fn start(
    context: &Context,
    options: &EnterShell,
    all: &BTreeMap<OsString, OsString>,
    changed: &BTreeMap<String, String>,
    hook: Option<&str>,
    inside: &Inside,
) -> Outcome {
    if let Some(program) = options.command.first() {
        let missing = missing(program, all, inside);
        let outcome = match (hook, &missing) {
            (None, Some(_)) => Ok(ExitCode::from(NOT_FOUND)),
            (None, None) => return foreground::run(context, &options.command, all),
            // What it is that the hook has made, only a shell knows.
            (Some(hook), _) => {
                let script =
                    format!("{hook}\ncommand -v \"$1\" >/dev/null || exit 127\nexec \"$@\"");
                let shell = ["/bin/sh", "-c", &script, "sh"].map(OsString::from);
                let argv = shell.into_iter().chain(options.command.iter().cloned());
                foreground::run(context, &argv.collect::<Vec<_>>(), all)
            }
        }?;
        if let Some(missing) = missing.filter(|_| outcome == ExitCode::from(NOT_FOUND)) {
            draw::diagnostics(&context.global, &[missing]);
        }
        return Ok(outcome);
    }
    let own = || environment::all().find(|(name, _)| name == "SHELL").map(|(_, value)| value);
    let shell = options.with.clone().map(OsString::from);
    let shell = shell.or_else(own).unwrap_or_else(|| "/bin/sh".into());
    let terminal = std::io::stdin().is_terminal();
    let entered = user_shell::Entered { name: &inside.name, changed, hook };
    let started = entered.start(&shell, terminal, all).map_err(|error| {
        Failure::failed(
            Diagnostic::error("shell", "the shell's start-up files cannot be written")
                .detail(error.to_string()),
        )
    })?;
    foreground::run(context, &started.argv, &started.variables)
}

/// That a program is in no folder of `PATH`, with what there is in the packages of the shell.
fn missing(
    program: &OsStr,
    variables: &BTreeMap<OsString, OsString>,
    inside: &Inside,
) -> Option<Diagnostic> {
    let path = variables.get(OsStr::new("PATH"));
    let mut folders = path.map(std::env::split_paths).into_iter().flatten();
    let shown = program.to_string_lossy();
    if shown.contains('/') || folders.any(|folder| folder.join(program).is_file()) {
        return None;
    }
    let mut lines = Vec::new();
    let mut all = Vec::new();
    for (package, prefix) in &inside.packages {
        // What the system has is no package's alone.
        let names = if is_of_system(prefix) { Vec::new() } else { programs_in(prefix) };
        if !names.is_empty() {
            lines.push(format!("`{package}` has {}.", names.join(", ")));
            all.extend(names);
        }
    }
    if lines.is_empty() {
        lines.push("Its packages have no programs.".to_owned());
    }
    let summary = format!("there is no program `{shown}` in the shell `{}`", inside.name);
    let told = Diagnostic::error("no-program", summary)
        .label(inside.origin.clone(), "this shell")
        .detail(lines.join("\n"));
    Some(match closest(&shown, all.iter().map(String::as_str)) {
        Some(near) => told.help(format!("did you mean `{near}`?")),
        None => told.help("add the package that has it to its `packages`".to_owned()),
    })
}

/// The shell that is meant; or, by its name, the package whose build it is for.
fn target(packages: &Packages<'_>, name: Option<&str>) -> Result<Target, Failure> {
    let wanted = name.unwrap_or(DEFAULT);
    let shells = packages.listed(ROOT);
    let known = shells.iter().any(|one| one == wanted || one.replace('/', ".") == wanted);
    if !known && packages.listed("packages").iter().any(|one| one == wanted) {
        return Ok(packages.packages(&[wanted.to_owned()])?.remove(0));
    }
    if !known && name.is_none() && shells.len() == 1 {
        return packages.output("shell", ROOT, &shells[0]);
    }
    packages.output("shell", ROOT, wanted)
}

/// Adds what a shell says, and what the shells say whose inputs it takes.
fn read(
    packages: &Packages<'_>,
    value: &Argument,
    name: &str,
    said: &mut Said,
    trail: &mut Vec<String>,
) -> Result<(), Diagnostic> {
    if Package::of(value)?.is_some() {
        said.inputs_from.push(value.clone());
        return Ok(());
    }
    let found = fields_of(value).filter(|(leaf, ..)| leaf.role.as_deref() == Some(ROLE));
    let Some((_, fields, origin)) = found else {
        return Err(super::build::wrong_kind("a shell", name, "something else"));
    };
    let reader = Fields(&fields);
    said.packages.extend(reader.needs("packages"));
    if let Argument::Value(handle) = value {
        let mentions = handle.mentions().into_iter();
        said.packages.extend(mentions.map(|mention| Need::Package(Argument::Value(mention))));
    }
    let outer = trail.is_empty();
    trail.push(name.to_owned());
    if outer {
        said.env = reader.table("env");
        said.hook = reader.text("hook");
        said.origin = Some(origin.clone());
    }
    let Some(Datum::List(items)) = reader.get("inputs-from") else { return Ok(()) };
    for item in items {
        let value = match item {
            Datum::Leaf(leaf) => Argument::Value(leaf.clone()),
            Datum::String(request) => {
                let shells = packages.listed(ROOT);
                if shells.contains(request) {
                    if trail.contains(request) {
                        return Err(circle(trail, request, origin));
                    }
                    let target = packages.output("shell", ROOT, request).map_err(first)?;
                    read(packages, &target.value, &target.name, said, trail)?;
                    continue;
                }
                packages.requested(request, &format!("the shell `{name}`"), &origin)?
            }
            _ => continue,
        };
        read(packages, &value, name, said, trail)?;
    }
    trail.pop();
    Ok(())
}

fn first(failure: Failure) -> Diagnostic {
    let mut told = failure.diagnostics.into_iter();
    told.next().unwrap_or_else(|| Diagnostic::error("wrong-output", "there is no such shell"))
}

fn circle(trail: &[String], again: &str, origin: Origin) -> Diagnostic {
    let names: Vec<&str> = trail.iter().map(String::as_str).chain([again]).collect();
    Diagnostic::error("shell-circle", "shells take inputs from each other in a circle")
        .label(origin, "this shell")
        .detail(format!("cycle: {}", names.join(" -> ")))
}
