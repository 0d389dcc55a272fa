//! What plugins ship for definitions: functions and constants of their files, which are names of the
//! base. A file is read when a name is looked for that nobody else has.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, fold};
use purlin_plugin::language::Argument;

use crate::engine::Engine;
use crate::scope::Supply;

/// What plugins ship.
#[derive(Default)]
pub(crate) struct Shipped {
    /// Names, folded, each with all that have it.
    names: BTreeMap<String, Vec<One>>,
    /// Why a file cannot be used. It may have had any name.
    broken: Option<Arc<Diagnostic>>,
}

struct One {
    name: String,
    plugin: String,
    source: Arc<Source>,
    origin: Origin,
}

impl Engine {
    /// What plugins ship under a name.
    pub(crate) fn supplied_by_plugins(&self, name: &str) -> Option<Supply> {
        let shipped = self.shipped();
        let Some(found) = shipped.names.get(&fold(name)) else {
            return shipped.broken.clone().map(Supply::Failed);
        };
        Some(match found.as_slice() {
            [one] => match self.language.constant(&one.source, &one.name) {
                Ok(value) => Supply::Ready(Argument::Value(value)),
                Err(diagnostic) => Supply::Failed(Arc::new(diagnostic)),
            },
            several => Supply::Failed(Arc::new(contested(several))),
        })
    }

    /// The names that plugins ship.
    pub(crate) fn shipped_names(&self) -> impl Iterator<Item = &str> {
        self.shipped().names.values().flatten().map(|one| one.name.as_str())
    }

    fn shipped(&self) -> &Shipped {
        self.shipped.get_or_init(|| {
            let mut shipped = Shipped::default();
            for file in &self.catalogue.shipped {
                let read = (file.load)().and_then(|source| {
                    let index = self.language.index(&source)?;
                    Ok((source, index))
                });
                let (source, index) = match read {
                    Ok(read) => read,
                    Err(diagnostics) => {
                        shipped.broken = diagnostics.first().cloned().map(Arc::new);
                        self.report(diagnostics);
                        continue;
                    }
                };
                let functions = index.functions.iter().map(|one| (&one.name, &one.origin));
                let constants = index.constants.iter().map(|(name, origin)| (name, origin));
                for (name, origin) in functions.chain(constants) {
                    if !name.starts_with('_') {
                        shipped.names.entry(fold(name)).or_default().push(One {
                            name: name.clone(),
                            plugin: file.plugin.clone(),
                            source: source.clone(),
                            origin: origin.clone(),
                        });
                    }
                }
            }
            shipped
        })
    }
}

fn contested(several: &[One]) -> Diagnostic {
    let name = several.first().map_or("", |one| &one.name);
    let mut diagnostic = Diagnostic::error(
        "conflict",
        format!("{} plugins define `{name}` for definitions", several.len()),
    );
    for one in several {
        diagnostic = diagnostic.label(one.origin.clone(), format!("by `{}`", one.plugin));
    }
    diagnostic.help(format!(
        "take one of the plugins out of `[plugins]`, or define `{name}` in the workspace"
    ))
}
