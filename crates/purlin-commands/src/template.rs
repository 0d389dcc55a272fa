//! What references in texts stand for.

use purlin_model::{Diagnostic, Kind, NearMiss, Part, Template, Value};
use serde_json::Value as Json;

use crate::context::ContextValues;
use crate::definition::Named;
use crate::variables::ProcessVariables;

/// The roots of templates in commands. `env` is one in process variables only.
pub(crate) const ROOTS: [&str; 3] = ["root", "ctx", "module"];

/// What references are looked up in.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The workspace's root, absolute.
    pub(crate) root: &'a str,
    /// The user's process variables.
    pub(crate) variables: &'a ProcessVariables,
    /// The values of the context.
    pub(crate) context: &'a ContextValues,
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
                    let found = self.look_up(text, root, path.as_deref())?;
                    let value = plain(&found.value).ok_or_else(|| {
                        let written = written(root, path.as_deref());
                        let what =
                            if found.value.is_null() { "has no value" } else { "is no text" };
                        self.wrong(text, format!("`{written}` {what}"))
                    })?;
                    expanded.keyed.push_str(found.mark.as_deref().unwrap_or(&value));
                    expanded.value.push_str(&value);
                }
            }
        }
        Ok(expanded)
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
                let value = self.variables.user_text(name).ok_or_else(|| {
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
            (root, path) => {
                let written = written(root, path);
                Err(self
                    .wrong(text, format!("`{written}` is not supported by this version of Purlin"))
                    .help(format!("to write it literally, double the brace: `{{{written}`")))
            }
        }
    }

    fn wrong(&self, text: &Named, what: String) -> Diagnostic {
        Diagnostic::error("bad-reference", what).label(text.origin.clone(), "in this text")
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
        let scope = Scope { root: "/w", variables: &variables, context: &context };
        let text = from_command_line("{root}/x:{env.PATH}:{env.TOKEN}");
        let text = scope.text(&text, &["root", "env"]).expect("all is known");
        assert_eq!(text.value, "/w/x:/bin:t");
        assert_eq!(text.keyed, "\0root\0/x:\0env.PATH\0:t");
    }
}
