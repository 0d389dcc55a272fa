//! From a document to definitions.

use std::cell::LazyCell;
use std::sync::{Arc, OnceLock};

use purlin_model::{Diagnostic, Kind, Origin, Source, Table, Value, fold, to_kebab};
use purlin_plugin::Schema;

use super::named::named;
use super::sound::{Broken, sound};
use super::space::{inherit, spaces};
use crate::needs;

use super::{CacheDefinition, Command, Defaults, Definitions, command, context, unbuilt};

/// The core tables whose shape is checked here; `plugins` is the host's.
const TABLES: [&str; 8] =
    ["workspace", "ctx", "base", "defaults", "spaces", "caches", "commands", "repositories"];

/// The core tables of other readers: plugins are the host's, the others are about what definitions
/// become.
const OTHERS: [&str; 9] =
    ["plugins", "use", "projects", "inputs", "passthru", "choose", "include", "build", "fetch"];

impl Definitions {
    /// Reads the core tables of a document. Every mistake is reported; what could be read is
    /// returned all the same, so that a look-up can go on to find more.
    ///
    /// `sections` lists the top-level tables that plugins read; it is asked only when there is a
    /// table that is not one of the core's.
    #[must_use]
    pub fn parse(
        document: &Value,
        sections: impl FnOnce() -> Vec<String>,
    ) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let Some(table) = document.as_table() else {
            return (Self::default(), diagnostics);
        };
        let core = core_tables(table, sections, &mut diagnostics);
        let core = Value::new(Kind::Table(core), document.origin.clone());
        let mut validated = schema().validate_written(core);
        diagnostics.append(&mut validated.diagnostics);
        let (core, broken) = match validated.value {
            Some(core) => (core, Broken::default()),
            None => {
                // What is wrong with the tables themselves is told already.
                let core = core_tables(table, Vec::new, &mut Vec::new());
                sound(schema(), &Value::new(Kind::Table(core), document.origin.clone()))
            }
        };
        let mut definitions = match core.kind {
            Kind::Table(core) => Self::read(core, broken, &mut diagnostics),
            _ => Self::default(),
        };
        let others = table.iter().filter(|(key, _)| !TABLES.contains(&to_kebab(key).as_str()));
        definitions.sections =
            others.map(|(key, entry)| (key.to_owned(), entry.value.clone())).collect();
        (definitions, diagnostics)
    }

    fn read(mut core: Table, mut broken: Broken, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut definitions = Self {
            name: core
                .get("workspace")
                .and_then(|table| table.get("name"))
                .and_then(named)
                .map(|named| named.name),
            ..Self::default()
        };
        let mode = core.get("workspace").and_then(|table| table.get("env-mode"));
        definitions.loose = mode.and_then(Value::as_str) == Some("loose");
        if let Some(base) = core.get("base").and_then(|base| base.get("deps")) {
            definitions.base = base.as_list().unwrap_or_default().to_vec();
        }
        if let Some(defaults) = core.get("defaults") {
            definitions.defaults = Defaults::read(defaults);
        }
        if let Some(table) = core.get("ctx") {
            definitions.context = context::variables(table, diagnostics);
        }
        let caches = core.get("caches").and_then(Value::as_table);
        for (name, entry) in caches.into_iter().flat_map(Table::iter) {
            if let Some(cache) = CacheDefinition::read(&entry.value) {
                definitions.caches.insert(name.to_owned(), cache);
            }
        }
        if let Some(table) = core.get("spaces") {
            let names = &mut broken.spaces;
            definitions.spaces = spaces(table, diagnostics, |name| {
                names.insert(name);
            });
        }
        inherit(&mut definitions.spaces, &broken.spaces, diagnostics);
        if let Some(table) = core.remove("commands") {
            let names = &mut broken.commands;
            let commands = command::commands(table.value, diagnostics, |name| {
                names.insert(name);
            });
            let shared = commands.into_iter().map(|(name, command)| (name, Arc::new(command)));
            definitions.commands = shared.collect();
        }
        definitions.pools = needs::read(core.get("workspace").and_then(|table| table.get("pools")));
        needs::check_pools(&definitions.pools, diagnostics);
        if !broken.workspace {
            let commands = definitions.commands.values().map(AsRef::as_ref);
            needs::check(commands, &definitions.pools, diagnostics);
        }
        definitions.broken = broken;
        for command in definitions.commands.values() {
            diagnostics.extend(definitions.unknown_space(command));
        }
        definitions
    }

    /// What is wrong with the space that a command names.
    pub(crate) fn unknown_space(&self, command: &Command) -> Option<Diagnostic> {
        let named = command.space.as_ref()?;
        let name = fold(&named.name);
        if self.spaces.contains_key(&name) || self.broken.spaces.contains(&name) {
            return None;
        }
        Some(super::space::unknown_space(self.spaces.keys().map(String::as_str), named))
    }
}

/// The tables of a document that are read here, by kebab-case name.
fn core_tables(
    document: &Table,
    sections: impl FnOnce() -> Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Table {
    let mut core = Table::default();
    let sections = LazyCell::new(sections);
    for (key, entry) in document.iter() {
        let name = to_kebab(key);
        if TABLES.contains(&name.as_str()) {
            if core.get(&name).is_some() {
                diagnostics.push(folds_alike(key, &entry.key, &core, &name));
            }
            core.insert(name, entry.key.clone(), entry.value.clone());
        } else if unbuilt::TABLES.contains(&name.as_str()) {
            diagnostics.push(unbuilt::refused(&format!("the table `[{name}]`"), &entry.key));
        } else if !OTHERS.contains(&name.as_str()) && !sections.iter().any(|section| section == key)
        {
            let known = TABLES.into_iter().chain(OTHERS);
            let all = known.chain(sections.iter().map(String::as_str));
            diagnostics.push(
                Diagnostic::error("unknown-section", format!("nothing reads the table `[{key}]`"))
                    .label(entry.key.clone(), "this table")
                    .detail(
                        "It is neither a core table nor a section that an enabled plugin reads.",
                    )
                    .help(purlin_model::suggestion(key, "tables", all)),
            );
        }
    }
    core
}

/// The schema of the core tables. Made once: it is part of the program.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let source =
            Source::new("<schema of purlin.toml>", include_str!("../../schemas/workspace.json"));
        Schema::parse(&source).expect("the schema is part of the program and tested")
    })
}

fn folds_alike(key: &str, origin: &Origin, table: &Table, name: &str) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error("names-fold-alike", format!("two tables are both `{name}`"))
            .label(origin.clone(), format!("`{key}`"))
            .detail("`-` and `_` are the same in names.");
    if let Some(first) = table.entry(name) {
        diagnostic = diagnostic.label(first.key.clone(), "and this one");
    }
    diagnostic
}
