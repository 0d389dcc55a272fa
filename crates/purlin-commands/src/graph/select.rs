//! Which instances are asked for.

use std::collections::{BTreeSet, HashSet};

use purlin_model::{Diagnostic, Severity, fold, suggestion};

use super::Selection;
use super::catalogue::{Catalogue, From, Node, Wanted};
use super::unnamed::{placeholders, runs};
use crate::definition::{Definitions, Named, from_command_line, process_variable, unknown_space};
use crate::dependency::Expander;

/// The instances that a selection means, in the order of the definitions.
///
/// # Errors
/// Everything that it names and that is not there, and a selection that leaves nothing.
pub(super) fn select(
    definitions: &Definitions,
    selection: &Selection,
    catalogue: &mut Catalogue<'_>,
    expander: &mut Expander<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let mut diagnostics = unknown(definitions, selection);
    let from = From { slot: None, here: selection.here.as_deref() };
    let mut seen = HashSet::new();
    let mut nodes = Vec::new();
    let mut find = |named: &Named, args: &[(String, String)], diagnostics: &mut Vec<Diagnostic>| {
        let wanted = Wanted { named, space: None, module: None, args };
        match catalogue.resolve(expander, &wanted, from) {
            Ok(found) if found.is_empty() => match catalogue.no_modules(named) {
                Some(wrong) if selection.names.is_empty() => warnings.push(wrong),
                wrong => diagnostics
                    .extend(wrong.map(|wrong| Diagnostic { severity: Severity::Error, ..wrong })),
            },
            Ok(found) => nodes.extend(found.into_iter().filter(|node| seen.insert(node.clone()))),
            Err(mut errors) => diagnostics.append(&mut errors),
        }
    };
    if selection.names.is_empty() {
        let all = definitions.commands.values();
        for command in all.filter(|one| selection.everything || runs(one)) {
            let args = if selection.everything { placeholders(command) } else { Vec::new() };
            find(&from_command_line(&command.name), &args, &mut diagnostics);
        }
    }
    for named in &selection.names {
        find(named, &[], &mut diagnostics);
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    for filter in filters(selection) {
        let before = !nodes.is_empty();
        nodes.retain(|node| filter.takes(catalogue, node));
        if nodes.is_empty() && before {
            return Err(vec![filter.left_nothing()]);
        }
    }
    Ok(nodes)
}

/// One kind of selector.
struct Filter<'s> {
    kind: Kind,
    wanted: BTreeSet<String>,
    shown: &'s [Named],
}

#[derive(Clone, Copy)]
enum Kind {
    Module,
    Space,
    Tag,
    /// The space that the user stands in.
    Here,
}

fn filters(selection: &Selection) -> Vec<Filter<'_>> {
    let mut filters = Vec::new();
    let kinds = [
        (Kind::Module, &selection.modules),
        (Kind::Space, &selection.spaces),
        (Kind::Tag, &selection.tags),
    ];
    for (kind, shown) in kinds {
        if !shown.is_empty() {
            let wanted = shown.iter().map(|named| fold(&named.name)).collect();
            filters.push(Filter { kind, wanted, shown });
        }
    }
    if let Some(here) = &selection.here
        && selection.names.is_empty()
        && selection.spaces.is_empty()
    {
        filters.push(Filter { kind: Kind::Here, wanted: [here.clone()].into(), shown: &[] });
    }
    filters
}

impl Filter<'_> {
    fn takes(&self, catalogue: &Catalogue<'_>, node: &Node) -> bool {
        let slot = catalogue.slot(node);
        match self.kind {
            Kind::Module => {
                slot.module.as_ref().is_some_and(|module| self.wanted.contains(&module.folded))
            }
            Kind::Space | Kind::Here => {
                slot.space.as_ref().is_some_and(|space| self.wanted.contains(space))
            }
            Kind::Tag => {
                let tags = &catalogue.entry(node.command).command.tags;
                tags.iter().any(|tag| self.wanted.contains(&fold(&tag.name)))
            }
        }
    }

    fn left_nothing(&self) -> Diagnostic {
        let flag = match self.kind {
            Kind::Module => "-m",
            Kind::Space => "-s",
            Kind::Tag => "-t",
            Kind::Here => {
                let space = self.wanted.first().map_or("", String::as_str);
                return Diagnostic::error(
                    "empty-selection",
                    format!("no command runs in the space `{space}`"),
                )
                .detail("Standing in the root of a space selects it.")
                .help("name commands, or stand elsewhere: `purlin -C DIR run`".to_owned());
            }
        };
        let words = |named: &Named| match process_variable(&named.origin) {
            Some(variable) => format!("`{}` in {variable}", named.name),
            None => format!("`{flag} {}`", named.name),
        };
        let said: Vec<String> = self.shown.iter().map(words).collect();
        let said = said.join(" and ");
        let variable = self.shown.iter().find_map(|named| process_variable(&named.origin));
        Diagnostic::error("empty-selection", format!("{said} leaves nothing to run"))
            .detail("Of the commands that the rest of the command line selects, none is of it.")
            .help(match variable {
                Some(variable) => format!(
                    "remove the process variable {variable}, or give `{flag}`, which counts more"
                ),
                None => "`purlin run --ls` lists what there is".to_owned(),
            })
    }
}

/// Selectors that name nothing.
fn unknown(definitions: &Definitions, selection: &Selection) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for named in &selection.spaces {
        if !definitions.spaces.contains_key(&fold(&named.name)) {
            let names = definitions.spaces.keys().map(String::as_str);
            diagnostics.push(unknown_space(names, named));
        }
    }
    let mut check = |wanted: &[Named], what: &str, known: &mut dyn Iterator<Item = &str>| {
        if wanted.is_empty() {
            return;
        }
        let known: BTreeSet<&str> = known.collect();
        let folded: BTreeSet<String> = known.iter().map(|name| fold(name)).collect();
        for named in wanted.iter().filter(|named| !folded.contains(&fold(&named.name))) {
            let help = suggestion(&named.name, &format!("{what}s"), known.iter().copied());
            diagnostics.push(
                Diagnostic::error(
                    &format!("unknown-{what}"),
                    format!("there is no {what} `{}`", named.name),
                )
                .label(named.origin.clone(), "named here")
                .help(help.unwrap_or_else(|| format!("this workspace has no {what}s"))),
            );
        }
    };
    let modules = definitions.spaces.values().flat_map(|space| &space.modules);
    check(&selection.modules, "module", &mut modules.map(|module| module.name.as_str()));
    let tags = definitions.commands.values().flat_map(|command| &command.tags);
    check(&selection.tags, "tag", &mut tags.map(|tag| tag.name.as_str()));
    diagnostics
}
