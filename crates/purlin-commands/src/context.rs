//! The values of the context: what `{ctx.name}` stands for.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Origin, fold, suggestion, to_snake};
use serde_json::{Map, Value as Json};

use crate::definition::{BUILT_IN, ContextVariable, Definitions, Named};
use crate::variables::ProcessVariables;

/// The values of the context in one run.
#[derive(Debug, Default)]
pub struct ContextValues {
    /// By kebab-case name; null where a variable has none and needs none.
    values: BTreeMap<String, Result<Json, Box<Diagnostic>>>,
    /// Those that Purlin itself gives, by kebab-case name.
    built_in: BTreeMap<String, Json>,
}

impl ContextValues {
    /// The values that hold: those that are `given` (`NAME=VALUE`), else the user's process
    /// variables, else the defaults. `options` are those of the run, by kebab-case name, for
    /// `{ctx.purlin.NAME}`.
    ///
    /// That a variable lacks a value, or that a process variable of its name is something else, is
    /// told when it is used: nobody else is concerned.
    ///
    /// # Errors
    /// Everything that is wrong with what is given.
    pub fn new(
        definitions: &Definitions,
        given: &[Named],
        variables: &ProcessVariables,
        options: BTreeMap<String, Json>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let mut chosen: BTreeMap<String, Json> = BTreeMap::new();
        for one in given {
            match choose(definitions, one) {
                Ok((name, value)) => {
                    chosen.insert(name, value);
                }
                Err(diagnostic) => diagnostics.extend(diagnostic),
            }
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let value = |variable: &ContextVariable| match chosen.remove(&variable.name) {
            Some(value) => Ok(value),
            None => found(variable, variables).map_err(Box::new),
        };
        let mut value = value;
        let values = definitions.context.values();
        let values = values.map(|variable| (variable.name.clone(), value(variable))).collect();
        let mut built_in = options;
        built_in.insert("arch".to_owned(), system().into());
        Ok(Self { values, built_in })
    }

    /// What plugins are told: the declared variables that have a value, by snake_case name.
    #[must_use]
    pub fn declared(&self) -> Map<String, Json> {
        let known = self.values.iter().filter_map(|(name, value)| {
            let value = value.as_ref().ok().filter(|value| !value.is_null())?;
            Some((to_snake(name), value.clone()))
        });
        known.collect()
    }

    /// The value of `{ctx.PATH}`, which stands at `place`.
    ///
    /// # Errors
    /// There is no such variable, or it lacks a value.
    pub(crate) fn value(&self, path: &str, place: &Origin) -> Result<Json, Diagnostic> {
        let unknown = |written: &str, help: Option<String>| {
            Err(Diagnostic::error(
                "unknown-context",
                format!("there is no context variable `{written}`"),
            )
            .label(place.clone(), "this text refers to it")
            .help(help))
        };
        if let Some(name) = built_in(path) {
            return match self.built_in.get(&name) {
                Some(value) => Ok(value.clone()),
                None => {
                    let names = self.built_in.keys().map(String::as_str);
                    unknown(path, suggestion(&name, "those of `purlin`", names))
                }
            };
        }
        match self.values.get(&fold(path)) {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(trouble)) => Err(trouble.as_ref().clone().at(place.clone(), "used here")),
            None => {
                let names = self.values.keys().map(String::as_str).chain([BUILT_IN]);
                let help = suggestion(path, "context variables", names);
                let declare = format!("declare it: `[ctx]` with `{path} = {{}}`");
                let alone = self.values.is_empty();
                unknown(path, if alone { Some(declare) } else { help })
            }
        }
    }
}

/// The name of a built-in value, if a path is that of one.
pub(crate) fn built_in(path: &str) -> Option<String> {
    let (root, name) = path.split_once('.')?;
    (root == BUILT_IN).then(|| fold(name))
}

/// What `NAME=VALUE` says. The error is `None` where what is wrong with it is told already.
fn choose(definitions: &Definitions, given: &Named) -> Result<(String, Json), Option<Diagnostic>> {
    let Some((written, text)) = given.name.split_once('=') else {
        return Err(Some(
            Diagnostic::error("ctx", format!("`--ctx {}` gives no value", given.name))
                .help(format!("write `--ctx {}=VALUE`", given.name)),
        ));
    };
    let name = fold(written);
    let Some(variable) = definitions.context.get(&name) else {
        if definitions.broken.context.contains(&name) {
            return Err(None);
        }
        let names = definitions.context.keys().map(String::as_str);
        let help = suggestion(written, "context variables", names)
            .unwrap_or_else(|| "this workspace declares none: add `[ctx]` to purlin.toml".into());
        return Err(Some(
            Diagnostic::error(
                "unknown-context",
                format!("there is no context variable `{written}`"),
            )
            .label(given.origin.clone(), "given here")
            .help(help),
        ));
    };
    let value = variable.kind.parse(text).ok_or_else(|| {
        Diagnostic::error(
            "context-type",
            format!(
                "`{name}` must be {}, and `--ctx {}` gives another value",
                variable.kind.described(),
                given.name
            ),
        )
        .label(variable.origin.clone(), "declared here")
        .help(format!("write `--ctx {written}=VALUE`"))
    })?;
    Ok((name, value))
}

/// The value of a variable that is not given.
fn found(variable: &ContextVariable, variables: &ProcessVariables) -> Result<Json, Diagnostic> {
    let process = variable.process_variable();
    let name = &variable.name;
    // Nothing is no number and no truth value; it is a text.
    let text = variables
        .user_text(&process)
        .map_err(|trouble| trouble.at(variable.origin.clone(), "it is the value of this"))?
        .filter(|text| variable.kind == crate::definition::ContextType::Str || !text.is_empty());
    if let Some(text) = text {
        return variable.kind.parse(&text).ok_or_else(|| {
            Diagnostic::error(
                "context-type",
                format!("`{name}` must be {}", variable.kind.described()),
            )
            .label(variable.origin.clone(), "declared here")
            .detail(format!("The process variable {process} is `{text}`."))
            .help(format!("set {process} to another value, or give `--ctx {name}=VALUE`"))
        });
    }
    if let Some(default) = &variable.default {
        return Ok(default.clone());
    }
    if !variable.required {
        return Ok(Json::Null);
    }
    Err(Diagnostic::error("missing-context", format!("the context variable `{name}` has no value"))
        .label(variable.origin.clone(), "required here")
        .help(format!("give `--ctx {name}=VALUE`, or set the process variable {process}")))
}

/// The system that this program is built for, as `systems` of `[workspace]` calls it.
#[must_use]
pub fn system() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    format!("{}-{system}", std::env::consts::ARCH)
}
