//! The Action: the one thing that is keyed and run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use purlin_model::{Diagnostic, Hasher, Origin};
use purlin_store::{Patterns, defect};

use crate::definition::{CacheWhen, Command, Named, Program, Variable};
use crate::template::{Scope, Text, near_misses};

/// What is run, and what of it is in the key. `[commands]` produces Actions today; whatever else
/// comes to run things will produce the same, and keys, caches, logs and scheduling know nothing
/// but this.
#[derive(Debug)]
pub struct Action {
    /// Program and arguments.
    pub argv: Vec<Text>,
    /// Process variables on top of the base; `None` for one that is passed but that the user does
    /// not have.
    pub variables: BTreeMap<String, Option<Text>>,
    /// Folder from the root; empty for the root itself.
    pub cwd: String,
    /// What it writes, as written.
    pub artifacts: Vec<String>,
    /// What it writes, compiled.
    pub outputs: Patterns,
    /// Which results are kept.
    pub cache_when: CacheWhen,
    /// Time limit. Not in the key.
    pub timeout: Option<Duration>,
    /// Owns the terminal. Not in the key.
    pub interactive: bool,
    /// Cannot read what it has not declared.
    pub inputs_strict: bool,
}

impl Action {
    /// An action that is no command's: a program and its variables, whose outputs somebody else
    /// looks after. It runs in the folder that it is run below.
    #[must_use]
    pub fn of_program(argv: Vec<Text>, variables: BTreeMap<String, Text>) -> Self {
        Self {
            argv,
            variables: variables.into_iter().map(|(name, text)| (name, Some(text))).collect(),
            cwd: String::new(),
            artifacts: Vec::new(),
            outputs: Patterns::default(),
            cache_when: CacheWhen::Success,
            timeout: None,
            interactive: false,
            inputs_strict: false,
        }
    }

    /// The action of a command, with the process variables that the files of its space set.
    ///
    /// What is odd but no error is added to `warnings`.
    ///
    /// # Errors
    /// Everything that is wrong with its templates and patterns.
    pub(crate) fn of(
        command: &Command,
        default_cache_when: CacheWhen,
        scope: Scope<'_>,
        dotenv: &IndexMap<String, String>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let plain = |text: &str| Text { value: text.to_owned(), keyed: text.to_owned() };
        let mut expand = |text: &Named, roots: &[&str]| {
            warnings.extend(near_misses(text, roots));
            scope.text(text, roots).unwrap_or_else(|diagnostic| {
                diagnostics.push(diagnostic);
                plain("")
            })
        };
        let roots = scope.roots();
        let argv: Vec<Text> = match &command.program {
            Program::Shell(text) => vec![plain("/bin/sh"), plain("-c"), expand(text, roots)],
            Program::Arguments(list) => list.iter().map(|text| expand(text, roots)).collect(),
        };
        let cwd = command.cwd.as_ref().map(|cwd| (cwd, expand(cwd, roots).value));
        let cwd = cwd.map(|(written, cwd)| inside(&below(scope.root, cwd), written)).transpose();
        let cwd = cwd.map(Option::unwrap_or_default).unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            String::new()
        });
        let mut set: BTreeMap<String, Option<Text>> =
            dotenv.iter().map(|(name, value)| (name.clone(), Some(plain(value)))).collect();
        for (name, variable) in &command.env {
            match env_value(name, variable, scope, warnings) {
                Ok(text) => {
                    set.insert(name.name.clone(), text);
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        if argv.is_empty() {
            diagnostics.push(
                Diagnostic::error(
                    "command-program",
                    format!("the command `{}` has an empty `argv`", command.name),
                )
                .label(command.origin.clone(), "this command")
                .help("its first element is the program".to_owned()),
            );
        }
        for pattern in &command.artifacts {
            warnings.extend(near_misses(pattern, roots));
        }
        match artifacts(command, scope) {
            Ok((artifacts, outputs)) if diagnostics.is_empty() => Ok(Self {
                argv,
                variables: set,
                cwd,
                artifacts,
                outputs,
                cache_when: command.cache_when.unwrap_or(default_cache_when),
                timeout: command.timeout,
                interactive: command.interactive,
                inputs_strict: command.inputs_strict,
            }),
            wrong => {
                diagnostics.extend(wrong.err().unwrap_or_default());
                Err(diagnostics)
            }
        }
    }

    /// The parts of the key that are the action's own, by label.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<String, String> {
        let mut parts = self.program_parts();
        parts.insert("cwd".to_owned(), part(&mut std::iter::once(self.cwd.as_str())));
        parts.insert("artifacts".to_owned(), part(&mut unordered(&self.artifacts).into_iter()));
        parts.insert("cache-when".to_owned(), part(&mut std::iter::once(self.cache_when.as_str())));
        if self.inputs_strict {
            parts.insert("inputs-strict".to_owned(), part(&mut std::iter::once("true")));
        }
        parts
    }

    /// Those of them that are of the program and its variables: all that can differ between actions of
    /// [`Action::of_program`].
    #[must_use]
    pub fn program_parts(&self) -> BTreeMap<String, String> {
        let mut parts = BTreeMap::new();
        let argv = part(&mut self.argv.iter().map(|text| text.keyed.as_str()));
        if !defect::seeded("edited-command-missed") {
            parts.insert("the program".to_owned(), argv);
        }
        for (name, text) in &self.variables {
            let value = match text {
                Some(text) => part(&mut ["set", &text.keyed].into_iter()),
                None => part(&mut std::iter::once("unset")),
            };
            parts.insert(format!("env {name}"), value);
        }
        parts
    }

    /// The program and its arguments as a person would write them.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.argv.as_slice() {
            [shell, dash, text] if shell.value == "/bin/sh" && dash.value == "-c" => {
                text.value.clone()
            }
            words => words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The digest of one part of a key.
fn part(texts: &mut dyn Iterator<Item = &str>) -> String {
    let mut hasher = Hasher::new("purlin-part");
    for text in texts {
        hasher.field(text.as_bytes());
    }
    hasher.finish().to_hex()
}

/// Patterns in an order that is the same for all lists that mean the same: a `!` takes out what stands
/// before it, and only past one does the order of the others matter.
fn unordered(patterns: &[String]) -> Vec<&str> {
    let is_exception =
        |pattern: &String| pattern.starts_with('!') && !defect::seeded("order-of-artifacts-missed");
    let groups = patterns.chunk_by(|one, other| is_exception(one) == is_exception(other));
    let sorted = groups.flat_map(|group| {
        let mut group: Vec<&str> = group.iter().map(String::as_str).collect();
        group.sort_unstable();
        group
    });
    sorted.collect()
}

/// Compiles patterns; `origin` gives the place of the pattern with an index.
///
/// # Errors
/// What is wrong with each of the patterns, at its place.
pub(crate) fn compile<'a>(
    patterns: &[String],
    origin: impl Fn(usize) -> &'a Origin,
) -> Result<Patterns, Vec<Diagnostic>> {
    let told = |index: usize, message: String| {
        Diagnostic::error("bad-pattern", "this is not a pattern of files")
            .label(origin(index).clone(), message)
            .help("patterns are gitignore's, relative to the workspace's root: `src/**/*.py`, `README.md`, `docs/`".to_owned())
    };
    Patterns::new(patterns).map_err(|_| {
        let alone = |pattern| Patterns::new(std::slice::from_ref(pattern)).err();
        let wrong = patterns
            .iter()
            .enumerate()
            .filter_map(|(index, pattern)| alone(pattern).map(|error| told(index, error.message)));
        wrong.collect()
    })
}

