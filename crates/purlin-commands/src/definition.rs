//! The core tables of `purlin.toml`, checked and typed.

mod sound;

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use purlin_model::{Diagnostic, Origin, Severity, Source, Table, Value, fold, is_kebab, to_kebab};
use purlin_plugin::Schema;

use sound::Broken;

/// Everything about commands that the workspace's files say.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Name of the workspace, where it has one.
    pub name: Option<String>,
    /// Commands by kebab-case name, in the order in which they are written.
    pub commands: IndexMap<String, Command>,
    /// Dependencies in front of every command's own.
    pub base: Vec<Value>,
    /// The cache of commands that name none, if the workspace says one.
    pub default_cache: Option<Named>,
    /// Which results are kept where a command does not say.
    pub default_cache_when: CacheWhen,
    /// Configured caches by name.
    pub caches: IndexMap<String, CacheDefinition>,
    /// What else is there, with mistakes.
    pub(crate) broken: Broken,
}

/// A name and where it is written.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name as written.
    pub name: String,
    /// Where.
    pub origin: Origin,
}

/// One command, as it is written.
#[derive(Debug, Clone)]
pub struct Command {
    /// Kebab-case name.
    pub name: String,
    /// Where its key stands.
    pub origin: Origin,
    /// What is run.
    pub program: Program,
    /// Dependencies; `None` where the command says nothing about them, and is never cached.
    pub deps: Option<Vec<Value>>,
    /// Patterns of what it writes.
    pub artifacts: Vec<Named>,
    /// The cache that it names.
    pub cache: Option<Named>,
    /// Which results are kept.
    pub cache_when: Option<CacheWhen>,
    /// Process variables by name.
    pub env: Vec<(Named, Variable)>,
    /// Folder that it runs in, from the root.
    pub cwd: Option<Named>,
    /// Time limit.
    pub timeout: Option<Duration>,
    /// Runs only when named or depended on.
    pub hidden: bool,
}

/// What a command runs.
#[derive(Debug, Clone)]
pub enum Program {
    /// Text for the shell.
    Shell(Named),
    /// A program and its arguments.
    Arguments(Vec<Named>),
}

/// A process variable of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Set to the value of a template.
    Set(String),
    /// Passed on from the user.
    Pass,
}

/// Which results are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheWhen {
    /// Those of commands that succeeded.
    #[default]
    Success,
    /// Those of commands that failed.
    Failed,
    /// All.
    Finished,
}

/// One table of `[caches]`.
#[derive(Debug, Clone)]
pub struct CacheDefinition {
    /// The feature that it is of.
    pub kind: Named,
    /// The rest of the table: the feature's configuration.
    pub config: Value,
}

/// The core tables that have no verbs yet: they are refused by name.
const UNBUILT: [&str; 11] = [
    "use",
    "ctx",
    "spaces",
    "repositories",
    "projects",
    "inputs",
    "providers",
    "deployments",
    "passthru",
    "choose",
    "include",
];
/// The core tables that this crate reads; `plugins` is the host's.
const TABLES: [&str; 5] = ["workspace", "base", "defaults", "caches", "commands"];
/// Keys of a command that belong to parts that are not built yet: they are refused by name.
const UNBUILT_KEYS: [&str; 6] =
    ["space", "environment", "tags", "interactive", "needs", "inputs-strict"];
