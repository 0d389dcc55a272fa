//! Finding the texts of a validated value that the host must know as paths.

use purlin_model::{Kind, Value};

use super::choose::Choice;
use super::{Additional, NodeId, PathRole, Schema};

pub(super) fn input_paths<'v>(schema: &Schema, value: &'v Value) -> Vec<&'v Value> {
    let mut found = Vec::new();
    walk(schema, schema.root, value, false, &mut found);
    found
}

/// `is_input` holds for the branches of a choice and the elements of a list, too.
fn walk<'v>(
    schema: &Schema,
    id: NodeId,
    value: &'v Value,
    is_input: bool,
    found: &mut Vec<&'v Value>,
) {
    let is_input =
        is_input || schema.chain(id).iter().any(|node| node.notes.path == Some(PathRole::Input));
    let node = schema.resolved(id);
    if let Some(one_of) = &node.one_of {
        if let Choice::Branch(branch) = schema.choose(one_of, value) {
            walk(schema, branch, value, is_input, found);
        }
        return;
    }
    match &value.kind {
        Kind::String(_) if is_input => found.push(value),
        Kind::List(items) => {
            for (item, id) in items.iter().zip(std::iter::repeat(node.items)) {
                match id {
                    Some(id) => walk(schema, id, item, is_input, found),
                    None if is_input && item.as_str().is_some() => found.push(item),
                    None => {}
                }
            }
        }
        Kind::Table(table) => {
            for (key, entry) in table.iter() {
                let declared = node.properties.iter().find(|property| property.name == key);
                let id = match (declared, node.additional) {
                    (Some(property), _) => property.node,
                    (None, Additional::Node(id)) => id,
                    (None, Additional::Nothing | Additional::Anything) => continue,
                };
                walk(schema, id, &entry.value, false, found);
            }
        }
        _ => {}
    }
}
