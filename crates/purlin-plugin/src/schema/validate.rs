//! Checking a value: all mistakes at once, each at its place.

use purlin_model::{Diagnostic, Entry, Kind, Origin, Table, Value, folds_alike, suggestion};

use super::choose::{Choice, takes, type_of, whole};
use super::equal::same;
use super::{Additional, Discriminator, JsonType, Node, NodeId, Schema};

/// The code of every error.
const CODE: &str = "schema";

/// How deeply values may lie in each other.
const MAX_DEPTH: usize = 100;

/// How many values one default may stand for; one that contains itself ends here.
const MAX_FILLED: usize = 10_000;

pub(super) fn validate(schema: &Schema, value: Value, fills: bool) -> (Value, Vec<Diagnostic>) {
    validate_own(schema, schema.root, value, fills)
}

/// Checks a value against a part of the schema.
pub(super) fn validate_node(
    schema: &Schema,
    id: NodeId,
    value: &Value,
) -> (Value, Vec<Diagnostic>) {
    validate_own(schema, id, value.clone(), true)
}

fn validate_own(
    schema: &Schema,
    id: NodeId,
    value: Value,
    fills: bool,
) -> (Value, Vec<Diagnostic>) {
    let mut checker = Checker { schema, diagnostics: Vec::new(), fills, filled: 0 };
    let place = Place { step: Step::Root, secret: false, filled: false, depth: 0 };
    let value = checker.check(id, value, &place);
    (value, checker.diagnostics)
}

/// Where in the value the check is. What its pointer is, is only found out for a message.
#[derive(Clone, Copy)]
struct Place<'p> {
    step: Step<'p>,
    /// True for a secret and all that is in it: it is not shown.
    secret: bool,
    /// True for a default and all that is in it: nobody wrote it.
    filled: bool,
    depth: usize,
}

/// The last step of the way to a place.
#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl<'p> Place<'p> {
    fn below(&'p self, key: &'p str) -> Self {
        Self { step: Step::Key(self, key), depth: self.depth + 1, ..*self }
    }

    fn item(&'p self, index: usize) -> Self {
        Self { step: Step::Item(self, index), depth: self.depth + 1, ..*self }
    }

    /// Adds the JSON Pointer to it.
    fn point(&self, pointer: &mut String) {
        match self.step {
            Step::Root => {}
            Step::Key(above, key) => {
                above.point(pointer);
                pointer.push('/');
                for character in key.chars() {
                    match character {
                        '~' => pointer.push_str("~0"),
                        '/' => pointer.push_str("~1"),
                        other => pointer.push(other),
                    }
                }
            }
            Step::Item(above, index) => {
                above.point(pointer);
                pointer.push_str(&format!("/{index}"));
            }
        }
    }

    /// As messages call it.
    fn title(&self) -> String {
        match self.step {
            Step::Root => "the value".to_owned(),
            Step::Key(..) | Step::Item(..) => {
                let mut pointer = "`".to_owned();
                self.point(&mut pointer);
                pointer.push('`');
                pointer
            }
        }
    }

    /// The value as messages show it.
    fn show(&self, value: &Value) -> String {
        if self.secret { value.described().to_owned() } else { show(value) }
    }
}

/// A value in short.
fn show(value: &Value) -> String {
    const SHOWN: usize = 60;
    match &value.kind {
        Kind::List(_) | Kind::Table(_) => value.described().to_owned(),
        Kind::String(text) if text.chars().count() > SHOWN => {
            format!("`{}…`", text.chars().take(SHOWN).collect::<String>())
        }
        Kind::String(text) => format!("`{text}`"),
        _ => format!("`{}`", value.to_json()),
    }
}

