//! What references in texts stand for.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Kind, NearMiss, Part, Template, Value, fold};
use purlin_plugin::{Schema, literal_glob};
use purlin_store::defect;
use serde_json::Value as Json;

use crate::context::{ContextValues, built_in};
use crate::definition::{Command, Module, Named};
use crate::variables::ProcessVariables;

/// The roots of templates in commands; in those that a plugin ships there is `config`, too.
const ROOTS: [&str; 5] = ["root", "ctx", "module", "args", "config"];

/// What references are looked up in.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The workspace's root, absolute.
    pub(crate) root: &'a str,
    /// The user's process variables.
    pub(crate) variables: &'a ProcessVariables,
    /// The values of the context.
    pub(crate) context: &'a ContextValues,
    /// The command whose texts these are.
    pub(crate) command: Option<&'a Command>,
    /// The module that it runs for.
    pub(crate) module: Option<ModuleScope<'a>>,
    /// Its arguments.
    pub(crate) args: &'a BTreeMap<String, Option<String>>,
}

/// The module that a command runs for.
#[derive(Clone, Copy)]
pub(crate) struct ModuleScope<'a> {
    /// The module.
    pub(crate) module: &'a Module,
    /// Folders that Python imports from.
    pub(crate) python_path: &'a [Named],
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

/// What one reference stands for.
struct Found {
    value: Json,
    /// What stands in the key in its place, where that differs.
    mark: Option<String>,
}

