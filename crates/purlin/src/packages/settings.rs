//! What the workspace says about building: `[build]`.

use std::sync::OnceLock;

use purlin_model::{Diagnostic, Source, Value};
use purlin_packages::Mode;
use purlin_plugin::Schema;

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// How builds are kept apart.
    pub(crate) sandbox: Mode,
}

impl Settings {
    /// Reads it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn read(document: &Value) -> Result<Self, Vec<Diagnostic>> {
        let Some(written) = document.get("build") else { return Ok(Self::default()) };
        let checked = schema().validate(written);
        let Some(value) = checked.value else { return Err(checked.diagnostics) };
        let sandbox = value.get("sandbox").and_then(Value::as_str).and_then(|wanted| {
            Mode::NAMES.iter().find(|(name, _)| *name == wanted).map(|(_, mode)| *mode)
        });
        Ok(Self { sandbox: sandbox.unwrap_or_default() })
    }
}

/// What may stand in it. Made once: it is part of the program.
pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = include_str!("../../schemas/build.json");
        Schema::parse(&Source::new("<schema of [build]>", text))
            .expect("the schema is part of the program and tested")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_all_modes() {
        let properties = schema().properties();
        let values = properties[0].values().unwrap_or_default();
        let names: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        assert_eq!(names, Mode::NAMES.map(|(name, _)| name));
    }
}