/// The same for `[defaults]`.
const UNBUILT_DEFAULTS: [&str; 3] = ["environment", "dotenv", "python-path"];

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
        let mut core = Table::default();
        let Some(table) = document.as_table() else {
            return (Self::default(), diagnostics);
        };
        let sections = std::cell::LazyCell::new(sections);
        for (key, entry) in table.iter() {
            let name = to_kebab(key);
            if TABLES.contains(&name.as_str()) {
                if core.get(&name).is_some() {
                    diagnostics.push(folds_alike("tables", key, &entry.key, &core, &name));
                }
                core.insert(name, entry.key.clone(), entry.value.clone());
            } else if UNBUILT.contains(&name.as_str()) {
                diagnostics.push(unbuilt(&format!("the table `[{name}]`"), &entry.key));
            } else if name != "plugins" && !sections.iter().any(|section| section == key) {
                let known = TABLES.into_iter().chain(["plugins"]);
                let all = known.chain(sections.iter().map(String::as_str));
                diagnostics.push(
                    Diagnostic::error(
                        "unknown-section",
                        format!("nothing reads the table `[{key}]`"),
                    )
                    .label(entry.key.clone(), "this table")
                    .detail(
                        "It is neither a core table nor a section that an enabled plugin reads.",
                    )
                    .help(purlin_model::suggestion(key, "tables", all)),
                );
            }
        }
        refuse_unbuilt_keys(&mut core, &mut diagnostics);
        let core = Value::new(purlin_model::Kind::Table(core), document.origin.clone());
        let mut validated = schema().validate(&core);
        diagnostics.append(&mut validated.diagnostics);
        let (core, broken) = match validated.value {
            Some(core) => (core, Broken::default()),
            None => sound::sound(schema(), &core),
        };
        let definitions = core.as_table().map(|core| Self::read(core, broken, &mut diagnostics));
        (definitions.unwrap_or_default(), diagnostics)
    }

    fn read(core: &Table, broken: Broken, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut definitions = Self {
            name: core
                .get("workspace")
                .and_then(|table| table.get("name"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            base: core.get("base").and_then(|base| base.get("deps")).map(list).unwrap_or_default(),
            broken,
            ..Self::default()
        };
        if let Some(defaults) = core.get("defaults") {
            definitions.default_cache = defaults.get("cache").and_then(named);
            definitions.default_cache_when =
                defaults.get("cache-when").map(cache_when).unwrap_or_default();
        }
        for (name, entry) in
            core.get("caches").and_then(Value::as_table).into_iter().flat_map(Table::iter)
        {
            let mut config = entry.value.clone();
            let kind = match &mut config.kind {
                purlin_model::Kind::Table(table) => table.remove("type"),
                _ => None,
            };
            if let Some(kind) = kind.as_ref().and_then(|kind| named(&kind.value)) {
                definitions.caches.insert(name.to_owned(), CacheDefinition { kind, config });
            }
        }
        for (key, entry) in
            core.get("commands").and_then(Value::as_table).into_iter().flat_map(Table::iter)
        {
            let name = to_kebab(key);
            if !is_kebab(&name) {
                diagnostics.push(
                    Diagnostic::error(
                        "bad-name",
                        format!("`{key}` cannot be the name of a command"),
                    )
                    .label(entry.key.clone(), "this name")
                    .detail(
                        "Names are lower-case letters, digits and dashes, and begin with a letter.",
                    ),
                );
            } else if let Some(other) = definitions.commands.get(&name) {
                diagnostics.push(
                    Diagnostic::error(
                        "names-fold-alike",
                        format!("two commands are both `{name}`"),
                    )
                    .label(entry.key.clone(), "this one")
                    .label(other.origin.clone(), "and this one")
                    .detail("`-` and `_` are the same in names.")
                    .help("rename one of them".to_owned()),
                );
            } else {
                match Command::read(&name, &entry.key, &entry.value, diagnostics) {
                    Some(command) => {
                        definitions.commands.insert(name, command);
                    }
                    None => {
                        definitions.broken.commands.insert(name);
                    }
                }
            }
        }
        definitions
    }
}

impl Command {
    /// Reads one command from a value that was validated by the schema.
    fn read(
        name: &str,
        origin: &Origin,
        value: &Value,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let mut command = Self {
            name: name.to_owned(),
            origin: origin.clone(),
            program: Program::Arguments(Vec::new()),
            deps: None,
            artifacts: Vec::new(),
            cache: None,
            cache_when: None,
            env: Vec::new(),
            cwd: None,
            timeout: None,
            hidden: false,
        };
        if let Some(text) = named(value) {
            command.program = Program::Shell(text);
            return Some(command);
        }
        let argv = value.get("argv").and_then(Value::as_list);
        command.program = match (value.get("exec").and_then(named), argv) {
            (Some(text), None) => Program::Shell(text),
            (None, Some(arguments)) => {
                Program::Arguments(arguments.iter().filter_map(named).collect())
            }
            (exec, _) => {
                let what = if exec.is_some() { "both `exec` and `argv`" } else { "nothing to run" };
                diagnostics.push(
                    Diagnostic::error(
                        "command-program",
                        format!("the command `{name}` has {what}"),
                    )
                    .label(origin.clone(), "this command")
                    .help(
                        "give it `exec = \"…\"` (for the shell) or `argv = [\"…\"]` (without one)"
                            .to_owned(),
                    ),
                );
                return None;
            }
        };
        command.deps = value.get("deps").map(list);
        command.artifacts =
            value.get("artifacts").map(list).unwrap_or_default().iter().filter_map(named).collect();
        command.cache = value.get("cache").and_then(named);
        command.cache_when = value.get("cache-when").map(cache_when);
        command.cwd = value.get("cwd").and_then(named);
        command.hidden = value.get("hidden").and_then(Value::as_bool).unwrap_or(false);
        command.timeout = value.get("timeout").and_then(duration);
        for (variable, entry) in
            value.get("env").and_then(Value::as_table).into_iter().flat_map(Table::iter)
        {
            if variable.is_empty() || variable.contains(['=', '\0']) {
                diagnostics.push(
                    Diagnostic::error(
                        "bad-name",
                        format!("{variable:?} cannot be the name of a process variable"),
                    )
                    .label(entry.key.clone(), "this name"),
                );
                continue;
            }
            let setting =
                entry.value.as_str().map_or(Variable::Pass, |text| Variable::Set(text.to_owned()));
            let name = Named { name: variable.to_owned(), origin: entry.value.origin.clone() };
            command.env.push((name, setting));
        }
        Some(command)
    }

    /// Where its program is written.
    #[must_use]
    pub fn program_origin(&self) -> &Origin {
        match &self.program {
            Program::Shell(text) => &text.origin,
            Program::Arguments(arguments) => {
                arguments.first().map_or(&self.origin, |first| &first.origin)
            }
        }
    }
}

impl CacheWhen {
    /// Its name in `purlin.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Finished => "finished",
        }
    }

    /// True when a result is kept.
    #[must_use]
    pub fn keeps(self, succeeded: bool) -> bool {
        match self {
            Self::Success => succeeded,
            Self::Failed => !succeeded,
            Self::Finished => true,
        }
    }
}