impl Scope<'_> {
    /// The roots of the command's own texts. `env` is one in process variables only.
    pub(crate) fn roots(&self) -> &'static [&'static str] {
        if self.ships() { &ROOTS } else { &ROOTS[..ROOTS.len() - 1] }
    }

    /// Whether the command is one that a plugin ships.
    fn ships(&self) -> bool {
        self.command.is_some_and(|command| command.config.is_some())
    }

    /// Expands a text.
    ///
    /// # Errors
    /// A reference that stands for nothing.
    pub(crate) fn text(&self, text: &Named, roots: &[&str]) -> Result<Text, Diagnostic> {
        let mut expanded = Text { value: String::new(), keyed: String::new() };
        for part in &Template::parse(&text.name, roots).parts {
            match part {
                Part::Text(plain) => {
                    expanded.value.push_str(plain);
                    expanded.keyed.push_str(plain);
                }
                Part::Reference { root, path } => {
                    let Text { value, keyed } = self.referred(text, root, path.as_deref())?;
                    expanded.keyed.push_str(&keyed);
                    expanded.value.push_str(&value);
                }
            }
        }
        Ok(expanded)
    }

    /// Expands a pattern of files. What a reference stands for is a path or a part of one, in which no
    /// character means anything else: a module may lie in `app/[id]`. A pattern of its own is what a
    /// plugin's configuration holds, and a variable of the context that is the whole text.
    ///
    /// # Errors
    /// A reference that stands for nothing.
    pub(crate) fn pattern(&self, text: &Named, roots: &[&str]) -> Result<String, Diagnostic> {
        let parts = Template::parse(&text.name, roots).parts;
        let mut pattern = String::new();
        for part in &parts {
            match part {
                Part::Text(plain) => pattern.push_str(plain),
                Part::Reference { root, path } => {
                    let value = self.referred(text, root, path.as_deref())?.value;
                    let stands = match root.as_str() {
                        // It is taken off again.
                        "root" => matches!(pattern.as_str(), "" | "!"),
                        "ctx" => parts.len() == 1,
                        "config" => true,
                        _ => defect::seeded("module-taken-for-a-pattern"),
                    };
                    pattern.push_str(&if stands { value } else { literal_glob(&value) });
                }
            }
        }
        Ok(pattern)
    }

    /// The text that one reference stands for.
    fn referred(&self, text: &Named, root: &str, path: Option<&str>) -> Result<Text, Diagnostic> {
        let found = self.look_up(text, root, path)?;
        let value = plain(&found.value).ok_or_else(|| {
            let written = written(root, path);
            if !found.value.is_null() {
                return self.wrong(text, format!("`{written}` is no text"));
            }
            let wrong = self.wrong(text, format!("`{written}` has no value"));
            let built_in = path.filter(|_| root == "ctx").and_then(built_in);
            if let Some(name) = built_in {
                let variable = name.to_ascii_uppercase().replace('-', "_");
                return wrong
                    .detail(format!(
                        "It stands for the option `--{name}` of the run, which is not given."
                    ))
                    .help(format!(
                        "give `--{name}`, or set PURLIN__{variable}; a process variable in `env` of which it is all may do without"
                    ));
            }
            let wrong =
                wrong.help("give it a value, or a `default` where it is declared".to_owned());
            let name = fold(path.unwrap_or_default());
            let declared = self.command.filter(|_| root == "args");
            match declared.and_then(|command| command.args.get(&name)) {
                Some(argument) => wrong
                    .label(argument.origin.clone(), "it is neither required nor has a default")
                    .help(format!(
                        "write `{name} = {{ required = true }}`, or give it a `default`"
                    )),
                None => wrong,
            }
        })?;
        Ok(Text { keyed: found.mark.unwrap_or_else(|| value.clone()), value })
    }

    /// The same; `None` for a text that is one whole reference to something that has no value.
    ///
    /// # Errors
    /// A reference that stands for nothing.
    pub(crate) fn text_or_null(
        &self,
        text: &Named,
        roots: &[&str],
    ) -> Result<Option<Text>, Diagnostic> {
        match self.whole(text, roots)? {
            Some(Json::Null) => Ok(None),
            _ => self.text(text, roots).map(Some),
        }
    }

    /// Expands a text of a configuration; one that is one whole reference becomes what that stands
    /// for, with its type.
    ///
    /// # Errors
    /// A reference that stands for nothing.
    pub(crate) fn value(&self, text: &Named, roots: &[&str]) -> Result<Kind, Diagnostic> {
        match self.whole(text, roots)? {
            Some(value) => Ok(Value::from_json(&value, &text.origin).kind),
            None => Ok(Kind::String(self.text(text, roots)?.value)),
        }
    }

    /// A configuration that its schema accepts, with its templates expanded. Unlike the program's they
    /// are in the key as they come out: `{root}` in a dependency says that the result depends on
    /// where the workspace is. What is odd but no error is added to `odd`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn configuration(
        &self,
        schema: &Schema,
        config: &Value,
        odd: &mut Vec<Diagnostic>,
    ) -> Result<Value, Vec<Diagnostic>> {
        let validated = schema.validate(config);
        let Some(mut value) = validated.value else { return Err(validated.diagnostics) };
        odd.extend(validated.diagnostics);
        let mut diagnostics = Vec::new();
        let mut changed = false;
        for template in schema.templates(&value.clone()) {
            let mut roots: Vec<&str> = template.roots.iter().map(String::as_str).collect();
            if self.ships() {
                roots.push("config");
            }
            let Some(place) = value.pointer_mut(&template.pointer) else { continue };
            let Kind::String(text) = &mut place.kind else { continue };
            let named = Named { name: text.clone(), origin: place.origin.clone() };
            odd.extend(near_misses(&named, &roots));
            let expanded = match template.is_glob {
                true => self.pattern(&named, &roots).map(Kind::String),
                false => self.value(&named, &roots),
            };
            match expanded {
                Ok(expanded) => {
                    changed |= !matches!(&expanded, Kind::String(same) if same == text);
                    place.kind = expanded;
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        if changed {
            // What came out has to be right, too.
            let validated = schema.validate(&value);
            return validated.value.ok_or(validated.diagnostics);
        }
        Ok(value)
    }

    /// What a text stands for that is one whole reference.
    fn whole(&self, text: &Named, roots: &[&str]) -> Result<Option<Json>, Diagnostic> {
        match Template::parse(&text.name, roots).parts.as_slice() {
            [Part::Reference { root, path }] => {
                self.look_up(text, root, path.as_deref()).map(|found| Some(found.value))
            }
            _ => Ok(None),
        }
    }

    fn look_up(&self, text: &Named, root: &str, path: Option<&str>) -> Result<Found, Diagnostic> {
        let plain = |value: Json| Found { value, mark: None };
        match (root, path) {
            // No text that a program can get holds a NUL, so none can be taken for a mark.
            ("root", None) => {
                Ok(Found { value: self.root.into(), mark: Some("\0root\0".to_owned()) })
            }
            ("root", Some(path)) => Err(self
                .wrong(text, format!("`{{root.{path}}}` is not a reference"))
                .help("write `{root}`".to_owned())),
            ("env", Some(name)) => {
                let value = self
                    .variables
                    .user_text(name)
                    .map_err(|trouble| trouble.at(text.origin.clone(), "this text refers to it"))?;
                let value = value.ok_or_else(|| {
                    Diagnostic::error(
                        "bad-reference",
                        format!("the process variable `{name}` is not set"),
                    )
                    .label(text.origin.clone(), "this text refers to it")
                    .help(format!("set `{name}`, or take `{{env.{name}}}` out"))
                })?;
                let mark = ProcessVariables::is_base(name).then(|| format!("\0env.{name}\0"));
                Ok(Found { value: value.into(), mark })
            }
            ("env", None) => Err(self
                .wrong(text, "`{env}` is not a reference".to_owned())
                .help("write `{env.NAME}`".to_owned())),
            ("ctx", Some(path)) => self.context.value(path, &text.origin).map(plain),
            ("ctx", None) => Err(self
                .wrong(text, "`{ctx}` is not a reference".to_owned())
                .help("write `{ctx.NAME}`".to_owned())),
            ("module", path) => self.module_part(text, path).map(plain),
            ("args", path) => self.argument(text, path).map(plain),
            ("config", path) => self.configured(text, path).map(plain),
            (root, path) => {
                let written = written(root, path);
                Err(self
                    .wrong(text, format!("`{written}` means nothing here"))
                    .help(format!("to write it literally, double the brace: `{{{written}`")))
            }
        }
    }

    fn module_part(&self, text: &Named, path: Option<&str>) -> Result<Json, Diagnostic> {
        let Some(ModuleScope { module, python_path }) = self.module else {
            return Err(self
                .wrong(text, format!("`{}` is used where there is no module", written("module", path)))
                .help("commands run for the modules of `[spaces]` when one of their own fields refers to them".to_owned()));
        };
        let shown = |path: &str| if path.is_empty() { "." } else { path }.into();
        match path {
            Some("name") => Ok(module.name.as_str().into()),
            Some("path") => Ok(shown(&module.path)),
            Some("dir") => Ok(shown(module.folder())),
            Some("pyimport") => pyimport(module, python_path).map(Json::from).map_err(|why| {
                self.wrong(text, format!("the module `{}` cannot be imported", module.name))
                    .detail(why)
            }),
            other => {
                let known = ["name", "path", "dir", "pyimport"];
                let help = purlin_model::suggestion(other.unwrap_or(""), "parts", known);
                let written = written("module", other);
                Err(self.wrong(text, format!("`{written}` is not a reference")).help(help))
            }
        }
    }

    fn argument(&self, text: &Named, path: Option<&str>) -> Result<Json, Diagnostic> {
        let name = fold(path.unwrap_or(""));
        if let Some(value) = self.args.get(&name) {
            return Ok(value.as_ref().map_or(Json::Null, |value| value.as_str().into()));
        }
        let written = written("args", path);
        let names = self.args.keys().map(String::as_str);
        let help = purlin_model::suggestion(&name, "arguments", names).unwrap_or_else(|| {
            format!("declare it: `args = {{ {name} = {{ default = \"…\" }} }}`")
        });
        Err(self.wrong(text, format!("`{written}` is no argument of this command")).help(help))
    }

    fn configured(&self, text: &Named, path: Option<&str>) -> Result<Json, Diagnostic> {
        let config = self.command.and_then(|command| command.config.as_deref());
        let steps = path.into_iter().flat_map(|path| path.split('.'));
        let found = steps.fold(config, |value, step| {
            let table = value?.as_table()?;
            let key = table.keys().find(|key| fold(key) == fold(step))?;
            table.get(key)
        });
        if let (Some(value), Some(_)) = (found, path) {
            return Ok(value.to_json());
        }
        let table = config.and_then(Value::as_table);
        let names = table.into_iter().flat_map(|table| table.keys());
        let help = purlin_model::suggestion(path.unwrap_or(""), "fields", names);
        let written = written("config", path);
        Err(self
            .wrong(text, format!("`{written}` is not in the plugin's configuration"))
            .help(help))
    }

    fn wrong(&self, text: &Named, what: String) -> Diagnostic {
        Diagnostic::error("bad-reference", what).label(text.origin.clone(), "in this text")
    }
}

/// The dotted name that Python imports a module by. The error is a sentence.
fn pyimport(module: &Module, python_path: &[Named]) -> Result<String, String> {
    let below = |folder: &str| {
        let rest = module.path.strip_prefix(folder)?;
        if folder.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    };
    let folders = python_path.iter().map(|folder| folder.name.trim_matches(['/', '.']));
    let path = folders.filter_map(below).min_by_key(|rest| rest.len()).unwrap_or(&module.path);
    let path = if module.is_file { path.strip_suffix(".py").unwrap_or(path) } else { path };
    let is_word = |part: &&str| {
        let word = part.chars().all(|c| c == '_' || c.is_alphanumeric());
        word && !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    match path.split('/').find(|part| !is_word(part)) {
        None => Ok(path.replace('/', ".")),
        Some(part) => Err(format!("Its path is {path}, and `{part}` is no name in Python.")),
    }
}

/// The text of a single value.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A reference as it is written.
fn written(root: &str, path: Option<&str>) -> String {
    match path {
        Some(path) => format!("{{{root}.{path}}}"),
        None => format!("{{{root}}}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::from_command_line;

    #[test]
    fn the_root_and_the_base_variables_are_not_in_the_key() {
        let variables =
            ProcessVariables::new([("PATH".into(), "/bin".into()), ("TOKEN".into(), "t".into())]);
        let context = ContextValues::default();
        let args = BTreeMap::new();
        let scope = Scope {
            root: "/w",
            variables: &variables,
            context: &context,
            command: None,
            module: None,
            args: &args,
        };
        let text = from_command_line("{root}/x:{env.PATH}:{env.TOKEN}");
        let text = scope.text(&text, &["root", "env"]).expect("all is known");
        assert_eq!(text.value, "/w/x:/bin:t");
        assert_eq!(text.keyed, "\0root\0/x:\0env.PATH\0:t");
    }
}
