//! `purlin app`

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use purlin_commands::ProcessVariables;
use purlin_model::{Diagnostic, Origin};
use purlin_packages::{Fields, Maker, Need, Package, PackageGraph, Roots, fields_of};
use purlin_plugin::language::{Argument, Datum, Handle};

use crate::arguments::App;
use crate::context::Context;
use crate::failure::{CANCELLED, FAILED, Outcome};
use crate::packages::{How, Packages, Target, variables};
use crate::{definitions, environment, foreground};

/// The role of leaves that are apps.
const ROLE: &str = "app";
/// The output root of apps.
const ROOT: &str = "apps";

/// What an app says.
struct Program {
    name: String,
    /// A path, or a name that is looked for on `PATH`.
    program: Option<String>,
    package: Option<Need>,
    tool: Option<String>,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    mentions: Vec<Handle>,
    origin: Origin,
}

/// Runs a program of a package, which is built first.
pub(crate) fn perform(context: &Context, options: &App) -> Outcome {
    let packages = Packages::open(context, None)?;
    let known = packages.listed(ROOT);
    let is_app =
        known.contains(&options.name) || !packages.listed("packages").contains(&options.name);
    let target = match is_app {
        true => packages.output("app", ROOT, &options.name)?,
        false => packages.packages(std::slice::from_ref(&options.name))?.remove(0),
    };
    let app = program(&target)?;
    let by = Arc::new(Package::bare(app.name.clone(), String::new(), app.origin.clone()));
    let mut maker = Maker::new(&packages.system, &packages.store, &packages);
    let mut needs: Vec<Need> = app.package.iter().cloned().collect();
    let own = needs.len();
    needs.extend(app.mentions.iter().map(|one| Need::Package(Argument::Value(one.clone()))));
    let (roots, filled) = maker.add_needs(&needs, &by)?;
    let graph = maker.finish()?;
    let how = How { silent: true, keeps_stdout: true, ..How::default() };
    let made = packages.make(&graph, &roots, how)?;
    packages.remember(&format!("app {}", options.name), &graph, &roots);
    if made.summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    if !made.is_whole() {
        return Ok(ExitCode::from(FAILED));
    }
    let used = graph.to_run(&roots);
    let user = ProcessVariables::new(environment::all());
    let found = variables(&graph, &used, (&app.env, &filled), &user);
    let program =
        path(context, &packages, &app, (&graph, &filled), roots.first().filter(|_| own > 0))?;
    let arguments = app.arguments.iter().map(|one| OsString::from(filled.fill(one).value));
    let argv: Vec<OsString> = std::iter::once(program.into_os_string())
        .chain(arguments)
        .chain(options.arguments.iter().cloned())
        .collect();
    // The program may run for hours: it keeps what it uses, and nothing else.
    let mut in_use = packages.using(&graph, &used);
    in_use.hand_on();
    drop(made);
    packages.leave(graph, vec![target]);
    foreground::run(context, &argv, &found.all)
}

/// What an app or a package says of the program that is meant.
fn program(target: &Target) -> Result<Program, Diagnostic> {
    let of_package = |value: &Argument, origin: Origin| Program {
        name: target.name.clone(),
        program: None,
        package: Some(Need::Package(value.clone())),
        tool: None,
        arguments: Vec::new(),
        env: Vec::new(),
        mentions: Vec::new(),
        origin,
    };
    if let Some(package) = Package::of(&target.value)? {
        return Ok(of_package(&target.value, package.origin));
    }
    let found = fields_of(&target.value).filter(|(leaf, ..)| leaf.role.as_deref() == Some(ROLE));
    let Some((_, fields, origin)) = found else {
        return Err(super::build::wrong_kind("an app", &target.name, "something else"));
    };
    let reader = Fields(&fields);
    let package = match reader.get("package") {
        Some(Datum::Leaf(leaf)) => Some(Need::Package(Argument::Value(leaf.clone()))),
        Some(Datum::String(request)) => Some(Need::Request(request.clone())),
        _ => None,
    };
    let mentions = match &target.value {
        Argument::Value(handle) => handle.mentions(),
        _ => Vec::new(),
    };
    Ok(Program {
        name: target.name.clone(),
        program: reader.text("program"),
        package,
        tool: reader.text("tool"),
        arguments: reader.list("args"),
        env: reader.table("env"),
        mentions,
        origin,
    })
}

/// Where the program is.
fn path(
    context: &Context,
    packages: &Packages<'_>,
    app: &Program,
    (graph, roots): (&PackageGraph, &Roots),
    package: Option<&usize>,
) -> Result<PathBuf, Diagnostic> {
    let node = package.map(|index| &graph.nodes[*index]);
    let prefix = node.and_then(|node| node.prefix.clone());
    if let Some(program) = &app.program {
        let program = roots.fill(program).value;
        if !program.contains('/') {
            return Ok(prefix
                .map(|prefix| prefix.join("bin").join(&program))
                .filter(|path| path.is_file())
                .unwrap_or_else(|| PathBuf::from(program)));
        }
        let file = context.directory.join(app.origin.path());
        let home = definitions::home(&file).map_or_else(|| packages.root.clone(), Path::to_owned);
        let below = prefix.map(|prefix| prefix.join(&program)).filter(|path| path.is_file());
        let path = below.unwrap_or_else(|| home.join(program));
        // A path that `get_exe` has made tells which package it is of.
        let of = graph.nodes.iter().filter_map(|node| Some((node, node.prefix.as_deref()?)));
        let mut of = of.filter(|(node, prefix)| node.action.is_some() && path.starts_with(prefix));
        return match of.next() {
            Some((node, prefix)) if !path.is_file() => {
                let told = path.strip_prefix(prefix.join("bin")).or(path.strip_prefix(prefix));
                let told = told.unwrap_or(&path).display().to_string();
                Err(no_program(&node.package, prefix, &told).label(app.origin.clone(), "this app"))
            }
            _ => Ok(path),
        };
    }
    let (Some(node), Some(prefix)) = (node, prefix) else {
        return Err(Diagnostic::error("no-program", format!("`{}` says no program", app.name))
            .label(app.origin.clone(), "this app")
            .help("give it a `program`, or a `package`".to_owned()));
    };
    let package = &node.package;
    let only = package.tools.first().filter(|_| package.tools.len() == 1);
    let tool = app.tool.clone().or_else(|| package.main.clone()).or_else(|| only.cloned());
    let tool = tool.unwrap_or_else(|| package.name.clone());
    let path = match tool.contains('/') {
        true => prefix.join(&tool),
        false => prefix.join("bin").join(&tool),
    };
    if path.is_file() { Ok(path) } else { Err(no_program(package, &prefix, &tool)) }
}

/// The names of the programs in a package.
pub(super) fn programs_in(prefix: &Path) -> Vec<String> {
    let there = std::fs::read_dir(prefix.join("bin")).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn no_program(package: &Package, prefix: &Path, tool: &str) -> Diagnostic {
    let names = programs_in(prefix);
    Diagnostic::error("no-program", format!("`{}` has no program `{tool}`", package.shown()))
        .label(package.origin.clone(), "this package")
        .detail(match names.len() {
            0 => "It has no programs in `bin`.".to_owned(),
            _ => format!("In its `bin` there are: {}.", names.join(", ")),
        })
        .help("say which is meant: `tool` of the app, or `main` of the package".to_owned())
}
