//! What stands in the way of a graph.

use std::sync::Arc;

use purlin_environments::Request;
use purlin_model::Diagnostic;

use crate::package::Package;

/// Packages that need each other, in the order in which they do.
pub(super) fn cycle(packages: &[&Arc<Package>]) -> Diagnostic {
    let mut names: Vec<String> = packages.iter().map(|package| package.shown()).collect();
    names.extend(names.first().cloned());
    let mut told = Diagnostic::error("package-cycle", "packages need each other in a circle")
        .detail(format!("cycle: {}", names.join(" -> ")));
    for package in packages {
        told = told.label(package.origin.clone(), "this one");
    }
    told
}

pub(super) fn wrong_system(package: &Package, system: &str) -> Diagnostic {
    Diagnostic::error("package-system", format!("`{}` is not for {system}", package.shown()))
        .label(package.origin.clone(), format!("it is for {}", package.systems.join(", ")))
}

/// A package that may not be there, and is.
pub(super) fn excluded(by: &Package, condition: &Request, package: &Package) -> Diagnostic {
    Diagnostic::error(
        "package-conflict",
        format!("`{}` does not go with {}", by.shown(), package.shown()),
    )
    .label(by.origin.clone(), format!("it says `{condition}`"))
    .label(package.origin.clone(), "and needs this one")
}

/// Two that agree on nothing.
pub(super) fn disagreed(by: &Package, requests: &[(&Request, &Package); 2]) -> Diagnostic {
    let [(one, _), (two, _)] = requests;
    let mut told = Diagnostic::error(
        "package-conflict",
        format!("`{}` needs what does not agree: `{one}` and `{two}`", by.shown()),
    );
    for (request, package) in requests {
        let text = format!("{} says `{request}`", package.shown());
        told = told.label(package.origin.clone(), text);
    }
    told
}

pub(super) fn two_of_one(by: &Package, packages: &[&Arc<Package>]) -> Diagnostic {
    let mut told = Diagnostic::error(
        "two-of-one",
        format!("`{}` needs two different packages `{}`", by.shown(), packages[0].name),
    )
    .label(by.origin.clone(), "this one needs both")
    .help("let both be the same one, or give one another name".to_owned());
    for (place, package) in packages.iter().enumerate() {
        if !packages[..place].iter().any(|one| one.is_same(package)) {
            told = told.label(package.origin.clone(), package.shown());
        }
    }
    told
}

/// Requests for one package of which no version meets all, each with who asks first.
pub(super) fn no_common(by: &Package, name: &str, asked: &[(String, &Package)]) -> Diagnostic {
    let list: Vec<String> = asked
        .iter()
        .map(|(request, by)| format!("`{request}` is asked for by the package `{}`", by.shown()))
        .collect();
    let mut told = Diagnostic::error(
        "two-of-one",
        format!("`{}` cannot have `{name}` as everybody asks", by.shown()),
    )
    .detail(format!("{}.", list.join(", ")))
    .help("no version is in all of these ranges: let one of them ask for less".to_owned());
    for (request, by) in asked {
        told = told.label(by.origin.clone(), format!("`{request}`"));
    }
    told
}

/// None of the variants goes with what else is needed; `clashes` has a line for each.
pub(super) fn no_variant(package: &Package, clashes: &[String]) -> Diagnostic {
    Diagnostic::error(
        "no-variant",
        format!("no variant of `{}` goes with what else is needed", package.shown()),
    )
    .label(package.origin.clone(), "this package")
    .detail(clashes.join("\n"))
}
