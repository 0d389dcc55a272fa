//! `purlin show`

use std::process::ExitCode;

use purlin_definitions::{Names, Workspace};
use serde_json::{Map, Value as Json};

use crate::arguments::Show;
use crate::context::Context;
use crate::definitions::{self, draw_problems, failed, shown_path};
use crate::failure::{Outcome, USAGE};
use crate::repositories::Depth;
use crate::{draw, value_view};

/// Lists outputs without evaluating any, or evaluates the one that is named.
pub(crate) fn perform(context: &Context, options: &Show) -> Outcome {
    let opened = definitions::open(context, &options.systems, Depth::Packages)?;
    let outcome = show(context, options, &opened);
    opened.leave();
    outcome
}

fn show(context: &Context, options: &Show, opened: &Workspace) -> Outcome {
    let path = definitions::path(options.path.as_deref())?;
    let is_branch = opened.is_branch(&path).map_err(|why| failed(opened, why))?;
    if is_branch && context.global.json && !options.origin {
        draw::json(&opened.show(&path)?);
        return Ok(ended(context, opened));
    }
    let names = opened.names(&path).map_err(|why| failed(opened, why))?;
    let listing = Listing { opened, origin: options.origin };
    if let Names::Leaf(_) = names
        && !options.origin
    {
        let value = value_view::to_json(&opened.value(&path).map_err(|why| failed(opened, why))?);
        if context.global.json {
            draw::json(&value);
        } else {
            draw::out(format_args!("{}\n", draw::harmless(&value_view::to_text(&value))));
        }
        // It does not need what is wrong elsewhere.
        draw_problems(context, opened);
        return Ok(ExitCode::SUCCESS);
    }
    if let Names::Conflict(why) = names {
        return Err((*why).clone().into());
    }
    if context.global.json {
        draw::json(&listing.json(&path, &names));
    } else {
        let mut lines = Vec::new();
        listing.lines(&path, &names, 0, &mut lines);
        draw::out(format_args!("{}", listing.aligned(&lines)));
    }
    Ok(ended(context, opened))
}

/// Names may be missing from a list where something is wrong.
fn ended(context: &Context, opened: &Workspace) -> ExitCode {
    if draw_problems(context, opened) { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

/// Names, and who wrote what has them.
struct Listing<'a> {
    opened: &'a Workspace,
    origin: bool,
}

/// A line of the listing, and what stands behind it.
type Line = (String, String);

impl Listing<'_> {
    fn json(&self, path: &[String], names: &Names) -> Json {
        match names {
            Names::Branch(below) => {
                let entries = below.iter().map(|(name, names)| {
                    (name.clone(), self.json(&[path, std::slice::from_ref(name)].concat(), names))
                });
                Json::Object(entries.collect())
            }
            Names::Leaf(kind) => {
                let mut told = Map::new();
                let kind = kind.as_deref().unwrap_or("value");
                told.insert(value_view::TYPE.to_owned(), kind.into());
                let winner = self.opened.explain(path).ok().and_then(|told| told.winner);
                told.insert("origin".to_owned(), winner.map(|winner| winner.to_json()).into());
                Json::Object(told)
            }
            Names::Conflict(_) => serde_json::json!({ value_view::TYPE: "conflict" }),
        }
    }

    fn lines(&self, path: &[String], names: &Names, depth: usize, lines: &mut Vec<Line>) {
        let Names::Branch(below) = names else {
            let name = path.last().map_or("", String::as_str);
            return lines.push((name.to_owned(), self.behind(path, names)));
        };
        for (name, names) in below {
            let path = [path, std::slice::from_ref(name)].concat();
            let shown = format!("{:1$}{name}", "", depth * 2);
            if let Names::Branch(_) = names {
                lines.push((shown, String::new()));
                self.lines(&path, names, depth + 1, lines);
            } else {
                lines.push((shown, self.behind(&path, names)));
            }
        }
    }

    fn behind(&self, path: &[String], names: &Names) -> String {
        match names {
            Names::Conflict(_) => "in conflict".to_owned(),
            _ if self.origin => self
                .opened
                .explain(path)
                .ok()
                .and_then(|explanation| explanation.winner)
                .map_or_else(
                    || format!("nothing is at {}", shown_path(path)),
                    |winner| winner.origin.to_string(),
                ),
            _ => String::new(),
        }
    }

    /// What stands behind names begins in one column.
    fn aligned(&self, lines: &[Line]) -> String {
        let behind = lines.iter().filter(|(_, behind)| !behind.is_empty());
        let wide = behind.map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, behind) in lines {
            let name = draw::harmless_line(name);
            if behind.is_empty() {
                text.push_str(&format!("{name}\n"));
            } else {
                text.push_str(&format!("{name:wide$}  {}\n", draw::harmless_line(behind)));
            }
        }
        text
    }
}
