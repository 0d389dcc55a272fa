//! The order of instances: producers first, and no circles.

use indexmap::IndexMap;
use purlin_model::Diagnostic;

use super::builder::Found;
use super::catalogue::Node;

/// Orders instances so that producers come first, and tells of each circle. Of a circle the edge that
/// closes it is taken out, so that other mistakes can be looked for.
pub(super) fn sort(found: &mut IndexMap<Node, Found>) -> (Vec<usize>, Vec<Diagnostic>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; found.len()];
    let mut order = Vec::with_capacity(found.len());
    let mut circles = Vec::new();
    let mut closing: Vec<(usize, usize)> = Vec::new();
    for start in 0..found.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(edge) = found[*node].edges.get(*next) else {
                marks[*node] = Mark::Done;
                order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            let Some(producer) = found.get_index_of(&edge.target) else { continue };
            match marks[producer] {
                Mark::New => {
                    marks[producer] = Mark::Open;
                    path.push((producer, 0));
                }
                Mark::Open => {
                    closing.extend(path.last().map(|(node, next)| (*node, next - 1)));
                    circles.push(cycle(found, &path, producer));
                }
                Mark::Done => {}
            }
        }
    }
    // Those of one instance stand in ascending order: none moves before its turn.
    for (node, edge) in closing.into_iter().rev() {
        if let Some((_, found)) = found.get_index_mut(node) {
            found.edges.remove(edge);
        }
    }
    (order, circles)
}

/// Names a cycle with the place of each of its edges.
fn cycle(found: &IndexMap<Node, Found>, path: &[(usize, usize)], again: usize) -> Diagnostic {
    let start = path.iter().position(|(node, _)| *node == again).unwrap_or(0);
    let nodes = &path[start..];
    let name = |node: usize| found[node].id.as_str();
    let mut names: Vec<&str> = nodes.iter().map(|(node, _)| name(*node)).collect();
    names.push(name(again));
    let mut diagnostic = Diagnostic::error(
        "command-cycle",
        format!("commands depend on each other in a circle: {}", names.join(" -> ")),
    )
    .help("take one of these dependencies out".to_owned());
    for (place, (node, next)) in nodes.iter().enumerate() {
        if let Some(edge) = found[*node].edges.get(next.saturating_sub(1)) {
            let producer = names[place + 1];
            diagnostic = diagnostic
                .label(edge.origin.clone(), format!("`{}` depends on `{producer}`", name(*node)));
        }
    }
    diagnostic
}
