//! One command, as it is written.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use purlin_model::{Diagnostic, Kind, Origin, Table, Value, to_kebab};

use super::named::{fold_alike, is_name, named};
use super::{Module, Named};
use crate::needs::{self, Amounts};

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
    /// Values that whoever names it may give, by kebab-case name.
    pub args: IndexMap<String, Argument>,
    /// The module whose file it stands in.
    pub module: Option<Arc<Module>>,
    /// The configuration of the plugin that ships it.
    pub config: Option<Arc<Value>>,
    /// The space that it runs in.
    pub space: Option<Named>,
    /// The environment as it is written, in place of the space's.
    pub environment: Option<Value>,
    /// Words to select it by.
    pub tags: Vec<Named>,
    /// Process variables by name.
    pub env: Vec<(Named, Variable)>,
    /// Folder that it runs in, from the root.
    pub cwd: Option<Named>,
    /// Time limit.
    pub timeout: Option<Duration>,
    /// Runs only when named or depended on.
    pub hidden: bool,
    /// What it needs while it runs.
    pub needs: Amounts,
    /// Owns the terminal while it runs.
    pub interactive: bool,
    /// Cannot read what it has not declared.
    pub inputs_strict: bool,
}

/// A value that whoever names a command may give. All are texts.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Kebab-case name.
    pub name: String,
    /// Where its key stands.
    pub origin: Origin,
    /// Its value where nobody gives one.
    pub default: Option<String>,
    /// True when it has to be given.
    pub required: bool,
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

impl Command {
    /// Reads one command from a value that was validated by the schema.
    pub(super) fn read(
        name: &str,
        origin: &Origin,
        mut value: Value,
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
            args: IndexMap::new(),
            module: None,
            config: None,
            space: None,
            environment: None,
            tags: Vec::new(),
            env: Vec::new(),
            cwd: None,
            timeout: None,
            hidden: false,
            needs: Amounts::new(),
            interactive: false,
            inputs_strict: false,
        };
        if value.as_str().is_some() {
            command.program = Program::Shell(taken(value)?);
            return Some(command);
        }
        command.program = program(name, origin, &mut value, diagnostics)?;
        command.deps = take(&mut value, "deps").map(elements);
        command.artifacts = texts(&mut value, "artifacts");
        command.cache = value.get("cache").and_then(named);
        command.cache_when = value.get("cache-when").map(cache_when);
        command.args =
            value.get("args").map(|args| arguments(args, diagnostics)).unwrap_or_default();
        command.space = value.get("space").and_then(named);
        command.environment = value.get("environment").cloned();
        command.tags = texts(&mut value, "tags");
        command.cwd = value.get("cwd").and_then(named);
        command.hidden = value.get("hidden").and_then(Value::as_bool).unwrap_or(false);
        command.timeout = value.get("timeout").and_then(duration);
        command.needs = needs::read(value.get("needs"));
        let says = |key| value.get(key).and_then(Value::as_bool).unwrap_or(false);
        command.interactive = says("interactive");
        command.inputs_strict = says("inputs-strict");
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

/// The commands of a table that the schema has accepted, by kebab-case name; `broken` takes the
/// names of those with mistakes.
pub(super) fn commands(
    table: Value,
    diagnostics: &mut Vec<Diagnostic>,
    mut broken: impl FnMut(String),
) -> IndexMap<String, Command> {
    let mut commands: IndexMap<String, Command> = IndexMap::new();
    let entries = match table.kind {
        Kind::Table(table) => table,
        _ => Table::default(),
    };
    for (key, entry) in entries {
        let name = to_kebab(&key);
        if !is_name(&name, &key, "a command", &entry.key, diagnostics) {
            continue;
        }
        if let Some(other) = commands.get(&name) {
            diagnostics.push(fold_alike("commands", &name, &entry.key, &other.origin));
            continue;
        }
        match Command::read(&name, &entry.key, entry.value, diagnostics) {
            Some(command) => {
                commands.insert(name, command);
            }
            None => broken(name),
        }
    }
    commands
}

fn arguments(table: &Value, diagnostics: &mut Vec<Diagnostic>) -> IndexMap<String, Argument> {
    let mut arguments: IndexMap<String, Argument> = IndexMap::new();
    for (key, entry) in table.as_table().into_iter().flat_map(Table::iter) {
        let name = to_kebab(key);
        if !is_name(&name, key, "an argument", &entry.key, diagnostics) {
            continue;
        }
        if let Some(other) = arguments.get(&name) {
            diagnostics.push(fold_alike("arguments", &name, &entry.key, &other.origin));
            continue;
        }
        let default = entry.value.get("default").and_then(Value::as_str).map(str::to_owned);
        let required = entry.value.get("required").and_then(Value::as_bool).unwrap_or(false);
        if required && default.is_some() {
            diagnostics.push(
                Diagnostic::error(
                    "argument-default",
                    format!("the argument `{name}` is required and has a default"),
                )
                .label(entry.key.clone(), "this argument")
                .help("take out `required` or `default`".to_owned()),
            );
        }
        let origin = entry.key.clone();
        arguments.insert(name.clone(), Argument { name, origin, default, required });
    }
    arguments
}

/// Takes a field out of a command.
fn take(value: &mut Value, key: &str) -> Option<Value> {
    match &mut value.kind {
        Kind::Table(table) => table.remove(key).map(|entry| entry.value),
        _ => None,
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value.kind {
        Kind::List(items) => items,
        _ => Vec::new(),
    }
}

fn taken(value: Value) -> Option<Named> {
    match value.kind {
        Kind::String(name) => Some(Named { name, origin: value.origin }),
        _ => None,
    }
}

fn texts(value: &mut Value, key: &str) -> Vec<Named> {
    take(value, key).map(elements).unwrap_or_default().into_iter().filter_map(taken).collect()
}

fn program(
    name: &str,
    origin: &Origin,
    value: &mut Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Program> {
    let argv = take(value, "argv").map(elements);
    match (take(value, "exec").and_then(taken), argv) {
        (Some(text), None) => Some(Program::Shell(text)),
        (None, Some(arguments)) => {
            Some(Program::Arguments(arguments.into_iter().filter_map(taken).collect()))
        }
        (exec, _) => {
            let what = if exec.is_some() { "both `exec` and `argv`" } else { "nothing to run" };
            diagnostics.push(
                Diagnostic::error("command-program", format!("the command `{name}` has {what}"))
                    .label(origin.clone(), "this command")
                    .help(
                        "give it `exec = \"…\"` (for the shell) or `argv = [\"…\"]` (without one)"
                            .to_owned(),
                    ),
            );
            None
        }
    }
}

pub(super) fn cache_when(value: &Value) -> CacheWhen {
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
