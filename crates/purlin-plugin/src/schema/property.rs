//! What a schema declares, for help, documentation and completion.

use purlin_model::{Severity, Value};

use super::validate::validate_node;
use super::{JsonType, Merge, Node, NodeId, Notes, PathRole, Schema};

/// A declared property.
#[derive(Debug, Clone, Copy)]
pub struct Property<'s> {
    schema: &'s Schema,
    node: NodeId,
    /// As the schema spells it.
    pub name: &'s str,
    /// True when a value must be given, for want of a default.
    pub required: bool,
}

/// The properties of a node in its order. Of a choice: those of every branch, each name once.
pub(super) fn properties(schema: &Schema, id: NodeId) -> Vec<Property<'_>> {
    let node = schema.resolved(id);
    let mut found: Vec<Property<'_>> = node
        .properties
        .iter()
        .map(|property| {
            let mut declared =
                Property { schema, node: property.node, name: &property.name, required: false };
            declared.required = property.required && declared.default().is_none();
            declared
        })
        .collect();
    for branch in node.one_of.iter().flat_map(|one_of| &one_of.branches) {
        for property in properties(schema, *branch) {
            if !found.iter().any(|known| known.name == property.name) {
                found.push(property);
            }
        }
    }
    found
}

impl<'s> Property<'s> {
    fn resolved(&self) -> &'s Node {
        self.schema.resolved(self.node)
    }

    fn note<T>(&self, pick: impl Fn(&'s Notes) -> Option<T>) -> Option<T> {
        self.schema.chain(self.node).into_iter().find_map(|node| pick(&node.notes))
    }

    /// The types that it takes; all of them when the schema names none.
    #[must_use]
    pub fn types(&self) -> Vec<JsonType> {
        self.schema.types_of(self.node)
    }

    /// What it is, in a line or more.
    #[must_use]
    pub fn description(&self) -> Option<&'s str> {
        self.note(|notes| notes.description.as_deref())
    }

    /// What it is when it is not given.
    #[must_use]
    pub fn default(&self) -> Option<&'s Value> {
        self.note(|notes| notes.default.as_ref())
    }

    /// Values to show as examples.
    #[must_use]
    pub fn examples(&self) -> &'s [Value] {
        self.note(|notes| Some(notes.examples.as_slice()).filter(|all| !all.is_empty()))
            .unwrap_or_default()
    }

    /// The closed list of its values, where there is one.
    #[must_use]
    pub fn values(&self) -> Option<&'s [Value]> {
        self.resolved().values.as_deref()
    }

    /// True when it should not be used any more.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.note(|notes| notes.deprecated.then_some(())).is_some()
    }

    /// True when its value must not be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.note(|notes| notes.secret.then_some(())).is_some()
    }

    /// The roots that templates in its text may begin with; `None` when it is no template.
    #[must_use]
    pub fn template_roots(&self) -> Option<&'s [String]> {
        self.note(|notes| notes.template.as_deref())
    }

    /// What kind of path its text is, if any.
    #[must_use]
    pub fn path(&self) -> Option<PathRole> {
        self.note(|notes| notes.path)
    }

    /// How two definitions of it become one, as the schema says it.
    #[must_use]
    pub fn merge(&self) -> Option<Merge> {
        self.note(|notes| notes.merge)
    }

    /// Whether a value is one that may be written here.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        let (_, diagnostics) = validate_node(self.schema, self.node, value);
        !diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The properties inside it.
    #[must_use]
    pub fn properties(&self) -> Vec<Self> {
        properties(self.schema, self.node)
    }
}
