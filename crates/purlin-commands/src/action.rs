//! The Action: the one thing that is keyed and run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use purlin_model::{Diagnostic, Hasher, NearMiss, Origin, Template};
use purlin_store::Patterns;

use crate::definition::{CacheWhen, Command, Named, Program, Variable};
use crate::variables::ProcessVariables;

/// The roots of templates in commands. `env` is one in process variables only; `ctx` and `module`
/// are declared so that what they will mean is refused today, not passed on.
pub(crate) const ROOTS: [&str; 3] = ["root", "ctx", "module"];

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
}

/// An expanded template. The key holds it with a mark in place of the root and of the base
/// variables, so that two checkouts and two machines share their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What the program gets.
    pub value: String,
    /// What the key gets.
    pub keyed: String,
}

impl Action {
    /// The action of a command.
    ///
    /// What is odd but no error is added to `warnings`.
    ///
    /// # Errors
    /// Everything that is wrong with its templates and patterns.
    pub fn of(
        command: &Command,
        default_cache_when: CacheWhen,
        root: &str,
        variables: &ProcessVariables,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let mut expand = |text: &Named, roots: &[&str]| {
            warnings.extend(near_misses(text, roots));
            expand(text, roots, root, variables).unwrap_or_else(|diagnostic| {
                diagnostics.push(diagnostic);
                Text { value: String::new(), keyed: String::new() }
            })
        };
        let roots = ROOTS;
        let argv: Vec<Text> = match &command.program {
            Program::Shell(text) => {
                let plain = |text: &str| Text { value: text.to_owned(), keyed: text.to_owned() };
                vec![plain("/bin/sh"), plain("-c"), expand(text, &roots)]
            }
            Program::Arguments(list) => list.iter().map(|text| expand(text, &roots)).collect(),
        };
        let mut set = BTreeMap::new();
        for (name, variable) in &command.env {
            let text = match variable {
                Variable::Set(template) => {
                    let template = Named { name: template.clone(), origin: name.origin.clone() };
                    Some(expand(&template, &[&ROOTS[..], &["env"]].concat()))
                }
                Variable::Pass => variables
                    .user_text(&name.name)
                    .map(|value| Text { keyed: value.clone(), value }),
            };
            set.insert(name.name.clone(), text);
        }
        let artifacts: Vec<String> = command
            .artifacts
            .iter()
            .map(|pattern| below(root, expand(pattern, &roots).value))
            .collect();
        let cwd = command.cwd.as_ref().map(|cwd| expand(cwd, &roots).value).unwrap_or_default();
        let cwd = command
            .cwd
            .as_ref()
            .map_or(Ok(String::new()), |written| inside(&below(root, cwd.clone()), written));
        let cwd = cwd.unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            String::new()
        });
        let outputs = compile(&artifacts, |index| {
            command.artifacts.get(index).map_or(&command.origin, |pattern| &pattern.origin)
        });
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
        match outputs {
            Ok(outputs) if diagnostics.is_empty() => Ok(Self {
                argv,
                variables: set,
                cwd,
                artifacts,
                outputs,
                cache_when: command.cache_when.unwrap_or(default_cache_when),
                timeout: command.timeout,
            }),
            Ok(_) => Err(diagnostics),
            Err(mut errors) => {
                diagnostics.append(&mut errors);
                Err(diagnostics)
            }
        }
    }

    /// The parts of the key that are the action's own, by label.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<String, String> {
        let mut parts = BTreeMap::new();
        let digest = |texts: &mut dyn Iterator<Item = &str>| {
            let mut hasher = Hasher::new("purlin-part");
            for text in texts {
                hasher.field(text.as_bytes());
            }
            hasher.finish().to_hex()
        };
        let argv = digest(&mut self.argv.iter().map(|text| text.keyed.as_str()));
        parts.insert("the program".to_owned(), argv);
        parts.insert("cwd".to_owned(), digest(&mut std::iter::once(self.cwd.as_str())));
        let mut artifacts: Vec<&str> = self.artifacts.iter().map(String::as_str).collect();
        artifacts.sort_unstable();
        parts.insert("artifacts".to_owned(), digest(&mut artifacts.into_iter()));
        parts.insert(
            "cache-when".to_owned(),
            digest(&mut std::iter::once(self.cache_when.as_str())),
        );
        for (name, text) in &self.variables {
            let value = match text {
                Some(text) => digest(&mut ["set", &text.keyed].into_iter()),
                None => digest(&mut std::iter::once("unset")),
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

/// Expands a template of a command.
///
/// # Errors
/// A reference that cannot be resolved.
pub(crate) fn expand(
    text: &Named,
    roots: &[&str],
    root: &str,
    variables: &ProcessVariables,
) -> Result<Text, Diagnostic> {
    let template = Template::parse(&text.name, roots);
    let unknown = |what: String, why: &str| {
        Diagnostic::error("bad-reference", what).label(text.origin.clone(), why)
    };
    let value = template.expand(|name, path| match (name, path) {
        ("root", None) => Ok(root.to_owned()),
        ("root", Some(path)) => {
            Err(unknown(format!("`{{root.{path}}}` is not a reference"), "in this text")
                .help("write `{root}`".to_owned()))
        }
        ("env", Some(variable)) => variables.user_text(variable).ok_or_else(|| {
            unknown(
                format!("the process variable `{variable}` is not set"),
                "this text refers to it",
            )
            .help(format!("set `{variable}`, or take `{{env.{variable}}}` out"))
        }),
        ("env", None) => Err(unknown("`{env}` is not a reference".to_owned(), "in this text")
            .help("write `{env.NAME}`".to_owned())),
        (name, path) => {
            let path = path.map(|path| format!(".{path}")).unwrap_or_default();
            Err(unknown(
                format!("`{{{name}{path}}}` is not supported by this version of Purlin"),
                "in this text",
            )
            .help(format!("to write it literally, double the brace: `{{{{{name}{path}}}`")))
        }
    })?;
    let keyed = template.expand(|name, path| match (name, path) {
        ("env", Some(variable)) if !ProcessVariables::is_base(variable) => {
            Ok::<_, Diagnostic>(variables.user_text(variable).unwrap_or_default())
        }
        // No text that a program can get holds a NUL, so none can be taken for a mark.
        ("env", Some(variable)) => Ok(format!("\0env.{variable}\0")),
        (name, _) => Ok(format!("\0{name}\0")),
    })?;
    Ok(Text { value, keyed })
}

/// References that look like misspelt ones, as warnings.
pub(crate) fn near_misses(text: &Named, roots: &[&str]) -> Vec<Diagnostic> {
    let warning = |miss: &NearMiss| {
        Diagnostic::warning(
            "near-miss",
            format!("`{}` is no reference and stays as it is", miss.written),
        )
        .label(text.origin.clone(), "in this text")
        .help(format!("did you mean `{{{}…}}`?", miss.root))
    };
    Template::parse(&text.name, roots).near_misses.iter().map(warning).collect()
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
fn inside(written: &str, named: &Named) -> Result<String, Diagnostic> {
    let mut parts = Vec::new();
    for component in Path::new(written).components() {
        match component {
            std::path::Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            std::path::Component::CurDir => {}
            _ => {
                return Err(Diagnostic::error("bad-path", "the folder is outside the workspace")
                    .label(named.origin.clone(), "this folder")
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
    fn the_root_and_the_base_variables_are_not_in_the_key() {
        let variables =
            ProcessVariables::new([("PATH".into(), "/bin".into()), ("TOKEN".into(), "t".into())]);
        let text = from_command_line("{root}/x:{env.PATH}:{env.TOKEN}");
        let text = expand(&text, &["root", "env"], "/w", &variables).expect("all is known");
        assert_eq!(text.value, "/w/x:/bin:t");
        assert_eq!(text.keyed, "\0root\0/x:\0env.PATH\0:t");
    }

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
