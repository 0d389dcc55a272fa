//! Reading a schema, and refusing all that is outside the subset, at once and with its line.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Diagnostics, Entry, Kind, Origin, Table, Value, fold, suggestion};
use regex_lite::Regex;

use super::settle::settle;
use super::{
    Additional, DeclaredProperty, JsonType, Merge, Node, NodeId, Notes, OneOf, PathRole, Schema,
};

/// The code of every error.
pub(super) const CODE: &str = "schema-subset";

/// The one dialect that `$schema` may name.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords that say what a value must be.
pub(super) const ASSERTIONS: [&str; 15] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "uniqueItems",
    "enum",
    "const",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "oneOf",
    "$ref",
];

/// Keywords that only say something about it.
pub(super) const NOTES: [&str; 9] = [
    "title",
    "description",
    "default",
    "deprecated",
    "examples",
    "x-purlin-secret",
    "x-purlin-template",
    "x-purlin-path",
    "x-purlin-merge",
];

/// Keywords of the outermost table alone.
pub(super) const ROOT: [&str; 3] = ["$schema", "$id", "$defs"];

pub(super) fn parse_schema(value: &Value) -> Result<Schema, Diagnostics> {
    let mut parser = Parser::default();
    if let Some(definitions) = value.get("$defs").and_then(Value::as_table) {
        for (name, entry) in definitions.iter() {
            let id = parser.reserve(&entry.value.origin);
            parser.definitions.insert(name.to_owned(), id);
        }
    }
    let root = parser.reserve(&value.origin);
    parser.root = root;
    parser.read_node(root, value, true);
    if let Some(definitions) = value.get("$defs").and_then(Value::as_table) {
        for (name, entry) in definitions.iter() {
            parser.read_node(parser.definitions[name], &entry.value, false);
        }
    }
    let mut schema = Schema { nodes: parser.nodes, root };
    let mut diagnostics = parser.diagnostics;
    settle(&mut schema, &mut diagnostics);
    if diagnostics.is_empty() {
        return Ok(schema);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.origin.start));
    Err(diagnostics)
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Node>,
    root: NodeId,
    definitions: BTreeMap<String, NodeId>,
    diagnostics: Vec<Diagnostic>,
}

impl Parser {
    /// A node that is still to be read.
    fn reserve(&mut self, origin: &Origin) -> NodeId {
        self.nodes.push(Node {
            origin: origin.clone(),
            types: Vec::new(),
            properties: Vec::new(),
            additional: Additional::Anything,
            items: None,
            unique_items: false,
            values: None,
            minimum: None,
            maximum: None,
            min_length: None,
            max_length: None,
            pattern: None,
            one_of: None,
            reference: None,
            notes: Notes::default(),
        });
        self.nodes.len() - 1
    }

