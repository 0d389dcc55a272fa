//! What the workspace says about building and fetching: `[build]` and `[fetch]`.

use std::sync::OnceLock;

use purlin_model::{Diagnostic, Kind, Source, Table, Value};
use purlin_packages::Mode;
use purlin_plugin::Schema;

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// How builds are kept apart.
    pub(crate) sandbox: Mode,
    /// Places that are asked first for what is fetched.
    pub(crate) mirrors: Vec<String>,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn read(document: &Value) -> Result<Self, Vec<Diagnostic>> {
        let mut own = Table::default();
        for name in ["build", "fetch"] {
            if let Some(entry) = document.as_table().and_then(|table| table.entry(name)) {
                own.insert(name.to_owned(), entry.key.clone(), entry.value.clone());
            }
        }
        let checked = schema().validate(&Value::new(Kind::Table(own), document.origin.clone()));
        let Some(value) = checked.value else { return Err(checked.diagnostics) };
        let sandbox = value.get("build").and_then(|build| build.get("sandbox"));
        let sandbox = sandbox.and_then(Value::as_str).and_then(|wanted| {
            Mode::NAMES.iter().find(|(name, _)| *name == wanted).map(|(_, mode)| *mode)
        });
        let mirrors = value.get("fetch").and_then(|fetch| fetch.get("mirrors"));
        let mirrors = mirrors.and_then(Value::as_list).unwrap_or_default().iter();
        let mirrors = mirrors.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { sandbox: sandbox.unwrap_or_default(), mirrors })
    }
}

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = include_str!("../../schemas/packages.json");
        Schema::parse(&Source::new("<schema of purlin.toml>", text))
            .expect("the schema is part of the program and tested")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_one() {
        assert!(schema().properties().len() == 2);
    }
}
