//! The process variables of shells and apps.

use std::collections::BTreeMap;
use std::ffi::OsString;

use purlin_commands::ProcessVariables;
use purlin_packages::{PackageGraph, Profile, Roots};

/// What programs get that use packages.
pub(crate) struct Variables {
    /// All of them.
    pub(crate) all: BTreeMap<OsString, OsString>,
    /// Those of them that are not of the base.
    pub(crate) changed: BTreeMap<String, String>,
}

/// The base of every verb, what these packages put into it, and `own` on top.
pub(crate) fn variables(
    graph: &PackageGraph,
    packages: &[usize],
    (own, roots): (&[(String, String)], &Roots),
    user: &ProcessVariables,
) -> Variables {
    let base = user.base().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut all: BTreeMap<OsString, OsString> = base.collect();
    let before = |name: &str| {
        let known = all.get(OsString::from(name).as_os_str());
        known.map(|text| text.to_string_lossy().into_owned())
    };
    let mut changed = Profile::of(graph, packages).texts(&before);
    changed.extend(own.iter().map(|(name, value)| (name.clone(), roots.fill(value).value)));
    all.extend(changed.iter().map(|(name, value)| (name.into(), value.into())));
    Variables { all, changed }
}
