//! Finding the texts of a validated value that mean something to the host: paths of input files, and
//! templates.

use purlin_model::{Kind, Value};

use super::choose::Choice;
use super::{Additional, NodeId, PathRole, Schema};

/// A text in a value, and what its schema says of it.
pub(super) struct Text<'s, 'v> {
    pub(super) value: &'v Value,
    /// JSON Pointer from the top.
    pub(super) pointer: String,
    pub(super) role: Role<'s>,
}

/// What holds for a value, for the branches of a choice and for the elements of a list.
#[derive(Clone, Copy, Default)]
pub(super) struct Role<'s> {
    pub(super) is_input: bool,
    pub(super) is_glob: bool,
    pub(super) template: Option<&'s [String]>,
}

/// All texts that the schema says something of.
pub(super) fn texts<'s, 'v>(schema: &'s Schema, value: &'v Value) -> Vec<Text<'s, 'v>> {
    let mut found = Vec::new();
    Walk { schema, found: &mut found }.declared(schema.root, value, "", Role::default());
    found
}

struct Walk<'s, 'v, 'f> {
    schema: &'s Schema,
    found: &'f mut Vec<Text<'s, 'v>>,
}

impl<'s, 'v> Walk<'s, 'v, '_> {
    fn declared(&mut self, id: NodeId, value: &'v Value, pointer: &str, outer: Role<'s>) {
        let mut role = outer;
        for node in self.schema.chain(id) {
            role.is_input |= node.notes.path == Some(PathRole::Input);
            role.is_glob |= node.notes.path == Some(PathRole::Glob);
            role.template = node.notes.template.as_deref().or(role.template);
        }
        let node = self.schema.resolved(id);
        if let Some(one_of) = &node.one_of {
            if let Choice::Branch(branch) = self.schema.choose(one_of, value) {
                self.declared(branch, value, pointer, role);
            }
            return;
        }
        match &value.kind {
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let pointer = format!("{pointer}/{index}");
                    match node.items {
                        Some(id) => self.declared(id, item, &pointer, role),
                        None => self.anything(item, &pointer, role),
                    }
                }
            }
            Kind::Table(table) => {
                for (key, entry) in table.iter() {
                    let declared = node.properties.iter().find(|property| property.name == key);
                    let pointer = below(pointer, key);
                    match (declared, node.additional) {
                        (Some(property), _) => {
                            self.declared(property.node, &entry.value, &pointer, Role::default());
                        }
                        (None, Additional::Node(id)) => {
                            self.declared(id, &entry.value, &pointer, Role::default());
                        }
                        (None, Additional::Nothing | Additional::Anything) => {
                            self.anything(&entry.value, &pointer, role);
                        }
                    }
                }
            }
            _ => self.anything(value, pointer, role),
        }
    }

    /// Inside a value of which the schema says no more.
    fn anything(&mut self, value: &'v Value, pointer: &str, role: Role<'s>) {
        match &value.kind {
            Kind::String(_) if role.is_input || role.template.is_some() => {
                self.found.push(Text { value, pointer: pointer.to_owned(), role });
            }
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.anything(item, &format!("{pointer}/{index}"), role);
                }
            }
            Kind::Table(table) => {
                for (key, entry) in table.iter() {
                    self.anything(&entry.value, &below(pointer, key), role);
                }
            }
            _ => {}
        }
    }
}

fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
