//! `purlin init`

use std::process::ExitCode;

use purlin_host::{LOCK_FILE, LockFile};
use purlin_model::Diagnostic;

use crate::arguments::{Global, Init};
use crate::context::directory;
use crate::draw;
use crate::failure::{Failure, Outcome};
use crate::workspace::FILE;

/// Makes the folder a workspace: a `purlin.toml` to start from and a lock file with the
/// workspace's id.
pub(crate) fn perform(global: &Global, options: &Init) -> Outcome {
    let root = directory(global)?;
    let file = root.join(FILE);
    if file.symlink_metadata().is_ok() {
        return Err(Diagnostic::error("exists", format!("there is a {FILE} here already"))
            .detail("It was left as it is.")
            .help("edit it, or run `purlin init` in another folder".to_owned())
            .into());
    }
    if global.locked {
        return Err(Diagnostic::error(
            "locked",
            "`init` writes purlin.lock, which `--locked` forbids",
        )
        .into());
    }
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
        draw::json(&serde_json::json!({ "files": files }));
    } else if !global.quiet {
        draw::out(format_args!("wrote {}; try `purlin run`\n", files.join(" and ")));
    }
    Ok(ExitCode::SUCCESS)
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
