//! `purlin explain`

mod evaluated;

use std::process::ExitCode;

use purlin_definitions::{Explanation, Told, path_text};
use serde_json::Value as Json;

use crate::arguments::Explain;
use crate::context::Context;
use crate::definitions::{self, draw_problems, failed};
use crate::draw;
use crate::failure::Outcome;
use crate::packages::Packages;
use crate::repositories::Depth;
use evaluated::Evaluated;

/// Tells who wrote an output, what lost against it, what went into it and what came of it; or why a
/// name is not there. Nothing is built, fetched or pinned.
pub(crate) fn perform(context: &Context, options: &Explain) -> Outcome {
    let depth = if options.missing.is_some() { Depth::Names } else { Depth::Pinned };
    let opened = definitions::open(context, &[], depth)?;
    if let Some(name) = &options.missing {
        let why = opened.explain_missing(name);
        if context.global.json {
            draw::json(&why.to_json());
        } else {
            draw::out(format_args!("{}\n", draw::harmless(&missing_text(&why))));
        }
        draw_problems(context, &opened);
        return Ok(ExitCode::SUCCESS);
    }
    let path = definitions::path(options.path.as_deref())?;
    let explanation = opened.explain(&path).map_err(|why| failed(&opened, why))?;
    let mut packages = Packages::of(context, opened, purlin_commands::system(), depth)?;
    let evaluated = Evaluated::of(&mut packages, &path, &explanation);
    if context.global.json {
        let mut document = explanation.to_json();
        if let Json::Object(document) = &mut document {
            Evaluated::add(evaluated.as_ref(), document);
        }
        draw::json(&document);
    } else {
        let mut text = text(&explanation);
        for line in evaluated.iter().flat_map(Evaluated::lines) {
            text.push_str(&format!("  {line}\n"));
        }
        draw::out(format_args!("{}", draw::harmless(&text)));
    }
    Ok(ExitCode::SUCCESS)
}

fn missing_text(why: &purlin_model::Diagnostic) -> String {
    let parts = [&why.summary, &why.detail, &why.help];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    parts.join("\n")
}

fn text(explanation: &Explanation) -> String {
    let mut text = explanation.path.clone();
    if let Some(kind) = &explanation.kind {
        text.push_str(&format!("  {kind}"));
    }
    text.push('\n');
    if let Some(winner) = &explanation.winner {
        text.push_str(&format!("  written by  {}\n", told(winner)));
        for step in &winner.via {
            let phase = step.phase.as_str();
            text.push_str(&format!(
                "  through     `{}` of `{}` ({phase})\n",
                step.feature, step.plugin
            ));
        }
    }
    for (what, list) in [
        ("in conflict", &explanation.conflicts),
        ("the same is", &explanation.agreeing),
        ("shadowed   ", &explanation.shadowed),
    ] {
        for one in list {
            text.push_str(&format!("  {what} {}\n", told(one)));
        }
    }
    for (axis, value) in &explanation.axes {
        text.push_str(&format!("  for {axis:7} {value}\n"));
    }
    let wide = explanation.injected.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (number, (name, one)) in explanation.injected.iter().enumerate() {
        let head = if number == 0 { "asks for   " } else { "           " };
        text.push_str(&format!("  {head} {name:wide$}  {}\n", argument(one)));
    }
    text
}

/// Who wrote a value, in a line.
fn told(one: &Told) -> String {
    let mut text = format!("{} ({}", one.origin, one.layer);
    if !one.project.is_empty() {
        text.push_str(&format!(" `{}`", path_text(&one.project)));
    }
    if let Some(priority) = one.priority {
        text.push_str(&format!(", priority {priority}"));
    }
    text.push(')');
    text
}

/// What a parameter was filled with, in a line.
fn argument(one: &Told) -> String {
    match one.layer {
        "reserved" => "reserved".to_owned(),
        "missing" => "missing: nothing defines it".to_owned(),
        "conflict" => format!("in conflict: {}", one.origin),
        "failed" => format!("not known: {}", one.origin),
        "injected" => format!("injected by {}", one.origin),
        "base" => match &one.plugin {
            Some(plugin) => format!("{} of the plugin `{plugin}`", one.path),
            None => format!("{} of the base", one.path),
        },
        _ => format!("{}, {}", one.path, told(one)),
    }
}
