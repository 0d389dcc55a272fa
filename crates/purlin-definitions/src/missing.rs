//! Why something is not there.

use std::sync::atomic::Ordering;

use purlin_model::{Diagnostic, Origin, Source, suggestion};
use purlin_plugin::language::Parameter;

use crate::board::Key;
use crate::engine::Engine;
use crate::merge::Node;
use crate::scope::{RESERVED, needs_system};
use crate::{Name, parse_path, path_text};

/// The code of a parameter that nothing fills.
pub(crate) const MISSING_ARGUMENT: &str = "missing-argument";

/// For what a definition lacks something.
pub(crate) fn evaluated_for(systems: &[&str]) -> String {
    let systems: Vec<String> = systems.iter().map(|system| (*system).to_owned()).collect();
    format!("The definition is evaluated for {}.", listed(&systems))
}

/// How many missing names are told with what is near them.
const SUGGESTED: usize = 100;

impl Engine {
    /// A parameter that nothing supplies.
    pub(crate) fn missing(&self, key: &Key, parameter: &Parameter) -> Diagnostic {
        let definition = &key.definition;
        let name = &parameter.name;
        let shown = path_text(&definition.path);
        // All names are compared for one suggestion: where most are missing, a few have to do.
        let is_early = self.suggested.fetch_add(1, Ordering::Relaxed) < SUGGESTED;
        let (scopes, candidates) = self.searched(key, is_early);
        let mut detail = format!("It was looked for in {}.", listed(&scopes));
        let point = self.point(key.point);
        match &point.system {
            Some(system) => detail.push_str(&format!(" {}", evaluated_for(&[&**system]))),
            None => detail.push_str(
                " The definition is evaluated without a system: there is no `system` and no `pkgs`, and packages are not looked at.",
            ),
        }
        for failed in self.failed_extensions(key.world, &self.scopes(key)) {
            detail.push_str(&format!(" {failed}"));
        }
        if definition.path.last().is_some_and(|own| crate::read::folds_alike(own, name)) {
            detail.push_str(" A definition that asks for its own name gets what it stands above, and nothing is there.");
        }
        let others = candidates.iter().map(String::as_str).filter(|one| one != name);
        let near = suggestion(name, "names", others);
        let there = Key { world: 0, ..key.clone() };
        let help = match near {
            _ if key.world != 0 && self.supply(&there, name, &parameter.origin, None).is_some() => {
                let whose = self.projects[key.home()].place.described();
                format!("{whose} gets it from who uses it if that says `adopt = true` of it")
            }
            Some(near) if near.ends_with('?') => format!("{near} A default would make it optional"),
            Some(near) => format!("{near}; a default would make it optional"),
            None => "define it, or give the parameter a default".to_owned(),
        };
        Diagnostic::error(
            MISSING_ARGUMENT,
            format!("`{shown}` asks for `{name}`, which nothing defines"),
        )
        .label(parameter.origin.clone(), "this parameter")
        .detail(detail)
        .help(help)
    }

    /// What may be missing because somebody could not add it, by section.
    fn failed_extensions(&self, world: usize, sections: &[Name]) -> Vec<String> {
        let mut told = Vec::new();
        let uses = &self.projects[world].place.uses;
        for project in std::iter::once(world).chain(uses.iter().copied()) {
            for (position, one) in self.projects[project].document.uses.iter().enumerate() {
                if self.projects[project].sound[position]
                    && sections.iter().any(|section| one.extends.contains(section))
                    && self.extension(project, position, None).is_err()
                {
                    told.push(format!(
                        "What the `[[use]]` at {} adds is missing, too.",
                        one.origin
                    ));
                }
            }
        }
        told
    }

    /// The places where a definition's names are looked for, and what is there if that is wanted.
    fn searched(&self, key: &Key, wants_names: bool) -> (Vec<String>, Vec<String>) {
        let path = &key.definition.path;
        let point = self.point(key.point);
        let mut scopes = Vec::new();
        let mut names: Vec<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
        if key.definition.inject.is_some() {
            scopes.push("the injected arguments".to_owned());
        }
        let folder = &path[path.len().min(1)..path.len().max(2) - 1];
        for depth in (0..=folder.len()).rev() {
            for section in self.scopes(key) {
                let Ok(joined) = self.joined(key.world, &section, None) else { continue };
                let Some(node) = joined.tree.at(&folder[..depth]) else { continue };
                let place: Vec<Name> =
                    [section.clone()].into_iter().chain(folder[..depth].iter().cloned()).collect();
                scopes.push(format!("`{}`", path_text(&place)));
                let there = node.below().filter(|(_, node)| node.has(point.system.as_deref()));
                if wants_names {
                    names.extend(there.map(|(name, _)| name.to_string()));
                }
            }
            if wants_names && let Some(base) = self.base_folder(&folder[..depth]) {
                names.extend(base.names());
            }
        }
        scopes.push("the base".to_owned());
        names.extend(self.catalogue.leaves.iter().map(|leaf| leaf.constructor.clone()));
        names.extend(self.shipped_names().map(str::to_owned));
        (scopes, names)
    }

