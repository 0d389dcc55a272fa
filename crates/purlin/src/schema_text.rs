//! Fields of a schema as tables.

use purlin_model::{Kind, Source, Value, parse_json};

use crate::markdown::{head, row};

/// Roots of templates that have a meaning in this version, as they are written.
const ROOTS: [(&str, &str); 5] = [
    ("root", "`{root}`"),
    ("ctx", "`{ctx.NAME}`"),
    ("module", "`{module.…}`"),
    ("args", "`{args.NAME}`"),
    ("env", "`{env.NAME}`"),
];

/// A schema file.
pub(crate) struct SchemaText {
    document: Value,
}

impl SchemaText {
    /// `None` when it is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_json(&Source::new("schema", text)).ok().map(|document| Self { document })
    }

    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// The node that a reference leads to.
    pub(crate) fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let name = node.get("$ref").and_then(Value::as_str);
        match name.and_then(|name| self.document.pointer(name.trim_start_matches('#'))) {
            Some(found) => self.resolved(found),
            None => node,
        }
    }

    /// A note, from the node itself or from what it refers to.
    fn note<'a>(&'a self, node: &'a Value, keyword: &str) -> Option<&'a Value> {
        node.get(keyword).or_else(|| self.resolved(node).get(keyword))
    }

    pub(crate) fn description(&self, node: &Value) -> String {
        self.note(node, "description").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A table of the properties of a node.
    pub(crate) fn fields(&self, node: &Value) -> String {
        let node = self.resolved(node);
        let required: Vec<&str> = node
            .get("required")
            .and_then(Value::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut text = String::new();
        let properties = node.get("properties").and_then(Value::as_table);
        for (name, entry) in properties.into_iter().flat_map(|table| table.iter()) {
            let property = &entry.value;
            let default = match self.note(property, "default") {
                Some(value) => format!("`{}`", value.to_json()),
                None if required.contains(&name) => "required".to_owned(),
                None => String::new(),
            };
            let mut meaning = self.description(property);
            meaning.push_str(&self.template(property));
            let examples = self.note(property, "examples").and_then(Value::as_list);
            if let Some(examples) = examples {
                let examples: Vec<String> =
                    examples.iter().map(|one| format!("`{}`", one.to_json())).collect();
                meaning.push_str(&format!(" For example {}.", examples.join(", ")));
            }
            text.push_str(&row(&[
                &format!("`{name}`"),
                &self.type_of(property),
                &default,
                meaning.trim(),
            ]));
        }
        if text.is_empty() {
            return String::new();
        }
        head(&["field", "type", "default", "meaning"]) + &text
    }

    /// What a value is, in words.
    fn type_of(&self, node: &Value) -> String {
        let node = self.resolved(node);
        let literal = |value: &Value| format!("`{}`", value.to_json());
        if let Some(branches) = node.get("oneOf").and_then(Value::as_list) {
            let types: Vec<String> = branches.iter().map(|one| self.type_of(one)).collect();
            return types.join(" or ");
        }
        if let Some(values) = node.get("enum").and_then(Value::as_list) {
            return values.iter().map(literal).collect::<Vec<_>>().join(", ");
        }
        if let Some(value) = node.get("const") {
            return literal(value);
        }
        if let Some(Kind::List(names)) = node.get("type").map(|value| &value.kind) {
            return names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ");
        }
        let name = match node.get("type").map(|value| &value.kind) {
            Some(Kind::String(name)) => name.as_str(),
            _ => "",
        };
        match name {
            "array" => match node.get("items").map(|items| self.type_of(items)) {
                Some(items) => format!("list of: {items}"),
                None => "list".to_owned(),
            },
            "object" => match node.get("additionalProperties") {
                Some(other) if other.as_table().is_some() => {
                    format!("table of: {}", self.type_of(other))
                }
                _ => "table".to_owned(),
            },
            "" => "anything".to_owned(),
            other => other.to_owned(),
        }
    }

    /// Which references the text may hold.
    fn template(&self, node: &Value) -> String {
        let mut roots = Vec::new();
        self.roots(node, &mut roots);
        let known = ROOTS.iter().filter(|(root, _)| roots.contains(root));
        let known: Vec<&str> = known.map(|(_, written)| *written).collect();
        match known.split_last() {
            None => String::new(),
            Some((only, [])) => format!(" May hold {only}."),
            Some((last, others)) => format!(" May hold {} and {last}.", others.join(", ")),
        }
    }

    fn roots<'a>(&'a self, node: &'a Value, found: &mut Vec<&'a str>) {
        let node = self.resolved(node);
        let roots = node.get("x-purlin-template").and_then(Value::as_list);
        found.extend(roots.into_iter().flatten().filter_map(Value::as_str));
        let branches = node.get("oneOf").and_then(Value::as_list).into_iter().flatten();
        let inner = node.get("additionalProperties").filter(|one| one.as_table().is_some());
        for next in branches.chain(node.get("items")).chain(inner) {
            self.roots(next, found);
        }
    }
}
