//! Where the results of commands are kept.

use std::sync::Arc;

use purlin_host::{FeatureRef, Need};
use purlin_model::{Diagnostic, Kind, Origin, Table, Value, suggestion};
use purlin_plugin::Point;
use purlin_plugin::manifest::Hot;

use super::{CacheChoice, Request};
use crate::definition::Named;
use crate::remote::Remote;

/// Where the results of a command go that names this cache, or none.
pub(super) fn cache_choice(
    request: &Request<'_>,
    named: Option<&Named>,
) -> Result<CacheChoice, Vec<Diagnostic>> {
    let Found { feature, name, config, required, links } = find(request, named)?;
    let hot = feature.hot();
    let code = request.plugins.cache(&feature).map_err(|diagnostic| vec![diagnostic])?;
    let remote = match (code, required) {
        (Some(_), required) => {
            let origin = config.origin.clone();
            let required = required.is_some();
            Some(Arc::new(Remote::new(name.clone(), feature, config, required, origin)))
        }
        (None, Some(origin)) => {
            return Err(vec![
                Diagnostic::error("bad-cache", "only a cache elsewhere can be required")
                    .label(origin, "written here")
                    .detail(format!("All that `{name}` keeps is on this machine."))
                    .help("take `required` out".to_owned()),
            ]);
        }
        (None, None) if hot == Hot::None => return Ok(CacheChoice::Nothing { name }),
        (None, None) => None,
    };
    Ok(CacheChoice::Local { name, hot, remote, links })
}

/// A cache that is named.
pub(super) struct Found {
    feature: FeatureRef,
    name: String,
    /// What its schema has made of its configuration.
    config: Value,
    /// Where it says that runs fail without it.
    required: Option<Origin>,
    links: bool,
}

/// The feature that a cache is of, with a configuration that its schema accepts, and the cache's
/// name. Starts nothing.
pub(super) fn find(request: &Request<'_>, named: Option<&Named>) -> Result<Found, Vec<Diagnostic>> {
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
    let empty = || {
        let origin = named.map_or_else(|| feature.origin.clone(), |named| named.origin.clone());
        Value::new(Kind::Table(Table::default()), origin)
    };
    let mut config = config.cloned().unwrap_or_else(empty);
    if let Some(schema) = plugins.schema(&feature)? {
        config = request.scope().configuration(&schema, &config, &mut Vec::new())?;
    }
    let required = configured.and_then(|definition| definition.required.clone());
    let links = configured.is_some_and(|definition| definition.links);
    Ok(Found { feature, name, config, required, links })
}
