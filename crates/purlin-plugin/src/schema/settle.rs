//! What can be said of a schema only as a whole: whether its references end, what tells the branches
//! of its choices apart, and whether its defaults are right themselves.

use purlin_model::{Diagnostic, Severity};

use super::choose::takes;
use super::parse::CODE;
use super::validate::validate_node;
use super::{JsonType, NodeId, Schema};

/// Adds the discriminators to a schema that was just read; reports what is wrong with the whole.
/// Each step relies on the one before, so it ends where one finds something.
pub(super) fn settle(schema: &mut Schema, diagnostics: &mut Vec<Diagnostic>) {
    find_circles(schema, diagnostics);
    if diagnostics.is_empty() {
        find_discriminators(schema, diagnostics);
    }
    if diagnostics.is_empty() {
        check_samples(schema, diagnostics);
    }
}

/// References and branches that lead back to where they began without a value in between.
fn find_circles(schema: &Schema, diagnostics: &mut Vec<Diagnostic>) {
    fn visit(schema: &Schema, id: NodeId, marks: &mut [Option<bool>]) -> bool {
        match marks[id] {
            Some(is_open) => return is_open,
            None => marks[id] = Some(true),
        }
        let node = &schema.nodes[id];
        let branches = node.one_of.iter().flat_map(|one_of| one_of.branches.iter().copied());
        let is_circle =
            node.reference.into_iter().chain(branches).any(|next| visit(schema, next, marks));
        marks[id] = Some(is_circle);
        is_circle
    }
    let mut marks = vec![None; schema.nodes.len()];
    for id in 0..schema.nodes.len() {
        let known = marks[id].is_some();
        if visit(schema, id, &mut marks) && !known {
            diagnostics.push(
                Diagnostic::error(CODE, "the reference leads back to itself")
                    .label(schema.nodes[id].origin.clone(), "this never says what a value is"),
            );
        }
    }
}

/// Finds what tells the branches of each choice apart.
fn find_discriminators(schema: &mut Schema, diagnostics: &mut Vec<Diagnostic>) {
    for id in 0..schema.nodes.len() {
        let Some(one_of) = &schema.nodes[id].one_of else { continue };
        let branches = one_of.branches.clone();
        if branches.iter().any(|branch| schema.resolved(*branch).one_of.is_some()) {
            diagnostics.push(
                Diagnostic::error(CODE, "a branch of `oneOf` cannot be a `oneOf` itself")
                    .label(schema.nodes[id].origin.clone(), "in this one")
                    .help("list its branches here".to_owned()),
            );
            continue;
        }
        let taking = |one: JsonType| -> Vec<NodeId> {
            let takes_it = |branch: &&NodeId| takes(&schema.types_of(**branch), one);
            branches.iter().filter(takes_it).copied().collect()
        };
        let clash = JsonType::ALL
            .into_iter()
            .find(|one| *one != JsonType::Object && taking(*one).len() > 1);
        let tables = taking(JsonType::Object);
        let discriminator = schema.find_discriminator(&tables);
        let why = match clash {
            Some(clash) => format!("more than one branch takes {}", clash.described()),
            None if tables.len() > 1 && discriminator.is_none() => {
                "no property has a `const` or `enum` in each branch that takes a table".to_owned()
            }
            None => {
                if let Some(one_of) = &mut schema.nodes[id].one_of {
                    one_of.discriminator = discriminator.filter(|_| tables.len() > 1);
                }
                continue;
            }
        };
        let origin = schema.nodes[id].origin.clone();
        diagnostics.push(
            Diagnostic::error(CODE, "the branches of `oneOf` cannot be told apart")
                .label(origin, why)
                .help("give each branch a type of its own, or one property a `const`".to_owned()),
        );
    }
}

/// Defaults and examples must be right themselves.
fn check_samples(schema: &Schema, diagnostics: &mut Vec<Diagnostic>) {
    for (id, node) in schema.nodes.iter().enumerate() {
        let default = node.notes.default.iter().map(|value| ("default", value));
        let examples = node.notes.examples.iter().map(|value| ("example", value));
        for (what, value) in default.chain(examples) {
            let (_, mistakes) = validate_node(schema, id, value);
            let errors = mistakes.into_iter().filter(|one| one.severity == Severity::Error);
            for error in errors {
                let label = error.labels.into_iter().next();
                let mut told = Diagnostic::error(CODE, format!("the {what} is not right itself"))
                    .detail(error.summary);
                told.labels.extend(label);
                diagnostics.push(told);
            }
        }
    }
}
