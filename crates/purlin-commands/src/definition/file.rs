//! Command files besides the workspace's: those of modules, and those that plugins ship.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_model::{
    Diagnostic, Kind, Origin, Source, Table, Value, closest, fold, parse_toml, to_kebab,
};

use super::parse::schema;
use super::sound::{Broken, sound};
use super::{Command, Definitions, Module, command};
use crate::needs;

/// What there is at the path of a module.
#[derive(Debug)]
pub enum ModuleFile {
    /// A folder with a `purlin.toml`.
    Commands(Arc<Source>),
    /// A folder without one.
    Folder,
    /// A file.
    File,
    /// Nothing.
    Missing,
}

impl Definitions {
    /// Adds the commands of modules. `read` is asked once for each path of a module, empty for the
    /// root.
    ///
    /// A `purlin.toml` with `[workspace]` is no module's: it belongs to a workspace of its own.
    pub fn read_modules(
        &mut self,
        mut read: impl FnMut(&str) -> Result<ModuleFile, Diagnostic>,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let mut paths: BTreeMap<String, Option<(Value, bool)>> = BTreeMap::new();
        let mut seen: HashMap<(String, String), ()> = HashMap::new();
        let mut modules: Vec<Module> = Vec::new();
        for module in self.spaces.values().flat_map(|space| &space.modules) {
            if !paths.contains_key(&module.path) {
                let found =
                    read(&module.path).map(|file| self::read(file, module, &mut diagnostics));
                let found = found.unwrap_or_else(|diagnostic| {
                    diagnostics.push(diagnostic.at(module.origin.clone(), "this module"));
                    None
                });
                paths.insert(module.path.clone(), found);
            }
            if seen.insert((module.folded.clone(), module.path.clone()), ()).is_none() {
                modules.push(module.clone());
            }
        }
        let files = paths.values().flatten().any(|(_, is_file)| *is_file);
        let is_file =
            |path: &str| paths.get(path).is_some_and(|one| matches!(one, Some((_, true))));
        if files {
            for module in self.spaces.values_mut().flat_map(|space| &mut space.modules) {
                module.is_file = is_file(&module.path);
            }
        }
        for module in modules {
            let Some(Some((document, false))) = paths.get(&module.path) else { continue };
            self.add(&Arc::new(module), document, &mut diagnostics);
        }
        diagnostics
    }

    /// Adds the commands of one module.
    fn add(&mut self, module: &Arc<Module>, document: &Value, diagnostics: &mut Vec<Diagnostic>) {
        let (commands, broken) = commands(document, diagnostics);
        let key = |name: &str| format!("{}/{name}", module.folded);
        self.broken.commands.extend(broken.commands.iter().map(|name| key(name)));
        for (name, command) in commands {
            let key = key(&name);
            if let Some(other) = self.commands.get(&key) {
                diagnostics.push(
                    Diagnostic::error("names-fold-alike", format!("two commands are both `{key}`"))
                        .label(command.origin, "this one")
                        .label(other.origin.clone(), "and this one")
                        .detail("Two modules of one name lie in different folders.")
                        .help("rename one of the modules".to_owned()),
                );
                continue;
            }
            let name = format!("{}/{name}", module.name);
            let command = Command { name, module: Some(module.clone()), ..command };
            diagnostics.extend(self.unknown_space(&command));
            needs::check(std::iter::once(&command), &self.pools, diagnostics);
            self.commands.insert(key, Arc::new(command));
        }
    }
}

/// The table `[commands]` of a module's file, or nothing; and whether the module is a file.
fn read(
    file: ModuleFile,
    module: &Module,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Value, bool)> {
    let source = match file {
        ModuleFile::Commands(source) => source,
        ModuleFile::Folder => return None,
        ModuleFile::File => {
            return Some((Value::new(Kind::Null, module.origin.clone()), true));
        }
        ModuleFile::Missing => {
            let path = &module.path;
            diagnostics.push(
                Diagnostic::warning("missing-module", format!("there is no file or folder {path}"))
                    .label(module.origin.clone(), "this module")
                    .help("paths of modules are relative to the workspace's root".to_owned()),
            );
            return None;
        }
    };
    let (document, mut wrong) = parse_toml(&source);
    if !wrong.is_empty() {
        diagnostics.append(&mut wrong);
        return None;
    }
    let table = document.as_table()?;
    if table.get("workspace").is_some() {
        return None;
    }
    let mut commands = None;
    for (key, entry) in table.iter() {
        if to_kebab(key) == "commands" {
            commands = Some(entry.value.clone());
            continue;
        }
        diagnostics.push(
            Diagnostic::error("module-file", format!("a module's file has no table `[{key}]`"))
                .label(entry.key.clone(), "this table")
                .detail("The `purlin.toml` of a module holds its commands and nothing else.")
                .help(match closest(&to_kebab(key), ["commands"]) {
                    Some(near) => format!("did you mean `[{near}]`?"),
                    None => "move it to the purlin.toml of the workspace".to_owned(),
                }),
        );
    }
    Some((commands?, false))
}

/// The commands that a plugin ships, by kebab-case name without the plugin's.
pub(crate) fn shipped(
    plugin: &str,
    source: &Arc<Source>,
    config: Option<&Arc<Value>>,
) -> Result<IndexMap<String, Command>, Vec<Diagnostic>> {
    let (document, mut diagnostics) = parse_toml(source);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let (mut commands, _) = commands(&document, &mut diagnostics);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let nothing = || Arc::new(Value::new(Kind::Table(Table::default()), Origin::whole(source)));
    for (name, command) in &mut commands {
        command.name = format!("{plugin}.{name}");
        command.config = Some(config.cloned().unwrap_or_else(nothing));
    }
    Ok(commands)
}

/// The commands of a table `[commands]`.
fn commands(
    table: &Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> (IndexMap<String, Command>, Broken) {
    let mut core = Table::default();
    core.insert("commands", table.origin.clone(), table.clone());
    let core = Value::new(Kind::Table(core), table.origin.clone());
    let mut validated = schema().validate_written(core.clone());
    diagnostics.append(&mut validated.diagnostics);
    let (core, mut broken) = match validated.value {
        Some(core) => (core, Broken::default()),
        None => sound(schema(), &core),
    };
    let table = match core.kind {
        Kind::Table(mut core) => core.remove("commands"),
        _ => None,
    };
    let Some(table) = table else { return (IndexMap::new(), broken) };
    let names = &mut broken.commands;
    let commands = command::commands(table.value, diagnostics, |name| {
        names.insert(fold(&name));
    });
    (commands, broken)
}
