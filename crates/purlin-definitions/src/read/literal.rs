//! `purlin.star`: the literal `definitions = {…}`, whose names are read from the syntax.

use std::sync::Arc;

use purlin_model::{Diagnostic, Kind, Origin, Table, Value};
use purlin_plugin::language::Written;

use super::{SectionReader, leaf_of};
use crate::catalogue::Catalogue;
use crate::file::{DefinitionFile, Indexed};
use crate::{Content, Lineage, Name};

/// Reads the sections of the literal, each into a reader of its own.
pub(crate) fn read_literal<'a>(
    catalogue: &'a Catalogue,
    file: &Arc<DefinitionFile>,
    index: &Indexed,
    lineage: &Lineage,
    priority: i64,
) -> (Vec<(Name, SectionReader<'a>)>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut readers = Vec::new();
    let sections = match &index.index.definitions {
        Some(Written::Branch(sections)) => sections.as_slice(),
        Some(other) => {
            diagnostics.push(
                Diagnostic::error("definitions", "`definitions` must be a dictionary")
                    .label(origin_of(other).clone(), "this is none")
                    .help("write `definitions = {\"packages\": {\"hello\": hello}}`".to_owned()),
            );
            &[]
        }
        None => &[],
    };
    for (section, key, written) in sections {
        let name = Name::from(section.as_str());
        if !catalogue.sections.iter().any(|one| one == section) {
            diagnostics.push(super::document::unknown_section(catalogue, section, key));
            continue;
        }
        let mut reader = SectionReader::new(catalogue, section, lineage.clone(), priority);
        reader.written(std::slice::from_ref(&name), written, key, file, index);
        readers.push((name, reader));
    }
    (readers, diagnostics)
}

impl SectionReader<'_> {
    fn written(
        &mut self,
        path: &[Name],
        written: &Written,
        key: &Origin,
        file: &Arc<DefinitionFile>,
        index: &Indexed,
    ) {
        let outer = self.common.priority;
        match written {
            Written::Branch(entries) => {
                // A dictionary of nothing but data may be a leaf.
                if let Some(value) = whole(written, key)
                    && leaf_of(&self.leaves, &value).is_some()
                {
                    return self.read(path, &value, key);
                }
                for (name, key, written) in entries {
                    let below: Vec<Name> =
                        path.iter().cloned().chain([Name::from(name.as_str())]).collect();
                    self.written(&below, written, key, file, index);
                }
            }
            Written::Name { name, origin, priority } => {
                self.check_name(name, origin, index);
                let content = Content::Prototype {
                    file: file.clone(),
                    name: Some(Name::from(name.as_str())),
                };
                let place =
                    index.function(name).map_or(origin, |function| &function.origin).clone();
                self.common.priority = priority.unwrap_or(outer);
                self.add_at(path, content, place);
                self.common.priority = outer;
            }
            Written::Data { value, priority } => {
                self.common.priority = priority.unwrap_or(outer);
                self.read(path, value, key);
                self.common.priority = outer;
            }
        }
    }

    fn check_name(&mut self, name: &str, origin: &Origin, index: &Indexed) {
        if index.function(name).is_some() || index.has_constant(name) {
            return;
        }
        let functions = index.index.functions.iter().map(|function| function.name.as_str());
        let names = functions.chain(index.index.constants.iter().map(|(name, _)| name.as_str()));
        self.diagnostics.push(
            Diagnostic::error("unknown-name", format!("the file does not define `{name}`"))
                .label(origin.clone(), "named here")
                .help(purlin_model::suggestion(name, "names", names)),
        );
    }
}

/// The dictionary as a value, if there is nothing but data in it.
fn whole(written: &Written, key: &Origin) -> Option<Value> {
    match written {
        Written::Branch(entries) => {
            let mut table = Table::default();
            for (name, key, written) in entries {
                table.insert(name.clone(), key.clone(), whole(written, key)?);
            }
            Some(Value::new(Kind::Table(table), key.clone()))
        }
        Written::Data { value, priority: None } => Some(value.clone()),
        _ => None,
    }
}

fn origin_of(written: &Written) -> &Origin {
    match written {
        Written::Branch(entries) => &entries[0].1,
        Written::Name { origin, .. } => origin,
        Written::Data { value, .. } => &value.origin,
    }
}
