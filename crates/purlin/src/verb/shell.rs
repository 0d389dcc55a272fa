//! `purlin shell`

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use purlin_commands::ProcessVariables;
use purlin_model::{Diagnostic, Origin};
use purlin_packages::{Fields, Maker, Need, Package, Roots, fields_of};
use purlin_plugin::language::{Argument, Datum};

use crate::arguments::EnterShell;
use crate::context::Context;
use crate::failure::{CANCELLED, FAILED, Failure, Outcome};
use crate::packages::{How, Packages, Target, variables};
use crate::{environment, foreground, user_shell};

/// The role of leaves that are shells.
const ROLE: &str = "shell";
/// The output root of shells.
const ROOT: &str = "devShells";
/// The process variable that tells which shell this is.
const NAME: &str = "PURLIN_SHELL";
/// The shell that is meant where none is named.
const DEFAULT: &str = "default";

/// What a shell says.
#[derive(Default)]
struct Said {
    /// Packages whose programs and libraries are there.
    packages: Vec<(Need, Origin)>,
    /// Packages whose build it is for.
    inputs_from: Vec<(Argument, Origin)>,
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
    let (mut roots, mut filled) = (Vec::new(), Roots::default());
    for (need, origin) in &said.packages {
        let by = Package::bare(target.name.clone(), String::new(), origin.clone());
        let (added, own) = maker.add_needs(std::slice::from_ref(need), &by)?;
        roots.extend(added);
        filled.extend(own);
    }
    let mut built = Vec::new();
    for (value, _) in &said.inputs_from {
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
    found.changed.insert(NAME.to_owned(), target.name.clone());
    found.all.insert(NAME.into(), target.name.clone().into());
    drop(made);
    let hook = said.hook.map(|hook| filled.fill(&hook).value);
    start(context, options, &found.all, &found.changed, hook.as_deref(), &target.name)
}

fn start(
    context: &Context,
    options: &EnterShell,
    all: &BTreeMap<OsString, OsString>,
    changed: &BTreeMap<String, String>,
    hook: Option<&str>,
    name: &str,
) -> Outcome {
    if !options.command.is_empty() {
        let argv = match hook {
            None => options.command.clone(),
            Some(hook) => {
                let script = format!("{hook}\nexec \"$@\"");
                let shell = ["/bin/sh", "-c", &script, "sh"].map(OsString::from);
                shell.into_iter().chain(options.command.iter().cloned()).collect()
            }
        };
        return foreground::run(context, &argv, all);
    }
    let own = || environment::all().find(|(name, _)| name == "SHELL").map(|(_, value)| value);
    let shell = options.with.clone().map(OsString::from);
    let shell = shell.or_else(own).unwrap_or_else(|| "/bin/sh".into());
    let terminal = std::io::stdin().is_terminal();
    let entered = user_shell::Entered { name, changed, hook };
    let started = entered.start(&shell, terminal, all).map_err(|error| {
        Failure::failed(
            Diagnostic::error("shell", "the shell's start-up files cannot be written")
                .detail(error.to_string()),
        )
    })?;
    foreground::run(context, &started.argv, &started.variables)
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
    if let Some(package) = Package::of(value)? {
        said.inputs_from.push((value.clone(), package.origin));
        return Ok(());
    }
    let found = fields_of(value).filter(|(leaf, ..)| leaf.role.as_deref() == Some(ROLE));
    let Some((_, fields, origin)) = found else {
        return Err(super::build::wrong_kind("a shell", name, "something else"));
    };
    let reader = Fields(&fields);
    for need in reader.needs("packages") {
        said.packages.push((need, origin.clone()));
    }
    if let Argument::Value(handle) = value {
        for mention in handle.mentions() {
            said.packages.push((Need::Package(Argument::Value(mention)), origin.clone()));
        }
    }
    let outer = trail.is_empty();
    trail.push(name.to_owned());
    if outer {
        said.env = reader.table("env");
        said.hook = reader.text("hook");
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
