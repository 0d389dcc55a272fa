//! What spaces take over from each other: modules and environments.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use purlin_model::{Diagnostic, suggestion};

use super::{Module, Space};
use crate::definition::Named;

/// Puts in place what spaces take over from each other, and tells of names that are no spaces,
/// circles, and modules of one name.
pub(in crate::definition) fn inherit(
    spaces: &mut IndexMap<String, Space>,
    broken: &BTreeSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for space in spaces.values() {
        let fences = &space.fence.spaces;
        for named in fences.iter().chain(&space.bases).chain(&space.environment_base) {
            diagnostics.extend(unknown(spaces, broken, named));
        }
    }
    let bases = |space: &Space| space.bases.clone();
    for name in settled(spaces, "modules", &bases, diagnostics) {
        let mut taken: Vec<Module> = Vec::new();
        for base in &spaces[&name].bases {
            let base = spaces.get(&purlin_model::fold(&base.name));
            let modules = base.map(|base| base.modules.clone()).unwrap_or_default();
            taken.extend(modules.into_iter().map(|one| Module { inherited: true, ..one }));
        }
        if let Some(space) = spaces.get_mut(&name) {
            space.modules.extend(taken);
            unite(space, diagnostics);
        }
    }
    let base = |space: &Space| space.environment_base.clone().into_iter().collect();
    for name in settled(spaces, "environment", &base, diagnostics) {
        let Some(base) = &spaces[&name].environment_base else { continue };
        let base = spaces.get(&purlin_model::fold(&base.name));
        let environment = base.and_then(|base| base.environment.clone());
        if let Some(space) = spaces.get_mut(&name) {
            space.environment = environment;
        }
    }
}

fn unknown(
    spaces: &IndexMap<String, Space>,
    broken: &BTreeSet<String>,
    named: &Named,
) -> Option<Diagnostic> {
    let name = purlin_model::fold(&named.name);
    let there = spaces.contains_key(&name) || broken.contains(&name);
    (!there).then(|| unknown_space(spaces.keys().map(String::as_str), named))
}

/// There is no space of this name.
pub(crate) fn unknown_space<'a>(names: impl Iterator<Item = &'a str>, named: &Named) -> Diagnostic {
    let help = suggestion(&named.name, "spaces", names)
        .unwrap_or_else(|| "this workspace has no spaces: add `[spaces]` to purlin.toml".into());
    Diagnostic::error("unknown-space", format!("there is no space `{}`", named.name))
        .label(named.origin.clone(), "named here")
        .help(help)
}

/// The names of the spaces, each behind those that it takes something from; circles are told and
/// cut open.
fn settled(
    spaces: &IndexMap<String, Space>,
    what: &str,
    bases: &dyn Fn(&Space) -> Vec<Named>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    for start in spaces.values() {
        let mut path: Vec<(&Space, Vec<Named>)> = Vec::new();
        if done.insert(&start.name) {
            path.push((start, bases(start)));
        }
        while let Some((space, open)) = path.last_mut() {
            let Some(next) = open.pop() else {
                order.push(space.name.clone());
                path.pop();
                continue;
            };
            let Some(base) = spaces.get(&purlin_model::fold(&next.name)) else { continue };
            if let Some(first) = path.iter().position(|(one, _)| one.name == base.name) {
                let mut names: Vec<&str> =
                    path[first..].iter().map(|(one, _)| one.name.as_str()).collect();
                names.push(&base.name);
                diagnostics.push(
                    Diagnostic::error(
                        "space-cycle",
                        format!(
                            "spaces take their {what} from each other in a circle: {}",
                            names.join(" -> ")
                        ),
                    )
                    .label(next.origin.clone(), "the circle closes here")
                    .help("take one of these references out".to_owned()),
                );
            } else if done.insert(&base.name) {
                path.push((base, bases(base)));
            }
        }
    }
    order
}

/// Leaves one of modules that are the same, and tells of different ones with one name.
fn unite(space: &mut Space, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Module> = Vec::new();
    for module in std::mem::take(&mut space.modules) {
        match seen.get(&module.folded) {
            None => {
                seen.insert(module.folded.clone(), kept.len());
                kept.push(module);
            }
            // One way to a module is as good as another.
            Some(first) if module.inherited && kept[*first].path == module.path => {}
            Some(first) => diagnostics.push(
                Diagnostic::error(
                    "names-fold-alike",
                    format!("two modules of the space `{}` are both `{}`", space.name, module.name),
                )
                .label(module.origin, "this one")
                .label(kept[*first].origin.clone(), "and this one")
                .detail("A module without a name has that of its path; `-` and `_` are the same in names.")
                .help("give one of them another name: `{ name = \"…\", path = \"…\" }`".to_owned()),
            ),
        }
    }
    space.modules = kept;
}
