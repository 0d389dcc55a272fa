//! `purlin plugin trust`

use std::process::ExitCode;

use purlin_host::{Asking, Coverage, GrantedBy};
use purlin_model::Diagnostic;
use serde_json::json;

use super::permissions;
use crate::context::Context;
use crate::draw;
use crate::failure::{FAILED, Failure, Outcome};
use crate::question::{confirmed, may_ask};

/// Shows what plugins ask for, and records consent to exactly that.
pub(crate) fn perform(context: &Context, names: &[String], yes: bool) -> Outcome {
    let plugins = &context.plugins;
    let names = if names.is_empty() { plugins.ungranted() } else { names.to_vec() };
    let mut asking = Vec::new();
    for name in &names {
        let one = plugins.asking(name)?;
        if !asking.iter().any(|known: &Asking| known.plugin == one.plugin) {
            asking.push(one);
        }
    }
    if !context.global.json {
        show(context, &asking);
    }
    let mut recorded = vec![false; asking.len()];
    let may_ask = may_ask(&context.global);
    let mut failure = None;
    for (one, recorded) in asking.iter().zip(&mut recorded) {
        // What is granted to this process alone is worth recording when the user asks for it.
        if one.covers.is_none() || one.granted == Some(GrantedBy::Record) {
            continue;
        }
        if !yes && !may_ask {
            failure = Some(Failure::from(unasked(one)));
            break;
        }
        if yes || confirmed(&format!("Consent to `{}`?", one.plugin)) {
            plugins.trust(one).map_err(Failure::failed)?;
            *recorded = true;
        }
    }
    if context.global.json {
        let list: Vec<_> =
            asking.iter().zip(&recorded).map(|(one, recorded)| document(one, *recorded)).collect();
        draw::json(&json!({ "plugins": list }));
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let refused =
        asking.iter().zip(&recorded).any(|(one, recorded)| one.granted.is_none() && !recorded);
    Ok(if refused { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn unasked(one: &Asking) -> Diagnostic {
    Diagnostic::error("not-asked", format!("consent to `{}` was not recorded", one.plugin))
        .detail(
            "There is nobody to ask: this is not a terminal, or `--no-input` or `--json` is set.",
        )
        .help("look at what it asks for, then say `--yes`".to_owned())
}

fn show(context: &Context, asking: &[Asking]) {
    if asking.is_empty() {
        if !context.global.quiet {
            draw::out(format_args!("no plugin of this workspace waits for your consent\n"));
        }
        return;
    }
    for one in asking {
        draw::out(format_args!("{}\n", described(one)));
    }
}

/// Everything that a user should know before consenting.
fn described(one: &Asking) -> String {
    let version = one.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let mut text = format!("{}{version}\n", one.plugin);
    let mut row = |label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {label:12} {}\n", draw::harmless_line(value)));
        }
    };
    if let Some(folder) = &one.folder {
        row("folder", &folder.to_string_lossy());
    }
    row("runs", &one.runs.join(", "));
    if one.covers.is_some() {
        for (kind, text) in permissions::rows(&one.permissions, one.process) {
            row(kind, &text);
        }
        if one.commands {
            row("commands", "run with all your rights, as the workspace's own do");
        }
    }
    for (kind, list) in one.beyond.iter().flat_map(|beyond| beyond.lists()) {
        if !list.is_empty() {
            row("new", &format!("{kind} {}", list.join(", ")));
        }
    }
    match &one.covers {
        Some(Coverage::Content(_)) => row("covers", "the plugin exactly as it is now"),
        Some(Coverage::Environment(_, environment)) => row(
            "covers",
            &format!(
                "the plugin exactly as it is now, in the Python environment {}",
                environment.display()
            ),
        ),
        Some(Coverage::Workspace { root, .. }) => row(
            "covers",
            &format!(
                "the plugin in the workspace {}, also when it is edited, until it asks for more",
                root.display()
            ),
        ),
        Some(Coverage::Folder(folder)) => row(
            "covers",
            &format!("every plugin in {}, now and later, whatever it asks for", folder.display()),
        ),
        None => {}
    }
    row(
        "consent",
        match one.granted {
            None => "",
            Some(GrantedBy::Nature) => "none is needed: nothing of it makes code run",
            Some(GrantedBy::Binary) => "none is needed: it came with Purlin",
            Some(GrantedBy::Call | GrantedBy::Process) => "for this process only",
            Some(GrantedBy::Record) => "recorded already",
        },
    );
    text
}

fn document(one: &Asking, recorded: bool) -> serde_json::Value {
    json!({
        "name": one.plugin,
        "version": one.version,
        "source": one.source,
        "path": one.folder.as_ref().map(|folder| folder.to_string_lossy()),
        "runs": one.runs,
        "permissions": one.permissions,
        "enforced": permissions::document(one.process),
        "beyond": one.beyond,
        "covers": one.covers.as_ref().map(Coverage::to_json),
        "granted": one.granted.map(GrantedBy::as_str),
        "recorded": recorded,
    })
}
