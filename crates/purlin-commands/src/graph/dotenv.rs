//! The process variables that files set for the commands of a space.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use purlin_model::Diagnostic;
use purlin_store::defect;

use crate::action::{below, inside};
use crate::definition::{Definitions, DotenvFile};
use crate::dotenv;

/// Variables by name, in the order in which they are set.
pub(super) type Variables = Arc<IndexMap<String, String>>;

/// What the files of spaces say; each space is read once.
pub(super) struct Dotenv<'a> {
    definitions: &'a Definitions,
    root: &'a str,
    /// By space; what is wrong with the files was told already where there is nothing.
    known: HashMap<Option<String>, Option<Variables>>,
}

impl<'a> Dotenv<'a> {
    pub(super) fn new(definitions: &'a Definitions, root: &'a str) -> Self {
        Self { definitions, root, known: HashMap::new() }
    }

    /// The variables of a space, or of commands without one. The error is empty where it is told
    /// already.
    pub(super) fn of(&mut self, space: Option<&str>) -> Result<Variables, Vec<Diagnostic>> {
        let key = space.map(str::to_owned);
        if let Some(known) = self.known.get(&key) {
            return known.clone().ok_or_else(Vec::new);
        }
        let own = space.and_then(|space| self.definitions.spaces.get(space)?.dotenv.as_deref());
        let mut files = own.unwrap_or(&self.definitions.defaults.dotenv).to_vec();
        if defect::seeded("dotenv-of-one-space-leaks") {
            let others = self.definitions.spaces.values();
            files.extend(others.filter_map(|space| space.dotenv.clone()).flatten());
        }
        let read = self.read(&files);
        self.known.insert(key, read.as_ref().ok().cloned());
        read
    }

    fn read(&self, files: &[DotenvFile]) -> Result<Variables, Vec<Diagnostic>> {
        let mut variables = IndexMap::new();
        let mut diagnostics = Vec::new();
        for file in files {
            if let Err(diagnostic) = self.add(file, &mut variables) {
                diagnostics.push(diagnostic);
            }
        }
        if diagnostics.is_empty() { Ok(Arc::new(variables)) } else { Err(diagnostics) }
    }

    fn add(
        &self,
        file: &DotenvFile,
        variables: &mut IndexMap<String, String>,
    ) -> Result<(), Diagnostic> {
        let named = &file.path;
        let path = inside(&below(self.root, named.name.clone()), named)?;
        let wrong = |what: String, why: String| {
            Diagnostic::error("dotenv", what).label(named.origin.clone(), "named here").detail(why)
        };
        let text = match purlin_store::read_regular(&Path::new(self.root).join(&path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if file.optional {
                    return Ok(());
                }
                let help = format!("make it, or write `{{ path = \"{path}\", optional = true }}`");
                return Err(wrong(format!("there is no {path}"), String::new()).help(help));
            }
            Err(error) => return Err(wrong(format!("{path} cannot be read"), format!("{error}."))),
        };
        let text = String::from_utf8(text)
            .map_err(|_| wrong(format!("{path} is not UTF-8"), String::new()))?;
        dotenv::read(&text, variables).map_err(|error| {
            // The line itself is not shown: what stands in such files is often secret.
            let line = text[..error.place].matches('\n').count() + 1;
            wrong(format!("line {line} of {path} sets no variable"), error.message)
                .help("lines are `NAME=value`".to_owned())
        })
    }
}
