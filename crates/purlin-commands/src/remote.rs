//! The remote tier of a cache: a plugin that keeps what others have made, behind the copy that is
//! kept here. What comes from there is proven before it is used; that it does not come is a miss.

mod fetch;
mod pending;
mod tier;
mod upload;

use std::sync::Arc;

use purlin_host::{FeatureRef, Plugins};
use purlin_model::{Diagnostic, Origin, Value};
use purlin_plugin::message::PluginError;

pub(crate) use fetch::Fetched;
pub(crate) use pending::Pending;
pub(crate) use tier::{Lost, Tier};
pub(crate) use upload::{Upload, Uploads, upload};

/// A configured cache with a remote tier. Nothing is opened yet.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The cache's name.
    name: String,
    /// The feature that it is of.
    feature: Arc<FeatureRef>,
    /// The feature's validated configuration.
    config: Value,
    /// True where the run fails without it.
    required: bool,
    /// Where it is configured.
    origin: Origin,
}

impl Remote {
    pub(crate) fn new(
        name: String,
        feature: FeatureRef,
        config: Value,
        required: bool,
        origin: Origin,
    ) -> Self {
        Self { name, feature: Arc::new(feature), config, required, origin }
    }

    /// A failed call, as users are told of it.
    fn diagnostic(&self, call: &str, error: &PluginError) -> Diagnostic {
        let FeatureRef { plugin, version, .. } = &*self.feature;
        let place = error.path.as_deref().and_then(|pointer| self.config.pointer(pointer));
        let place = place.map_or(&self.origin, |value| &value.origin);
        let name = &self.name;
        let diagnostic = if self.required {
            let summary = format!("the cache `{name}` cannot be used, and it is required");
            Diagnostic::error("cache-required", summary).help(
                "without `required = true` in its table, runs go on with what is kept here"
                    .to_owned(),
            )
        } else {
            let summary = format!("the cache `{name}` cannot be used; this run goes on without it");
            Diagnostic::warning("cache-unreachable", summary).help(
                "results are kept on this machine alone; with `required = true` in its table this would be an error"
                    .to_owned(),
            )
        };
        let called = format!("plugin `{plugin}` {version}, call `cache/{call}`");
        let detail = match error.detail.as_str() {
            "" => called,
            detail => format!("{called}\n{detail}"),
        };
        diagnostic.label(place.clone(), error.message.clone()).detail(detail)
    }

    /// The open cache.
    fn open(
        &self,
        plugins: &Plugins,
    ) -> Result<Box<dyn purlin_plugin::contract::OpenCache>, Diagnostic> {
        let code = plugins.cache(&self.feature)?;
        let code = code.ok_or_else(|| {
            // It was there when the graph was made.
            Diagnostic::error("no-code", format!("the cache `{}` has no remote tier", self.name))
        })?;
        code.open(&self.name, &self.config.to_json(), plugins)
            .map_err(|error| self.diagnostic("open", &error))
    }
}
