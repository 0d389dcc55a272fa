//! `purlin init`

use std::path::Path;
use std::process::ExitCode;

use purlin_host::{LOCK_FILE, LockFile};
use purlin_model::Diagnostic;
use purlin_plugin::PluginSet;

use crate::arguments::{Global, Init};
use crate::context::directory;
use crate::draw;
use crate::failure::{Failure, Outcome};
use crate::workspace::FILE;

mod attributes;
pub(in crate::verb) mod template;

/// Makes the folder a workspace: a `purlin.toml` to start from, or a copy of a template, and a lock
/// file with the workspace's id.
pub(crate) fn perform(global: &Global, bundled: &PluginSet, options: &Init) -> Outcome {
    let root = directory(global)?;
    if let Some(name) = &options.template {
        return from_template(global, bundled, &root, name, options.from.as_deref());
    }
    let file = root.join(FILE);
    if file.symlink_metadata().is_ok() {
        return Err(Diagnostic::error("exists", format!("there is a {FILE} here already"))
            .detail("It was left as it is.")
            .help("edit it, or run `purlin init` in another folder".to_owned())
            .into());
    }
    refuse_locked(global)?;
    let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = options.name.clone().or(folder).unwrap_or_else(|| "workspace".to_owned());
    purlin_store::write_atomically(&file, template(&name).as_bytes(), "workspace").map_err(
        |error| {
            Failure::failed(
                Diagnostic::error("unwritable", format!("{FILE} cannot be written"))
                    .detail(error.to_string()),
            )
        },
    )?;
    let locked = root.join(LOCK_FILE).symlink_metadata().is_ok();
    LockFile::create(&root).map_err(Failure::failed)?;
    let files: &[&str] = if locked { &[FILE] } else { &[FILE, LOCK_FILE] };
    if global.json {
        let advice = attributes::advice(&root);
        draw::json(&serde_json::json!({ "files": files, "unmarked_cache": advice }));
    } else if !global.quiet {
        draw::out(format_args!("wrote {}; try `purlin run`\n", files.join(" and ")));
    }
    attributes::offer(global, &root)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies a template into the folder. One that brings no `purlin.toml` adds to a workspace that is there
/// already.
fn from_template(
    global: &Global,
    bundled: &PluginSet,
    root: &Path,
    name: &str,
    from: Option<&Path>,
) -> Outcome {
    refuse_locked(global)?;
    let chosen = template::find(global, bundled, name, from)?;
    let mut files = template::copy(&chosen.folder, root)?;
    let is_whole = root.join(FILE).is_file();
    if is_whole && root.join(LOCK_FILE).symlink_metadata().is_err() {
        LockFile::create(root).map_err(Failure::failed)?;
        files.push(LOCK_FILE.to_owned());
    }
    if global.json {
        let advice = attributes::advice(root);
        draw::json(&serde_json::json!({ "files": files, "unmarked_cache": advice }));
    } else if !global.quiet {
        let count = files.len();
        let noun = if count == 1 { "file" } else { "files" };
        draw::out(format_args!("wrote {count} {noun} of the template `{name}`\n"));
        if let Some(welcome) = chosen.welcome {
            draw::out(format_args!("{}\n", draw::harmless(&welcome)));
        }
    }
    attributes::offer(global, root)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_locked(global: &Global) -> Result<(), Failure> {
    if !global.locked {
        return Ok(());
    }
    let what = "`init` writes purlin.lock, which `--locked` forbids";
    Err(Diagnostic::error("locked", what).into())
}

fn template(name: &str) -> String {
    let name = serde_json::Value::from(name);
    format!(
        r#"[workspace]
name = {name}

[commands]
hello = "echo hello from purlin"          # a string is a command without dependencies: it always runs

# A command with dependencies runs only when one of them has changed; what it writes is kept.
#
# [commands.test]
# exec = "pytest -q"
# deps = ["src/**/*.py", "tests/**/*.py", {{ type = "command", name = "hello" }}]
# artifacts = ["report.xml"]
"#
    )
}