/// What a command writes: the patterns as they come out, and compiled.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn artifacts(
    command: &Command,
    scope: Scope<'_>,
) -> Result<(Vec<String>, Patterns), Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut artifacts = Vec::with_capacity(command.artifacts.len());
    for pattern in &command.artifacts {
        match scope.pattern(pattern, scope.roots()) {
            Ok(text) => artifacts.push(below(scope.root, text)),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let outputs = compile(&artifacts, |index| {
        command.artifacts.get(index).map_or(&command.origin, |pattern| &pattern.origin)
    })?;
    Ok((artifacts, outputs))
}

/// What a process variable of a command is; `None` for one that is not set.
fn env_value(
    name: &Named,
    variable: &Variable,
    scope: Scope<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Option<Text>, Diagnostic> {
    match variable {
        Variable::Set(template) => {
            let template = Named { name: template.clone(), origin: name.origin.clone() };
            let roots = [scope.roots(), &["env"]].concat();
            warnings.extend(near_misses(&template, &roots));
            scope.text_or_null(&template, &roots)
        }
        Variable::Pass => Ok(scope.variables.passed(&name.name)),
    }
}

/// A path or pattern that was written with `{root}` in front, without it: everything is relative
/// to the root.
pub(crate) fn below(root: &str, text: String) -> String {
    let (negation, path) = text.strip_prefix('!').map_or(("", text.as_str()), |path| ("!", path));
    match path.strip_prefix(root).map(|rest| rest.trim_start_matches('/')) {
        Some("") => format!("{negation}."),
        Some(rest) if path[root.len()..].starts_with('/') => format!("{negation}{rest}"),
        _ => text,
    }
}

/// A folder inside the workspace in its shortest spelling; empty for the root.
pub(crate) fn inside(written: &str, named: &Named) -> Result<String, Diagnostic> {
    let mut parts = Vec::new();
    for component in Path::new(written).components() {
        match component {
            std::path::Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            std::path::Component::CurDir => {}
            _ => {
                return Err(Diagnostic::error("bad-path", "the path leads out of the workspace")
                    .label(named.origin.clone(), "this path")
                    .help("paths are relative to the workspace's root".to_owned()));
            }
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::from_command_line;

    #[test]
    fn the_root_in_front_of_a_path_is_the_root() {
        for (written, path) in [
            ("/w/src/*.py", "src/*.py"),
            ("!/w/src", "!src"),
            ("/w", "."),
            ("/w/", "."),
            ("/wide/x", "/wide/x"),
            ("src", "src"),
        ] {
            assert_eq!(below("/w", written.to_owned()), path);
        }
    }

    #[test]
    fn folders_stay_inside() {
        let named = from_command_line("x");
        assert_eq!(inside("./a//b/.", &named), Ok("a/b".to_owned()));
        assert_eq!(inside(".", &named), Ok(String::new()));
        assert!(inside("../a", &named).is_err());
        assert!(inside("/a", &named).is_err());
    }
}
