//! A language for tests. A function's value is a text: its file, and what it was called with.
//!
//! ```text
//! NAME = TEXT
//! def NAME(a, b=, *rest):
//!     use PARAMETER.NAME.NAME      its value is part of the text
//!     fail MESSAGE
//! definitions = {"section": {"name": "@function", "other": "@function!50", "data": 1}}
//! ```

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use purlin_model::{Diagnostic, Diagnostics, Origin, Source, Value};
use purlin_plugin::language::{
    Argument, Datum, Evaluated, FileIndex, Function, FunctionRef, Handle, Language, LeafType,
    Parameter, ParameterKind, Written,
};
use serde_json::Value as Json;

/// The lines below the head of each function, with their offsets.
type Bodies = HashMap<String, Vec<(usize, String)>>;

#[derive(Default)]
pub(crate) struct Tiny {
    /// How often each function was called.
    pub(crate) calls: Mutex<HashMap<String, usize>>,
    /// How many files were parsed.
    pub(crate) parsed: Mutex<usize>,
    bodies: Mutex<HashMap<String, Bodies>>,
}

/// A text. What a function made counts as something that any section may hold.
pub(crate) struct Text {
    text: String,
    is_made: bool,
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Evaluated for Text {
    fn datum(&self) -> Datum {
        Datum::String(self.text.clone())
    }

    fn fields(&self) -> Option<Datum> {
        None
    }

    fn is_function(&self) -> bool {
        self.is_made
    }

    fn leaf(&self) -> Option<Arc<LeafType>> {
        None
    }

    fn origin(&self) -> Option<Origin> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(crate) fn shown(argument: &Argument) -> String {
    match argument {
        Argument::Value(handle) => format!("{handle:?}"),
        Argument::Data(value) => match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_json().to_string(),
        },
        Argument::Leaf(written) => format!("{} {}", written.leaf.name, written.fields.to_json()),
        Argument::Constructor(leaf) => format!("<{}>", leaf.constructor),
        Argument::Namespace(names) => format!("<{}>", names.described()),
    }
}

/// A line of a source with its offset.
fn lines(source: &Source) -> Vec<(usize, &str)> {
    let text = source.text.as_deref().unwrap_or_default();
    let mut offset = 0;
    let split = text.split_inclusive('\n').map(move |line| {
        let start = offset;
        offset += line.len();
        (start, line.trim_end())
    });
    split.collect()
}

fn parameters(source: &Arc<Source>, start: usize, line: &str) -> Vec<Parameter> {
    let (open, close) = (line.find('(').unwrap(), line.rfind(')').unwrap());
    let mut offset = open + 1;
    let mut found = Vec::new();
    for part in line[open + 1..close].split(',') {
        let written = part.trim();
        let place = start + offset + (part.len() - part.trim_start().len());
        offset += part.len() + 1;
        if written.is_empty() {
            continue;
        }
        let kind = match (written.starts_with('*'), written.ends_with('=')) {
            (true, _) => ParameterKind::Rest,
            (_, true) => ParameterKind::Optional,
            _ => ParameterKind::Required,
        };
        let name = written.trim_matches(['*', '=']).to_owned();
        let origin = Origin::new(source, place..place + name.len());
        found.push(Parameter { name, origin, kind });
    }
    found
}

fn written(json: &Json, origin: &Origin) -> Written {
    match json {
        Json::Object(map) => Written::Branch(
            map.iter()
                .map(|(name, value)| (name.clone(), origin.clone(), written(value, origin)))
                .collect(),
        ),
        Json::String(text) if text.starts_with('@') => {
            let (name, priority) = match text[1..].split_once('!') {
                Some((name, priority)) => (name, Some(priority.parse().unwrap())),
                None => (&text[1..], None),
            };
            Written::Name { name: name.to_owned(), origin: origin.clone(), priority }
        }
        data => Written::Data { value: Value::from_json(data, origin), priority: None },
    }
}

impl Tiny {
    /// The lines below a function's head, found once for each file.
    fn body(&self, function: &FunctionRef) -> Vec<(usize, String)> {
        let mut bodies = self.bodies.lock().unwrap();
        let path = function.source.path.to_string_lossy().into_owned();
        let bodies = bodies.entry(path).or_insert_with(|| {
            let mut found = Bodies::new();
            let mut last = String::new();
            for (start, line) in lines(&function.source) {
                if let Some(rest) = line.strip_prefix("def ") {
                    last = rest.split('(').next().unwrap().to_owned();
                    found.insert(last.clone(), Vec::new());
                } else if line.starts_with(' ') {
                    found.get_mut(&last).unwrap().push((start, line.to_owned()));
                }
            }
            found
        });
        bodies[&function.name].clone()
    }
}

impl Language for Tiny {
    fn index(&self, source: &Arc<Source>) -> Result<Arc<FileIndex>, Diagnostics> {
        *self.parsed.lock().unwrap() += 1;
        let mut index = FileIndex {
            functions: Vec::new(),
            constants: Vec::new(),
            loaded: BTreeMap::new(),
            definitions: None,
        };
        for (start, line) in lines(source) {
            let place = |from: usize, length: usize| {
                Origin::new(source, start + from..start + from + length)
            };
            if let Some(rest) = line.strip_prefix("def ") {
                let name = rest.split('(').next().unwrap().to_owned();
                let origin = place(4, name.len());
                let parameters = parameters(source, start, line);
                index.functions.push(Function { name, origin, parameters });
            } else if let Some(json) = line.strip_prefix("definitions = ") {
                let json = serde_json::from_str(json).unwrap();
                index.definitions = Some(written(&json, &place(0, 11)));
            } else if let Some((name, _)) = line.split_once(" = ") {
                index.constants.push((name.to_owned(), place(0, name.len())));
            } else if !line.is_empty() && !line.starts_with(' ') {
                return Err(vec![
                    Diagnostic::error("syntax", "this is no line of the language")
                        .label(place(0, line.len()), "here"),
                ]);
            }
        }
        Ok(Arc::new(index))
    }

