//! A module: a part of the workspace that commands run for.

use purlin_model::{Diagnostic, Origin, Value, fold};

use crate::definition::Named;
use crate::definition::named::named;

/// A part of the workspace that commands run for: a folder, or a file.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its name, as written; its path where none is.
    pub name: String,
    /// The name as it is compared.
    pub(crate) folded: String,
    /// Its path from the root; empty for the root itself.
    pub path: String,
    /// Where it is written.
    pub origin: Origin,
    /// True in a space that has it from another one.
    pub inherited: bool,
    /// True when it is a file, not a folder.
    pub is_file: bool,
}

/// What separates the parts of an instance's id, and so cannot stand in a name.
const SEPARATORS: [char; 3] = ['@', '#', '?'];

impl Module {
    /// Reads one element of `modules` that the schema has accepted.
    pub(super) fn read(written: &Value, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let given = written.get("name").and_then(named);
        let path = named(written).or_else(|| written.get("path").and_then(named));
        let Some(path) = path else {
            let (what, help) = match written.get("type") {
                Some(_) => {
                    ("another space needs its name", "write `{ type = \"space\", name = \"…\" }`")
                }
                None => ("a module needs its path", "write `{ name = \"…\", path = \"…\" }`"),
            };
            diagnostics.push(
                Diagnostic::error("module-path", what)
                    .label(written.origin.clone(), "this module")
                    .help(help.to_owned()),
            );
            return None;
        };
        let inside = crate::action::inside(&path.name, &path)
            .map_err(|diagnostic| diagnostics.push(diagnostic))
            .ok()?;
        let name = given.unwrap_or_else(|| Named { name: inside.clone(), ..path });
        let wrong = if name.name.is_empty() {
            Some("A module without a name has that of its path, and the root has none.")
        } else if name.name.contains(|c: char| c.is_whitespace() || c.is_control())
            || name.name.contains(SEPARATORS)
        {
            Some("White space, `@`, `#` and `?` cannot stand in the name of a module.")
        } else {
            None
        };
        if let Some(why) = wrong {
            diagnostics.push(
                Diagnostic::error("bad-name", "a module needs a name")
                    .label(name.origin, "this module")
                    .detail(why)
                    .help(format!(
                        "write `{{ name = \"…\", path = \"{}\" }}`",
                        if inside.is_empty() { "." } else { &inside }
                    )),
            );
            return None;
        }
        Some(Self {
            folded: fold(&name.name),
            name: name.name,
            path: inside,
            origin: written.origin.clone(),
            inherited: false,
            is_file: false,
        })
    }

    /// Its folder from the root: itself, or the folder of a file; empty for the root.
    #[must_use]
    pub fn folder(&self) -> &str {
        match self.path.rsplit_once('/') {
            _ if !self.is_file => &self.path,
            Some((folder, _)) => folder,
            None => "",
        }
    }
}
