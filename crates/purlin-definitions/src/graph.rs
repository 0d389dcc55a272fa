//! Which definitions ask for which.

use std::collections::{BTreeMap, BTreeSet};

use purlin_model::Origin;
use serde_json::{Value as Json, json};

use crate::board::Key;
use crate::engine::Engine;
use crate::merge::{Node, Standing, Tree};
use crate::scope::Supply;
use crate::{Name, path_text};

/// Definitions by path, and who asks for whom.
#[derive(Debug, Default)]
pub struct Graph {
    /// The definitions with the places where they are written.
    pub nodes: BTreeMap<String, Origin>,
    /// What parameters ask for.
    pub edges: Vec<Edge>,
}

/// One definition asks for another one.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Who asks.
    pub from: String,
    /// For whom; a folder, where the parameter names one.
    pub to: String,
    /// The parameter's place.
    pub origin: Origin,
}

impl Engine {
    pub(crate) fn graph(&self, system: &str) -> Graph {
        let mut graph = Graph::default();
        let mut keys = Vec::new();
        let sections: BTreeSet<Name> =
            self.catalogue.sections.iter().map(|section| Name::from(section.as_str())).collect();
        for section in sections {
            let Ok(joined) = self.joined(0, &section, None) else { continue };
            let system = (!self.shared.contains(&section)).then(|| Name::from(system));
            let point = self.point_of(system.as_ref());
            collect(&joined.tree, &joined.tree.root, system.as_deref(), point, &mut keys);
        }
        for key in keys {
            let from = path_text(&key.definition.path);
            graph.nodes.insert(from.clone(), key.definition.origin());
            for (_, parameter, found) in self.parameters(&key) {
                let to = match found {
                    Some((_, Supply::Definition(key))) => path_text(&key.definition.path),
                    Some((_, Supply::Names(names))) => {
                        let path = names.sections.iter().take(1).chain(&names.folder).cloned();
                        path_text(&path.collect::<Vec<Name>>())
                    }
                    _ => continue,
                };
                graph.edges.push(Edge { from: from.clone(), to, origin: parameter.origin.clone() });
            }
        }
        graph
    }
}

fn collect(tree: &Tree, node: &Node, system: Option<&str>, point: usize, keys: &mut Vec<Key>) {
    match tree.standing(node, system) {
        Standing::Leaf(definition, _) => keys.push(Key { world: 0, point, definition }),
        Standing::Branch(_) => {
            for (_, below) in node.below() {
                collect(tree, below, system, point, keys);
            }
        }
        Standing::Nothing | Standing::Conflict(_) => {}
    }
}

impl Graph {
    /// The documented JSON shape.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let place = |origin: &Origin| {
            (origin.path().to_string_lossy().into_owned(), origin.line, origin.column)
        };
        let nodes = self.nodes.iter().map(|(path, origin)| {
            let (file, line, column) = place(origin);
            json!({"path": path, "file": file, "line": line, "column": column})
        });
        let edges = self.edges.iter().map(|edge| {
            let (file, line, column) = place(&edge.origin);
            json!({
                "from": edge.from, "to": edge.to, "file": file, "line": line, "column": column,
            })
        });
        json!({
            "nodes": nodes.collect::<Vec<_>>(),
            "edges": edges.collect::<Vec<_>>(),
        })
    }

    /// The same for Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut dot = "digraph definitions {\n".to_owned();
        for path in self.nodes.keys() {
            dot.push_str(&format!("  {};\n", quoted(path)));
        }
        for edge in &self.edges {
            dot.push_str(&format!("  {} -> {};\n", quoted(&edge.from), quoted(&edge.to)));
        }
        dot.push_str("}\n");
        dot
    }
}