/// `a`, `a or b`, `a, b or c`
fn alternatives(all: &[String]) -> String {
    match all {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

fn describe_types(types: &[JsonType]) -> String {
    let all: Vec<String> = types.iter().map(|one| one.described().to_owned()).collect();
    alternatives(&all)
}

struct Checker<'s> {
    schema: &'s Schema,
    diagnostics: Vec<Diagnostic>,
    /// Whether defaults take the place of what is not there.
    fills: bool,
    /// Values that came from defaults so far.
    filled: usize,
}

impl<'s> Checker<'s> {
    fn error(&mut self, summary: String, origin: &Origin, label: String, help: Option<String>) {
        self.diagnostics
            .push(Diagnostic::error(CODE, summary).label(origin.clone(), label).help(help));
    }

    /// Checks one value and returns it normalised; where it is wrong, whatever.
    fn check(&mut self, id: NodeId, value: Value, place: &Place<'_>) -> Value {
        if place.filled {
            self.filled += 1;
            if self.filled == MAX_FILLED {
                let label = format!("defaults stand for more than {MAX_FILLED} values");
                self.error("the defaults never end".to_owned(), &value.origin, label, None);
            }
            if self.filled >= MAX_FILLED {
                return value;
            }
        }
        let schema = self.schema;
        let notes = || schema.chain(id).map(|node| &node.notes);
        let place = &Place { secret: place.secret || notes().any(|notes| notes.secret), ..*place };
        let description = || notes().find_map(|notes| notes.description.clone());
        if !place.filled && notes().any(|notes| notes.deprecated) {
            self.diagnostics.push(
                Diagnostic::warning("deprecated", format!("{} is deprecated", place.title()))
                    .label(value.origin.clone(), "still works, but should not be used")
                    .help(description()),
            );
        }
        if place.depth > MAX_DEPTH {
            let what = format!("{} lies too deep", place.title());
            self.error(what, &value.origin, format!("more than {MAX_DEPTH} levels"), None);
            return value;
        }
        let node = self.schema.resolved(id);
        if let Some(one_of) = &node.one_of {
            return match self.schema.choose(one_of, &value) {
                Choice::Branch(branch) => self.check(branch, value, place),
                Choice::NoType => {
                    self.wrong_type(&self.schema.types_of(id), &value, place);
                    value
                }
                Choice::Missing(discriminator) => {
                    self.missing_discriminator(discriminator, &value, place);
                    value
                }
                Choice::Unknown(discriminator, named) => {
                    let values: Vec<&Value> =
                        discriminator.values.iter().map(|(value, _)| value).collect();
                    self.not_one_of(&values, named, &place.below(&discriminator.property));
                    value
                }
            };
        }
        if !takes(&node.types, type_of(&value)) {
            self.wrong_type(&node.types, &value, place);
            return value;
        }
        if let Some(values) = &node.values
            && !values.iter().any(|one| same(one, &value))
        {
            self.not_one_of(&values.iter().collect::<Vec<_>>(), &value, place);
            return value;
        }
        let Value { kind, origin } = value;
        let kind = match kind {
            Kind::List(items) => Kind::List(self.check_list(node, items, place)),
            Kind::Table(table) => Kind::Table(self.check_table(node, table, &origin, place)),
            kind => return self.check_simple(node, Value { kind, origin }, place, &description),
        };
        Value { kind, origin }
    }

    /// Checks what holds no other values.
    fn check_simple(
        &mut self,
        node: &Node,
        value: Value,
        place: &Place<'_>,
        description: &dyn Fn() -> Option<String>,
    ) -> Value {
        match &value.kind {
            Kind::Int(number) => {
                #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
                self.check_limits(node, *number as f64, &value, place);
            }
            Kind::Float(number) => {
                let kind = self.check_float(node, *number, &value, place);
                return Value { kind, ..value };
            }
            Kind::String(text) => self.check_text(node, text, &value, place, description),
            _ => {}
        }
        value
    }

    fn wrong_type(&mut self, expected: &[JsonType], value: &Value, place: &Place<'_>) {
        let summary = format!("{} must be {}", place.title(), describe_types(expected));
        self.error(summary, &value.origin, format!("this is {}", value.described()), None);
    }

    fn not_one_of(&mut self, values: &[&Value], value: &Value, place: &Place<'_>) {
        let all: Vec<String> = values.iter().map(|one| show(one)).collect();
        let summary = format!("{} must be {}", place.title(), alternatives(&all));
        let near = value
            .as_str()
            .and_then(|text| purlin_model::closest(text, values.iter().filter_map(|v| v.as_str())))
            .map(|near| format!("did you mean `{near}`?"));
        let label = format!("this is {}", place.show(value));
        self.error(summary, &value.origin, label, near.filter(|_| !place.secret));
    }

    fn missing_discriminator(&mut self, by: &Discriminator, value: &Value, place: &Place<'_>) {
        let all: Vec<String> = by.values.iter().map(|(value, _)| show(value)).collect();
        let summary = format!("{} is missing", place.below(&by.property).title());
        let label = format!("this table needs `{}`: {}", by.property, alternatives(&all));
        self.error(summary, &value.origin, label, None);
    }

    fn check_float(&mut self, node: &Node, number: f64, value: &Value, place: &Place<'_>) -> Kind {
        if !number.is_finite() {
            let summary = format!("{} must be a finite number", place.title());
            self.error(summary, &value.origin, "JSON has no such number".to_owned(), None);
        }
        self.check_limits(node, number, value, place);
        let only_whole =
            node.types.contains(&JsonType::Integer) && !node.types.contains(&JsonType::Number);
        match whole(number).filter(|_| only_whole) {
            Some(whole) => Kind::Int(whole),
            None => Kind::Float(number),
        }
    }

    fn check_limits(&mut self, node: &Node, number: f64, value: &Value, place: &Place<'_>) {
        let low = node.minimum.filter(|minimum| number < *minimum).map(|limit| ("least", limit));
        let high = node.maximum.filter(|maximum| number > *maximum).map(|limit| ("most", limit));
        for (word, limit) in low.into_iter().chain(high) {
            let summary = format!("{} must be at {word} {limit}", place.title());
            self.error(summary, &value.origin, format!("this is {}", place.show(value)), None);
        }
    }

    fn check_text(
        &mut self,
        node: &Node,
        text: &str,
        value: &Value,
        place: &Place<'_>,
        description: &dyn Fn() -> Option<String>,
    ) {
        let length = text.chars().count() as u64;
        let low = node.min_length.filter(|least| length < *least).map(|limit| ("least", limit));
        let high = node.max_length.filter(|most| length > *most).map(|limit| ("most", limit));
        for (word, limit) in low.into_iter().chain(high) {
            let unit = if limit == 1 { "character" } else { "characters" };
            let summary = format!("{} must have at {word} {limit} {unit}", place.title());
            self.error(summary, &value.origin, format!("this has {length}"), None);
        }
        if let Some(pattern) = &node.pattern
            && !pattern.is_match(text)
        {
            let summary = format!("{} must match `{}`", place.title(), pattern.as_str());
            let label = format!("this is {}", place.show(value));
            self.error(summary, &value.origin, label, description());
        }
    }

    fn check_list(&mut self, node: &Node, items: Vec<Value>, place: &Place<'_>) -> Vec<Value> {
        if node.unique_items {
            for (index, item) in items.iter().enumerate() {
                let Some(first) = items[..index].iter().find(|first| same(first, item)) else {
                    continue;
                };
                let again = place.item(index);
                self.diagnostics.push(
                    Diagnostic::error(CODE, format!("{} is there already", again.title()))
                        .label(item.origin.clone(), "again here")
                        .label(first.origin.clone(), "first here")
                        .help("every element must be different; remove one".to_owned()),
                );
            }
        }
        let check_item = |(index, item): (usize, Value)| {
            let place = place.item(index);
            match node.items {
                Some(id) => self.check(id, item, &place),
                None => self.check_anything(item, &place),
            }
        };
        items.into_iter().enumerate().map(check_item).collect()
    }

    fn check_table(
        &mut self,
        node: &Node,
        table: Table,
        origin: &Origin,
        place: &Place<'_>,
    ) -> Table {
        let mut checked = Table::with_capacity(table.len());
        for (key, entry) in table {
            let declared = node.properties.iter().find(|one| folds_alike(&one.name, &key));
            match (declared, node.additional) {
                (Some(property), _) => {
                    if let Some(first) = checked.entry(&property.name) {
                        let first = first.key.clone();
                        self.written_twice(&property.name, &entry, first, place);
                        continue;
                    }
                    let place = place.below(&property.name);
                    let value = self.check(property.node, entry.value, &place);
                    let key = if key == property.name { key } else { property.name.clone() };
                    checked.insert(key, entry.key, value);
                }
                (None, Additional::Node(id)) => {
                    let value = self.check(id, entry.value, &place.below(&key));
                    checked.insert(key, entry.key, value);
                }
                (None, Additional::Anything) => {
                    let value = self.check_anything(entry.value, &place.below(&key));
                    checked.insert(key, entry.key, value);
                }
                (None, Additional::Nothing) => {
                    let names = node.properties.iter().map(|property| property.name.as_str());
                    let summary = format!("unknown field {}", place.below(&key).title());
                    let label = "not a field of this table".to_owned();
                    self.error(summary, &entry.key, label, suggestion(&key, "fields", names));
                }
            }
        }
        self.fill(node, &mut checked, origin, place);
        checked
    }

    /// What no schema describes still has to be JSON.
    fn check_anything(&mut self, value: Value, place: &Place<'_>) -> Value {
        self.look_at_anything(&value, place);
        value
    }

    fn look_at_anything(&mut self, value: &Value, place: &Place<'_>) {
        match &value.kind {
            Kind::Float(number) if !number.is_finite() => {
                let summary = format!("{} must be a finite number", place.title());
                self.error(summary, &value.origin, "JSON has no such number".to_owned(), None);
            }
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look_at_anything(item, &place.item(index));
                }
            }
            Kind::Table(table) => {
                for (key, entry) in table.iter() {
                    self.look_at_anything(&entry.value, &place.below(key));
                }
            }
            _ => {}
        }
    }

    fn written_twice(&mut self, name: &str, again: &Entry, first: Origin, place: &Place<'_>) {
        let summary = format!("{} is written twice", place.below(name).title());
        self.diagnostics.push(
            Diagnostic::error(CODE, summary)
                .label(again.key.clone(), "again here")
                .label(first, "first here")
                .help("`-` and `_` are one character in names; remove one of the two".to_owned()),
        );
    }

    /// Fills in defaults, and reports what is missing.
    fn fill(&mut self, node: &Node, table: &mut Table, origin: &Origin, place: &Place<'_>) {
        for property in node.properties.iter() {
            if table.get(&property.name).is_some() {
                continue;
            }
            let schema = self.schema;
            let notes = || schema.chain(property.node).map(|node| &node.notes);
            if let Some(default) = notes().find_map(|notes| notes.default.as_ref()) {
                if !self.fills {
                    continue;
                }
                let default = Value::from_json(&default.to_json(), origin);
                if !place.filled {
                    // A large document has many defaults; it is one of them that must end.
                    self.filled = 0;
                }
                let place = Place { filled: true, ..place.below(&property.name) };
                let value = self.check(property.node, default, &place);
                table.insert(property.name.clone(), origin.clone(), value);
            } else if property.required {
                let types = describe_types(&self.schema.types_of(property.node));
                let any = self.schema.types_of(property.node).len() == JsonType::ALL.len();
                let types = if any { String::new() } else { format!(", {types}") };
                let description = notes().find_map(|notes| notes.description.clone());
                self.error(
                    format!("{} is missing", place.below(&property.name).title()),
                    origin,
                    format!("this table needs `{}`{types}", property.name),
                    description,
                );
            }
        }
    }
}