    fn error(&mut self, summary: impl Into<String>, origin: &Origin, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(CODE, summary).label(origin.clone(), label));
    }

    fn wrong(&mut self, keyword: &str, expected: &str, value: &Value) {
        let label = format!("this is {}", value.described());
        self.error(format!("`{keyword}` must be {expected}"), &value.origin, label);
    }

    fn read_new(&mut self, value: &Value) -> NodeId {
        let id = self.reserve(&value.origin);
        self.read_node(id, value, false);
        id
    }

    fn read_node(&mut self, id: NodeId, value: &Value, is_root: bool) {
        let Some(table) = value.as_table() else {
            let label = format!("this is {}", value.described());
            self.error("a schema must be an object", &value.origin, label);
            return;
        };
        self.refuse_unknown(table, is_root);
        self.refuse_combinations(table);
        let types = self.read_types(table);
        let properties = self.read_properties(table);
        let additional = match table.get("additionalProperties") {
            Some(Value { kind: Kind::Bool(true), .. }) => Additional::Anything,
            Some(Value { kind: Kind::Bool(false), .. }) => Additional::Nothing,
            Some(schema) => Additional::Node(self.read_new(schema)),
            None if table.get("properties").is_some() || types.contains(&JsonType::Object) => {
                Additional::Nothing
            }
            None => Additional::Anything,
        };
        let read = Node {
            origin: value.origin.clone(),
            properties,
            additional,
            types,
            items: table.get("items").map(|schema| self.read_new(schema)),
            unique_items: self.read_bool(table, "uniqueItems"),
            values: self.read_values(table),
            minimum: self.read_number(table, "minimum"),
            maximum: self.read_number(table, "maximum"),
            min_length: self.read_length(table, "minLength"),
            max_length: self.read_length(table, "maxLength"),
            pattern: self.read_pattern(table),
            one_of: self.read_branches(table),
            reference: self.read_reference(table),
            notes: self.read_notes(table),
        };
        if read.minimum.zip(read.maximum).is_some_and(|(low, high)| low > high)
            || read.min_length.zip(read.max_length).is_some_and(|(low, high)| low > high)
        {
            self.error("no value can be right", &value.origin, "the least is above the most");
        }
        self.nodes[id] = read;
    }

    fn refuse_unknown(&mut self, table: &Table, is_root: bool) {
        for (key, entry) in table.iter() {
            if ASSERTIONS.contains(&key) || NOTES.contains(&key) || (is_root && ROOT.contains(&key))
            {
                continue;
            }
            let (label, help) = if ROOT.contains(&key) {
                ("only the outermost object may have it", None)
            } else {
                let all = ASSERTIONS.into_iter().chain(NOTES);
                ("not a keyword of the subset", suggestion(key, "keywords", all))
            };
            self.diagnostics.push(
                Diagnostic::error(CODE, format!("the keyword `{key}` cannot be used here"))
                    .label(entry.key.clone(), label)
                    .help(help),
            );
        }
        if !is_root {
            return;
        }
        if let Some(dialect) = table.get("$schema").filter(|one| one.as_str() != Some(DIALECT)) {
            self.error("`$schema` names another dialect", &dialect.origin, "not 2020-12");
        }
        if let Some(definitions) = table.get("$defs").filter(|all| all.as_table().is_none()) {
            self.wrong("$defs", "an object", definitions);
        }
    }

    /// `$ref` and `oneOf` stand alone but for notes, so that there is one node that says what a
    /// value must be.
    fn refuse_combinations(&mut self, table: &Table) {
        for alone in ["$ref", "oneOf"] {
            let Some(first) = table.entry(alone) else { continue };
            for (key, entry) in table.iter() {
                if key != alone && ASSERTIONS.contains(&key) {
                    self.diagnostics.push(
                        Diagnostic::error(CODE, format!("`{key}` cannot stand beside `{alone}`"))
                            .label(entry.key.clone(), "this one")
                            .label(first.key.clone(), "beside this one")
                            .help(format!("move it into what `{alone}` names")),
                    );
                }
            }
        }
        if let (Some(constant), Some(_)) = (table.entry("const"), table.entry("enum")) {
            self.error("`const` cannot stand beside `enum`", &constant.key, "say one of the two");
        }
    }

    fn read_types(&mut self, table: &Table) -> Vec<JsonType> {
        let Some(value) = table.get("type") else { return Vec::new() };
        let names = match &value.kind {
            Kind::List(names) => names.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if names.is_empty() {
            self.error("`type` is empty", &value.origin, "no value can be right");
        }
        let mut types = Vec::with_capacity(names.len());
        for name in names {
            let Some(text) = name.as_str() else {
                self.wrong("type", "a type or a list of types", name);
                continue;
            };
            match JsonType::ALL.into_iter().find(|one| one.as_str() == text) {
                Some(one) => types.push(one),
                None => {
                    let all = JsonType::ALL.map(JsonType::as_str);
                    self.diagnostics.push(
                        Diagnostic::error(CODE, format!("unknown type `{text}`"))
                            .label(name.origin.clone(), "not a type of JSON Schema")
                            .help(suggestion(text, "types", all)),
                    );
                }
            }
        }
        types
    }

    fn read_properties(&mut self, table: &Table) -> Vec<DeclaredProperty> {
        let mut properties: Vec<DeclaredProperty> = Vec::new();
        if let Some(value) = table.get("properties") {
            match value.as_table() {
                None => self.wrong("properties", "an object", value),
                Some(declared) => {
                    for (name, Entry { key, value }) in declared.iter() {
                        let folded = fold(name);
                        if properties.iter().any(|other| fold(&other.name) == folded) {
                            let summary = format!("the property `{name}` is declared twice");
                            self.error(summary, key, "`-` and `_` are one character in names");
                        }
                        let node = self.read_new(value);
                        let name = name.to_owned();
                        properties.push(DeclaredProperty { name, node, required: false });
                    }
                }
            }
        }
        for (name, origin) in self.read_texts(table, "required").unwrap_or_default() {
            match properties.iter_mut().find(|property| fold(&property.name) == fold(&name)) {
                Some(property) => property.required = true,
                None => {
                    let names = properties.iter().map(|property| property.name.as_str());
                    let help = suggestion(&name, "properties", names);
                    self.diagnostics.push(
                        Diagnostic::error(CODE, format!("`{name}` is required but not declared"))
                            .label(origin, "there is no such property")
                            .help(help),
                    );
                }
            }
        }
        properties
    }

    fn read_values(&mut self, table: &Table) -> Option<Vec<Value>> {
        if let Some(value) = table.get("const") {
            return Some(vec![value.clone()]);
        }
        let value = table.get("enum")?;
        match value.as_list() {
            Some(values) if !values.is_empty() => return Some(values.to_vec()),
            Some(_) => self.error("`enum` is empty", &value.origin, "no value can be right"),
            None => self.wrong("enum", "a list", value),
        }
        None
    }

    fn read_branches(&mut self, table: &Table) -> Option<OneOf> {
        let value = table.get("oneOf")?;
        let Some(branches) = value.as_list().filter(|branches| !branches.is_empty()) else {
            self.wrong("oneOf", "a list with at least one schema", value);
            return None;
        };
        let branches = branches.iter().map(|branch| self.read_new(branch)).collect();
        Some(OneOf { branches, discriminator: None })
    }

    fn read_reference(&mut self, table: &Table) -> Option<NodeId> {
        let value = table.get("$ref")?;
        let Some(text) = value.as_str() else {
            self.wrong("$ref", "a string", value);
            return None;
        };
        if text == "#" {
            return Some(self.root);
        }
        let Some(name) = text.strip_prefix("#/$defs/") else {
            let summary = format!("the reference `{text}` is not local");
            self.error(summary, &value.origin, "only `#` and `#/$defs/NAME` can be named");
            return None;
        };
        let found = self.definitions.get(name).copied();
        if found.is_none() {
            let names = self.definitions.keys().map(String::as_str);
            let help = suggestion(name, "definitions", names);
            self.diagnostics.push(
                Diagnostic::error(CODE, format!("the reference `{text}` names nothing"))
                    .label(value.origin.clone(), "there is no such definition")
                    .help(help),
            );
        }
        found
    }

    fn read_pattern(&mut self, table: &Table) -> Option<Regex> {
        let value = table.get("pattern")?;
        let Some(text) = value.as_str() else {
            self.wrong("pattern", "a string", value);
            return None;
        };
        match Regex::new(text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.error("the pattern cannot be used", &value.origin, error.to_string());
                None
            }
        }
    }

    fn read_notes(&mut self, table: &Table) -> Notes {
        let path = table.get("x-purlin-path").and_then(|value| match &value.kind {
            Kind::Bool(true) => Some(PathRole::Path),
            Kind::String(text) if text == "input" => Some(PathRole::Input),
            Kind::String(text) if text == "glob" => Some(PathRole::Glob),
            _ => {
                self.wrong("x-purlin-path", "true, \"input\" or \"glob\"", value);
                None
            }
        });
        let examples = match table.get("examples") {
            None => Vec::new(),
            Some(value) => value.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| {
                self.wrong("examples", "a list", value);
                Vec::new()
            }),
        };
        let merge = table.get("x-purlin-merge").and_then(|value| {
            let found = Merge::NAMES.into_iter().find(|(name, _)| value.as_str() == Some(*name));
            if found.is_none() {
                self.wrong("x-purlin-merge", "\"unique\", \"append\" or \"union\"", value);
            }
            found.map(|(_, merge)| merge)
        });
        Notes {
            title: self.read_text(table, "title"),
            description: self.read_text(table, "description"),
            default: table.get("default").cloned(),
            deprecated: self.read_bool(table, "deprecated"),
            examples,
            secret: self.read_bool(table, "x-purlin-secret"),
            template: self
                .read_texts(table, "x-purlin-template")
                .map(|roots| roots.into_iter().map(|(root, _)| root).collect()),
            path,
            merge,
        }
    }

    fn read_bool(&mut self, table: &Table, keyword: &str) -> bool {
        let Some(value) = table.get(keyword) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.wrong(keyword, "a boolean", value);
            false
        })
    }

    fn read_text(&mut self, table: &Table, keyword: &str) -> Option<String> {
        let value = table.get(keyword)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(keyword, "a string", value);
        }
        text.map(str::to_owned)
    }

    fn read_texts(&mut self, table: &Table, keyword: &str) -> Option<Vec<(String, Origin)>> {
        let value = table.get(keyword)?;
        let Some(items) = value.as_list() else {
            self.wrong(keyword, "a list of strings", value);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) => texts.push((text.to_owned(), item.origin.clone())),
                None => self.wrong(keyword, "a list of strings", item),
            }
        }
        Some(texts)
    }

    fn read_number(&mut self, table: &Table, keyword: &str) -> Option<f64> {
        let value = table.get(keyword)?;
        match value.kind {
            #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
            Kind::Int(number) => Some(number as f64),
            Kind::Float(number) if number.is_finite() => Some(number),
            _ => {
                self.wrong(keyword, "a number", value);
                None
            }
        }
    }

    fn read_length(&mut self, table: &Table, keyword: &str) -> Option<u64> {
        let value = table.get(keyword)?;
        let length = value.as_int().and_then(|length| u64::try_from(length).ok());
        if length.is_none() {
            self.wrong(keyword, "an integer from 0", value);
        }
        length
    }
}