    fn attend(&self, work: Box<dyn FnOnce() + Send>) -> Result<(), Diagnostic> {
        let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(work);
        thread.unwrap().join().map_err(|_| Diagnostic::error("internal", "the work has failed"))
    }

    fn call(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
    ) -> Result<Handle, Diagnostic> {
        let stem = function.source.path.file_stem().unwrap().to_string_lossy().into_owned();
        let name = match function.name.as_str() {
            "default" => stem,
            name => name.to_owned(),
        };
        *self.calls.lock().unwrap().entry(name.clone()).or_default() += 1;
        let mut parts: Vec<String> = arguments.iter().map(|(_, value)| shown(value)).collect();
        for (start, line) in &self.body(function) {
            let words = line.trim();
            if let Some(message) = words.strip_prefix("fail ") {
                let origin = Origin::new(&function.source, *start..*start + line.len());
                return Err(Diagnostic::error("failed", message).label(origin, "here"));
            }
            let path: Vec<&str> = words.strip_prefix("use ").unwrap().split('.').collect();
            let first = arguments.iter().find(|(name, _)| name == path[0]).unwrap();
            let mut value = first.1.clone();
            for name in &path[1..] {
                let Argument::Namespace(names) = &value else { panic!("{name} of {value:?}") };
                let absent =
                    || Diagnostic::error("no-name", format!("no {name} in {}", names.described()));
                value = names.get(name).ok_or_else(absent)??;
            }
            parts.push(shown(&value));
        }
        let mut text = format!("{name}({})", parts.join(", "));
        text.truncate(500);
        Ok(Arc::new(Text { text, is_made: true }))
    }

    fn constant(&self, source: &Arc<Source>, name: &str) -> Result<Handle, Diagnostic> {
        let head = format!("{name} = ");
        let all = lines(source);
        let text = all.iter().find_map(|(_, line)| line.strip_prefix(&head)).unwrap();
        Ok(Arc::new(Text { text: text.to_owned(), is_made: false }))
    }
}