/// The schema of the core tables. Made once: it is part of the program.
fn schema() -> &'static Schema {
    static SCHEMA: std::sync::OnceLock<Schema> = std::sync::OnceLock::new();
    SCHEMA.get_or_init(|| {
        let source =
            Source::new("<schema of purlin.toml>", include_str!("../schemas/workspace.json"));
        Schema::parse(&source).expect("the schema is part of the program and tested")
    })
}

fn refuse_unbuilt_keys(core: &mut Table, diagnostics: &mut Vec<Diagnostic>) {
    let mut refuse = |table: &mut Value, unbuilt_keys: &[&str], what: &str| {
        let purlin_model::Kind::Table(table) = &mut table.kind else { return };
        let keys: Vec<String> = table.keys().map(str::to_owned).collect();
        for key in keys {
            let known = unbuilt_keys.contains(&fold(&key).as_str());
            if let Some(entry) = known.then(|| table.remove(&key)).flatten() {
                diagnostics.push(unbuilt(&format!("`{}` {what}", fold(&key)), &entry.key));
            }
        }
    };
    if let Some(defaults) = core.get_mut("defaults") {
        refuse(defaults, &UNBUILT_DEFAULTS, "in `[defaults]`");
    }
    let Some(commands) = core.get_mut("commands") else { return };
    let names: Vec<String> =
        commands.as_table().into_iter().flat_map(Table::keys).map(str::to_owned).collect();
    for name in names {
        if let purlin_model::Kind::Table(table) = &mut commands.kind
            && let Some(command) = table.get_mut(&name)
        {
            refuse(command, &UNBUILT_KEYS, "of a command");
        }
    }
}

fn unbuilt(what: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::error("not-built-yet", format!("{what} is not supported by this version of Purlin"))
        .label(origin.clone(), "written here")
        .detail("The name is reserved; it is refused so that it is never silently ignored.")
        .help("take it out".to_owned())
}

fn folds_alike(what: &str, key: &str, origin: &Origin, table: &Table, name: &str) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error("names-fold-alike", format!("two {what} are both `{name}`"))
            .label(origin.clone(), format!("`{key}`"))
            .detail("`-` and `_` are the same in names.");
    if let Some(first) = table.entry(name) {
        diagnostic = diagnostic.label(first.key.clone(), "and this one");
    }
    diagnostic
}

fn named(value: &Value) -> Option<Named> {
    value.as_str().map(|text| Named { name: text.to_owned(), origin: value.origin.clone() })
}

fn list(value: &Value) -> Vec<Value> {
    value.as_list().unwrap_or_default().to_vec()
}

fn cache_when(value: &Value) -> CacheWhen {
    match value.as_str() {
        Some("failed") => CacheWhen::Failed,
        Some("finished" | "always") => CacheWhen::Finished,
        _ => CacheWhen::Success,
    }
}

fn duration(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_int() {
        return u64::try_from(seconds).ok().map(Duration::from_secs);
    }
    let text = value.as_str()?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => Duration::from_secs(number.saturating_mul(3600)),
    })
}

/// True when there is an error among them.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The source of names that are given on the command line.
pub const COMMAND_LINE: &str = "<command line>";

/// A source that stands for the command line, for names given there.
#[must_use]
pub fn from_command_line(name: &str) -> Named {
    let source: Arc<Source> = Source::new(COMMAND_LINE, name);
    Named { name: name.to_owned(), origin: Origin::new(&source, 0..name.len()) }
}
