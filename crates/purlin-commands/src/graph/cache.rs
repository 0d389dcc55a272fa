//! Where the results of commands are kept.

use purlin_host::{FeatureRef, Need};
use purlin_model::{Diagnostic, Kind, Table, Value, suggestion};
use purlin_plugin::Point;
use purlin_plugin::manifest::Hot;

use super::{CacheChoice, Request};
use crate::definition::Named;

/// Where the results of a command go that names this cache, or none.
pub(super) fn cache_choice(
    request: &Request<'_>,
    named: Option<&Named>,
) -> Result<CacheChoice, Vec<Diagnostic>> {
    let (feature, name) = find(request, named)?;
    if request.plugins.cache(&feature).map_err(|diagnostic| vec![diagnostic])?.is_some() {
        return Err(vec![
            Diagnostic::error(
                "not-built-yet",
                format!("the remote tier of the cache `{name}` is not supported by this version of Purlin"),
            )
            .label(feature.origin.clone(), "provided here"),
        ]);
    }
    Ok(match feature.hot() {
        Hot::None => CacheChoice::Nothing { name },
        hot => CacheChoice::Local { name, hot },
    })
}

/// The feature that a cache is of, with a configuration that its schema accepts, and the cache's
/// name. Starts nothing.
pub(super) fn find(
    request: &Request<'_>,
    named: Option<&Named>,
) -> Result<(FeatureRef, String), Vec<Diagnostic>> {
    let plugins = request.plugins;
    if named.is_some_and(|named| request.definitions.broken.caches.contains(&named.name)) {
        // What is wrong with it is told already.
        return Err(Vec::new());
    }
    let configured = named.and_then(|named| request.definitions.caches.get(&named.name));
    let (feature, config, name) = match (named, configured) {
        (None, _) => {
            let feature =
                plugins.default_for(Point::Cache).map_err(|diagnostic| vec![diagnostic])?;
            let name = feature.name.clone();
            (feature, None, name)
        }
        (Some(named), Some(definition)) => {
            let kind = &definition.kind;
            let found = plugins.find(Point::Cache, &kind.name, Need::Enabled);
            let feature = found
                .map_err(|diagnostic| vec![diagnostic.at(kind.origin.clone(), "named here")])?;
            (feature, Some(&definition.config), named.name.clone())
        }
        (Some(named), None) => {
            let found = plugins.find(Point::Cache, &named.name, Need::Enabled);
            let feature = found.map_err(|mut diagnostic| {
                if diagnostic.code == "unknown-cache" {
                    let types = plugins.names(Point::Cache);
                    let names = request.definitions.caches.keys().map(String::as_str);
                    let all = names.chain(types.iter().map(String::as_str));
                    diagnostic.summary = format!("there is no cache `{}`", named.name);
                    diagnostic.help = suggestion(&named.name, "caches", all).unwrap_or_default();
                }
                vec![diagnostic.at(named.origin.clone(), "named here")]
            })?;
            (feature, None, named.name.clone())
        }
    };
    let empty = Value::new(
        Kind::Table(Table::default()),
        named.map_or_else(|| feature.origin.clone(), |named| named.origin.clone()),
    );
    if let Some(schema) = plugins.schema(&feature)? {
        let validated = schema.validate(config.unwrap_or(&empty));
        if validated.value.is_none() {
            return Err(validated.diagnostics);
        }
    }
    Ok((feature, name))
}
