//! The offer to tell git what the cache `repo` keeps. A file of the user is changed by nobody but those
//! who were asked.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::Path;

use purlin_commands::{ATTRIBUTES, ATTRIBUTES_LINE, lacks_attributes};
use purlin_model::Diagnostic;
use serde_json::{Value as Json, json};

use crate::arguments::Global;
use crate::draw;
use crate::failure::Failure;
use crate::question::{confirmed, may_ask};

/// As `--json` has it: the line, and the file that it is for; null where git is told already, or where there
/// is none.
pub(super) fn advice(root: &Path) -> Json {
    match lacks_attributes(root) {
        true => json!({ "file": ATTRIBUTES, "line": ATTRIBUTES_LINE }),
        false => Json::Null,
    }
}

/// Asks whether to add the line, or tells it where nobody can be asked.
pub(super) fn offer(global: &Global, root: &Path) -> Result<(), Failure> {
    if global.quiet || global.json || !lacks_attributes(root) {
        return Ok(());
    }
    if !may_ask(global) {
        draw::out(format_args!(
            "if results are to be kept in the repository (`cache = \"repo\"`), add this line to {ATTRIBUTES}:\n\
             {ATTRIBUTES_LINE}\n"
        ));
        return Ok(());
    }
    let question = format!(
        "The cache `repo` keeps results in the repository. Tell git in {ATTRIBUTES} that they are generated?"
    );
    if confirmed(&question) {
        add(&root.join(ATTRIBUTES)).map_err(|error| {
            Failure::failed(
                Diagnostic::error("unwritable", format!("{ATTRIBUTES} cannot be written"))
                    .detail(error.to_string())
                    .help(format!("add this line to it: {ATTRIBUTES_LINE}")),
            )
        })?;
        draw::out(format_args!("added a line to {ATTRIBUTES}\n"));
    }
    Ok(())
}

/// Adds the line behind what is there.
fn add(file: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(file)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let gap = if text.is_empty() || text.ends_with(b"\n") { "" } else { "\n" };
    file.write_all(format!("{gap}{ATTRIBUTES_LINE}\n").as_bytes())
}
