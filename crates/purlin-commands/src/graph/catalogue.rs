//! Which instances there are of each command, and which of them a name means.

mod arguments;
mod resolve;
mod slots;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_model::{Diagnostic, fold, suggestion};

use super::Request;
use crate::definition::{Command, Named, shipped};
use crate::dependency::Expander;

pub(super) use arguments::{Arguments, told};
pub(super) use resolve::{From, Wanted};
pub(super) use slots::Slot;
use slots::{Owners, Slots};

/// One instance: its command, where it runs, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    /// Position of the command in the catalogue.
    pub(super) command: usize,
    /// Position of its place among those of the command.
    pub(super) slot: usize,
    /// The values of its arguments.
    pub(super) args: Arguments,
}

/// All commands that are looked at, those of plugins once somebody names one.
pub(super) struct Catalogue<'a> {
    request: &'a Request<'a>,
    entries: Vec<Entry>,
    positions: HashMap<String, usize>,
    plugins: HashMap<String, Result<(), ()>>,
    owners: OnceCell<Owners>,
}

/// A command and its places.
pub(super) struct Entry {
    pub(super) command: Arc<Command>,
    pub(super) slots: Slots,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        let (entries, positions, plugins) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { request, entries, positions, plugins, owners: OnceCell::new() }
    }

    pub(super) fn entry(&self, position: usize) -> &Entry {
        &self.entries[position]
    }

    pub(super) fn slot(&self, node: &Node) -> &Slot {
        &self.entries[node.command].slots.all[node.slot]
    }

    /// What users know an instance by.
    pub(super) fn id(&self, node: &Node) -> String {
        let slot = self.slot(node);
        let command = &self.entries[node.command].command;
        // The name of a module's own command has the module already.
        let module = slot.module.as_ref().filter(|_| command.module.is_none());
        let module = module.map(|module| module.name.as_str());
        crate::reference::id(&command.name, slot.space.as_deref(), module, node.args.given())
    }

    /// The position of a command, with its instances. `None` where it has mistakes, which are told
    /// elsewhere.
    ///
    /// # Errors
    /// There is no such command.
    pub(super) fn find(
        &mut self,
        expander: &mut Expander<'_>,
        named: &Named,
    ) -> Result<Option<usize>, Vec<Diagnostic>> {
        let key = fold(&named.name);
        if let Some(known) = self.positions.get(&key) {
            return Ok(Some(*known));
        }
        let definitions = self.request.definitions;
        if definitions.broken.commands.contains(&key) {
            return Ok(None);
        }
        if let Some(command) = definitions.commands.get(&key) {
            return Ok(Some(self.add(expander, key, command.clone())));
        }
        match key.split_once('.').filter(|_| !key.contains('/')) {
            Some((plugin, _)) => {
                if self.ship(expander, plugin, named)?.is_err() {
                    return Ok(None);
                }
                match self.positions.get(&key) {
                    Some(known) => Ok(Some(*known)),
                    None => Err(vec![self.unknown_shipped(plugin, named)]),
                }
            }
            None => Err(vec![self.unknown(named)]),
        }
    }

    fn add(&mut self, expander: &mut Expander<'_>, key: String, command: Arc<Command>) -> usize {
        let definitions = self.request.definitions;
        let owners = self.owners.get_or_init(|| Owners::new(definitions));
        let slots = Slots::of(definitions, &command, owners, expander);
        let position = self.entries.len();
        self.entries.push(Entry { command, slots });
        self.positions.insert(key, position);
        position
    }

    /// Adds the commands that a plugin ships. The inner error says that they have mistakes, which
    /// were told the first time.
    fn ship(
        &mut self,
        expander: &mut Expander<'_>,
        plugin: &str,
        named: &Named,
    ) -> Result<Result<(), ()>, Vec<Diagnostic>> {
        if let Some(known) = self.plugins.get(plugin) {
            return Ok(*known);
        }
        let commands = self.shipped(plugin, named);
        self.plugins.insert(plugin.to_owned(), commands.as_ref().map(|_| ()).map_err(|_| ()));
        for (name, command) in commands? {
            self.add(expander, format!("{plugin}.{name}"), Arc::new(command));
        }
        Ok(Ok(()))
    }

    fn shipped(
        &self,
        plugin: &str,
        named: &Named,
    ) -> Result<IndexMap<String, Command>, Vec<Diagnostic>> {
        let plugins = self.request.plugins;
        let at = |diagnostic: Diagnostic| diagnostic.at(named.origin.clone(), "named here");
        let source = plugins.shipped_commands(plugin).map_err(|trouble| vec![at(trouble)])?;
        let Some(source) = source else { return Ok(IndexMap::new()) };
        let config = plugins.config(plugin)?.map(Arc::new);
        shipped(plugin, &source, config.as_ref())
    }

    /// What there is to say of a command that runs for modules and has none.
    pub(super) fn no_modules(&self, named: &Named) -> Option<Diagnostic> {
        let position = self.positions.get(&fold(named.name.split(['@', '#', '?']).next()?))?;
        let Entry { command, slots } = &self.entries[*position];
        let what = format!("`{}` runs for modules, and there are none", command.name);
        (slots.all.is_empty() && !slots.lost).then(|| {
            Diagnostic::warning("no-modules", what)
                .label(command.origin.clone(), "this command")
                .help("add `modules` to a space in `[spaces]`".to_owned())
        })
    }

    fn unknown(&self, named: &Named) -> Diagnostic {
        let definitions = self.request.definitions;
        let names = definitions.commands.values().map(|command| command.name.as_str());
        let names = names.chain(definitions.broken.commands.iter().map(String::as_str));
        let help = suggestion(&named.name, "commands", names).unwrap_or_else(|| {
            "this workspace has no commands: add `[commands]` to purlin.toml".to_owned()
        });
        unknown_command(named).help(help)
    }

    fn unknown_shipped(&self, plugin: &str, named: &Named) -> Diagnostic {
        let shipped = self.entries.iter().map(|entry| entry.command.name.as_str());
        let own = format!("{plugin}.");
        let help = suggestion(&named.name, "commands", shipped.filter(|one| one.starts_with(&own)));
        unknown_command(named)
            .help(help.unwrap_or_else(|| format!("the plugin `{plugin}` ships no commands")))
    }
}

fn unknown_command(named: &Named) -> Diagnostic {
    Diagnostic::error("unknown-command", format!("there is no command `{}`", named.name))
        .label(named.origin.clone(), "named here")
}
