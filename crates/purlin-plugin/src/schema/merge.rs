//! Which values say how several definitions of them become one.

use super::{Additional, Merge, NodeId, Schema};

/// A value by its names from the top, `None` for any name, and what is said of it.
type Said<'s> = (Vec<Option<&'s str>>, Merge);

pub(super) fn merges(schema: &Schema) -> Vec<Said<'_>> {
    let mut search = Search { schema, path: Vec::new(), above: Vec::new(), found: Vec::new() };
    search.node(schema.root);
    search.found
}

struct Search<'s> {
    schema: &'s Schema,
    path: Vec<Option<&'s str>>,
    /// The nodes around this one: what is made of itself is as deep as one likes.
    above: Vec<NodeId>,
    found: Vec<Said<'s>>,
}

impl<'s> Search<'s> {
    fn node(&mut self, mut id: NodeId) {
        let schema = self.schema;
        let said_at = id;
        while let Some(other) = schema.node(id).reference {
            id = other;
        }
        if self.above.contains(&id) {
            return;
        }
        if let Some(merge) = schema.chain(said_at).find_map(|node| node.notes.merge) {
            self.found.push((self.path.clone(), merge));
        }
        self.above.push(id);
        let node = schema.node(id);
        for property in &node.properties {
            // What is said of names in general does not count for those that are declared.
            let before = self.found.len();
            self.below(Some(&property.name), property.node);
            let path: Vec<_> = self.path.iter().copied().chain([Some(&*property.name)]).collect();
            if !self.found[before..].iter().any(|(said, _)| *said == path) {
                self.found.push((path, Merge::Unique));
            }
        }
        if let Additional::Node(other) = node.additional {
            self.below(None, other);
        }
        for branch in node.one_of.iter().flat_map(|one_of| &one_of.branches) {
            self.node(*branch);
        }
        self.above.pop();
    }

    fn below(&mut self, name: Option<&'s str>, id: NodeId) {
        self.path.push(name);
        self.node(id);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use purlin_model::Source;

    use super::*;

    fn parsed(text: &str) -> Result<Schema, String> {
        let parsed = Schema::parse(&Source::new("a.json", text));
        parsed.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn values_are_found_by_their_names() {
        let schema = parsed(
            r##"{
                "type": "object",
                "properties": {
                    "lines": { "type": "array", "x-purlin-merge": "append" },
                    "people": { "$ref": "#/$defs/people" },
                    "again": { "$ref": "#" }
                },
                "$defs": { "people": {
                    "type": "object",
                    "additionalProperties": { "type": "array", "x-purlin-merge": "union" }
                } }
            }"##,
        );
        let schema = schema.expect("it is correct");
        assert_eq!(
            schema.merges(),
            [
                (vec![Some("lines")], Merge::Append),
                (vec![Some("people"), None], Merge::Union),
                (vec![Some("people")], Merge::Unique),
                (vec![Some("again")], Merge::Unique),
            ]
        );
    }

    #[test]
    fn there_are_three_ways() {
        let told = parsed(r#"{ "x-purlin-merge": "last" }"#).expect_err("there is no such way");
        assert!(told.contains("`x-purlin-merge` must be \"unique\", \"append\" or"), "{told}");
    }
}
