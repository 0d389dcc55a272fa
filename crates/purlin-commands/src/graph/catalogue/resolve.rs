//! From a name to the instances that it means.

use purlin_model::{Diagnostic, closest, fold, suggestion};

use super::arguments::Arguments;
use super::{Catalogue, Entry, Node, Slot};
use crate::definition::Named;
use crate::dependency::Expander;
use crate::reference::Reference;

/// What is named, and what stands beside the name.
pub(in crate::graph) struct Wanted<'a> {
    /// The name as written, with its place.
    pub(in crate::graph) named: &'a Named,
    /// The space, where it is not said in the name.
    pub(in crate::graph) space: Option<&'a str>,
    /// The module, where it is not said in the name.
    pub(in crate::graph) module: Option<&'a str>,
    /// Arguments besides those in the name.
    pub(in crate::graph) args: &'a [(String, String)],
}

/// Who names it.
#[derive(Clone, Copy, Default)]
pub(in crate::graph) struct From<'a> {
    /// The place of the instance that depends on it.
    pub(in crate::graph) slot: Option<&'a Slot>,
    /// The space that the user stands in.
    pub(in crate::graph) here: Option<&'a str>,
}

impl Catalogue<'_> {
    /// The instances that are meant. None where the command has mistakes, or runs for modules and
    /// there are none.
    ///
    /// # Errors
    /// There is no such command or instance, or it is not clear which is meant.
    pub(in crate::graph) fn resolve(
        &mut self,
        expander: &mut Expander<'_>,
        wanted: &Wanted<'_>,
        from: From<'_>,
    ) -> Result<Vec<Node>, Vec<Diagnostic>> {
        let named = wanted.named;
        let mut reference = Reference::parse(named).map_err(|diagnostic| vec![diagnostic])?;
        for (said, beside, what) in [
            (&mut reference.space, wanted.space, "space"),
            (&mut reference.module, wanted.module, "module"),
        ] {
            if let (Some(_), Some(_)) = (&said, beside) {
                return Err(vec![
                    Diagnostic::error("twice", format!("`{}` says its {what} twice", named.name))
                        .label(named.origin.clone(), "in the name and beside it"),
                ]);
            }
            *said = said.take().or(beside.map(str::to_owned));
        }
        reference.args.extend(wanted.args.iter().cloned());
        let bare = Named { name: reference.command.clone(), origin: named.origin.clone() };
        let Some(position) = self.find(expander, &bare)? else { return Ok(Vec::new()) };
        let entry = self.entry(position);
        let args = Arguments::bind(&entry.command, &reference.args, named)?;
        if entry.slots.lost {
            // Of the workspace's own commands it is told when they are read.
            let shipped = entry.command.config.is_some();
            let unknown = self.request.definitions.unknown_space(&entry.command);
            return unknown.filter(|_| shipped).map_or(Ok(Vec::new()), |wrong| Err(vec![wrong]));
        }
        let slots = entry
            .chosen(&reference, from)
            .map_err(|wrong| vec![self.explain(position, &reference, named, wrong)])?;
        let node = |slot| Node { command: position, slot, args: args.clone() };
        Ok(slots.into_iter().map(node).collect())
    }

    fn explain(
        &self,
        position: usize,
        reference: &Reference,
        named: &Named,
        wrong: Wrong,
    ) -> Diagnostic {
        let entry = self.entry(position);
        let id = |slot: &usize| {
            self.id(&Node { command: position, slot: *slot, args: Arguments::default() })
        };
        match wrong {
            Wrong::Ambiguous(slots) => {
                let ids: Vec<String> = slots.iter().map(|slot| format!("`{}`", id(slot))).collect();
                Diagnostic::error(
                    "ambiguous-command",
                    format!("`{}` may mean {}", named.name, ids.join(" or ")),
                )
                .label(named.origin.clone(), "named here")
                .help("name the space, too".to_owned())
            }
            Wrong::Nothing => {
                let mut part = reference.command.clone();
                for (separator, said) in [('@', &reference.space), ('#', &reference.module)] {
                    if let Some(said) = said {
                        part.push(separator);
                        part.push_str(said);
                    }
                }
                Diagnostic::error("unknown-command", format!("there is no instance `{part}`"))
                    .label(named.origin.clone(), "named here")
                    .help(entry.near(reference).or_else(|| {
                        let ids: Vec<String> =
                            (0..entry.slots.all.len()).map(|slot| id(&slot)).collect();
                        suggestion(&part, "instances", ids.iter().map(String::as_str))
                    }))
            }
        }
    }
}

/// Why a name means no instance.
enum Wrong {
    /// None has the parts that are named.
    Nothing,
    /// Several have.
    Ambiguous(Vec<usize>),
}

impl Entry {
    fn chosen(&self, reference: &Reference, from: From<'_>) -> Result<Vec<usize>, Wrong> {
        let slots = &self.slots;
        let space = reference.space.as_deref().map(fold);
        let module = reference.module.as_deref().map(fold);
        let its_space = from.slot.and_then(|slot| slot.space.as_deref());
        let its_module = from.slot.and_then(|slot| slot.module.as_ref());
        let found = match (space, module) {
            (Some(space), Some(module)) => {
                slots.place(&space, &module).into_iter().collect::<Vec<_>>()
            }
            (None, Some(module)) => {
                let all = slots.module(&module).to_vec();
                return self.only(all, its_space.or(from.here));
            }
            (space, None) => {
                let same = space.as_deref().or(its_space).zip(its_module);
                let same = same.filter(|_| slots.parametrised);
                if let Some(same) = same.and_then(|(space, one)| slots.place(space, &one.folded)) {
                    return Ok(vec![same]);
                }
                match space {
                    Some(space) => slots.space(&space).to_vec(),
                    None if self.command.module.is_some() => {
                        let near = its_space.map(|space| slots.space(space)).unwrap_or_default();
                        let all = || (0..slots.all.len()).collect();
                        if near.is_empty() { all() } else { near.to_vec() }
                    }
                    None => return Ok((0..slots.all.len()).collect()),
                }
            }
        };
        if found.is_empty() { Err(Wrong::Nothing) } else { Ok(found) }
    }

    /// The instance that is named but for a slip in its module or space.
    fn near(&self, reference: &Reference) -> Option<String> {
        let slots = self.slots.all.iter();
        let command = &reference.command;
        let (near, separator) = match (&reference.module, &reference.space) {
            (Some(module), _) => {
                let names = slots.filter_map(|slot| slot.module.as_ref());
                (closest(module, names.map(|module| module.name.as_str())), '#')
            }
            (None, Some(space)) => {
                (closest(space, slots.filter_map(|slot| slot.space.as_deref())), '@')
            }
            (None, None) => return None,
        };
        near.map(|near| format!("did you mean `{command}{separator}{near}`?"))
    }

    /// The only one of these, or the one in the space that is near.
    fn only(&self, slots: Vec<usize>, near: Option<&str>) -> Result<Vec<usize>, Wrong> {
        if slots.is_empty() {
            return Err(Wrong::Nothing);
        }
        if slots.len() == 1 {
            return Ok(slots);
        }
        let in_near =
            |slot: &&usize| near.is_some() && self.slots.all[**slot].space.as_deref() == near;
        match slots.iter().find(in_near) {
            Some(slot) => Ok(vec![*slot]),
            None => Err(Wrong::Ambiguous(slots)),
        }
    }
}
