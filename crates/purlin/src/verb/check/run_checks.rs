//! `purlin check --run`: the workspace's own checks, each built as a package is.

use std::process::ExitCode;
use std::sync::Arc;

use purlin_model::{Diagnostic, Digest};
use purlin_packages::{Fields, Maker, Package, fields_of, json, source};
use purlin_plugin::language::Argument;

use crate::context::Context;
use crate::draw;
use crate::failure::{CANCELLED, FAILED, Outcome};
use crate::packages::{How, Packages, Target};

/// The role of leaves that are checks.
const ROLE: &str = "check";
/// The output root of checks.
const ROOT: &str = "checks";

/// Runs checks; those that succeeded with the same inputs are not run again.
pub(super) fn perform(context: &Context, names: &[String]) -> Outcome {
    let packages = Packages::open(context, None)?;
    let names = if names.is_empty() { packages.listed(ROOT) } else { names.to_vec() };
    let mut maker = Maker::new(&packages.system, &packages.store, &packages);
    let mut roots = Vec::new();
    for name in &names {
        let target = packages.output("check", ROOT, name)?;
        match Package::of(&target.value)? {
            Some(package) => roots.extend(maker.add_package(&Arc::new(package))?),
            None => roots.extend(maker.add_package(&Arc::new(check(&target)?))?),
        }
    }
    if roots.is_empty() {
        draw::out(format_args!("the workspace has no checks for {}\n", packages.system));
        return Ok(ExitCode::SUCCESS);
    }
    let graph = maker.finish()?;
    let made = packages.make(&graph, &roots, How::default())?;
    packages.remember("check", &graph, &roots);
    if made.summary.cancelled {
        return Ok(ExitCode::from(CANCELLED));
    }
    Ok(if made.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// A check as a package that is nothing but its success.
fn check(target: &Target) -> Result<Package, Diagnostic> {
    let found = fields_of(&target.value).filter(|(leaf, ..)| leaf.role.as_deref() == Some(ROLE));
    let Some((_, fields, origin)) = found else {
        return Err(crate::verb::build::wrong_kind("a check", &target.name, "something else"));
    };
    let reader = Fields(&fields);
    let run = reader.text("run").unwrap_or_default();
    let mentions = match &target.value {
        Argument::Value(handle) => handle.mentions(),
        _ => Vec::new(),
    };
    let said: Vec<_> = fields.iter().map(|(name, one)| (name, json(one))).collect();
    let identity = format!("check {} {said:?}", target.name);
    let exports: String = reader
        .table("env")
        .iter()
        .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', "'\\''")))
        .collect();
    let mut package = Package::bare(
        format!("check-{}", target.name.replace('/', "-")),
        Digest::of(identity.as_bytes()).to_hex(),
        origin,
    );
    package.build_requires = reader.needs("packages");
    package.source = reader.get("source").and_then(source);
    package.build = Some(format!("{exports}{run}\n"));
    package.install = Some("mkdir -p \"$out\" && echo passed > \"$out/result\"".to_owned());
    package.mentions = mentions;
    Ok(package)
}
