//! `purlin graph`

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use purlin_definitions::{Graph, Workspace, is_system, parse_path};
use purlin_model::Diagnostic;

use crate::arguments;
use crate::context::Context;
use crate::definitions::{self, draw_problems};
use crate::draw;
use crate::failure::{Failure, Outcome, USAGE};
use crate::repositories::Depth;

/// Shows which definitions ask for which. Nothing is evaluated.
pub(crate) fn perform(context: &Context, options: &arguments::Graph) -> Outcome {
    let opened = definitions::open(context, &[], Depth::Names)?;
    definitions::known_systems(&opened, options.system.as_slice())?;
    let own = opened.systems();
    let system = options.system.as_ref().or(own.first());
    let mut graph = opened.graph(system.map_or("", String::as_str));
    if let Some(path) = &options.path {
        let start = definition(&opened, &graph, path)?;
        narrow(&mut graph, &start);
    }
    if context.global.json {
        draw::json(&graph.to_json());
    } else if options.dot {
        draw::out(format_args!("{}", draw::harmless(&graph.to_dot())));
    } else {
        draw::out(format_args!("{}", draw::harmless(&text(&graph))));
    }
    let lacks = draw_problems(context, &opened);
    Ok(if lacks { ExitCode::from(USAGE) } else { ExitCode::SUCCESS })
}

/// The definition that a path means: its own, or that of an output.
fn definition(opened: &Workspace, graph: &Graph, path: &str) -> Result<String, Failure> {
    let names = definitions::path(Some(path))?;
    let own = definitions::shown_path(&names);
    if graph.nodes.contains_key(&own) {
        return Ok(own);
    }
    let winner = opened.explain(&names)?.winner;
    let origin = winner.map(|winner| winner.origin);
    // One function may be several definitions; the one that is called alike is meant.
    let below = names.iter().skip(1).filter(|name| !is_system(name));
    let below: Vec<&str> = below.flat_map(|name| name.split('/')).collect();
    let is_alike = |path: &str| parse_path(path).is_ok_and(|path| path[1..] == *below);
    let of_it = graph.nodes.iter().filter(|(_, place)| Some(*place) == origin.as_ref());
    let of_it = of_it.map(|(path, _)| path).max_by_key(|path| is_alike(path));
    of_it.cloned().ok_or_else(|| {
        Diagnostic::error("no-definition", format!("`{own}` was made of no definition"))
            .help("`purlin graph` without a path shows all definitions".to_owned())
            .into()
    })
}

/// What each definition asks for.
fn needs(graph: &Graph) -> HashMap<&str, Vec<&str>> {
    let mut needs: HashMap<&str, Vec<&str>> = HashMap::new();
    for edge in &graph.edges {
        needs.entry(&edge.from).or_default().push(&edge.to);
    }
    needs
}

/// Leaves what a definition needs, directly or not.
fn narrow(graph: &mut Graph, start: &str) {
    let needs = needs(graph);
    let mut needed = HashSet::from([start.to_owned()]);
    let mut waiting = vec![start];
    while let Some(path) = waiting.pop() {
        for to in needs.get(path).into_iter().flatten() {
            if needed.insert((*to).to_owned()) {
                waiting.push(to);
            }
        }
    }
    graph.nodes.retain(|path, _| needed.contains(path));
    graph.edges.retain(|edge| needed.contains(&edge.from));
}

/// A line for each definition, with what it asks for.
fn text(graph: &Graph) -> String {
    let mut text = String::new();
    let needs = needs(graph);
    for path in graph.nodes.keys() {
        match needs.get(path.as_str()) {
            None => text.push_str(&format!("{path}\n")),
            Some(needs) => text.push_str(&format!("{path} -> {}\n", needs.join(", "))),
        }
    }
    text
}