    /// Why a name or path is not there.
    pub(crate) fn why_missing(&self, text: &str) -> Diagnostic {
        let nowhere = Origin::whole(&Source::unread("<command line>"));
        let path = match parse_path(text) {
            Ok(path) if !path.is_empty() => path,
            Ok(_) => return crate::message::no_value(&[]),
            Err(diagnostic) => return diagnostic,
        };
        if self.place(&path).is_ok() {
            return Diagnostic::note("there", format!("`{text}` is an output"))
                .help(format!("`purlin explain {text}` says who wrote it"));
        }
        let mut lines = Vec::new();
        let mut near: Vec<String> = Vec::new();
        let is_section = self.catalogue.sections.iter().any(|section| *section == path[0]);
        let roots = self.output_roots(0);
        if let Err(diagnostic) = self.place(&path)
            && (path.len() > 1 || roots.iter().any(|root| **root == *path[0]))
        {
            lines.push(format!("Among the outputs: {}.", diagnostic.summary));
            if !diagnostic.help.is_empty() {
                lines.push(diagnostic.help);
            }
        }
        // Outputs have a system behind their root, and flat ones join names with `/`.
        let is_root = roots.iter().any(|root| **root == *path[0]);
        let below = if is_section || is_root { &path[1..] } else { &path[..] };
        let below = match below {
            [system, rest @ ..] if self.catalogue.is_system(system) && !rest.is_empty() => rest,
            below => below,
        };
        let names: Vec<String> = match below {
            [flat] if is_root => flat.split('/').map(str::to_owned).collect(),
            below => below.to_vec(),
        };
        let before = lines.len();
        for section in self.catalogue.sections.iter().map(|one| Name::from(one.as_str())) {
            if is_section && *section != *path[0] {
                continue;
            }
            let Ok(joined) = self.joined(0, &section, None) else { continue };
            self.find_name(&joined.tree.root, &section, &names, &mut lines);
            collect(&joined.tree.root, &mut near, 0);
        }
        if let [name] = path.as_slice() {
            lines.extend(self.filled_by_purlin(name));
        }
        let is_found = lines.len() > before;
        let sections: Vec<Name> =
            self.catalogue.sections.iter().map(|one| Name::from(one.as_str())).collect();
        lines.extend(self.failed_extensions(0, &sections));
        for project in self.projects.iter().skip(1) {
            let hidden = self.projects.iter().flat_map(|one| &one.children);
            let is_hidden =
                hidden.clone().any(|child| child.index == project.place.index && !child.export);
            if is_hidden {
                lines.push(format!(
                    "{} is not exported: what it defines can be asked for by name only.",
                    capital(&project.place.described())
                ));
            }
        }
        let last = path.last().map_or(text, String::as_str);
        let help = suggestion(last, "names", near.iter().map(String::as_str)).filter(|_| !is_found);
        lines.retain(|line| Some(line) != help.as_ref());
        if lines.is_empty() {
            lines.push("No section has a definition of that name.".to_owned());
        }
        Diagnostic::note("missing", format!("`{text}` is not there"))
            .label(nowhere, "asked for here")
            .detail(lines.join("\n"))
            .help(help)
    }

    /// What a parameter of a name gets that nobody in the workspace defines.
    fn filled_by_purlin(&self, name: &str) -> Option<String> {
        let (what, needs_system) = if RESERVED.contains(&name) {
            ("is a reserved name".to_owned(), needs_system(name))
        } else if let Some(leaf) = self.catalogue.constructor(name) {
            (format!("makes a {}", leaf.head.name), false)
        } else if self.shipped_names().any(|shipped| shipped == name) {
            ("comes with a plugin".to_owned(), false)
        } else if self.base_folder(&[])?.names().iter().any(|one| one == name) {
            ("is in a repository".to_owned(), true)
        } else {
            return None;
        };
        let when = if needs_system { ", where something is made for a system" } else { "" };
        Some(format!("`{name}` {what}: a parameter of that name gets it{when}."))
    }

    /// Notes where a name is after all: for other systems, or in a folder.
    fn find_name(&self, node: &Node, section: &Name, path: &[String], lines: &mut Vec<String>) {
        let mut found = Vec::new();
        find(node, path, &mut vec![section.clone()], &mut found);
        for (place, node) in found.into_iter().take(5) {
            let systems: Vec<&str> = self
                .systems
                .iter()
                .filter(|system| node.has(Some(system.as_ref())))
                .map(AsRef::as_ref)
                .collect();
            let shown = path_text(&place);
            let mut for_whom = Vec::new();
            node.each(&mut |one| for_whom.extend(one.system.iter().map(ToString::to_string)));
            for_whom.sort_unstable();
            for_whom.dedup();
            lines.push(match systems.as_slice() {
                [] => format!("`{shown}` is defined for {} only.", for_whom.join(", ")),
                systems => format!("`{shown}` is defined, for {}.", systems.join(", ")),
            });
        }
    }
}

/// The nodes whose paths end with some names.
fn find<'a>(
    node: &'a Node,
    names: &[String],
    path: &mut Vec<Name>,
    found: &mut Vec<(Vec<Name>, &'a Node)>,
) {
    for (name, below) in node.below() {
        path.push(name.clone());
        let ends = path.len() > names.len()
            && path[path.len() - names.len()..]
                .iter()
                .zip(names)
                .all(|(one, name)| **one == **name);
        if ends {
            found.push((path.clone(), below));
        }
        find(below, names, path, found);
        path.pop();
    }
}

fn collect(node: &Node, names: &mut Vec<String>, depth: usize) {
    for (name, below) in node.below() {
        names.push(name.to_string());
        if depth < 8 {
            collect(below, names, depth + 1);
        }
    }
}

fn listed(all: &[String]) -> String {
    match all {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.into_iter().collect::<String>() + characters.as_str()
}
