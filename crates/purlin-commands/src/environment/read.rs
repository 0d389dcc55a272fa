//! From what is written to an environment.

use std::sync::Arc;

use purlin_host::Need;
use purlin_model::{Diagnostic, Kind, Table, Value};
use purlin_plugin::Point;
use purlin_plugin::message::EnvironmentContext;

use super::{Description, Environment, describe};
use crate::definition::Named;
use crate::dependency::Expander;
use crate::template::Scope;

/// An environment as it is written, and who it is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    /// A type, or a table with a `type`.
    pub(crate) value: &'a Value,
    /// What tells it from others.
    pub(crate) name: &'a str,
    /// The space that it is of.
    pub(crate) space: Option<&'a str>,
}

/// The environments that were read so far, by what they were made from.
pub(crate) type Known = std::collections::HashMap<String, Option<Arc<Environment>>>;

impl Expander<'_> {
    /// Reads an environment and asks what it is; each is asked once. The error is empty where it was
    /// told already.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn environment(
        &mut self,
        written: Written<'_>,
        scope: Scope<'_>,
        context: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Arc<Environment>, Vec<Diagnostic>> {
        let key = format!("{:?} {} {}", written.space, written.name, written.value.to_json());
        if let Some(known) = self.environments.get(&key) {
            return known.clone().ok_or_else(Vec::new);
        }
        let read = self.read_environment(written, scope, context).map(Arc::new);
        self.environments.insert(key, read.as_ref().ok().cloned());
        read
    }

    fn read_environment(
        &mut self,
        written: Written<'_>,
        scope: Scope<'_>,
        context: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Environment, Vec<Diagnostic>> {
        let Written { value, name, space } = written;
        let (kind, config) = split(value)?;
        let found = self.plugins.find(Point::Environment, &kind.name, Need::Enabled);
        let feature =
            found.map_err(|diagnostic| vec![diagnostic.at(kind.origin.clone(), "named here")])?;
        let config = match self.plugins.schema(&feature)? {
            Some(schema) => self.check(&schema, &config, scope)?,
            None => config,
        };
        let needed =
            |diagnostic: Diagnostic| vec![diagnostic.at(kind.origin.clone(), "needed here")];
        let context = EnvironmentContext {
            space: space.map(str::to_owned),
            context: context.clone(),
            variables: self.plugins.granted_variables(&feature).map_err(needed)?,
            ..EnvironmentContext::new(self.root)
        };
        let mut environment = Environment {
            feature: Arc::new(feature),
            name: name.to_owned(),
            config,
            origin: kind.origin,
            description: Arc::new(Description::default()),
            context,
        };
        environment.description = Arc::new(describe(self, &environment)?);
        Ok(environment)
    }
}

/// The type of an environment and its configuration.
fn split(value: &Value) -> Result<(Named, Value), Vec<Diagnostic>> {
    if let Some(name) = value.as_str() {
        let named = Named { name: name.to_owned(), origin: value.origin.clone() };
        return Ok((named, Value::new(Kind::Table(Table::default()), value.origin.clone())));
    }
    let mut config = value.clone();
    let kind = match &mut config.kind {
        Kind::Table(table) => table.remove("type").map(|entry| entry.value),
        _ => None,
    };
    let kind = kind.ok_or_else(|| {
        vec![
            Diagnostic::error("schema", "an environment has no `type`")
                .label(value.origin.clone(), "this environment"),
        ]
    })?;
    let name = kind.as_str().unwrap_or_default().to_owned();
    Ok((Named { name, origin: kind.origin }, config))
}
