//! Files in memory, and shortcuts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use purlin_model::{Diagnostic, Source};
use purlin_plugin::Schema;
use purlin_plugin::language::{
    Argument, Datum, Evaluated, FunctionRef, Handle, Language, LeafType, Namespace, Sources,
};
use purlin_starlark::{Limits, Starlark};

/// A workspace in memory.
#[derive(Default)]
pub(crate) struct Files(Mutex<BTreeMap<String, Arc<Source>>>);

impl Files {
    pub(crate) fn source(&self, path: &str) -> Option<Arc<Source>> {
        self.0.lock().unwrap().get(path).cloned()
    }
}

impl Sources for Files {
    fn load(&self, label: &str, from: &Arc<Source>) -> Result<Arc<Source>, Diagnostic> {
        let _ = from;
        let path = label.strip_prefix("./").unwrap_or(label);
        self.source(path)
            .ok_or_else(|| Diagnostic::error("load", format!("there is no file `{path}`")))
    }
}

/// A language with files.
pub(crate) struct World {
    pub(crate) files: Arc<Files>,
    pub(crate) language: Starlark,
}

/// A workspace with files and their texts.
pub(crate) fn world(files: &[(&str, &str)]) -> World {
    world_with(files, Limits::default())
}

pub(crate) fn world_with(files: &[(&str, &str)], limits: Limits) -> World {
    let sources =
        files.iter().map(|(path, text)| ((*path).to_owned(), Source::new(*path, *text))).collect();
    let files = Arc::new(Files(Mutex::new(sources)));
    World { language: Starlark::with_limits(files.clone(), limits), files }
}

impl World {
    pub(crate) fn function(&self, path: &str, name: &str) -> FunctionRef {
        FunctionRef { source: self.files.source(path).unwrap(), name: name.to_owned() }
    }

    pub(crate) fn call(
        &self,
        path: &str,
        arguments: &[(&str, Argument)],
    ) -> Result<Handle, Diagnostic> {
        let arguments: Vec<_> =
            arguments.iter().map(|(name, one)| ((*name).to_owned(), one.clone())).collect();
        self.language.call(&self.function(path, "default"), &arguments)
    }
}

/// Calls `default` of the one file that there is.
pub(crate) fn evaluate(text: &str) -> Result<Handle, Diagnostic> {
    world(&[("a.star", text)]).call("a.star", &[])
}

/// A value as text, leaves and functions by what they are.
pub(crate) fn shown(handle: &Handle) -> String {
    show(&handle.datum())
}

pub(crate) fn show(datum: &Datum) -> String {
    match datum {
        Datum::Null => "null".to_owned(),
        Datum::Bool(value) => value.to_string(),
        Datum::Int(value) => value.to_string(),
        Datum::Float(value) => format!("{value:?}"),
        Datum::String(text) => format!("{text:?}"),
        Datum::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Datum::Table(entries) => {
            let entries = entries.iter().map(|(key, one)| format!("{key}: {}", show(one)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Datum::Leaf(leaf) => format!("<{}>", leaf.leaf().unwrap().name),
        Datum::Function(_) => "<function>".to_owned(),
    }
}

/// A message with everything that belongs to it.
pub(crate) fn told(diagnostic: &Diagnostic) -> String {
    let mut lines = vec![format!("{}: {}", diagnostic.code, diagnostic.summary)];
    for label in &diagnostic.labels {
        lines.push(format!("  {} {}", label.origin, label.text));
    }
    for (mark, text) in [("|", &diagnostic.detail), (">", &diagnostic.help)] {
        lines.extend(text.lines().map(|line| format!("  {mark} {line}")));
    }
    lines.join("\n")
}

/// The type of a package.
pub(crate) fn package() -> Arc<LeafType> {
    let schema = r#"{"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"},
        "version": {"type": "string", "default": "0"},
        "build": {"type": "string"},
        "build-requires": {"type": "array", "items": {"type": "string"}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}}
    }}"#;
    Arc::new(LeafType {
        name: "package".to_owned(),
        plugin: "packages".to_owned(),
        constructor: "mk_package".to_owned(),
        schema: Arc::new(Schema::parse(&Source::new("package.json", schema)).unwrap()),
        role: Some("build".to_owned()),
        has_name: true,
    })
}

pub(crate) fn mk_package() -> (&'static str, Argument) {
    ("mk_package", Argument::Constructor(package()))
}

type Look = dyn Fn(&str) -> Option<Result<Argument, Diagnostic>> + Send + Sync;

/// A namespace that a closure answers for.
pub(crate) struct Names(pub(crate) Vec<&'static str>, pub(crate) Box<Look>);

impl Namespace for Names {
    fn described(&self) -> String {
        "pkgs".to_owned()
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|name| (*name).to_owned()).collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        (self.1)(name)
    }
}

pub(crate) fn names(
    names: Vec<&'static str>,
    look: impl Fn(&str) -> Option<Result<Argument, Diagnostic>> + Send + Sync + 'static,
) -> Argument {
    Argument::Namespace(Arc::new(Names(names, Box::new(look))))
}

/// The fields of a leaf as text.
pub(crate) fn fields(handle: &Handle) -> String {
    show(&Evaluated::fields(&**handle).unwrap())
}
